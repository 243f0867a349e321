"""What a request means, and what its answer means."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests

from acumatica_source.client.address import public_url
from acumatica_source.client.classify import (
    classify,
    classify_error_page,
    leads_to_error_page,
    looks_like_sign_in_page,
)
from acumatica_source.client.errors import (
    AcumaticaError,
    ConfigurationError,
    ConnectionFailed,
    SessionExpired,
    UnexpectedAnswer,
)
from acumatica_source.client.retry import RequestKind
from acumatica_source.client.transport import Body

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the caller means it."""

    method: str
    url: str
    kind: RequestKind
    headers: Mapping[str, str]
    data: Any = None
    stream: bool = False

    @property
    def wants_json(self) -> bool:
        """Whether anything else than JSON would be no answer."""
        return self.headers.get("Accept", _JSON).startswith(_JSON)


_HEADER = re.compile(r"[\x20-\x7e\t\x80-\xff]*\Z")
_OURS = frozenset({"cookie", "authorization", "host", "content-length", "transfer-encoding"})


def checked_headers(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    """Further headers of a request.

    Raises:
        ConfigurationError: one cannot be sent, or is not the caller's to set.
    """
    for name, value in (headers or {}).items():
        if not re.match(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z", name) or name.lower() in _OURS:
            raise ConfigurationError(f"The header {name!r} cannot be set on a request.")
        if not isinstance(value, str) or not _HEADER.match(value):
            raise ConfigurationError(
                f"The value of the header {name} has characters that a header cannot carry."
            )
    return headers or {}


def judge(
    call: Call, response: requests.Response, content: bytes, secrets: Callable[[], Sequence[str]]
) -> AcumaticaError | None:
    """None for a good answer, otherwise the error it means."""
    status = response.status_code
    kind = response.headers.get("Content-Type", "").lower()
    where: dict[str, Any] = {
        "status": status,
        "method": call.method,
        "url": public_url(call.url),
    }
    if status < 300:
        if call.stream and not content:
            return None
        if _is_page(kind, content) and (call.wants_json or looks_like_sign_in_page(content)):
            return SessionExpired(
                f"{call.method} {where['url']} answered with a web page instead of data. "
                "Either the session has ended or something between here and the instance "
                "answers in its place.",
                **where,
            )
        if call.wants_json and _is_cut(content):
            return ConnectionFailed(
                f"{call.method} {where['url']}: the answer is incomplete.", **where
            )
        return None
    if status < 400:
        location = _location(response, call.url)
        target = urlsplit(location)
        if leads_to_error_page(location):
            return classify_error_page(
                location, status=status, method=call.method, url=call.url, secrets=secrets()
            )
        if status in (301, 307, 308):
            return UnexpectedAnswer(
                f"{call.method} {where['url']} is redirected to "
                f"{public_url(target.geturl())}. Use that address in base_url.",
                **where,
            )
        return SessionExpired(
            f"{call.method} {where['url']} is redirected to {target.path}: the session has ended.",
            **where,
        )
    error = classify(status, kind, content, method=call.method, url=call.url, secrets=secrets())
    error.retry_after = _retry_after(response)
    return error


_BLANKS = b"\xef\xbb\xbf \t\r\n"
_PAGE_STARTS = (b"<!doctype", b"<html")


def _is_page(kind: str, content: bytes) -> bool:
    start = content[:256].lstrip(_BLANKS)[:9].lower()
    # A proxy that calls everything HTML does not turn records into a page.
    return start.startswith(_PAGE_STARTS) or ("html" in kind and start[:1] not in (b"[", b"{"))


def _is_cut(content: bytes) -> bool:
    """Whether a JSON array or object lacks its end."""
    start = content[:64].lstrip(_BLANKS)[:1]
    end = content[-64:].rstrip()[-1:]
    return (start == b"[" and end != b"]") or (start == b"{" and end != b"}")


def _retry_after(response: requests.Response) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        moment = moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # a date that no calendar has
        return None
    here = Body(b"", 0, response.headers).server_time or dt.datetime.now(dt.UTC)
    return max(0.0, (moment - here).total_seconds())


def _location(response: requests.Response, url: str) -> str:
    """Where a redirect leads; to the same address, if it does not say so sensibly."""
    try:
        target = urljoin(url, response.headers.get("Location", ""))
        urlsplit(target)
    except ValueError:
        return url
    return target


def onward(response: requests.Response, url: str) -> str | None:
    """Where a redirect that only spells the same address otherwise leads."""
    if response.status_code not in (301, 307, 308):
        return None
    target = _location(response, url)
    same = unquote(urlsplit(target).path).rstrip("/").lower()
    return target if same == unquote(urlsplit(url).path).rstrip("/").lower() else None
