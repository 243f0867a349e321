"""A first load in windows: each is a package of its own, and the next goes on behind it.

A program that is killed loses the window that it was in. What changes meanwhile is left to the run
after the last window: it asks for all that was modified since the first window began, and compares
all rows.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.paging.keyset import Position
from acumatica_source.resources.loading.carrier import Carrier
from acumatica_source.resources.loading.reader import Reader
from acumatica_source.resources.loading.state import FirstLoad


class FirstLoadWindow:
    """One window of the first load of a table.

    Args:
        reader: Reads the source.
        carrier: Hands pages on.
        before: How far earlier windows have come; None if this is the first one.
        most: How long to read; None for to the end.
    """

    def __init__(
        self, reader: Reader, carrier: Carrier, before: FirstLoad | None, most: timedelta | None
    ) -> None:
        self._reader = reader
        self._carrier = carrier
        self._before = before
        self._most = most
        self._position = None if before is None else before.position
        self._begun = time.monotonic()
        self._stopped = False

    def items(self) -> Iterator[Any]:
        """The dlt items of its pages."""
        pages = self._reader.pages(after=self._position, more=self._has_time)
        yield from self._carrier.all_of(pages, handed_on=self._note)

    def _note(self, page: ParsedPage) -> None:
        self._position = self._reader.position(self._position, page)

    def _has_time(self) -> bool:
        """Whether to ask for more; what is asked for already still comes."""
        if self._most is not None and not self._stopped:
            over = time.monotonic() - self._begun >= self._most.total_seconds()
            self._stopped = over and _can_be_kept(self._position)
        return not self._stopped

    @property
    def begun(self) -> datetime | None:
        """When the first of the windows began, by the source's clock."""
        return self._reader.started if self._before is None else self._before.begun

    @property
    def newest(self) -> datetime | None:
        """The newest stamp that has come in all of them."""
        earlier = None if self._before is None else self._before.newest
        return max((one for one in (earlier, self._carrier.newest) if one), default=None)

    @property
    def reached(self) -> FirstLoad | None:
        """How far the windows have come; None if nothing is left for another one."""
        if not self._stopped or self._position is None or not _can_be_kept(self._position):
            return None
        return FirstLoad(self._position, self.begun, self.newest)


def _can_be_kept(position: Position | None) -> bool:
    """Whether the next window can begin there: what is kept between runs is JSON."""
    if position is None:
        return False
    values = [*position.last]
    for prefix, labels in position.labels.items():
        values += [*prefix, *labels]
    return all(type(one) in (str, int) for one in values)
