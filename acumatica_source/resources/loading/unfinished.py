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
from collections.abc import Iterator, Mapping, Sequence, Set

import pyarrow as pa
import pyarrow.compute as pc
import sqlglot.expressions as sql

from acumatica_source.arrow.pick import telling
from acumatica_source.arrow.shape import TableShape
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.sweep import Loaded
from acumatica_source.resources.loading.tables import TENANT, WriteMode
from acumatica_source.resources.loading.writing import Writing

logger = logging.getLogger(__name__)


def with_doubled_details(
    loaded: Loaded, tables: LoadedTables, writing: Writing, filled: Set[str]
) -> Loaded:
    """What is loaded, records with a detail that is there twice counting as doubled.

    Args:
        loaded: What was loaded of the records.
        tables: The tables of the dataset.
        writing: The tables of the resource.
        filled: Those of details that may hold rows.
    """
    naming = tables.schema.naming
    named = {
        naming.normalize_tables_path(child.name): [
            naming.normalize_path(name) for name in telling(writing.empty(child).schema.names)
        ]
        for child in _details(tables, writing, filled)
    }
    if not named:
        return loaded
    try:
        twice = _parents_of_doubled(named, tables)
    except Exception as error:  # a destination may refuse in its own words; no rows at stake
        _untold(writing, "whether details are there twice", error)
        return loaded
    return _to_be_loaded_again(
        loaded, twice.column(0), writing, "have details that are there twice"
    )


def with_unfinished(loaded: Loaded, tables: LoadedTables, writing: Writing) -> Loaded:
    """What is loaded, records of a load that was cut off counting as doubled.

    Args:
        loaded: What was loaded of the records.
        tables: The tables of the dataset.
        writing: The tables of the resource.
    """
    if loaded.load_ids is None or not writing.children:
        return loaded
    try:
        finished = tables.finished_loads()
    except Exception as error:  # a destination may refuse in its own words; no rows at stake
        _untold(writing, "whether a load was cut off", error)
        return loaded
    ids = loaded.load_ids.cast(pa.string())
    known = pc.is_in(ids, value_set=pa.array(finished, pa.string()))
    cut_off = loaded.rows.filter(pc.and_(pc.is_valid(ids), pc.invert(known)))
    (identity,) = loaded.doubled.column_names
    return _to_be_loaded_again(loaded, cut_off.column(identity), writing, "are of a load cut off")


def strays(
    tables: LoadedTables, writing: Writing, filled: Set[str]
) -> dict[str, Sequence[tuple[object, ...]]]:
    """The ids of records that are not loaded, and have details, by the table of these.

    Args:
        tables: The tables of the dataset.
        writing: The tables of the resource.
        filled: Those of details that may hold rows.
    """
    found: dict[str, Sequence[tuple[object, ...]]] = {}
    for child in _details(tables, writing, filled):
        query = _without_record(child.name, tables, writing)
        try:
            rows = tables.pipeline.dataset().query(query).arrow()
        except Exception as error:  # a destination may refuse in its own words; no rows at stake
            _untold(writing, f"whether {child.name} has details of no record", error)
            continue
        if rows.num_rows:
            found[child.name] = [(one,) for one in rows.column(0).to_pylist()]
    return found


def _details(tables: LoadedTables, writing: Writing, filled: Set[str]) -> Iterator[TableShape]:
    """The tables of details that may hold rows, where rows are merged."""
    for child in writing.children:
        if tables.mode is WriteMode.MERGE and child.name in filled and tables.has(child.name):
            yield child


def _to_be_loaded_again(loaded: Loaded, ids: pa.ChunkedArray, writing: Writing, why: str) -> Loaded:
    if not len(ids):
        return loaded
    logger.warning("%s: %d records %s; loading them again.", writing.parents.name, len(ids), why)
    return loaded.with_doubled(ids)


def _untold(writing: Writing, what: str, error: Exception) -> None:
    logger.warning("%s: %s cannot be told: %s", writing.parents.name, what, error)


def _parents_of_doubled(named: Mapping[str, Sequence[str]], tables: LoadedTables) -> pa.Table:
    """The ids of records whose details are there twice, by one query.

    Args:
        named: The columns that together tell the rows of a table, the record's id first; both as
            the destination has them.
        tables: The tables of the dataset.
    """
    selects = [_doubled_in(table, columns, tables) for table, columns in named.items()]
    every: sql.Query = selects[0]
    for one in selects[1:]:
        every = every.union(one, distinct=True)
    query = sql.select("parent_id").distinct().from_(every.subquery("doubled"))
    found: pa.Table = tables.pipeline.dataset().query(query).arrow()
    return found


def _doubled_in(table: str, columns: Sequence[str], tables: LoadedTables) -> sql.Select:
    names = [sql.column(name, quoted=True) for name in columns]
    query = sql.select(names[0].as_("parent_id")).from_(sql.table_(table, quoted=True))
    return _of_tenant(query, tables).group_by(*names).having("count(*) > 1")


def _without_record(child: str, tables: LoadedTables, writing: Writing) -> sql.Select:
    naming = tables.schema.naming
    parent, key = (naming.normalize_path(one) for one in ("_parent_id", "id"))
    details = _own(child, parent, tables).subquery("details")
    records = _own(writing.parents.name, key, tables).subquery("records")
    record = sql.column("it", "records")
    return (
        sql.select(sql.column("it", "details"))
        .distinct()
        .from_(details)
        .join(records, on=sql.column("it", "details").eq(record), join_type="left")
        .where(record.is_(sql.Null()))
    )


def _own(table: str, column: str, tables: LoadedTables) -> sql.Select:
    """One column of a table, called `it`, of the tenant's rows."""
    naming = tables.schema.naming
    named = sql.column(column, quoted=True).as_("it")
    source = sql.table_(naming.normalize_tables_path(table), quoted=True)
    return _of_tenant(sql.select(named).from_(source), tables)


def _of_tenant(query: sql.Select, tables: LoadedTables) -> sql.Select:
    """The query, of the tenant's rows alone where tenants share the table."""
    if tables.tenant is None:
        return query
    whose = sql.column(tables.schema.naming.normalize_path(TENANT), quoted=True)
    return query.where(whose.eq(sql.Literal.string(tables.tenant)))
