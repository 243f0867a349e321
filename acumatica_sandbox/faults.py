"""Faults on a schedule: what servers, networks and licences do to a client.

A rule says which requests it is about, how many of them pass before it applies, and how often.
"""

import asyncio
import contextlib
import gzip
import json
import re
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.sign_in_page import ADDRESS, page

if TYPE_CHECKING:
    from acumatica_sandbox.site import Site

KINDS = {
    "status": "another status: `status`, `html`, `retry_after` (seconds)",
    "expired_401": "401, as when the session has expired",
    "expired_html": "the sign-in page with status 200",
    "expired_302": "a redirect to the sign-in page",
    "kill_sessions": "all sessions end before the request",
    "reset": "the connection is reset instead of an answer",
    "reset_during": "the connection is reset within the body",
    "truncated": "the body ends early and the connection closes",
    "slow": "the body takes `seconds`",
    "delay": "the answer comes `seconds` later",
    "hang": "no answer for `seconds`, then the connection closes",
    "wrong_type": "the content type is text/html",
    "duplicate_row": "the last record of a list comes twice",
    "missing_row": "the first record of a list is left out",
    "shuffle": "the records of a list come in another order",
    "oversized": "a body of `megabytes`",
    "bomb": "a compressed body that unpacks to `megabytes`",
    "foreign_link": "an OData nextLink that leads to another host",
    "mutate_before": "`changes` random changes before the answer",
    "mutate_after": "`changes` random changes after the answer",
}


@dataclass
class Rule:
    """One fault and when it happens."""

    kind: str
    path: str = ""
    """Regular expression that is searched in the path."""
    method: str | None = None
    after: int = 0
    """Matching requests that pass first."""
    times: int = 1
    """Matching requests it applies to then; 0 for all."""
    status: int | None = None
    html: bool = False
    retry_after: int | None = None
    seconds: float = 1.0
    megabytes: int = 64
    changes: int = 5
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise SandboxError(f"There is no fault {self.kind!r}. There are: {', '.join(KINDS)}.")
        try:
            re.compile(self.path)
        except (re.error, TypeError):
            raise SandboxError(f"path must be a regular expression, not {self.path!r}.") from None
        if self.method is not None and self.method not in METHODS:
            raise SandboxError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}.")
        if not isinstance(self.html, bool):
            raise SandboxError(f"html must be true or false, not {self.html!r}.")
        if self.kind == "status" and self.status is None:
            raise SandboxError("The fault 'status' needs a status from 200 to 599.")
        for name, (least, most) in NUMBERS.items():
            value = getattr(self, name)
            if value is None and name in ("status", "retry_after"):
                continue
            whole = name != "seconds"
            kinds = int if whole else int | float
            if (
                isinstance(value, bool)
                or not isinstance(value, kinds)
                or not least <= value <= most
            ):
                kind = "whole number" if whole else "number"
                raise SandboxError(
                    f"{name} must be a {kind} from {least:,} to {most:,}, not {value!r}."
                )


METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
NUMBERS = {
    "after": (0, 1_000_000),
    "times": (0, 1_000_000),
    "status": (200, 599),
    "retry_after": (0, 100_000),
    "seconds": (0, 100_000),
    "megabytes": (0, 4_000),
    "changes": (0, 100_000),
}
"""The least and the most of settings that are numbers."""


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.mutate: Callable[[int], Any] = lambda changes: None

    def add(self, kind: str, **settings: Any) -> Rule:
        """Put a rule in force.

        Raises:
            SandboxError: it makes no sense.
        """
        try:
            rule = Rule(kind, **settings)
        except TypeError:
            known = ", ".join(n for n in Rule.__dataclass_fields__ if n not in ("seen", "hits"))
            raise SandboxError(f"A fault has only these settings: {known}.") from None
        self.rules.append(rule)
        return rule

    def due(self, method: str, path: str) -> Rule | None:
        """The rule that applies to a request, if any."""
        for rule in self.rules:
            if rule.method not in (None, method) or not re.search(rule.path, path):
                continue
            rule.seen += 1
            if rule.seen > rule.after and (rule.times == 0 or rule.hits < rule.times):
                rule.hits += 1
                return rule
        return None

    async def before(
        self, rule: Rule, site: "Site", scope: Scope, receive: Receive, send: Send
    ) -> bool:
        """Do what comes before the answer; True if the request is done with."""
        if rule.kind == "kill_sessions":
            site.sessions.sign_out_all()
        elif rule.kind == "mutate_before":
            self.mutate(rule.changes)
        elif rule.kind == "delay":
            await asyncio.sleep(rule.seconds)
        elif rule.kind == "hang":
            await asyncio.sleep(rule.seconds)
            _transport(send).close()
            return True
        elif rule.kind == "reset":
            _reset(send)
            return True
        answer = _instead(rule, site)
        if answer is None:
            return False
        await answer(scope, receive, send)
        return True

    async def send(
        self, rule: Rule, site: "Site", answer: Response, wire: tuple[Scope, Receive, Send]
    ) -> None:
        """Send the answer in the way of the rule."""
        scope, receive, send = wire
        body = bytes(answer.body)
        change = _CHANGES.get(rule.kind)
        if change is not None and answer.status_code == 200:
            with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
                body = json.dumps(change(json.loads(body)), ensure_ascii=False).encode()
            answer.body = body
            answer.headers["Content-Length"] = str(len(body))
        if rule.kind == "wrong_type":
            answer.headers["Content-Type"] = "text/html"
        if rule.kind not in ("reset_during", "truncated", "slow"):
            await answer(scope, receive, send)
            if rule.kind == "mutate_after":
                self.mutate(rule.changes)
            return
        start = {"type": "http.response.start", "status": answer.status_code}
        await send({**start, "headers": answer.raw_headers})
        half = len(body) // 2
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        if rule.kind == "slow":
            await asyncio.sleep(rule.seconds)
            await send({"type": "http.response.body", "body": body[half:]})
        elif rule.kind == "truncated":
            _transport(send).close()
        else:
            await asyncio.sleep(0.02)
            _reset(send)


def _instead(rule: Rule, site: "Site") -> Response | None:
    if rule.kind == "expired_401":
        return Response(status_code=401)
    if rule.kind == "expired_html":
        return Response(page(), 200, media_type="text/html")
    if rule.kind == "expired_302":
        place = f"{site.prefix}/{ADDRESS}?ReturnUrl=%2f"
        return Response(status_code=302, headers={"Location": place})
    if rule.kind == "status":
        headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
        if rule.html:
            text = f"<html><body><h1>{rule.status}</h1></body></html>"
            return Response(text, rule.status or 500, headers, "text/html")
        text = json.dumps({"message": "An error has occurred."})
        return Response(text, rule.status or 500, headers, "application/json")
    if rule.kind == "oversized":
        return Response(b"[" + b" " * (rule.megabytes << 20) + b"]", media_type="application/json")
    if rule.kind == "bomb":
        packed = gzip.compress(b"[" + b" " * (rule.megabytes << 20) + b"]")
        return Response(packed, 200, {"Content-Encoding": "gzip"}, "application/json")
    return None


def _in_list(change: Callable[[list[Any]], list[Any]]) -> Callable[[Any], Any]:
    """The change made to the rows of an answer, which OData has in an envelope."""

    def changed(document: Any) -> Any:
        if isinstance(document, dict):
            return {**document, "value": change(document["value"])}
        return change(document)

    return changed


def _foreign(document: Any) -> Any:
    return {**document, "@odata.nextLink": "http://198.51.100.7/odata/next"}


_CHANGES: Mapping[str, Callable[[Any], Any]] = {
    "duplicate_row": _in_list(lambda rows: [*rows, rows[-1]]),
    "missing_row": _in_list(lambda rows: rows[1:]),
    "shuffle": _in_list(lambda rows: rows[::-1]),
    "foreign_link": _foreign,
}


def _transport(send: Any) -> Any:
    """The connection below an ASGI send function of the server."""
    return send.__self__.transport


def _reset(send: Any) -> None:
    transport = _transport(send)
    connection = transport.get_extra_info("socket")
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
