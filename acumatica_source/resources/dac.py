"""Data access classes (DACs) as dlt resources: the tables behind the forms, over OData v4."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dlt
from dlt.common.schema import Schema

from acumatica_source.arrow.types import DECIMALS
from acumatica_source.client.address import segment
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.edmx import Feed
from acumatica_source.reading.errors import ContractOutdated
from acumatica_source.reading.feed_requests import FeedQuery
from acumatica_source.reading.feeds import FeedReader
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import classes_path, named
from acumatica_source.reading.rhythm import DAILY, VERIFY_REQUESTS
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.claim import enter
from acumatica_source.resources.feed_plan import FeedTable, feed_shape, key_columns
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.run import load
from acumatica_source.resources.resource import Rows

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DacTable:
    """A data access class that is served over OData.

    Values are as stored: codes of drop-downs, numbers of foreign keys. The user needs the role
    `OData4 User` and rights to the forms that show the class.
    """

    name: str
    """Name of the entity set (`SOOrder`, `PX_Objects_SO_SOOrder`)."""
    columns: Sequence[str] | None = None
    """Columns to load, keys and modification stamp always among them; None for all that can be
    selected. Where some are added, all rows are loaded anew."""
    filter: str | None = None
    """A condition in OData 4 on stored values (`Status eq 'N'`). Rows that no longer meet it are
    taken out by the comparison. Some classes cannot be filtered, as their metadata say."""
    key: Sequence[str] | None = None
    """Columns that identify a row; None for those that the metadata declare, () for none. Declared
    ones of which some can be neither filtered by nor selected count as none."""
    page_size: int = 1_000
    """Rows per request."""
    lag: timedelta = timedelta(minutes=5)
    """How far before the last watermark an incremental run reads again, for late commits."""
    verify: timedelta | str = DAILY
    """How often keys and stamps of all rows are compared with what is loaded, which finds deleted
    rows: a time, `"now"` or `"never"`. Rows that one request lists are compared in every run.
    The service's own list of deletions, `px.GetDeletedRecords()`, is no substitute:
    it has only classes that an administrator has put on it, and forgets after ten days (User
    Guide: Retrieval of Data Through the DAC-Based OData Interface)."""
    verify_requests: int = VERIFY_REQUESTS
    """Requests at most that one run spends on comparing more rows than one lists; the next runs go
    on from there."""
    archived: bool = True
    """Whether archived rows count."""
    full: bool = False
    """Whether to load everything anew, whatever was loaded before."""
    decimals: int = DECIMALS
    """Digits that decimal columns keep after the point, of 38 in all."""
    table_name: str | None = None
    """Name of the resource and its table; None for `name`."""

    @property
    def table(self) -> str:
        """Name of the resource and its table."""
        return self.table_name or self.name


def dac_rows(instance: Instance, table: DacTable) -> Rows:
    """A resource that loads one data access class.

    The first run replaces the table; later ones merge by its keys what was modified since, if it
    has keys and a column LastModifiedDateTime that can be filtered by, and replace otherwise.
    """

    def rows() -> Iterator[Any]:
        with instance.seats.opened() as connection:
            enter(instance, connection)
            yield from class_rows(instance, connection, table, {})

    return rows


def class_rows(
    instance: Instance, connection: Connection, table: DacTable, names: Mapping[str, str]
) -> Iterator[Any]:
    """The dlt items of one run.

    Args:
        instance: The instance, for its metadata.
        connection: Its seats.
        table: What to load.
        names: What columns are called, by the fields that they hold; others by these.
    """
    try:
        yield from _load(instance, connection, table, names)
    except ContractOutdated as error:
        logger.info("%s; fetching the metadata anew.", error)
        instance.classes.forget()
        yield from _load(instance, connection, table, names)


def _load(
    instance: Instance, connection: Connection, table: DacTable, names: Mapping[str, str]
) -> Iterator[Any]:
    query = _query_of(instance, table, names, dlt.current.source_schema())
    stamp = query.feed.stamp if query.keys else None
    how = LoadOptions(
        resource=table.table,
        terms=instance.terms,
        lost=instance.lost,
        tenant=instance.tenant,
        lag=table.lag,
        rhythm=instance.terms.rhythm(table.verify, f"verify of {table.name}"),
        verify_requests=table.verify_requests,
        full=table.full,
        row_options=f"{','.join(query.keys)} {table.filter}",
    )
    reader = FeedReader(connection, query, stamp)
    yield from load(reader, connection.executor, how, instance.report)


def class_named(instance: Instance, name: str) -> Feed:
    """The class of that name; metadata from disk that lack it are fetched anew.

    Raises:
        ConfigurationError: there is none; the message names near ones.
        AcumaticaError: the instance does not show its classes to this user.
    """
    classes = instance.classes.all()
    if name not in classes.sets and not instance.classes.are_fresh:
        instance.classes.forget()
        classes = instance.classes.all()
    return named(classes, name, "data access class")


def _query_of(
    instance: Instance, table: DacTable, names: Mapping[str, str], schema: Schema
) -> FeedQuery:
    if table.page_size < 1:
        raise ConfigurationError(f"page_size of {table.name} must be at least 1.")
    feed = class_named(instance, table.name)
    if table.filter and (feed.singleton or not feed.filterable):
        raise ConfigurationError(f"{feed.name} cannot be filtered: its metadata say so.")
    keys = _keys(feed, table.key)
    columns = _columns(feed, table.columns, keys)
    wanted = FeedTable(table.table, columns, keys, table.decimals, names)
    return FeedQuery(
        path=f"{classes_path(instance.tenant)}/{segment(feed.name, 'data access class')}",
        feed=feed,
        shape=feed_shape(feed, wanted, schema),
        keys=keys,
        page_size=table.page_size,
        filter=table.filter,
        stored=True,
        archived=table.archived,
        metadata_are_fresh=instance.classes.are_fresh,
    )


def _keys(feed: Feed, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The columns that identify a row; none where declared ones are not to be had."""
    if wanted is not None or feed.usable_keys == feed.keys:
        return key_columns(feed, wanted)
    closed = [name for name in feed.keys if name in feed.unfilterable]
    logger.warning(
        "%s: %s of its key can be neither filtered by nor selected. All rows are read in one "
        "request, and the table is replaced. Give other columns that identify a row as its key to "
        "have it read in pages.",
        feed.name,
        ", ".join(closed),
    )
    return ()


def _columns(feed: Feed, wanted: Sequence[str] | None, keys: Sequence[str]) -> tuple[str, ...]:
    """The columns to read, in the order of the metadata."""
    closed = [name for name in (*keys, *(wanted or ())) if name in feed.unfilterable]
    if closed:
        raise ConfigurationError(
            f"{feed.name} does not let these columns be selected: {', '.join(closed)}."
        )
    unknown = [name for name in wanted or () if feed.field(name) is None]
    if unknown:
        known = ", ".join(one.name for one in feed.fields)
        raise ConfigurationError(f"{feed.name} has no {', '.join(unknown)}. It has: {known}.")
    always = {*keys, feed.stamp}
    return tuple(
        field.name
        for field in feed.fields
        if field.name not in feed.unfilterable
        and (wanted is None or field.name in wanted or field.name in always)
    )
