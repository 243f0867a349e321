"""Several seats for many threads, within a declared budget."""

import contextlib
import copy
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from acumatica_source.client import exits
from acumatica_source.client.errors import AuthenticationError, ConfigurationError, SeatLimitReached
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.client.quota import Quota, SeatBudget
from acumatica_source.client.retry import SHORT_OF_SEATS, pause_before_next_seat
from acumatica_source.client.session import Session, SupportsSignIn
from acumatica_source.client.transport import Transport

__all__ = ["SeatBudget", "SessionPool"]

_log = logging.getLogger("acumatica_source.client")

T = TypeVar("T")


class SessionPool:
    """Opens sessions as they are needed, up to the budget, and lends each to one thread at a time.

    When the licence gives no further session, the pool is content with those it has; only if it
    has none does it wait, up to `budget.wait_seconds`.

    Args:
        credentials: who signs in, and where.
        budget: how much of the licence to use.
        transport: time limits, verification, retries.
        memory: where sessions are remembered; see `Session`.
    """

    def __init__(
        self,
        credentials: SupportsSignIn,
        budget: SeatBudget | None = None,
        transport: Transport | None = None,
        memory: SeatMemory | None = None,
    ) -> None:
        self.budget = budget or SeatBudget()
        self._credentials = credentials
        self._transport = transport or Transport()
        self._memory = memory
        self._quota = Quota(self.budget)
        self._changed = threading.Condition()
        self._idle: list[Session] = []
        self._all: list[Session] = []
        self._opening = 0
        self._next_opening = 0.0
        self._spent = 0
        self._closed = False
        self._refusal: AuthenticationError | None = None
        exits.guard_sigterm()

    @property
    def seats_open(self) -> int:
        """Sessions signed in at the moment."""
        return sum(session.signed_in for session in list(self._all))

    @property
    def requests_made(self) -> int:
        """Requests sent so far by all sessions, sign-ins and repetitions included."""
        return self._spent + sum(session.requests_made for session in list(self._all))

    @contextlib.contextmanager
    def seat(self) -> Iterator[Session]:
        """Borrow a session that is signed in.

        Raises:
            SeatLimitReached: the pool has no session, and none came free in time.
            AuthenticationError: the sign-in was refused.
            ConnectionFailed: the instance cannot be reached.
            ConfigurationError: the pool is closed.
        """
        session = self._borrow()
        # A session that is lost is waited for only where there is no other.
        session.seat_wait = self.budget.wait_seconds if len(self._all) == 1 else 0.0
        try:
            yield session
        finally:
            self._return(session)

    def run(self, work: Callable[[Session], T]) -> T:
        """Do work that may be repeated with a borrowed session.

        Should that session be lost to others meanwhile, the work is done again with one of those
        that remain.
        """
        while True:
            with self.seat() as session:
                try:
                    return work(session)
                except SeatLimitReached:
                    waited = session.seat_wait >= self.budget.wait_seconds
                    if not self._shrink(session) and waited:
                        raise

    def close(self) -> None:
        """Sign every session out. Requests under way in other threads fail."""
        with self._changed:
            self._closed = True
            sessions, self._all, self._idle = self._all, [], []
            self._spent += sum(session.requests_made for session in sessions)
            self._changed.notify_all()
        for session in sessions:
            session.close()

    def __enter__(self) -> "SessionPool":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _borrow(self) -> Session:
        deadline = time.monotonic() + self.budget.wait_seconds
        while True:
            with self._changed:
                while True:
                    if self._closed:
                        raise ConfigurationError("The session pool is closed.")
                    if self._refusal is not None:
                        raise copy.copy(self._refusal)
                    if self._idle:
                        return self._idle.pop()
                    pause = self._next_opening - time.monotonic()
                    if len(self._all) + self._opening >= self.budget.sessions:
                        self._changed.wait()
                    elif self._opening and not self._all:
                        # One first: a wrong password is to be tried once, or it locks the account.
                        self._changed.wait()
                    elif pause > 0:
                        self._changed.wait(pause)
                    else:
                        break
                self._opening += 1
            session = self._open(deadline)
            if session is not None:
                return session

    def _open(self, deadline: float) -> Session | None:
        """A new session; None if the licence has no seat for it now.

        Args:
            deadline: until when to be content with no session at all (monotonic).
        """
        session = Session(self._credentials, self._transport, gate=self._quota, memory=self._memory)
        opened, refusal = False, None
        try:
            session.login()
            opened = True
        except SeatLimitReached as error:
            refusal = error
        except AuthenticationError as error:
            self._refusal = error
            raise
        finally:
            with self._changed:
                self._opening -= 1
                opened = opened and not self._closed
                if opened:
                    self._all.append(session)
                else:
                    self._spent += session.requests_made
                if refusal is not None:
                    self._put_off_opening(refusal, deadline)
                in_vain = refusal is not None and self._next_opening == 0.0
                self._changed.notify_all()
            if not opened:
                session.close()
        if refusal is not None and in_vain:
            raise refusal
        return session if opened else None

    def _put_off_opening(self, error: SeatLimitReached, deadline: float) -> None:
        now = time.monotonic()
        if self._all or self._opening:
            self._next_opening = now + SHORT_OF_SEATS
            _log.warning(
                "There is no further API session; going on with %d of %d.",
                max(1, len(self._all)),
                self.budget.sessions,
            )
            return
        left = deadline - now
        pause = pause_before_next_seat(self._transport.retries, error, 1, left)
        if pause is None:
            self._next_opening = 0.0  # whoever else waits may try for himself
        else:
            self._next_opening = now + pause
            _log.warning("No API session is free; waiting up to %.0f s more for one.", left)

    def _return(self, session: Session) -> None:
        with self._changed:
            if session in self._all:
                self._idle.append(session)
            self._changed.notify()

    def _shrink(self, lost: Session) -> bool:
        """Do without a session whose seat was lost, if there are others."""
        with self._changed:
            if len(self._all) < 2 or lost not in self._all:
                return False
            self._all.remove(lost)
            self._spent += lost.requests_made
            self._next_opening = time.monotonic() + SHORT_OF_SEATS
            self._changed.notify_all()
        lost.close()
        return True
