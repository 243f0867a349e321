"""Reads the records of one entity: page by page, one by one where lists fail, or stamps only."""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage, parse_page
from acumatica_source.arrow.shape import PageShape, shape_of
from acumatica_source.client.errors import (
    AcumaticaError,
    ConfigurationError,
    InvalidQuery,
    OptimizationError,
    RecordNotFound,
    ServerError,
)
from acumatica_source.client.instance import segment
from acumatica_source.client.query import F, Filter, QueryOptions
from acumatica_source.contract.custom_fields import CustomField, custom_parameters
from acumatica_source.contract.kinds import ListAnswer, kind_by_evidence
from acumatica_source.contract.model import Entity, EntityKind, FieldType
from acumatica_source.reading.custom import filled, places_of
from acumatica_source.reading.drift import undeclared
from acumatica_source.reading.errors import (
    ContractOutdated,
    NotARecord,
    OrderNotTrusted,
    PagingStuck,
)
from acumatica_source.reading.instance import Connection
from acumatica_source.reading.paging import (
    KeysetPaging,
    Mark,
    PageRequest,
    Paging,
    SkipPaging,
    WholeRead,
)
from acumatica_source.reading.walking import Fetch, Fetched, walk, walk_in_stretches, without

logger = logging.getLogger(__name__)

STAMPS_PER_RECORD = 10
"""A page of stamps may hold as many times the rows of a page of records: its rows are short."""

SHOW_ARCHIVED = {"PX-ApiArchive": "SHOW"}
"""Archived records are hidden from normal reads, so a sweep would take them for deleted."""


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which records to read, and how."""

    path: str
    """Path of the entity below the instance (`entity/Default/24.200.001/Customer`)."""
    entity: Entity
    expand: tuple[str, ...]
    """`$expand` paths of the linked entities, details and `files` to read."""
    shape: PageShape
    """The tables that pages become."""
    page_size: int
    """Records a list request asks for."""
    custom: tuple[CustomField, ...] = ()
    """Custom fields to read; `entity` has them in its shapes."""
    believed: bool = True
    """Whether the contract is surely that of the present; if not, the first page is held to it."""
    odd: frozenset[str] = frozenset()
    """What did not fit the contract of the present before: that is no sign of another contract."""
    archived: bool = True
    """Whether archived records are read too."""
    whole: bool = False
    """Whether to ask for all records at once, because their order is known not to be stable."""


class RecordReader:
    """Reads the records of one entity completely, in pages of typed tables."""

    def __init__(self, connection: Connection, query: RecordQuery) -> None:
        self._connection = connection
        self._query = query
        self.entity = query.entity
        self._believed = query.believed
        self._looked = False
        self.odd = set(query.odd)
        """What does not fit the contract although that is of the present."""
        self._asked = query.custom
        self._custom = custom_parameters(self._asked)
        self.shape = query.shape
        """The tables that pages consist of."""
        self.started: datetime | None = None
        """The server's clock at the first answer, UTC; None if it did not tell."""
        self.one_by_one = False
        """Set once the server has refused to put what is asked for into one list query."""
        self._takes_select = True

    def pages(self, since: datetime | None = None) -> Generator[ParsedPage, None, None]:
        """All records, or those stamped at or after `since`.

        Raises:
            AcumaticaError: a request failed for good, or completeness could not be assured.
        """
        condition = None if since is None else self._stamped_since(since)

        def unled(listed: Fetched) -> ParsedPage:
            return self._fetch_one_by_one(listed.ids, listed.marks)

        yield from self._complete(self._page, unled, condition)

    def stamps(self) -> Generator[pa.Table, None, None]:
        """`id` and modification stamp (where the entity has one) of every record, in pages."""
        light = self._light_shape()
        rows = self._query.page_size * STAMPS_PER_RECORD

        def listed(request: PageRequest) -> Fetched:
            return self._light_page(request, light)

        for page in self._complete(listed, lambda others: others.page, None, rows):
            yield page.tables[light.tables[0].name]

    def records(self, ids: Sequence[str]) -> Generator[ParsedPage, None, None]:
        """The records of these ids, in pages; those that no longer exist are left out."""
        for start in range(0, len(ids), self._query.page_size):
            yield self._fetch_one_by_one(ids[start : start + self._query.page_size])

    def _complete(
        self,
        fetch: Fetch,
        unled: Callable[[Fetched], ParsedPage],
        condition: Filter | None,
        rows: int | None = None,
    ) -> Generator[ParsedPage, None, None]:
        """Page to the end, `rows` a page, by the first strategy that this entity's order allows.

        `unled` makes a page of records that were listed, but that no key has led to.
        """
        strategies = list(self._strategies(condition, rows or self._query.page_size))
        for place, paging in enumerate(strategies):
            begun = False
            try:
                for page in self._walk(paging, fetch, unled, condition):
                    begun = True
                    yield page
            except (OrderNotTrusted, PagingStuck) as error:
                if begun or place + 1 == len(strategies):
                    raise PagingStuck(
                        f"{self.entity.name} could not be read completely: {error} "
                        "Name its key fields, or raise its page size above its number of records."
                    ) from error
                logger.warning(
                    "%s: %s Paging by %s instead.",
                    self.entity.name,
                    error,
                    type(strategies[place + 1]).__name__,
                )
            else:
                return

    def _walk(
        self,
        paging: Paging,
        fetch: Fetch,
        unled: Callable[[Fetched], ParsedPage],
        condition: Filter | None,
    ) -> Generator[ParsedPage, None, None]:
        if isinstance(paging, KeysetPaging):
            return self._walk_by_key(paging, fetch, unled)
        return walk(paging, fetch, condition)

    def _walk_by_key(
        self, paging: KeysetPaging, fetch: Fetch, unled: Callable[[Fetched], ParsedPage]
    ) -> Generator[ParsedPage, None, None]:
        """By key, and then what no key has led to.

        Each page may be in the order of the key while the list as a whole is not. So once the keys
        have led through several pages, one light request tells whether the list goes on behind as
        many records.
        """
        seats, light = self._connection.seats, self._light_shape()
        read: set[int] = set()  # hashes of the marks: they take the least room
        firsts: list[Mark] = []

        def listed(request: PageRequest) -> Fetched:
            return self._light_page(request, light)

        def noting(request: PageRequest) -> Fetched:
            fetched = fetch(request)
            read.update(map(hash, fetched.marks))
            firsts.extend(fetched.marks[:1])
            return fetched

        by_key = walk_in_stretches(paging, noting, self._glance, seats)
        yield from by_key if seats > 1 else walk(paging, noting)
        if len(firsts) < 2:
            return
        beyond = listed(PageRequest(None, 1, len(read))).marks
        # a server that takes no offset shows its first record again
        if not beyond or beyond[0] == firsts[0]:
            return
        logger.warning(
            "%s: the server lists more records than its keys lead to; looking for the others.",
            self.entity.name,
        )
        for page in walk(SkipPaging(max(2, self._query.page_size * STAMPS_PER_RECORD)), listed):
            found = self._fetched(page, light)
            known = [
                one for one, mark in zip(found.ids, found.marks, strict=True) if hash(mark) in read
            ]
            if len(known) < page.rows:
                yield unled(self._fetched(without(page, known), light))

    def _glance(self, request: PageRequest) -> list[Mark]:
        """The marks of a list; none where records are read one by one, which takes all seats."""
        return [] if self.one_by_one else self._light_page(request, self._light_shape()).marks

    def _strategies(self, condition: Filter | None, rows: int) -> Iterator[Paging]:
        """The safest first.

        A condition on the stamp excludes paging by key: a filter on fields of two views answers
        with nothing at all, and a contract does not tell which view a field comes from.
        """
        if self._query.whole:
            yield WholeRead()
            return
        entity = self.entity
        by_key = [entity.shape.field(key.name) for key in entity.keys]
        comparable = all(f is not None and f.type is not FieldType.GUID for f in by_key)
        if by_key and comparable and condition is None:
            yield KeysetPaging(entity.keys, rows)
        yield SkipPaging(max(2, rows))
        yield WholeRead()

    def _stamped_since(self, since: datetime) -> Filter:
        assert self.entity.watermark is not None
        return F[self.entity.watermark] >= since

    def _page(self, request: PageRequest) -> Fetched:
        if not self.one_by_one:
            try:
                page = self._whole_page(request)
            except OptimizationError as error:
                logger.warning(
                    "%s: the server cannot list it whole (%s); its records are read one by one.",
                    self.entity.name,
                    ", ".join(error.fields) or "no field named",
                )
                self.one_by_one = True
            except InvalidQuery as error:
                if self._asks_for_fewer(error):
                    return self._page(request)
                if self._believed:
                    raise
                raise ContractOutdated(f"{self.entity.name} has changed: {error}") from error
            else:
                return self._fetched(page, self.shape)
        try:
            light = self._light_page(request, self._light_shape())
        except OptimizationError:
            self._hold_to_kind(ListAnswer(refused=True))
            raise
        return replace(light, page=self._fetch_one_by_one(light.ids, light.marks))

    def _asks_for_fewer(self, error: InvalidQuery) -> bool:
        """Leave custom fields out, those of nested entities first: they may be what is refused."""
        if not self._asked:
            return False
        kept = tuple(one for one in self._asked if not one.place)
        if kept == self._asked:
            kept = ()
        logger.warning(
            "%s: the request is refused (%s); asking again without the custom fields %s.",
            self.entity.name,
            error.server_message or error,
            ", ".join(one.address for one in self._asked if one not in kept),
        )
        self._asked, self._custom = kept, custom_parameters(kept)
        return True

    def _whole_page(self, request: PageRequest) -> ParsedPage:
        """One list answer; more custom fields than one request takes come from further ones."""
        body = self._list(request, expand=self._query.expand, custom=self._custom[:1])
        page = parse_page(body, self.shape)
        if page.rows == 1 and request.filter is None and self.entity.shape.details:
            self._hold_to_kind(ListAnswer(_records(body)))
        if not self._looked:
            self._hold_to_contract(body, page)
        for parameter in self._custom[1:]:
            more = self._list(
                request,
                select=self._light_fields(),
                expand=places_of(parameter),
                custom=[parameter],
            )
            page = filled(page, parse_page(more, self.shape))
        return page

    def _hold_to_contract(self, body: bytes, page: ParsedPage) -> None:
        """Look at the first page that has records."""
        odd = undeclared(body, self.entity.shape).union(page.notes)
        if self._query.believed:
            self.odd |= odd
        elif not odd <= self.odd:
            what = ", ".join(sorted(odd - self.odd))
            raise ContractOutdated(f"{self.entity.name} has changed: {what}")
        self._looked = page.rows > 0
        self._believed = self._believed or self._looked

    def _hold_to_kind(self, answer: ListAnswer) -> None:
        """Refuse what shows by its answer that it has no records."""
        if kind_by_evidence(self.entity, answer) is not EntityKind.RECORD:
            said = "refuses to be listed" if answer.refused else "lists one blank record"
            raise NotARecord(
                f"{self.entity.name} {said}: it is a form that shows rows for parameters. "
                "Load it as an InquiryForm."
            )

    def _light_shape(self) -> PageShape:
        return shape_of(self.entity, expand=(), select=self._light_fields())

    def _light_fields(self) -> list[str]:
        entity = self.entity
        stamp = [entity.watermark] if entity.watermark else []
        return [*(key.name for key in entity.keys), *stamp] or [
            f.name for f in entity.shape.fields
        ][:1]

    def _light_page(self, request: PageRequest, light: PageShape) -> Fetched:
        """Keys and stamps of a list. Some forms refuse to select them, but show all fields."""
        if self._takes_select:
            try:
                body = self._list(request, select=self._light_fields())
                return self._fetched(parse_page(body, light), light)
            except (InvalidQuery, OptimizationError, ServerError) as refused:
                try:
                    body = self._list(request)
                except AcumaticaError:
                    raise refused from None
            self._takes_select = False
        else:
            body = self._list(request)
        return self._fetched(parse_page(body, light), light)

    def _list(
        self,
        request: PageRequest,
        *,
        select: Sequence[str] = (),
        expand: Sequence[str] = (),
        custom: Sequence[str] = (),
    ) -> bytes:
        options = QueryOptions(
            filter=request.filter,
            select=list(select) or None,
            expand=list(expand) or None,
            custom=list(custom) or None,
            top=request.top,
            skip=request.skip or None,
        )
        return self._get(self._query.path, options)

    def _get(self, path: str, options: QueryOptions) -> bytes:
        headers = SHOW_ARCHIVED if self._query.archived else None
        params = options.to_params()
        body = self._connection.pool.run(
            lambda session: session.get_bytes(path, params=params, headers=headers)
        )
        if self.started is None:
            self.started = body.server_time
        return body.content

    def _fetch_one_by_one(self, ids: Sequence[str], marks: Sequence[Mark] = ()) -> ParsedPage:
        """Read records by id, which the server never refuses, into one page.

        A record without a persistent id has another one in every session; it is read by its keys.
        """
        try:
            body = self._bodies(self._custom[:1], ids, marks)
        except InvalidQuery as error:
            if not self._asks_for_fewer(error):
                raise
            return self._fetch_one_by_one(ids, marks)
        page = parse_page(body, self.shape)
        if not self._looked:
            self._hold_to_contract(body, page)
        for parameter in self._custom[1:]:
            more = self._bodies([parameter], ids, marks)
            page = filled(page, parse_page(more, self.shape))
        return page

    def _bodies(self, custom: Sequence[str], ids: Sequence[str], marks: Sequence[Mark]) -> bytes:
        """The answers for single records, put together as a list would be."""
        expand = list(self._query.expand) or None
        options = QueryOptions(expand=expand, custom=list(custom) or None)

        def fetch(record_id: str, mark: Mark | None) -> bytes | None:
            try:
                return self._get(f"{self._query.path}/{record_id}", options)
            except RecordNotFound:
                if mark is None or not self.entity.keys:
                    return None
            try:
                keys = "/".join(segment(str(value)) for value in mark)
                return self._get(f"{self._query.path}/{keys}", options)
            except (RecordNotFound, ConfigurationError):
                return None

        with ThreadPoolExecutor(self._connection.seats) as threads:
            found = threads.map(fetch, ids, marks or [None] * len(ids))
            bodies = [body for body in found if body is not None]
        return b"[" + b",".join(bodies) + b"]"

    def _fetched(self, page: ParsedPage, shape: PageShape) -> Fetched:
        records = next(iter(page.tables.values()))
        columns = {column.path: column.name for column in shape.tables[0].columns}
        names = [columns[(key.name,)] for key in self.entity.keys] or ["id"]
        marks = list(zip(*(records.column(name).to_pylist() for name in names), strict=True))
        return Fetched(page, marks, records.column("id").to_pylist())


def _records(body: bytes) -> list[Any]:
    try:
        records = orjson.loads(body)
    except orjson.JSONDecodeError:  # what the tolerant path has read all the same
        return []
    return records if isinstance(records, list) else [records]
