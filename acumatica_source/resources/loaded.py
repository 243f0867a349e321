"""What the destination already holds, as far as a sweep needs it: ids and modification stamps."""

import logging
from dataclasses import dataclass

import dlt
import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.resources.tables import DELETED

logger = logging.getLogger(__name__)

LOAD_ID = "_dlt_load_id"


def loaded_stamps(table: str, stamp: str) -> pa.Table | None:
    """`id` and `stamp` of every record that the current pipeline's destination holds.

    Rows that were appended rather than merged count by their latest load, and not at all where
    that says `_deleted`.

    Args:
        table: Name of the entity's table before dlt's naming convention.
        stamp: Name of its modification field before dlt's naming convention.

    Returns:
        None where the table does not exist yet or the destination cannot be read.
    """
    naming = dlt.current.source_schema().naming
    table_name = naming.normalize_tables_path(table)
    wanted = {"id": naming.normalize_identifier("id"), "stamp": naming.normalize_identifier(stamp)}
    try:
        relation = dlt.current.pipeline().dataset()[table_name]
        known = set(relation.columns_schema)
        flags = [name for name in (DELETED, LOAD_ID) if name in known]
        rows = relation.select(*wanted.values(), *flags).arrow()
    except Exception as error:  # a destination may refuse in its own words; no rows are at stake
        logger.warning("%s cannot be read back, so deletions go unseen: %s", table_name, error)
        return None
    if rows is None:
        return None
    return _latest(rows.rename_columns([*wanted, *flags]))


def _latest(rows: pa.Table) -> pa.Table:
    if LOAD_ID in rows.column_names:
        rows = rows.sort_by([("id", "ascending"), (LOAD_ID, "descending")])
        ids = rows.column("id").combine_chunks()
        repeats = pc.equal(ids[1:], ids[:-1]) if len(ids) else pa.array([], pa.bool_())
        first = pa.concat_arrays([pa.array([False][: len(ids)]), repeats])
        rows = rows.filter(pc.invert(first))
    if DELETED in rows.column_names:
        rows = rows.filter(pc.invert(pc.fill_null(rows.column(DELETED), False)))
    return rows.select(["id", "stamp"])


@dataclass(frozen=True, slots=True)
class Difference:
    """How the destination differs from the source."""

    gone: pa.Array
    """Ids that only the destination has."""
    outdated: pa.Array
    """Ids that only the source has, or with another stamp."""
    disjoint: bool
    """Both have records, but none in common: the source's ids do not last."""


def difference(loaded: pa.Table, source: pa.Table) -> Difference:
    """Compare `id` and `stamp` of what is loaded with those of the source, stamps to the ms."""
    here, there = _by_ms(loaded), _by_ms(source)
    gone = _only_in(here, there)
    missing = _only_in(there, here)
    both = there.join(here, keys="id", join_type="inner", right_suffix="_loaded")
    same = pc.equal(both.column("stamp"), both.column("stamp_loaded"))
    stale = both.filter(pc.invert(pc.fill_null(same, False))).column("id").combine_chunks()
    return Difference(
        gone=gone,
        outdated=pa.concat_arrays([missing, stale]),
        disjoint=both.num_rows == 0 and here.num_rows > 0 and there.num_rows > 0,
    )


def _by_ms(rows: pa.Table) -> pa.Table:
    stamp = rows.column("stamp").cast(pa.timestamp("ms", "UTC"), safe=False)
    return pa.table({"id": rows.column("id").cast(pa.string()), "stamp": stamp})


def _only_in(rows: pa.Table, others: pa.Table) -> pa.Array:
    ids = rows.column("id")
    only = ids.filter(pc.invert(pc.is_in(ids, value_set=others.column("id"))))
    return only.combine_chunks()
