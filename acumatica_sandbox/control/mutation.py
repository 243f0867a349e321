"""Random, consistent changes: what users of an ERP do while somebody reads it."""

import random
from collections.abc import Sequence
from decimal import Decimal

from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.records.consistency import recalculate
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.rest.writes import stamp_now
from acumatica_sandbox.seeding.generic import Chance, complete
from acumatica_sandbox.site import Site

WEIGHTS = {"update": 10, "insert": 4, "delete": 1, "lines": 5}
"""How often each kind of change comes unless kinds are named: people rarely delete in an ERP."""
KINDS = tuple(WEIGHTS)
SETUP = ("Account", "FinancialPeriod", "Ledger")
"""Changed only if asked for by name."""
QUANTITIES = {"SalesOrder": "OrderQty", "Invoice": "Qty", "Bill": "Qty"}


class Mutation:
    """Changes records at random."""

    def __init__(self, site: Site, seed: int | None) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | None):
            raise SandboxError(f"seed must be a whole number, not {seed!r}.")
        self._site = site
        self._random = random.Random(seed)  # noqa: S311 - data, not secrets
        self._chance = Chance(self._random, site.clock.now())

    def run(
        self, count: int, entities: Sequence[str] | None, kinds: Sequence[str]
    ) -> dict[str, dict[str, int]]:
        """Make `count` changes; tells how many of each kind, by entity.

        Raises:
            SandboxError: an entity or a kind is not among those that can change.
        """
        known = [
            name
            for name, entity in self._site.entities.items()
            if not entity.inquiry and entity.stamps and name not in SETUP
        ]
        records = [name for name, entity in self._site.entities.items() if not entity.inquiry]
        names = _checked(known if entities is None else entities, records, "entities")
        ways = _checked(kinds, KINDS, "kinds")
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 1_000_000:
            raise SandboxError("n must be a whole number from 0 to 1,000,000.")
        ids = {name: self._site.store.ids(self._site.entities[name]) for name in names}
        weights = list(WEIGHTS.values()) if tuple(ways) == KINDS else [1] * len(ways)
        done: dict[str, dict[str, int]] = {}
        for _ in range(count):
            name = self._random.choice(names)
            (kind,) = self._random.choices(ways, weights)
            self._change(self._site.entities[name], kind, ids[name])
            tally = done.setdefault(name, {})
            tally[kind] = tally.get(kind, 0) + 1
        return done

    def _change(self, entity: EntityModel, kind: str, ids: list[str]) -> None:
        record = self._some(entity, ids)
        if record is None or kind == "insert":
            self._insert(entity, record, ids)
        elif kind == "delete":
            self._site.delete(entity, record["id"])
            ids.remove(record["id"])
        else:
            if kind == "lines" and entity.shape.details:
                self._change_lines(entity, record)
            else:
                self._change_field(entity.shape, record, set(entity.keys) | set(entity.stamps))
            recalculate(entity, record)
            if kind != "lines" or self._site.options.lines_touch_header:
                stamp_now(self._site, entity, record)
            self._site.store.replace(entity, record)

    def _some(self, entity: EntityModel, ids: list[str]) -> Record | None:
        while ids:
            identity = self._random.choice(ids)
            record = self._site.store.by_id(entity, identity)
            if record is not None:
                return record
            ids.remove(identity)
        return None

    def _change_field(self, shape: ShapeModel, record: Record, fixed: set[str]) -> None:
        texts = [n for n, kind in shape.fields.items() if kind == "s" and n not in fixed]
        likely = ("Description", "CustomerName", "VendorName", *texts[:1])
        name = next((name for name in likely if name in texts), None)
        if name is not None:
            record[name] = f"Changed {self._random.randrange(10**9)}"

    def _change_lines(self, entity: EntityModel, record: Record) -> None:
        name = "Details" if "Details" in entity.shape.details else next(iter(entity.shape.details))
        shape = entity.shape.details[name]
        rows = record[name]
        roll = self._random.random()
        amounts = [shape.fields.get(name) for name in ("CreditAmount", "DebitAmount")]
        if entity.name == "JournalTransaction" and amounts == ["d", "d"]:
            self._change_entry(rows)
        elif roll < 0.15:
            rows.clear()
        elif roll < 0.4 and rows:
            rows.pop(self._random.randrange(len(rows)))
        elif roll < 0.7 and rows:
            row = self._random.choice(rows)
            self._change_field(shape, row, {"LineNbr"})
            quantity = QUANTITIES.get(entity.name, "")
            if shape.fields.get(quantity) == "d":
                row[quantity] = Decimal(self._random.randrange(1, 30))
        else:
            texts = [str(row.get("LineNbr")) for row in rows]
            numbers = [int(text) for text in texts if text.isdecimal()]
            fresh: Record = {}
            if "LineNbr" in shape.fields:
                fresh["LineNbr"] = max(numbers, default=0) + 1
                if shape.fields["LineNbr"] == "s":
                    fresh["LineNbr"] = str(fresh["LineNbr"])
            if QUANTITIES.get(entity.name) in shape.fields:
                fresh[QUANTITIES[entity.name]] = Decimal(self._random.randrange(1, 30))
            rows.append(complete(shape, fresh, self._chance))

    def _change_entry(self, rows: list[Record]) -> None:
        """Another amount on one debit and on one credit; the batch stays in balance."""
        debits = [row for row in rows if row["DebitAmount"]]
        credits = [row for row in rows if row["CreditAmount"]]
        if debits and credits:
            more = self._chance.money(100)
            debits[0]["DebitAmount"] += more
            credits[0]["CreditAmount"] += more

    def _insert(self, entity: EntityModel, like: Record | None, ids: list[str]) -> None:
        record: Record = dict(like or {})
        _forget_ids(record)
        if entity.name == "Invoice" and "ApplicationsDefault" in entity.shape.details:
            record |= {"ApplicationsDefault": [], "Balance": record.get("Amount")}
        complete(entity.shape, record, self._chance)
        if "NoteID" in entity.shape.fields:
            record["NoteID"] = record["id"]
        if entity.keys:
            key = entity.keys[-1]
            record[key] = self._key(entity, key, record)
        stamp_now(self._site, entity, record)
        self._site.store.replace(entity, record)
        ids.append(record["id"])

    def _key(self, entity: EntityModel, key: str, record: Record) -> object:
        kind = entity.shape.fields[key]
        if kind == "g":
            return record["id"]
        if kind in "ihl":
            return self._random.randrange(10**6, 10**9 if kind != "h" else 32_000)
        if kind in "tD":
            return self._chance.day()
        if "Year" in key:
            return f"{self._random.randrange(2100, 9999)}"
        return f"N{self._random.randrange(10**9):09}"


def _forget_ids(record: Record) -> None:
    record.pop("id", None)
    for value in record.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and "id" in inner:
                _forget_ids(inner)


def _checked(given: Sequence[str], known: Sequence[str], what: str) -> list[str]:
    listed = isinstance(given, Sequence) and not isinstance(given, str)
    if not listed or not given or any(one not in known for one in given):
        raise SandboxError(f"{what} must be a list of: {', '.join(known)}.")
    return list(given)
