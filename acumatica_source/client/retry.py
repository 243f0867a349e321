"""What is sent again, how often, and after how long: the one place that decides.

Which failures may pass by themselves, the errors say (`AcumaticaError.retryable`). What that means
for a request depends on its kind; docs/client.md has it as a table.
"""

import random
from dataclasses import dataclass
from enum import Enum, auto

from acumatica_source.client.errors import (
    AcumaticaError,
    ConnectionFailed,
    OperationRunning,
    SeatLimitReached,
    ServerUnavailable,
    SessionExpired,
    TimedOut,
)


class RequestKind(Enum):
    """What a request is for, as far as repeating it is concerned."""

    READ = auto()
    """Changes nothing, so it does no harm to send it twice."""
    WRITE = auto()
    """Must not be done twice."""
    SIGN_IN = auto()
    """Takes a seat; wrong passwords lock accounts."""
    SIGN_OUT = auto()
    """Gives a seat back, which would be missed for 10 minutes otherwise."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often a request that may be repeated is repeated.

    The delay doubles from `first_delay` to `max_delay` with jitter between half and all of it. The
    defaults outlast the restart of a site, about a minute.

    Attributes:
        attempts: most times a request is sent in all.
        attempts_after_timeout: most times, if no answer came within the read time limit.
        attempts_during_operation: most times, while a long operation keeps the form; by default
            for some four minutes.
        first_delay: seconds before the first repetition.
        max_delay: most seconds before any repetition.
        max_retry_after: most seconds of the server's own `Retry-After` that are waited.
    """

    attempts: int = 8
    attempts_after_timeout: int = 2
    attempts_during_operation: int = 16
    first_delay: float = 0.5
    max_delay: float = 30.0
    max_retry_after: float = 120.0

    def allows(self, error: AcumaticaError, attempt: int) -> bool:
        """Whether to send again after the given attempt (from 1) failed."""
        most = self.attempts
        if isinstance(error, TimedOut):
            most = self.attempts_after_timeout
        elif isinstance(error, OperationRunning):
            most = self.attempts_during_operation
        return error.retryable and attempt < most

    def delay(self, attempt: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the given attempt (from 1) failed."""
        if retry_after is not None:
            return min(retry_after, self.max_retry_after)
        whole = min(self.max_delay, self.first_delay * 2.0 ** min(attempt - 1, 30))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


_SIGN_INS_AT_RESTART = 6
_SIGN_INS_UNSENT = 2
_SIGN_OUTS = 3
_SIGN_OUT_PAUSES = (0.2, 1.0)
"""Seconds before a sign-out that the server was not able to do is sent again."""

SHORT_OF_SEATS = 60.0
"""Seconds until a pool that has fewer sessions than declared tries for another."""


def pause_before_next(
    policy: RetryPolicy, kind: RequestKind, error: AcumaticaError, attempt: int
) -> float | None:
    """Seconds after which to send a request again, None if not to.

    Args:
        policy: the numbers.
        kind: what the request is for.
        error: what came of it.
        attempt: how often it was sent, this time included.
    """
    lost = isinstance(error, ConnectionFailed)
    if kind is RequestKind.SIGN_OUT:
        # At once, for the process may be about to end; a server that hangs is not waited for twice.
        again = lost and error.retryable and not isinstance(error, TimedOut)
        return 0.0 if again and attempt < _SIGN_OUTS else None
    unsent = isinstance(error, ConnectionFailed) and error.unsent
    if kind is RequestKind.SIGN_IN:
        # Only where the request cannot have been looked at.
        most = 1
        if isinstance(error, ServerUnavailable) and error.status == 503:
            most = _SIGN_INS_AT_RESTART
        elif unsent and error.retryable:
            most = _SIGN_INS_UNSENT
        again = attempt < most
    else:
        harmless = kind is RequestKind.READ or unsent or _turned_away(error)
        again = harmless and policy.allows(error, attempt)
    return policy.delay(attempt, error.retry_after) if again else None


def _turned_away(error: AcumaticaError) -> bool:
    """Whether a write was refused before it was looked at, and may be sent once more.

    What runs may be the very action that is asked for, sent before by somebody who did not get its
    answer; so an action, which alone is asked for by POST, is not sent again behind its back.
    """
    return isinstance(error, OperationRunning) and error.method not in (None, "POST")


def pause_before_next_sign_out(status: int, attempt: int) -> float | None:
    """Seconds after which to ask for the sign-out again, None if not to.

    Args:
        status: what it was answered with.
        attempt: how often it was answered, this time included.
    """
    if (status < 500 and status != 429) or attempt > len(_SIGN_OUT_PAUSES):
        return None
    return _SIGN_OUT_PAUSES[attempt - 1]


def pause_before_next_seat(
    policy: RetryPolicy, error: SeatLimitReached, attempt: int, left: float
) -> float | None:
    """Seconds after which to try for a seat again, None if it is not worth while.

    Args:
        policy: the numbers.
        error: why there was none.
        attempt: how often it was tried, this time included.
        left: seconds that whoever needs the seat goes on waiting.
    """
    if left <= 0:
        return None
    # Seats come free in minutes, not in tenths of seconds.
    return min(left, max(1.0, policy.delay(attempt + 2, error.retry_after)))


def may_sign_in_again(kind: RequestKind, error: AcumaticaError) -> bool:
    """Whether to sign in and send a request again: once, the session may have ended.

    A 401 and a redirect to the sign-in page prove that the request was not processed; a page in
    place of an answer does not.
    """
    return isinstance(error, SessionExpired) and (kind is RequestKind.READ or error.status != 200)
