"""Reads a list by its keys with several seats at once.

What comes next is known only from the page before, so that a list read by key takes one seat. But
where the next few thousand rows end can be asked for in one light request, and then these rows can
be read while somebody else goes on behind them.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

from acumatica_source.paging.keyset import KeysetPaging
from acumatica_source.paging.model import Answer, PageRequest, Paging
from acumatica_source.paging.read_ahead import ReadAhead

P = TypeVar("P")

FEWEST_PAGES = 2
MOST_PAGES = 8
"""Pages of a range. They all may have to wait for those of the range before."""

Step: TypeAlias = Callable[[Paging, PageRequest], tuple[Answer[P], PageRequest | None]]
"""Gets the answer to a request, and what the strategy asks for next; several threads call it."""

FetchKeys: TypeAlias = Callable[[PageRequest], Answer[Any] | None]
"""Gets the keys of a page in the cheapest way; None where that is not to be had."""


def always() -> bool:
    """Whether to ask for more, where nothing speaks against it."""
    return True


def in_ranges(
    paging: KeysetPaging,
    request: PageRequest,
    step: Step[P],
    fetch_keys: FetchKeys,
    seats: int,
    more: Callable[[], bool] = always,
) -> Generator[Answer[P], None, None]:
    """The answers, in the order of the list, as many ranges at a time as there are seats.

    Args:
        paging: Pages by keys.
        request: Its first request.
        step: Gets an answer.
        fetch_keys: Gets the keys where a range ends.
        seats: Ranges at a time.
        more: Whether to begin another range.
    """
    with ThreadPoolExecutor(seats, thread_name_prefix="acumatica-range") as threads:
        ahead: deque[ReadAhead[Answer[P]]] = deque()
        try:
            for part in _parts(paging, request, step, fetch_keys, more):
                ahead.append(ReadAhead(threads, part, MOST_PAGES))
                if len(ahead) > seats:
                    yield from ahead[0]
                    ahead.popleft()
            while ahead:
                yield from ahead[0]
                ahead.popleft()
        finally:
            for one in ahead:
                one.close()


def one_by_one(
    paging: Paging,
    request: PageRequest | None,
    step: Step[P],
    more: Callable[[], bool] = always,
) -> Generator[Answer[P], None, None]:
    """The answers one after the other, as long as more are wanted."""
    while request is not None and more():
        answer, request = step(paging, request)
        yield answer


def _parts(
    paging: KeysetPaging,
    first: PageRequest,
    step: Step[P],
    fetch_keys: FetchKeys,
    more: Callable[[], bool],
) -> Iterator[Generator[Answer[P], None, None]]:
    """Single pages, and ranges where so many rows lie ahead."""
    request: PageRequest | None = first
    in_order, size = 0, FEWEST_PAGES
    while request is not None and more():
        answer, request = step(paging, request)
        yield (one for one in [answer])
        if not paging.in_order:
            in_order, size = 0, FEWEST_PAGES
            continue
        in_order += 1
        while request is not None and in_order > 1 and size >= FEWEST_PAGES and more():
            end = fetch_keys(PageRequest(request.condition, 1, size * paging.page - 1))
            if end is None:
                size = 0
            elif end.keys:
                part, request = paging.split(end.keys[0])
                yield one_by_one(part, part.first(), step)
                size = min(2 * size, MOST_PAGES)
            else:
                size //= 2
