"""Compares what a destination holds with the truth of the emulated ERP, value by value."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.normalizers.naming.snake_case import NamingConvention

from acumatica_sandbox import Sandbox

NAMING = NamingConvention()
OURS = {"note", "_deleted", "_dlt_load_id", "_tenant"}
"""Columns that the truth does not have."""

Row = dict[str, Any]
Tables = dict[str, dict[tuple[Any, ...], Row]]
"""Rows by table and by what identifies them: `id`, or parent and positions."""


def assert_equal(pipeline: dlt.Pipeline, sandbox: Sandbox, *entities: str) -> None:
    """Every record, child and value of these entities is in the destination, and nothing else."""
    for entity in entities:
        expected = truth(sandbox, entity)
        for table, rows in expected.items():
            assert loaded(pipeline, table) == rows, table


def assert_equal_by_key(
    pipeline: dlt.Pipeline,
    sandbox: Sandbox,
    entity: str,
    key: Sequence[str],
    without: Collection[str] = (),
) -> None:
    """The same where ids do not last: records and their details are told by the record's key.

    Args:
        pipeline: Where to look.
        sandbox: Has the truth.
        entity: Whose tables to compare.
        key: Columns of the first table.
        without: Columns that are not compared.
    """
    expected = truth(sandbox, entity)
    found = {table: loaded(pipeline, table) for table in expected}
    top = next(iter(expected))
    for table in expected:
        theirs = _by_key(expected[table], expected[top], key, without)
        assert _by_key(found[table], found[top], key, without) == theirs, table


def _by_key(
    rows: Mapping[tuple[Any, ...], Row],
    parents: Mapping[tuple[Any, ...], Row],
    key: Sequence[str],
    without: Collection[str],
) -> dict[tuple[Any, ...], Row]:
    named = {}
    for identity, row in rows.items():
        parent = tuple(parents[identity[:1]][name] for name in key)
        kept = {n: v for n, v in row.items() if n not in ("id", "_parent_id", *without)}
        named[parent, *identity[1:]] = kept
    assert len(named) == len(rows), "a key comes twice"
    return named


def truth(sandbox: Sandbox, entity: str, tenant: str | None = None) -> Tables:
    """What the tables of an entity should hold; of a tenant, or of the first one."""
    tables: Tables = {NAMING.normalize_tables_path(entity): {}}
    for record in sandbox.control.rows(entity, tenant=tenant):
        _put(tables, entity, record, (record["id"],), {"id": record["id"]})
    return tables


def posted(
    sandbox: Sandbox, periods: Collection[str], tenant: str | None = None
) -> list[tuple[Any, ...]]:
    """Lines of all batches of these periods that the ledger shows."""
    return sorted(
        (batch["PostPeriod"], batch["BatchNbr"], line["Account"], _plain(line["DebitAmount"]))
        for batch in sandbox.control.rows("JournalTransaction", tenant=tenant)
        if batch["Status"] == "Posted" and batch["PostPeriod"] in periods
        for line in batch["Details"]
    )


LEDGER = ("period_id", "batch_number", "account", "debit_amount")
"""The columns of `ledger_transactions` that have what `posted` tells."""


def loaded(pipeline: dlt.Pipeline, table: str) -> dict[tuple[Any, ...], Row]:
    """What a table holds."""
    found = pipeline.dataset()[table].arrow()
    assert found is not None, table
    return identified(table, found)


def identified(table: str, found: pa.Table) -> dict[tuple[Any, ...], Row]:
    """The rows of an Arrow table by what identifies them."""
    return by_identity(table, found.to_pylist())


def by_identity(table: str, found: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
    """Rows by what identifies them; each may be there once only."""
    rows = [plain(row) for row in found]
    identified = {_identity(row): row for row in rows}
    assert len(identified) == len(rows), f"{table} holds rows twice"
    return identified


def plain(row: Row) -> Row:
    """What a row says, without what the source knows nothing of."""
    return {
        name: _plain(value) for name, value in row.items() if name not in OURS and value is not None
    }


def _identity(row: Row) -> tuple[Any, ...]:
    if "id" in row:
        return (row["id"],)
    positions = sorted(name for name in row if name.endswith("_position") and name != "_position")
    return (row["_parent_id"], *(row[name] for name in positions), row["_position"])


def _put(
    tables: Tables, table: str, record: Mapping[str, Any], identity: tuple[Any, ...], row: Row
) -> None:
    for name, value in _scalars(record, ""):
        row[NAMING.normalize_path(name)] = _plain(_stamp(name, value))
    tables.setdefault(NAMING.normalize_tables_path(table), {})[identity] = row
    for path, rows in _lists(record, ""):
        child = f"{table}__{path}"
        tables.setdefault(NAMING.normalize_tables_path(child), {})
        for position, line in enumerate(rows):
            above = {name: value for name, value in row.items() if name.startswith("_")}
            place: Row = {"_parent_id": identity[0], "_position": position}
            if len(identity) > 1:
                last = NAMING.normalize_path(f"_{table.split('__')[-1]}_position")
                place |= {k: v for k, v in above.items() if k not in ("_position", "_parent_id")}
                place[last] = identity[-1]
            _put(tables, child, line, (*identity, position), place)


def _scalars(record: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if name == "custom":
            for address, custom in (value or {}).items():
                if custom is not None:
                    yield f"{prefix}custom__{address.replace('.', '__')}", custom
        elif isinstance(value, Mapping):
            yield from _scalars(value, f"{prefix}{name}__")
        elif name not in ("id", "note", "archived") and not isinstance(value, list | None):
            yield prefix + name, value


def _lists(record: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for name, value in record.items():
        if isinstance(value, Mapping) and name != "custom":
            yield from _lists(value, f"{prefix}{name}__")
        elif isinstance(value, list):
            yield prefix + name, value


def _stamp(name: str, value: Any) -> Any:
    """Stamps that details carry as text are loaded as instants."""
    if name.startswith("LastModified") and isinstance(value, str):
        return datetime.strptime(value, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value
