"""Questions about lists: keys and order, offsets, limits, details, and how long ids last."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from acumatica_source.client.outside import answer_beside
from acumatica_source.probing.replies import value_of
from acumatica_source.probing.tour import Subject, Tour, address_of, query

SUBJECTS = (
    Subject(
        "SalesOrder", ("OrderType", "OrderNbr"), "Details", ("LastModified", "LastModifiedDateTime")
    ),
    Subject("JournalTransaction", ("Module", "BatchNbr"), "Details"),
    Subject("Invoice", ("Type", "ReferenceNbr"), "Details"),
    Subject("StockItem", ("InventoryID",), "WarehouseDetails"),
    Subject("Customer", ("CustomerID",), "Contacts"),
    Subject("Account", ("AccountCD",), None),
)
LIGHT = 200
"""Rows by whose keys the order is told."""
FULL = 600
"""Records with all fields that a list is asked for."""
LONG_ENOUGH = 0.2
"""Seconds that a request takes at least if two at once are to tell anything."""
SLOWER, AS_FAST = 1.7, 1.3
"""How many times as long two requests at once take as one: in turns at least, beside each other at
most."""
LONG = (10_000, 3_000, 1_000, 300)
"""How many rows a list has at least, the most first."""
MOST_WITHOUT_TOP = 3_000
"""A list with more rows is not asked for whole."""
FEWEST = 5
"""Rows without which nothing can be told of an order."""


def keys_and_order(tour: Tour) -> None:
    """Keys of some entities, and what their lists are in the order of; one becomes the subject."""
    best = -1
    for subject in SUBJECTS:
        path = tour.path_of(subject.entity)
        stamps = [*subject.stamps, ""]
        for stamp in stamps:
            selected = ",".join(filter(None, [*subject.keys, stamp]))
            rows = tour.ask(path, query(top=str(LIGHT), select=selected)).rows
            if rows is not None:
                break
        if rows is None:
            continue
        keys = keys_of(subject, rows)
        order = order_of(subject, rows, stamp)
        tour.note(f"keys.{subject.entity}", _uniqueness(keys))
        tour.note(f"order.{subject.entity}", order)
        tour.keys[subject.entity] = keys
        weight = min(len(rows), 100) + (50 if subject.details else 0)
        if weight > best and rows:
            best, tour.subject = weight, subject
            tour.stamp, tour.light = stamp or None, rows
    if tour.subject is not None:
        tour.note("lists.subject", tour.subject.entity)
        tour.note("lists.stamp_selected", tour.stamp is not None)


def repeated(tour: Tour) -> None:
    """Whether order and offsets hold, and what `$orderby` does."""
    subject, before = tour.chosen, tour.light
    select = ",".join(subject.keys)
    keys = keys_of(subject, before)
    again = tour.listed(top=str(LIGHT), select=select).rows or []
    enough = len(keys) >= FEWEST
    if enough:
        tour.note("lists.stable", keys_of(subject, again)[: len(keys)] == keys)
    half = len(keys) // 2
    behind = tour.listed(top="3", skip=str(half), select=select).rows
    if behind is not None and enough:
        shown = keys_of(subject, behind)
        tour.note("lists.offsets_agree", shown == keys[half : half + 3])
    last = subject.keys[-1]
    descending = tour.listed(top="20", select=select, orderby=f"{last} desc")
    tour.note("lists.orderby", orderby_of(keys, descending, subject))


def limits(tour: Tour) -> None:
    """Whether lists are cut short without a word: full ones, light ones, and without `$top`."""
    subject = tour.chosen
    path, select = tour.path_of(subject.entity), ",".join(subject.keys)
    longer = 0
    for rows in LONG:
        if tour.listed(top="1", skip=str(rows), select=select).rows:
            longer = rows
            break
    tour.note("lists.more_than", longer)
    full = query(top=str(FULL))
    records = tour.ask(path, full).rows
    tour.full = records or []
    if records is not None and len(records) < FULL:
        tour.note("lists.limit", tour.limit_met(path, {**full, "$select": select}, len(records)))
    elif records is not None:
        tour.note("lists.limit", 0)
    wanted = max(longer, FULL) + 1
    light = query(top=str(wanted), select=select)
    rows_shown = tour.ask(path, light).rows
    if rows_shown is not None and len(rows_shown) < wanted:
        tour.note("lists.light_limit", tour.limit_met(path, light, len(rows_shown)))
    elif rows_shown is not None:
        tour.note("lists.light_limit", 0)
    if longer <= MOST_WITHOUT_TOP:
        everything = tour.ask(path, query(select=select)).rows
        if everything is not None:
            met = tour.limit_met(path, query(select=select), len(everything))
            tour.note("lists.limit_without_top", met)


def details(tour: Tour) -> None:
    """Whether lists show details that are expanded."""
    subject = tour.subject
    if subject is None or subject.details is None:
        return
    tour.note("lists.details", details_shown(tour, tour.path_of(subject.entity), subject))


def details_shown(tour: Tour, path: str, subject: Subject) -> str | None:
    """When a list shows details; None if no record of the first ones has any."""
    assert subject.details is not None
    rows = tour.ask(path, query(top="10", expand=subject.details)).rows or []
    if any(row.get(subject.details) for row in rows):
        return "always"
    for row in rows[:4]:
        one = tour.ask(f"{path}/{row['id']}", query(expand=subject.details)).record or {}
        if one.get(subject.details):
            break
    else:
        return None
    select = ",".join([*subject.keys, subject.details])
    named = tour.ask(path, query(top="10", expand=subject.details, select=select)).rows or []
    return "if selected" if any(row.get(subject.details) for row in named) else "never"


def keys_in_addresses(tour: Tour) -> None:
    """Whether a record is found by its keys."""
    subject = tour.chosen
    row = tour.light[0]
    keys = [value_of(row.get(name)) for name in subject.keys]
    reply = tour.ask(address_of(tour.path_of(subject.entity), keys))
    tour.note("lists.key_in_address", found_of(reply.record, row.get("id")))


def two_at_once(tour: Tour) -> None:
    """Whether two requests of one session are handled one after the other, as far as time tells."""
    path, params = tour.path_of(tour.chosen.entity), query(top=str(FULL))

    def took(started: float) -> float:
        answer_beside(tour.session, path, params)
        tour.outside += 1
        return time.monotonic() - started

    alone = min(took(time.monotonic()) for _ in range(2))
    if alone < LONG_ENOUGH:
        return
    started = time.monotonic()
    with ThreadPoolExecutor(2) as both:
        together = max(both.map(took, [started, started]))
    if together > SLOWER * alone:
        tour.note("lists.two_at_once", "one after the other")
    elif together < alone * AS_FAST:
        tour.note("lists.two_at_once", "at once")


def lasting_ids(tour: Tour) -> None:
    """Whose ids are the same in another session. It signs out and in again."""
    subject = tour.chosen
    options = {"top": "40", "select": ",".join(subject.keys)}
    if subject.details:
        options = {"top": "10", "expand": subject.details}
    before = tour.listed(**options).rows or []
    tour.session.logout()
    after = tour.listed(**options).rows or []
    tour.note("lists.ids", _lasting(subject, before, after))
    if subject.details:
        old, new = (
            {line.get("id") for row in rows for line in row.get(subject.details) or []}
            for rows in (before, after)
        )
        if old:
            kept = len(old & new)
            tour.note("lists.detail_ids", "all" if kept == len(old) else "some" if kept else "none")


def keys_of(subject: Subject, rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The keys of records, texts without blanks at their end."""
    return [tuple(_plain(value_of(row.get(name))) for name in subject.keys) for row in rows]


def order_of(subject: Subject, rows: Sequence[dict[str, Any]], stamp: str) -> str:
    """What the rows are in the order of, as far as the last key or the stamps tell."""
    if len(rows) < FEWEST:
        return "too few"
    keys = keys_of(subject, rows)
    if _ascend(keys):
        return "keys"
    stamps = [str(value) for row in rows if (value := value_of(row.get(stamp))) is not None]
    ordered = all(a <= b for a, b in pairwise(stamps)) or all(a >= b for a, b in pairwise(stamps))
    return "stamps" if stamp and ordered and len(set(stamps)) > 1 else "something else"


def orderby_of(keys: Sequence[Any], descending: Any, subject: Subject) -> str | None:
    """What became of an `$orderby` by the last key, descending."""
    rows = descending.rows
    if rows is None:
        return "refused"
    shown = keys_of(subject, rows)
    if len(shown) < FEWEST:
        return None
    last = [str(key[-1]).casefold() for key in shown]
    if shown == list(keys[: len(shown)]) or len(set(last)) == 1:
        return "ignored" if shown == list(keys[: len(shown)]) else None
    return "honoured" if all(a >= b for a, b in pairwise(last)) else "ignored"


def found_of(record: dict[str, Any] | None, identity: object) -> str:
    """Whether a record is the one with this id."""
    if record is None:
        return "not found"
    return "found" if identity is None or record.get("id") == identity else "not found"


def _ascend(keys: Sequence[tuple[Any, ...]]) -> bool:
    """Whether keys ascend within equal first parts, whose own order nobody knows from labels."""
    seen: set[Any] = set()
    for before, after in pairwise(keys):
        if before[:-1] != after[:-1]:
            seen.add(before[:-1])
            if len(after) > 1 and after[:-1] in seen:
                return False
        elif not _follows(before[-1], after[-1]):
            return False
    return True


def _follows(before: Any, after: Any) -> bool:
    """Whether a key may follow another in some collation: only plain texts are compared."""
    if not isinstance(before, str) or not isinstance(after, str):
        return bool(before < after)
    plain = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
    return not plain or before.casefold() <= after.casefold()


def _uniqueness(keys: Sequence[tuple[Any, ...]]) -> str:
    if len(keys) < FEWEST:
        return "too few"
    return "unique" if len(set(keys)) == len(keys) else "shared"


def _lasting(subject: Subject, before: list[Any], after: list[Any]) -> str | None:
    old, new = (
        {key: row.get("id") for key, row in zip(keys_of(subject, rows), rows, strict=True)}
        for rows in (before, after)
    )
    both = [key for key in old if key in new]
    if not both:
        return None
    kept = sum(old[key] == new[key] for key in both)
    return "all" if kept == len(both) else "some" if kept else "none"


def _plain(value: Any) -> Any:
    return value.rstrip() if isinstance(value, str) else value
