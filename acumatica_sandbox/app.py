"""The site as an ASGI application: finds the session, keeps the limits, and hands requests on."""

import time
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from acumatica_sandbox import control_http, identity, rest
from acumatica_sandbox.answers import Failure, http_error, not_found
from acumatica_sandbox.faults import Faults
from acumatica_sandbox.odata import service as odata
from acumatica_sandbox.sign_in_page import ADDRESS
from acumatica_sandbox.site import Site
from acumatica_sandbox.throttle import Declined

Handler = Callable[[Site, Request, str], Awaitable[Response]]


class App:
    """Serves one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._throttle = site.throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        begun = time.monotonic()
        request = Request(scope, receive)
        raw = scope.get("raw_path") or scope["path"].encode()
        full_path = raw.decode("latin-1")
        prefix = f"{self._site.prefix}/"
        if full_path.startswith(f"{prefix}_sandbox/"):
            answer = await control_http.answer(
                self._site, request, full_path.removeprefix(f"{prefix}_sandbox/")
            )
            await answer(scope, receive, send)
            return
        faults: Faults = self._site.faults
        fault = faults.due(request.method, full_path)
        if fault is not None and await faults.before(fault, self._site, scope, receive, send):
            self._count(request, full_path, fault.status or 0, 0, begun)
            return
        answer = await self._answer(request, full_path, prefix)
        answer.headers["Date"] = format_datetime(self._site.clock.now(), usegmt=True)
        self._count(request, full_path, answer.status_code, len(answer.body), begun)
        if fault is None:
            await answer(scope, receive, send)
        else:
            await faults.send(fault, self._site, answer, (scope, receive, send))

    def _count(self, request: Request, path: str, status: int, size: int, begun: float) -> None:
        traffic = self._site.traffic
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
        if length > self._site.options.max_url:
            return Response(b"URI Too Long", 414, media_type="text/html")
        sized = {"content-length", "transfer-encoding"} & set(request.headers)
        if request.method == "POST" and not sized:
            return Response(b"Length Required", 411, media_type="text/html")
        path = full_path.removeprefix(prefix)
        handler, counted, limited = _route(path)
        try:
            if not limited:
                if counted:
                    self._throttle.count()
                return await handler(self._site, request, path)
            await self._throttle.enter()
        except Declined:
            return Response(
                b"The custom error module does not recognize this error.",
                429,
                media_type="text/plain",
            )
        except Failure as failure:
            return failure.answer
        try:
            return await handler(self._site, request, path)
        except Failure as failure:
            return failure.answer
        except UnicodeError:
            return http_error(400, "The request is not valid UTF-8.")
        finally:
            self._throttle.leave()


def _route(path: str) -> tuple[Handler, bool, bool]:
    """Who answers; whether the request counts in the minute; whether it waits for its turn."""
    lower = unquote(path).lower()
    if lower == "entity/auth/login":
        return identity.sign_in, True, True
    if lower == "entity/auth/logout":
        return identity.sign_out, True, False
    if lower.startswith("identity/"):
        return identity.oauth, True, False
    if lower in ("odata", "odatav4") or lower.startswith(("t/", "odata/", "odatav4/")):
        return odata.answer, True, True
    if lower == "entity" or lower.startswith("entity/"):
        polls = "/status/" in lower or "/report/" in lower
        return rest.answer, not polls, not polls
    if lower == ADDRESS.lower():
        return identity.sign_in_page, False, False
    return _nothing, False, False


async def _nothing(site: Site, request: Request, path: str) -> Response:
    return not_found(path)
