"""Entities as dlt resources: typed tables for the records and for each of their details."""

import difflib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract import DltResource

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.custom_fields import CustomField, with_custom_fields
from acumatica_source.contract.model import Contract, Entity, EntityKind
from acumatica_source.reading.custom import custom_fields_of
from acumatica_source.reading.errors import ContractOutdated, PagingStuck
from acumatica_source.reading.expansion import default_expand
from acumatica_source.reading.instance import Connection, Endpoint, Instance
from acumatica_source.reading.read_ahead import ReadAhead
from acumatica_source.reading.records import RecordQuery, RecordReader
from acumatica_source.reading.watermark import lower_bound, next_watermark
from acumatica_source.resources.loaded import Difference, difference, loaded_stamps
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


class CustomFields(StrEnum):
    """Which of the fields outside an entity's contract are loaded."""

    NONE = "none"
    USER_DEFINED = "user-defined"
    """Attributes and fields that a customization added."""
    ALL = "all"
    """Every field of the entity's form."""


@dataclass(frozen=True, slots=True)
class EntityOptions:
    """How one entity is loaded."""

    name: str
    """Name in the contract (`SalesOrder`)."""
    expand: Sequence[str] | None = None
    """Linked entities and details to read, as `$expand` paths (`Details`, `Details/Allocations`);
    () for none, None for all but the details of linked entities that have tables of their own."""
    page_size: int = 500
    """Records per list request."""
    lag: timedelta = timedelta(minutes=5)
    """How far before the last watermark an incremental run reads again, for late commits."""
    sweep: bool = True
    """Whether incremental runs compare ids and stamps of all records with what is loaded, which
    finds deleted records, and any that a stamp alone would miss."""
    full: bool = False
    """Whether to load everything anew, whatever was loaded before."""
    custom_fields: CustomFields = CustomFields.USER_DEFINED
    """Which fields outside the contract to load too."""
    archived: bool = True
    """Whether archived records count."""


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
    endpoint, contract = contract_with(instance, options.name)
    entity = replace(entity_of(contract, options.name), kind=EntityKind.RECORD)
    path = f"{endpoint.path}/{entity.name}"
    expand = _expand_paths(entity, contract, options)
    custom = _custom_fields(connection, path, options.custom_fields, expand)
    query = RecordQuery(
        path=path,
        entity=with_custom_fields(entity, custom),
        expand=expand,
        page_size=options.page_size,
        custom=custom,
        believed=instance.contract_is_fresh,
        archived=options.archived,
        whole=entity.name in instance.unordered,
    )
    try:
        yield from _Load(instance, connection, RecordReader(connection, query), options).run()
    except PagingStuck:
        instance.unordered.add(entity.name)
        raise


def contract_with(instance: Instance, name: str) -> tuple[Endpoint, Contract]:
    """The endpoint and its contract; one from disk that lacks the entity is fetched anew."""
    endpoint, contract = instance.contract()
    if name not in contract.entities and not instance.contract_is_fresh:
        instance.forget_contract()
        endpoint, contract = instance.contract()
    return endpoint, contract


def entity_of(contract: Contract, name: str) -> Entity:
    """The entity of that name.

    Raises:
        ConfigurationError: there is none; the message names near ones.
    """
    try:
        return contract.entities[name]
    except KeyError:
        near = difflib.get_close_matches(name, contract.entities, n=3, cutoff=0.5)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise ConfigurationError(
            f"{contract.endpoint}/{contract.version} has no entity {name!r}.{hint}"
        ) from None


def _custom_fields(
    connection: Connection, path: str, which: CustomFields, expand: Sequence[str]
) -> tuple[CustomField, ...]:
    """The custom fields to load: of the record, and of what is expanded."""
    if which is CustomFields.NONE:
        return ()
    return tuple(
        one
        for one in custom_fields_of(connection, path)
        if (which is CustomFields.ALL or one.is_user_defined)
        and (not one.place or "/".join(one.place) in expand)
    )


def _expand_paths(entity: Entity, contract: Contract, options: EntityOptions) -> tuple[str, ...]:
    wanted = options.expand
    if wanted is None:
        return default_expand(entity, contract)
    known = list(entity.shape.expand_paths())
    unknown = [path for path in wanted if path not in known]
    if unknown:
        raise ConfigurationError(
            f"{entity.name} has nothing to expand at {', '.join(unknown)}. "
            f"It has: {', '.join(known) or 'nothing at all'}."
        )
    return tuple(wanted)


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
        self._mode = WriteMode.REPLACE
        self._newest: datetime | None = None
        self._seen: set[str] = set()
        self._filled: set[str] = set()
        """Tables of details that have ever had rows; in the others there is nothing to delete."""

    def run(self) -> Iterator[Any]:
        state = dlt.current.resource_state(self._entity.name)
        saved = state.get("watermark")
        watermark = None if saved is None else datetime.fromisoformat(saved)
        if self._entity.watermark is None or self._options.full:
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

    def _sweep(self) -> Difference | None:
        """How the destination differs from the source before this run."""
        stamp = self._entity.watermark
        assert stamp is not None
        loaded = loaded_stamps(self._entity.name, stamp)
        if loaded is None:
            return None
        with ReadAhead(self._executor, self._reader.stamps(), PAGES_AHEAD) as pages:
            tables = [page.select(["id", stamp]).rename_columns(["id", "stamp"]) for page in pages]
        if not tables:
            tables = [
                pa.table(
                    {
                        "id": pa.array([], pa.string()),
                        "stamp": pa.array([], pa.timestamp("us", "UTC")),
                    }
                )
            ]
        return difference(loaded, pa.concat_tables(tables))

    def _heal(self, found: Difference) -> Iterator[Any]:
        """Load what the stamps did not bring, and take out what is gone."""
        rest = [one for one in found.outdated.to_pylist() if one not in self._seen]
        if rest:
            yield from self._carry_pages(self._reader.records(rest))
        gone = found.gone.filter(
            pc.invert(pc.is_in(found.gone, value_set=pa.array(list(self._seen), pa.string())))
        )
        if len(gone):
            yield self._target(self._parents.name).carry(
                tombstones(self._parents.schema, "id", gone)
            )
            for child in self._children:
                if child.name in self._filled:
                    bare = tombstones(child.schema, "_parent_id", gone)
                    yield self._target(child.name).carry(bare)

    def _empty(self) -> Iterator[Any]:
        """Tables without rows: the destination has all columns even if no record comes."""
        for table in self._reader.shape.tables:
            yield self._target(table.name).carry(table.schema.empty_table())

    def _carry_pages(self, pages: Any) -> Iterator[Any]:
        with ReadAhead(self._executor, pages, PAGES_AHEAD) as ahead:
            for page in ahead:
                yield from self._carry(page)

    def _carry(self, page: ParsedPage) -> Iterator[Any]:
        for note in page.notes:
            logger.warning("%s: %s", self._entity.name, note)
        parents = page.tables[self._parents.name]
        self._rows_read[self._parents.name] += parents.num_rows
        self._note_stamps(parents)
        yield self._target(self._parents.name).carry(parents)
        for child in self._children:
            rows = page.tables[child.name]
            self._rows_read[child.name] += rows.num_rows
            if self._mode is not WriteMode.REPLACE:
                if child.name in self._filled:
                    bare = tombstones(child.schema, "_parent_id", childless(parents, rows))
                    rows = concat_with_flag([rows, bare])
                elif not rows.num_rows:
                    continue
            if rows.num_rows:
                self._filled.add(child.name)
            yield self._target(child.name).carry(rows)

    def _note_stamps(self, parents: pa.Table) -> None:
        if self._mode is not WriteMode.REPLACE:
            self._seen.update(parents.column("id").to_pylist())
        if self._entity.watermark is not None and parents.num_rows:
            newest = pc.max(parents.column(self._entity.watermark)).as_py()
            if newest is not None and (self._newest is None or newest > self._newest):
                self._newest = newest

    def _target(self, name: str) -> Target:
        if name == self._parents.name:
            return Target(name, self._mode, primary_key=("id",))
        return Target(name, self._mode, merge_key=("_parent_id",))
