"""The tables of a resource, and how rows get into them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dlt
import pyarrow as pa

from acumatica_source.arrow.shape import TableShape
from acumatica_source.resources.loading.tables import Target, WriteMode, tombstones


@dataclass(slots=True)
class Writing:
    """The tables that a run writes, and in which mode."""

    tables: Sequence[TableShape]
    """The main one first, then those of details."""
    identity: tuple[str, ...]
    """Columns that identify a row of the main one."""
    form: Callable[[pa.Table], pa.Table]
    """What the rows of a detail become before they are loaded."""
    tenant: str | None
    """Whose rows they are, where tenants share tables."""
    dated: bool = False
    """Whether rows of the main one that are gone stay, with the time."""
    mode: WriteMode = WriteMode.REPLACE

    @property
    def parents(self) -> TableShape:
        """The main table."""
        return self.tables[0]

    @property
    def children(self) -> Sequence[TableShape]:
        """The tables of details."""
        return self.tables[1:]

    @property
    def stored_name(self) -> str:
        """The name of the main table in the destination."""
        return dlt.current.source_schema().naming.normalize_tables_path(self.parents.name)

    def target(self, name: str) -> Target:
        """A table, given by its name, and how rows get into it."""
        if name == self.parents.name:
            return Target(
                name,
                self.mode,
                primary_key=self.identity,
                tenant=self.tenant,
                dated=self.dated and bool(self.identity),
            )
        return Target(name, self.mode, merge_key=("_parent_id",), tenant=self.tenant)

    def formed(self, name: str, rows: pa.Table) -> pa.Table:
        """The rows of a table as they are loaded."""
        return rows if name == self.parents.name else self.form(rows)

    def empty(self, table: TableShape) -> pa.Table:
        """No rows of a table, with all columns that it is loaded with."""
        return self.formed(table.name, table.schema.empty_table())

    def bare(self, child: TableShape, parents: pa.Array | pa.ChunkedArray) -> Any:
        """The dlt item that takes all rows of a detail out.

        Args:
            child: Its table.
            parents: The ids of their records.
        """
        ids = pa.table({"_parent_id": parents})
        return self.target(child.name).carry(tombstones(self.empty(child).schema, ids))
