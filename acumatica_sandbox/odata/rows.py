"""The rows of feeds, made from the records and kept for as long as those do not change."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from acumatica_sandbox.odata.feeds import Column, Feed, Link
from acumatica_sandbox.odata.numbers import number_of
from acumatica_sandbox.odata.values import comparable
from acumatica_sandbox.records.catalogue import DELETED
from acumatica_sandbox.records.fragments import Fragments, Record, from_fragments
from acumatica_sandbox.records.store import Window
from acumatica_sandbox.site import Site

Row = dict[str, Any]
"""Values by column; `_archived` and `_deleted` tell what hides it."""
Index = dict[tuple[Any, ...], list[Row]]


@dataclass
class _Kept:
    """What has been made of the records as of one version of the store."""

    version: tuple[int, int]
    made: dict[bytes, tuple[Any, list[Row]]]
    rows: list[Row]
    """In key order, with those that most requests do not see."""
    seen: dict[tuple[bool, bool], list[Row]] = field(default_factory=dict)
    indexes: dict[tuple[bool, bool, tuple[str, ...]], Index] = field(default_factory=dict)


@dataclass(frozen=True)
class Tables:
    """The rows that one request may see."""

    site: Site
    feeds: Mapping[str, Feed]
    archived: bool = True
    deleted: bool = False

    def rows(self, feed: Feed) -> list[Row]:
        """All rows of a feed, in key order."""
        kept = self._kept(feed)
        what = (self.archived, self.deleted)
        if what not in kept.seen:
            kept.seen[what] = [
                row
                for row in kept.rows
                if (self.archived or not row["_archived"]) and (self.deleted or not row["_deleted"])
            ]
        return kept.seen[what]

    def linked(self, link: Link, row: Row) -> list[Row]:
        """The rows that a navigation property leads to."""
        target = self.feeds[link.target]
        kept = self._kept(target)
        what = (self.archived, self.deleted, link.other)
        index = kept.indexes.get(what)
        if index is None:
            index = {}
            for one in self.rows(target):
                index.setdefault(_place(one, link.other), []).append(one)
            kept.indexes[what] = index
        place = _place(row, link.own)
        return [] if None in place else index.get(place, [])

    def _kept(self, feed: Feed) -> _Kept:
        version = (self.site.store.version, len(self.site.deleted_records))
        kept: _Kept | None = self.site.feed_rows.get(feed.name)
        if kept is None or kept.version != version:
            kept = self._put_together(feed, version) if feed.parts else self._made(feed, version)
            self.site.feed_rows[feed.name] = kept
        return kept

    def _put_together(self, feed: Feed, version: tuple[int, int]) -> _Kept:
        rows = [row for part in feed.parts for row in self._kept(self.feeds[part]).rows]
        return _Kept(version, {}, _sorted(feed, rows))

    def _made(self, feed: Feed, version: tuple[int, int]) -> _Kept:
        """Rows of records that have not changed since they were made are taken over."""
        before = self.site.feed_rows.get(feed.name)
        needed = sorted({_top(feed, column) for column in feed.columns} - {""})
        made: dict[bytes, tuple[Any, list[Row]]] = {}
        rows: list[Row] = []
        for identity, archived, _, *pieces in self.site.store.page(
            feed.entity, Window(), [f"n_{name}" for name in needed]
        ):
            one = before.made.get(identity) if before is not None else None
            if one is None or one[0] != (archived, pieces):
                record = from_fragments(
                    feed.entity, identity.decode(), Fragments(pieces[0], tuple(pieces[1:]), b"")
                )
                one = ((archived, pieces), list(_rows(self.site, feed, record, bool(archived))))
            made[identity] = one
            rows += one[1]
        deleted = [
            {**row, DELETED: True, "_deleted": True}
            for entity, record in (self.site.deleted_records if feed.keeps_deleted else ())
            if entity == feed.entity.name
            for row in _rows(self.site, feed, record, bool(record.get("archived")))
        ]
        # numbers that stand for names are not in the order of these
        in_order = not deleted and not feed.detail
        return _Kept(version, made, rows if in_order else _sorted(feed, rows + deleted))


def _place(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(None if row[name] is None else comparable(row[name]) for name in columns)


def _sorted(feed: Feed, rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: [comparable(row[name]) for name in feed.keys])


def _top(feed: Feed, column: Column) -> str:
    """The nested member of the record that a column comes from; nothing for its own fields."""
    if column.source.startswith("../"):
        return ""
    if feed.detail:
        return feed.detail
    return column.source.partition("/")[0] if "/" in column.source else ""


def _rows(site: Site, feed: Feed, record: Record, archived: bool) -> Iterator[Row]:
    for line in record[feed.detail] if feed.detail else [record]:
        row = {column.name: _value(site, column, record, line) for column in feed.columns}
        row |= {"_archived": archived, "_deleted": False}
        yield row


def _value(site: Site, column: Column, record: Record, line: Record) -> Any:
    if column.name == DELETED:
        return False
    node: Any = record if column.source.startswith("../") else line
    for step in column.source.removeprefix("../").split("/"):
        node = node.get(step) if node is not None else None
    if column.number_of:
        return number_of(site, column.number_of, node)
    if column.kind == "x":
        return _stamp(node)
    if column.computed and column.kind == "s":
        return f"{node} *"
    if node is not None and column.codes:
        return column.codes.get(node, node)
    return node


def _stamp(moment: datetime | None) -> str:
    """The row version: eight bytes that grow with the time of the last change."""
    since = moment - datetime(2000, 1, 1, tzinfo=UTC) if moment else None
    ticks = int(since.total_seconds() * 1_000) if since else 0
    return base64.b64encode(max(ticks, 0).to_bytes(8)).decode()
