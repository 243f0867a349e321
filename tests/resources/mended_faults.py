"""Faults that were mended, to be put back: what finds lost rows has to find each of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from acumatica_source.paging import walk as walking
from acumatica_source.paging.model import PageRequest, RowKey
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.seen import Seen, Sorted
from acumatica_source.reading import feed_requests, record_query, records
from acumatica_source.resources.loading import run


def put_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put one fault back until the end of the test."""
    FAULTS[name](monkeypatch.setattr)


Put = Callable[..., None]


def doubled(put: Put) -> None:
    """Rows that come back within one load are written again."""

    def add(self: Seen, keys: Sequence[RowKey], ids: Sequence[str] | None) -> Sorted:
        kept(self, keys, ids)
        return Sorted(list(range(len(keys))), [], 0, [], None)

    kept = Seen.add
    put(Seen, "add", add)
    put(run._Load, "_unseen", lambda self, rows: [True] * len(rows))


def last_clock(put: Put) -> None:
    """The watermark is the last clock instead of the first."""
    for owner in (record_query.RecordRequests, feed_requests.FeedRequests):
        first: Any = owner._get

        def get(self: Any, *arguments: Any, _first: Any = first) -> Any:
            self.started = None
            return _first(self, *arguments)

        put(owner, "_get", get)


def no_lag(put: Put) -> None:
    """What commits late is not read."""

    def after(watermark: datetime | None, lag: timedelta) -> datetime | None:
        return None if watermark is None else watermark + timedelta(milliseconds=1)

    put(run, "lower_bound", after)


def no_overlap(put: Put) -> None:
    """Pages by offset begin behind the one before."""

    def go_on(self: OffsetPaging) -> PageRequest:
        self._skip += self._rows
        return PageRequest(None, self._top, self._skip)

    put(OffsetPaging, "go_on", go_on)
    put(OffsetPaging, "_joins", lambda self, rows, known: True)


def short_is_last(put: Put) -> None:
    """A short page is taken for the end."""
    put(walking._Walk, "_is_cut", lambda self, request, answer, by_key: False)
    put(walking._Walk, "_is_all", lambda self: True)


def unconfirmed(put: Put) -> None:
    """What a list does not show is deleted, and that the list is whole is not proved."""
    put(run._Load, "_confirmed", lambda self, gone: gone)

    @dataclass
    class Unproved:
        listing: Any

        gives_next_links = True

        def __getattr__(self, name: str) -> Any:
            return getattr(self.listing, name)

    def through(listing: Any, strategies: Any) -> Any:
        if isinstance(listing, records._Stamps):
            return walking.walk(Unproved(listing), strategies, prove=False)
        return walking.walk(listing, strategies)

    put(records, "walk", through)


FAULTS = {
    "doubled": doubled,
    "last_clock": last_clock,
    "no_lag": no_lag,
    "no_overlap": no_overlap,
    "short_is_last": short_is_last,
    "unconfirmed": unconfirmed,
}
