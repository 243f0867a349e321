"""Walks through the pages of a list: one after the other, or in stretches that seats read at once.

What comes next is known only from the page before, so that a list read by key takes one seat. But
where the next few thousand rows end can be asked for in one light request, and then these rows can
be read while somebody else goes on behind them.
"""

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.query import Filter
from acumatica_source.reading.paging import KeysetPaging, Mark, PageRequest, Paging
from acumatica_source.reading.read_ahead import ReadAhead

SHORTEST_LEAP = 2
LONGEST_LEAP = 8
"""Pages of a stretch. They all may have to wait for those of the stretch before."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page and what the list that it comes from consisted of."""

    page: ParsedPage
    marks: list[Mark]
    ids: list[str]


Fetch = Callable[[PageRequest], Fetched]
Glance = Callable[[PageRequest], Sequence[Mark]]


def walk(
    paging: Paging, fetch: Fetch, condition: Filter | None = None
) -> Generator[ParsedPage, None, None]:
    """The new rows of every page."""
    request: PageRequest | None = paging.first()
    while request is not None:
        if condition is not None:
            both = condition if request.filter is None else condition & request.filter
            request = PageRequest(both, request.top, request.skip)
        fetched = fetch(request)
        received = paging.receive(fetched.marks)
        if received.fresh_from < len(fetched.marks):
            yield without(fetched.page, fetched.ids[: received.fresh_from])
        request = received.next


def walk_in_stretches(
    paging: KeysetPaging, fetch: Fetch, glance: Glance, seats: int
) -> Generator[ParsedPage, None, None]:
    """The rows of every page, in order, as many stretches at a time as there are seats.

    Args:
        paging: Where to begin.
        fetch: Gets a page. Called from several threads at once.
        glance: Gets the marks of a page in the cheapest way; none to have no stretches.
        seats: Requests that can be under way at once.
    """
    with ThreadPoolExecutor(seats, thread_name_prefix="acumatica-stretch") as threads:
        ahead: deque[ReadAhead[ParsedPage]] = deque()
        try:
            for part in _parts(paging, fetch, glance):
                ahead.append(ReadAhead(threads, part, LONGEST_LEAP))
                if len(ahead) > seats:
                    yield from ahead[0]
                    ahead.popleft()
            while ahead:
                yield from ahead[0]
                ahead.popleft()
        finally:
            for one in ahead:
                one.close()


def _parts(
    paging: KeysetPaging, fetch: Fetch, glance: Glance
) -> Iterator[Generator[ParsedPage, None, None]]:
    """Single pages, and stretches where so many rows lie ahead."""
    request: PageRequest | None = paging.first()
    pages, leap = 0, SHORTEST_LEAP
    while request is not None:
        fetched = fetch(request)
        request = paging.receive(fetched.marks).next
        yield (page for page in [fetched.page])
        if not paging.can_leap:
            pages, leap = 0, SHORTEST_LEAP
            continue
        pages += 1
        while request is not None and pages > 1 and leap >= SHORTEST_LEAP:
            last = PageRequest(request.filter, 1, leap * (request.top or 1) - 1)
            end = glance(last)
            if end:
                stretch, request = paging.leap(end[0])
                yield walk(stretch, fetch)
                leap = min(2 * leap, LONGEST_LEAP)
            else:
                leap //= 2


def without(page: ParsedPage, ids: Sequence[str]) -> ParsedPage:
    """The page without these records and their children."""
    if not ids:
        return page
    gone = pa.array(ids, pa.string())
    columns = itertools.chain(["id"], itertools.repeat("_parent_id"))
    tables = {
        name: rows.filter(pc.invert(pc.is_in(rows.column(column), value_set=gone)))
        for (name, rows), column in zip(page.tables.items(), columns, strict=False)
    }
    return ParsedPage(tables=tables, rows=next(iter(tables.values())).num_rows, notes=page.notes)
