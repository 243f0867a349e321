"""One session on the server: one licence seat, one request at a time, one place that sends.

The server handles the requests of a session one after another, so a lock does the same here. The
sign-in happens with the first request, and again, once per request, when the server has forgotten
the session. What may be repeated is repeated as `retry` says; everything else is raised as the
error that `classify` tells.
"""

import contextlib
import copy
import logging
import os
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from acumatica_source.client import exits
from acumatica_source.client.address import SiteAddress, public_url
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
    InsecureTransportWarning,
    SeatLimitReached,
    UnexpectedAnswer,
)
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.client.retry import (
    RequestKind,
    may_sign_in_again,
    pause_before_next,
    pause_before_next_seat,
)
from acumatica_source.client.seating import Seating
from acumatica_source.client.spoken import Spoken
from acumatica_source.client.transport import (
    Body,
    Transport,
    pieces,
)

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
    def instance(self) -> SiteAddress:
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
        self.spoken = Spoken()
        """What the instance's endpoints speak, as far as somebody had to know."""
        self._gate = gate
        self._memory = memory
        self._sign_in_again = sign_in_again
        self._persistent = persistent
        self._visits = 0
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._refusal: AuthenticationError | None = None
        self._seating = Seating(self.instance, self.transport, self.auth, memory)
        _warn_if_insecure(self.instance, self.transport)
        exits.guard_sigterm()

    @property
    def http(self) -> requests.Session:
        """The underlying HTTP session, which holds the cookies."""
        return self._seating.wire.http

    @property
    def requests_made(self) -> int:
        """Requests sent so far, sign-ins and repetitions included."""
        return self._seating.wire.requests_made

    # -- coming and going ---------------------------------------------------------------------

    @property
    def signed_in(self) -> bool:
        """Whether this process holds a seat by this session, as far as it knows."""
        return self._seating.taken and self._pid == os.getpid()

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
            if self._seating.closed:
                raise ConfigurationError("This session is closed; open a new one.")
            if self._seating.taken:
                return 204
            self._refusal = None
            return self._seating.take(self.seat_wait)

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
        return self._seating.give_back()

    def close(self) -> None:
        """Sign out and close the connections. Never raises because of the network."""
        self._seating.closed = True
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

    def unjudged(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Body:
        """What the server answers to a read, good or not, asked once.

        Arguments as for `request`.

        Raises:
            AuthenticationError: the sign-in was refused.
            SeatLimitReached: there is no seat.
            ConnectionFailed: there was no complete answer.
        """
        call = self._call("GET", path, params, headers=headers)
        with self.visit(), self._lock:
            self.login()
            response, content = self._send(call)
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
        harmless = method in _READS if idempotent is None else idempotent
        kind = RequestKind.READ if harmless else RequestKind.WRITE
        return Call(method, self.instance.url(path, params), kind, complete, data, stream)

    def _perform(self, call: Call) -> tuple[requests.Response, bytes]:
        self._start_anew_after_fork()
        with self.visit(), self._lock:
            attempt, renewed, start = 1, False, _position(call.data)
            deadline: float | None = None
            while True:
                if not self._seating.taken:
                    self._let_in()
                elif self.auth.expired():
                    self._seating.renew(self.seat_wait)
                try:
                    response, content = self._send(call)
                    error = judge(call, response, content, self.auth.secrets)
                    if error is None:
                        return response, content
                except AcumaticaError as failure:
                    error = failure
                error.attempts = attempt
                once = self._sign_in_again and not renewed
                if once and may_sign_in_again(call.kind, error):
                    _log.info("The session has ended on the server; signing in again.")
                    renewed = True
                    if self.auth.keeps_session:
                        self._seating.renew(self.seat_wait)
                    else:
                        self._seating.give_up()
                    _rewind(call.data, start)
                    continue
                if isinstance(error, SeatLimitReached):
                    # A token's session is counted when it is used first, not when it is given.
                    deadline = deadline or time.monotonic() + self.seat_wait
                    left = deadline - time.monotonic()
                    pause = pause_before_next_seat(self.transport.retries, error, attempt, left)
                else:
                    pause = pause_before_next(self.transport.retries, call.kind, error, attempt)
                if pause is None:
                    raise error
                level = logging.WARNING if isinstance(error, SeatLimitReached) else logging.INFO
                _log.log(level, "%s; trying again in %.1f s.", error, pause)
                time.sleep(pause)
                attempt += 1
                _rewind(call.data, start)

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
            response, content = self._seating.wire.exchange(page)
        if response.status_code != 200:
            return None
        return landed_tenant(content)

    def _send(self, call: Call) -> tuple[requests.Response, bytes]:
        url = call.url
        for _ in range(_HOPS):
            request = requests.Request(call.method, url, headers=dict(call.headers), data=call.data)
            with self._gate.turn() if self._gate is not None else nullcontext():
                response, content = self._seating.wire.exchange(request, call.stream)
            target = onward(response, url)
            harmless = call.kind is RequestKind.READ
            if target is None or not (harmless and self.instance.owns(target)):
                return response, content
            url = target
        raise UnexpectedAnswer(
            f"{call.method} {public_url(call.url)} is redirected in a circle. Check base_url.",
            method=call.method,
            url=public_url(call.url),
        )

    def _start_anew_after_fork(self) -> None:
        if self._pid != os.getpid():
            # The seat, its cookies and connections are the parent's.
            self._pid = os.getpid()
            self._lock = threading.RLock()
            self._seating = Seating(self.instance, self.transport, self.auth, self._memory)


def _position(data: Any) -> int | None:
    """Where an open file is to be read from again, should it be sent twice."""
    try:
        return int(data.tell())
    except (AttributeError, OSError):
        return None


def _rewind(data: Any, position: int | None) -> None:
    if position is not None:
        data.seek(position)


def _warn_if_insecure(instance: SiteAddress, transport: Transport) -> None:
    host = urlsplit(instance.origin).hostname or ""
    if not instance.secure and host not in ("localhost", "127.0.0.1", "::1"):
        text = f"{instance.base_url} is not https: the password travels in the clear."
    elif instance.secure and transport.verify_ssl is False:
        text = f"Certificates of {instance.base_url} are not verified: anyone can pose as it."
    else:
        return
    _log.warning(text)
    warnings.warn(text, InsecureTransportWarning, stacklevel=4)
