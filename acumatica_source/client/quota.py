"""The declared quota: how many requests may run at once, and how many may start in a minute."""

import collections
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from acumatica_source.client.errors import ConfigurationError

_MINUTE = 60.0


@dataclass(frozen=True)
class SeatBudget:
    """What a program may take of the licence.

    Attributes:
        sessions: most API sessions at once; a trial licence has 2 in all.
        concurrent_requests: most requests at once; None for one per session.
        requests_per_minute: most requests started in any minute; None for no limit.
        wait_seconds: longest wait for the first session, in seconds. The default outlasts the 10
            minutes after which the server frees a session that was left behind.
    """

    sessions: int = 2
    concurrent_requests: int | None = None
    requests_per_minute: int | None = None
    wait_seconds: float = 660.0

    def __post_init__(self) -> None:
        for name in ("sessions", "concurrent_requests", "requests_per_minute"):
            value = getattr(self, name)
            if value is None and name != "sessions":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"{name} is {value!r}; use a whole number from 1.")
        if isinstance(self.wait_seconds, bool) or not self.wait_seconds >= 0:
            raise ConfigurationError("wait_seconds is negative; use 0 or more seconds.")


class Quota:
    """Lets requests through as a budget allows. Shared by all sessions of a pool."""

    def __init__(self, budget: SeatBudget) -> None:
        self._slots = threading.Semaphore(budget.concurrent_requests or budget.sessions)
        self._per_minute = budget.requests_per_minute
        self._starts: collections.deque[float] = collections.deque()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for, and hold, the right to send one request."""
        with self._slots:
            while (pause := self._book()) > 0:
                time.sleep(pause)
            yield

    def _book(self) -> float:
        """Take a place in the current minute, or tell the seconds until one is free."""
        if self._per_minute is None:
            return 0.0
        with self._lock:
            now = time.monotonic()
            while self._starts and self._starts[0] <= now - _MINUTE:
                self._starts.popleft()
            if len(self._starts) < self._per_minute:
                self._starts.append(now)
                return 0.0
            return self._starts[0] + _MINUTE - now
