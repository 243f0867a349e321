"""Generic inquiries are loaded completely, whatever order their rows come in."""

import logging

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import GenericInquiry
from acumatica_source.cli import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox, inquiry: GenericInquiry) -> runner.Outcome:
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


def test_it_is_said_that_parameters_are_missing(
    sandbox: Sandbox, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """The server does not: it answers with no rows, or with others."""
    with caplog.at_level(logging.WARNING, "acumatica_source"):
        sync(pipeline, sandbox, GenericInquiry("InvoicesOfCustomer"))
    (said,) = (one.message for one in caplog.records if "parameters" in one.message)
    assert said.startswith("InvoicesOfCustomer takes parameters (Customer)")
    caplog.clear()
    customer = sandbox.control.rows("Invoice")[0]["Customer"]
    given = GenericInquiry("InvoicesOfCustomer", parameters={"Customer": customer})
    with caplog.at_level(logging.WARNING, "acumatica_source"):
        sync(pipeline, sandbox, given)
    assert not [one for one in caplog.records if "parameters" in one.message]
