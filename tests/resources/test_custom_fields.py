"""Custom fields: typed, however many there are, and free to come and go."""

from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import CustomFields, EntityOptions
from acumatica_source.cli import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.warehouse import assert_equal, loaded

MANY = 150
LETTERS = {"s": "text", "d": "decimal", "i": "bigint", "b": "bool", "D": "date", "g": "text"}


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox, entity: str, **options: Any) -> dict[str, int]:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    load = [EntityOptions(entity, **options)]
    (outcome,) = runner.sync(pipeline, instance, load, lambda one: None)
    assert outcome.error is None
    return outcome.rows


@pytest.mark.parametrize(
    ("entity", "place", "table"),
    [
        ("SalesOrder", "Document.", "sales_order"),
        ("SalesOrder", "Details/Transactions.", "sales_order__details"),
        ("Customer", "BAccount.", "customer"),
    ],
    ids=["of records", "of lines", "of records read one by one"],
)
def test_more_than_one_request_can_name(
    sandbox: Sandbox, pipeline: dlt.Pipeline, entity: str, place: str, table: str
) -> None:
    letters = list(LETTERS)
    many = {f"{place}UsrField{n:03}": letters[n % len(letters)] for n in range(MANY)}
    sandbox.control.set_contract(entity, custom=many)
    sandbox.control.reset_counters()
    sync(pipeline, sandbox, entity, page_size=40)
    asked = {one["query"]["$custom"] for one in requests(sandbox) if "$custom" in one["query"]}
    assert len(asked) > 2
    assert max(map(len, asked)) < 2_000
    assert_equal(pipeline, sandbox, entity)
    types = {n: c["data_type"] for n, c in pipeline.dataset()[table].columns_schema.items()}
    view = place.rpartition("/")[2].removesuffix(".")
    for n in range(MANY):
        column = f"custom__{'b_account' if view == 'BAccount' else view.lower()}__usr_field{n:03}"
        assert types[column] == LETTERS[letters[n % len(letters)]]


def test_one_that_appears_needs_no_reload(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    records = sync(pipeline, sandbox, "SalesOrder")["sales_order"]
    new = {"Document.UsrNovelty": "d", "Details/Transactions.UsrNovelty": "s"}
    sandbox.control.set_contract("SalesOrder", custom=new)
    some = touch(sandbox)
    assert sync(pipeline, sandbox, "SalesOrder")["sales_order"] < records / 2
    lists = [one["query"] for one in requests(sandbox) if one["path"].endswith("/SalesOrder")]
    whole = [query for query in lists if "$expand" in query and "$filter" not in query]
    assert lists
    assert not whole, "only what changed was read"
    found = loaded(pipeline, "sales_order")
    for order in sandbox.control.rows("SalesOrder"):
        row = found[order["id"],]
        if order["id"] in some:
            assert (
                row.get("custom__document__usr_novelty") == order["custom"]["Document.UsrNovelty"]
            )
    assert "custom__transactions__usr_novelty" in pipeline.dataset()["sales_order__details"].columns
    sync(pipeline, sandbox, "SalesOrder", full=True)
    assert_equal(pipeline, sandbox, "SalesOrder")


def test_one_that_disappears_keeps_its_column(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    sync(pipeline, sandbox, "SalesOrder")
    before = loaded(pipeline, "sales_order")
    columns = list(pipeline.dataset()["sales_order"].columns_schema)
    gone = "custom__document__usr_priority"
    assert gone in columns
    sandbox.control.set_contract("SalesOrder", custom={"Document.UsrPriority": None})
    some = touch(sandbox)
    assert sync(pipeline, sandbox, "SalesOrder")["sales_order"] < len(before) / 2
    assert list(pipeline.dataset()["sales_order"].columns_schema) == columns
    for (order,), row in loaded(pipeline, "sales_order").items():
        if order in some:
            assert gone not in row
        elif gone in row:
            assert row == before[order,]


def test_another_type_is_a_column_beside(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    sync(pipeline, sandbox, "SalesOrder")
    sandbox.control.set_contract("SalesOrder", custom={"Document.UsrPriority": "s"})
    some = touch(sandbox)
    sync(pipeline, sandbox, "SalesOrder")
    rows = loaded(pipeline, "sales_order")
    for order in sandbox.control.rows("SalesOrder"):
        if order["id"] in some:
            row = rows[order["id"],]
            assert "custom__document__usr_priority" not in row
            priority = order["custom"]["Document.UsrPriority"]
            assert row.get("custom__document__usr_priority__v_text") == priority


def test_the_option_decides(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    records = sync(pipeline, sandbox, "SalesOrder")["sales_order"]
    assert sync(pipeline, sandbox, "SalesOrder", custom_fields=CustomFields.NONE) == {
        "sales_order": records,
        "sales_order__details": len(sandbox.control.rows("SalesOrder", ["Details"])),
        "sales_order__details__allocations": len(
            sandbox.control.rows("SalesOrder", ["Details", "Allocations"])
        ),
        "sales_order__tax_details": len(sandbox.control.rows("SalesOrder", ["TaxDetails"])),
    }, "asked for something else: all anew"
    rows = loaded(pipeline, "sales_order").values()
    assert not any(name.startswith("custom__") for row in rows for name in row)


def requests(sandbox: Sandbox) -> list[dict[str, Any]]:
    return sandbox.control.requests()


def touch(sandbox: Sandbox) -> list[str]:
    """Change five orders, an hour later; their ids."""
    sandbox.control.advance(3_600)
    some = [order["id"] for order in sandbox.control.rows("SalesOrder")[:5]]
    for one in some:
        sandbox.control.put("SalesOrder", {"id": one, "Description": "touched"})
    sandbox.control.reset_counters()
    return some
