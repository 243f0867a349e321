"""OData: generic inquiries (version 4 and the older 3) and data access classes (version 4)."""

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import json_answer, not_found
from acumatica_sandbox.identity import auth_cookie, signed_in, with_cookies
from acumatica_sandbox.odata.feeds import Column, Feed, classes, inquiries
from acumatica_sandbox.odata.filters import (
    FormulaUsed,
    ODataError,
    column_of,
    ordered,
    predicate,
)
from acumatica_sandbox.odata.metadata import metadata, service_document
from acumatica_sandbox.odata.rows import rows_of, shown
from acumatica_sandbox.sessions import SESSION_COOKIE, ApiSession, SignInRefused
from acumatica_sandbox.site import Site

ADDRESS = re.compile(
    r"(?:t/(?P<tenant>[^/]+)/api/odata/(?P<kind>gi|dac)|odata/(?P<tenant3>[^/]+)"
    r"|odatav4/(?P<tenant4>[^/]+))(?:/(?P<rest>.*))?",
    re.IGNORECASE,
)
DELETED_KEPT = timedelta(days=10)
OPTIONS = {"$filter", "$select", "$orderby", "$top", "$skip", "$format", "$expand", "$count"}


@dataclass(frozen=True)
class Ask:
    """A request for rows."""

    site: Site
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    base: str
    version: int
    dac: bool


async def answer(site: Site, request: Request, path: str) -> Response:
    """One request below `/t/{tenant}/api/odata`, `/odata` or `/odatav4`."""
    found = ADDRESS.fullmatch(unquote(path))
    if found is None:
        return not_found(path)
    user = _user_of_basic(site, request)
    session = signed_in(site, request) or _conventional(site, request)
    if session is None and user is None:
        challenge = {"WWW-Authenticate": 'Basic realm="Acumatica"'}
        return Response(status_code=401, headers=challenge)
    parts = found.groupdict()
    tenant = parts["tenant"] or parts["tenant3"] or parts["tenant4"]
    if tenant not in site.options.tenants:
        return not_found(path)
    rest = (parts["rest"] or "").rstrip("/")
    base = str(request.url.replace(query="")).removesuffix(rest).rstrip("/")
    dac = (parts["kind"] or "").lower() == "dac" or parts["tenant4"] is not None
    version = 3 if parts["tenant3"] else 4
    ask = Ask(site, request.query_params, request.headers, base, version, dac)
    if dac and not site.options.dac_role:
        return _error(403, "You have insufficient rights to use this service.")
    fresh = session is None
    if session is None:
        session = site.conventional.open(tenant, str(user))
    session.inside += 1
    try:
        async with session.lock:
            if site.options.latency:
                await asyncio.sleep(site.options.latency)
            response = await asyncio.to_thread(_route, ask, rest)
    except ODataError as error:
        response = _error(400, str(error))
    except FormulaUsed:
        response = Response(b"", 200, media_type="application/json")
    finally:
        session.inside -= 1
    return with_cookies(response, session) if fresh else response


def _user_of_basic(site: Site, request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(token).decode().partition(":")
        return site.sessions.check(name, password)
    except (ValueError, SignInRefused):
        return None


def _conventional(site: Site, request: Request) -> ApiSession | None:
    """The conventional user that the cookies belong to."""
    session = site.conventional.find(request.cookies.get(SESSION_COOKIE))
    if session is None or request.cookies.get(".ASPXAUTH") != auth_cookie(session):
        return None
    return session


def _route(ask: Ask, path: str) -> Response:
    feeds = classes(ask.site) if ask.dac else inquiries(ask.site)
    if not path:
        return json_answer(service_document(feeds, ask.base, ask.version))
    if path == "$metadata":
        space = "PX.Data" if ask.dac else "GenericInquiry"
        return Response(metadata(feeds, space, ask.version), media_type="application/xml")
    name, _, call = path.partition("/")
    called = re.fullmatch(r"(?P<name>[^(]+)\((?P<arguments>.*)\)", name)
    plain = called["name"] if called else name
    by_name = {n: feed for feed in feeds.values() for n in (feed.name, *feed.aliases)}
    if plain.endswith("_WithParameters") and called:
        feed = by_name.get(plain.removesuffix("_WithParameters"))
        if feed is not None and feed.parameter:
            arguments = _arguments(called["arguments"], ask.parameters)
            return _rows(ask, feed, {feed.parameter: arguments.get(feed.parameter)})
    feed = by_name.get(plain)
    if feed is None:
        return _error(404, f"Resource not found for the segment '{plain[:100]}'.")
    if ask.dac and call.lower() == "px.getdeletedrecords()":
        return _deleted(ask, feed)
    if call:
        return _error(404, f"Resource not found for the segment '{call[:100]}'.")
    if called:
        return _single(ask, feed, _arguments(called["arguments"], ask.parameters))
    if feed.parameter and ask.version == 3 and feed.parameter in ask.parameters:
        return _rows(ask, feed, {feed.parameter: ask.parameters[feed.parameter]})
    return _rows(ask, feed, {feed.parameter: None} if feed.parameter else {})


def _arguments(text: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """`Name='x',Other=@1` as values; an alias is looked up in the query."""
    found = {}
    for name, value in re.findall(r"(\w+)=('(?:[^']|'')*'|[^,]+)", text):
        value = parameters.get(value, "") if value.startswith("@") else value
        found[name] = value.strip("'").replace("''", "'")
    if not found and text:
        found[""] = text.strip("'").replace("''", "'")
    return found


def _rows(ask: Ask, feed: Feed, bound: Mapping[str, str | None]) -> Response:
    parameters = ask.parameters
    unknown = [n for n in parameters if n.startswith("$") and n not in OPTIONS]
    if unknown or "$count" in parameters:
        raise ODataError(f"The query option '{(unknown or ['$count'])[0]}' is not allowed.")
    rows: list[Any] = rows_of(
        ask.site,
        feed,
        archived=ask.headers.get("PX-ApiArchive", "").upper() == "SHOW" or not ask.dac,
        deleted=ask.headers.get("PX-ApiDeleted", "").upper() == "SHOW",
    )
    for name, value in bound.items():
        rows = [row for row in rows if row[name] == value]
    if parameters.get("$filter"):
        test = predicate(feed, parameters["$filter"], ask.version)
        rows = [row for row in rows if test(row)]
    if parameters.get("$orderby"):
        rows = ordered(feed, rows, parameters["$orderby"])
    skip, top = _whole(parameters, "$skip") or 0, _whole(parameters, "$top")
    rest = rows[skip:]
    most = ask.site.options.odata_page
    taken = rest if top is None else rest[:top]
    more = bool(most) and len(taken) > most
    taken = taken[:most] if more else taken
    document: dict[str, Any] = {
        "odata.metadata" if ask.version == 3 else "@odata.context": (
            f"{ask.base}/$metadata#{feed.name}"
        ),
        "value": [_shown(ask, feed, row) for row in taken],
    }
    if more:
        following = {**parameters, "$skip": str(skip + most)}
        if top is not None:
            following["$top"] = str(top - most)
        link = "odata.nextLink" if ask.version == 3 else "@odata.nextLink"
        document[link] = f"{ask.base}/{feed.name}?{urlencode(following)}"
    return _json(document)


def _shown(ask: Ask, feed: Feed, row: Mapping[str, Any]) -> dict[str, Any]:
    names = [n.strip() for n in ask.parameters.get("$select", "").split(",") if n.strip()]
    wanted = [n for n in names if n != "*"]
    columns = [column_of(feed, name) for name in wanted] if wanted else feed.columns
    document = {c.name: shown(ask.site, c, row[c.name], ask.version) for c in columns}
    for name, select in _expanded(ask, feed).items():
        child = feed.children[name]
        inner = [column_of(child, one) for one in select] if select else child.columns
        document[name] = [
            {c.name: shown(ask.site, c, line[c.name], ask.version) for c in inner}
            for line in row[name]
        ]
    return document


def _expanded(ask: Ask, feed: Feed) -> dict[str, list[str]]:
    text = ask.parameters.get("$expand")
    if not text:
        return {}
    if not ask.dac:
        raise ODataError("The query option '$expand' is not allowed.")
    wanted = {}
    for name, select in re.findall(r"(\w+)(?:\(\$select=([^)]*)\))?", text):
        if name not in feed.children:
            raise ODataError(f"Could not find a property named '{name}' on type '{feed.name}'.")
        wanted[name] = [one.strip() for one in select.split(",") if one.strip()]
    return wanted


def _single(ask: Ask, feed: Feed, keys: Mapping[str, str]) -> Response:
    if set(keys) == {""} and len(feed.keys) == 1:
        keys = {feed.keys[0]: keys[""]}
    if set(keys) != set(feed.keys):
        raise ODataError("The number of keys specified in the URI does not match the type.")
    for row in rows_of(ask.site, feed, archived=True):
        if all(str(row[name]).rstrip() == value.rstrip() for name, value in keys.items()):
            context = f"{ask.base}/$metadata#{feed.name}/$entity"
            return _json({"@odata.context": context, **_shown(ask, feed, row)})
    return _error(404, "The resource was not found.")


def _deleted(ask: Ask, feed: Feed) -> Response:
    """What was deleted in the last ten days."""
    columns = (Column("RefNoteID", "", "g"), Column("DeleteDate", "", "t"))
    shape = Feed("DeletedRecord", feed.entity, columns, ("RefNoteID",))
    oldest = ask.site.clock.now() - DELETED_KEPT
    rows: list[Any] = [
        {"RefNoteID": identity, "DeleteDate": moment}
        for entity, identity, moment in ask.site.deleted
        if entity == feed.entity.name and moment >= oldest
    ]
    if ask.parameters.get("$filter"):
        test = predicate(shape, ask.parameters["$filter"], ask.version)
        rows = [row for row in rows if test(row)]
    skip, top = _whole(ask.parameters, "$skip") or 0, _whole(ask.parameters, "$top")
    rows = rows[skip:] if top is None else rows[skip : skip + top]
    value = [{c.name: shown(ask.site, c, row[c.name], 4) for c in columns} for row in rows]
    return _json({"@odata.context": f"{ask.base}/$metadata", "value": value})


def _whole(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None or text == "":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ODataError(f"Invalid value '{text[:40]}' for {name} query option found.")
    return int(text)


def _json(document: Any) -> Response:
    text = re.sub(r'"\\u0000([^"]*)"', r"\1", json.dumps(document, ensure_ascii=False))
    return Response(text.encode(), media_type="application/json; odata.metadata=minimal")


def _error(status: int, message: str) -> Response:
    return json_answer({"error": {"code": "", "message": message}}, status)
