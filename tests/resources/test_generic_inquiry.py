"""Generic inquiries are loaded completely, whatever order their rows come in."""

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import GenericInquiry
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import connect
from tests.conftest import credentials_of


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox, inquiry: GenericInquiry) -> Outcome:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (outcome,) = runner.sync(pipeline, instance, [inquiry], lambda one: None)
    return outcome


@pytest.mark.parametrize("page", [0, 1], ids=["first page", "second page"])
def test_an_order_that_is_not_kept_does_not_lose_rows(
    sandbox: Sandbox, pipeline: dlt.Pipeline, page: int
) -> None:
    sandbox.control.fault("shuffle", path="odata/gi/BI-Customers", after=page)
    assert sync(pipeline, sandbox, GenericInquiry("BI-Customers", page_size=10)).error is None
    loaded = pipeline.dataset()["bi_customers"].select("customer_id", "customer_name").fetchall()
    expected = [
        (row["CustomerID"], row["CustomerName"]) for row in sandbox.control.rows("Customer")
    ]
    assert sorted(loaded) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "parameter", "entity", "field"),
    [
        ("InvoicesOfCustomer", "Customer", "Invoice", "Customer"),
        ("DB-StorageDetails", "Warehouse", "StockItem", "DefaultWarehouseID"),
        ("Item Availability Data", "ItemClass", "StockItem", "ItemClass"),
    ],
)
@pytest.mark.parametrize("page", [0, 7], ids=["one page", "next links"])
def test_parameters_are_given_under_official_names(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    name: str,
    parameter: str,
    entity: str,
    field: str,
    page: int,
) -> None:
    sandbox.control.set_options(odata_page=page, odata_links="behind")
    values = [row[field] for row in sandbox.control.rows(entity)]
    value = max(filter(None, values), key=values.count)
    given = GenericInquiry(name, parameters={parameter: value}, table_name="rows")
    assert sync(pipeline, sandbox, given).error is None
    assert len(pipeline.dataset()["rows"].fetchall()) == values.count(value)


@pytest.mark.parametrize(
    "name", ["InvoicesOfCustomer", "DB-StorageDetails", "Item Availability Data"]
)
def test_an_inquiry_is_not_asked_without_its_parameters(
    sandbox: Sandbox, pipeline: dlt.Pipeline, name: str
) -> None:
    """The server does not say so: it answers with no rows, or with others."""
    outcome = sync(pipeline, sandbox, GenericInquiry(name))
    assert f"{name} takes parameters (" in str(outcome.error)
    assert "--parameter" in str(outcome.error)


def test_an_answer_without_a_body_is_no_success(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    """What a server gives for a filter on a computed column: not even an empty list."""
    outcome = sync(pipeline, sandbox, GenericInquiry("BI-Customers", filter="NameAndID eq 'x'"))
    assert "BI-Customers answered with nothing at all" in str(outcome.error)
