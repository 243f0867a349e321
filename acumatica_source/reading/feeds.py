"""Reads the rows of OData entity sets: generic inquiries and data access classes.

Neither has a page size of its own (User Guide: Access to Exposed Inquiries Through OData; Retrieval
of Data Through the DAC-Based OData Interface), so rows are asked for in windows in the order of
their keys. The keys of classes are stored values, whose order is the database's: the next window
begins after the last key. Inquiries show labels instead, so theirs go by offset, and the overlap of
the windows proves that no row slipped through. Without keys all rows are asked for at once. A
window that the server cuts short with a next link is completed from there. One that it cuts short
without a word looks like the last one, so an end is proved by one more light request, unless a
larger answer has come before.
"""

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage, parse_odata_page
from acumatica_source.arrow.shape import PageShape, narrowed
from acumatica_source.client.errors import InvalidQuery
from acumatica_source.client.query import Dialect, F, Filter
from acumatica_source.contract.edmx import Feed
from acumatica_source.contract.model import Field, FieldType, Key
from acumatica_source.reading.errors import (
    ContractOutdated,
    OrderNotTrusted,
    PagingStuck,
    ReadingError,
)
from acumatica_source.reading.instance import Connection
from acumatica_source.reading.odata import ask
from acumatica_source.reading.paging import (
    Mark,
    OrderedPaging,
    PageRequest,
    SkipPaging,
    WholeRead,
)
from acumatica_source.reading.records import SHOW_ARCHIVED, STAMPS_PER_RECORD

logger = logging.getLogger(__name__)

MOST_SELECTED = 1_200
"""Characters of a `$select`: servers limit a query to some 2,000. Without one, all columns come."""

MOST_ASKED = 1_000
"""Characters of a filter that names rows by their keys."""

MOST_BLANK = 25
"""Answers without rows in a row that may say that they continue."""

_IN_ORDER = frozenset({FieldType.TEXT, FieldType.INTEGER})
"""Types of keys whose order filters and servers agree about."""


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """Which rows of an entity set to read, and how."""

    path: str
    """Path of the set below the instance."""
    feed: Feed
    shape: PageShape
    """The table that pages become, with columns for the fields to read, the keys among them."""
    keys: tuple[str, ...]
    """Fields that identify a row; empty where none do."""
    page_size: int
    """Rows that a request asks for."""
    filter: str | None = None
    """An OData 4 condition of the user's."""
    stored: bool = False
    """Whether values are as stored, so that keys can be compared, and never missing."""
    archived: bool = False
    """Whether archived rows are read too, where normal reads hide them."""
    believed: bool = True
    """Whether the metadata are surely those of the present; if not, the first rows are held to
    them."""
    whole: bool = False
    """Whether to ask for all rows at once, because their order is known not to be stable."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What all requests of one read have in common."""

    shape: PageShape
    select: str | None
    condition: str | None
    rows: int

    @property
    def table(self) -> str:
        """Name of the table that answers become."""
        return self.shape.tables[0].name

    def columns(self, fields: Sequence[str]) -> list[str]:
        """The columns that hold these fields; renamed ones have other names."""
        return columns_of(self.shape, fields)


class FeedReader:
    """Reads the rows of one entity set completely, in pages of typed tables."""

    def __init__(self, connection: Connection, query: FeedQuery) -> None:
        self._connection = connection
        self._query = query
        self._believed = query.believed
        self.feed = query.feed
        self.keys = query.keys
        self.name = query.feed.name
        self.shape = query.shape
        """The table that pages consist of."""
        self._told: set[str] = set()
        self._largest = 0
        """Rows of the largest answer so far."""
        self._links = False
        """Whether the server has given a next link: then it cuts nothing short without one."""
        self._limit: int | None = None
        """Rows that the server gives at most, where it turned out not to say so."""
        self.started: datetime | None = None
        """The server's clock at the first answer, UTC; None if it did not tell."""

    def pages(self, since: tuple[str, datetime] | None = None) -> Generator[ParsedPage, None, None]:
        """All rows, or those whose field named first is at or after the instant.

        Raises:
            ContractOutdated: rows have columns that the metadata do not declare.
            PagingStuck: the rows' order is not stable, or not that of a unique key.
            ReadingError: the answer is no rows.
            AcumaticaError: a request failed.
        """
        newer = None if since is None else F[since[0]] >= since[1]
        question = _Question(self.shape, self._select(), _text(newer), self._query.page_size)
        yield from self._complete(question)

    def stamps(self, stamp: str) -> Generator[pa.Table, None, None]:
        """The keys and the modification stamp of every row, in pages."""
        fields = (*self._query.keys, stamp)
        rows = self._query.page_size * STAMPS_PER_RECORD
        question = _Question(narrowed(self.shape, fields), ",".join(fields), None, rows)
        for page in self._complete(question):
            yield page.tables[question.table].select(question.columns(fields))

    def rows(self, keys: Sequence[Mark]) -> Generator[ParsedPage, None, None]:
        """The rows with these keys, in pages; those that no longer exist are left out."""
        select = self._select()
        for condition in self._named(keys):
            question = _Question(self.shape, select, condition, self._query.page_size)
            yield from self._linked(question, PageRequest(None, None))

    def _complete(self, question: _Question) -> Generator[ParsedPage, None, None]:
        """Page to the end."""
        paging = self._paging(min(question.rows, self._limit or question.rows))
        if isinstance(paging, WholeRead):
            yield from self._whole(question, paging.first())
            return
        request: PageRequest | None = paging.first()
        while request is not None:
            try:
                page = self._window(question, request)
            except InvalidQuery as error:
                if not (isinstance(paging, OrderedPaging) and paging.can_turn):
                    raise
                logger.info("%s: paging by offset, not by key: %s", self.name, error)
                request = paging.turn()
                continue
            rows = page.tables[question.table]
            try:
                if self._goes_on(question, request, rows.num_rows):
                    self._limit = rows.num_rows
                    paging.limit(rows.num_rows)
                received = paging.receive(self._marks(rows, question))
            except (OrderNotTrusted, PagingStuck) as error:
                raise PagingStuck(
                    f"{self.name} could not be read completely: {error} Give columns that "
                    "identify a row as its key, or () to read it in one request."
                ) from error
            fresh = rows.slice(received.fresh_from)
            yield ParsedPage({question.table: fresh}, fresh.num_rows, page.notes)
            request = received.next

    def _paging(self, rows: int) -> OrderedPaging | SkipPaging | WholeRead:
        fields = [self._query.feed.field(name) for name in self._query.keys]
        if self._query.whole or not fields:
            return WholeRead()
        if self._query.stored and all(f is not None and f.type in _IN_ORDER for f in fields):
            return OrderedPaging([Key(name) for name in self._query.keys], rows)
        return SkipPaging(max(2, rows))

    def _whole(self, question: _Question, request: PageRequest) -> Iterator[ParsedPage]:
        """All rows at once."""
        answers = self._linked(question, request)
        first = next(answers)
        if self._goes_on(question, request, first.rows):
            answers = self._linked(question, request)
            again = next(answers)
            if again.rows == first.rows:  # or else there were more or fewer rows meanwhile
                raise ReadingError(
                    f"{self.name} has more rows than the {first.rows:,} that the server gives in "
                    "one answer. Give columns that identify a row as its key, to read it in pages."
                )
            first = again
        yield first
        yield from answers

    def _goes_on(self, question: _Question, request: PageRequest, rows: int) -> bool:
        """Whether there are rows beyond an answer that looks like the last one.

        A server that limits its answers gives the same number of rows each time, so one with fewer
        rows than another was not cut short.
        """
        known = self._links or rows < self._largest or rows == request.top
        self._largest = max(self._largest, rows)
        if known or rows == 0:
            return False
        if self._query.keys:
            keys = self._query.keys
            question = replace(question, shape=narrowed(self.shape, keys), select=",".join(keys))
        beyond = PageRequest(request.filter, 1, request.skip + rows)
        try:
            answer = self._get(self._query.path, self._params(question, beyond))
            return self._parse(answer, question).rows > 0
        except (InvalidQuery, ReadingError) as error:
            logger.info("%s: whether %d rows are all cannot be told: %s", self.name, rows, error)
            return False

    def _window(self, question: _Question, request: PageRequest) -> ParsedPage:
        """All rows of a request, in however many answers they come."""
        pages = list(self._linked(question, request))
        tables = [page.tables[question.table] for page in pages]
        rows = tables[0]
        if len(tables) > 1:
            rows = pa.concat_tables(tables, promote_options="default").combine_chunks()
        notes = tuple(dict.fromkeys(note for page in pages for note in page.notes))
        return ParsedPage({question.table: rows}, rows.num_rows, notes)

    def _linked(self, question: _Question, request: PageRequest) -> Iterator[ParsedPage]:
        """The answer to a request, and what follows it by next links."""
        page = self._parse(self._get(self._query.path, self._params(question, request)), question)
        yield page
        received, blank, seen = page.rows, 0, {""}
        self._links = self._links or page.next_link is not None
        while page.next_link and (request.top is None or received < request.top):
            blank = 0 if page.rows else blank + 1
            if page.next_link in seen or blank > MOST_BLANK:
                raise PagingStuck(f"The next links of {self.name} lead round in a circle.")
            seen.add(page.next_link)
            page = self._parse(self._get(page.next_link, None), question)
            received += page.rows
            yield page

    def _params(self, question: _Question, request: PageRequest) -> dict[str, str]:
        params: dict[str, str] = {}
        conditions = (self._query.filter, question.condition, _text(request.filter))
        given = [one for one in conditions if one]
        if given:
            params["$filter"] = (
                given[0] if len(given) == 1 else " and ".join(f"({one})" for one in given)
            )
        if question.select:
            params["$select"] = question.select
        if request.top is not None:
            params["$top"] = str(request.top)
            if self._query.keys:
                params["$orderby"] = ",".join(self._query.keys)
        if request.skip:
            params["$skip"] = str(request.skip)
        return params

    def _get(self, path: str, params: dict[str, str] | None) -> bytes:
        headers = SHOW_ARCHIVED if self._query.archived else None
        body = ask(self._connection.pool, path, params, headers)
        if self.started is None:
            self.started = body.server_time
        return body.content

    def _parse(self, body: bytes, question: _Question) -> ParsedPage:
        if not body.strip():
            raise ReadingError(
                f"{self.name} answered with nothing at all, which a filter on a computed column "
                "brings about. Filter by other columns."
            )
        page = parse_odata_page(body, question.shape)
        if not self._believed and page.rows and question.shape is self.shape:
            self._hold_to_metadata(body, question, page)
        rows = page.tables[question.table]
        for field in rows.schema:
            if not field.nullable and rows.column(field.name).null_count:
                raise ReadingError(
                    f"{self.name} has rows without a value in {field.name}, which is to identify "
                    "them. Give other columns as its key, or () for none."
                )
        notes = tuple(note for note in page.notes if note not in self._told)
        self._told.update(notes)
        return replace(page, notes=notes)

    def _hold_to_metadata(self, body: bytes, question: _Question, page: ParsedPage) -> None:
        unknown = self._undeclared(body) if question.select is None else []
        if unknown or page.notes:
            what = ", ".join(sorted(unknown)) or "; ".join(page.notes)
            raise ContractOutdated(f"{self.name} has changed: {what}")
        self._believed = True

    def _undeclared(self, body: bytes) -> list[str]:
        """Columns of the first row that the metadata do not declare."""
        answer: Any = orjson.loads(body)
        rows = answer["value"] if isinstance(answer, dict) else answer
        known = {field.name for field in self.feed.fields}
        return [
            name
            for name, value in rows[0].items()
            if name not in known and "@" not in name and not isinstance(value, list | dict)
        ]

    def _marks(self, rows: pa.Table, question: _Question) -> list[Mark]:
        columns = (rows.column(name).to_pylist() for name in question.columns(self.keys))
        return list(zip(*columns, strict=True))

    def _select(self) -> str | None:
        """The `$select`; None where all fields are wanted, so that new ones are noticed."""
        fields = [column.path[0] for column in self.shape.tables[0].columns]
        every = {field.name for field in self.feed.fields} - self.feed.unfilterable
        text = "" if every <= set(fields) else ",".join(fields)
        return text if 0 < len(text) <= MOST_SELECTED else None

    def _named(self, keys: Sequence[Mark]) -> Iterator[str]:
        """Conditions that name the rows of these keys, none of them too long for an address."""
        fields = [self._query.feed.field(name) for name in self._query.keys]
        terms: list[str] = []
        for mark in keys:
            same = [
                F[f.name] == _comparable(f, value)
                for f, value in zip(fields, mark, strict=True)
                if f is not None
            ]
            term = f"({_text(reduce(and_, same))})"
            if len(terms) == self._limit or (
                terms and sum(map(len, terms)) + len(term) > MOST_ASKED
            ):
                yield " or ".join(terms)
                terms = []
            terms.append(term)
        if terms:
            yield " or ".join(terms)


def columns_of(shape: PageShape, fields: Sequence[str]) -> list[str]:
    """The columns of a feed's table that hold these fields; renamed ones have other names."""
    names = {column.path[0]: column.name for column in shape.tables[0].columns}
    return [names[field] for field in fields]


def _text(condition: Filter | None) -> str | None:
    return None if condition is None else condition.build(Dialect.ODATA4)


def _comparable(field: Field, value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return UUID(str(value)) if field.type is FieldType.GUID else value
