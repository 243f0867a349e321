"""Data access classes (DACs) as dlt resources: the tables behind the forms, over OData v4."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.schema import Schema
from dlt.extract import DltResource

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.types import DECIMALS
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.instance import segment
from acumatica_source.contract.edmx import Feed
from acumatica_source.reading.errors import ContractOutdated, PagingStuck
from acumatica_source.reading.feeds import FeedQuery, FeedReader, columns_of
from acumatica_source.reading.instance import Connection, Instance
from acumatica_source.reading.odata import classes_path, named
from acumatica_source.reading.paging import Mark
from acumatica_source.reading.read_ahead import ReadAhead
from acumatica_source.reading.watermark import lower_bound, next_watermark
from acumatica_source.resources.evolution import Contents
from acumatica_source.resources.feed_plan import FeedTable, feed_shape, key_columns
from acumatica_source.resources.loaded import STAMP, Difference, difference, loaded_stamps
from acumatica_source.resources.tables import Target, WriteMode, merging_mode, tombstones

logger = logging.getLogger(__name__)

PAGES_AHEAD = 2

ROWS_NAMED = 15
"""Rows that one request names by their keys, about: more than that per page, and reading all anew
takes fewer requests."""


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
    taken out by the sweep."""
    key: Sequence[str] | None = None
    """Columns that identify a row; None for those that the metadata declare, () for none."""
    page_size: int = 1_000
    """Rows per request."""
    lag: timedelta = timedelta(minutes=5)
    """How far before the last watermark an incremental run reads again, for late commits."""
    sweep: bool = True
    """Whether incremental runs compare keys and stamps of all rows with what is loaded, which finds
    deleted rows. The service's own list of deletions, `px.GetDeletedRecords()`, is no substitute:
    it has only classes that an administrator has put on it, and forgets after ten days (User
    Guide: Retrieval of Data Through the DAC-Based OData Interface)."""
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


def dac_resource(instance: Instance, table: DacTable) -> DltResource:
    """A resource that loads one data access class.

    The first run replaces the table; later ones merge by its keys what was modified since, if it
    has keys and a column LastModifiedDateTime, and replace otherwise.
    """

    def rows() -> Iterator[Any]:
        with instance.opened() as connection:
            try:
                yield from _load(instance, connection, table)
            except ContractOutdated as error:
                logger.info("%s; fetching the metadata anew.", error)
                instance.forget_classes()
                yield from _load(instance, connection, table)

    return dlt.resource(rows, name=table.table)


def _load(instance: Instance, connection: Connection, table: DacTable) -> Iterator[Any]:
    query = _query_of(instance, table, dlt.current.source_schema())
    try:
        yield from _Load(instance, connection, FeedReader(connection, query), table).run()
    except PagingStuck:
        instance.unordered.add(table.table)
        raise


def class_named(instance: Instance, name: str) -> Feed:
    """The class of that name; metadata from disk that lack it are fetched anew.

    Raises:
        ConfigurationError: there is none; the message names near ones.
        AcumaticaError: the instance does not show its classes to this user.
    """
    classes = instance.classes()
    if name not in classes.sets and not instance.classes_are_fresh:
        instance.forget_classes()
        classes = instance.classes()
    return named(classes, name, "data access class")


def _query_of(instance: Instance, table: DacTable, schema: Schema) -> FeedQuery:
    if table.page_size < 1:
        raise ConfigurationError(f"page_size of {table.name} must be at least 1.")
    feed = class_named(instance, table.name)
    keys = key_columns(feed, table.key)
    wanted = FeedTable(table.table, _columns(feed, table.columns, keys), keys, table.decimals)
    return FeedQuery(
        path=f"{classes_path(instance.tenant)}/{segment(feed.name, 'data access class')}",
        feed=feed,
        shape=feed_shape(feed, wanted, schema),
        keys=keys,
        page_size=table.page_size,
        filter=table.filter,
        stored=True,
        archived=table.archived,
        believed=instance.classes_are_fresh,
        whole=table.table in instance.unordered,
    )


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


class _Load:
    """One run of one class: decides between all and what changed, and yields tables."""

    def __init__(
        self, instance: Instance, connection: Connection, reader: FeedReader, table: DacTable
    ) -> None:
        self._rows_read = instance.rows_read
        self._executor = connection.executor
        self._reader = reader
        self._table = table
        (shape,) = reader.shape.tables
        self._schema = shape.schema
        self._keys = columns_of(reader.shape, reader.keys)
        """Columns that identify a row."""
        self._stamp_field = reader.feed.stamp if reader.keys else None
        """Field with the modification stamp; None where there is none, or no key to merge by."""
        fields = [] if self._stamp_field is None else [self._stamp_field]
        self._stamp = next(iter(columns_of(reader.shape, fields)), None)
        """Its column."""
        self._mode = WriteMode.REPLACE
        self._newest: datetime | None = None
        self._seen: set[Mark] = set()

    def run(self) -> Iterator[Any]:
        state = dlt.current.resource_state(self._table.table)
        saved = None if self._table.full or self._stamp is None else state.get("watermark")
        watermark = None if saved is None else datetime.fromisoformat(saved)
        contents = self._contents()
        if watermark is not None:
            outgrown = contents.outgrows(state.get("contents"), dlt.current.source_schema())
            if outgrown is not None:
                logger.warning("%s: %s; loading all anew.", self._table.table, outgrown)
                watermark = None
        since = lower_bound(watermark, self._table.lag)
        found: Difference | None = None
        if since is not None and self._table.sweep:
            found = self._sweep()
            if found is not None and self._is_much(found, since):
                logger.info("%s: too much has changed; loading all anew.", self._table.table)
                watermark = since = None
        if self._stamp_field is None or since is None:
            yield self._target().carry(self._schema.empty_table())
            yield from self._carry(self._reader.pages())
        else:
            self._mode = merging_mode()
            yield from self._carry(self._reader.pages((self._stamp_field, since)))
            if found is not None:
                yield from self._heal(found)
        reached = next_watermark(watermark, self._reader.started, self._newest)
        if self._stamp is not None and reached is not None:
            state["watermark"] = reached.isoformat()
        state["contents"] = contents.noted()

    def _contents(self) -> Contents:
        """What every row is to hold."""
        columns = [(self._table.table, name) for name in self._schema.names]
        manner = f"{','.join(self._reader.keys)} {self._table.filter}"
        return Contents.accepted(columns, manner)

    def _sweep(self) -> Difference | None:
        """How the destination differs from the source before this run."""
        assert self._stamp is not None
        assert self._stamp_field is not None
        loaded = loaded_stamps(self._table.table, self._keys, self._stamp)
        if loaded is None:
            return None
        none = self._schema.empty_table().select([*self._keys, self._stamp])
        stamps = self._reader.stamps(self._stamp_field)
        with ReadAhead(self._executor, stamps, PAGES_AHEAD) as pages:
            source = pa.concat_tables([none, *pages])
        return difference(loaded, source.rename_columns([*self._keys, STAMP]))

    def _is_much(self, found: Difference, since: datetime) -> bool:
        """Whether reading all anew takes fewer requests than reading by its keys what differs."""
        older = pc.less(found.outdated.column(STAMP), pa.scalar(since))
        by_key = pc.sum(pc.fill_null(older, True), min_count=0).as_py()
        pages = found.rows / self._table.page_size
        return found.disjoint or by_key > ROWS_NAMED * max(1.0, pages)

    def _heal(self, found: Difference) -> Iterator[Any]:
        """Load what the stamps did not bring, and take out what is gone."""
        rest = [mark for mark in self._marks(found.outdated) if mark not in self._seen]
        if rest:
            yield from self._carry(self._reader.rows(rest))
        gone = [row for row in found.gone.to_pylist() if tuple(row.values()) not in self._seen]
        if gone:
            fields = [self._schema.field(name) for name in self._keys]
            keys = pa.Table.from_pylist(gone, pa.schema(fields))
            yield self._target().carry(tombstones(self._schema, keys))

    def _carry(self, pages: Any) -> Iterator[Any]:
        with ReadAhead(self._executor, pages, PAGES_AHEAD) as ahead:
            for page in ahead:
                yield self._carried(page)

    def _carried(self, page: ParsedPage) -> Any:
        for note in page.notes:
            logger.warning("%s: %s", self._table.table, note)
        rows = page.tables[self._table.table]
        self._rows_read[self._table.table] += rows.num_rows
        if self._mode is not WriteMode.REPLACE:
            self._seen.update(self._marks(rows))
        if self._stamp is not None and rows.num_rows:
            newest = pc.max(rows.column(self._stamp)).as_py()
            if newest is not None and (self._newest is None or newest > self._newest):
                self._newest = newest
        return self._target().carry(rows)

    def _marks(self, rows: pa.Table) -> list[Mark]:
        columns = (rows.column(name).to_pylist() for name in self._keys)
        return list(zip(*columns, strict=True))

    def _target(self) -> Target:
        return Target(self._table.table, self._mode, primary_key=tuple(self._keys))
