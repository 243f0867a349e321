"""Some records of a page, with their children."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage


def picked(page: ParsedPage, places: Sequence[int]) -> ParsedPage:
    """The records at these places of the first table, and what belongs to them.

    A record that the page holds twice has its children twice; they come once.
    """
    (name, rows), *children = page.tables.items()
    chosen = rows.take(pa.array(places, pa.int64()))
    tables = {name: chosen}
    if children:
        ids = rows.column("id")
        doubled = pc.count_distinct(ids).as_py() < len(ids)
        for child, lines in children:
            own = lines.filter(pc.is_in(lines.column("_parent_id"), value_set=chosen.column("id")))
            tables[child] = _once(own) if doubled else own
    return ParsedPage(tables=tables, rows=chosen.num_rows, notes=page.notes)


def joined(pages: Sequence[ParsedPage]) -> ParsedPage:
    """Pages of one shape as one; there must be some."""
    first, *rest = pages
    if not rest:
        return first
    tables = {
        name: pa.concat_tables([page.tables[name] for page in pages], promote_options="default")
        for name in first.tables
    }
    notes = dict.fromkeys(note for page in pages for note in page.notes)
    return ParsedPage(tables, sum(page.rows for page in pages), tuple(notes))


def telling(columns: Sequence[str]) -> list[str]:
    """The columns that together tell the rows of details: the record's id, and places in lists."""
    return [name for name in columns if name == "_parent_id" or name.endswith("_position")]


def _once(lines: pa.Table) -> pa.Table:
    """Lines by their places, each once."""
    by = telling(lines.column_names)
    numbered = lines.append_column("_row", pa.array(range(len(lines)), pa.int64()))
    first = numbered.group_by(by).aggregate([("_row", "min")]).column("_row_min")
    return lines.take(first.combine_chunks().sort())
