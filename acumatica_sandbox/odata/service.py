"""Answers requests for OData: signs in, finds the entity set, and hands out rows."""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import not_found
from acumatica_sandbox.identity.directory import Directory
from acumatica_sandbox.identity.service import auth_cookie, signed_in, with_cookies
from acumatica_sandbox.identity.sessions import SESSION_COOKIE, ApiSession, SignInRefused
from acumatica_sandbox.odata import answers
from acumatica_sandbox.odata.address import Address, address_of, arguments, called, plain
from acumatica_sandbox.odata.answers import Page
from acumatica_sandbox.odata.errors import FormulaUsed, ODataError
from acumatica_sandbox.odata.feeds import Column, Feed, by_name, classes, inquiries
from acumatica_sandbox.odata.metadata import metadata
from acumatica_sandbox.odata.rows import Row, Tables
from acumatica_sandbox.odata.selection import Selection, document, selection
from acumatica_sandbox.odata.values import Dialect, comparable
from acumatica_sandbox.site import Site
from acumatica_sandbox.tenants import Tenants

DELETED_KEPT = timedelta(days=10)
OPTIONS = {"$filter", "$select", "$orderby", "$top", "$skip", "$format"}
OPTIONS_OF_CLASSES = OPTIONS | {"$expand", "$count"}
_CLOSED = ("$filter", "$select", "$orderby")
"""What classes may refuse that cannot be filtered, one more with each value of the option."""
_NO_COLLECTION = (
    "The requested resource is not a collection. Query options $filter, $orderby, $count, $skip, "
    "and $top can be applied only on collections."
)


@dataclass(frozen=True)
class Ask:
    """A request to one service."""

    site: Site
    address: Address
    base: str
    """Address of the service, from the scheme on."""
    parameters: Mapping[str, str]
    tables: Tables
    dialect: Dialect
    atom: bool
    """Whether the answer is Atom XML, not JSON."""


async def answer(tenants: Tenants, request: Request, path: str) -> Response:
    """One request below `/t/{tenant}/api/odata`, `/odata` or `/odatav4`."""
    instance = tenants.instance
    names, directory = instance.options.tenants, instance.directory
    address = address_of(path, names)
    if address is None:
        return not_found(path)
    user = _user_of_basic(directory, request)
    session = signed_in(directory, request) or _conventional(directory, request)
    if session is None and user is None:
        challenge = {"WWW-Authenticate": 'Basic realm="Acumatica"'}
        return Response(status_code=401, headers=challenge)
    if address.tenant not in names:
        return not_found(path)
    if session is not None and session.tenant != address.tenant:
        if user is None:
            return not_found(path)  # as if there were no such tenant
        session = None
    fresh = session is None
    if session is None:
        session = directory.conventional.open(address.tenant, str(user))
    site = await tenants.enter(address.tenant)
    session.inside += 1
    atom = address.version == 3 and _wants_atom(request)
    try:
        async with session.lock:
            if site.options.latency:
                await asyncio.sleep(site.options.latency)
            response = await asyncio.to_thread(_answer, site, request, address, atom)
    except ODataError as error:
        response = answers.error(400, str(error), address.version, atom)
    except FormulaUsed:
        response = Response(b"", 200, media_type="application/json")
    finally:
        session.inside -= 1
    return with_cookies(response, session) if fresh else response


def _user_of_basic(directory: Directory, request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(token).decode().partition(":")
        return directory.sessions.check(name, password)
    except (ValueError, SignInRefused):
        return None


def _conventional(directory: Directory, request: Request) -> ApiSession | None:
    """The conventional user that the cookies belong to."""
    session = directory.conventional.find(request.cookies.get(SESSION_COOKIE))
    if session is None or request.cookies.get(".ASPXAUTH") != auth_cookie(session):
        return None
    return session


def _wants_atom(request: Request) -> bool:
    """OData 3 answers in Atom, unless JSON is asked for."""
    wanted = request.query_params.get("$format") or request.headers.get("Accept", "")
    return "json" not in wanted.lower()


def _answer(site: Site, request: Request, address: Address, atom: bool) -> Response:
    options = site.options
    refuse = answers.Refusal(address.version, atom)
    if request.method not in ("GET", "HEAD"):
        return refuse(
            405, f"The requested resource does not support http method '{request.method}'."
        )
    if address.dac and not options.dac_role:
        return refuse(403, "You have insufficient rights to use this service.")
    several = [n for n, count in Counter(n for n, _ in _items(request)).items() if count > 1]
    if several:
        raise ODataError(f"Query option '{several[0][:40]}' was specified more than once.")
    shows = {
        name: request.headers.get(header, "").upper() == "SHOW"
        for name, header in (("archived", "PX-ApiArchive"), ("deleted", "PX-ApiDeleted"))
    }
    if address.dac:
        tables = Tables(site, classes(site), **shows)
        zone = (
            timezone(timedelta(minutes=options.offset_minutes)) if options.offset_minutes else UTC
        )
        dialect = Dialect(4, zone, text_decimals=options.odata_text_decimals)
    else:
        tables = Tables(site, inquiries(site))
        old = address.version == 3
        dialect = Dialect(
            address.version,
            offsets=not (old or options.odata_bare_dates),
            text_decimals=old or options.odata_text_decimals,
        )
    base = f"{request.url.scheme}://{request.url.netloc}{site.prefix}/{address.base}"
    parameters = dict(_items(request))
    return _route(Ask(site, address, base, parameters, tables, dialect, atom), refuse)


def _items(request: Request) -> list[tuple[str, str]]:
    return request.query_params.multi_items()


def _route(ask: Ask, refuse: answers.Refusal) -> Response:
    feeds, version = ask.tables.feeds, ask.address.version
    if not ask.address.rest:
        kinds = {
            name: "Singleton" if feed.singleton else "EntitySet"
            for feed in feeds.values()
            for name in feed.names
        }
        return answers.service(kinds, ask.base, version, ask.atom)
    first, *more = ask.address.rest
    if first == "$metadata" and not more:
        return answers.xml(metadata(feeds, version), version)
    name, given = called(first)
    feed = by_name(feeds).get(name)
    bound: dict[str, str | None] = {}
    if feed is None:
        takers = {one.function: one for one in feeds.values() if one.parameter}
        feed = takers.get(name)
        if feed is not None and feed.parameter and (given is not None or version == 3):
            values = ask.parameters if given is None else arguments(given, ask.parameters)
            bound = {feed.parameter: plain(values.get(feed.parameter, "null"))}
            given = None
    elif feed is not None and feed.parameter:
        value = ask.parameters.get(feed.parameter) if version == 3 else None
        bound = {feed.parameter: None if value is None else plain(value)}
    if feed is None or (feed.parameter and not bound):
        return refuse(404, f"Resource not found for the segment '{first[:100]}'.")
    options = ask.site.options
    if {*feed.names} & {*(options.dac_refused if feed.is_class else options.inquiries_refused)}:
        return refuse(403, f"You have insufficient rights to access the object {feed.type_name}.")
    call = "/".join(more).lower()
    if ask.address.dac and call == "px.getdeletedrecords()" and given is None:
        return _deleted(ask, feed)
    if more and not (ask.address.dac and call == "$count" and given is None):
        return refuse(404, f"Resource not found for the segment '{more[0][:100]}'.")
    asked = _options(ask)
    if feed.singleton:
        if {*asked} - {"$select", "$expand", "$format"}:
            raise ODataError(_NO_COLLECTION)
        wanted = selection(ask.tables, feed, asked, ask.dialect)
        only = ask.tables.rows(feed)[:1]
        return _one(ask, wanted, only[0]) if only else Response(status_code=204)
    if not feed.filterable:
        closed = _CLOSED[: _CLOSED.index(f"${options.dac_unfilterable}") + 1]
        for name in sorted({*asked}.intersection(closed)):
            raise ODataError(f"The query option '{name}' is not allowed.")
    wanted = selection(ask.tables, feed, asked, ask.dialect)
    if given is not None:
        row = _single(ask, feed, arguments(given, ask.parameters))
        return refuse(404, "The resource was not found.") if row is None else _one(ask, wanted, row)
    rows = [row for row in ask.tables.rows(feed) if _agrees(row, bound)]
    if options.unstable_order and (wanted.order or not feed.is_class):
        random.shuffle(rows)  # rows that $orderby does not tell apart
    matching = wanted.matching(rows)
    if more:
        return answers.text(str(len(matching)))
    return _rows(ask, wanted, matching)


def _options(ask: Ask) -> dict[str, str]:
    known = OPTIONS_OF_CLASSES if ask.address.dac else OPTIONS
    for name in ask.parameters:
        if name.startswith("$") and name not in known:
            raise ODataError(f"The query option '{name[:40]}' is not allowed.")
    return {name: value for name, value in ask.parameters.items() if name in known}


def _agrees(row: Row, bound: Mapping[str, str | None]) -> bool:
    """Whether a row has the values of an inquiry's parameters; none agrees with a missing one."""
    return all(
        value is not None and comparable(str(row[name])) == comparable(value)
        for name, value in bound.items()
    )


def _single(ask: Ask, feed: Feed, keys: Mapping[str, str]) -> Row | None:
    if set(keys) == {""} and len(feed.keys) == 1:
        keys = {feed.keys[0]: keys[""]}
    if set(keys) != set(feed.keys):
        raise ODataError("The number of keys specified in the URI does not match the type.")
    found = (row for row in ask.tables.rows(feed) if _agrees(row, dict(keys)))
    return next(found, None)


def _one(ask: Ask, wanted: Selection, row: Row) -> Response:
    name = quote(called(ask.address.rest[0])[0])
    context = f"{ask.base}/$metadata#{name}{wanted.described()}/$entity"
    members = document(ask.tables, wanted, row, ask.dialect)
    page = Page(context, None, None)
    if ask.atom:
        return answers.atom_rows(wanted, [row], ask.dialect, (ask.base, ask.site.clock.now(), None))
    return answers.entity(page, members, ask.address.version)


def _rows(ask: Ask, wanted: Selection, matching: list[Row]) -> Response:
    taken = wanted.window(matching)
    most, cap = ask.site.options.odata_page, ask.site.options.cap_feeds
    following = None
    if most and len(taken) > most:
        taken = taken[:most]
        options = {**ask.parameters, "$skip": str(wanted.skip + most)}
        if wanted.top is not None:
            options["$top"] = str(wanted.top - most)
        here = "/".join(quote(segment) for segment in ask.address.rest)
        beginning = {
            "absolute": f"{ask.base}/",
            "relative": "",
            "behind": f"http://node-2.internal:8080{urlsplit(ask.base).path}/",
        }
        following = f"{beginning[ask.site.options.odata_links]}{here}?{urlencode(options)}"
    elif cap:
        taken = taken[:cap]
    if ask.atom:
        around = (ask.base, ask.site.clock.now(), following)
        return answers.atom_rows(wanted, taken, ask.dialect, around)
    context = f"{ask.base}/$metadata#{quote(called(ask.address.rest[0])[0])}{wanted.described()}"
    members = [document(ask.tables, wanted, row, ask.dialect) for row in taken]
    page = Page(context, len(matching) if wanted.count else None, following)
    return answers.collection(page, members, ask.address.version)


def _deleted(ask: Ask, feed: Feed) -> Response:
    """What was deleted in the last ten days, of a class whose deletions are tracked."""
    columns = (Column("RefNoteID", "id", "g"), Column("DeleteDate", "", "t"))
    shape = Feed("DeletedRecordResult", "PX.Api.OData.DAC", feed.entity, columns, ("RefNoteID",))
    untracked = {*feed.names} & {*ask.site.options.dac_untracked}
    of = {part.entity.name for part in ask.tables.feeds.values() if part.name in feed.parts}
    of = set() if feed.detail or untracked else of or {feed.entity.name}
    oldest = ask.site.clock.now() - DELETED_KEPT
    rows: list[dict[str, Any]] = [
        {"RefNoteID": identity, "DeleteDate": moment}
        for entity, identity, moment in ask.site.deleted
        if entity in of and moment >= oldest
    ]
    wanted = selection(ask.tables, shape, _options(ask), ask.dialect)
    matching = wanted.matching(rows)
    taken = wanted.window(matching)[: ask.site.options.cap_feeds or None]
    members = [document(ask.tables, wanted, row, ask.dialect) for row in taken]
    page = Page(f"{ask.base}/$metadata#Collection({shape.full_type})", None, None)
    return answers.collection(page, members, 4)
