"""How an answer is told to be which error.

The server says nearly everything with status 500 (Integration Development Guide: Log In to the
Service; Retrieve Records by Conditions), so the text decides first, then the status.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from acumatica_source.client.address import public_url
from acumatica_source.client.errors import (
    AccessDenied,
    AccountLocked,
    AcumaticaError,
    AuthenticationError,
    EndpointNotFound,
    FieldError,
    InvalidCredentials,
    InvalidQuery,
    NotConfigured,
    NotFound,
    OperationRunning,
    OptimizationError,
    PasswordChangeRequired,
    PreconditionFailed,
    RecordNotFound,
    SeatLimitReached,
    ServerError,
    ServerUnavailable,
    SessionExpired,
    Throttled,
    UnexpectedAnswer,
    UnknownTenant,
    ValidationError,
)

_WORDS = 600
"""Longest piece of a server's own words kept in a message, in characters."""

_PARSED_BODY = 4 << 20
"""Error bodies longer than this are not parsed, in bytes."""

_WAIT = "Sign out elsewhere, or wait: an abandoned session is freed after 10 minutes"
_OPERATION = (
    "A long operation of this session still runs on the form. Wait for its end; if it may be the "
    "action asked for, sent before, look at the record first"
)

# What the text says, in order: the first that matches wins.
_BY_TEXT: tuple[tuple[re.Pattern[str], type[AcumaticaError], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, advice)
    for pattern, kind, advice in (
        (
            r"API[\s_-]?Log-?[io]n[\s_-]?Limit|CheckApiUsersLimits",
            SeatLimitReached,
            f"All API sessions of the licence are taken. {_WAIT}",
        ),
        (
            r"concurrent\s+(web\s+services?\s+)?API\s+(log-?[io]ns?|sessions?|users?)"
            r"|number\s+of\s+(web\s+services?\s+)?API\s+(log-?[io]ns?|sessions?|users?)",
            SeatLimitReached,
            "All API sessions that this user may have are taken (Users, SM201010: Max. Number of "
            f"Concurrent API Logins). {_WAIT}",
        ),
        (
            r"long[\s-]+(running\s+)?operation\s+is\s+(already\s+|still\s+)?"
            r"(running|in\s+progress|being)|previous operation has not been completed",
            OperationRunning,
            _OPERATION,
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
    409: (OperationRunning, _OPERATION),
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

_BY_OAUTH_CODE: dict[str, tuple[type[AcumaticaError], str]] = {
    "invalid_client": (
        AuthenticationError,
        "Check the connected application's identifier and secret (SM303010)",
    ),
    "invalid_grant": (
        InvalidCredentials,
        "Check user name and password; repeated wrong passwords lock the account",
    ),
    "invalid_scope": (AuthenticationError, "Check the scope, such as 'api offline_access'"),
    "unauthorized_client": (
        AuthenticationError,
        "Check which flow the connected application is registered for (SM303010)",
    ),
    "unsupported_grant_type": (
        AuthenticationError,
        "Check which flow the connected application is registered for (SM303010)",
    ),
}
"""What the `error` of a token endpoint means (RFC 6749, 5.2)."""


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
    kind, advice = _decide(status, content_type, document, evidence, method, url)
    error = _worded(kind, advice, words, status, method, url)
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


def classify_error_page(
    location: str, *, status: int, method: str, url: str, secrets: Sequence[str] = ()
) -> AcumaticaError:
    """Tell which error a redirect to the site's error page is.

    Such a page (`/Frames/Error.aspx?typeID=error&message=…`) is told in its address what to show.

    Args:
        location: where the redirect leads; see `leads_to_error_page`.
        status: the answer's HTTP status.
        method: the request's method.
        url: the request's address.
        secrets: strings that must not appear in the error.

    Returns:
        The error, not raised.
    """
    page = urlsplit(location)
    words = _clean(_words_of_page(page.query) or _words_of_page(page.fragment), secrets)
    if words:
        kind, advice = _by_words(words) or (ServerError, "See the server's words")
        return _worded(kind, advice, words, status, method, url)
    return ServerUnavailable(
        f"{method} {public_url(url)} is redirected to the site's error page ({page.path}). A web "
        "service endpoint may be broken: open Web Service Endpoints (SM207060) and validate it, "
        "or wait for the site to restart.",
        status=status,
        method=method,
        url=public_url(url),
    )


def leads_to_error_page(location: str) -> bool:
    """Whether a redirect leads to the page on which the site shows errors."""
    return "error" in urlsplit(location).path.lower()


_PAGE_WORDS = ("message", "exceptionmessage", "error_description", "error")


def _words_of_page(query: str) -> str:
    """What the address of an error page says, in whichever parameter; encoded twice, or once."""
    given = {name.lower(): value for name, value in parse_qsl(query)}
    words = next((given[name] for name in _PAGE_WORDS if given.get(name, "").strip()), "")
    return unquote_plus(words) if re.search(r"%[0-9A-Fa-f]{2}", words) else words


def _worded(
    kind: type[AcumaticaError], advice: str, words: str, status: int, method: str, url: str
) -> AcumaticaError:
    said = f": {words.rstrip('.')}" if words else ""
    return kind(
        f"{method} {public_url(url)} answered {status}{said}. {advice}.",
        status=status,
        method=method,
        url=public_url(url),
        server_message=words,
    )


def _by_words(words: str) -> tuple[type[AcumaticaError], str] | None:
    for pattern, kind, advice in _BY_TEXT:
        if pattern.search(words):
            return kind, advice
    return None


def _decide(
    status: int, content_type: str, document: object, evidence: str, method: str, url: str
) -> tuple[type[AcumaticaError], str]:
    by_words = _by_words(evidence)
    if by_words is not None:
        return by_words
    code = document.get("error") if isinstance(document, dict) else None
    if isinstance(code, str) and code in _BY_OAUTH_CODE:
        return _BY_OAUTH_CODE[code]
    if status == 400 and isinstance(code, str):
        return AuthenticationError, "Check the connected application's identifier and secret"
    # Nothing but an entity's records has an address longer than endpoint, version and entity,
    # except its actions, which alone are asked for by POST.
    if status == 404 and (method == "POST" or len(_after_entity(url)) <= 3):
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


_BLAMED_FIELD = re.compile(
    r"(?<![\w./])([A-Za-z_][\w./]*) ?: ?(?=View|There|The |Field|Detail|BQL|Cannot)"
)
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
