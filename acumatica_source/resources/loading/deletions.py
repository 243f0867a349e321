"""Rows that leave a table: put on record, and taken out, flagged or kept."""

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from acumatica_source.resources.loading.tables import Target, WriteMode

TABLE = "_deletions"
"""The table in which deletions are recorded, before dlt's naming convention."""

SCHEMA = pa.schema(
    [
        pa.field("table_name", pa.string()),
        pa.field("id", pa.string()),
        pa.field("key", pa.string()),
        pa.field("tenant", pa.string()),
        pa.field("seen_at", pa.timestamp("us", "UTC")),
        pa.field("found_by", pa.string()),
        pa.field("rows", pa.int64()),
    ]
)
"""Which row of which table, whose, when and how it was seen that it is gone; of rows without a key,
how many."""


SWEEP, RELOAD, REPLACE, PERIOD = "sweep", "reload", "replace", "period"
ARCHIVED = "archived"
"""How it was found: by comparing what is listed with what is loaded; by reading all anew; as fewer
rows came than were loaded; as fewer came for one period. Rows that were archived are there, but not
to be loaded where archived ones are left out."""


def marks(rows: pa.Table, identity: tuple[str, ...]) -> list[str]:
    """What tells rows apart on record: their id, or their key where several columns identify one.

    Args:
        rows: Their identity at least.
        identity: Columns that identify a row.
    """
    if len(identity) == 1:
        return [str(one) for one in rows.column(identity[0]).to_pylist()]
    return as_json(rows.select(list(identity)))


def as_json(rows: pa.Table) -> list[str]:
    """Each row as a JSON object."""
    return [json.dumps(one, default=str, ensure_ascii=False) for one in rows.to_pylist()]


def records(table: str, gone: pa.Table, identity: tuple[str, ...], tenant: str, how: str) -> Any:
    """The dlt item that puts rows on record.

    Args:
        table: Their table, as the destination has it.
        gone: Their identity and keys.
        identity: Columns that identify a row.
        tenant: Whose rows they were.
        how: How it was found.
    """
    keys = [name for name in gone.column_names if name not in identity] or list(identity)
    count = gone.num_rows
    return _item(
        table_name=[table] * count,
        id=marks(gone, identity) if len(identity) == 1 else [None] * count,
        key=as_json(gone.select(keys)),
        tenant=[tenant] * count,
        found_by=[how] * count,
        rows=[1] * count,
    )


def counted(table: str, key: dict[str, str], rows: int, tenant: str, how: str) -> Any:
    """The dlt item that puts a number of rows on record that have no key of their own.

    Args:
        table: Their table, as the destination has it.
        key: What they have in common.
        rows: How many there are fewer than before.
        tenant: Whose rows they were.
        how: How it was found.
    """
    return _item(
        table_name=[table],
        id=[None],
        key=[json.dumps(key, ensure_ascii=False) if key else None],
        tenant=[tenant],
        found_by=[how],
        rows=[rows],
    )


def _item(**columns: list[Any]) -> Any:
    seen = [datetime.now(UTC)] * len(columns["rows"])
    arrays = [
        pa.array(seen if field.name == "seen_at" else columns[field.name], field.type)
        for field in SCHEMA
    ]
    return Target(TABLE, WriteMode.APPEND, flagged=False, own=True).carry(
        pa.table(arrays, schema=SCHEMA)
    )
