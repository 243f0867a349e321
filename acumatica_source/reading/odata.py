"""Reads generic inquiries over OData v4: their list, their metadata and their rows.

An inquiry has no page size of its own (User Guide: Access to Exposed Inquiries Through OData), so
rows are paged by `$top` and `$skip` in the order of their keys; the overlap of the pages proves
that none slipped through. Without keys all rows are asked for at once. A next link is followed
where one comes all the same.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from acumatica_source.arrow.parse import ParsedPage, parse_odata_page
from acumatica_source.arrow.shape import PageShape, odata_shape
from acumatica_source.client.errors import ConfigurationError, UnexpectedAnswer
from acumatica_source.client.instance import segment
from acumatica_source.contract.edmx import Feed, parse_edmx
from acumatica_source.reading.errors import PagingStuck, ReadingError
from acumatica_source.reading.instance import Connection
from acumatica_source.reading.paging import Mark, PageRequest, Paging, SkipPaging, WholeRead


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """Which rows of an inquiry to read."""

    feed: Feed
    keys: tuple[str, ...]
    """Columns that identify a row; empty where none do."""
    page_size: int
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Values of the inquiry's own parameters."""
    filter: str | None = None
    """An OData 4 condition of the user's."""


def inquiries_path(tenant: str) -> str:
    """Where an instance serves its generic inquiries, below its base URL."""
    return f"t/{segment(tenant, 'tenant')}/api/odata/gi"


def inquiry_names(connection: Connection, tenant: str) -> list[str]:
    """The names of the inquiries exposed through OData."""
    body = connection.pool.run(lambda session: session.get_bytes(inquiries_path(tenant)))
    try:
        listed = orjson.loads(body.content)["value"]
        return [one["name"] for one in listed if one.get("kind", "EntitySet") == "EntitySet"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnexpectedAnswer("The OData service did not answer with a list.") from error


def feed_named(connection: Connection, tenant: str, name: str) -> Feed:
    """What the metadata say of an inquiry.

    Raises:
        ConfigurationError: no inquiry of that name is exposed.
    """
    path = f"{inquiries_path(tenant)}/$metadata"
    xml = {"Accept": "application/xml"}
    document = connection.pool.run(lambda session: session.get_bytes(path, headers=xml)).content
    feeds = parse_edmx(document).sets
    if name in feeds:
        return feeds[name]
    known = [feed for feed in feeds if not feed.endswith("_WithParameters")]
    raise ConfigurationError(
        f"No generic inquiry {name!r} is exposed through OData. There are: "
        f"{', '.join(sorted(known)[:30]) or 'none'}."
    )


class FeedReader:
    """Reads the rows of one generic inquiry."""

    def __init__(self, connection: Connection, tenant: str, query: FeedQuery) -> None:
        self._connection = connection
        self._path = _address(tenant, query)
        self._query = query
        self.shape: PageShape = odata_shape(query.feed.name, query.feed.fields)

    def pages(self) -> Generator[ParsedPage, None, None]:
        """All rows, in pages.

        Raises:
            ReadingError: the rows' order is not stable, or not that of a unique key.
            AcumaticaError: a request failed.
        """
        paging: Paging = SkipPaging(self._query.page_size) if self._query.keys else WholeRead()
        request: PageRequest | None = paging.first()
        link: str | None = None
        while request is not None or link is not None:
            page, link = self._follow(link) if link else self._ask(request)
            rows = page.tables[self._query.feed.name]
            try:
                received = paging.receive(self._marks(rows)) if request else None
            except PagingStuck as error:
                raise ReadingError(
                    f"{self._query.feed.name} could not be read completely: {error} Give columns "
                    "that identify a row as its key, or () to read it in one request."
                ) from error
            fresh = rows.slice(received.fresh_from) if received else rows
            yield ParsedPage({self._query.feed.name: fresh}, fresh.num_rows, page.notes)
            request = None if link or received is None else received.next

    def _ask(self, request: PageRequest | None) -> tuple[ParsedPage, str | None]:
        params: dict[str, str] = {}
        if self._query.filter:
            params["$filter"] = self._query.filter
        if request is not None and request.top is not None:
            params |= {"$top": str(request.top), "$orderby": ",".join(self._query.keys)}
        if request is not None and request.skip:
            params["$skip"] = str(request.skip)
        return self._parse(self._get(self._path, params))

    def _follow(self, link: str) -> tuple[ParsedPage, str | None]:
        return self._parse(self._get(link, None))

    def _get(self, path: str, params: Mapping[str, str] | None) -> bytes:
        return self._connection.pool.run(
            lambda session: session.get_bytes(path, params=params)
        ).content

    def _parse(self, body: bytes) -> tuple[ParsedPage, str | None]:
        if not body.strip():
            raise ReadingError(
                f"{self._query.feed.name} answered with nothing at all, which a filter on a "
                "computed column brings about. Filter by other columns."
            )
        page = parse_odata_page(body, self.shape)
        return page, page.next_link

    def _marks(self, rows: Any) -> list[Mark]:
        names = self._query.keys or rows.column_names
        return list(zip(*(rows.column(name).to_pylist() for name in names), strict=True))


def _address(tenant: str, query: FeedQuery) -> str:
    base = f"{inquiries_path(tenant)}/{segment(query.feed.name, 'inquiry')}"
    if not query.parameters:
        return base
    known = {one.name for one in query.feed.parameters}
    for name in query.parameters:
        if name not in known:
            raise ConfigurationError(
                f"{query.feed.name} has no parameter {name!r}. It has: "
                f"{', '.join(sorted(known)) or 'none'}."
            )
    given = ",".join(f"{name}={_literal(value)}" for name, value in query.parameters.items())
    return f"{base}_WithParameters({given})"


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return segment("'" + str(value).replace("'", "''") + "'", "parameter")
