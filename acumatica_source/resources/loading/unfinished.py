"""What a load that was cut off has left: details there twice, or apart from their records.

dlt does a job again that was done when its process was killed, but not noted; a program's plain
`pipeline.run` begins with such jobs. Records have a key, so a merge writes them once; their details
have none, and would stay doubled until their record changes.

And a destination takes tables one after the other. A run that is killed between two of them leaves
records with the stamps of the source beside details of before, and nothing tells them apart but
that their load is not on dlt's list of those that were finished. Or it leaves the details of
records that it has taken out.
"""

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import sqlglot.expressions as sql

from acumatica_source.arrow.pick import telling
from acumatica_source.arrow.shape import TableShape
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.sweep import Loaded
from acumatica_source.resources.loading.tables import LOAD_ID, TENANT, WriteMode
from acumatica_source.resources.loading.writing import Writing

logger = logging.getLogger(__name__)

_DOUBLED, _CUT_OFF = "doubled", "cut off"
"""What the query calls records with details that are there twice, and loads that were cut off;
details without a record are called by their table."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a load that was cut off has left in the tables of a resource."""

    doubled: Sequence[str] = ()
    """The ids of records with a detail that is there twice."""
    cut_off: Sequence[str] = ()
    """The ids of loads that have brought records, and were not finished."""
    strays: Mapping[str, Sequence[tuple[object, ...]]] = field(default_factory=dict)
    """The ids of records that are not loaded, and have details, by the table of these."""

    def counted(self, loaded: Loaded, writing: Writing) -> Loaded:
        """What is loaded, records that were left in disorder counting as doubled.

        Args:
            loaded: What was loaded of the records.
            writing: The tables of the resource.
        """
        ids = pa.chunked_array([pa.array(self.doubled, pa.string())])
        loaded = _to_be_loaded_again(loaded, ids, writing, "have details that are there twice")
        if loaded.load_ids is None or not self.cut_off:
            return loaded
        load_ids = loaded.load_ids.cast(pa.string())
        cut_off = loaded.rows.filter(pc.is_in(load_ids, value_set=pa.array(self.cut_off)))
        (identity,) = loaded.doubled.column_names
        return _to_be_loaded_again(
            loaded, cut_off.column(identity), writing, "are of a load cut off"
        )


def unfinished(
    tables: LoadedTables, writing: Writing, filled: Set[str], *, dated: bool
) -> Unfinished:
    """Look, by one query, for what a load that was cut off has left.

    Args:
        tables: The tables of the dataset.
        writing: The tables of the resource.
        filled: Those of details that may hold rows.
        dated: Whether the records tell which load has brought them.
    """
    stored = tables.schema.naming.normalize_tables_path
    details = [
        child
        for child in writing.children
        if tables.mode is WriteMode.MERGE and child.name in filled and tables.has(child.name)
    ]
    selects = [_doubled_in(child, tables, writing) for child in details]
    selects += [_without_record(child, tables, writing) for child in details]
    if dated and writing.children:
        selects.append(_cut_off(tables, writing))
    if not selects:
        return Unfinished()
    every: sql.Query = selects[0]
    for one in selects[1:]:
        every = every.union(one, distinct=True)
    names = [stored(one.name) for one in (writing.parents, *details)]
    try:
        rows = tables.dataset.rows(every, [*names, tables.schema.loads_table_name])
    except Exception as error:  # a destination may refuse in its own words; no rows at stake
        logger.warning(
            "%s: whether a load was cut off cannot be told: %s", writing.parents.name, error
        )
        return Unfinished()
    found: dict[str, list[str]] = {}
    for what, which in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        found.setdefault(str(what), []).append(str(which))
    return Unfinished(
        found.pop(_DOUBLED, []),
        found.pop(_CUT_OFF, []),
        {name: [(one,) for one in ids] for name, ids in found.items()},
    )


def _to_be_loaded_again(loaded: Loaded, ids: pa.ChunkedArray, writing: Writing, why: str) -> Loaded:
    if not len(ids):
        return loaded
    logger.warning("%s: %d records %s; loading them again.", writing.parents.name, len(ids), why)
    return loaded.with_doubled(ids)


def _doubled_in(child: TableShape, tables: LoadedTables, writing: Writing) -> sql.Select:
    """Records with details that are there twice in a table."""
    naming = tables.schema.naming
    telling_ones = telling(writing.empty(child).schema.names)  # the record's id first
    names = [sql.column(naming.normalize_path(one), quoted=True) for one in telling_ones]
    query = _from(child, tables, _called(_DOUBLED), names[0].as_("which"))
    return query.group_by(*names).having("count(*) > 1")


def _without_record(child: TableShape, tables: LoadedTables, writing: Writing) -> sql.Select:
    """Records that are not loaded, and have details in a table."""
    naming = tables.schema.naming
    parent, key = (
        sql.column(naming.normalize_path(one), quoted=True).as_("it")
        for one in ("_parent_id", "id")
    )
    details = _from(child, tables, parent).subquery("details")
    records = _from(writing.parents, tables, key).subquery("records")
    it, record = sql.column("it", "details"), sql.column("it", "records")
    return (
        sql.select(_called(child.name), it.as_("which"))
        .distinct()
        .from_(details)
        .join(records, on=it.eq(record), join_type="left")
        .where(record.is_(sql.Null()))
    )


def _cut_off(tables: LoadedTables, writing: Writing) -> sql.Select:
    """Loads that have brought records, and are not on dlt's list of those that were finished."""
    naming = tables.schema.naming
    load_id, status = (
        sql.column(naming.normalize_path(one), quoted=True) for one in ("load_id", "status")
    )
    finished = sql.select(load_id.as_("it")).from_(_stored(tables.schema.loads_table_name))
    finished = finished.where(status.eq(sql.Literal.number(0)))
    brought = sql.column(naming.normalize_path(LOAD_ID), quoted=True)
    loads = _from(writing.parents, tables, brought.as_("it")).distinct().subquery("loads")
    it, done = sql.column("it", "loads"), sql.column("it", "finished")
    return (
        sql.select(_called(_CUT_OFF), it.as_("which"))
        .from_(loads)
        .join(finished.subquery("finished"), on=it.eq(done), join_type="left")
        .where(done.is_(sql.Null()), it.is_(sql.Null()).not_())
    )


def _from(table: TableShape, tables: LoadedTables, *columns: sql.Expr) -> sql.Select:
    """These columns of a table, of the tenant's rows alone where tenants share it."""
    naming = tables.schema.naming
    query = sql.select(*columns).from_(_stored(naming.normalize_tables_path(table.name)))
    if tables.tenant is None:
        return query
    whose = sql.column(naming.normalize_path(TENANT), quoted=True)
    return query.where(whose.eq(sql.Literal.string(tables.tenant)))


def _stored(name: str) -> sql.Table:
    return sql.table_(name, quoted=True)


def _called(what: str) -> sql.Expr:
    return sql.Literal.string(what).as_("what")
