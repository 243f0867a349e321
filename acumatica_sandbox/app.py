"""The site as an ASGI application: finds the session, keeps the limits, and hands requests on."""

import re
import time
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from functools import partial
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from acumatica_sandbox.answers import Failure, http_error, not_found
from acumatica_sandbox.control import http as control_http
from acumatica_sandbox.control.faults.kind import Wire
from acumatica_sandbox.control.faults.schedule import Faults
from acumatica_sandbox.control.interface import Control
from acumatica_sandbox.identity import oauth
from acumatica_sandbox.identity import service as identity
from acumatica_sandbox.identity.sign_in_page import ADDRESS
from acumatica_sandbox.odata import service as odata
from acumatica_sandbox.rest import service as rest
from acumatica_sandbox.tenants import Tenants
from acumatica_sandbox.throttle import Declined

Handler = Callable[[Request, str], Awaitable[Response]]


class App:
    """Serves one instance, with the control interface beside it."""

    def __init__(self, tenants: Tenants, control: Control, faults: Faults) -> None:
        self._tenants = tenants
        self._instance = tenants.instance
        self._control = control
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        begun = time.monotonic()
        request = Request(scope, receive)
        raw = scope.get("raw_path") or scope["path"].encode()
        full_path = raw.decode("latin-1")
        prefix = f"{self._instance.prefix}/"
        if full_path.startswith(f"{prefix}_sandbox/"):
            verb = full_path.removeprefix(f"{prefix}_sandbox/")
            answer = await control_http.answer(self._control, request, verb)
            await answer(scope, receive, send)
            return
        wire = Wire(scope, receive, send)
        due = self._faults.due(request.method, full_path)
        if due is not None:
            kind, rule = due
            site = await self._tenants.enter(rule.tenant)
            if await kind.before(rule, site, wire):
                self._count(request, full_path, rule.status or 0, 0, begun)
                return
        answer = await self._answer(request, full_path, prefix)
        answer.headers["Date"] = format_datetime(self._instance.clock.now(), usegmt=True)
        self._count(request, full_path, answer.status_code, len(answer.body), begun)
        if due is None:
            await wire.answer(answer)
        else:
            await kind.send(rule, site, answer, wire)

    def _count(self, request: Request, path: str, status: int, size: int, begun: float) -> None:
        traffic = self._instance.traffic
        traffic.requests[f"{request.method} {path}"] += 1
        traffic.bytes_sent += size
        traffic.log.append(
            {
                "method": request.method,
                "path": path,
                "query": dict(request.query_params),
                "status": status,
                "seconds": round(time.monotonic() - begun, 6),
                "bytes": size,
            }
        )

    async def _answer(self, request: Request, full_path: str, prefix: str) -> Response:
        if not full_path.startswith(prefix):
            return Response(b"<html><body>Not Found</body></html>", 404, media_type="text/html")
        length = len(full_path) + len(request.url.query) + 1
        if length > self._instance.options.max_url:
            return Response(b"URI Too Long", 414, media_type="text/html")
        sized = {"content-length", "transfer-encoding"} & set(request.headers)
        if request.method == "POST" and not sized:
            return Response(b"Length Required", 411, media_type="text/html")
        path = _single_slashes(full_path.removeprefix(prefix))
        handler, counted, limited = _route(self._tenants, path)
        try:
            if not limited:
                if counted:
                    self._instance.throttle.count()
                return await handler(request, path)
            await self._instance.throttle.enter()
        except Declined:
            return Response(
                b"The custom error module does not recognize this error.",
                429,
                media_type="text/plain",
            )
        except Failure as failure:
            return failure.answer
        try:
            return await handler(request, path)
        except Failure as failure:
            return failure.answer
        except UnicodeError:
            return http_error(400, "The request is not valid UTF-8.")
        finally:
            self._instance.throttle.leave()


def _single_slashes(path: str) -> str:
    """A path with single slashes up to the entity; the keys behind it may be empty."""
    head = _TO_THE_ENTITY.match(path)
    end = head.end() if head else 0
    return re.sub("/+", "/", path[:end]).lstrip("/") + path[end:]


_TO_THE_ENTITY = re.compile("(?:/*[^/]+){0,4}")


def _route(tenants: Tenants, path: str) -> tuple[Handler, bool, bool]:
    """Who answers; whether the request counts in the minute; whether it waits for its turn."""
    lower = unquote(path).lower()
    directory = tenants.instance.directory
    if lower == "entity/auth/login":
        return partial(identity.sign_in, directory), True, True
    if lower == "entity/auth/logout":
        return partial(identity.sign_out, directory), True, False
    if lower.startswith("identity/"):
        return partial(oauth.answer, directory), True, False
    if lower in ("odata", "odatav4") or lower.startswith(("t/", "odata/", "odatav4/")):
        return partial(odata.answer, tenants), True, True
    if lower == "entity" or lower.startswith("entity/"):
        polls = "/status/" in lower or "/report/" in lower
        return partial(rest.answer, tenants), not polls, not polls
    if lower == ADDRESS.lower():
        return partial(identity.sign_in_page, directory), False, False
    return _nothing, False, False


async def _nothing(request: Request, path: str) -> Response:
    return not_found(path)
