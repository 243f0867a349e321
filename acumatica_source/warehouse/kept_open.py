"""Keeps a DuckDB file open for a moment, as opening it costs time that grows with its tables.

While one connection of a process has the file open, its others cost next to nothing; but no other
program can open it. So it is kept open from one question to the next, a few seconds at most, and
while a package is loaded.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

import dlt
from dlt.common.schema import Schema

LONGEST = 2.0
"""Seconds after which a file that was opened for a question is closed."""


class KeptOpen:
    """The file of one pipeline, where its destination is one."""

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._pipeline = pipeline
        self._lock = threading.Lock()
        self._open: ExitStack | None = None

    def for_a_moment(self) -> None:
        """Keep the file open from now on, unless it is already."""
        with self._lock:
            if self._open is not None:
                return
            self._open = ExitStack()
            self._open.enter_context(_opened(self._pipeline))
        timer = threading.Timer(LONGEST, self.end)
        timer.daemon = True
        timer.start()

    def end(self) -> None:
        """Close it."""
        with self._lock:
            stack, self._open = self._open, None
        if stack is not None:
            stack.close()


_current: ContextVar[KeptOpen | None] = ContextVar("kept_open", default=None)


@contextmanager
def kept_open(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Within this block, questions to the pipeline's destination keep its file open for a moment.

    Args:
        pipeline: The pipeline.
    """
    if not _is_file(pipeline):
        yield
        return
    kept = KeptOpen(pipeline)
    token = _current.set(kept)
    try:
        yield
    finally:
        _current.reset(token)
        kept.end()


def keep_open() -> None:
    """Keep the file that is open now open for a moment, in a block of `kept_open`."""
    kept = _current.get()
    if kept is not None:
        kept.for_a_moment()


@contextmanager
def opened_once(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Keep the file open for as long as the block runs."""
    if not _is_file(pipeline):
        yield
        return
    with _opened(pipeline):
        yield


@contextmanager
def _opened(pipeline: dlt.Pipeline) -> Iterator[None]:
    with pipeline.dataset(Schema("open")):
        yield


def _is_file(pipeline: dlt.Pipeline) -> bool:
    return pipeline.destination.destination_type == "dlt.destinations.duckdb"
