"""How Arrow tables become dlt tables: names, keys, write modes and the rows that say "gone"."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.configuration.container import Container
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema.typing import C_DLT_LOAD_ID
from dlt.common.schema.utils import dlt_load_id_column
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.extract.decorators import get_resource
from dlt.extract.items import DataItemWithMeta

from acumatica_source.resources.loading.evolution import is_variant, without_discarded_rows

DELETED = "_deleted"
"""Marks a row that only says that its record (or all lines of its parent) is gone."""

LOAD_ID = C_DLT_LOAD_ID
"""Says which load brought a row. Tables may have been made without it, so it may be null."""

TENANT = "_tenant"
"""Says whose row it is, where tenants share tables."""

DELETED_AT = "_deleted_at"
"""Says since when the source has not had a row any more, where such rows stay."""

_DATED = pa.field(DELETED_AT, pa.timestamp("us", "UTC"))


class WriteMode(StrEnum):
    """What a table does with the rows of this run."""

    REPLACE = "replace"
    """They are the whole table."""
    MERGE = "merge"
    """They take the place of the rows with the same key."""
    APPEND = "append"
    """They are added: for destinations that cannot merge."""


@dataclass(frozen=True, slots=True)
class Target:
    """A table of the destination and how rows get into it."""

    name: str
    """Before dlt's naming convention (`SalesOrder__Details`)."""
    mode: WriteMode
    primary_key: tuple[str, ...] = ()
    """Columns that identify a row."""
    merge_key: tuple[str, ...] = ()
    """Columns whose values select the rows to take out when merging (`_parent_id`)."""
    tenant: str | None = None
    """Whose rows they are, where tenants share the table; a part of every key then."""
    flagged: bool = True
    """Whether rows may say that others are gone."""
    dated: bool = False
    """Whether rows may say since when they are gone."""
    own: bool = False
    """Whether it is about loading itself, so that no schema contract is about it."""

    def carry(self, rows: pa.Table) -> Any:
        """The rows as a dlt item that knows its table."""
        if self.dated and DELETED_AT not in rows.column_names:
            rows = rows.append_column(_DATED, pa.nulls(rows.num_rows, _DATED.type))
        if not self.own:
            rows = without_discarded_rows(rows, self.name)
        columns: dict[str, Any] = {n: {"variant": True} for n in rows.schema.names if is_variant(n)}
        columns[LOAD_ID] = dlt_load_id_column() | {"nullable": True}
        if self.flagged:
            columns[DELETED] = {"hard_delete": self.mode is WriteMode.MERGE}
            rows = with_flag(rows)
        if self.tenant is not None:
            whose = pa.repeat(pa.scalar(self.tenant), rows.num_rows)
            rows = rows.append_column(pa.field(TENANT, pa.string(), nullable=False), whose)
        keys = {
            "primary_key": self._with_tenant(self.primary_key),
            "merge_key": [TENANT] if self.sweeps_tenant else self._with_tenant(self.merge_key),
        }
        for kind, key in keys.items():
            for column in self._former(kind, key):
                columns[column] = {**columns.get(column, {}), kind: False}
            for column in key:
                columns[column] = {**columns.get(column, {}), kind: True, "nullable": False}
        hints = dlt.mark.make_hints(
            table_name=self.name,
            write_disposition=self.mode.value,
            columns=columns,
            schema_contract="evolve" if self.own else get_resource().schema_contract,
        )
        return dlt.mark.with_hints(with_load_id(rows), hints, create_table_variant=True)

    @property
    def sweeps_tenant(self) -> bool:
        """Whether its rows take the place of all others of their tenant, for want of a key."""
        return self.tenant is not None and not self.primary_key and not self.merge_key

    def _former(self, kind: str, key: Sequence[str]) -> list[str]:
        """Columns that were in a key of that kind in earlier runs, and are not any more.

        dlt goes on with such hints unless it is told otherwise, and a merge would take out by them
        what is to stay.
        """
        schema = dlt.current.source_schema()
        known = schema.tables.get(schema.naming.normalize_tables_path(self.name))
        now = {schema.naming.normalize_path(column) for column in key}
        columns = {} if known is None else known["columns"]
        return [name for name, column in columns.items() if column.get(kind) and name not in now]

    def _with_tenant(self, key: tuple[str, ...]) -> list[str]:
        return [TENANT, *key] if key and self.tenant is not None else list(key)


def merging_mode(pipeline: Any = None) -> WriteMode:
    """MERGE where the destination of a pipeline can delete and insert, else APPEND.

    Args:
        pipeline: The pipeline; None for the one in extraction, of whose destination dlt knows by
            then what it can do.
    """
    known = Container()[DestinationCapabilitiesContext] if pipeline is None else None
    capabilities = known or pipeline.destination.capabilities()
    strategies = capabilities.supported_merge_strategies or []
    return WriteMode.MERGE if "delete-insert" in strategies else WriteMode.APPEND


def with_flag(rows: pa.Table) -> pa.Table:
    """The rows with a `_deleted` column, null unless they have one already."""
    if DELETED in rows.column_names:
        return rows
    return rows.append_column(pa.field(DELETED, pa.bool_()), pa.nulls(rows.num_rows, pa.bool_()))


def with_load_id(rows: pa.Table) -> pa.Table:
    """The rows with the id of the load package in extraction, if they are extracted into one.

    dlt would add it too, but only by a setting that holds for every source of the process.
    """
    try:
        load_id = dlt.current.load_package_state()["load_id"]
    except CurrentLoadPackageStateNotAvailable:
        return rows
    field = pa.field(LOAD_ID, pa.string())
    column = pa.repeat(pa.scalar(load_id, pa.string()), rows.num_rows)
    if LOAD_ID in rows.column_names:
        return rows.set_column(rows.column_names.index(LOAD_ID), field, column)
    return rows.append_column(field, column)


def of_this_load(item: Any) -> Any:
    """A dlt item of `Target.carry`, whichever load package was in extraction when it was made."""
    return DataItemWithMeta(item.meta, with_load_id(item.data))


def table_of(item: Any) -> str:
    """The table that a dlt item of `Target.carry` is for, before dlt's naming convention."""
    return str(item.meta.hints["table_name"])


def tombstones(schema: pa.Schema, values: pa.Table) -> pa.Table:
    """One `_deleted` row per row of `values`, blank in all other columns."""
    gone = blank(schema, values.num_rows)
    for name in values.column_names:
        place = schema.get_field_index(name)
        column = values.column(name).cast(schema.field(place).type)
        gone = gone.set_column(place, schema.field(place), column)
    return gone


def blank(schema: pa.Schema, count: int) -> pa.Table:
    """`_deleted` rows whose columns are null, or 0 where null is not allowed."""
    columns = [
        pa.nulls(count, field.type)
        if field.nullable
        else pa.repeat(pa.scalar(0).cast(field.type), count)
        for field in schema
    ]
    flag = pa.repeat(pa.scalar(True), count)
    return pa.table(columns, schema=schema).append_column(pa.field(DELETED, pa.bool_()), flag)


def childless(parents: pa.Table, children: pa.Table) -> pa.Table:
    """The parents that have no row among the children, as `_parent_id`s."""
    ids = parents.column("id")
    bare = ids.filter(pc.invert(pc.is_in(ids, value_set=children.column("_parent_id"))))
    return pa.table({"_parent_id": bare})


def concat_with_flag(tables: Sequence[pa.Table]) -> pa.Table:
    """The tables one below the other, each with `_deleted`, and with every other's columns."""
    return pa.concat_tables([with_flag(table) for table in tables], promote_options="default")
