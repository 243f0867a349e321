"""Entities as dlt resources: typed tables for the records and for each of their details."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract import DltResource

from acumatica_source.arrow.attributes import is_attributes, pivoted
from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.errors import ContractOutdated, PagingStuck
from acumatica_source.reading.instance import Connection, Instance
from acumatica_source.reading.read_ahead import ReadAhead
from acumatica_source.reading.records import RecordReader
from acumatica_source.reading.watermark import lower_bound, next_watermark
from acumatica_source.resources.evolution import Contents
from acumatica_source.resources.loaded import STAMP, Difference, difference, loaded_stamps
from acumatica_source.resources.options import EntityOptions
from acumatica_source.resources.plan import query_of
from acumatica_source.resources.tables import (
    Target,
    WriteMode,
    childless,
    concat_with_flag,
    merging_mode,
    tombstones,
)

logger = logging.getLogger(__name__)

PAGES_AHEAD = 2
"""Pages of one entity that may wait for dlt while the next is being read."""

ODD = "odd"
"""Where the state says what of the records does not fit their contract."""


def entity_resource(instance: Instance, options: EntityOptions) -> DltResource:
    """A resource that loads one entity and its details.

    The first run replaces the tables; later ones merge what was modified since, if the entity has
    a modification stamp, and replace otherwise.
    """

    def rows() -> Iterator[Any]:
        with instance.opened() as connection:
            try:
                yield from _load(instance, connection, options)
            except ContractOutdated as error:
                logger.info("%s; fetching the contract anew.", error)
                instance.forget_contract()
                yield from _load(instance, connection, options)

    return dlt.resource(rows, name=options.name)


def _load(instance: Instance, connection: Connection, options: EntityOptions) -> Iterator[Any]:
    query = query_of(instance, connection, options, dlt.current.source_schema())
    odd = dlt.current.resource_state(options.name).get(ODD, ())
    query = replace(query, odd=frozenset(odd))
    try:
        yield from _Load(instance, connection, RecordReader(connection, query), options).run()
    except PagingStuck:
        instance.unordered.add(options.name)
        raise


class _Load:
    """One run of one entity: decides between all and what changed, and yields tables."""

    def __init__(
        self,
        instance: Instance,
        connection: Connection,
        reader: RecordReader,
        options: EntityOptions,
    ) -> None:
        self._rows_read = instance.rows_read
        self._executor = connection.executor
        self._reader = reader
        self._entity = reader.entity
        self._options = options
        self._parents, *self._children = reader.shape.tables
        names = {column.path: column.name for column in self._parents.columns}
        self._stamp = names.get((self._entity.watermark or "",))
        """Column of the modification stamp; another name than the field's if that collides."""
        self._attributes: dict[str, str] = {}
        self._mode = WriteMode.REPLACE
        self._newest: datetime | None = None
        self._seen: set[str] = set()
        self._said: set[str] = set()
        """Notes about columns; each is said once."""
        self._filled: set[str] = set()
        """Tables of details that have ever had rows; in the others there is nothing to delete."""

    def run(self) -> Iterator[Any]:
        state = dlt.current.resource_state(self._entity.name)
        saved = state.get("watermark")
        watermark = None if saved is None else datetime.fromisoformat(saved)
        if self._entity.watermark is None or self._options.full:
            watermark = None
        contents = self._contents()
        if watermark is not None:
            outgrown = contents.outgrows(state.get("contents"), dlt.current.source_schema())
            if outgrown is not None:
                logger.warning("%s: %s; loading all anew.", self._entity.name, outgrown)
                watermark = None
        found = self._sweep() if watermark is not None and self._options.sweep else None
        if found is not None and found.disjoint:
            logger.warning(
                "%s: no record has the id it was loaded with; loading all anew.", self._entity.name
            )
            watermark = None
        if watermark is None:
            yield from self._empty()
            yield from self._carry_pages(self._reader.pages())
        else:
            self._mode = merging_mode()
            self._filled = set(state.get("filled", ()))
            since = lower_bound(watermark, self._options.lag)
            yield from self._carry_pages(self._reader.pages(since))
            if found is not None:
                yield from self._heal(found)
        reached = next_watermark(watermark, self._reader.started, self._newest)
        if self._entity.watermark is not None and reached is not None:
            state["watermark"] = reached.isoformat()
        state["filled"] = sorted(self._filled)
        state["contents"] = contents.noted()
        state[ODD] = sorted(self._reader.odd)

    def _contents(self) -> Contents:
        """What every row is to hold.

        Custom fields do not count: they come empty, and filling one in stamps its record.
        """
        options = self._options
        tables = self._reader.shape.tables
        custom = {(t.name, c.name) for t in tables for c in t.columns if c.field.custom is not None}
        columns = {
            (table.name, column)
            for table in tables
            for column in self._formed(table.schema.empty_table()).schema.names
        }
        manner = f"{options.custom_fields} {options.keep_placeholders} {options.pivot_attributes}"
        return Contents.accepted(columns - custom, manner)

    def _sweep(self) -> Difference | None:
        """How the destination differs from the source before this run."""
        stamp = self._entity.watermark
        assert stamp is not None
        loaded = loaded_stamps(self._entity.name, ("id",), self._stamp or stamp)
        if loaded is None:
            return None
        with ReadAhead(self._executor, self._reader.stamps(), PAGES_AHEAD) as pages:
            tables = [page.select(["id", stamp]).rename_columns(["id", STAMP]) for page in pages]
        if not tables:
            tables = [
                pa.table(
                    {
                        "id": pa.array([], pa.string()),
                        STAMP: pa.array([], pa.timestamp("us", "UTC")),
                    }
                )
            ]
        return difference(loaded, pa.concat_tables(tables))

    def _heal(self, found: Difference) -> Iterator[Any]:
        """Load what the stamps did not bring, and take out what is gone."""
        outdated = found.outdated.column("id").to_pylist()
        rest = [one for one in outdated if one not in self._seen]
        if rest:
            yield from self._carry_pages(self._reader.records(rest))
        gone = [one for one in found.gone.column("id").to_pylist() if one not in self._seen]
        if gone:
            bare = tombstones(self._parents.schema, pa.table({"id": gone}))
            yield self._target(self._parents.name).carry(bare)
            for child in self._children:
                if child.name in self._filled:
                    schema = self._formed(child.schema.empty_table()).schema
                    bare = tombstones(schema, pa.table({"_parent_id": gone}))
                    yield self._target(child.name).carry(bare)

    def _empty(self) -> Iterator[Any]:
        """Tables without rows: the destination has all columns even if no record comes."""
        for table in self._reader.shape.tables:
            rows = table.schema.empty_table()
            if table is not self._parents:
                rows = self._formed(rows)
            yield self._target(table.name).carry(rows)

    def _formed(self, rows: pa.Table) -> pa.Table:
        """Rows of a detail in the form asked for: attributes in columns, if so."""
        if not (self._options.pivot_attributes and is_attributes(rows.schema)):
            return rows
        rows = pivoted(rows)
        normalize = dlt.current.source_schema().naming.normalize_path
        for name in rows.column_names:
            first = self._attributes.setdefault(normalize(name), name)
            if first != name:
                raise ConfigurationError(
                    f"{self._entity.name} has attributes that would become one column: {first!r} "
                    f"and {name!r}. Load it without pivot_attributes."
                )
        return rows

    def _carry_pages(self, pages: Any) -> Iterator[Any]:
        with ReadAhead(self._executor, pages, PAGES_AHEAD) as ahead:
            for page in ahead:
                yield from self._carry(page)

    def _carry(self, page: ParsedPage) -> Iterator[Any]:
        for note in page.notes:
            if note not in self._said:
                self._said.add(note)
                logger.warning("%s: %s", self._entity.name, note)
        parents = page.tables[self._parents.name]
        self._rows_read[self._parents.name] += parents.num_rows
        self._note_stamps(parents)
        yield self._target(self._parents.name).carry(parents)
        for child in self._children:
            rows = self._formed(page.tables[child.name])
            self._rows_read[child.name] += rows.num_rows
            if self._mode is not WriteMode.REPLACE:
                if child.name in self._filled:
                    bare = tombstones(rows.schema, childless(parents, rows))
                    rows = concat_with_flag([rows, bare])
                elif not rows.num_rows:
                    continue
            if rows.num_rows:
                self._filled.add(child.name)
            yield self._target(child.name).carry(rows)

    def _note_stamps(self, parents: pa.Table) -> None:
        if self._mode is not WriteMode.REPLACE:
            self._seen.update(parents.column("id").to_pylist())
        if self._stamp is not None and parents.num_rows:
            newest = pc.max(parents.column(self._stamp)).as_py()
            if newest is not None and (self._newest is None or newest > self._newest):
                self._newest = newest

    def _target(self, name: str) -> Target:
        if name == self._parents.name:
            return Target(name, self._mode, primary_key=("id",))
        return Target(name, self._mode, merge_key=("_parent_id",))
