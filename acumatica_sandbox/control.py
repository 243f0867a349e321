"""The control interface: what a test or a person may ask of the sandbox that no ERP offers.

In process it is `sandbox.control`; over HTTP it is JSON below `/_sandbox/` of the site, a call a
name: `POST /_sandbox/mutate` with the arguments as an object.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import json_answer
from acumatica_sandbox.faults import FaultError
from acumatica_sandbox.fragments import Record, parse_wire
from acumatica_sandbox.model import EntityModel
from acumatica_sandbox.mutation import KINDS, Mutation
from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.site import Site
from acumatica_sandbox.writes import write


class Control:
    """Looks into the emulated instance and changes it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.faults.mutate = self.mutate

    def now(self) -> datetime:
        """The virtual clock, UTC."""
        return self._site.clock.now()

    def advance(self, seconds: float) -> datetime:
        """Put the virtual clock forward; returns the new time."""
        if not isinstance(seconds, int | float) or not 0 <= seconds <= 10**9:
            raise SandboxError("seconds must be a number from 0 to 1,000,000,000.")
        self._site.clock.advance(seconds)
        return self.now()

    def mutate(
        self,
        n: int,
        entities: Sequence[str] | None = None,
        kinds: Sequence[str] = KINDS,
        seed: int | None = None,
    ) -> dict[str, dict[str, int]]:
        """Make `n` random, consistent changes; tells how many of each kind, by entity."""
        return Mutation(self._site, seed).run(n, entities, kinds)

    def put(self, entity: str, record: Mapping[str, Any]) -> Record:
        """Insert or update one record by its keys or `id`; values are Python values.

        A stamp that is given stays, so that a row can appear late with an old stamp. Details given
        replace those that were there.
        """
        model = self._entity(entity)
        unknown = set(record) - {*model.shape.fields, *model.shape.nested, *KEPT}
        if unknown:
            raise SandboxError(f"{entity} has no {', '.join(sorted(unknown))}.")
        store = self._site.store
        keys = [record.get(key) for key in model.keys]
        if record.get("id"):
            existing = store.by_id(model, str(record["id"]))
        else:
            existing = None if None in keys else store.by_keys(model, keys)
        if existing is not None:
            for name in model.shape.details:
                if name in record:
                    existing[name] = []
        try:
            written = write(self._site, model, existing, dict(record))
        except (ValueError, TypeError, ArithmeticError, AttributeError, KeyError) as error:
            raise SandboxError(f"The record of {entity} makes no sense: {error}") from None
        given = {n: record[n] for n in (*model.stamps, "archived") if record.get(n) is not None}
        if given or (record.get("id") and record["id"] != written["id"]):
            store.remove(model, written["id"])
            written |= given | ({"id": record["id"]} if record.get("id") else {})
            store.replace(model, written)
        return written

    def delete(self, entity: str, keys: str | Sequence[Any]) -> bool:
        """Delete a record by its id or its key values; False where there is none."""
        model = self._entity(entity)
        if isinstance(keys, str) and self._site.delete(model, keys.lower()):
            return True
        values = [keys] if isinstance(keys, str) else list(keys)
        record = self._site.store.by_keys(model, values)
        return record is not None and self._site.delete(model, record["id"])

    def rows(self, entity: str, path: Sequence[str] = ()) -> list[Record]:
        """All records with everything below them, as Python values, in key order.

        With `path`, the rows of a nested member, each with the id of the record as `_parent`.
        """
        model = self._entity(entity)
        records = list(self._site.store.records(model))
        if not path:
            return records
        try:
            model.shape.at(tuple(path))
        except KeyError:
            raise SandboxError(f"{entity} has no member {'/'.join(path)!r}.") from None
        rows = [(record["id"], record) for record in records]
        for step in path:
            deeper = []
            for parent, row in rows:
                inner = row[step]
                found = inner if isinstance(inner, list) else [] if inner is None else [inner]
                deeper += [(parent, one) for one in found]
            rows = deeper
        return [{**row, "_parent": parent} for parent, row in rows]

    def counters(self) -> dict[str, Any]:
        """What has been counted: requests, sign-ins and -outs, seats now and at most, bytes."""
        sessions, traffic, throttle = self._site.sessions, self._site.traffic, self._site.throttle
        return {
            "requests": sum(traffic.requests.values()),
            "by_path": dict(traffic.requests),
            "logins": sessions.logins,
            "logouts": sessions.logouts,
            "seats_now": sessions.seats_now,
            "seats_max": sessions.seats_max,
            "conventional_users_now": self._site.conventional.now,
            "conventional_users_max": self._site.conventional.most,
            "conventional_users_displaced": self._site.conventional.displaced,
            "in_one_session_max": traffic.in_one_session_max,
            "bytes_sent": traffic.bytes_sent,
            "throttle_delay_seconds": throttle.delayed_seconds if throttle else 0.0,
            "declined": throttle.declined if throttle else 0,
        }

    def reset_counters(self) -> None:
        """Count from zero; open seats stay open."""
        sessions, traffic = self._site.sessions, self._site.traffic
        traffic.requests.clear()
        traffic.log.clear()
        traffic.bytes_sent = traffic.in_one_session_max = sessions.logins = sessions.logouts = 0
        sessions.seats_max = sessions.seats_now
        self._site.conventional.most = self._site.conventional.now
        self._site.conventional.displaced = 0

    def requests(self) -> list[dict[str, Any]]:
        """The requests so far, oldest first: method, path, query, status, seconds, bytes."""
        return list(self._site.traffic.log)

    def sign_out_all(self) -> int:
        """Kill every session, as a restart of the site does; tells how many there were."""
        return self._site.sessions.sign_out_all() + self._site.conventional.sign_out_all()

    def fault(self, kind: str, **settings: Any) -> None:
        """Let requests fail: see `acumatica_sandbox.faults` for kinds and settings."""
        self._site.faults.add(kind, **settings)

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how many requests they have seen and hit."""
        return [asdict(rule) for rule in self._site.faults.rules]

    def clear_faults(self) -> None:
        """No faults from now on."""
        self._site.faults.rules.clear()

    def set_contract(self, entity: str, **changes: Any) -> None:
        """Change an entity's contract and carry its records over.

        Args:
            entity: its name.
            changes: `add` ({path of a field: type letter}), `remove` ([paths]), `retype`
                ({path: letter}), `rename` ({path: new name}; fields, linked objects and details)
                and `custom` ({`View.Field`: letter}). A path is `Details/Qty`.
        """
        self._site.change_contract(self._entity(entity), changes)

    def set_options(self, **changes: Any) -> None:
        """Change options of behaviour while the site runs."""
        fixed = sorted(set(changes) & set(BEFORE_START))
        if fixed:
            raise SandboxError(f"{', '.join(fixed)} can only be set before the sandbox starts.")
        self._site.options = self._site.options.changed(changes)
        self._site.sessions.configure(self._site.options)
        self._site.conventional.configure(self._site.options)

    def _entity(self, name: str) -> EntityModel:
        entity = self._site.entities.get(name)
        if entity is None or entity.inquiry:
            known = ", ".join(e.name for e in self._site.entities.values() if not e.inquiry)
            raise SandboxError(f"There is no entity {name!r}. There are: {known}.")
        return entity


BEFORE_START = ("contract", "contract_5", "license", "now", "port", "records", "root", "seed")
KEPT = ("id", "note", "custom", "archived")


async def answer(site: Site, request: Request, verb: str) -> Response:
    """One call of the control interface over HTTP."""
    control = Control(site)
    calls: dict[str, Callable[..., Any]] = {
        name: getattr(control, name)
        for name in dir(control)
        if not name.startswith("_") and callable(getattr(control, name))
    }
    calls["put"] = lambda entity, record: control.put(entity, _from_wire(control, entity, record))
    if verb not in calls:
        return json_answer({"error": f"No call {verb!r}. There are: {', '.join(calls)}."}, 404)
    try:
        arguments = json.loads(await request.body() or b"{}")
        if not isinstance(arguments, dict):
            raise SandboxError("The arguments must be a JSON object.")
        result = calls[verb](**dict(request.query_params) | arguments)
    except (SandboxError, FaultError) as error:
        return json_answer({"error": str(error)}, 400)
    except (TypeError, ValueError, ArithmeticError, RecursionError, AttributeError) as error:
        return json_answer({"error": f"The call {verb!r} cannot be made like that: {error}"}, 400)
    return json_answer(_plain(result))


def _from_wire(control: Control, entity: str, record: Mapping[str, Any]) -> Record:
    """A record in the wrapped form of the wire, or in plain JSON values."""
    wrapped = _wrapped(record)
    values = parse_wire(control._entity(entity).shape, wrapped)
    for name in ("note", "archived", "custom"):
        if name in record:
            values[name] = record[name]
    return values


def _wrapped(record: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping) and "value" not in value:
            plain[name] = _wrapped(value)
        elif isinstance(value, list):
            plain[name] = [_wrapped(row) for row in value]
        elif isinstance(value, Mapping) or name == "id":
            plain[name] = value
        else:
            plain[name] = {"value": value}
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
