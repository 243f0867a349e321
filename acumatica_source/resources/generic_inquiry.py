"""Generic inquiries as dlt resources: their rows over OData v4, typed by their metadata."""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dlt
from dlt.extract import DltResource

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.types import DECIMALS
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.instance import segment
from acumatica_source.contract.edmx import WITH_PARAMETERS, Feed
from acumatica_source.reading.errors import PagingStuck
from acumatica_source.reading.feeds import FeedQuery, FeedReader
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import inquiries, inquiries_path, named
from acumatica_source.reading.read_ahead import ReadAhead
from acumatica_source.resources.feed_plan import FeedTable, feed_shape, key_columns
from acumatica_source.resources.tables import Target, WriteMode

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GenericInquiry:
    """A generic inquiry that is exposed through OData."""

    name: str
    """Its name in the OData service (`BI-Customers`)."""
    key: Sequence[str] | None = None
    """Columns that identify a row; None for those that the metadata declare, () for none."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Values of the inquiry's own parameters."""
    filter: str | None = None
    """A condition in OData 4 (`Status eq 'Active'`)."""
    page_size: int = 1_000
    """Rows per request."""
    decimals: int = DECIMALS
    """Digits that decimal columns keep after the point, of 38 in all."""
    table_name: str | None = None
    """Name of the resource and its table; None for `name`."""

    @property
    def table(self) -> str:
        """Name of the resource and its table."""
        return self.table_name or self.name


def generic_inquiry_resource(instance: Instance, inquiry: GenericInquiry) -> DltResource:
    """A resource that replaces its table with the rows of the inquiry."""

    def rows() -> Iterator[Any]:
        with instance.opened() as connection:
            offered = inquiries(connection.pool, instance.tenant)
            feed = named(offered, inquiry.name, "generic inquiry")
            reader = FeedReader(connection, _query_of(instance, inquiry, feed))
            dlt.current.resource_state(inquiry.table).clear()  # of what else had this table before
            target = Target(inquiry.table, WriteMode.REPLACE)
            yield target.carry(reader.shape.tables[0].schema.empty_table())
            with ReadAhead(connection.executor, _pages(instance, inquiry, reader), 2) as pages:
                for page in pages:
                    for note in page.notes:
                        logger.warning("%s: %s", inquiry.table, note)
                    instance.rows_read[inquiry.table] += page.rows
                    yield target.carry(page.tables[inquiry.table])

    return dlt.resource(rows, name=inquiry.table)


def _pages(
    instance: Instance, inquiry: GenericInquiry, reader: FeedReader
) -> Generator[ParsedPage, None, None]:
    try:
        yield from reader.pages()
    except PagingStuck:
        instance.unordered.add(inquiry.table)
        raise


def _query_of(instance: Instance, inquiry: GenericInquiry, feed: Feed) -> FeedQuery:
    if feed.parameters and not inquiry.parameters:
        logger.warning(
            "%s takes parameters (%s), and none are given: it may have no rows, or others than "
            "expected. GenericInquiry(parameters=...) gives them.",
            inquiry.name,
            ", ".join(one.name for one in feed.parameters),
        )
    every = [field.name for field in feed.fields]
    table = FeedTable(inquiry.table, every, (), inquiry.decimals)
    return FeedQuery(
        path=_path(instance.tenant, feed, inquiry.parameters),
        feed=feed,
        shape=feed_shape(feed, table, dlt.current.source_schema()),
        keys=key_columns(feed, inquiry.key),
        page_size=inquiry.page_size,
        filter=inquiry.filter,
        whole=inquiry.table in instance.unordered,
    )


def _path(tenant: str, feed: Feed, parameters: Mapping[str, object]) -> str:
    base = f"{inquiries_path(tenant)}/{segment(feed.name, 'inquiry')}"
    if not parameters:
        return base
    known = {one.name for one in feed.parameters}
    for name in parameters:
        if name not in known:
            raise ConfigurationError(
                f"{feed.name} has no parameter {name!r}. It has: "
                f"{', '.join(sorted(known)) or 'none'}."
            )
    given = ",".join(f"{name}={_literal(value)}" for name, value in parameters.items())
    return f"{base}{WITH_PARAMETERS}({given})"


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return segment("'" + str(value).replace("'", "''") + "'", "parameter")
