"""Ways to be let in, without any I/O: generators that yield requests and are sent the answers."""

import base64
import html
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from acumatica_source.client.address import SiteAddress, public_url
from acumatica_source.client.classify import (
    classify,
    classify_error_page,
    leads_to_error_page,
)
from acumatica_source.client.errors import (
    AccessDenied,
    AcumaticaError,
    AuthenticationError,
    ConfigurationError,
    EndpointNotFound,
    InvalidQuery,
    NotFound,
    SeatLimitReached,
    ServerError,
    SessionExpired,
    Throttled,
    UnexpectedAnswer,
)
from acumatica_source.client.retry import pause_before_next_sign_out


@dataclass(frozen=True)
class AuthRequest:
    """A request of a flow.

    Attributes:
        method: HTTP method.
        path: relative to the instance.
        json: body to be sent as JSON.
        form: body to be sent as a form.
        pause: seconds to wait before sending.
    """

    method: str
    path: str
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    pause: float = 0.0


@dataclass(frozen=True)
class AuthAnswer:
    """What came back.

    Attributes:
        status: HTTP status.
        content_type: the Content-Type header in lower case, empty if none.
        body: the body.
        url: the request's address.
        cookies: names of all cookies now held.
        retry_after: seconds the server asked to wait, None when it did not.
        location: where a redirect leads, empty if it is none.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    url: str
    cookies: frozenset[str]
    retry_after: float | None = None
    location: str = field(default="", repr=False)


Flow = Generator[AuthRequest, AuthAnswer, None]


class Authenticator(Protocol):
    """One way to be let in.

    Attributes:
        keeps_session: whether signing in anew goes on with the session there was, so that it must
            not be signed out before.
    """

    keeps_session: ClassVar[bool]

    def sign_in(self) -> Flow:
        """Take a session; raises AuthenticationError or SeatLimitReached if it is refused."""
        ...

    def sign_out(self) -> Flow:
        """End the session."""
        ...

    def expired(self) -> bool:
        """Whether the right to use the session is known to have run out, or nearly so."""
        ...

    def authorization(self) -> str | None:
        """The Authorization header of ordinary requests, None if cookies do."""
        ...

    def odata_authorization(self) -> str | None:
        """The Authorization header of requests to OData interfaces."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Strings that must never be shown."""
        ...


@dataclass(frozen=True)
class Credentials:
    """A user's sign-in.

    Attributes:
        base_url: address of the instance with its virtual directory, if it has one.
        username: login name.
        password: password; never shown.
        tenant: the tenant's login name; None for the instance's default tenant.
        branch: branch to work in; None for the user's default.
        locale: culture of the session, such as `en-US`; None for the user's default.

    Raises:
        ConfigurationError: a value is missing or has the wrong form.
    """

    base_url: str
    username: str
    password: str = field(repr=False)
    tenant: str | None = None
    branch: str | None = None
    locale: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", SiteAddress.parse(self.base_url).base_url)
        for name in ("username", "password"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise ConfigurationError(f"{name} is empty or no text.")
        for name in ("tenant", "branch", "locale"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ConfigurationError(f"{name} is {value!r}; use a text, or None.")

    @property
    def instance(self) -> SiteAddress:
        """Where to sign in."""
        return SiteAddress.parse(self.base_url)

    def authenticator(self) -> "CookieAuth":
        """The flow for these credentials."""
        return CookieAuth(self)


@dataclass(frozen=True)
class CookieAuth:
    """Sign-in by user name and password; the session lives in cookies.

    Integration Development Guide: Log In to the Service.
    """

    keeps_session: ClassVar[bool] = False

    credentials: Credentials

    def sign_in(self) -> Flow:
        """See `Authenticator`."""
        answer = yield self._request()
        if 200 <= answer.status < 300 and answer.cookies and b"<html" not in answer.body[:999]:
            return
        raise refusal(answer, self.secrets())

    def _request(self) -> AuthRequest:
        # Not built where a refusal is raised: tracebacks are shown with the values of variables.
        c = self.credentials
        body = {"name": c.username, "password": c.password}
        optional = {"tenant": c.tenant, "branch": c.branch, "locale": c.locale}
        body.update({name: value for name, value in optional.items() if value})
        return AuthRequest("POST", "entity/auth/login", json=body)

    def sign_out(self) -> Flow:
        """See `Authenticator`."""
        return logout()

    def expired(self) -> bool:
        """See `Authenticator`."""
        return False

    def authorization(self) -> str | None:
        """See `Authenticator`."""
        return None

    def odata_authorization(self) -> str:
        """See `Authenticator`; the user name goes without the tenant, which is in the address."""
        return f"Basic {self._basic()}"

    def secrets(self) -> tuple[str, ...]:
        """See `Authenticator`."""
        return (self.credentials.password, self._basic())

    def _basic(self) -> str:
        pair = f"{self.credentials.username}:{self.credentials.password}"
        return base64.b64encode(pair.encode()).decode()


def logout() -> Flow:
    """End the session; asked again, shortly, where the server was not able to do it.

    Integration Development Guide: Log Out from the Service.
    """
    attempt, pause = 1, 0.0
    while True:
        answer = yield AuthRequest("POST", "entity/auth/logout", pause=pause)
        again = pause_before_next_sign_out(answer.status, attempt)
        if again is None:
            return
        attempt, pause = attempt + 1, again


def refusal(answer: AuthAnswer, secrets: tuple[str, ...]) -> AcumaticaError:
    """Why a sign-in failed. Anything the application itself says about it is a refusal."""
    url = public_url(answer.url)
    where: dict[str, Any] = {"status": answer.status, "method": "POST", "url": url}
    if 300 <= answer.status < 400 and leads_to_error_page(answer.location):
        error = classify_error_page(
            answer.location, status=answer.status, method="POST", url=answer.url, secrets=secrets
        )
    else:
        error = classify(
            answer.status,
            answer.content_type,
            answer.body,
            method="POST",
            url=answer.url,
            secrets=secrets,
        )
        if answer.status < 400 and not isinstance(error, SeatLimitReached):
            return UnexpectedAnswer(
                f"{url} answered {answer.status}, but not as an Acumatica instance does. Check "
                "base_url: the scheme (https), the host and the virtual directory.",
                **where,
            )
    error.retry_after = answer.retry_after
    if isinstance(error, NotFound):
        return EndpointNotFound(
            f"No Acumatica instance answers at {url}. Check base_url; an instance often lives "
            "under a virtual directory, as in https://erp.example.com/Site.",
            **where,
        )
    if isinstance(error, Throttled):
        return SeatLimitReached(
            f"{url} answered {answer.status}: all API sessions of the licence are taken, or its "
            "request limits are reached. Sign out elsewhere, or wait: an abandoned session is "
            "freed after 10 minutes.",
            retry_after=answer.retry_after,
            server_message=error.server_message,
            **where,
        )
    if type(error) in (ServerError, SessionExpired, InvalidQuery, AccessDenied):
        return AuthenticationError(
            f"{url} refused the sign-in with {answer.status}"
            f"{': ' + error.server_message.rstrip('.') if error.server_message else ''}. "
            "Check user name, password, tenant and branch.",
            server_message=error.server_message,
            **where,
        )
    return error


def landed_tenant(page: bytes) -> str | None:
    """The tenant that the sign-in page, read within a session, shows; None if it does not."""
    text = page[: 1 << 20].decode("utf-8", "replace")
    for tag in re.findall(r"<input\b[^>]{0,2000}>", text, re.IGNORECASE):
        if "txtSingleCompany" in tag:
            value = re.search(r"""\bvalue\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
            if value:
                return html.unescape(value[1] or value[2] or "") or None
    return None
