"""Taking a seat and giving it back: the part of a session that the licence counts."""

import contextlib
import logging
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from acumatica_source.client import exits
from acumatica_source.client.address import SiteAddress
from acumatica_source.client.auth import Authenticator, CookieAuth
from acumatica_source.client.errors import AcumaticaError, SeatLimitReached
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.client.retry import (
    RequestKind,
    pause_before_next,
    pause_before_next_seat,
)
from acumatica_source.client.transport import Transport
from acumatica_source.client.wire import Wire

_log = logging.getLogger("acumatica_source.client")


class Seating:
    """Signs in and out over one wire; whatever interrupts, no seat is lost sight of.

    Args:
        instance: where to sign in.
        transport: time limits, verification, retries.
        auth: how to sign in.
        memory: where sessions are remembered, for those that a killed process leaves behind.

    Attributes:
        wire: what the session's requests go over; it holds the cookies.
        closed: no seat is kept any more; one that is still on its way is given back at once.
    """

    def __init__(
        self,
        instance: SiteAddress,
        transport: Transport,
        auth: Authenticator,
        memory: SeatMemory | None,
    ) -> None:
        self.wire = Wire(instance, transport, auth)
        self.closed = False
        self._instance = instance
        self._transport = transport
        self._auth = auth
        self._memory = memory
        self._seat: exits.Seat | None = None

    @property
    def taken(self) -> bool:
        """Whether there is a seat, as far as is known."""
        return self._seat is not None

    def take(self, wait: float) -> int:
        """Sign in, waiting up to `wait` seconds for a free seat; returns the status."""
        return self._patiently(self._sign_in, wait)

    def _patiently(self, sign_in: Callable[[], int], wait: float) -> int:
        deadline = time.monotonic() + wait
        attempt = 1
        policy = self._transport.retries
        while True:
            try:
                return sign_in()
            except SeatLimitReached as error:
                left = deadline - time.monotonic()
                pause = pause_before_next_seat(policy, error, attempt, left)
                if pause is None:
                    raise
                _log.warning("No free API session; waiting up to %.0f s more for one.", left)
            except AcumaticaError as error:
                pause = pause_before_next(policy, RequestKind.SIGN_IN, error, attempt)
                if pause is None:
                    raise
            time.sleep(pause)
            attempt += 1

    def renew(self, wait: float) -> None:
        """Get a newer token for the same session; waits for a seat as `take` does."""

        def work() -> int:
            # An interrupt must not lose the answer: the refresh token of before is used up.
            return _uninterrupted(lambda: self.wire.run(self._auth.sign_in()))

        self._patiently(work, wait)

    def give_back(self) -> int:
        """Sign out; returns the status, 204 if there is no seat."""
        seat, self._seat = self._seat, None
        status = seat.give_back() if seat is not None else None
        return 204 if status is None else status

    def give_up(self) -> None:
        """Be done with a session that the server seems to have ended.

        It may only seem so: signing it out all the same costs one request, and makes sure that no
        second seat is taken beside it.
        """
        seat, self._seat = self._seat, None
        if seat is not None:
            exits.quietly(seat)
        self.wire.http.cookies.clear()

    def _sign_in(self) -> int:
        def work() -> int:
            try:
                with exits.signing_in():
                    self._sign_out_left_behind()
                    status = self.wire.run(self._auth.sign_in())
                    seat = exits.Seat(_SignOut(self.wire, self._auth), self._remember())
                    weakref.finalize(self, _give_back_later, seat).atexit = False
                    self._seat = seat
            except BaseException:
                self.wire.http.cookies.clear()
                raise
            if self.closed:
                self.give_back()
            return status

        try:
            return _uninterrupted(work)
        except (KeyboardInterrupt, SystemExit):
            self.give_back()
            raise

    def _sign_out_left_behind(self) -> None:
        if self._memory is None or not isinstance(self._auth, CookieAuth):
            return
        host = urlsplit(self._instance.origin).hostname or ""
        domain = host if "." in host else f"{host}.local"  # as http.cookiejar has it
        for cookies in self._memory.left_behind(self._profile, self._auth.credentials.password):
            wire = Wire(self._instance, self._transport, self._auth)
            for name, value in cookies.items():
                wire.http.cookies.set(name, value, domain=domain, path="/")
            with contextlib.suppress(AcumaticaError), wire.http:
                wire.run(self._auth.sign_out(), timeout=(5.0, 5.0))
                _log.info("Signed out a session that an earlier process had left behind.")

    def _remember(self) -> Callable[[], None]:
        if self._memory is None or not isinstance(self._auth, CookieAuth):
            return lambda: None
        cookies = {cookie.name: cookie.value or "" for cookie in self.wire.http.cookies}
        return self._memory.keep(self._profile, self._auth.credentials.password, cookies)

    @property
    def _profile(self) -> str:
        user = self._auth.credentials.username if isinstance(self._auth, CookieAuth) else ""
        return f"{self._instance.base_url} {user}"


@dataclass(frozen=True)
class _SignOut:
    """What a seat needs to be signed out; holds no reference to the session."""

    wire: Wire
    auth: Authenticator

    def __call__(self) -> int:
        try:
            flow = self.auth.sign_out()
            return self.wire.run(flow, (10.0, 10.0), RequestKind.SIGN_OUT)
        finally:
            self.wire.http.cookies.clear()


def _uninterrupted(work: Callable[[], int]) -> int:
    """Do work in a thread of its own; an interrupt here waits until it is done, for a while."""
    status: list[int] = []
    failure: list[BaseException] = []
    done = threading.Event()  # a join() that is interrupted takes the thread for finished

    def run() -> None:
        try:
            status.append(work())
        except BaseException as error:
            failure.append(error)
        finally:
            done.set()

    try:
        threading.Thread(target=run, name="acumatica-sign-in", daemon=True).start()
        done.wait()
    except BaseException:
        done.wait(exits.GRACE)
        raise
    if failure:
        raise failure[0]
    return status[0]


def _give_back_later(seat: exits.Seat) -> None:
    """Sign out a session that was garbage collected, outside the collector's thread."""
    threading.Thread(target=exits.quietly, args=(seat,), name="acumatica-sign-out").start()
