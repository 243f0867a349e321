"""The rows of feeds, made from the records and kept for as long as those do not change."""

import base64
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from acumatica_sandbox.fragments import Fragments, Record, from_fragments
from acumatica_sandbox.odata.feeds import DELETED, Column, Feed
from acumatica_sandbox.site import Site
from acumatica_sandbox.store import Window

Row = dict[str, Any]
BARE = "\x00"
"""Before text that JSON is to show without quotes: digits of a number."""


def rows_of(site: Site, feed: Feed, *, archived: bool, deleted: bool = False) -> list[Row]:
    """All rows of a feed, in key order."""
    kept = site.feed_rows.setdefault(feed.name, {})
    needed = sorted({_top(feed, column) for column in feed.columns} - {""} | _children(feed))
    fresh: dict[bytes, tuple[Any, list[Row]]] = {}
    rows: list[Row] = []
    for identity, _, _, *pieces in site.store.page(
        feed.entity, Window(archived=archived), [f"n_{name}" for name in needed]
    ):
        made = kept.get(identity)
        if made is None or made[0] != pieces:
            record = from_fragments(
                feed.entity, identity.decode(), Fragments(pieces[0], tuple(pieces[1:]), b"")
            )
            made = (pieces, list(_rows(feed, record)))
        fresh[identity] = made
        rows += made[1]
    if archived:
        site.feed_rows[feed.name] = fresh
    else:
        kept.update(fresh)
    if deleted and feed.keeps_deleted:
        for entity, record in site.deleted_records:
            if entity == feed.entity.name:
                rows += [{**row, DELETED: True} for row in _rows(feed, record)]
    return rows


def _children(feed: Feed) -> set[str]:
    return {child.detail for child in feed.children.values() if child.detail}


def _top(feed: Feed, column: Column) -> str:
    """The nested member of the record that a column comes from; nothing for its own fields."""
    if column.source.startswith("../"):
        return ""
    if feed.detail:
        return feed.detail
    return column.source.partition("/")[0] if "/" in column.source else ""


def _rows(feed: Feed, record: Record) -> Iterator[Row]:
    for line in record[feed.detail] if feed.detail else [record]:
        row = {column.name: _value(column, record, line) for column in feed.columns}
        row["_id"] = record["id"]
        for name, child in feed.children.items():
            row[name] = list(_rows(child, record))
        yield row


def _value(column: Column, record: Record, line: Record) -> Any:
    if column.name == DELETED:
        return bool(line.get(DELETED))
    node: Any = record if column.source.startswith("../") else line
    for step in column.source.removeprefix("../").split("/"):
        node = node.get(step) if node is not None else None
    if column.kind == "x":
        return base64.b64encode(str(node).encode().rjust(8, b"\0")[:8]).decode()
    if column.formula:
        return f"{node} *"
    if node is not None and column.codes:
        return column.codes.get(node, node)
    return node


def shown(site: Site, column: Column, value: Any, version: int) -> Any:
    """A value as JSON shows it; see BARE for decimals."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        text = format(value.quantize(Decimal("1.000000")) if abs(value) < 10**20 else value, "f")
        return text if version == 3 or site.options.odata_text_decimals else f"{BARE}{text}"
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat()[:19]
        fraction = f"{value.microsecond // 1000:03}".rstrip("0")
        text += f".{fraction}" if fraction else ""
        return text if version == 3 or site.options.odata_bare_dates else f"{text}Z"
    if isinstance(value, date):
        bare = version == 3 or site.options.odata_bare_dates
        return f"{value.isoformat()}T00:00:00" + ("" if bare else "Z")
    if isinstance(value, str) and column.width:
        return value.ljust(column.width)
    return value
