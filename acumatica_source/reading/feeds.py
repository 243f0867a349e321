"""Reads the rows of OData entity sets: generic inquiries and data access classes.

Neither has a page size of its own (User Guide: Access to Exposed Inquiries Through OData; Retrieval
of Data Through the DAC-Based OData Interface), so rows are asked for in windows in the order of
their keys. The keys of classes are stored values, whose order is the database's: the next window
begins after the last key. Inquiries show labels instead, so theirs go by offset, and the overlap of
the windows proves that no row slipped through. Without keys all rows are asked for at once. A
window that the server cuts short with a next link is completed from there.
"""

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage, parse_odata_page
from acumatica_source.arrow.shape import PageShape, odata_shape
from acumatica_source.arrow.types import DECIMALS
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
    Paging,
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
    keys: tuple[str, ...]
    """Columns that identify a row; empty where none do."""
    page_size: int
    """Rows that a request asks for."""
    filter: str | None = None
    """An OData 4 condition of the user's."""
    columns: tuple[str, ...] | None = None
    """Columns to read, the keys among them; None for all."""
    stored: bool = False
    """Whether values are as stored, so that keys can be compared, and never missing."""
    archived: bool = False
    """Whether archived rows are read too, where normal reads hide them."""
    believed: bool = True
    """Whether the metadata are surely those of the present; if not, the first rows are held to
    them."""
    whole: bool = False
    """Whether to ask for all rows at once, because their order is known not to be stable."""
    decimals: int = DECIMALS
    """Digits that decimal columns keep after the point."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What all requests of one read have in common."""

    shape: PageShape
    select: str | None
    condition: str | None
    rows: int


class FeedReader:
    """Reads the rows of one entity set completely, in pages of typed tables."""

    def __init__(self, connection: Connection, query: FeedQuery) -> None:
        self._connection = connection
        self._query = query
        self._believed = query.believed
        self.feed = query.feed
        self.keys = query.keys
        self.name = query.feed.name
        self.shape = self._shape(query.columns)
        """The table that pages consist of."""
        self.started: datetime | None = None
        """The server's clock at the first answer, UTC; None if it did not tell."""

    def pages(self, since: tuple[str, datetime] | None = None) -> Generator[ParsedPage, None, None]:
        """All rows, or those whose column named first is at or after the instant.

        Raises:
            ContractOutdated: rows have columns that the metadata do not declare.
            PagingStuck: the rows' order is not stable, or not that of a unique key.
            ReadingError: the answer is no rows.
            AcumaticaError: a request failed.
        """
        newer = None if since is None else F[since[0]] >= since[1]
        yield from self._complete(
            _Question(
                self.shape, self._select(self._query.columns), _text(newer), self._query.page_size
            )
        )

    def stamps(self, stamp: str) -> Generator[pa.Table, None, None]:
        """The keys and the modification stamp of every row, in pages."""
        columns = (*self._query.keys, stamp)
        shape = self._shape(columns)
        rows = self._query.page_size * STAMPS_PER_RECORD
        for page in self._complete(_Question(shape, ",".join(columns), None, rows)):
            yield page.tables[self.name].select(columns)

    def rows(self, keys: Sequence[Mark]) -> Generator[ParsedPage, None, None]:
        """The rows with these keys, in pages; those that no longer exist are left out."""
        select = self._select(self._query.columns)
        for condition in self._named(keys):
            question = _Question(self.shape, select, condition, self._query.page_size)
            yield from self._linked(question, PageRequest(None, None))

    def _complete(self, question: _Question) -> Generator[ParsedPage, None, None]:
        """Page to the end."""
        paging = self._paging(question.rows)
        if isinstance(paging, WholeRead):
            yield from self._linked(question, paging.first())
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
            rows = page.tables[self.name]
            try:
                received = paging.receive(self._marks(rows))
            except (OrderNotTrusted, PagingStuck) as error:
                raise PagingStuck(
                    f"{self.name} could not be read completely: {error} Give columns that "
                    "identify a row as its key, or () to read it in one request."
                ) from error
            fresh = rows.slice(received.fresh_from)
            yield ParsedPage({self.name: fresh}, fresh.num_rows, page.notes)
            request = received.next

    def _paging(self, rows: int) -> Paging:
        fields = [self._query.feed.field(name) for name in self._query.keys]
        if self._query.whole or not fields:
            return WholeRead()
        if self._query.stored and all(f is not None and f.type in _IN_ORDER for f in fields):
            return OrderedPaging([Key(name) for name in self._query.keys], rows)
        return SkipPaging(max(2, rows))

    def _window(self, question: _Question, request: PageRequest) -> ParsedPage:
        """All rows of a request, in however many answers they come."""
        pages = list(self._linked(question, request))
        tables = [page.tables[self.name] for page in pages]
        rows = tables[0]
        if len(tables) > 1:
            rows = pa.concat_tables(tables, promote_options="default").combine_chunks()
        notes = tuple(dict.fromkeys(note for page in pages for note in page.notes))
        return ParsedPage({self.name: rows}, rows.num_rows, notes)

    def _linked(self, question: _Question, request: PageRequest) -> Iterator[ParsedPage]:
        """The answer to a request, and what follows it by next links."""
        page = self._parse(self._get(self._query.path, self._params(question, request)), question)
        yield page
        received, blank, seen = page.rows, 0, {""}
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
            params |= {"$top": str(request.top), "$orderby": ",".join(self._query.keys)}
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
        if not self._believed and page.rows and question.select is None:
            self._hold_to_metadata(body)
        rows = page.tables[self.name]
        for field in rows.schema:
            if not field.nullable and rows.column(field.name).null_count:
                raise ReadingError(
                    f"{self.name} has rows without a value in {field.name}, which is to identify "
                    "them. Give other columns as its key, or () for none."
                )
        return page

    def _hold_to_metadata(self, body: bytes) -> None:
        first: dict[str, Any] = orjson.loads(body)["value"][0]
        known = {field.name for field in self._query.feed.fields}
        unknown = [
            name
            for name, value in first.items()
            if name not in known and "@" not in name and not isinstance(value, list | dict)
        ]
        if unknown:
            raise ContractOutdated(f"{self.name} has changed: {', '.join(sorted(unknown))}")
        self._believed = True

    def _marks(self, rows: pa.Table) -> list[Mark]:
        columns = (rows.column(name).to_pylist() for name in self._query.keys)
        return list(zip(*columns, strict=True))

    def _shape(self, columns: Sequence[str] | None) -> PageShape:
        query = self._query
        fields = [f for f in query.feed.fields if columns is None or f.name in columns]
        required = query.keys if query.stored else ()
        return odata_shape(self.name, fields, required, decimals=query.decimals)

    def _select(self, columns: tuple[str, ...] | None) -> str | None:
        """The `$select`; None where all columns are wanted, so that new ones are noticed."""
        every = {f.name for f in self.feed.fields} - self.feed.unfilterable
        text = "" if columns is None or every <= set(columns) else ",".join(columns)
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
            if terms and sum(map(len, terms)) + len(term) > MOST_ASKED:
                yield " or ".join(terms)
                terms = []
            terms.append(term)
        if terms:
            yield " or ".join(terms)


def _text(condition: Filter | None) -> str | None:
    return None if condition is None else condition.build(Dialect.ODATA4)


def _comparable(field: Field, value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return UUID(str(value)) if field.type is FieldType.GUID else value
