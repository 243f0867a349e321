"""After any number of changes and syncs the warehouse equals the source."""

from pathlib import Path

import dlt
import duckdb
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions, GenericInquiry, InquiryForm, LedgerTransactions
from acumatica_source.reading.instance import Instance
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import CORE_ENTITIES as ENTITIES
from acumatica_source.source import Load, acumatica, connect
from tests.conftest import credentials_of
from tests.resources.warehouse import assert_equal


@pytest.fixture
def instance(sandbox: Sandbox) -> Instance:
    return connect(credentials_of(sandbox), "Default", None, 2, None)


def sync(pipeline: dlt.Pipeline, instance: Instance, *load: Load) -> dict[str, Outcome]:
    outcomes = runner.sync(pipeline, instance, load, lambda outcome: None)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return {outcome.resource: outcome for outcome in outcomes}


@pytest.mark.slow
def test_the_warehouse_equals_the_source_after_every_sync(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    for seed in range(3):
        sync(pipeline, instance, *ENTITIES)
        assert_equal(pipeline, sandbox, *ENTITIES)
        sandbox.control.advance(3_600)
        sandbox.control.mutate(60, seed=seed)


def test_a_second_sync_loads_only_what_changed(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    first = sync(pipeline, instance, "SalesOrder")["SalesOrder"]
    sandbox.control.advance(3_600)
    sandbox.control.mutate(5, ["SalesOrder"], ["update"], seed=1)
    second = sync(pipeline, instance, "SalesOrder")["SalesOrder"]
    assert first.rows["sales_order"] > 50
    assert 1 <= second.rows["sales_order"] <= 10
    asked = [one["query"] for one in sandbox.control.requests() if "SalesOrder" in one["path"]]
    assert "$filter" in asked[-1], "what changed is asked for by name"


def test_one_long_list_is_read_through_all_seats(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sync(pipeline, instance, EntityOptions("SalesOrder", page_size=4))
    assert_equal(pipeline, sandbox, "SalesOrder")
    assert sandbox.control.counters()["seats_max"] == 2
    filters = [one["query"].get("$filter", "") for one in sandbox.control.requests()]
    assert any(" le " in one for one in filters), "ranges of keys are asked for"


def test_seats_are_all_given_back(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sync(pipeline, instance, "Account", "Customer")
    counted = sandbox.control.counters()
    assert counted["seats_now"] == 0
    assert counted["seats_max"] <= 2
    assert counted["logins"] == counted["logouts"]


def test_ledger_transactions_follow_the_instances_calendar(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    def in_source() -> list[tuple[str, int]]:
        periods: dict[str, int] = {}
        for batch in sandbox.control.rows("JournalTransaction"):
            if batch["Status"] == "Posted":
                count = periods.get(batch["PostPeriod"], 0)
                periods[batch["PostPeriod"]] = count + len(batch["Details"])
        return sorted(periods.items())

    def in_warehouse() -> list[tuple[str, int]]:
        rows = pipeline.dataset()(
            "SELECT _period, count(*), sum(debit_amount) - sum(credit_amount) "
            "FROM ledger_transactions GROUP BY 1 ORDER BY 1"
        ).fetchall()
        assert all(difference == 0 for _, _, difference in rows)
        return [(period, count) for period, count, _ in rows]

    sync(pipeline, instance, LedgerTransactions())
    assert in_warehouse() == in_source()
    assert len(in_source()) > 12
    sandbox.control.mutate(5, ["JournalTransaction"], ["insert"], seed=3)
    second = sync(pipeline, instance, LedgerTransactions())["ledger_transactions"]
    assert in_warehouse() == in_source()
    assert 0 < second.rows["ledger_transactions"] < sum(count for _, count in in_source()) / 2


def test_an_inquiry_form_and_a_generic_inquiry(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    items = [item["InventoryID"] for item in sandbox.control.rows("StockItem")][:2]
    form = InquiryForm("InventorySummaryInquiry", [{"InventoryID": item} for item in items])
    sync(pipeline, instance, form, GenericInquiry("BI-Customers", page_size=5))
    stock = pipeline.dataset()["inventory_summary_inquiry"].fetchall()
    assert {item for row in stock for item in row if item in items} == set(items)
    customers = pipeline.dataset()["bi_customers"].fetchall()
    assert len(customers) == len(sandbox.control.rows("Customer"))


def test_three_lines_are_enough(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    pipeline.run(acumatica(credentials_of(sandbox), load=["Customer", "SalesOrder"]))
    assert_equal(pipeline, sandbox, "Customer", "SalesOrder")
    assert sandbox.control.counters()["seats_now"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("top", [7, 50], ids=["small pages", "large pages"])
def test_page_size_does_not_matter(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline, top: int
) -> None:
    options = EntityOptions("Invoice", page_size=top)
    sync(pipeline, instance, options)
    sandbox.control.mutate(30, ["Invoice"], seed=1)
    sync(pipeline, instance, options)
    assert_equal(pipeline, sandbox, "Invoice")


@pytest.mark.slow
def test_the_views_of_the_parquet_page_equal_the_source(
    sandbox: Sandbox, instance: Instance, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    pipeline = dlt.pipeline(
        "parquet",
        destination=dlt.destinations.filesystem(lake.as_uri()),
        dataset_name="erp",
        pipelines_dir=str(tmp_path / "pipelines"),
    )
    page = (Path(__file__).parents[2] / "docs" / "parquet.md").read_text()
    views = [part.split("```")[0] for part in page.split("```sql")[1:]]
    for seed in range(3):
        sync(pipeline, instance, "SalesOrder", LedgerTransactions(verify="now"))
        database = duckdb.connect()
        for view in views:
            database.execute(view.replace("'lake/", f"'{lake}/"))
        orders = sandbox.control.rows("SalesOrder")
        found = dict(database.sql("SELECT id, order_total FROM sales_order").fetchall())
        assert found == {order["id"]: order["OrderTotal"] for order in orders}
        lines = database.sql("SELECT count(*) FROM sales_order__details").fetchone()
        assert lines == (sum(len(order["Details"]) for order in orders),)
        batches = sandbox.control.rows("JournalTransaction")
        posted = database.sql("SELECT count(*) FROM ledger_transactions").fetchone()
        assert posted == (sum(len(batch["Details"]) for batch in batches),)
        sandbox.control.advance(3_600)
        sandbox.control.mutate(40, ["SalesOrder", "JournalTransaction"], seed=seed)
