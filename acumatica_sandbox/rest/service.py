"""Routes of the contract REST API, below `/entity`."""

import asyncio
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import http_error, json_answer, not_found
from acumatica_sandbox.bodies import parse_body
from acumatica_sandbox.identity.service import signed_in, with_cookies
from acumatica_sandbox.identity.sessions import SESSION_COOKIE, ApiSession
from acumatica_sandbox.records.builds import FEATURES
from acumatica_sandbox.rest import actions, entity_api, files, maintenance, swagger, writes
from acumatica_sandbox.rest.dialect import dialect_of
from acumatica_sandbox.rest.entity_api import Call, entity_of
from acumatica_sandbox.site import Site
from acumatica_sandbox.tenants import Tenants

PAGE = 1_000
"""Records that are put together at once; more of them in a thread, while others are answered."""
SYSTEM_ENDPOINT = "Default"


async def answer(tenants: Tenants, request: Request, path: str) -> Response:
    """One request below `/entity`."""
    _, *parts = unquote(path).split("/")  # an encoded slash is one too: no key can hold any
    while parts and not parts[-1]:
        parts.pop()
    session = signed_in(tenants.instance.directory, request)
    site = await tenants.enter(session.tenant if session else None)
    if not parts or parts == ["swagger.json"]:
        if request.method not in ("GET", "HEAD"):
            return _unsupported(request)
        if parts:
            return swagger.of_instance(f"{_host(request)}{site.prefix}")
        return _endpoint_list(site, request, session)
    of_maintenance = parts[0] == "maintenance" and parts[1:2] and parts[1] in maintenance.INTERFACES
    if tuple(parts[2:] if of_maintenance else parts[:2]) not in site.endpoints:
        return not_found(request.url.path)
    if session is None:
        return _signed_out(site)
    session.inside += 1
    site.traffic.in_one_session_max = max(site.traffic.in_one_session_max, session.inside)
    try:
        async with session.lock:
            if site.options.latency:
                await asyncio.sleep(site.options.latency)
            response = await _endpoint(site, session, request, parts)
    finally:
        session.inside -= 1
    if request.cookies.get(SESSION_COOKIE) != session.id:
        with_cookies(response, session)
    return response


def _signed_out(site: Site) -> Response:
    """The answer without a session; real builds are seen to answer with a message alone."""
    text = "You are not logged in."
    details = {
        "exceptionMessage": text,
        "exceptionType": "PX.Data.PXNotLoggedInException",
        "stackTrace": None,
    }
    return json_answer({"message": text, **({} if site.build.style else details)}, 401)


def _is_page(top: str) -> bool:
    return top.isascii() and top.isdigit() and len(top) < 5 and int(top) <= PAGE


def _endpoint_list(site: Site, request: Request, session: ApiSession | None) -> Response:
    """The endpoints of the instance; without a session only those of the system."""
    form = site.options.endpoint_list
    root = (_host(request) if form == "absolute" else "") + site.prefix
    endpoints = [
        {"name": name, "version": version, "href": f"{root}/entity/{name}/{version}/"}
        for name, version in site.endpoints
        if session is not None or name == SYSTEM_ENDPOINT
    ]
    if form == "bare":
        return json_answer(endpoints)
    number = site.build.number
    document: dict[str, Any] = {
        "version": {"acumaticaBuildVersion": number, "databaseVersion": number},
        "endpoints": endpoints,
    }
    if session is not None and site.build.style == "26R2":
        document["features"] = FEATURES
    return json_answer(document)


async def _endpoint(
    site: Site, session: ApiSession, request: Request, parts: list[str]
) -> Response:
    if parts[0] == "maintenance":
        get = request.method == "GET"
        return maintenance.answer(site, *parts[2:]) if get else _unsupported(request)
    name, version, *rest = parts
    base = f"{site.prefix}/entity/{name}/{version}"
    dialect = dialect_of(site, name, version)
    call = Call(site, session, request.query_params, request.headers, base, dialect)
    if not rest:
        return json_answer({"name": name, "version": version, "href": f"{base}/"})
    if rest == ["swagger.json"]:
        return swagger.answer(site, name, version, f"{_host(request)}{site.prefix}")
    if site.endpoints[name, version] == 3:
        return http_error(500, f"The contract version of {name}/{version} is not supported.")
    if rest[0] == "files":
        return await files.answer(call, request, rest[1:])
    if rest[0] in actions.REPORTS:
        return await actions.report(call, request, rest)
    entity = entity_of(site, rest[0])
    keys = rest[1:]
    polls = len(keys) == 3 and keys[1] == "status"
    if site.build.waits and not polls and actions.is_busy(call, entity):
        return Response(status_code=409)
    if request.method == "GET":
        if keys == ["$adHocSchema"]:
            return entity_api.ad_hoc_schema(call, entity)
        if polls:
            return actions.status(call, keys[2])
        if keys and not request.query_params.get("$filter"):
            return entity_api.read_record(call, entity, keys)
        if _is_page(request.query_params.get("$top", "")):
            return entity_api.read_list(call, entity, keys)
        return await asyncio.to_thread(entity_api.read_list, call, entity, keys)
    if request.method in ("PUT", "PATCH") and not keys:
        body = parse_body(await request.body())
        only = request.method == "PATCH"
        return await asyncio.to_thread(writes.put, call, entity, body, update_only=only)
    if request.method == "PUT" and len(keys) > 2 and keys[-2] == "files":
        return await files.attach(call, request, entity, keys)
    if request.method == "DELETE" and keys:
        return writes.delete(call, entity, keys)
    if request.method == "POST" and len(keys) == 1:
        return actions.start(call, entity, keys[0], parse_body(await request.body()))
    return _unsupported(request, 406 if request.method == "POST" and not keys else 405)


def _unsupported(request: Request, status: int = 405) -> Response:
    text = f"The requested resource does not support http method '{request.method}'."
    return json_answer({"message": text}, status)


def _host(request: Request) -> str:
    return str(request.base_url).rstrip("/")
