"""Runs a generator ahead of its consumer on a shared executor."""

import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Executor
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Iterator[T], Generic[T]):
    """Iterates over `source`, whose steps run on `executor`, at most `depth` items ahead.

    One step runs at a time, so the source needs no locks; items keep their order; a full buffer
    holds the source back. Several of these can share one executor: whoever has room, works.
    Close it (or use it in a `with`) to end the source early; the running step is waited for.
    """

    def __init__(self, executor: Executor, source: Generator[T, None, None], depth: int) -> None:
        self._executor = executor
        self._source = source
        self._depth = depth
        self._buffer: deque[T] = deque()
        self._error: BaseException | None = None
        self._running = self._ended = self._closed = False
        self._changed = threading.Condition()
        with self._changed:
            self._start_step()

    def __next__(self) -> T:
        with self._changed:
            while not self._buffer and not self._ended:
                self._changed.wait()
            if self._buffer:
                item = self._buffer.popleft()
                self._start_step()
                return item
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            raise StopIteration

    def __enter__(self) -> "ReadAhead[T]":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the source; returns when its running step is over."""
        with self._changed:
            self._closed = True
            while self._running:
                self._changed.wait()
            self._ended = True
            self._buffer.clear()
        self._source.close()

    def _start_step(self) -> None:
        """Called with the lock held: run the next step if there is room and none is running."""
        room = len(self._buffer) < self._depth
        if room and not (self._running or self._ended or self._closed):
            self._running = True
            self._executor.submit(self._step)

    def _step(self) -> None:
        error: BaseException | None = None
        item: list[T] = []
        try:
            item.append(next(self._source))
        except StopIteration:
            pass
        except BaseException as raised:
            error = raised
        with self._changed:
            self._running = False
            if item:
                self._buffer.append(item[0])
                self._start_step()
            else:
                self._ended, self._error = True, error
            self._changed.notify_all()
