"""How Arrow tables become dlt tables: names, keys, write modes and the rows that say "gone"."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract.decorators import get_resource

from acumatica_source.resources.evolution import is_variant, without_barred_rows

DELETED = "_deleted"
"""Marks a row that only says that its record (or all lines of its parent) is gone."""


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

    def carry(self, rows: pa.Table) -> Any:
        """The rows as a dlt item that knows its table."""
        rows = without_barred_rows(rows, self.name)
        columns: dict[str, Any] = {n: {"variant": True} for n in rows.schema.names if is_variant(n)}
        columns[DELETED] = {"hard_delete": self.mode is WriteMode.MERGE}
        hints = dlt.mark.make_hints(
            table_name=self.name,
            write_disposition=self.mode.value,
            primary_key=list(self.primary_key),
            merge_key=list(self.merge_key),
            columns=columns,
            schema_contract=get_resource().schema_contract,
        )
        return dlt.mark.with_hints(with_flag(rows), hints, create_table_variant=True)


def merging_mode() -> WriteMode:
    """MERGE where the current pipeline's destination can delete and insert, else APPEND."""
    capabilities = dlt.current.pipeline().destination.capabilities()
    strategies = capabilities.supported_merge_strategies or []
    return WriteMode.MERGE if "delete-insert" in strategies else WriteMode.APPEND


def with_flag(rows: pa.Table) -> pa.Table:
    """The rows with a `_deleted` column, null unless they have one already."""
    if DELETED in rows.column_names:
        return rows
    return rows.append_column(pa.field(DELETED, pa.bool_()), pa.nulls(rows.num_rows, pa.bool_()))


def tombstones(schema: pa.Schema, values: pa.Table) -> pa.Table:
    """One `_deleted` row per row of `values`, blank in all other columns."""
    gone = blank(schema, values.num_rows)
    for name in values.column_names:
        place = schema.get_field_index(name)
        column = values.column(name).cast(schema.field(place).type)
        gone = gone.set_column(place, schema.field(place), column)
    return gone


def blank(schema: pa.Schema, count: int) -> pa.Table:
    """`_deleted` rows whose columns are null, or 0 where that is barred."""
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
