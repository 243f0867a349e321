"""A contract that changes between syncs changes the tables, and loses nothing."""

import os
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions, LedgerTransactions
from acumatica_source.running import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.warehouse import assert_equal, loaded

pytestmark = pytest.mark.slow


def sync(
    pipeline: dlt.Pipeline, sandbox: Sandbox, entity: str = "SalesOrder", **options: Any
) -> dict[str, int]:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (outcome,) = runner.sync(
        pipeline, instance, [EntityOptions(entity, **options)], lambda one: None
    )
    assert outcome.error is None
    return outcome.rows


def change(sandbox: Sandbox, entity: str, what: dict[str, Any]) -> list[str]:
    """Change a contract, and touch five records; their ids."""
    sandbox.control.set_contract(entity, **what)
    sandbox.control.advance(3_600)
    some = [record["id"] for record in sandbox.control.rows(entity)[:5]]
    for one in some:
        sandbox.control.put(entity, {"id": one, "note": "touched"})
    sandbox.control.reset_counters()
    return some


def forget_contracts() -> None:
    """As a new build of the instance does."""
    shutil.rmtree(Path(os.environ["XDG_CACHE_HOME"]))


def columns(pipeline: dlt.Pipeline, table: str) -> list[str]:
    return list(pipeline.dataset()[table].columns_schema)


def types(pipeline: dlt.Pipeline, table: str) -> list[tuple[str, Any]]:
    known = pipeline.dataset()[table].columns_schema
    return [(name, (one["data_type"], one.get("scale"))) for name, one in known.items()]


def contracts_fetched(sandbox: Sandbox) -> int:
    return sum("swagger.json" in one["path"] for one in sandbox.control.requests())


def test_a_run_without_changes_fetches_no_contract(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    sync(pipeline, sandbox)
    before = columns(pipeline, "sales_order")
    sandbox.control.reset_counters()
    sync(pipeline, sandbox)
    assert contracts_fetched(sandbox) == 0
    assert columns(pipeline, "sales_order") == before


@pytest.mark.parametrize(
    ("entity", "what", "table", "column"),
    [
        ("SalesOrder", {"add": {"Novelty": "s"}}, "sales_order", "novelty"),
        ("SalesOrder", {"add": {"Details/Novelty": "d"}}, "sales_order__details", "novelty"),
        ("SalesOrder", {"add": {"Totals/Novelty": "s"}}, "sales_order", "totals__novelty"),
        ("Customer", {"add": {"Novelty": "s"}}, "customer", "novelty"),
        ("StockItem", {"rename": {"Description": "Text"}}, "stock_item", "text"),
        (
            "SalesOrder",
            {"rename": {"ShipToAddress": "Destination"}},
            "sales_order",
            "destination__city",
        ),
        ("SalesOrder", {"rename": {"Details": "Lines"}}, "sales_order__lines", "line_nbr"),
    ],
    ids=[
        "field",
        "of lines",
        "of a link",
        "one by one",
        "renamed",
        "renamed link",
        "renamed lines",
    ],
)
def test_what_is_new_is_filled_in_every_record(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    entity: str,
    what: dict[str, Any],
    table: str,
    column: str,
) -> None:
    sync(pipeline, sandbox, entity)
    before = columns(pipeline, table) if table in pipeline.dataset().tables else []
    change(sandbox, entity, what)
    sync(pipeline, sandbox, entity)
    assert contracts_fetched(sandbox) == 1
    assert columns(pipeline, table)[: len(before)] == before
    assert column in columns(pipeline, table)
    assert_equal(pipeline, sandbox, entity)
    (name,) = {table.partition("__")[0]}
    assert sync(pipeline, sandbox, entity).get(name, 0) < 10, "only what changed from then on"


def test_a_vanished_field_keeps_its_column(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    sync(pipeline, sandbox, "StockItem")
    before, had = columns(pipeline, "stock_item"), loaded(pipeline, "stock_item")
    touched = change(sandbox, "StockItem", {"remove": ["Description"]})
    forget_contracts()
    assert sync(pipeline, sandbox, "StockItem")["stock_item"] < 10, "no reason to load all"
    assert columns(pipeline, "stock_item") == before
    has = loaded(pipeline, "stock_item")
    blank = {identity for identity, row in has.items() if "description" not in row}
    assert {(one,) for one in touched} <= blank
    kept = has.keys() - blank
    assert len(kept) > 5
    assert all(has[one] == had[one] for one in kept)
    sync(pipeline, sandbox, "StockItem", full=True)
    assert_equal(pipeline, sandbox, "StockItem")
    assert columns(pipeline, "stock_item") == before


def test_a_vanished_detail_keeps_its_table(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    sync(pipeline, sandbox)
    before = loaded(pipeline, "sales_order__tax_details")
    change(sandbox, "SalesOrder", {"remove": ["TaxDetails"]})
    assert sync(pipeline, sandbox)["sales_order"] < 10
    assert loaded(pipeline, "sales_order__tax_details") == before
    assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.parametrize(
    ("path", "letter", "column", "variant"),
    [
        ("WarehouseDetails/QtyOnHand", "i", "qty_on_hand", "qty_on_hand__v_bigint"),
        ("MSRP", "s", "msrp", "msrp__v_text"),
        ("IsAKit", "s", "is_a_kit", "is_a_kit__v_text"),
        ("Description", "d", "description", "description__v_decimal"),
        ("TaxCategory", "b", "tax_category", "tax_category__v_bool"),
        ("PostingClass", "D", "posting_class", "posting_class__v_date"),
    ],
    ids=[
        *("decimal to integer", "decimal to text", "boolean to text"),
        *("text to decimal", "text to boolean", "text to date"),
    ],
)
def test_a_changed_type_is_a_column_beside(
    sandbox: Sandbox, pipeline: dlt.Pipeline, path: str, letter: str, column: str, variant: str
) -> None:
    *above, name = path.split("/")
    table = "stock_item__warehouse_details" if above else "stock_item"
    sync(pipeline, sandbox, "StockItem")
    change(sandbox, "StockItem", {"retype": {path: letter}})
    forget_contracts()
    for _ in range(2):
        sync(pipeline, sandbox, "StockItem")
        assert {column, variant} <= set(columns(pipeline, table))
        rows = loaded(pipeline, table).values()
        assert not any(column in row for row in rows), "one truth: the column of the present type"
        expected = [one[name] for one in sandbox.control.rows("StockItem", above)]
        expected = [one for one in expected if one is not None]
        found = [row[variant] for row in rows if variant in row]
        if letter != "D":
            assert sorted(map(str, found)) == sorted(map(str, map(plain, expected)))
        assert len(found) == len(expected) > 0
        change(sandbox, "StockItem", {})


def plain(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value


def test_a_type_that_comes_back_takes_its_column_again(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    for letter in ("d", "s", "d"):
        change(sandbox, "StockItem", {"retype": {"MSRP": letter}})
        shutil.rmtree(Path(os.environ["XDG_CACHE_HOME"]), ignore_errors=True)
        sync(pipeline, sandbox, "StockItem")
    assert_equal(pipeline, sandbox, "StockItem")


def test_a_page_of_nulls_changes_no_type(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    sync(pipeline, sandbox, "StockItem", page_size=7)
    before = types(pipeline, "stock_item")
    for item in sandbox.control.rows("StockItem"):
        blank = dict.fromkeys(("Description", "MSRP", "IsAKit", "TaxCategory"))
        sandbox.control.put("StockItem", {"id": item["id"], **blank})
    sync(pipeline, sandbox, "StockItem", page_size=7)
    assert types(pipeline, "stock_item") == before
    assert_equal(pipeline, sandbox, "StockItem")


def test_other_decimals_than_loaded_are_refused(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    """A destination would round them without a word."""
    sync(pipeline, sandbox, "StockItem", decimals=4)
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (outcome,) = runner.sync(pipeline, instance, ["StockItem"], lambda one: None)
    assert outcome.error is not None
    assert "loaded with 4 decimals" in outcome.error
    assert "decimals=4" in outcome.error


def test_options_that_change_what_a_row_holds_load_all_anew(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    orders = sync(pipeline, sandbox, expand=())["sales_order"]
    assert sync(pipeline, sandbox)["sales_order__details"] > orders
    assert_equal(pipeline, sandbox, "SalesOrder")


def test_rows_of_forms_keep_to_the_types_they_were_loaded_with(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    load = LedgerTransactions(full=True)
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (before,) = runner.sync(pipeline, instance, [load], lambda one: None)
    sandbox.control.set_contract("AccountDetailsForPeriodInquiry", retype={"Results/Posted": "s"})
    instance.contracts.forget()
    (after,) = runner.sync(pipeline, instance, [load], lambda one: None)
    assert (before.error, after.error) == (None, None)
    found = dict(types(pipeline, "ledger_transactions"))
    assert found["posted"][0] == "bool"
    assert found["posted__v_text"][0] == "text"
    rows = pipeline.dataset()("SELECT posted__v_text, posted FROM ledger_transactions").fetchall()
    assert len(rows) == before.rows["ledger_transactions"]
    assert set(rows) == {("true", None)}
