"""Believable values for any field, from its name and type alone."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from acumatica_sandbox.clock import on_sql_grain
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.seeding import words
from acumatica_sandbox.seeding.calendar import period_of, year_of

HISTORY = timedelta(days=730)


@dataclass
class Chance:
    """Random choices of one seeding, and the present that history ends before."""

    random: random.Random
    now: datetime

    def guid(self) -> str:
        """A new id."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def moment(self, earliest: datetime | None = None) -> datetime:
        """An instant of the two years that end two hours ago, on the grain of SQL datetime."""
        latest = self.now - timedelta(hours=2)
        start = min(earliest or latest - HISTORY, latest - timedelta(seconds=1))
        seconds = (latest - start).total_seconds()
        return on_sql_grain(start + timedelta(seconds=self.random.random() * seconds))

    def day(self) -> date:
        """A business day of the last two years."""
        return self.now.date() - timedelta(days=self.random.randrange(2, 730))

    def money(self, most: int = 5_000) -> Decimal:
        """An amount with cents."""
        return Decimal(self.random.randrange(100, most * 100)).scaleb(-2)

    def pick(self, choices: Any) -> Any:
        """One of the choices."""
        return choices[int(self.random.random() * len(choices))]


Maker = Callable[[Chance], Any]

_BY_ENDING: tuple[tuple[str, Maker], ...] = (
    ("CurrencyID", lambda c: "USD"),
    ("Currency", lambda c: "USD"),
    ("Branch", lambda c: "HQ"),
    ("BranchID", lambda c: "HQ"),
    ("Status", lambda c: c.pick(("Active", "Open", "On Hold", "Closed"))),
    ("Email", lambda c: f"{c.pick(words.PLACES).lower()}@example.com"),
    ("Phone1", lambda c: f"+1 555 {c.random.randrange(10**7):07}"),
    ("Period", lambda c: period_of(c.day())),
    ("PeriodID", lambda c: period_of(c.day())),
    ("Year", lambda c: str(year_of(c.day()))),
    ("UOM", lambda c: c.pick(("EA", "KG", "HOUR"))),
    ("Account", lambda c: c.pick(("10100", "11000", "20000", "40000", "50000"))),
    ("Subaccount", lambda c: "000-000"),
    ("WarehouseID", lambda c: c.pick(("MAIN", "WEST"))),
    ("Name", lambda c: f"{c.pick(words.PLACES)} {c.pick(words.TRADES)}"),
    ("City", lambda c: c.pick(words.CITIES)[0]),
    ("Country", lambda c: c.pick(words.CITIES)[2]),
    ("Description", lambda c: f"{c.pick(words.QUALITIES)} {c.pick(words.THINGS)}"),
    ("Note", lambda c: c.pick(words.NOTES)),
    ("ID", lambda c: f"{c.pick(words.PLACES).upper()[:6]}{c.random.randrange(100):02}"),
)

_BY_KIND: dict[str, Maker] = {
    "s": lambda c: c.pick(words.PLACES) if c.random.random() < 0.6 else None,
    "d": lambda c: c.money() if c.random.random() < 0.8 else Decimal("0.000000"),
    "i": lambda c: c.random.randrange(100_000),
    "h": lambda c: c.random.randrange(100),
    "l": lambda c: c.random.randrange(10**12),
    "b": lambda c: c.random.random() < 0.5,
    "t": lambda c: c.moment(),
    "D": lambda c: c.day() if c.random.random() < 0.8 else None,
    "g": lambda c: c.guid(),
}

STAMPS = ("LastModified", "LastModifiedDate", "LastModifiedDateTime")


@lru_cache(maxsize=4096)
def maker_of(name: str, kind: str) -> Maker:
    """What makes values of a field."""
    if kind == "s":
        if name in STAMPS:
            return lambda c: c.moment().strftime("%m/%d/%Y %H:%M:%S")
        for ending, maker in _BY_ENDING:
            if name.endswith(ending):
                return maker
    return _BY_KIND[kind]


def complete(shape: ShapeModel, record: Record, chance: Chance, *, rows: int = 2) -> Record:
    """Give a record its id, and values to the fields it does not mention, to full depth."""
    if "id" not in record:
        record["id"] = chance.guid()
    for name, kind in shape.fields.items():
        if name not in record:
            record[name] = maker_of(name, kind)(chance)
    for name, linked in shape.linked.items():
        if name not in record:
            record[name] = {}
        if record[name] is not None:
            complete(linked, record[name], chance, rows=rows)
    for name, detail in shape.details.items():
        if name not in record:
            record[name] = [{} for _ in range(chance.random.randrange(rows + 1))]
        for number, row in enumerate(record[name], 1):
            if "LineNbr" in detail.fields and "LineNbr" not in row:
                row["LineNbr"] = number if detail.fields["LineNbr"] != "s" else str(number)
            complete(detail, row, chance, rows=max(rows - 1, 1))
    return record


def generic_records(entity: EntityModel, count: int, chance: Chance) -> list[Record]:
    """Records of an entity that nothing is known of but its contract and keys."""
    records = []
    for number in range(1, count + 1):
        record: Record = dict(_keys(entity, number, count))
        modified = chance.moment()
        for name, kind in entity.shape.fields.items():
            if kind == "t" and name in STAMPS:
                record[name] = modified
            elif kind == "t" and name.startswith("Created"):
                record[name] = on_sql_grain(
                    modified - timedelta(hours=chance.random.randrange(900))
                )
            elif name == "NoteID":
                record["id"] = record[name] = record.get(name) or chance.guid()
        record["custom"] = {
            place: maker_of(place, kind)(chance)
            for place, kind in entity.custom_by_path[""].items()
        }
        records.append(complete(entity.shape, record, chance))
    return records


def _keys(entity: EntityModel, number: int, count: int) -> Mapping[str, Any]:
    """Key values: the last key counts, those before it take a few values."""
    values: Record = {}
    outer = entity.keys[:-1]
    for name in entity.keys:
        kind = entity.shape.fields[name]
        if name in entity.codes and name in outer:
            labels = list(entity.codes[name])
            values[name] = labels[(number - 1) * len(labels) // max(count, 1)]
        elif kind == "g":
            values[name] = f"{number:08x}-5eed-4000-8000-{number:012x}"
        elif kind in "ihl":
            values[name] = number
        elif kind in "Dt":
            values[name] = date(2020, 1, 1) + timedelta(days=number)
        elif name in outer:
            values[name] = f"{name.upper()[:4]}{(number - 1) * 3 // max(count, 1) + 1:02}"
        elif "Year" in name:
            values[name] = f"{2000 + number:04}"
        else:
            values[name] = f"{number:06}"
    return values
