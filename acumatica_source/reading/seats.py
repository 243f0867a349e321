"""The seats of an instance, and threads to use them with, held for as long as somebody reads."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from acumatica_source.client.pool import SessionPool


@dataclass(frozen=True, slots=True)
class Connection:
    """What readers need while an instance is open: seats, and threads to use them with."""

    pool: SessionPool
    executor: Executor
    """Runs whole readers, each a step at a time."""
    seats: int
    """Requests that can be under way at once."""


class Seats:
    """Seats that several readers share.

    They are held only while somebody has them open: the last one to leave signs all of them out.
    Nothing is sent before the first `opened()`.
    """

    def __init__(self, open_pool: Callable[[], SessionPool], most: int) -> None:
        self._open_pool = open_pool
        self._most = most
        self._lock = threading.RLock()
        self._users = 0
        self._connection: Connection | None = None
        self._requests_before = 0

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """The seats and workers, for as long as the block runs."""
        with self._lock:
            self._users += 1
            if self._connection is None:
                # one more worker than seats: a page can be parsed while the seats are waiting
                executor = ThreadPoolExecutor(self._most + 1, thread_name_prefix="acumatica")
                self._connection = Connection(self._open_pool(), executor, self._most)
            connection = self._connection
        try:
            yield connection
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._connection = None
                    self._requests_before += connection.pool.requests_made
                    connection.executor.shutdown(wait=True, cancel_futures=True)
                    connection.pool.close()

    @property
    def requests_made(self) -> int:
        """Requests sent so far, sign-ins and sign-outs not counted."""
        with self._lock:
            now = self._connection.pool.requests_made if self._connection else 0
            return self._requests_before + now
