"""Reads the rows of OData entity sets: generic inquiries and data access classes.

The keys of classes are stored values, whose order is the database's: the next window begins after
the last key. Inquiries show labels instead, so theirs go by offset, as do rows of classes that
cannot be filtered. Without keys all rows are asked for at once.
"""

import contextlib
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.shape import narrowed
from acumatica_source.client.errors import InvalidQuery
from acumatica_source.client.query import F
from acumatica_source.contract.model import FieldType
from acumatica_source.paging.errors import ConditionRefused, Incomplete
from acumatica_source.paging.keyset import KeysetPaging, Position, advanced
from acumatica_source.paging.model import Answer, Key, PageRequest, Paging, RowKey
from acumatica_source.paging.named import NAMED_AT_ONCE, named
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.ranges import always
from acumatica_source.paging.walk import walk
from acumatica_source.paging.whole import WholeRead
from acumatica_source.reading.errors import PagingStuck, ReadingError, StampRefused
from acumatica_source.reading.feed_requests import (
    FeedQuery,
    FeedRequests,
    Question,
    built,
    columns_of,
    selection_of,
)
from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.records import LIGHT_PER_PAGE, LISTED_AT_ONCE
from acumatica_source.reading.seats import Connection
from acumatica_source.reading.single_records import Unreadable

logger = logging.getLogger(__name__)

_IN_ORDER = frozenset({FieldType.TEXT, FieldType.INTEGER})
"""Types of keys whose order filters and servers agree about."""


class FeedReader:
    """Reads the rows of one entity set completely, in pages of typed tables."""

    unreadable: Sequence[Unreadable] = ()
    named_at_once = NAMED_AT_ONCE
    keys: tuple[str, ...] = ()
    """Rows have no name beside what identifies them."""

    def __init__(self, connection: Connection, query: FeedQuery, stamp: str | None = None) -> None:
        self._connection = connection
        self._query = query
        self._stamp = stamp
        self._requests = FeedRequests(connection, query)
        self._in_key_order = False
        self.is_limited = False
        """Whether the server was found to cut its answers short."""
        self.name = query.feed.name
        self.shape = query.shape
        """The table that pages consist of."""
        self.page_size = query.page_size
        self.listed_at_once = max(LISTED_AT_ONCE, query.page_size * LIGHT_PER_PAGE)
        """Rows that one request of `stamps` asks for."""
        self.identity = tuple(columns_of(query.shape, query.keys)) if query.stored else ()
        """The columns that identify a row; those of an inquiry may be empty."""
        self.stamp = None if stamp is None else columns_of(query.shape, [stamp])[0]
        """The column with the modification stamp; None where there is none."""

    @property
    def started(self) -> datetime | None:
        """The server's clock at the first answer, UTC; None if it did not tell."""
        return self._requests.started

    def pages(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
        more: Callable[[], bool] = always,
    ) -> Generator[ParsedPage, None, None]:
        """All rows, or some of them, each once.

        Args:
            since: Only those stamped at or after this instant.
            until: Only those stamped before this instant.
            after: Only those behind this position in the order of their keys.
            loaded: What is loaded of them; an answer that is just that needs no proof.
            more: Whether to ask for more; if not, the read ends early.

        Raises:
            StampRefused: the server does not take a condition on the stamp.
            ContractOutdated: rows have columns that the metadata do not declare.
            PagingStuck: it cannot be told that all rows have come.
            ReadingError: the answer is no rows.
            AcumaticaError: a request failed.
        """
        condition = self._stamped(since, until)
        question = Question(self.shape, selection_of(self._query), condition)
        ways = self._strategies(self.page_size, after)
        self._in_key_order = isinstance(ways[0], KeysetPaging)
        as_known = None if loaded is None else lambda page: loaded.are(self._stamps_of(page))
        pages = self._walk(question, self.page_size, ways, as_known, more)
        if condition is None or self._query.filter is not None:
            yield from pages
        else:
            yield from self._unless_refused(pages)

    def position(self, before: Position | None, page: ParsedPage) -> Position | None:
        """How far `pages` has come with a page; None where it does not go by keys.

        Args:
            before: How far it had come with the page before; None if there was none.
            page: The page.
        """
        if not self._in_key_order:
            return None
        rows = _keys_in(page.tables[self.shape.tables[0].name], self.identity)
        return advanced([Key(name) for name in self._query.keys], before, rows)

    def stamps(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
    ) -> Generator[pa.Table, None, None]:
        """The key columns and `stamp` of rows, in pages; raises as `pages` does.

        Args:
            since: Only those stamped at or after this instant.
            until: Only those stamped before this instant.
            after: Only those behind this position in the order of their keys.
            loaded: What is loaded of them; an answer that is just that needs no proof.
        """
        fields = tuple(one for one in (*self._query.keys, self._stamp) if one is not None)
        condition = self._stamped(since, until)
        question = Question(narrowed(self.shape, fields), ",".join(fields), condition)
        columns = question.columns(fields)
        size = self.listed_at_once
        stamps = [] if self._stamp is None else [STAMP]

        def named(page: ParsedPage) -> pa.Table:
            rows = page.tables[question.table].select(columns)
            return rows.rename_columns([*self.identity, *stamps])

        as_known = None
        if loaded is not None and after is None:
            as_known = lambda page: loaded.are(named(page))  # noqa: E731
        for page in self._unless_refused(
            self._walk(question, size, self._strategies(size, after), as_known)
        ):
            yield named(page)

    def rows(self, keys: pa.Table) -> Generator[ParsedPage, None, None]:
        """The rows with these keys, in pages; those that no longer exist are left out.

        Others come too where the server does not take conditions on the keys.
        """
        question = Question(self.shape, selection_of(self._query), None)
        listed = _Rows(self._requests, self._query, question, self.page_size)
        try:
            for answer in listed.named(_keys_in(keys, self.identity), None):
                yield answer.page
        except ConditionRefused as error:
            logger.info("%s: %s Reading all rows.", self.name, error)
            yield from self.pages()

    def existing(self, keys: pa.Table) -> set[RowKey]:
        """Which of these rows the server lists now, by their keys."""
        fields = self._query.keys
        question = Question(narrowed(self.shape, fields), ",".join(fields), None)
        size = self.page_size * LIGHT_PER_PAGE
        wanted = _keys_in(keys, self.identity)
        found: set[RowKey] = set()
        if len(wanted) <= self.page_size:
            listed = _Rows(self._requests, self._query, question, size)
            with contextlib.suppress(ConditionRefused):
                for answer in listed.named(wanted, None):
                    found.update(answer.keys)
                return found.intersection(wanted)
        for page in self._walk(question, size, [OffsetPaging(size), WholeRead()]):
            found.update(self._requests.keys_of(page, question))
        return found.intersection(wanted)

    def archived(self, keys: pa.Table) -> set[RowKey]:
        """Which of these rows are there, but archived, where such rows are left out."""
        if self._query.archived or not self._query.stored:
            return set()
        query = replace(self._query, archived=True)
        return FeedReader(self._connection, query).existing(keys)

    def without_keys(self) -> "FeedReader":
        """This reader: rows have no name beside what identifies them."""
        return self

    def _stamped(self, since: datetime | None, until: datetime | None) -> str | None:
        if since is None and until is None:
            return None
        assert self._stamp is not None
        stamp = F[self._stamp]
        if until is None:
            return built(stamp >= since)
        return built(stamp < until if since is None else (stamp >= since) & (stamp < until))

    def _unless_refused(self, pages: Iterator[ParsedPage]) -> Iterator[ParsedPage]:
        """The pages; a refusal of the query is one of the stamp, the rest of it being plain."""
        try:
            yield from pages
        except InvalidQuery as error:
            raise StampRefused(f"{self.name}: {error}") from error

    def _turn(self) -> None:
        self._in_key_order = False

    def _limit(self) -> None:
        self.is_limited = True

    def _stamps_of(self, page: ParsedPage) -> pa.Table:
        """The same of a page as `stamps` gives."""
        rows = page.tables[self.shape.tables[0].name]
        named = rows.select([*self.identity])
        return named if self.stamp is None else named.append_column(STAMP, rows.column(self.stamp))

    def _walk(
        self,
        question: Question,
        size: int,
        strategies: Sequence[Paging],
        as_known: Callable[[ParsedPage], bool] | None = None,
        more: Callable[[], bool] = always,
    ) -> Iterator[ParsedPage]:
        rows = _Rows(self._requests, self._query, question, size)
        try:
            yield from walk(
                rows,
                strategies,
                as_known=as_known,
                on_turn=self._turn,
                on_limit=self._limit,
                more=more,
            )
        except Incomplete as error:
            raise PagingStuck(
                f"{self.name} could not be read completely: {error} Give columns that identify a "
                "row as its key, or () to read it in one request."
            ) from error

    def _strategies(self, size: int, after: Position | None) -> list[Paging]:
        query = self._query
        fields = [query.feed.field(name) for name in query.keys]
        if not fields:
            return [WholeRead()]
        by_key: list[Paging] = []
        comparable = query.stored and query.feed.filterable
        if comparable and all(f is not None and f.type in _IN_ORDER for f in fields):
            by_key = [KeysetPaging([Key(name) for name in query.keys], size, after)]
        return [*by_key, OffsetPaging(size), WholeRead()]


class _Rows:
    """The list of rows."""

    def __init__(
        self, requests: FeedRequests, query: FeedQuery, question: Question, size: int
    ) -> None:
        self._requests = requests
        self._question = question
        keys = query.keys
        narrow = narrowed(query.shape, keys) if keys else question.shape
        self._light = Question(narrow, ",".join(keys) or question.select, question.condition)
        self.name = requests.name
        self.keys = [Key(name) for name in keys]
        self.seats = requests.seats if query.stored else 1
        self.named_at_once = NAMED_AT_ONCE if query.stored and keys and query.feed.filterable else 0
        self.size = size
        self.light_size = max(size, query.page_size * LIGHT_PER_PAGE)

    @property
    def gives_next_links(self) -> bool:
        return self._requests.gives_next_links

    def fetch(self, request: PageRequest) -> Answer[ParsedPage]:
        page = self._requests.window(self._question, request)
        return Answer(page, self._requests.keys_of(page, self._question))

    def fetch_keys(self, request: PageRequest) -> Answer[ParsedPage]:
        try:
            page = self._requests.window(self._light, request)
        except (InvalidQuery, ReadingError) as error:
            raise ConditionRefused(str(error)) from error
        return Answer(page, self._requests.keys_of(page, self._light))

    def named(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> Iterator[Answer[ParsedPage]]:
        yield from named(
            self.keys,
            keys,
            lambda condition: len(self._requests.text_of(condition)),
            lambda condition: self.fetch(PageRequest(condition, None)),
        )

    def pick(self, page: ParsedPage, places: Sequence[int]) -> ParsedPage:
        table = self._question.table
        rows = page.tables[table].take(pa.array(places, pa.int64()))
        return ParsedPage({table: rows}, rows.num_rows, page.notes)


def _keys_in(rows: pa.Table, columns: Sequence[str]) -> list[RowKey]:
    values = (rows.column(name).to_pylist() for name in columns)
    return list(zip(*values, strict=True))
