"""Joins pages of the same records that were asked for different fields."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage

_SEPARATOR = "\x1f"


def widened(page: ParsedPage, more: ParsedPage) -> ParsedPage:
    """The page with the columns that only the other page has.

    Rows belong together by the `id` of the record and, below it, by their positions. A row that
    the other page lacks (it came or changed in between) has nulls there; rows that only the other
    page has are left out.

    Args:
        page: Records with their contract fields.
        more: The same records, asked for custom fields.
    """
    tables = {
        name: _widened(table, more.tables[name]) if name in more.tables else table
        for name, table in page.tables.items()
    }
    return replace(page, tables=tables, notes=tuple(dict.fromkeys((*page.notes, *more.notes))))


def _widened(table: pa.Table, more: pa.Table) -> pa.Table:
    new = [name for name in more.column_names if name not in table.column_names]
    if not new:
        return table
    places = pc.index_in(_identity(table), value_set=_identity(more))
    for name in new:
        values = more.column(name).combine_chunks().take(places)
        table = table.append_column(pa.field(name, values.type), values)
    return table


def _identity(table: pa.Table) -> pa.Array:
    """One text per row that tells where it belongs."""
    names = [n for n in table.column_names if n in ("id", "_parent_id") or _is_position(n)]
    parts = [table.column(name).combine_chunks().cast(pa.string()) for name in names]
    return pc.binary_join_element_wise(*parts, _SEPARATOR)


def _is_position(name: str) -> bool:
    return name.startswith("_") and name.endswith("_position")
