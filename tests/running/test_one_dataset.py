"""The command and plain Python load the same tables, whichever comes first."""

from pathlib import Path

import dlt
import pyarrow as pa
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import DacTable, EntityOptions, GenericInquiry, LedgerTransactions, acumatica
from acumatica_source.source import Load
from tests.conftest import credentials_of, pipeline_in
from tests.resources.runs import WAYS, database, lake, succeed
from tests.resources.warehouse import assert_equal

LOADS: tuple[Load, ...] = (
    "Account",
    "Vendor",
    DacTable("GLBatch"),
    GenericInquiry("BI-Customers"),
    LedgerTransactions(from_period="01-2026"),
)


LEDGER = ("ledger", "ledger__branches")
"""Tables that the second load adds."""


def columns(pipeline: dlt.Pipeline) -> list[tuple[object, ...]]:
    with database(pipeline) as warehouse:
        return warehouse.sql(
            "SELECT table_name, column_name, data_type, is_nullable FROM "
            "information_schema.columns WHERE table_schema = 'erp' ORDER BY ALL"
        ).fetchall()


def without_load_id(pipeline: dlt.Pipeline, table: str) -> int:
    """Rows that no load has brought."""
    loads = "(SELECT load_id FROM erp._dlt_loads)"
    with database(pipeline) as warehouse:
        found = warehouse.sql(
            f"SELECT count(*) FROM erp.{table} WHERE (_dlt_load_id IN {loads}) IS NOT TRUE"
        ).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.slow
@pytest.mark.parametrize("ways", [WAYS, WAYS[::-1]], ids=["command first", "lines first"])
def test_one_after_the_other(sandbox: Sandbox, pipeline: dlt.Pipeline, ways: list[str]) -> None:
    succeed(pipeline, sandbox, *LOADS, way=ways[0])
    before = columns(pipeline)
    assert {name for _, name, *_ in before} >= {"_dlt_load_id", "_deleted"}
    sandbox.control.advance(3_600)
    sandbox.control.mutate(20, ["Vendor"])
    sandbox.control.delete("Vendor", sandbox.control.rows("Vendor")[0]["id"])
    for way in reversed(ways):
        succeed(pipeline, sandbox, *LOADS, EntityOptions("Ledger", full=True), way=way)
        assert_equal(pipeline, sandbox, "Account", "Vendor", "Ledger")
    later = {*LEDGER, "_deletions"}
    assert [one for one in columns(pipeline) if one[0] not in later] == before
    for table in ("account", "vendor", "vendor__attributes", "gl_batch", "bi_customers"):
        assert without_load_id(pipeline, table) == 0


@pytest.mark.parametrize("way", WAYS)
def test_tables_that_were_made_without_load_ids(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str
) -> None:
    succeed(pipeline, sandbox, "Account", "Vendor", way="lines")
    schema = pipeline.default_schema
    with database(pipeline) as warehouse:
        for table in schema.data_table_names():
            schema.tables[table]["columns"].pop("_dlt_load_id")
            warehouse.execute(f"ALTER TABLE erp.{table} DROP COLUMN _dlt_load_id")
    schema._bump_version()
    pipeline.schemas.save_schema(schema)
    pipeline.sync_schema()
    sandbox.control.advance(3_600)
    vendors = sandbox.control.rows("Vendor")
    sandbox.control.put("Vendor", {"id": vendors[0]["id"], "VendorName": "Changed"})
    for _ in range(2):
        succeed(pipeline, sandbox, "Account", "Vendor", way=way)
        assert_equal(pipeline, sandbox, "Account", "Vendor")
    assert without_load_id(pipeline, "vendor") == len(vendors) - 1
    succeed(pipeline, sandbox, EntityOptions("Vendor", full=True), way=way)
    assert without_load_id(pipeline, "vendor") == 0


@pytest.mark.parametrize("way", WAYS)
def test_other_sources_of_the_process_are_left_alone(
    sandbox: Sandbox, pipeline: dlt.Pipeline, tmp_path: Path, way: str
) -> None:
    succeed(pipeline, sandbox, "Account", way=way)
    (tmp_path / "other").mkdir()
    other = pipeline_in(tmp_path / "other")
    other.run([pa.table({"a": [1]})], table_name="foreign")
    assert list(other.default_schema.tables["foreign"]["columns"]) == ["a"]


@pytest.mark.parametrize("way", WAYS)
def test_a_setting_of_dlts_own_for_load_ids_changes_nothing(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed(pipeline, sandbox, "Account", way=way)
    before = columns(pipeline)
    monkeypatch.setenv("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID", "true")
    succeed(pipeline, sandbox, EntityOptions("Account", full=True), way=way)
    assert columns(pipeline) == before
    assert without_load_id(pipeline, "account") == 0


@pytest.mark.parametrize("way", WAYS)
def test_rows_of_parquet_files_say_which_load_brought_them(
    sandbox: Sandbox, tmp_path: Path, way: str
) -> None:
    succeed(lake(tmp_path), sandbox, "Account", way=way)
    rows = lake(tmp_path).dataset()["account"].arrow()
    assert rows is not None
    ids = rows.column("_dlt_load_id").to_pylist()
    assert len(set(ids)) == 1
    assert None not in ids


def test_rows_can_be_looked_at_without_a_load(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    names = [
        set(table.column_names)
        for table in acumatica(credentials_of(sandbox), load=["Account"])
        if table.num_rows
    ]
    assert names
    assert all("_dlt_load_id" not in one for one in names)
