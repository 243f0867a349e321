"""Generic inquiries as dlt resources: their rows over OData v4, typed by their metadata."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dlt
from dlt.extract import DltResource

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.edmx import Feed
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import FeedQuery, FeedReader, feed_named
from acumatica_source.reading.read_ahead import ReadAhead
from acumatica_source.resources.tables import Target, WriteMode


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


def generic_inquiry_resource(instance: Instance, inquiry: GenericInquiry) -> DltResource:
    """A resource that replaces its table with the rows of the inquiry."""

    def rows() -> Iterator[Any]:
        with instance.opened() as connection:
            feed = feed_named(connection, instance.tenant, inquiry.name)
            query = FeedQuery(
                feed=feed,
                keys=_keys(feed, inquiry.key),
                page_size=inquiry.page_size,
                parameters=inquiry.parameters,
                filter=inquiry.filter,
            )
            reader = FeedReader(connection, instance.tenant, query)
            target = Target(inquiry.name, WriteMode.REPLACE)
            yield target.carry(reader.shape.tables[0].schema.empty_table())
            with ReadAhead(connection.executor, reader.pages(), depth=2) as pages:
                for page in pages:
                    instance.rows_read[inquiry.name] += page.rows
                    yield target.carry(page.tables[inquiry.name])

    return dlt.resource(rows, name=inquiry.name)


def _keys(feed: Feed, wanted: Sequence[str] | None) -> tuple[str, ...]:
    if wanted is None:
        return feed.keys
    unknown = [name for name in wanted if feed.field(name) is None]
    if unknown:
        known = ", ".join(one.name for one in feed.fields)
        raise ConfigurationError(f"{feed.name} has no {', '.join(unknown)}. It has: {known}.")
    return tuple(wanted)
