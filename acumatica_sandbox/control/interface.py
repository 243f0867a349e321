"""The control interface: what a test or a person may ask of the sandbox that no ERP offers.

In process it is `sandbox.control`; over HTTP see `acumatica_sandbox.control.http`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from acumatica_sandbox.control.contract_change import change_contract
from acumatica_sandbox.control.faults.schedule import Faults
from acumatica_sandbox.control.mutation import KINDS, Mutation
from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.given_record import typed
from acumatica_sandbox.records.model import UUID, EntityModel
from acumatica_sandbox.rest.files import listed_name
from acumatica_sandbox.rest.records_5 import truth_of
from acumatica_sandbox.rest.writes import write
from acumatica_sandbox.site import LARGEST_FILE, LONGEST_COMMENT, Site
from acumatica_sandbox.tenants import Tenants

BEFORE_START = (
    *("build", "contract", "contract_3", "contract_version", "now", "port", "records", "root"),
    *("seed", "tenant_data"),
)
"""Options that cannot change while the site runs."""
LAST_YEAR = 9000


class Control:
    """Looks into the emulated instance and changes it.

    Calls about records take the name of a `tenant`; without it they are about the first one.
    """

    def __init__(self, tenants: Tenants, faults: Faults) -> None:
        self._tenants = tenants
        self._instance = tenants.instance
        self._faults = faults

    def now(self) -> datetime:
        """The virtual clock, UTC."""
        return self._instance.clock.now()

    def advance(self, seconds: float) -> datetime:
        """Put the virtual clock forward; returns the new time."""
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not 0 <= seconds <= 10**9:
            raise SandboxError("seconds must be a number from 0 to 1,000,000,000.")
        if self.now().year > LAST_YEAR:
            raise SandboxError(f"The clock is past the year {LAST_YEAR}: it stays there.")
        self._instance.clock.advance(seconds)
        return self.now()

    def mutate(
        self,
        n: int,
        entities: Sequence[str] | None = None,
        kinds: Sequence[str] = KINDS,
        seed: int | None = None,
        *,
        tenant: str | None = None,
    ) -> dict[str, dict[str, int]]:
        """Make `n` random, consistent changes; tells how many of each kind, by entity."""
        return Mutation(self._tenants.named(tenant), seed).run(n, entities, kinds)

    def put(self, entity: str, record: Mapping[str, Any], *, tenant: str | None = None) -> Record:
        """Insert or update one record by its keys or `id`; values are Python values.

        A stamp that is given stays, so that a row can appear late with an old stamp. Details given
        replace those that were there.
        """
        site = self._tenants.named(tenant)
        model = _entity(site, entity)
        given = typed(model, record)
        store = site.store
        keys = [given.get(key) for key in model.keys]
        if given.get("id"):
            existing = store.by_id(model, given["id"])
        else:
            existing = None if None in keys else store.by_keys(model, keys)
        if existing is not None:
            for name in model.shape.details:
                if name in given:
                    existing[name] = []
        written = write(site, model, existing, given)
        kept = {n: given[n] for n in ("id", "archived", *model.stamps) if given.get(n) is not None}
        if kept:
            store.remove(model, written["id"])
            written |= kept
            store.replace(model, written)
        return written

    def delete(self, entity: str, keys: str | Sequence[Any], *, tenant: str | None = None) -> bool:
        """Delete a record by its id or its key values; False where there is none."""
        site = self._tenants.named(tenant)
        model = _entity(site, entity)
        record = _found(site, model, keys)
        return record is not None and site.delete(model, record["id"])

    def attach(
        self,
        entity: str,
        keys: str | Sequence[Any],
        filename: str,
        content: bytes,
        comment: str | None = None,
        *,
        tenant: str | None = None,
    ) -> str:
        """Attach a file to a record, instead of the one of that name; returns the file's id."""
        site = self._tenants.named(tenant)
        model = _entity(site, entity)
        record = _found(site, model, keys)
        if record is None:
            raise SandboxError(f"There is no record of {entity} with the keys {keys!r}.")
        if not isinstance(filename, str) or not filename or not filename.isprintable():
            raise SandboxError(f"filename must be plain text, not {filename!r}.")
        if not isinstance(content, bytes) or len(content) > LARGEST_FILE:
            raise SandboxError(f"content must be bytes, {LARGEST_FILE:,} at most.")
        if comment is not None and (not isinstance(comment, str) or len(comment) > LONGEST_COMMENT):
            raise SandboxError(f"comment must be text of at most {LONGEST_COMMENT} characters.")
        name = listed_name(model, record, filename)
        return site.attach(record["id"], name, content, comment).id

    def rows(
        self,
        entity: str,
        path: Sequence[str] = (),
        contract_version: int = 4,
        *,
        tenant: str | None = None,
    ) -> list[Record]:
        """All records with everything below them, as Python values, in key order.

        With `path`, the rows of a nested member, each with the id of the record as `_parent`. With
        5 as `contract_version`, fields have the names and types of that version: drop-downs are
        `{"id", "description"}`, those declared as text what the option `plain_drop_downs` says.
        """
        site = self._tenants.named(tenant)
        model = _entity(site, entity)
        if contract_version not in (4, 5) or isinstance(contract_version, bool):
            raise SandboxError(f"contract_version must be 4 or 5, not {contract_version!r}.")
        if isinstance(path, str) or not isinstance(path, Sequence):
            raise SandboxError(f"path must be a list of names, not {path!r}.")
        records = list(site.store.records(model))
        if contract_version == 5:
            wire = site.in_version_5(model)
            options = site.options
            records = [truth_of(model, wire, record, options) for record in records]
            model = wire
        if not path:
            return records
        try:
            model.shape.at(tuple(path))
        except (KeyError, TypeError):
            raise SandboxError(f"{entity} has no member {list(path)!r}.") from None
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
        instance = self._instance
        directory, traffic, throttle = instance.directory, instance.traffic, instance.throttle
        sessions, conventional = directory.sessions, directory.conventional
        return {
            "requests": sum(traffic.requests.values()),
            "by_path": dict(traffic.requests),
            "logins": sessions.logins,
            "logouts": sessions.logouts,
            "seats_now": sessions.seats_now,
            "seats_max": sessions.seats_max,
            "conventional_users_now": conventional.now,
            "conventional_users_max": conventional.most,
            "conventional_users_displaced": conventional.displaced,
            "in_one_session_max": traffic.in_one_session_max,
            "bytes_sent": traffic.bytes_sent,
            "throttle_delay_seconds": throttle.delayed_seconds,
            "declined": throttle.declined,
        }

    def reset_counters(self) -> None:
        """Count from zero; open seats stay open."""
        sessions, traffic = self._instance.directory.sessions, self._instance.traffic
        conventional = self._instance.directory.conventional
        traffic.requests.clear()
        traffic.log.clear()
        traffic.bytes_sent = traffic.in_one_session_max = sessions.logins = sessions.logouts = 0
        sessions.seats_max = sessions.seats_now
        conventional.most, conventional.displaced = conventional.now, 0
        self._instance.throttle.reset_counters()

    def requests(self) -> list[dict[str, Any]]:
        """The requests so far, oldest first: method, path, query, status, seconds, bytes."""
        return list(self._instance.traffic.log)

    def make_unreadable(
        self, entity: str, keys: str | Sequence[Any], *, tenant: str | None = None
    ) -> str:
        """Let one record be one that cannot be shown; returns its id.

        To read it, or a list with it, fails with 500, unless plain fields are asked for by
        `$select`.
        """
        site = self._tenants.named(tenant)
        record = _found(site, _entity(site, entity), keys)
        if record is None:
            raise SandboxError(f"There is no record of {entity} with the keys {keys!r}.")
        site.unreadable.add(record["id"])
        return str(record["id"])

    def make_all_readable(self) -> int:
        """Let every record of any tenant be shown again; tells how many could not be."""
        count = 0
        for site in self._tenants.made():
            count += len(site.unreadable)
            site.unreadable.clear()
        return count

    def sign_out_all(self) -> int:
        """Kill every session, as a restart of the site does; tells how many there were."""
        return self._instance.directory.sign_out_all()

    def fault(self, kind: str, **settings: Any) -> None:
        """Let requests fail: see `acumatica_sandbox.control.faults` for kinds and settings."""
        self._faults.add(self._tenants, kind, settings)

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how many requests they have seen and hit."""
        return [asdict(rule) for rule in self._faults.rules]

    def clear_faults(self) -> None:
        """No faults from now on."""
        self._faults.rules.clear()

    def set_contract(self, entity: str, *, tenant: str | None = None, **changes: Any) -> None:
        """Change an entity's contract and carry its records over.

        Args:
            entity: its name; an inquiry form will do.
            tenant: whose contract it is; the first one's if not given.
            changes: `add` ({path of a field: type letter}), `remove` ([paths]), `retype`
                ({path: letter}), `rename` ({path: new name}; fields, linked objects and details),
                `custom` ({`View.Field`: letter, or None for gone}) and `version_5` ({path: letter},
                the type in that version: S, I and M for drop-downs, o for a date without a time).
                A path is `Details/Qty`.
        """
        site = self._tenants.named(tenant)
        change_contract(site, _entity(site, entity, forms=True), changes)

    def set_options(self, **changes: Any) -> None:
        """Change options of behaviour while the site runs."""
        fixed = sorted(set(changes) & set(BEFORE_START))
        if fixed:
            raise SandboxError(f"{', '.join(fixed)} can only be set before the sandbox starts.")
        self._tenants.configure(self._instance.options.changed(changes))

    def reset_options(self) -> None:
        """Go back to the options that the sandbox was started with."""
        self._tenants.configure(self._instance.started_with)


def _entity(site: Site, name: str, *, forms: bool = False) -> EntityModel:
    entities = {n: e for n, e in site.entities.items() if forms or not e.inquiry}
    entity = entities.get(name) if isinstance(name, str) else None
    if entity is None:
        known = ", ".join(entities)
        raise SandboxError(f"There is no entity {name!r}. There are: {known}.")
    return entity


def _found(site: Site, model: EntityModel, keys: str | Sequence[Any]) -> Record | None:
    """The record of that id or these key values."""
    if isinstance(keys, str) and UUID.fullmatch(keys):
        return site.store.by_id(model, keys)
    values = [keys] if isinstance(keys, str) else keys
    if not isinstance(values, Sequence) or len(values) != len(model.keys):
        wanted = f", or a list of {', '.join(model.keys)}" if model.keys else ""
        raise SandboxError(f"keys of {model.name} must be an id{wanted}, not {keys!r}.")
    given = typed(model, dict(zip(model.keys, values, strict=True)))
    return site.store.by_keys(model, [given[name] for name in model.keys])
