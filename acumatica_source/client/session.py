"""One session on the server: one licence seat, one request at a time, one place that sends.

The server handles the requests of a session one after another, so a lock does the same here. The
sign-in happens with the first request, and again, once per request, when the server has forgotten
the session. What may be repeated is repeated as `RetryPolicy` says; everything else is raised as
the error that `classify` tells.
"""

import contextlib
import copy
import logging
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from acumatica_source.client import exits
from acumatica_source.client.answers import Call, checked_headers, judge, onward
from acumatica_source.client.auth import (
    Authenticator,
    CookieAuth,
    Credentials,
    landed_tenant,
)
from acumatica_source.client.encoding import to_json
from acumatica_source.client.errors import (
    AcumaticaError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    InsecureTransportWarning,
    SeatLimitReached,
    ServerUnavailable,
    SessionExpired,
    UnexpectedAnswer,
)
from acumatica_source.client.instance import Instance, public_url
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.client.transport import (
    Body,
    Transport,
    pieces,
)
from acumatica_source.client.wire import Wire

__all__ = ["Body", "CookieAuth", "Credentials", "Session", "Transport"]

_log = logging.getLogger("acumatica_source.client")

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = "application/json"
_HOPS = 5
"""Most redirects followed for one request."""


class Gate(Protocol):
    """Lets requests through as fast as the declared quota allows."""

    def turn(self) -> AbstractContextManager[object]:
        """Wait for, and hold, the right to send one request."""
        ...


class SupportsSignIn(Protocol):
    """Credentials of any kind."""

    @property
    def instance(self) -> Instance:
        """Where to sign in."""
        ...

    def authenticator(self) -> Authenticator:
        """How to sign in."""
        ...


class Session:
    """One seat. Safe to use from several threads; they take turns.

    Args:
        credentials: who signs in, and where.
        transport: time limits, verification, retries.
        gate: the quota to respect; none by default.
        seat_wait: seconds to wait for a free seat when signing in.
        sign_in_again: whether to sign in again, once per request, when the session has expired.
        persistent: keep the session between requests; otherwise every request (or `visit` block)
            signs in before and out after.
        memory: where sessions are remembered, so that those that a killed process left behind
            are signed out first; only for sign-ins by user name and password.
    """

    def __init__(
        self,
        credentials: SupportsSignIn,
        transport: Transport | None = None,
        *,
        gate: Gate | None = None,
        seat_wait: float = 0.0,
        sign_in_again: bool = True,
        persistent: bool = True,
        memory: SeatMemory | None = None,
    ) -> None:
        self.instance = credentials.instance
        self.transport = transport or Transport()
        self.auth = credentials.authenticator()
        self.seat_wait = seat_wait
        self._gate = gate
        self._memory = memory
        self._sign_in_again = sign_in_again
        self._persistent = persistent
        self._visits = 0
        self._seat: exits.Seat | None = None
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._closed = False
        self._refusal: AuthenticationError | None = None
        self._wire = Wire(self.instance, self.transport, self.auth)
        _warn_if_insecure(self.instance, self.transport)
        exits.guard_sigterm()

    @property
    def http(self) -> requests.Session:
        """The underlying HTTP session, which holds the cookies."""
        return self._wire.http

    @property
    def requests_made(self) -> int:
        """Requests sent so far, sign-ins and repetitions included."""
        return self._wire.requests_made

    # -- coming and going ---------------------------------------------------------------------

    @property
    def signed_in(self) -> bool:
        """Whether this process holds a seat by this session, as far as it knows."""
        return self._seat is not None and self._pid == os.getpid()

    def login(self) -> int:
        """Take the seat, waiting up to `seat_wait` seconds for one.

        Returns:
            The status of the sign-in; 204 without any request if signed in already.

        Raises:
            AuthenticationError: refused; never repeated, because wrong passwords lock accounts.
            SeatLimitReached: no seat came free in time.
            ConnectionFailed: the instance cannot be reached.
        """
        self._start_anew_after_fork()
        with self._lock:
            if self._closed:
                raise ConfigurationError("This session is closed; open a new one.")
            if self._seat is not None:
                return 204
            self._refusal = None
            return self._wait_for_seat()

    def _let_in(self) -> None:
        """Sign in because a request needs it; once refused, only `login` tries again."""
        if self._refusal is not None:
            raise copy.copy(self._refusal)
        try:
            self.login()
        except AuthenticationError as error:
            self._refusal = error
            raise

    def logout(self) -> int:
        """Give the seat back.

        Returns:
            The status of the sign-out; 204 without any request if not signed in.
        """
        self._start_anew_after_fork()
        seat, self._seat = self._seat, None
        status = seat.give_back() if seat is not None else None
        return 204 if status is None else status

    def close(self) -> None:
        """Sign out and close the connections. Never raises because of the network."""
        self._closed = True
        try:
            self._leave()
        finally:
            self.http.close()

    def _leave(self) -> None:
        # Whatever was done is done: a sign-out that fails must not hide what came of it.
        try:
            self.logout()
        except AcumaticaError as error:
            _log.warning("Signing out failed: %s", error)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextlib.contextmanager
    def visit(self) -> Iterator["Session"]:
        """Keep one seat over several requests, also where the session is not persistent."""
        with self._lock:
            self._visits += 1
        try:
            yield self
        finally:
            with self._lock:
                self._visits -= 1
                leave = not self._persistent and self._visits == 0
            if leave:
                self._leave()

    # -- requests -----------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Send a request and return its good answer.

        Args:
            method: HTTP method.
            path: relative to the instance (`entity/Default/24.200.001/Customer`), or a link from
                an answer. Nothing outside the instance is ever contacted.
            params: query parameters.
            json: body to be sent as JSON.
            data: body to be sent as it is: bytes, or an open binary file.
            headers: further headers. Unless `Accept` asks for something else, JSON is expected.
            idempotent: whether repeating does no harm; by default, whether the method is a read.
            stream: leave the body unread. The caller reads and closes it.

        Returns:
            The response, with status below 300.

        Raises:
            AcumaticaError: anything else; see `errors`.
        """
        call = self._call(method, path, params, json, data, headers, idempotent, stream)
        return self._perform(call)[0]

    @contextlib.contextmanager
    def stream(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[bytes]]:
        """Send a request and read its answer piece by piece, however long it is.

        Arguments and errors as for `request`; the session is taken until the block ends.
        """
        call = self._call(method, path, headers=headers, stream=True)
        with self.visit(), self._lock:
            response, _ = self._perform(call)
            try:
                yield pieces(response)
            finally:
                response.close()

    def get_bytes(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Body:
        """Read an address whole. Arguments as for `request`."""
        response, content = self._perform(self._call("GET", path, params, headers=headers))
        return Body(content, response.status_code, response.headers)

    def put_bytes(
        self,
        path: str,
        json: Any,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Body:
        """Read an inquiry: asked by PUT, it changes nothing. Arguments as for `request`."""
        call = self._call("PUT", path, params, json, None, headers, True)
        response, content = self._perform(call)
        return Body(content, response.status_code, response.headers)

    # -- the one place that sends -------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        stream: bool = False,
    ) -> Call:
        complete = {"Accept": _JSON, **checked_headers(headers)}
        if json is not None:
            data = to_json(json)
            complete["Content-Type"] = _JSON
        method = method.upper()
        repeatable = method in _READS if idempotent is None else idempotent
        return Call(method, self.instance.url(path, params), repeatable, complete, data, stream)

    def _perform(self, call: Call) -> tuple[requests.Response, bytes]:
        self._start_anew_after_fork()
        with self.visit(), self._lock:
            attempt, renewed, start = 1, False, _position(call.data)
            while True:
                if self._seat is None:
                    self._let_in()
                elif self.auth.expired():
                    self._renew()
                try:
                    response, content = self._send(call)
                    error = judge(call, response, content, self.auth.secrets)
                    if error is None:
                        return response, content
                except AcumaticaError as failure:
                    error = failure
                error.attempts = attempt
                if (
                    isinstance(error, SessionExpired)
                    and not renewed
                    and self._may_renew(call, error)
                ):
                    _log.info("The session has ended on the server; signing in again.")
                    renewed = True
                    if self.auth.keeps_session:
                        self._renew()
                    else:
                        self._give_up_seat()
                    _rewind(call.data, start)
                    continue
                repeatable = call.idempotent or _is_unsent(error)
                if not repeatable or not self.transport.retries.allows(error, attempt):
                    raise error
                pause = self.transport.retries.delay(attempt, error.retry_after)
                _log.info("%s; trying again in %.1f s.", error, pause)
                time.sleep(pause)
                attempt += 1
                _rewind(call.data, start)

    def _may_renew(self, call: Call, error: SessionExpired) -> bool:
        # A 401 and a redirect to the sign-in page prove that the request was not processed; a
        # page in place of an answer does not.
        return self._sign_in_again and (call.idempotent or error.status != 200)

    def landed_tenant(self) -> str | None:
        """The login name of the tenant that the session is in, where the instance tells.

        A sign-in to an instance with a single tenant succeeds whatever tenant is named. The
        sign-in page, read within a session, shows the tenant.

        Returns:
            The tenant, None if the instance does not say.
        """
        with self.visit(), self._lock:
            self.login()
            page = requests.Request("GET", self.instance.url("Frames/Login.aspx"))
            response, content = self._wire.exchange(page)
        if response.status_code != 200:
            return None
        return landed_tenant(content)

    def _send(self, call: Call) -> tuple[requests.Response, bytes]:
        url = call.url
        for _ in range(_HOPS):
            request = requests.Request(call.method, url, headers=dict(call.headers), data=call.data)
            with self._gate.turn() if self._gate is not None else nullcontext():
                response, content = self._wire.exchange(request, call.stream)
            target = onward(response, url)
            if target is None or not (call.idempotent and self.instance.owns(target)):
                return response, content
            url = target
        raise UnexpectedAnswer(
            f"{call.method} {public_url(call.url)} is redirected in a circle. Check base_url.",
            method=call.method,
            url=public_url(call.url),
        )

    # -- the seat -----------------------------------------------------------------------------

    def _wait_for_seat(self) -> int:
        deadline = time.monotonic() + self.seat_wait
        attempt = 1
        while True:
            try:
                return self._sign_in()
            except SeatLimitReached as error:
                pause = max(1.0, self.transport.retries.delay(attempt + 2, error.retry_after))
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
                pause = min(pause, left)
                _log.warning("No free API session; waiting up to %.0f s more for one.", left)
            except (ConnectionFailed, ServerUnavailable) as error:
                # Only where the sign-in cannot have been looked at: nothing sent, or turned away.
                untouched = _is_unsent(error) or error.status == 503
                if not untouched or not error.retryable or attempt >= _sign_in_attempts(error):
                    raise
                pause = self.transport.retries.delay(attempt, error.retry_after)
            time.sleep(pause)
            attempt += 1

    def _sign_in(self) -> int:
        def work() -> int:
            try:
                with exits.signing_in():
                    self._sign_out_left_behind()
                    status = self._wire.run(self.auth.sign_in())
                    seat = exits.Seat(_SignOut(self._wire, self.auth), self._remember())
                    weakref.finalize(self, _give_back_later, seat).atexit = False
                    self._seat = seat
            except BaseException:
                self.http.cookies.clear()
                raise
            if self._closed:
                self.logout()
            return status

        try:
            return _uninterrupted(work)
        except (KeyboardInterrupt, SystemExit):
            self.logout()
            raise

    def _renew(self) -> None:
        """Get a newer token for the same session."""
        # An interrupt must not lose the answer: the refresh token of before is used up.
        _uninterrupted(lambda: self._wire.run(self.auth.sign_in()))

    def _sign_out_left_behind(self) -> None:
        if self._memory is None or not isinstance(self.auth, CookieAuth):
            return
        secret = self.auth.credentials.password
        host = urlsplit(self.instance.origin).hostname or ""
        for cookies in self._memory.left_behind(self._profile, secret):
            wire = Wire(self.instance, self.transport, self.auth)
            for name, value in cookies.items():
                wire.http.cookies.set(name, value, domain=_cookie_domain(host), path="/")
            with contextlib.suppress(AcumaticaError), wire.http:
                wire.run(self.auth.sign_out(), timeout=(5.0, 5.0))
                _log.info("Signed out a session that an earlier process had left behind.")

    def _remember(self) -> Callable[[], None]:
        if self._memory is None or not isinstance(self.auth, CookieAuth):
            return lambda: None
        cookies = {cookie.name: cookie.value or "" for cookie in self.http.cookies}
        return self._memory.keep(self._profile, self.auth.credentials.password, cookies)

    @property
    def _profile(self) -> str:
        user = self.auth.credentials.username if isinstance(self.auth, CookieAuth) else ""
        return f"{self.instance.base_url} {user}"

    def _give_up_seat(self) -> None:
        # The server may only seem to have ended the session: signing it out all the same costs
        # one request, and makes sure that no second seat is taken beside it.
        seat, self._seat = self._seat, None
        if seat is not None:
            exits.quietly(seat)
        self.http.cookies.clear()

    def _start_anew_after_fork(self) -> None:
        if self._pid != os.getpid():
            # The seat, its cookies and connections are the parent's.
            self._pid = os.getpid()
            self._lock = threading.RLock()
            self._seat = None
            self._wire = Wire(self.instance, self.transport, self.auth)


@dataclass(frozen=True)
class _SignOut:
    """What a seat needs to be signed out; holds no reference to the session."""

    wire: Wire
    auth: Authenticator

    def __call__(self) -> int:
        try:
            return self.wire.run(self.auth.sign_out(), timeout=(10.0, 10.0), attempts=3)
        finally:
            self.wire.http.cookies.clear()


def _uninterrupted(work: Callable[[], int]) -> int:
    """Do work in a thread of its own; an interrupt here waits until it is done, for a while."""
    status: list[int] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            status.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="acumatica-sign-in", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        thread.join(exits.GRACE)
        raise
    if failure:
        raise failure[0]
    return status[0]


def _give_back_later(seat: exits.Seat) -> None:
    """Sign out a session that was garbage collected, outside the collector's thread."""
    threading.Thread(target=exits.quietly, args=(seat,), name="acumatica-sign-out").start()


def _cookie_domain(host: str) -> str:
    return host if "." in host else f"{host}.local"  # as http.cookiejar has it


def _is_unsent(error: AcumaticaError) -> bool:
    return isinstance(error, ConnectionFailed) and error.unsent


def _sign_in_attempts(error: AcumaticaError) -> int:
    return 6 if error.status == 503 else 2


def _position(data: Any) -> int | None:
    """Where an open file is to be read from again, should it be sent twice."""
    try:
        return int(data.tell())
    except (AttributeError, OSError):
        return None


def _rewind(data: Any, position: int | None) -> None:
    if position is not None:
        data.seek(position)


def _warn_if_insecure(instance: Instance, transport: Transport) -> None:
    host = urlsplit(instance.origin).hostname or ""
    if not instance.secure and host not in ("localhost", "127.0.0.1", "::1"):
        text = f"{instance.base_url} is not https: the password travels in the clear."
    elif instance.secure and transport.verify_ssl is False:
        text = f"Certificates of {instance.base_url} are not verified: anyone can pose as it."
    else:
        return
    _log.warning(text)
    warnings.warn(text, InsecureTransportWarning, stacklevel=4)
