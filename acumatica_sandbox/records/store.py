"""Keeps the records: one SQL table an entity, with columns to filter and sort by."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from acumatica_sandbox.records.drop_downs import code_of, labels_in, number_of
from acumatica_sandbox.records.fragments import (
    Fragments,
    Record,
    field_text,
    from_fragments,
    shallow,
    to_fragments,
    whole,
)
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.shares import lot

Row = tuple[Any, ...]
"""Id as bytes, whether archived, custom values, scalars, and the nested members asked for."""
NewRow = tuple[list[Any], tuple[bytes, ...] | int]
"""Values of a row's own columns, and its nested members: pieces, or those of the row with that
number, counted from 1 over all rows with pieces of their own."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition with its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()


EVERYTHING = Condition("1")


@dataclass(frozen=True, slots=True)
class Window:
    """Which of the records that match are wanted."""

    where: Condition = EVERYTHING
    top: int | None = None
    skip: int = 0
    archived: bool = True
    order: str | None = None
    """SQL to order by instead of the keys."""


class Store:
    """The records of all entities, in a private SQL database that spills to disk when large."""

    def __init__(self, entities: Iterable[EntityModel]) -> None:
        self.lock = threading.RLock()
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA page_size = 16384")
        self._database.execute("PRAGMA cache_size = -600000")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.create_function("field", 2, _field, deterministic=True)
        self._database.create_function("inner_field", 2, _inner_field, deterministic=True)
        self._database.create_function("custom_field", 2, _custom_field, deterministic=True)
        self._database.create_function("lot", 3, lot, deterministic=True)
        for name, function in _OF_DROP_DOWNS.items():
            self._database.create_function(name, 2, function, deterministic=True)
        self.version = 0
        """Counts the writes; what is derived from records is as old as the version it saw."""
        for entity in entities:
            self.create(entity)

    def create(self, entity: EntityModel) -> None:
        """Make room for an entity; what was kept under its name is dropped."""
        columns = ["_id TEXT", "_archived INTEGER"]
        columns += [f'"_code_{name}" TEXT COLLATE NOCASE' for name in entity.codes]
        columns += [f'"{name}" {_sql_type(entity, name)}' for name in entity.columns]
        columns += ["_ref INTEGER"]
        columns += ["_custom BLOB", "_flat BLOB"]  # large values last: scans do not read them
        nested = ["ref INTEGER PRIMARY KEY", *(f'"{name}" BLOB' for name in _members(entity))]
        with self.lock:
            for table, content in ((entity.name, columns), (f"{entity.name} nested", nested)):
                self._database.execute(f'DROP TABLE IF EXISTS "{table}"')
                self._database.execute(f'CREATE TABLE "{table}" ({", ".join(content)})')

    def index(self, entity: EntityModel) -> None:
        """Index an entity, after its first records are in."""
        name = entity.name
        with self.lock:
            for suffix, columns in (
                ("id", "_id"),
                *([("order", f"{_order(entity)}, _archived")] if entity.keys else []),
                *(("stamp", f'"{stamp}"') for stamp in entity.stamps[:1]),
                *((name, f'"{name}"') for name in entity.sought),
            ):
                self._database.execute(
                    f'CREATE INDEX IF NOT EXISTS "{name}_{suffix}" ON "{name}" ({columns})'
                )

    def index_by(self, entity: EntityModel, name: str, expression: str) -> None:
        """Index an entity by an expression that lists are to be ordered by."""
        with self.lock:
            self._database.execute(
                f'CREATE INDEX IF NOT EXISTS "{entity.name}_{name}" ON "{entity.name}" '
                f"({expression})"
            )

    def add(self, entity: EntityModel, records: Iterable[Record]) -> None:
        """Insert records; their ids must be new."""
        self.add_rows(
            entity, (self.row(entity, record, to_fragments(entity, record)) for record in records)
        )

    def row(self, entity: EntityModel, values: Mapping[str, Any], pieces: Fragments) -> NewRow:
        """The row of a record: `values` needs the id and the entity's columns only."""
        own = [
            values["id"],
            bool(values.get("archived")),
            *[codes.get(values[field], values[field]) for field, codes in entity.codes.items()],
            *[_column(values.get(name)) for name in entity.columns],
            None,
            pieces.custom,
            pieces.flat,
        ]
        return own, pieces.nested

    def add_rows(self, entity: EntityModel, rows: Iterable[NewRow]) -> None:
        """Insert rows made by `row`."""
        own = ", ".join("?" * (5 + len(entity.codes) + len(entity.columns)))
        inner = ", ".join("?" * (1 + len(_members(entity))))
        deep = [n for n, name in enumerate(entity.shape.nested) if name in entity.layered]
        nested = f'INSERT INTO "{entity.name} nested" VALUES ({inner})'

        def stored() -> Iterator[list[Any]]:
            for values, pieces in rows:
                if isinstance(pieces, int):
                    values[-3] = pieces
                else:
                    added = self._database.execute(
                        nested,
                        (
                            None,
                            *pieces,
                            *[form(pieces[n]) for form in (shallow, whole) for n in deep],
                        ),
                    )
                    values[-3] = added.lastrowid
                yield values

        with self.lock:
            self._database.execute("BEGIN")
            self._database.executemany(f'INSERT INTO "{entity.name}" VALUES ({own})', stored())
            self._database.execute("COMMIT")
            self.version += 1

    def replace(self, entity: EntityModel, record: Record) -> None:
        """Insert a record, or write over the one with its id."""
        with self.lock:
            self.remove(entity, record["id"])
            self.add(entity, [record])

    def remove(self, entity: EntityModel, identity: str) -> bool:
        """Delete a record; False where there is none."""
        statement = f'DELETE FROM "{entity.name}" WHERE _id = ?'
        with self.lock:
            self.version += 1
            return self._database.execute(statement, (identity,)).rowcount > 0

    def page(self, entity: EntityModel, window: Window, nested: Sequence[str] = ()) -> list[Row]:
        """Rows in key order: id, archived, custom, scalars and some nested members.

        `nested` names those: see `_members` for their columns.
        """
        columns = ", ".join(["CAST(_id AS BLOB)", "_archived", "_custom", "_flat"])
        columns += "".join(f', "{name}"' for name in nested)
        archived = "" if window.archived else " AND NOT _archived"
        join = f' CROSS JOIN "{entity.name} nested" ON ref = _ref'
        inner = join if nested or '"n_' in window.where.sql else ""
        statement = (
            f'SELECT {columns} FROM "{entity.name}"{inner} WHERE ({window.where.sql}){archived} '
            f"ORDER BY {window.order or _order(entity)} LIMIT ? OFFSET ?"
        )
        limit = -1 if window.top is None else window.top
        with self.lock:
            found = self._database.execute(
                statement, (*window.where.parameters, limit, window.skip)
            )
            return found.fetchall()

    def records(self, entity: EntityModel, window: Window | None = None) -> Iterator[Record]:
        """Records as Python values, in key order, archived ones included unless told otherwise."""
        for identity, archived, custom, flat, *nested in self.page(
            entity, window or Window(), [f"n_{name}" for name in entity.shape.nested]
        ):
            record = from_fragments(
                entity, identity.decode(), Fragments(flat, tuple(nested), custom)
            )
            if archived:
                record["archived"] = True
            yield record

    def by_id(self, entity: EntityModel, identity: str) -> Record | None:
        """The record of that id."""
        where = Condition("_id = ?", (identity.lower(),))
        return next(self.records(entity, Window(where)), None)

    def by_keys(self, entity: EntityModel, values: Sequence[Any]) -> Record | None:
        """The record with these key values; drop-downs by label."""
        where = keys_condition(entity, values)
        return next(self.records(entity, Window(where)), None) if where else None

    def count(self, entity: EntityModel) -> int:
        """How many records there are."""
        with self.lock:
            found = self._database.execute(f'SELECT count(*) FROM "{entity.name}"').fetchone()
            return int(found[0])

    def ids(self, entity: EntityModel) -> list[str]:
        """Ids of all records, in key order."""
        statement = f'SELECT _id FROM "{entity.name}" ORDER BY {_order(entity)}'
        with self.lock:
            return [row[0] for row in self._database.execute(statement)]

    def close(self) -> None:
        """Give the memory back."""
        with self.lock:
            self._database.close()


def keys_condition(entity: EntityModel, values: Sequence[Any]) -> Condition | None:
    """The condition that a record has these key values; None where their number is wrong."""
    if len(values) != len(entity.keys) or not values:
        return None
    tests = " AND ".join(f'"{key}" = ?' for key in entity.keys)
    return Condition(tests, tuple(_column(value) for value in values))


def column_text(moment: datetime) -> str:
    """An instant as filter columns hold it: text that compares like time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def column_value(value: Any) -> Any:
    """A JSON scalar as filter columns hold it."""
    if isinstance(value, str) and len(value) > 18 and value[10:11] == "T":
        with contextlib.suppress(ValueError):
            return column_text(datetime.fromisoformat(value))
    return value.rstrip(" ") if isinstance(value, str) else value


def _column(value: Any) -> Any:
    if isinstance(value, datetime):
        return column_text(value)
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00.000000"
    if isinstance(value, str):
        return value.rstrip(" ")  # SQL Server compares without the spaces at the end
    if isinstance(value, bool | int) or value is None:
        return value
    return float(value)


def _members(entity: EntityModel) -> list[str]:
    """Columns of nested members: of each with marks, and of the layered ones two more.

    Those are without what is inside, and with all of it and no marks; so that the usual pages need
    no work.
    """
    nested = entity.shape.nested
    deep = [name for name in nested if name in entity.layered]
    return [
        f"{kind}_{name}"
        for kind, names in zip("nsf", (nested, deep, deep), strict=True)
        for name in names
    ]


def _sql_type(entity: EntityModel, name: str) -> str:
    numbers = {"d": "REAL", "i": "INTEGER", "h": "INTEGER", "l": "INTEGER", "b": "INTEGER"}
    return numbers.get(entity.shape.fields[name], "TEXT COLLATE NOCASE")


def _order(entity: EntityModel) -> str:
    columns = (f"_code_{key}" if key in entity.codes else key for key in entity.keys)
    return ", ".join(f'"{column}"' for column in columns) or f'"{entity.name}".rowid'


def _field(flat: bytes, name: str) -> Any:
    return column_value(json.loads(field_text(flat, name)).get("value"))


def _custom_field(custom: bytes, place: str) -> Any:
    if not custom or place not in (pieces := json.loads(custom)):
        return None
    return column_value(json.loads(pieces[place]).get("value"))


_OF_DROP_DOWNS: dict[str, Callable[[str, str | None], Any]] = {
    "drop_down_code": lambda place, label: None if label is None else code_of(place, label),
    "drop_down_number": lambda place, label: None if label is None else number_of(place, label),
    "drop_down_codes": lambda place, labels: (
        None if labels is None else json.dumps([code_of(place, one) for one in labels_in(labels)])
    ),
}
"""For SQL: what is stored for the labels at a place."""


def _inner_field(member: bytes, place: str) -> Any:
    """For SQL: the value at a path inside a linked object's piece."""
    name, *path = place.split("/")
    text = member.translate(None, bytes(range(0x20)))
    node = json.loads(b"{" + text[1:] + b"}")[name]
    for step in path:
        if node is None:
            return None
        node = node.get(step)
    return None if node is None else column_value(node.get("value"))
