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
        self._minute: deque[float] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._running = 0
        self.delayed_seconds = 0.0
        self.declined = 0

    def configure(self, license: License) -> None:
        """Keep to this licence from now on; what waits is let in as soon as a request is done."""
        self._license = license

    def reset_counters(self) -> None:
        """Count delays and declined requests from zero; the last minute stays as it was."""
        self.delayed_seconds = 0.0
        self.declined = 0

    async def enter(self) -> None:
        """Wait for a turn; every `enter` that returns must be followed by `leave`.

        Raises:
            Declined: the queue is too long, or the wait was.
        """
        delay = self._delay()
        if self._waiting or not self._free:
            await self._queue()
        else:
            self._running += 1
        self.count()
        if delay:
            self.delayed_seconds += delay
            try:
                await asyncio.sleep(delay)
            except BaseException:
                self.leave()
                raise

    def leave(self) -> None:
        """The request is done."""
        self._running -= 1
        while self._waiting and self._free:
            turn = self._waiting.popleft()
            if not turn.done():  # who has given up is gone from the queue a moment later
                self._running += 1
                turn.set_result(None)

    @property
    def _free(self) -> bool:
        limit = self._license.concurrent
        return limit is None or self._running < limit

    async def _queue(self) -> None:
        if len(self._waiting) >= LONGEST_QUEUE:
            self.declined += 1
            raise Declined
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(turn, LONGEST_WAIT)
        except BaseException as error:
            if turn in self._waiting:
                self._waiting.remove(turn)
            if turn.done() and not turn.cancelled():
                self.leave()  # it was this request's turn just as it gave up
            if not isinstance(error, TimeoutError):
                raise
            self.declined += 1
            raise Declined from None

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
