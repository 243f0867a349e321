"""Puts a page together from several answers about the same records."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.shape import PageShape
from acumatica_source.reading.record_keys import rows_of
from acumatica_source.reading.record_parts import beside, columns_of, is_table_of

Belongs = Callable[[str, pa.Table], Sequence[str]]
"""The columns of a table of another answer, given by its name, whose values are to be taken."""


def filled(
    page: ParsedPage, more: ParsedPage, key_columns: Sequence[str], belongs: Belongs
) -> ParsedPage:
    """The page with values that another answer about the same records has.

    Args:
        page: The page.
        more: The other answer. It may have come in another session and show other ids.
        key_columns: Names of the columns of the first table that hold the keys.
        belongs: Which values are taken.
    """
    more = _with_ids_of(page, more, key_columns)
    tables = {
        name: _filled(rows, more.tables[name], belongs(name, more.tables[name]))
        for name, rows in page.tables.items()
    }
    return replace(page, tables=tables, notes=(*page.notes, *more.notes))


def with_parts(
    page: ParsedPage,
    more: ParsedPage,
    parts: Sequence[str],
    shape: PageShape,
    key_columns: Sequence[str],
) -> ParsedPage:
    """The page with parts of its records that another answer has.

    Args:
        page: The page; nothing of the parts is in it.
        more: The other answer. It may have come in another session, and show other ids and other
            records.
        parts: What is taken from it, by path.
        shape: The tables of both.
        key_columns: Names of the columns of the first table that hold the keys.
    """
    more = _with_ids_of(page, more, key_columns)
    named = {table.name: table for table in shape.tables}

    def belongs(name: str, rows: pa.Table) -> Sequence[str]:
        own = columns_of(named[name], parts)
        return [*own, *beside(rows.column_names, own)]

    whole = filled(page, more, key_columns, belongs)
    tables: dict[str, pa.Table] = dict(whole.tables)
    ids = next(iter(page.tables.values())).column("id")
    for name, table in named.items():
        if any(is_table_of(table, part) for part in parts):
            rows = more.tables[name]
            theirs = rows.filter(pc.is_in(rows.column("_parent_id"), value_set=ids))
            both = [page.tables[name], theirs]
            tables[name] = pa.concat_tables(both, promote_options="default")
    return replace(whole, tables=tables)


def _with_ids_of(page: ParsedPage, more: ParsedPage, key_columns: Sequence[str]) -> ParsedPage:
    """The answer with the page's ids for records that have other ones in it, told by their keys."""
    if not key_columns:
        return more
    top = next(iter(page.tables))
    keys, ids = rows_of(page.tables[top], key_columns)
    other_keys, other_ids = rows_of(more.tables[top], key_columns)
    known, times = set(ids or ()), Counter(keys)
    by_key = dict(zip(keys, ids or (), strict=True))
    ours = {
        other: by_key[key]
        for key, other in zip(other_keys, other_ids or (), strict=True)
        if other not in known and times[key] == 1
    }
    if not ours:
        return more
    tables: dict[str, pa.Table] = {}
    for name, rows in more.tables.items():
        column = "id" if name == top else "_parent_id"
        tables[name] = renamed_values(rows, column, ours)
    return replace(more, tables=tables)


def renamed_values(rows: pa.Table, column: str, names: Mapping[str, str]) -> pa.Table:
    """The rows with other texts in a column, where there are some for them."""
    place = rows.schema.get_field_index(column)
    values = [names.get(one, one) for one in rows[column].to_pylist()]
    field = rows.schema.field(place)
    return rows.set_column(place, field, pa.array(values, field.type))


def _filled(rows: pa.Table, more: pa.Table, names: Sequence[str]) -> pa.Table:
    wanted = [name for name in names if more[name].null_count < len(more)]
    if not wanted or not rows.num_rows:
        return rows
    places = pc.index_in(_key(rows), value_set=_key(more))
    for name in wanted:
        values = more[name].take(places)
        if name not in rows.column_names:
            rows = rows.append_column(pa.field(name, values.type), values)
            continue
        values = pc.coalesce(values, rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)
    return rows


def _key(rows: pa.Table) -> pa.ChunkedArray:
    """What identifies a row within a page."""
    if "id" in rows.column_names:
        return rows["id"]
    parts = [
        rows[name].cast(pa.string())
        for name in rows.column_names
        if name == "_parent_id" or name.endswith("_position")
    ]
    return pc.binary_join_element_wise(*parts, ":")
