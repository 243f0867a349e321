"""By offset, each page overlapping the one before.

A list that is in a stable order shows a window of it at any offset. If such a window begins with a
row that has come before, or contains the last one that has, no row between them slipped through,
whatever came or went meanwhile. Where neither is so, the machine steps back until it is.
"""

from collections.abc import Sequence
from itertools import islice, pairwise

from acumatica_source.paging.errors import OrderNotTrusted
from acumatica_source.paging.model import PageRequest, RowKey

MOST_STEPS_BACK = 25
"""Requests in a row that may bring nothing new before the order counts as unstable."""

ROWS_REMEMBERED = 10_000
"""Rows, and at least four pages, that are known again when insertions move them into view."""


LEAST_SWAPPED = 2
MOST_SWAPPED = 0.25
"""Neighbours of a page, in number and as a share, that may have come the other way round before:
rows that are inserted between known ones are numbered after them. In an order that is not stable,
half of them have."""


class OffsetPaging:
    """Pages by `$skip`.

    Args:
        top: Rows to ask for, at least 2.
    """

    def __init__(self, top: int) -> None:
        self._top = max(2, top)
        self._full = self._top
        self._memory = max(ROWS_REMEMBERED, 4 * self._top)
        self._skip = 0
        self._known: dict[RowKey, int] = {}
        """The latest rows in the order they came in, numbered."""
        self._count = 0
        self._idle = 0
        self._last: RowKey | None = None
        self._rows = 0
        """Rows of the last page."""

    def first(self) -> PageRequest:
        """Ask for the first rows."""
        return PageRequest(None, self._top, self._skip)

    def shorten(self, rows: int) -> None:
        """Take pages of so many rows for full ones.

        Raises:
            OrderNotTrusted: these are too few for pages to overlap.
        """
        if rows < 2:
            raise OrderNotTrusted("The server gives one row at a time, so pages cannot overlap.")
        self._full = min(self._full, rows)

    def receive(self, keys: Sequence[RowKey]) -> PageRequest | None:
        """Find the overlap and ask for what follows it, or step back to look for it.

        Raises:
            OrderNotTrusted: known rows come in another order, or pages bring nothing new again and
                again.
        """
        self._rows = len(keys)
        rows = list(dict.fromkeys(keys))
        known = [place for place, key in enumerate(rows) if key in self._known]
        if self._known:
            self._check_order([rows[place] for place in known])
            if not self._joins(rows, known):
                return self._step_back()
        if len(known) < len(rows):
            self._idle = 0
            self._remember(rows)
        elif len(keys) >= self._full:
            self._count_idle()
        return self.go_on() if len(keys) >= self._full else None

    def go_on(self) -> PageRequest | None:
        """Ask for what lies behind the last page, its last row included."""
        self._skip += max(0, self._rows - 1)
        return PageRequest(None, self._top, self._skip)

    def _joins(self, rows: Sequence[RowKey], known: Sequence[int]) -> bool:
        """Whether no row can lie between those that have come and the new ones of this page."""
        if self._skip == 0:
            return True
        return bool(known) and (known[0] == 0 or rows[known[-1]] == self._last)

    def _check_order(self, known: Sequence[RowKey]) -> None:
        """Rows that come or go between two requests hardly change the order of the others."""
        places = [self._known[key] for key in known]
        swapped = sum(before > after for before, after in pairwise(places))
        if swapped >= LEAST_SWAPPED and swapped > (len(places) - 1) * MOST_SWAPPED:
            raise OrderNotTrusted("Known rows come in another order; the server's is not stable.")

    def _remember(self, rows: Sequence[RowKey]) -> None:
        for key in rows:
            self._known.pop(key, None)
            self._known[key] = self._count
            self._count += 1
        self._last = rows[-1]
        for key in list(islice(self._known, max(0, len(self._known) - self._memory))):
            del self._known[key]

    def _step_back(self) -> PageRequest:
        self._count_idle()
        self._skip = max(0, self._skip - self._top // 2)
        return PageRequest(None, self._top, self._skip)

    def _count_idle(self) -> None:
        self._idle += 1
        if self._idle > MOST_STEPS_BACK:
            raise OrderNotTrusted("Pages bring nothing new; the server's order is not stable.")
