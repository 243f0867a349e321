"""The licence's limits on requests: how many at once, how many a minute, and what waits.

License Restrictions for API Users (Integration Development Guide): requests beyond the concurrent
limit wait in one queue. When the requests of the last minute reach half of the limit, each further
one is delayed by the rest of the minute divided by the requests that are left. A request is
declined if more than 20 wait, or if it has waited for ten minutes.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

LONGEST_QUEUE = 20
LONGEST_WAIT = 600.0
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class License:
    """What a licence allows; None is no limit."""

    sessions: int
    concurrent: int | None = None
    per_minute: int | None = None


LICENSES = {
    "trial": License(sessions=2),
    "small": License(sessions=3, concurrent=6, per_minute=50),
    "unlimited": License(sessions=1_000),
}


class Declined(Exception):
    """The request is refused by the licence's limits."""


class Throttle:
    """Lets requests in by the rules of a licence; for use in one event loop."""

    def __init__(self, license: License) -> None:
        self._license = license
        self._slots = asyncio.Semaphore(license.concurrent) if license.concurrent else None
        self._minute: deque[float] = deque()
        self._inside = 0
        self.delayed_seconds = 0.0
        self.declined = 0

    async def enter(self) -> None:
        """Wait for a turn; every `enter` that returns must be followed by `leave`.

        Raises:
            Declined: the queue is too long, or the wait was.
        """
        delay = self._delay()
        if self._slots is not None:
            if self._inside >= (self._license.concurrent or 0) + LONGEST_QUEUE:
                self.declined += 1
                raise Declined
            self._inside += 1
            try:
                await asyncio.wait_for(self._slots.acquire(), LONGEST_WAIT)
            except BaseException as error:
                self._inside -= 1
                if not isinstance(error, TimeoutError):
                    raise
                self.declined += 1
                raise Declined from None
        self.count()
        if delay:
            self.delayed_seconds += delay
            await asyncio.sleep(delay)

    def leave(self) -> None:
        """The request is done."""
        if self._slots is not None:
            self._slots.release()
            self._inside -= 1

    def count(self) -> None:
        """Count a request in this minute."""
        self._minute.append(time.monotonic())

    def _delay(self) -> float:
        limit = self._license.per_minute
        if limit is None:
            return 0.0
        now = time.monotonic()
        while self._minute and self._minute[0] < now - MINUTE:
            self._minute.popleft()
        done = len(self._minute)
        if done * 2 < limit:
            return 0.0
        rest = MINUTE - (now - self._minute[0])
        return rest / max(limit - done, 1)
