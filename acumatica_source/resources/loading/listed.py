"""Lists identity, keys and stamp of what the source has."""

from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from acumatica_source.arrow.shape import TableShape
from acumatica_source.paging.read_ahead import ReadAhead
from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.resources.loading.reader import Reader

PAGES_AHEAD = 2
"""Pages of one resource that may wait while the next is being read."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of stamps."""

    since: datetime | None = None
    """The first stamp; None if there is none before which rows are left out."""
    until: datetime | None = None
    """The first stamp behind it; None if there is none."""


EVERYTHING = Window()
"""All stamps, and rows that have none."""


def listed(
    reader: Reader,
    executor: Executor,
    parents: TableShape,
    loaded: LoadedRows | None = None,
    window: Window = EVERYTHING,
) -> pa.Table:
    """Identity, keys and `stamp` of rows of the source; no stamps where rows have none.

    Args:
        reader: Reads the source.
        executor: Runs the reader ahead.
        parents: The main table of the reader.
        loaded: What is loaded of them, if that is known.
        window: Where they are stamped.

    Raises:
        StampRefused: the source does not show the stamp.
    """
    named = dict.fromkeys([*reader.identity, *reader.keys])
    none = pa.table({name: pa.array([], parents.schema.field(name).type) for name in named})
    none = none.append_column(STAMP, pa.array([], pa.timestamp("us", "UTC")))
    stamps = reader.stamps(window.since, window.until, loaded=loaded)
    with ReadAhead(executor, stamps, PAGES_AHEAD) as pages:
        found = [_stamped(page).select(none.column_names).cast(none.schema) for page in pages]
    return pa.concat_tables([none, *found])


def _stamped(page: pa.Table) -> pa.Table:
    if STAMP in page.column_names:
        return page
    return page.append_column(STAMP, pa.nulls(len(page), pa.timestamp("us", "UTC")))
