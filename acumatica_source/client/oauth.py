"""Sign-in by OAuth 2.0: with a user's password, or with a user's consent in a browser.

Integration Development Guide: Authorizing Client Applications to Work with Acumatica ERP. There is
no client-credentials flow. The refresh token changes with every use; only the newest is good. It
is kept in memory, or in a store that the caller gives, and nowhere else.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from acumatica_source.client.address import SiteAddress, public_url
from acumatica_source.client.auth import AuthAnswer, AuthRequest, Flow, logout, refusal
from acumatica_source.client.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidCredentials,
    SeatLimitReached,
    UnexpectedAnswer,
)

_EARLY = 60.0
"""Seconds before its end that an access token is no longer used."""


class TokenStore(Protocol):
    """Where the refresh token is kept between programs. It is as good as a password."""

    def load(self) -> str | None:
        """The token saved last, None if there is none."""
        ...

    def save(self, token: str | None) -> None:
        """Keep the token in place of the one before; None when it has become useless."""
        ...


class MemoryStore:
    """Keeps the refresh token as long as the program runs."""

    def __init__(self) -> None:
        self._token: str | None = None

    def load(self) -> str | None:
        """See `TokenStore`."""
        return self._token

    def save(self, token: str | None) -> None:
        """See `TokenStore`."""
        self._token = token


@dataclass(frozen=True)
class Application:
    """A connected application, as registered on Connected Applications (SM303010).

    Attributes:
        base_url: address of the instance; https, unless on this machine.
        client_id: `<identifier>@<tenant>`; the tenant in it is the one signed in to.
        client_secret: its secret; never shown.
        scope: rights to ask for. With `offline_access` all access of one sign-in shares one
            session; with `api:concurrent_access` there may be several at once.
    """

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = "api offline_access"

    def __post_init__(self) -> None:
        instance = SiteAddress.parse(self.base_url)
        local = urlsplit(instance.origin).hostname in ("localhost", "127.0.0.1", "::1")
        if not instance.secure and not local:
            raise ConfigurationError("OAuth needs https; base_url is http.")
        object.__setattr__(self, "base_url", instance.base_url)
        for name in ("client_id", "client_secret", "scope"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise ConfigurationError(f"{name} is empty or no text.")
        if "api" not in {part.partition(":")[0] for part in self.scope.split()}:
            raise ConfigurationError("scope lacks 'api', without which no data can be read.")

    @property
    def instance(self) -> SiteAddress:
        """Where to sign in."""
        return SiteAddress.parse(self.base_url)


@dataclass(frozen=True)
class OAuthPassword:
    """Sign-in of a user by password, through a connected application.

    Attributes:
        application: the connected application.
        username: login name.
        password: password; never shown.
        store: where to keep the refresh token; in memory, per session, if None.
    """

    application: Application
    username: str
    password: str = field(repr=False)
    store: TokenStore | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.username or not self.password:
            raise ConfigurationError("username or password is empty.")

    @property
    def instance(self) -> SiteAddress:
        """Where to sign in."""
        return self.application.instance

    def authenticator(self) -> "BearerAuth":
        """The flow for these credentials: a grant, and so a session, of its own each."""
        form = {"grant_type": "password", "username": self.username, "password": self.password}
        return BearerAuth(_Grant(self.application, self.store or MemoryStore(), form))


class OAuthCode:
    """Sign-in by a user's consent in a browser (authorization code with PKCE).

    Send the user to `url`; give the address that the browser is sent back to, with its `code`, to
    `accept`. From then on the refresh token does. All sessions share the one consent.

    Args:
        application: the connected application.
        redirect_uri: an address registered with it, which the browser is sent back to.
        store: where the refresh token is kept; with one that has a token, no consent is needed.
    """

    def __init__(
        self, application: Application, redirect_uri: str, store: TokenStore | None = None
    ) -> None:
        self.application = application
        self.redirect_uri = redirect_uri
        self._state = secrets.token_urlsafe(24)
        self._verifier = secrets.token_urlsafe(48)
        self._grant = _Grant(application, store or MemoryStore(), None)

    def __repr__(self) -> str:
        return f"<OAuthCode of {self.application.client_id}>"

    @property
    def instance(self) -> SiteAddress:
        """Where to sign in."""
        return self.application.instance

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        digest = hashlib.sha256(self._verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.application.scope,
            "state": self._state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.instance.base_url}/identity/connect/authorize?{urlencode(query)}"

    def accept(self, redirected_to: str) -> None:
        """Take the code from the address that the browser was sent back to.

        Raises:
            AuthenticationError: the user did not consent.
            ConfigurationError: the address does not belong to this consent.
        """
        answer = parse_qs(urlsplit(redirected_to).query)
        if not secrets.compare_digest(answer.get("state", [""])[0], self._state):
            raise ConfigurationError("This address belongs to another sign-in; open `url` anew.")
        if "error" in answer:
            raise AuthenticationError(f"The consent was refused: {answer['error'][0]}.")
        code = answer.get("code", [""])[0]
        if not code:
            raise ConfigurationError("The address has no code; give it whole.")
        self._grant.accept(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": self._verifier,
            }
        )

    def authenticator(self) -> "BearerAuth":
        """The flow for this consent."""
        return BearerAuth(self._grant)


class _Grant:
    """The tokens of one grant, and how to get newer ones. Shared by the sessions that use it."""

    def __init__(
        self, application: Application, store: TokenStore, form: Mapping[str, str] | None
    ) -> None:
        self.application = application
        self._store = store
        self._form = form
        self._once = False
        self._access = ""
        self._until = 0.0
        self._lock = threading.RLock()

    def accept(self, form: Mapping[str, str]) -> None:
        self._form, self._once = form, True
        self._store.save(None)

    def __repr__(self) -> str:
        return f"<grant of {self.application.client_id}>"

    @property
    def access(self) -> str:
        return self._access

    @property
    def fresh(self) -> bool:
        return bool(self._access) and time.monotonic() < self._until

    def renew(self, rejected: str) -> Flow:
        """Get an access token, unless another session did since `rejected` was."""
        with self._lock:
            if self.fresh and self._access != rejected:
                return
            # No variable holds a form or token: tracebacks are shown with the values of variables.
            refresh = self._refresh_request()
            if refresh is not None:
                answer = yield refresh
                if answer.status == 200:
                    self._take(answer)
                    return
                error = refusal(answer, self.secrets())
                if not 400 <= answer.status < 500 or isinstance(error, SeatLimitReached):
                    raise error
                self._store.save(None)  # dead, whatever the error is called
            if self._form is None:
                raise AuthenticationError(
                    "There is no consent to sign in with, or it has run out. Open the address "
                    "`OAuthCode.url` in a browser, and give `accept` the one it leads back to."
                )
            request = self._request(self._form)
            if self._once:
                self._form = None  # a code is good for one use
            answer = yield request
            if answer.status != 200:
                error = refusal(answer, self.secrets())
                if self._once and isinstance(error, InvalidCredentials):
                    error = _consent_refused(error)
                raise error
            self._take(answer)

    def _refresh_request(self) -> AuthRequest | None:
        token = self._store.load()
        if token is None:
            return None
        return self._request({"grant_type": "refresh_token", "refresh_token": token})

    def _request(self, form: Mapping[str, str]) -> AuthRequest:
        own = {
            "client_id": self.application.client_id,
            "client_secret": self.application.client_secret,
        }
        if form["grant_type"] == "password":
            own["scope"] = self.application.scope
        return AuthRequest("POST", "identity/connect/token", form={**form, **own})

    def _take(self, answer: AuthAnswer) -> None:
        try:
            tokens: Any = json.loads(answer.body)
            access, lasts = str(tokens["access_token"]), float(tokens.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise UnexpectedAnswer(
                f"{public_url(answer.url)} answered without an access token. Check base_url."
            ) from None
        if not access.isascii() or not access.isprintable() or " " in access:
            raise UnexpectedAnswer("The access token has characters that no header can hold.")
        self._access = access
        # Without a refresh token the session ends with the access token: use it to its end, or
        # the next grant would take a second seat beside it.
        early = 0.0
        if tokens.get("refresh_token"):
            self._store.save(str(tokens["refresh_token"]))
            early = min(_EARLY, lasts / 2)
        self._until = time.monotonic() + lasts - early

    def secrets(self) -> tuple[str, ...]:
        form = self._form or {}
        known = (self.application.client_secret, self._access, self._store.load() or "")
        return (*known, form.get("password", ""), form.get("code", ""))


def _consent_refused(error: InvalidCredentials) -> AuthenticationError:
    """What a refused grant means where nobody gave a password."""
    return AuthenticationError(
        f"{error.url} does not take the code of this consent"
        f"{': ' + error.server_message.rstrip('.') if error.server_message else ''}. It is good "
        "once and for a short time: open the address `OAuthCode.url` in a browser again.",
        status=error.status,
        method=error.method,
        url=error.url,
        server_message=error.server_message,
    )


class BearerAuth:
    """Requests by a grant's access token. A newer one goes on with the grant's session."""

    keeps_session: ClassVar[bool] = True

    def __init__(self, grant: _Grant) -> None:
        self._grant = grant
        self._used = ""

    def sign_in(self) -> Flow:
        """See `Authenticator`."""
        yield from self._grant.renew(self._used)
        self._used = self._grant.access

    def sign_out(self) -> Flow:
        """See `Authenticator`."""
        return logout()

    def expired(self) -> bool:
        """See `Authenticator`."""
        return not self._grant.fresh

    def authorization(self) -> str | None:
        """See `Authenticator`."""
        return f"Bearer {self._grant.access}" if self._grant.access else None

    def odata_authorization(self) -> str | None:
        """See `Authenticator`."""
        return self.authorization()

    def secrets(self) -> tuple[str, ...]:
        """See `Authenticator`."""
        return self._grant.secrets()
