"""Questions about generic inquiries and data access classes over OData."""

from collections.abc import Mapping, Sequence
from typing import Any

from acumatica_source.client.address import segment
from acumatica_source.contract.edmx import WITH_PARAMETERS, Feed, parse_edmx
from acumatica_source.contract.model import FieldType
from acumatica_source.probing.model import rounded
from acumatica_source.probing.of_lists import FEWEST
from acumatica_source.probing.replies import RealText, Reply, form_of_moment
from acumatica_source.probing.tour import Tour, query
from acumatica_source.reading.odata import classes_path, inquiries_path

TRIED = 4
"""Inquiries that are asked before it is said that none has rows."""
ROWS = 1_500
"""Rows that a feed is asked for; pages of servers are smaller."""
CLASS = "SOOrder"
"""A class that every instance has."""
NEXT_LINKS = ("@odata.nextLink", "odata.nextLink")


def of_inquiries(tour: Tour) -> None:
    """How an inquiry answers: pages, order, count, and how values are written."""
    service = inquiries_path(tour.instance.tenant)
    sets = parse_edmx(tour.ask(f"{service}/$metadata").content).sets
    shown = [feed for feed in sets.values() if not feed.name.endswith(WITH_PARAMETERS)]
    tour.note("inquiries.shown", rounded(len(shown)))
    plain = [feed for feed in shown if not feed.parameters and feed.fields and _has_path(feed)]
    for feed in plain[:TRIED]:
        path = f"{service}/{segment(feed.name, 'inquiry')}"
        order = _order(feed)
        options = query(top=str(ROWS), **({"orderby": order} if order else {}))
        reply = tour.ask(path, options)
        if reply.rows:
            _paging(tour, "inquiries", path, options, reply)
            tour.note("inquiries.more_than", rounded(max(len(reply.rows) - 1, 0)))
            _written(tour, "inquiries", feed, reply.rows)
            _counted(tour, path)
            if order:
                _ordered(tour, path, order)
            return


def of_a_class(tour: Tour) -> None:
    """How a class answers."""
    path = f"{classes_path(tour.instance.tenant)}/{CLASS}"
    first = tour.ask(path, query(top="50"))
    tour.note("classes.readable", first.ok)
    if not first.ok:
        return
    options = query(top=str(ROWS), select="OrderType,OrderNbr")
    reply = tour.ask(path, options)
    rows = reply.rows or []
    _paging(tour, "classes", path, options, reply)
    keys = [(str(row.get("OrderType")), str(row.get("OrderNbr"))) for row in rows]
    if len(keys) < FEWEST:
        tour.note("classes.order", "too few")
    else:
        tour.note("classes.order", "keys" if keys == sorted(keys) else "something else")
    _written(tour, "classes", None, first.rows or [])
    deleted = tour.ask(f"{path}/px.GetDeletedRecords()", query(top="1"))
    tour.note("classes.deleted", deleted.shape)
    tour.note("classes.deleted_rows", deleted.outcome)


def of_metadata(tour: Tour) -> None:
    """What the metadata of classes restrict, and whether that is so."""
    if not tour.findings.answers.get("classes.readable"):
        return
    service = classes_path(tour.instance.tenant)
    sets = parse_edmx(tour.ask(f"{service}/$metadata").content).sets
    closed = [feed for feed in sets.values() if not feed.filterable and not feed.singleton]
    singletons = [feed for feed in sets.values() if feed.singleton]
    keyless = [feed for feed in sets.values() if feed.usable_keys != feed.keys]
    tour.note("classes.sets", rounded(len(sets)))
    tour.note("classes.singletons", rounded(len(singletons)))
    tour.note("classes.not_filterable", rounded(len(closed)))
    tour.note("classes.keys_not_filterable", rounded(len(keyless)))
    _closed_field(tour, service, sets)
    for feed in closed[:TRIED]:
        path = f"{service}/{feed.name}"
        if not tour.ask(path, query(top="1")).ok:
            tour.note("classes.unfilterable_read", "refused")
            continue
        tour.note("classes.unfilterable_read", "taken")
        name = feed.fields[0].name
        for option, text in (
            ("filter", f"{name} ne null"),
            ("select", name),
            ("orderby", name),
        ):
            reply = tour.ask(path, {"$top": "1", f"${option}": text})
            tour.note(f"classes.unfilterable_{option}", "taken" if reply.ok else "refused")
        break
    for feed in [one for one in singletons if one.name.endswith("Setup")][:1]:
        reply = tour.ask(f"{service}/{feed.name}")
        shape = reply.shape
        # its members are those of the class, of which there is nothing to tell
        tour.note("classes.singleton", {**shape, "members": []} if reply.ok else shape)


def _closed_field(tour: Tour, service: str, sets: Mapping[str, Feed]) -> None:
    feed = sets.get(CLASS)
    if feed is None or not feed.unfilterable:
        return
    name = sorted(feed.unfilterable)[0]
    path = f"{service}/{CLASS}"
    reply = tour.ask(path, query(top="1", select=name))
    tour.note("classes.unselectable_selected", "taken" if reply.ok else "refused")
    rows = tour.ask(path, query(top="1")).rows
    if rows:
        tour.note("classes.unselectable_shown", name in rows[0])


def _paging(tour: Tour, group: str, path: str, options: Mapping[str, str], reply: Reply) -> None:
    envelope = reply.document if isinstance(reply.document, dict) else {}
    linked = any(envelope.get(name) for name in NEXT_LINKS)
    rows = reply.rows or []
    tour.note(f"{group}.next_link", linked)
    tour.note(f"{group}.page", rounded(len(rows)) if linked else 0)
    if not linked and len(rows) < ROWS:
        tour.note(f"{group}.limit", tour.limit_met(path, options, len(rows)))


def _written(tour: Tour, group: str, feed: Feed | None, rows: Sequence[dict[str, Any]]) -> None:
    values = [(name, value) for row in rows for name, value in row.items() if "@" not in name]
    forms = {
        form
        for name, value in values
        if "Modified" in name or "Created" in name
        if (form := form_of_moment(value))
    }
    if forms:
        tour.note_words(f"{group}.instants", forms)
    texts = [value for _, value in values if type(value) is str]
    tour.note(f"{group}.padded", any(one != one.rstrip() for one in texts))
    decimals = (
        {f.name for f in feed.fields if f.type is FieldType.DECIMAL}
        if feed is not None
        else {"CuryOrderTotal", "OrderTotal", "OrderQty"}
    )
    kinds = {
        "text" if type(value) is str else "number"
        for name, value in values
        if name in decimals and (type(value) is str or isinstance(value, int | RealText))
    }
    if kinds:
        tour.note_words(f"{group}.decimals", kinds)


def _counted(tour: Tour, path: str) -> None:
    reply = tour.ask(path, query(top="1", count="true"))
    if not reply.ok:
        tour.note("inquiries.count", "refused")
        return
    counted = any(str(name).endswith("count") for name in reply.document or {})
    tour.note("inquiries.count", "honoured" if counted else "ignored")


def _ordered(tour: Tour, path: str, name: str) -> None:
    ends = []
    for order in (name, f"{name} desc"):
        reply = tour.ask(path, query(top="1", orderby=order))
        if not reply.ok:
            tour.note("inquiries.orderby", "refused")
            return
        ends += [row.get(name) for row in reply.rows or []]
    if len(ends) == 2:
        tour.note("inquiries.orderby", "honoured" if ends[0] != ends[1] else "ignored")


def _has_path(feed: Feed) -> bool:
    """Whether its name can stand in an address."""
    return not {"/", "|"} & {*feed.name}


def _order(feed: Feed) -> str | None:
    """What the rows of an inquiry can be ordered by."""
    return feed.keys[-1] if feed.keys else None
