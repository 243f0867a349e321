"""Generic inquiries as dlt resources: their rows over OData v4, typed by their metadata."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import dlt

from acumatica_source.arrow.types import DECIMALS
from acumatica_source.contract.edmx import Feed
from acumatica_source.reading.feed_requests import FeedQuery
from acumatica_source.reading.feeds import FeedReader
from acumatica_source.reading.inquiry_parameters import inquiry_path
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import inquiries, named
from acumatica_source.reading.rhythm import NEVER, Rhythm
from acumatica_source.resources.claim import enter
from acumatica_source.resources.feed_plan import FeedTable, feed_shape, key_columns
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.run import load
from acumatica_source.resources.resource import Rows


@dataclass(frozen=True, slots=True)
class GenericInquiry:
    """A generic inquiry that is exposed through OData."""

    name: str
    """Its name in the OData service (`BI-Customers`)."""
    key: Sequence[str] | None = None
    """Columns that identify a row; None for those that the metadata declare, () for none."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Values of the inquiry's own parameters by name: texts, numbers, dates, or None for no value.
    An inquiry that has parameters is not asked without them."""
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


def generic_inquiry_rows(instance: Instance, inquiry: GenericInquiry) -> Rows:
    """A resource that replaces its table with the rows of the inquiry."""

    def rows() -> Iterator[Any]:
        with instance.seats.opened() as connection:
            enter(instance, connection)
            offered = inquiries(connection.pool, instance.tenant)
            feed = named(offered, inquiry.name, "generic inquiry")
            reader = FeedReader(connection, _query_of(instance, inquiry, feed))
            how = LoadOptions(
                resource=inquiry.table,
                terms=instance.terms,
                lost=instance.lost,
                tenant=instance.tenant,
                lag=timedelta(0),
                rhythm=Rhythm.of(NEVER),
                full=True,
                row_options="",
            )
            yield from load(reader, connection.executor, how, instance.report)

    return rows


def _query_of(instance: Instance, inquiry: GenericInquiry, feed: Feed) -> FeedQuery:
    every = [field.name for field in feed.fields]
    table = FeedTable(inquiry.table, every, (), inquiry.decimals)
    return FeedQuery(
        path=inquiry_path(instance.tenant, feed, inquiry.parameters),
        feed=feed,
        shape=feed_shape(feed, table, dlt.current.source_schema()),
        keys=key_columns(feed, inquiry.key),
        page_size=inquiry.page_size,
        filter=inquiry.filter,
    )
