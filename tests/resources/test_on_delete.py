"""What becomes of rows that a real instance does not have any more, in every kind of table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions, acumatica
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.terms import OnDelete
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.inquiry_form import InquiryForm
from acumatica_source.resources.ledger import LedgerTransactions
from acumatica_source.source import Load
from tests.conftest import credentials_of, pipeline_in
from tests.resources.runs import lake
from tests.resources.warehouse import Row, Tables, by_identity, plain, truth

pytestmark = pytest.mark.slow

ORDERS = "SalesOrder"


@pytest.fixture
def small() -> Any:
    with Sandbox(SandboxOptions(records=150)) as running:
        yield running


def load(pipeline: dlt.Pipeline, sandbox: Sandbox, *loads: Load, **terms: Any) -> None:
    pipeline.run(acumatica(credentials_of(sandbox), loads, **terms), loader_file_format="parquet")


def records(pipeline: dlt.Pipeline) -> list[Row]:
    """What is on record, in the order in which it was found."""
    if "_deletions" not in pipeline.default_schema.tables:
        return []
    found = pipeline.dataset()["_deletions"].arrow()
    assert found is not None
    return sorted(found.to_pylist(), key=lambda row: row["seen_at"])


def in_database(pipeline: dlt.Pipeline, table: str) -> list[Row]:
    found = pipeline.dataset()[table].arrow()
    assert found is not None
    return found.to_pylist()  # type: ignore[no-any-return]


def in_files(pipeline: dlt.Pipeline, table: str) -> list[Row]:
    """By the views of docs/parquet.md."""
    folder = Path(pipeline.pipelines_dir).parent / "lake" / "erp" / table
    latest = (
        "max(_dlt_load_id) OVER (PARTITION BY _parent_id) = _dlt_load_id"
        if "__" in table
        else "row_number() OVER (PARTITION BY id ORDER BY _dlt_load_id DESC) = 1"
    )
    with duckdb.connect() as connection:
        found = connection.sql(
            f"SELECT * FROM read_parquet('{folder}/*.parquet', union_by_name = true) "
            f"QUALIFY {latest} AND _deleted IS NOT TRUE"
        ).arrow()
    return found.read_all().to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("where", "way"),
    [("duckdb", "flag"), ("postgres", "flag"), ("files", "flag"), ("files", "keep")],
)
def test_rows_that_stay_lose_no_value(
    small: Sandbox, tmp_path: Path, request: pytest.FixtureRequest, where: str, way: str
) -> None:
    """Not those of columns beside one of another type, nor those that the contract has no more."""
    if where == "postgres":
        request.getfixturevalue("postgres")
        pipeline = dlt.pipeline(
            "test",
            destination="postgres",
            dataset_name="erp",
            pipelines_dir=str(tmp_path / "pipelines"),
        )
    else:
        pipeline = lake(tmp_path) if where == "files" else pipeline_in(tmp_path)
    rows_of: Callable[[dlt.Pipeline, str], list[Row]] = (
        in_files if where == "files" else in_database
    )
    control = small.control
    load(pipeline, small, ORDERS, on_delete=way)
    control.set_contract(
        ORDERS, add={"Fresh": "s"}, retype={"OrderedQty": "s"}, remove=["CustomerOrder"]
    )
    control.advance(3_600)
    control.mutate(1, [ORDERS], ["update"], seed=1)  # by a changed record a run notices
    load(pipeline, small, ORDERS, on_delete=way)
    names = list(truth(small, ORDERS))
    before: Tables = {name: by_identity(name, rows_of(pipeline, name)) for name in names}
    first = control.rows(ORDERS)[0]
    assert before["sales_order"][(first["id"],)]["ordered_qty__v_text"]
    control.delete(ORDERS, first["id"])
    for _ in range(2):
        load(pipeline, small, ORDERS, on_delete=way)
        assert [one["id"] for one in records(pipeline)] == [first["id"]]
        for name in names:
            found = by_identity(name, rows_of(pipeline, name))
            flags = {key: row.pop("_deleted_at", None) for key, row in found.items()}
            assert found == before[name], name
            flagged = {key for key, at in flags.items() if at is not None}
            parent = name == "sales_order" and way == OnDelete.FLAG
            assert flagged == ({(first["id"],)} if parent else set())


def test_every_kind_of_table_records_what_leaves_it(small: Sandbox, pipeline: dlt.Pipeline) -> None:
    control = small.control
    loads: list[Load] = [
        EntityOptions(ORDERS),
        "ShipVia",
        DacTable("SOOrder", columns=["Status"]),
        DacTable("SOLine", columns=["OrderQty"]),
        GenericInquiry("BI-Customers"),
        InquiryForm("AccountSummaryInquiry", [{"Period": "012025"}]),
        LedgerTransactions(verify="now"),
    ]
    for _ in range(2):
        load(pipeline, small, *loads)
        assert "_deletions" not in pipeline.default_schema.tables
    counts = {name: len(in_database(pipeline, name)) for name in ("account_summary_inquiry",)}
    order, way = control.rows(ORDERS)[0], control.rows("ShipVia")[0]
    batch = control.rows("JournalTransaction")[0]
    for name, record in ((ORDERS, order), ("ShipVia", way), ("JournalTransaction", batch)):
        control.delete(name, record["id"])
    control.delete("Customer", control.rows("Customer")[0]["id"])
    ledger = len(in_database(pipeline, "ledger_transactions"))
    load(pipeline, small, *loads)
    found = {
        (row["table_name"], row["found_by"], row["id"], row["key"], row["rows"])
        for row in records(pipeline)
        if row["table_name"] != "so_line"
    }
    key = {"OrderNbr": order["OrderNbr"]}
    summary = counts["account_summary_inquiry"] - len(
        in_database(pipeline, "account_summary_inquiry")
    )
    lost = ledger - len(in_database(pipeline, "ledger_transactions"))
    period = json.dumps({"_ledger": "", "_period": batch["PostPeriod"]})
    kind = order["OrderType"]
    (stored,) = [row for row in found if row[0] == "so_order"]
    assert json.loads(stored[3])["OrderNbr"] == order["OrderNbr"]
    assert found - {stored} == {
        ("sales_order", "sweep", order["id"], json.dumps({"OrderType": kind, **key}), 1),
        ("ship_via", "reload", way["id"], json.dumps({"CarrierID": way["CarrierID"]}), 1),
        ("bi_customers", "replace", None, None, 1),
        ("ledger_transactions", "period", None, period, lost),
    } | ({("account_summary_inquiry", "replace", None, None, summary)} if summary else set())
    assert stored[1] == "sweep"
    lines = [row for row in records(pipeline) if row["table_name"] == "so_line"]
    assert len(lines) == len(order["Details"])
    assert {row["tenant"] for row in records(pipeline)} == {small.tenant}
    before = len(records(pipeline))
    load(pipeline, small, *loads)
    assert len(records(pipeline)) == before


def test_what_is_no_way_is_refused(small: Sandbox) -> None:
    with pytest.raises(ConfigurationError, match="on_delete must be one of remove, flag, keep"):
        acumatica(credentials_of(small), [ORDERS], on_delete="archive")


@pytest.mark.parametrize("way", ["remove", "flag"])
def test_too_many_are_refused_whatever_becomes_of_them(
    small: Sandbox, pipeline: dlt.Pipeline, way: str
) -> None:
    load(pipeline, small, "JournalTransaction", on_delete=way)
    before = [plain(row) for row in in_database(pipeline, "journal_transaction")]
    rows = small.control.rows("JournalTransaction")
    for record in rows[:30]:
        small.control.delete("JournalTransaction", record["id"])
    for full in (False, True):
        entity = EntityOptions("JournalTransaction", full=full)
        with pytest.raises(PipelineStepFailed, match=f"30 of its {len(rows)} loaded rows"):
            load(pipeline, small, entity, on_delete=way)
        assert [plain(row) for row in in_database(pipeline, "journal_transaction")] == before
        assert records(pipeline) == []
    load(pipeline, small, "JournalTransaction", on_delete=way, allow_deletes=True)
    assert len(records(pipeline)) == 30
    left = len(in_database(pipeline, "journal_transaction"))
    assert left == len(rows) - (30 if way == OnDelete.REMOVE else 0)


@pytest.mark.parametrize("mode", ["freeze", "discard_value"])
def test_no_schema_contract_keeps_deletions_off_the_record(
    small: Sandbox, pipeline: dlt.Pipeline, mode: str
) -> None:
    """Nor are flags written into a column that is discarded."""

    def sync(way: str) -> None:
        source = acumatica(credentials_of(small), ["ShipVia"], on_delete=way)
        contract: Any = {"tables": mode, "columns": mode}
        source.schema_contract = contract
        pipeline.run(source, loader_file_format="parquet")

    load(pipeline, small, "ShipVia")
    small.control.delete("ShipVia", small.control.rows("ShipVia")[0]["id"])
    with pytest.raises(PipelineStepFailed, match="_deleted_at"):
        sync("flag")
    assert records(pipeline) == []
    sync("remove")
    assert len(records(pipeline)) == 1
    small.control.delete("ShipVia", small.control.rows("ShipVia")[0]["id"])
    sync("remove")
    assert len(records(pipeline)) == 2


@pytest.mark.parametrize("way", ["remove", "flag"])
def test_ids_of_a_session_are_no_deletions(pipeline: dlt.Pipeline, way: str) -> None:
    """Loaded anew, changed or without a stamp; nor is a row there twice."""
    with Sandbox(SandboxOptions(records=150, session_ids=1.0)) as sandbox:
        for full in (False, True, False):
            load(pipeline, sandbox, EntityOptions("Payment", full=full), "ShipVia", on_delete=way)
            assert records(pipeline) == []
            for name in ("Payment", "ShipVia"):
                table = pipeline.default_schema.naming.normalize_tables_path(name)
                assert len(in_database(pipeline, table)) == len(sandbox.control.rows(name))
            sandbox.control.advance(3_600)
            sandbox.control.mutate(3, ["Payment"], ["update"], seed=1)
