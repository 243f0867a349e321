"""Reads the records of one entity: all, what changed, keys and stamps, or some by name."""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.conditions import filter_of
from acumatica_source.client.errors import ConfigurationError, InvalidQuery
from acumatica_source.client.query import F, Filter
from acumatica_source.contract.model import FieldType
from acumatica_source.paging.errors import ConditionRefused, Incomplete
from acumatica_source.paging.keyset import KeysetPaging, Position, advanced
from acumatica_source.paging.model import Answer, Key, PageRequest, Paging, RowKey
from acumatica_source.paging.named import NAMED_AT_ONCE, named
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.ranges import always
from acumatica_source.paging.walk import Listing, walk
from acumatica_source.paging.whole import WholeRead
from acumatica_source.reading.errors import PagingStuck, StampRefused
from acumatica_source.reading.full_records import FullRecords, RecordPage
from acumatica_source.reading.light_records import STAMP, LightRecords
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.record_keys import rows_of
from acumatica_source.reading.record_query import RecordQuery, RecordRequests
from acumatica_source.reading.seats import Connection
from acumatica_source.reading.single_records import Unreadable

logger = logging.getLogger(__name__)

WHOLE_AT_ONCE = 100
"""Records that are read one by one before they are handed on."""

LIGHT_PER_PAGE = 10
"""A page of keys and stamps may hold as many times the rows of a page of records."""

LISTED_AT_ONCE = 5_000
"""Rows of which a list shows keys and stamps in one request, at least: some 450 bytes each."""


class RecordReader:
    """Reads the records of one entity completely, in pages of typed tables."""

    def __init__(self, connection: Connection, query: RecordQuery) -> None:
        self._connection = connection
        self._query = query
        self._requests = RecordRequests(connection, query)
        self._light = LightRecords(self._requests, query)
        self._full = FullRecords(self._requests, query, self._light)
        self._in_key_order = False
        self.is_limited = False
        """Whether the server was found to cut its answers short."""
        self.name = query.entity.name
        self.shape = query.shape
        """The tables that pages consist of."""
        self.identity = ("id",)
        """The columns that identify a row in a destination."""
        self.keys = query.key_columns
        """The columns that name a record at the source, whatever its id; none where unknown."""
        self.stamp = query.stamp_column
        """The column with the modification stamp; None where there is none."""
        self.page_size = query.page_size
        self.listed_at_once = max(LISTED_AT_ONCE, query.page_size * LIGHT_PER_PAGE)
        """Records that one request of `stamps` asks for."""

    @property
    def started(self) -> datetime | None:
        """The server's clock at the first answer, UTC; None if it did not tell."""
        return self._requests.started

    @property
    def undeclared(self) -> set[str]:
        """What of the records does not fit their contract, although that is of the present."""
        return self._full.undeclared

    @property
    def left_out(self) -> set[str]:
        """What lists were found not to bring, or in another way only, to be remembered."""
        return self._full.left_out

    @property
    def lacking(self) -> frozenset[str]:
        """The parts of records that no list brings, by path, as far as is known."""
        return self._full.lacking

    @property
    def parts(self) -> frozenset[str]:
        """The parts of records that are asked for, by path."""
        entity, custom = self._query.entity, self._query.custom
        fields = [one.name for one in entity.shape.fields if one.custom is None]
        return frozenset([*fields, *self._query.expand, *(one.address for one in custom)])

    @property
    def unreadable(self) -> Sequence[Unreadable]:
        """The records that the server did not show so far."""
        return list(self._full.unreadable.values())

    @property
    def named_at_once(self) -> int:
        """Records that one request can name."""
        return NAMED_AT_ONCE if self._query.entity.keys else 1

    def pages(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
        more: Callable[[], bool] = always,
    ) -> Generator[ParsedPage, None, None]:
        """All records, or some of them, each once.

        Args:
            since: Only those stamped at or after this instant.
            until: Only those stamped before this instant.
            after: Only those behind this position in the order of their keys.
            loaded: What is loaded of them: it need not be read where records are read one by one,
                and an answer that is just that needs no proof.
            more: Whether to ask for more; if not, the read ends early.

        Raises:
            StampRefused: the server does not take a condition on the stamp.
            PagingStuck: it cannot be told that all records have come.
            AcumaticaError: a request failed for good.
        """
        condition = self._stamped(since, until)
        records = self._records(Restriction(condition, loaded))
        ways = self._strategies(condition, self._query.page_size, after)
        self._in_key_order = isinstance(ways[0], KeysetPaging)
        as_known = None if loaded is None else lambda page: loaded.are(self._stamps_of(page.parsed))
        for page in self._walk(records, ways, as_known, more):
            yield page.parsed

    def position(self, before: Position | None, page: ParsedPage) -> Position | None:
        """How far `pages` has come with a page; None where it does not go by keys.

        Args:
            before: How far it had come with the page before; None if there was none.
            page: The page.
        """
        if not self._in_key_order:
            return None
        keys, _ = rows_of(page.tables[self.shape.tables[0].name], self.keys)
        return advanced(self._query.entity.keys, before, keys)

    def stamps(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
    ) -> Generator[pa.Table, None, None]:
        """`id`, the key columns and `stamp` of records, in pages; raises as `pages` does.

        Args:
            since: Only those stamped at or after this instant.
            until: Only those stamped before this instant.
            after: Only those behind this position in the order of their keys.
            loaded: What is loaded of them; an answer that is just that needs no proof.
        """
        condition = self._stamped(since, until)
        records = _Stamps(
            self._query, self._light, self._requests.seats, self.listed_at_once, condition
        )
        ways = self._strategies(condition, records.size, after)
        as_known = None if loaded is None or after is not None else loaded.are
        for page in self._walk(records, ways, as_known):
            if self._light.stamp_refused:
                raise StampRefused(f"{self.name}: the server does not show its modification stamp.")
            yield page

    def rows(self, keys: pa.Table) -> Generator[ParsedPage, None, None]:
        """The records with these ids and keys, in pages; those that do not exist are left out.

        Args:
            keys: Columns `id` and the key columns.
        """
        wanted, ids = rows_of(keys, self.keys)
        records = self._records(Restriction())
        for start in range(0, len(wanted), self._query.page_size):
            part = slice(start, start + self._query.page_size)
            for answer in records.named(wanted[part], None if ids is None else ids[part]):
                yield answer.page.parsed

    def whole(self, keys: pa.Table) -> Generator[ParsedPage, None, None]:
        """The records with these ids and keys with all that lists do not bring, one request each.

        Those that do not exist, or are not shown, are left out.

        Args:
            keys: Columns `id` and the key columns.
        """
        wanted, ids = rows_of(keys, self.keys)
        for start in range(0, len(wanted), WHOLE_AT_ONCE):
            part = slice(start, start + WHOLE_AT_ONCE)
            yield self._full.singly(wanted[part], None if ids is None else ids[part])[0]

    def existing(self, keys: pa.Table) -> set[RowKey]:
        """Which of these records the server lists now, by their keys, or ids where unknown.

        A look at the list, not for the record: an id may be another one in every session, so that
        a record which is not found by its id need not be gone.
        """
        wanted, _ = rows_of(keys, self.keys)
        named = None
        if self.keys and len(wanted) <= self._query.page_size:
            named = self._light.existing(wanted)
        if named is None:
            size = max(2, self._query.page_size * LIGHT_PER_PAGE)
            listed = _Stamps(self._query, self._light, self._requests.seats, size)
            ways: list[Paging] = [OffsetPaging(listed.size), WholeRead()]
            pages = self._walk(listed, ways)
            named = {key for page in pages for key in rows_of(page, self.keys)[0]}
        return named.intersection(wanted)

    def archived(self, keys: pa.Table) -> set[RowKey]:
        """Which of these records are there, but archived, where such records are left out."""
        if self._query.archived:
            return set()
        return RecordReader(self._connection, replace(self._query, archived=True)).existing(keys)

    def without_keys(self) -> "RecordReader":
        """A reader of the same records that tells them by their ids alone."""
        entity = replace(self._query.entity, keys=())
        query = replace(self._query, entity=entity, left_out=frozenset(self.left_out))
        return RecordReader(self._connection, query)

    def _records(self, restriction: "Restriction") -> "_Records":
        seats = self._requests.seats
        return _Records(self._query, self._full, self._light, seats, restriction)

    def _stamped(self, since: datetime | None, until: datetime | None) -> Filter | None:
        if since is None and until is None:
            return None
        assert self._query.entity.watermark is not None
        stamp = F[self._query.entity.watermark]
        if until is None:
            return stamp >= since
        return stamp < until if since is None else (stamp >= since) & (stamp < until)

    def _strategies(
        self, condition: Filter | None, rows: int, after: Position | None
    ) -> list[Paging]:
        """The safest first.

        A condition on the stamp excludes paging by key: a filter on fields of two views answers
        with nothing at all, and a contract does not tell which view a field comes from.
        """
        entity = self._query.entity
        by_key = [entity.shape.field(key.name) for key in entity.keys]
        comparable_keys = all(f is not None and f.type is not FieldType.GUID for f in by_key)
        safe: list[Paging] = []
        if by_key and comparable_keys and condition is None:
            safe = [KeysetPaging(entity.keys, rows, after)]
        return [*safe, OffsetPaging(rows), WholeRead()]

    def _turn(self) -> None:
        self._in_key_order = False

    def _limit(self) -> None:
        self.is_limited = True

    def _stamps_of(self, page: ParsedPage) -> pa.Table:
        """The same of a page as `stamps` gives."""
        rows = page.tables[self.shape.tables[0].name]
        named = rows.select([*dict.fromkeys([*self.identity, *self.keys])])
        return named if self.stamp is None else named.append_column(STAMP, rows.column(self.stamp))

    def _walk(
        self,
        records: Listing[Any],
        strategies: Sequence[Paging],
        as_known: Callable[[Any], bool] | None = None,
        more: Callable[[], bool] = always,
    ) -> Iterator[Any]:
        try:
            yield from walk(
                records,
                strategies,
                as_known=as_known,
                on_turn=self._turn,
                on_limit=self._limit,
                more=more,
            )
        except Incomplete as error:
            raise PagingStuck(
                f"{self.name} could not be read completely: {error} Name the fields that its "
                "list is sorted by as its keys, or have the server's limit on answers raised."
            ) from error


class _Stamps:
    """The list of keys and stamps."""

    gives_next_links = False
    named_at_once = 0

    def __init__(
        self,
        query: RecordQuery,
        light: LightRecords,
        seats: int,
        size: int,
        condition: Filter | None = None,
    ) -> None:
        self._light = light
        self._condition = condition
        self.name = query.entity.name
        self.keys: Sequence[Key] = query.entity.keys
        self.seats = seats
        self.size = self.light_size = size

    def fetch(self, request: PageRequest) -> Answer[pa.Table]:
        return self.fetch_keys(request)

    def fetch_keys(self, request: PageRequest) -> Answer[pa.Table]:
        try:
            return self._light.page(request, self._condition)
        except InvalidQuery as error:
            if self._condition is None or request.condition is not None:
                raise
            raise StampRefused(f"{self.name}: {error}") from error

    def named(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> Iterator[Answer[pa.Table]]:
        yield from ()

    def pick(self, page: pa.Table, places: Sequence[int]) -> pa.Table:
        return page.take(pa.array(places, pa.int64()))


@dataclass(frozen=True, slots=True)
class Restriction:
    """Which records of a list are wanted."""

    condition: Filter | None = None
    loaded: LoadedRows | None = None
    """What is loaded of them, and need not be read."""


class _Records:
    """The list of records."""

    gives_next_links = False

    def __init__(
        self,
        query: RecordQuery,
        full: FullRecords,
        light: LightRecords,
        seats: int,
        restriction: Restriction,
    ) -> None:
        self._query = query
        self._full = full
        self._light = light
        self.seats = seats
        self._condition = restriction.condition
        self._loaded = restriction.loaded
        self.name = query.entity.name
        self.keys: Sequence[Key] = query.entity.keys
        self.size = max(2, query.page_size)
        self.light_size = max(2, query.page_size * LIGHT_PER_PAGE)

    @property
    def named_at_once(self) -> int:
        return NAMED_AT_ONCE if self.keys else 1

    def fetch(self, request: PageRequest) -> Answer[RecordPage]:
        return self._full.page(request, self._condition, self._loaded)

    def fetch_keys(self, request: PageRequest) -> Answer[pa.Table]:
        return self._light.page(request, self._condition)

    def named(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> Iterator[Answer[RecordPage]]:
        if self.named_at_once == 1:
            yield self._answer(self._full.singly(keys, ids)[0])
            return
        left = dict(zip(keys, ids or [str(key[0]) for key in keys], strict=True))
        try:
            for answer in named(
                self.keys,
                keys,
                lambda condition: len(filter_of(condition).build(self._query.dialect)),
                lambda condition: self._full.page(PageRequest(condition, None), None),
            ):
                for key in answer.keys:
                    left.pop(key, None)
                yield answer
        except (ConditionRefused, ConfigurationError) as error:
            logger.info("%s: %s Reading one by one.", self.name, error)
        if left:
            yield self._answer(self._full.singly(list(left), list(left.values()))[0])

    def _answer(self, page: ParsedPage) -> Answer[RecordPage]:
        keys, ids = rows_of(next(iter(page.tables.values())), self._query.key_columns)
        return Answer(RecordPage(page, keys), keys, ids)

    def pick(self, page: RecordPage, places: Sequence[int]) -> RecordPage:
        return page.at(places)
