"""Classes that cannot be filtered, or not by their keys, and those of one row, are loaded whole."""

from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import DacTable
from acumatica_source.arrow.describe import describe_class
from acumatica_source.reading.instance import Instance
from acumatica_source.running import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of

SUMMARY = "InventorySummaryEnquiryResult"


@pytest.fixture
def instance(sandbox: Sandbox) -> Instance:
    return connect(credentials_of(sandbox), "Default", None, 2, None)


def sync(pipeline: dlt.Pipeline, instance: Instance, table: DacTable) -> str | None:
    (outcome,) = runner.sync(pipeline, instance, [table], lambda outcome: None)
    return outcome.error


def quantities(sandbox: Sandbox) -> list[Any]:
    return sorted(row["QtyOnHand"] for row in sandbox.control.rows("StockItem", WAREHOUSES))


def loaded(pipeline: dlt.Pipeline, table: str, column: str) -> list[Any]:
    return sorted(one for (one,) in pipeline.dataset()[table].select(column).fetchall())


WAREHOUSES = ["WarehouseDetails"]


@pytest.mark.parametrize("refused", ["filter", "select", "orderby"])
def test_a_class_that_cannot_be_filtered_is_read_in_pages(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline, refused: str
) -> None:
    sandbox.control.set_options(dac_unfilterable=refused)
    table = DacTable(SUMMARY, page_size=20)
    for seed in range(2):
        sandbox.control.reset_counters()
        assert sync(pipeline, instance, table) is None
        truth = quantities(sandbox)
        assert loaded(pipeline, "inventory_summary_enquiry_result", "qty_on_hand") == truth
        asked = [one["query"] for one in sandbox.control.requests() if SUMMARY in one["path"]]
        assert not any("$filter" in query for query in asked)
        assert 2 < len(asked) <= len(truth) / 20 + 5
        sandbox.control.mutate(20, ["StockItem"], seed=seed)


def test_a_limit_does_not_shorten_a_class_that_cannot_be_filtered(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sandbox.control.set_options(cap_feeds=15)
    assert sync(pipeline, instance, DacTable(SUMMARY, page_size=30)) is None
    truth = quantities(sandbox)
    assert loaded(pipeline, "inventory_summary_enquiry_result", "qty_on_hand") == truth
    assert len(truth) == 40


def test_a_filter_that_a_class_does_not_take_is_refused_by_name(
    instance: Instance, pipeline: dlt.Pipeline
) -> None:
    for name in (SUMMARY, "ARSetup"):
        error = sync(pipeline, instance, DacTable(name, filter="QtyOnHand gt 1"))
        assert error is not None
        assert f"{name} cannot be filtered" in error


def test_a_class_whose_key_cannot_be_selected_is_replaced(
    sandbox: Sandbox,
    instance: Instance,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for seed in range(2):
        assert sync(pipeline, instance, DacTable("ARStatementDetailInfo", page_size=10)) is None
        truth = sorted(row["ReferenceNbr"] for row in sandbox.control.rows("Invoice"))
        assert loaded(pipeline, "ar_statement_detail_info", "ref_nbr") == truth
        sandbox.control.mutate(10, ["Invoice"], seed=seed)
    columns = pipeline.default_schema.get_table_columns("ar_statement_detail_info")
    assert "doc_type" not in columns
    assert "DocType of its key" in caplog.text


def test_what_a_base_class_restricts_is_left_out_of_those_that_build_on_it(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    assert sync(pipeline, instance, DacTable("Customer", page_size=50)) is None
    truth = sorted(row["CustomerID"] for row in sandbox.control.rows("Customer"))
    assert loaded(pipeline, "customer", "acct_cd") == truth
    assert "view_in_crm" not in pipeline.default_schema.get_table_columns("customer")


def test_a_singleton_is_a_table_of_one_row(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    for _ in range(2):
        sandbox.control.reset_counters()
        assert sync(pipeline, instance, DacTable("ARSetup")) is None
        (first,) = loaded(pipeline, "ar_setup", "dflt_customer_class_id")
        assert first == sandbox.control.rows("Customer")[0]["CustomerClass"]
        asked = [one["query"] for one in sandbox.control.requests() if "ARSetup" in one["path"]]
        assert asked == [{}], "one request, without options that only sets take"
        sandbox.control.mutate(50, ["Customer"], ["update"])


@pytest.mark.parametrize(
    ("name", "kind", "keys"),
    [
        ("ARSetup", "singleton", []),
        (SUMMARY, "data access class", ["InventoryID", "SiteID"]),
        ("ARStatementDetailInfo", "data access class", []),
    ],
)
def test_what_becomes_of_them_is_described(
    instance: Instance, name: str, kind: str, keys: list[str]
) -> None:
    described = describe_class(instance.classes.all().sets[name], ())
    assert (described["kind"], described["keys"]) == (kind, keys)
    assert described["watermark"] is None, "their tables are replaced"
    columns = [column["name"] for column in described["columns"]]
    assert "LastModifiedDateTime" in columns
    assert "DocType" not in columns


def test_stock_by_warehouse(sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline) -> None:
    assert sync(pipeline, instance, DacTable("INSiteStatus", page_size=20)) is None
    assert loaded(pipeline, "in_site_status", "qty_on_hand") == quantities(sandbox)
