"""Where a history is loaded into, and what is there."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.postgres import Database
from tests.resources.warehouse import Row

Tables = dict[str, list[Row]]
"""Rows by table."""

ACTS = {"ledger_transactions": ("_ledger", "_period"), "so_order": ("order_type", "order_nbr")}
"""By what the latest rows of a table are told where rows can only be added; usually by record."""


@dataclass(frozen=True)
class Place:
    """A destination; other processes are told of it."""

    kind: str
    """`duckdb`, `postgres` or `parquet`."""
    location: str
    """A file, an address or a folder."""

    def pipeline(self, name: str, dataset: str, pipelines: str) -> dlt.Pipeline:
        """A pipeline into a dataset, as a process of its own would make it."""
        destination: Any
        match self.kind:
            case "duckdb":
                destination = dlt.destinations.duckdb(self.location)
            case "postgres":
                destination = dlt.destinations.postgres(self.location)
            case _:
                destination = dlt.destinations.filesystem(Path(self.location).as_uri())
        return dlt.pipeline(
            name, destination=destination, dataset_name=dataset, pipelines_dir=pipelines
        )

    def tables(self, dataset: str) -> Tables:
        """All tables of a dataset but those of dlt, as they are now."""
        match self.kind:
            case "duckdb":
                found = self._in_file(dataset)
            case "postgres":
                found = self._on_server(dataset)
            case _:
                found = self._in_folder(dataset)
        return {name: rows for name, rows in sorted(found.items()) if not name.startswith("_dlt")}

    def save(self) -> None:
        """Copy the file."""
        shutil.copy2(self.location, f"{self.location}.saved")

    def restore(self) -> None:
        """Put the copy back."""
        Path(f"{self.location}.wal").unlink(missing_ok=True)
        shutil.copy2(f"{self.location}.saved", self.location)

    def _in_file(self, dataset: str) -> Tables:
        with duckdb.connect(self.location) as connection:
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [dataset]
            ).fetchall()
            return {
                name: connection.table(f'"{dataset}"."{name}"').to_arrow_table().to_pylist()
                for (name,) in names
            }

    def _on_server(self, dataset: str) -> Tables:
        database = Database(self.location)
        names = database.rows(
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{dataset}'"
        )
        return {
            one["table_name"]: database.rows(f'SELECT * FROM "{dataset}"."{one["table_name"]}"')
            for one in names
        }

    def _in_folder(self, dataset: str) -> Tables:
        found: Tables = {}
        for folder in sorted((Path(self.location) / dataset).glob("*")):
            if folder.name == "_acumatica":
                continue
            files = sorted(folder.glob("*.parquet"))
            if files:
                rows = pa.concat_tables(
                    [pq.ParquetFile(file).read() for file in files], promote_options="permissive"
                ).to_pylist()
                found[folder.name] = (
                    rows if folder.name == "_deletions" else _latest(rows, _act(folder.name))
                )
        return found


def _act(table: str) -> Sequence[str]:
    return ACTS.get(table, ("_parent_id",) if "__" in table else ("id",))


def _latest(rows: list[Row], by: Sequence[str]) -> list[Row]:
    """The present state of a table that rows are only added to, as its documentation has it."""
    latest: dict[tuple[Any, ...], str] = {}
    for row in rows:
        act = tuple(row[name] for name in by)
        latest[act] = max(latest.get(act, ""), row["_dlt_load_id"])
    return [
        row
        for row in rows
        if row["_dlt_load_id"] == latest[tuple(row[name] for name in by)] and not row["_deleted"]
    ]
