"""What the destination already holds, as far as a sweep needs it: keys and modification stamps."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import dlt
import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.resources.tables import DELETED

logger = logging.getLogger(__name__)

LOAD_ID = "_dlt_load_id"

STAMP = "stamp"
"""What the column of the modification stamp is called here, whatever its name elsewhere."""

_MS = pa.timestamp("ms", "UTC")


def loaded_stamps(table: str, keys: Sequence[str], stamp: str) -> pa.Table | None:
    """Keys and stamp of every row that the current pipeline's destination holds.

    Rows that were appended rather than merged count by their latest load, and not at all where
    that says `_deleted`.

    Args:
        table: Name of the table before dlt's naming convention.
        keys: Names of the columns that identify a row, before that convention.
        stamp: Name of its modification stamp before that convention.

    Returns:
        A table with `keys` and `stamp`; None where the destination has none or cannot be read.
    """
    naming = dlt.current.source_schema().naming
    table_name = naming.normalize_tables_path(table)
    wanted = [naming.normalize_path(name) for name in (*keys, stamp)]
    try:
        relation = dlt.current.pipeline().dataset()[table_name]
        known = set(relation.columns_schema)
        flags = [name for name in (DELETED, LOAD_ID) if name in known]
        rows = relation.select(*wanted, *flags).arrow()
    except Exception as error:  # a destination may refuse in its own words; no rows are at stake
        logger.warning("%s cannot be read back, so deletions go unseen: %s", table_name, error)
        return None
    if rows is None:
        return None
    return _latest(rows.rename_columns([*keys, STAMP, *flags]), keys)


def _latest(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    if LOAD_ID in rows.column_names:
        ordered = [(name, "ascending") for name in keys]
        rows = rows.sort_by([*ordered, (LOAD_ID, "descending")]).combine_chunks()
        repeated = pa.array([True] * max(0, len(rows) - 1), pa.bool_())
        for name in keys:
            values = rows.column(name).combine_chunks()
            repeated = pc.and_(repeated, pc.equal(values[1:], values[:-1]))
        first = pa.concat_arrays([pa.array([False][: len(rows)], pa.bool_()), repeated])
        rows = rows.filter(pc.invert(first))
    if DELETED in rows.column_names:
        rows = rows.filter(pc.invert(pc.fill_null(rows.column(DELETED), False)))
    return rows.select([*keys, STAMP])


@dataclass(frozen=True, slots=True)
class Difference:
    """How the destination differs from the source."""

    gone: pa.Table
    """Keys that only the destination has."""
    outdated: pa.Table
    """Keys that only the source has, or with another stamp, and that stamp."""
    rows: int
    """Rows of the source."""
    disjoint: bool
    """Both have rows, but none in common: the source's keys do not last."""


def difference(loaded: pa.Table, source: pa.Table) -> Difference:
    """Compare what is loaded with the source, stamps to the millisecond.

    Args:
        loaded: Keys, and `stamp`.
        source: The same columns.
    """
    keys = [name for name in source.column_names if name != STAMP]
    there = _by_ms(source, source.schema)
    here = _by_ms(loaded.select(source.column_names), source.schema)
    gone = here.join(there, keys, join_type="left anti").select(keys)
    missing = there.join(here, keys, join_type="left anti")
    both = there.join(here, keys, join_type="inner", right_suffix="_loaded")
    same = pc.equal(both.column(STAMP), both.column(f"{STAMP}_loaded"))
    stale = both.filter(pc.invert(pc.fill_null(same, False))).select([*keys, STAMP])
    return Difference(
        gone=gone,
        outdated=pa.concat_tables([missing.select([*keys, STAMP]), stale]),
        rows=there.num_rows,
        disjoint=both.num_rows == 0 and here.num_rows > 0 and there.num_rows > 0,
    )


def _by_ms(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return pa.table(
        {
            field.name: rows.column(field.name).cast(_MS, safe=False)
            if field.name == STAMP
            else rows.column(field.name).cast(field.type)
            for field in schema
        }
    )
