"""One resource in a run: its rows are collected before they are written, as long as they are few.

So a resource that fails has written nothing yet, and others can share a load package with it.
"""

import time
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.common.runtime.collector_base import Collector

from acumatica_source.client.errors import (
    AccessDenied,
    AuthenticationError,
    ConnectionFailed,
    NotConfigured,
    OptimizationError,
    SeatLimitReached,
)
from acumatica_source.reading.errors import NotARecord
from acumatica_source.reading.instance import Instance
from acumatica_source.resources.loading.remembered import Remembered
from acumatica_source.resources.loading.tables import of_this_load, table_of
from acumatica_source.running.failures import explain, root_cause
from acumatica_source.running.lacking import left_out
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import Load, name_of, rows_of

_FATAL = (AuthenticationError, ConnectionFailed, SeatLimitReached)
_UNREADABLE = (AccessDenied, NotARecord, NotConfigured, OptimizationError)


class Collected:
    """A resource on its way into a load package."""

    def __init__(self, instance: Instance, load: Load, progress: Collector) -> None:
        self.name = name_of(load)
        self.size = 0
        """Bytes that its rows take in memory."""
        self.is_whole = False
        """Whether all of its rows have come."""
        self._instance = instance
        self._load = load
        self._progress = progress
        self._coming: Iterator[Any] | None = None
        self._items: list[Any] = []
        self._before: Remembered | None = None
        self._after: Remembered | None = None
        self._tables: dict[str, str] = {}
        """Names of its tables, as the destination has them, by those that they have before."""
        self._seconds = 0.0
        self._requests = self._requests_before = 0
        self._counts = (instance.report.rows_read, instance.report.deleted)
        self._requests_earlier = 0
        """Requests of the windows of a first load that are loaded already."""
        self._is_first = True

    def collect(self, most: int, until: float) -> None:
        """Read on until all rows are there, in extraction.

        Args:
            most: Bytes after which it is left at what has come.
            until: When it is left at that, by the monotonic clock.
        """
        begun = time.monotonic()
        if self._after is not None:
            self._after.put_back()
        try:
            for item in self._coming or self._begun():
                self._items.append(self._noted(item))
                self._progress.update(self.name, item.data.num_rows)
                self.size += item.data.nbytes
                if self.size > most or time.monotonic() > until:
                    break
            else:
                self.is_whole = True
        finally:
            self._seconds += time.monotonic() - begun
            self._count_requests()
        self._after = Remembered.of(self.name)

    def put_aside(self) -> None:
        """Leave to a later load package what was collected; in extraction."""
        assert self._before is not None
        self._before.put_back()

    def failed(self, error: Exception) -> Outcome:
        """What became of it as it could not be read, and nothing of it was written."""
        if self._before is not None:
            self._before.put_back()
        self.close()
        return self.failing(error)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write: rows, tables, or what is remembered."""
        return bool(self._items) or self._before != self._after

    def collected(self) -> Iterator[Any]:
        """The dlt items of all rows, in extraction; as often as wanted."""
        assert self._after is not None
        self._after.put_back()
        for item in self._items:
            yield of_this_load(item)

    def all(self) -> Iterator[Any]:
        """The dlt items of the rows that were collected, and those that are still to come."""
        assert self._coming is not None
        items, self._items = self._items, []
        begun = time.monotonic()
        try:
            while items:
                yield of_this_load(items.pop(0))
            for item in self._coming:
                yield of_this_load(self._noted(item))
            self.is_whole = True
        finally:
            self._seconds += time.monotonic() - begun
            self._count_requests()
            self.close()

    def go_on(self, seconds: float) -> None:
        """Begin the next window of a first load of which one is loaded.

        Args:
            seconds: How long writing that took.
        """
        self._seconds += seconds
        self._requests_earlier = self._requests
        self._is_first = self.is_whole = False
        self._coming, self._items, self.size = None, [], 0
        self._before = self._after = None

    def close(self) -> None:
        """Stop reading."""
        if self._coming is not None:
            close = getattr(self._coming, "close", None)
            if close is not None:
                close()

    def loaded(self, seconds: float = 0.0) -> Outcome:
        """What became of it when it was loaded.

        Args:
            seconds: How long writing it took.
        """
        rows, deleted = self._instance.report.rows_read, self._instance.report.deleted
        pending = self._instance.report.pending.get(self.name)
        before, deleted_before = self._counts
        counted = {
            stored: rows[name] - before[name]
            for name, stored in self._tables.items()
            if not stored.startswith("_")
        }
        return Outcome(
            self.name,
            dict(sorted(counted.items())),
            self._requests,
            self._seconds + seconds,
            left_out(self._instance, self.name),
            deleted=deleted[self.name] - deleted_before[self.name],
            pending=None if pending is None else pending.of(self.name),
        )

    def failing(self, error: Exception, seconds: float = 0.0) -> Outcome:
        """What became of it when that happened.

        Args:
            error: What happened.
            seconds: How long writing it took until then.
        """
        cause = root_cause(error)
        return Outcome(
            self.name,
            {},
            self._requests,
            self._seconds + seconds,
            explain(error),
            fatal=isinstance(cause, _FATAL),
            unreadable=isinstance(cause, _UNREADABLE),
        )

    def _begun(self) -> Iterator[Any]:
        report = self._instance.report
        report.is_shown = True
        if self._is_first:
            self._counts = (report.rows_read.copy(), report.deleted.copy())
        self._requests_before = self._instance.seats.requests_made
        self._before = Remembered.of(self.name)
        self._table(self.name)
        self._coming = rows_of(self._instance, self._load)()
        return self._coming

    def _noted(self, item: Any) -> Any:
        self._table(table_of(item))
        return item

    def _table(self, name: str) -> None:
        if name not in self._tables:
            naming = dlt.current.source_schema().naming
            self._tables[name] = naming.normalize_tables_path(name)

    def _count_requests(self) -> None:
        """Nothing else sends any from the first of them to the last."""
        now = self._instance.seats.requests_made - self._requests_before
        self._requests = self._requests_earlier + now
