"""Warehouses that earlier versions loaded go on: equal to the source, and for what changed only."""

import json
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions
from tests.fixtures.earlier.site import (
    BATCHES,
    DESTINATIONS,
    ENTITIES,
    LOADS,
    STATES_FILE,
    WAREHOUSES_FILE,
    WAYS,
    Records,
    load_into,
    pipeline_of,
    records_of,
    restored,
)
from tests.resources.warehouse import NAMING, identified, plain, truth

EARLIER = sorted(
    path.parent
    for path in (Path(__file__).parents[1] / "fixtures" / "earlier").glob(f"*/{WAREHOUSES_FILE}")
)

KEYS = {"gl_batch": "module, batch_nbr", "ledger_transactions": "_ledger, _period"}
"""What the rows of one load belong together by, in tables that are neither of records nor lines."""

CHANGES = {"SalesOrder": 12, "Customer": 2, "Invoice": 4, BATCHES: 3, "StockItem": 0}
"""How many records are changed before the sync, besides one of each that is deleted."""

RESOURCES = {**{name: name for name in ENTITIES}, BATCHES: "GLBatch"}
"""What loads an entity."""

REPLACED = ("bi_customers", "inventory_summary_inquiry")
"""Written anew on every run."""

OTHERS = (*KEYS, *REPLACED)
"""The tables that are not of entities."""


@pytest.fixture(params=EARLIER, ids=lambda folder: folder.name)
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What an earlier version left, in a folder that may be written."""
    folder: Path = request.param
    with tarfile.open(folder / WAREHOUSES_FILE) as archive:
        archive.extractall(tmp_path, filter="data")
    return folder


@pytest.fixture
def sandbox(earlier: Path) -> Iterator[Sandbox]:
    """The source as it was when the warehouses were last loaded."""
    with restored(earlier) as running:
        yield running


class Warehouse:
    """The present state of every table; of Parquet, as `docs/parquet.md` has it."""

    def __init__(self, folder: Path, destination: str, way: str) -> None:
        self._appended = destination == "parquet"
        if self._appended:
            self._database = duckdb.connect()
            self._tables = {
                path.name: f"read_parquet('{path}/*.parquet', union_by_name = true)"
                for path in (folder / "lake" / way).iterdir()
                if any(path.glob("*.parquet"))
            }
        else:
            self._database = duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True)
            self._database.sql(f"USE {way}")
            found = self._database.sql("SHOW TABLES").fetchall()
            self._tables = {name: name for (name,) in found}

    def rows(self, table: str) -> pa.Table:
        """The rows that count."""
        query = f"FROM {self._tables[table]}"
        if self._appended and table not in REPLACED:
            columns = self._database.sql(query).columns
            key = KEYS.get(table) or ("_parent_id" if "_parent_id" in columns else "id")
            query += (
                f" QUALIFY _dlt_load_id = max(_dlt_load_id) OVER (PARTITION BY {key})"
                " AND _deleted IS NOT TRUE"
            )
        return self._database.sql(query).to_arrow_table()

    def written(self, table: str, key: str, since: float) -> set[Any]:
        """The keys of rows that were written since then, deletions included."""
        found = self._database.sql(
            f"SELECT DISTINCT {key} FROM {self._tables[table]} "
            f"WHERE _dlt_load_id::DOUBLE >= {since}"
        )
        return {row[0] for row in found.fetchall()}

    def lines_of(self, table: str) -> list[str]:
        """The tables of the details of an entity."""
        return [name for name in self._tables if name.startswith(f"{table}__")]


def change(sandbox: Sandbox) -> None:
    """Change and delete records of all that is loaded; of the items, only delete."""
    control = sandbox.control
    control.advance(3_600)
    for seed, (entity, count) in enumerate(CHANGES.items(), 11):
        control.mutate(count, [entity], seed=seed)
        control.delete(entity, control.rows(entity)[3]["id"])
    control.advance(3_600)


def changed(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that came, went or differ."""
    old, new = ({one["id"]: one for one in records} for records in (before, after))
    ids = [identity for identity in old | new if old.get(identity) != new.get(identity)]
    return [one[identity] for identity in ids for one in (old, new) if identity in one]


def read_again(folder: Path, way: str, before: Records) -> dict[str, set[str]]:
    """Ids of the records, by entity, that are within the lag behind the watermark."""
    states = json.loads((folder / STATES_FILE).read_text())[way]
    since = {
        entity: datetime.fromisoformat(states[resource]["watermark"]) - EntityOptions("").lag
        for entity, resource in RESOURCES.items()
    }
    return {
        entity: {one["id"] for one in records if one[stamp_of(one)] >= since[entity]}
        for entity, records in before.items()
    }


def stamp_of(record: dict[str, Any]) -> str:
    return next(name for name in ("LastModifiedDateTime", "LastModified") if name in record)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("destination", DESTINATIONS)
def test_it_is_synced_on(
    earlier: Path, sandbox: Sandbox, tmp_path: Path, destination: str, way: str
) -> None:
    before = records_of(sandbox)
    change(sandbox)
    after = records_of(sandbox)
    sandbox.control.reset_counters()
    began = time.time()
    load_into(pipeline_of(tmp_path, destination, way), sandbox, way)
    requests = sandbox.control.requests()
    warehouse = Warehouse(tmp_path, destination, way)

    for entity in ENTITIES:
        for table, rows in truth(sandbox, entity).items():
            assert identified(table, warehouse.rows(table)) == rows, table
    fresh = loaded_afresh(sandbox, tmp_path / "fresh")
    for table in OTHERS:
        assert content(warehouse, table) == content(fresh, table) != Counter(), table

    differ = {entity: changed(before[entity], after[entity]) for entity in before}
    again = read_again(earlier, f"{destination} {way}", before)
    due = {entity: {one["id"] for one in differ[entity]} | again[entity] for entity in before}
    assert due["StockItem"] == {one["id"] for one in differ["StockItem"]}, "none is to be read"
    for entity in ENTITIES:
        assert len(due[entity]) < len(after[entity]) / 2, entity
        table = NAMING.normalize_tables_path(entity)
        assert warehouse.written(table, "id", began) <= due[entity]
        for lines in warehouse.lines_of(table):
            assert warehouse.written(lines, "_parent_id", began) <= due[entity]
    by_key = [one for one in requests if re.search(r"/Customer/[^$]", one["path"])]
    assert 0 < len(by_key) <= len(due["Customer"])
    batches = [one for one in (*before[BATCHES], *after[BATCHES]) if one["id"] in due[BATCHES]]
    assert warehouse.written("gl_batch", "module || batch_nbr", began) <= {
        one["Module"] + one["BatchNbr"] for one in batches
    }
    assert warehouse.written("ledger_transactions", "_period", began) <= {
        one["PostPeriod"] for one in differ[BATCHES]
    }


def loaded_afresh(sandbox: Sandbox, folder: Path) -> Warehouse:
    folder.mkdir()
    others = LOADS[len(ENTITIES) :]
    load_into(pipeline_of(folder, "duckdb", "library"), sandbox, "library", others)
    return Warehouse(folder, "duckdb", "library")


def content(warehouse: Warehouse, table: str) -> Counter[frozenset[tuple[str, Any]]]:
    return Counter(frozenset(plain(row).items()) for row in warehouse.rows(table).to_pylist())
