"""Asks an OData entity set for rows and makes tables of them.

Neither generic inquiries nor data access classes have a page size of their own (User Guide: Access
to Exposed Inquiries Through OData; Retrieval of Data Through the DAC-Based OData Interface), so
rows are asked for in windows in the order of their keys. A window that the server cuts short with a
next link is completed from there.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage, parse_odata_page
from acumatica_source.arrow.shape import PageShape
from acumatica_source.client.conditions import filter_of
from acumatica_source.client.errors import InvalidQuery
from acumatica_source.client.query import Dialect, Filter
from acumatica_source.contract.edmx import Feed
from acumatica_source.contract.model import DeclaredField, FieldType
from acumatica_source.paging.errors import ConditionRefused, Incomplete
from acumatica_source.paging.links import Linked, follow
from acumatica_source.paging.model import Condition, PageRequest, RowKey
from acumatica_source.reading.errors import ContractOutdated, PagingStuck, ReadingError
from acumatica_source.reading.odata import ask
from acumatica_source.reading.record_query import SHOW_ARCHIVED
from acumatica_source.reading.seats import Connection

MOST_SELECTED = 1_200
"""Characters of a `$select`: servers limit a query to some 2,000. Without one, all columns come."""


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
    metadata_are_fresh: bool = True
    """Whether the metadata were fetched in this run; the first rows are held to kept ones."""

    def comparable(self, name: str, value: object) -> object:
        """What to compare a field with, for a value as it was read."""
        field = self.feed.field(name)
        return value if field is None else _comparable(field, value)


@dataclass(frozen=True, slots=True)
class Question:
    """What all requests of one read have in common."""

    shape: PageShape
    select: str | None
    condition: str | None
    """A further condition in OData 4."""

    @property
    def table(self) -> str:
        """Name of the table that answers become."""
        return self.shape.tables[0].name

    def columns(self, fields: Sequence[str]) -> list[str]:
        """The columns that hold these fields; renamed ones have other names."""
        return columns_of(self.shape, fields)


class FeedRequests:
    """Sends the requests for the rows of one entity set."""

    def __init__(self, connection: Connection, query: FeedQuery) -> None:
        self._pool = connection.pool
        self._query = query
        self._is_fresh = query.metadata_are_fresh
        self._told: set[str] = set()
        self.seats = connection.seats
        self.name = query.feed.name
        self.gives_next_links = query.feed.singleton
        """Whether the server has given a next link: then it cuts nothing short without one. A
        single row is never cut short."""
        self._orders = bool(query.keys)
        """Whether rows are asked for in the order of their keys."""
        self.started: datetime | None = None
        """The server's clock at the first answer, UTC; None if it did not tell."""

    def window(self, question: Question, request: PageRequest) -> ParsedPage:
        """All rows of a request, in however many answers they come.

        Raises:
            ConditionRefused: the server does not take the condition on the keys.
            ContractOutdated: rows have columns that the metadata do not declare.
            ReadingError: the answer is no rows.
        """
        if request.condition is not None and not self._query.feed.filterable:
            raise ConditionRefused(f"{self.name} cannot be filtered.")
        try:
            first = self._first(question, request)
        except InvalidQuery as error:
            if request.condition is None:
                raise
            raise ConditionRefused(str(error)) from error
        self.gives_next_links = self.gives_next_links or first.next_link is not None

        def fetch(link: str) -> Linked[ParsedPage]:
            return _linked(self._parsed(self._get(None, link), question))

        try:
            pages = [one.page for one in follow(_linked(first), fetch, request.top)]
        except Incomplete as error:
            raise PagingStuck(f"{self.name} could not be read completely: {error}") from error
        tables = [page.tables[question.table] for page in pages]
        rows = tables[0]
        if len(tables) > 1:
            rows = pa.concat_tables(tables, promote_options="default").combine_chunks()
        notes = tuple(dict.fromkeys(note for page in pages for note in page.notes))
        return ParsedPage({question.table: rows}, rows.num_rows, notes)

    def _first(self, question: Question, request: PageRequest) -> ParsedPage:
        """The first answer to a request.

        What cannot be filtered may not be put into an order either; rows come in that of their
        keys all the same (User Guide: Retrieval of Data Through the DAC-Based OData Interface).
        """
        params = self._params(question, request)
        try:
            return self._parsed(self._get(params), question)
        except InvalidQuery:
            if self._query.feed.filterable or "$orderby" not in params:
                raise
            self._orders = False
        return self._first(question, request)

    def keys_of(self, page: ParsedPage, question: Question) -> list[RowKey]:
        """The keys of a page's rows; where there are none, each row is like no other."""
        rows = page.tables[question.table]
        if not self._query.keys:
            return [(object(),) for _ in range(rows.num_rows)]
        columns = (rows.column(name).to_pylist() for name in question.columns(self._query.keys))
        return list(zip(*columns, strict=True))

    def text_of(self, condition: Condition) -> str:
        """A condition on keys in OData 4."""
        return built(filter_of(condition, self._query.comparable))

    def _params(self, question: Question, request: PageRequest) -> dict[str, str]:
        params: dict[str, str] = {}
        own = None if request.condition is None else self.text_of(request.condition)
        given = [one for one in (self._query.filter, question.condition, own) if one]
        if given:
            params["$filter"] = (
                given[0] if len(given) == 1 else " and ".join(f"({one})" for one in given)
            )
        if question.select and self._query.feed.filterable:
            # fields that cannot be filtered cannot be selected either
            params["$select"] = question.select
        if request.top is not None:
            params["$top"] = str(request.top)
            if self._orders:
                params["$orderby"] = ",".join(self._query.keys)
        if request.skip:
            params["$skip"] = str(request.skip)
        return params

    def _get(self, params: dict[str, str] | None, next_link: str | None = None) -> bytes:
        headers = SHOW_ARCHIVED if self._query.archived else None
        body = ask(self._pool, self._query.path, params, headers, next_link=next_link)
        if self.started is None:
            self.started = body.server_time
        return body.content

    def _parsed(self, body: bytes, question: Question) -> ParsedPage:
        if self._query.feed.singleton:
            body = _as_list(body)
        if not body.strip():
            raise ReadingError(
                f"{self.name} answered with nothing at all, which a filter on a computed column, "
                "or a parameter without its value, brings about. Filter by other columns, or give "
                "the parameters."
            )
        page = parse_odata_page(body, question.shape)
        if not self._is_fresh and page.rows and question.shape is self._query.shape:
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

    def _hold_to_metadata(self, body: bytes, question: Question, page: ParsedPage) -> None:
        unknown = self._undeclared(body) if question.select is None else []
        if unknown or page.notes:
            what = ", ".join(sorted(unknown)) or "; ".join(page.notes)
            raise ContractOutdated(f"{self.name} has changed: {what}")
        self._is_fresh = True

    def _undeclared(self, body: bytes) -> list[str]:
        """Columns of the first row that the metadata do not declare.

        None where only the tolerant path can read the answer at all.
        """
        try:
            answer: Any = orjson.loads(body)
        except orjson.JSONDecodeError:
            return []
        rows = answer["value"] if isinstance(answer, dict) else answer
        known = {field.name for field in self._query.feed.fields}
        return [
            name
            for name, value in rows[0].items()
            if name not in known and "@" not in name and not isinstance(value, list | dict)
        ]


def columns_of(shape: PageShape, fields: Sequence[str]) -> list[str]:
    """The columns of a feed's table that hold these fields; renamed ones have other names."""
    names = {column.path[0]: column.name for column in shape.tables[0].columns}
    return [names[field] for field in fields]


def selection_of(query: FeedQuery) -> str | None:
    """The `$select`; None where all fields are wanted, so that new ones are noticed."""
    fields = [column.path[0] for column in query.shape.tables[0].columns]
    every = {field.name for field in query.feed.fields} - query.feed.unfilterable
    text = "" if every <= set(fields) else ",".join(fields)
    return text if 0 < len(text) <= MOST_SELECTED else None


def built(condition: Filter) -> str:
    """A filter in OData 4."""
    return condition.build(Dialect.ODATA4)


def _as_list(body: bytes) -> bytes:
    """The answer of a singleton, which is its row or nothing, as if it were a list of rows."""
    answer = body.strip()
    try:
        listed = answer and isinstance(json.loads(answer).get("value"), list)
    except (ValueError, RecursionError, AttributeError):
        return body  # to be refused as any answer that is no rows
    return answer if listed else b'{"value":[' + answer + b"]}"


def _linked(page: ParsedPage) -> Linked[ParsedPage]:
    return Linked(page, page.rows, page.next_link)


def _comparable(field: DeclaredField, value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return UUID(str(value)) if field.type is FieldType.GUID else value
