"""Everything that can go wrong, as one tree, and how an answer is told to be which of them.

    AcumaticaError
    ├── ConfigurationError        refused before any request was sent; also a ValueError
    ├── ConnectionFailed          no complete answer: unreachable, refused, cut off
    │   ├── TimedOut
    │   └── CertificateRejected   TLS; never retried
    ├── AuthenticationError       the sign-in was refused
    │   ├── InvalidCredentials
    │   ├── UnknownTenant
    │   ├── PasswordChangeRequired
    │   ├── AccountLocked
    │   └── SessionExpired        the session ended and signing in again did not help
    ├── SeatLimitReached          no free API session: the licence's number of API users
    ├── TransientError            may succeed later; raised when the retries are used up
    │   ├── Throttled             the licence's request limits
    │   └── ServerUnavailable     a gateway, a restart, an overload
    ├── AccessDenied              no rights, or the feature is off
    ├── NotFound
    │   ├── RecordNotFound
    │   └── EndpointNotFound      unknown endpoint, version, entity or action
    ├── OptimizationError         the list cannot be compiled to one query; read record by record
    ├── InvalidQuery              the filter, field names or body are not accepted
    ├── NotConfigured             the form's preferences were never entered
    ├── ValidationError           the record was refused, with errors per field
    ├── PreconditionFailed        create found the record, or update did not
    ├── OperationTimedOut         a long operation still runs on the server
    ├── ServerError               any other failure inside the server
    └── UnexpectedAnswer          not what the API answers: HTML, a redirect, no JSON
        └── ResponseTooLarge

The server says nearly everything with status 500 (Integration Development Guide: Log In to the
Service; Retrieve Records by Conditions), so `classify` goes by the text first, then by status.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

_WORDS = 600
"""Longest piece of a server's own words kept in a message, in characters."""

_PARSED_BODY = 4 << 20
"""Error bodies longer than this are not parsed, in bytes."""


class AcumaticaError(RuntimeError):
    """Base of every error of this package.

    Attributes:
        status: HTTP status of the answer, None when there was none.
        method: HTTP method of the request, None when none was sent.
        url: the request's address without secrets, None when none was sent.
        server_message: the server's own words, trimmed; empty when it said nothing.
        retry_after: seconds the server asked to wait, None when it did not.
        attempts: how often the request was sent before giving up.
    """

    retryable: ClassVar[bool] = False
    """Whether repeating an idempotent request may help."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        method: str | None = None,
        url: str | None = None,
        server_message: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.method = method
        self.url = url
        self.server_message = server_message
        self.retry_after = retry_after
        self.attempts = 1

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} (tried {self.attempts} times)" if self.attempts > 1 else text


class ConfigurationError(AcumaticaError, ValueError):
    """An argument is wrong; nothing was sent."""


class ConnectionFailed(AcumaticaError):
    """The server could not be reached, or its answer did not arrive whole.

    Attributes:
        unsent: whether the failure came before anything of the request was sent.
    """

    retryable = True
    unsent: bool = False


class TimedOut(ConnectionFailed):
    """No answer within the time limit."""


class CertificateRejected(ConnectionFailed):
    """The server's TLS certificate was not accepted."""

    retryable = False


class AuthenticationError(AcumaticaError):
    """The server refused the sign-in."""


class InvalidCredentials(AuthenticationError):
    """User name or password is wrong."""


class UnknownTenant(AuthenticationError):
    """The instance has no tenant of that name."""


class PasswordChangeRequired(AuthenticationError):
    """The password must be changed in the browser first."""


class AccountLocked(AuthenticationError):
    """The account is locked or disabled."""


class SessionExpired(AuthenticationError):
    """The server does not know the session (any more)."""


class SeatLimitReached(AcumaticaError):
    """All API sessions that the licence allows are taken."""


class TransientError(AcumaticaError):
    """The same request may succeed later."""

    retryable = True


class Throttled(TransientError):
    """The licence's request limits were reached and the request was declined."""


class ServerUnavailable(TransientError):
    """A gateway, a restart or an overload: the application did not get to answer."""


class AccessDenied(AcumaticaError):
    """The user has no rights to the form, or the form's feature is off."""


class NotFound(AcumaticaError):
    """The address leads nowhere."""


class RecordNotFound(NotFound):
    """No record has these keys or this id."""


class EndpointNotFound(NotFound):
    """Endpoint, version, entity or action do not exist."""


class OptimizationError(AcumaticaError):
    """The list cannot be compiled to one database query.

    Attributes:
        fields: contract field names that the server blames, in its order; may be empty.
        views: names of the data views that the server blames; may be empty.
    """

    fields: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


class InvalidQuery(AcumaticaError):
    """The server does not accept the filter, a field name, the address or the body."""


class NotConfigured(AcumaticaError):
    """The preferences that this form needs were never entered."""


@dataclass(frozen=True)
class FieldError:
    """One complaint about a record.

    Attributes:
        path: where, such as `Details/0/Project`; empty for the record itself.
        message: the server's words.
    """

    path: str
    message: str


class ValidationError(AcumaticaError):
    """The record was not accepted.

    Attributes:
        field_errors: the complaints, in document order.
    """

    field_errors: tuple[FieldError, ...] = ()


class PreconditionFailed(AcumaticaError):
    """The record to create exists already, or the one to update does not."""


class OperationTimedOut(AcumaticaError):
    """A long operation was not done in time; it goes on at the server."""


class ServerError(AcumaticaError):
    """A failure inside the server that repeating will not cure."""


class UnexpectedAnswer(AcumaticaError):
    """The answer is not one of the API's: an HTML page, a redirect, something else than JSON."""


class ResponseTooLarge(UnexpectedAnswer):
    """The answer is longer than the limit, as sent or after decompression."""


class InsecureTransportWarning(UserWarning):
    """Certificates are not verified, or credentials travel without TLS."""


# What the text says, in order: the first that matches wins.
_BY_TEXT: tuple[tuple[re.Pattern[str], type[AcumaticaError], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, advice)
    for pattern, kind, advice in (
        (
            r"API\s*Login\s*Limit|CheckApiUsersLimits",
            SeatLimitReached,
            "All API sessions of the licence are taken. Sign out elsewhere, or wait: an abandoned "
            "session is freed after 10 minutes",
        ),
        (
            r"invalid credentials",
            InvalidCredentials,
            "Check user name and password; repeated wrong passwords lock the account",
        ),
        (
            r"PXUndefinedCompany|proper company ID cannot be determined",
            UnknownTenant,
            "Check the tenant's login name, as it is shown on the sign-in page",
        ),
        (
            r"password[^.]{0,60}\b(expired|be changed)|change (your|the) password"
            r"|PXPasswordChange|must change",
            PasswordChangeRequired,
            "Sign in with a browser once and set a new password",
        ),
        (
            r"\b(locked ?out|account[^.]{0,40}\b(locked|disabled))|user[^.]{0,40}\blocked",
            AccountLocked,
            "Ask an administrator to unlock the user",
        ),
        (
            r"NoEntitySatisfiesTheCondition|No entity satisfies the condition",
            RecordNotFound,
            "No record has these keys, or the user may not see it",
        ),
        (
            r"Optimization cannot be performed|CannotOptimize|Bql ?Delegate",
            OptimizationError,
            "Leave the named fields out, or read record by record",
        ),
        (
            r"PXSetupNotEntered|required configuration data is not entered",
            NotConfigured,
            "Enter the form's preferences in Acumatica, or leave this entity out",
        ),
        (r"OutcomeEntityHasErrors", ValidationError, "Correct the named fields"),
        (
            r"custom error module does not recognize this error",
            Throttled,
            "The licence's request limits were reached; send fewer requests",
        ),
        (
            r"deadlock victim|deadlocked on lock",
            ServerUnavailable,
            "The database was busy; try again",
        ),
        (
            r"given key was not present|KeyNotFoundException|not a single value"
            r"|Type conversions? not supported|incompatible types|Microsoft\.(Data\.)?OData"
            r"|Could not find a property named|unknown function with name|Unrecognized '?Edm"
            r"|Syntax error at position|ODataException",
            InvalidQuery,
            "Check the field names and the filter against the endpoint's contract",
        ),
    )
)

_BY_STATUS: dict[int, tuple[type[AcumaticaError], str]] = {
    400: (InvalidQuery, "Check the address, the query and the body"),
    401: (SessionExpired, "Sign in again"),
    403: (AccessDenied, "The user has no rights to this form, or its feature is switched off"),
    404: (NotFound, "Neither such an address nor such a record"),
    405: (InvalidQuery, "This address does not take that method"),
    406: (InvalidQuery, "This address does not take that method"),
    408: (ServerUnavailable, "Try again later"),
    411: (UnexpectedAnswer, "Something between here and the server dropped Content-Length"),
    412: (PreconditionFailed, "The record to create exists, or the one to update does not"),
    413: (InvalidQuery, "The body is too large"),
    414: (InvalidQuery, "The address is too long: shorten $filter or $select"),
    422: (ValidationError, "Correct the named fields"),
    429: (Throttled, "The licence's request limits were reached; send fewer requests"),
    500: (ServerError, "See the server's words"),
    502: (ServerUnavailable, "Try again later"),
    503: (ServerUnavailable, "Try again later"),
    504: (ServerUnavailable, "Try again later, or ask for smaller pages"),
}


def classify(
    status: int,
    content_type: str,
    body: bytes,
    *,
    method: str,
    url: str,
    secrets: Sequence[str] = (),
) -> AcumaticaError:
    """Tell which error an answer is. Pure: it sends nothing and raises nothing.

    Args:
        status: the answer's HTTP status.
        content_type: its Content-Type header, empty if none.
        body: its body, as far as it was read.
        method: the request's method.
        url: the request's address.
        secrets: strings that must not appear in the error.

    Returns:
        The error, not raised.
    """
    document = _parse(body)
    said = "\n".join(_words(document)) if document is not None else _text(body)
    words = _clean(said, secrets)
    # Exception types and traces take part in the decision, never in the message.
    evidence = f"{said}\n{_types(document)}\n{_text(body)}"
    kind, advice = _decide(status, content_type, document, evidence, url)
    error = kind(
        f"{method} {public_url(url)} answered {status}"
        f"{': ' + words if words else ''}. {advice}.".replace("..", "."),
        status=status,
        method=method,
        url=public_url(url),
        server_message=words,
    )
    if isinstance(error, OptimizationError):
        error.fields, error.views = _blamed(said)
    if isinstance(error, ValidationError):
        error.field_errors = tuple(_field_errors(document))
        if error.field_errors and not words:
            error.server_message = _clean(
                "; ".join(f"{e.path}: {e.message}" for e in error.field_errors), secrets
            )
            error.args = (
                f"{method} {public_url(url)} answered {status}: {error.server_message}. {advice}.",
            )
    return error


def _decide(
    status: int, content_type: str, document: object, evidence: str, url: str
) -> tuple[type[AcumaticaError], str]:
    for pattern, kind, advice in _BY_TEXT:
        if pattern.search(evidence):
            return kind, advice
    if status == 400 and isinstance(document, dict) and isinstance(document.get("error"), str):
        return AuthenticationError, "Check the connected application's identifier and secret"
    if status == 404 and len(_after_entity(url)) <= 3:
        return EndpointNotFound, "Check the names of endpoint, version and entity"
    if status in _BY_STATUS:
        kind, advice = _BY_STATUS[status]
        if kind is ServerError and document is None:
            # The application's own failures are JSON; anything else comes from around it.
            return ServerUnavailable, "The application did not answer itself; try again later"
        return kind, advice
    if status >= 500:
        return ServerError, "See the server's words"
    if 300 <= status < 400 or "html" in content_type:
        return UnexpectedAnswer, "Check the address: this is not an answer of the API"
    return UnexpectedAnswer, "This is not an answer of the API"


def public_url(url: str) -> str:
    """An address that may be shown: no user name or password, no secrets in the query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = "&".join(
        f"{name}=***" if _SECRET_NAME.search(name) else f"{name}={quote(value, safe=_READABLE)}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    if len(query) > 300:
        query = query[:300] + "…"
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


_SECRET_NAME = re.compile(r"passw|secret|token|^code$|assertion|auth|key$|ticket|session", re.I)
_READABLE = "$'(),/: "


def looks_like_sign_in_page(body: bytes) -> bool:
    """Whether an HTML body is the ERP's sign-in page."""
    head = body[:65536].lower()
    return b"<html" in head and any(
        mark in head for mark in (b"login.aspx", b'type="password"', b"txtuser", b"txtpass")
    )


def _parse(body: bytes) -> Any:
    if not body or len(body) > _PARSED_BODY or body.lstrip()[:1] not in (b"{", b"[", b'"'):
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _words(document: Any) -> Iterator[str]:
    """What the server said for people: the innermost message is the one that explains."""
    if isinstance(document, str):
        yield document
    if not isinstance(document, dict):
        return
    error = document.get("error")
    if isinstance(error, dict):  # OData
        message = error.get("message")
        yield str(message.get("value", "")) if isinstance(message, dict) else str(message or "")
        document = error.get("innererror") or error.get("innerError") or {}
    elif isinstance(error, str):  # OAuth, or the echo of a refused record
        yield error
        if isinstance(document.get("error_description"), str):
            yield document["error_description"]
    level, seen = document, set[str]()
    for _ in range(8):
        if not isinstance(level, dict):
            return
        for name in ("exceptionMessage", "message", "messageDetail"):
            text = level.get(name)
            if isinstance(text, str) and text and not _EMPTY_WORDS.match(text) and text not in seen:
                seen.add(text)
                yield text
                break
        level = level.get("innerException") or level.get("internalexception")


_EMPTY_WORDS = re.compile(r"an error has occurred\.?$", re.IGNORECASE)


def _types(document: Any) -> str:
    types = []
    for _ in range(8):
        if not isinstance(document, dict):
            break
        types.append(str(document.get("exceptionType") or ""))
        document = document.get("innerException")
    return " ".join(types)


def _text(body: bytes) -> str:
    text = body[:65536].decode("utf-8", "replace")
    if "<" in text:
        title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
        if title:
            return title[1]
        text = re.sub(r"<[^>]{0,500}>", " ", text)
    return text


def _clean(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()
    return text if len(text) <= _WORDS else text[:_WORDS] + "…"


_BLAMED_FIELD = re.compile(r"([A-Za-z_][\w./]*) ?: ?(?=View|There|The |Field|Detail|BQL|Cannot)")
_BLAMED_VIEW = re.compile(
    r"View (\w+) has (?:a )?BQL delegate|BqlDelegate in view (\w+)", re.IGNORECASE
)


def _blamed(words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names in an optimisation failure, which lists one `Field: reason` a line."""
    _, found, after = words.partition("fields cause the error:")
    fields: list[str] = []
    for line in after.splitlines() if found else ():
        names = _BLAMED_FIELD.findall(line) or re.findall(r"^\s*([A-Za-z_][\w./]*) ?:", line)
        fields += names
    views = [first or second for first, second in _BLAMED_VIEW.findall(words)]
    return tuple(dict.fromkeys(fields)), tuple(dict.fromkeys(views))


def _field_errors(node: Any, path: str = "", depth: int = 0) -> Iterator[FieldError]:
    if depth > 20:
        return
    if isinstance(node, dict):
        error = node.get("error")
        if isinstance(error, str) and error:
            yield FieldError(path, error)
        children: Any = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    else:
        return
    for name, child in children:
        if isinstance(child, (dict, list)):
            yield from _field_errors(child, f"{path}/{name}" if path else str(name), depth + 1)


def _after_entity(url: str) -> list[str]:
    segments = [part for part in urlsplit(url).path.split("/") if part]
    lowered = [part.lower() for part in segments]
    if "entity" not in lowered:
        return segments
    return segments[lowered.index("entity") + 1 :]
