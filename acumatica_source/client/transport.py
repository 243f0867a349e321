"""How requests travel: time limits, verification, and the size of what may come back."""

import datetime as dt
import io
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from acumatica_source.client.address import public_url
from acumatica_source.client.errors import (
    CertificateRejected,
    ConfigurationError,
    ConnectionFailed,
    ResponseTooLarge,
    TimedOut,
)
from acumatica_source.client.retry import RetryPolicy

__all__ = [
    "Body",
    "RetryPolicy",
    "Transport",
    "connection_error",
    "open_http",
    "pieces",
    "put_back",
    "read_body",
]


@dataclass(frozen=True)
class Transport:
    """How requests travel.

    Attributes:
        verify_ssl: verify certificates; or the path of a bundle of authorities to verify against.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next bytes of an answer. The server itself holds a
            queued request for up to 10 minutes (Integration Development Guide: License
            Restrictions for API Users).
        retries: what is repeated, and when.
        max_response_bytes: longest answer accepted, after decompression.
    """

    verify_ssl: bool | str | Path = True
    connect_timeout: float = 10.0
    read_timeout: float = 600.0
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    max_response_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for name in ("connect_timeout", "read_timeout", "max_response_bytes"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise ConfigurationError(f"{name} is {value!r}; use a number above zero.")
        if not isinstance(self.verify_ssl, bool) and not Path(self.verify_ssl).exists():
            raise ConfigurationError(
                f"verify_ssl points to {str(self.verify_ssl)!r}, which does not exist; "
                "use True, or the path of a file with certificate authorities."
            )


@dataclass(frozen=True, slots=True)
class Body:
    """An answer, read whole.

    Attributes:
        content: the decoded body.
        status: HTTP status.
        headers: response headers, names in any case.
    """

    content: bytes
    status: int
    headers: Mapping[str, str]

    @property
    def server_time(self) -> dt.datetime | None:
        """The server's clock when it answered (UTC, whole seconds), None if it did not say."""
        try:
            moment = parsedate_to_datetime(self.headers["Date"])
            known = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
            return known.astimezone(dt.UTC)
        except (KeyError, ValueError, OverflowError):  # none, or one that no calendar has
            return None


class _Adapter(HTTPAdapter):
    """Keeps idle connections alive, so that a long wait in the server's queue is not cut off."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        if hasattr(socket, "TCP_KEEPIDLE"):
            options.append((socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 45))
        super().init_poolmanager(*args, socket_options=options, **kwargs)


class _Http(requests.Session):
    """Leaves redirects that are not followed alone: by itself it would read them, unbounded."""

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("yield_requests"):
            return iter(())
        return super().resolve_redirects(*args, **kwargs)


def open_http() -> requests.Session:
    """A bare HTTP session: one connection pool, one cookie jar."""
    http = _Http()
    http.mount("https://", _Adapter())
    http.mount("http://", _Adapter())
    return http


_STEP = 256 << 10
"""Bytes asked for at a time where the decoded length is not known beforehand."""


def read_body(response: requests.Response, limit: int) -> bytes:
    """Read the rest of a streamed answer, decompressed, as one piece.

    Raises:
        ResponseTooLarge: it is longer than `limit` bytes; the connection is closed.
        urllib3.exceptions.HTTPError: the connection broke; see `connection_error`.
    """
    raw = response.raw
    declared = response.headers.get("Content-Length", "")
    if declared.isdigit() and "Content-Encoding" not in response.headers:
        if int(declared) > limit:
            raise _too_large(response, limit)
        content: bytes = raw.read(decode_content=True)
        raw.release_conn()
        return content
    pieces: list[bytes] = []
    size = 0
    while piece := raw.read(_STEP, decode_content=True):
        size += len(piece)
        if size > limit:
            raise _too_large(response, limit)
        pieces.append(piece)
    raw.release_conn()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _WholeBody(io.BytesIO):
    """A body that has been read, for `requests` to take in one piece, without a copy."""

    def stream(self, amount: int, decode_content: bool = False) -> Iterator[bytes]:
        yield self.read()


def put_back(response: requests.Response, body: bytes) -> None:
    """Have an answer give the body that was read from it: as `content`, `text` and `json()`."""
    response.raw = _WholeBody(body)
    response.content  # noqa: B018 - from here on it needs `raw` no more


def pieces(response: requests.Response) -> Iterator[bytes]:
    """The rest of a streamed answer, decompressed, piece by piece."""
    try:
        yield from response.iter_content(_STEP)
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise connection_error(error, str(response.request.method), str(response.url)) from None


def _too_large(response: requests.Response, limit: int) -> ResponseTooLarge:
    response.close()
    url = public_url(response.url)
    return ResponseTooLarge(
        f"The answer of {url} is longer than {limit:,} bytes. Ask for fewer rows or fields at a "
        "time, or raise max_response_bytes.",
        status=response.status_code,
        method=response.request.method,
        url=url,
    )


def connection_error(error: Exception, method: str, url: str) -> ConnectionFailed:
    """What a failure of the HTTP layer means."""
    what, text = f"{method} {public_url(url)}", _innermost(error)
    unsent = before_sending(error)
    kind: type[ConnectionFailed] = ConnectionFailed
    if isinstance(error, (requests.exceptions.SSLError, urllib3.exceptions.SSLError)):
        kind = CertificateRejected
        message = f"{what}: the TLS connection was not accepted ({text}). {_tls_advice(text)}."
    elif unsent:
        message = (
            f"{what}: cannot connect ({text}). Check base_url, the network and the proxy settings."
        )
    elif "timed out" in text or isinstance(error, requests.exceptions.ReadTimeout):
        kind = TimedOut
        message = (
            f"{what}: no answer within the time limit. Ask for fewer rows or fields at a time, "
            "or raise read_timeout."
        )
    else:
        message = f"{what}: the connection broke before the answer was complete ({text})."
    failure = kind(message, method=method, url=public_url(url))
    failure.unsent = unsent
    return failure


def _tls_advice(text: str) -> str:
    if "expired" in text or "not yet valid" in text:
        return "The certificate has to be renewed at the server; check this machine's clock too"
    if "mismatch" in text or "doesn't match" in text or "not valid for" in text:
        return "Check the host name in base_url: the certificate is another host's"
    if "VERIFY_FAILED" in text:
        return "If a private authority issued it, give verify_ssl the path of its certificate"
    return "Check the scheme and the port in base_url: this may not be https"


def before_sending(error: BaseException) -> bool:
    """Whether the failure came before anything of the request was sent."""
    seen = 0
    cause: BaseException | None = error
    while cause is not None and seen < 8:
        if isinstance(
            cause,
            (
                urllib3.exceptions.NewConnectionError,
                urllib3.exceptions.ConnectTimeoutError,
                requests.exceptions.ConnectTimeout,
                requests.exceptions.ProxyError,
            ),
        ):
            return True
        reason = getattr(cause, "reason", None)
        first = cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None
        cause = reason if isinstance(reason, BaseException) else first
        seen += 1
    return False


def _innermost(error: BaseException) -> str:
    cause: BaseException = error
    for _ in range(8):
        inner = getattr(cause, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((a for a in cause.args if isinstance(a, BaseException)), None)
        if inner is None:
            break
        cause = inner
    text = re.sub(r"^(<[^>]*>|\w+\(host=[^)]*\)): ", "", str(cause)) or type(cause).__name__
    return text[:200]
