"""dlt's schema contracts decide what becomes of columns that a changed contract brings."""

from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions
from acumatica_source.running.failures import explain
from acumatica_source.source import connect, source_of
from tests.conftest import credentials_of
from tests.resources.warehouse import loaded

pytestmark = pytest.mark.slow

NEW_COLUMN = {"add": {"Novelty": "s"}}
NEW_TYPE = {"retype": {"Description": "d"}}
NEW_TABLE = {"rename": {"WarehouseDetails": "Warehouses"}}
VARIANT = "description__v_decimal"

BY_SOURCE = pytest.mark.parametrize("whose", ["source", "resource"])


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox, whose: str, contract: Any) -> None:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    source = source_of(instance, [EntityOptions("StockItem")])
    if whose == "source":
        source.schema_contract = contract
    else:
        source.resources["StockItem"].apply_hints(schema_contract=contract)
    pipeline.run(source, loader_file_format="parquet")


def change(sandbox: Sandbox, what: dict[str, Any]) -> list[str]:
    """Change the contract and five records; their ids."""
    sandbox.control.set_contract("StockItem", **what)
    sandbox.control.advance(3_600)
    return touch(sandbox)


def touch(sandbox: Sandbox) -> list[str]:
    some = [item["id"] for item in sandbox.control.rows("StockItem")[:5]]
    for one in some:
        sandbox.control.put("StockItem", {"id": one, "DefaultPrice": 99})
    return some


def prices(pipeline: dlt.Pipeline) -> dict[str, Any]:
    rows = loaded(pipeline, "stock_item").values()
    return {row["id"]: row.get("default_price") for row in rows}


@BY_SOURCE
@pytest.mark.parametrize(
    ("what", "frozen", "named"),
    [
        (NEW_COLUMN, "columns", "novelty"),
        (NEW_TYPE, "data_type", VARIANT),
        (NEW_TABLE, "tables", "stock_item__warehouses"),
    ],
    ids=["new column", "new type", "new table"],
)
def test_freeze_refuses_before_anything_is_loaded(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    whose: str,
    what: dict[str, Any],
    frozen: str,
    named: str,
) -> None:
    sync(pipeline, sandbox, whose, "evolve")
    before = prices(pipeline)
    change(sandbox, what)
    with pytest.raises(Exception, match="freeze") as raised:
        sync(pipeline, sandbox, whose, {frozen: "freeze"})
    said = explain(raised.value)
    assert named in said
    assert "frozen" in said
    assert prices(pipeline) == before
    assert not pipeline.has_pending_data


@pytest.mark.parametrize(
    ("what", "part", "column"),
    [(NEW_COLUMN, "columns", "novelty"), (NEW_TYPE, "data_type", VARIANT)],
    ids=["new column", "new type"],
)
def test_discard_value_loads_all_but_the_new_column(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    what: dict[str, Any],
    part: str,
    column: str,
) -> None:
    sync(pipeline, sandbox, "source", "evolve")
    change(sandbox, what)
    for _ in range(2):
        sync(pipeline, sandbox, "source", {part: "discard_value"})
        assert column not in pipeline.dataset()["stock_item"].columns_schema
        items = sandbox.control.rows("StockItem")
        assert prices(pipeline) == {item["id"]: item["DefaultPrice"] for item in items}
        touch(sandbox)


@pytest.mark.parametrize(
    ("what", "part", "column"),
    [(NEW_COLUMN, "columns", "novelty"), (NEW_TYPE, "data_type", VARIANT)],
    ids=["new column", "new type"],
)
def test_discard_row_keeps_what_was_loaded(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    what: dict[str, Any],
    part: str,
    column: str,
) -> None:
    sync(pipeline, sandbox, "source", "evolve")
    before = prices(pipeline)
    changed = change(sandbox, what)
    sync(pipeline, sandbox, "source", {part: "discard_row"})
    assert column not in pipeline.dataset()["stock_item"].columns_schema
    name = "Novelty" if what is NEW_COLUMN else "Description"
    blank = {i["id"] for i in sandbox.control.rows("StockItem") if i[name] is None}
    after = prices(pipeline)
    assert after.keys() == before.keys()
    for one in changed:
        assert (after[one] == 99) == (one in blank)


@BY_SOURCE
def test_evolve_makes_the_column(sandbox: Sandbox, pipeline: dlt.Pipeline, whose: str) -> None:
    sync(pipeline, sandbox, whose, "evolve")
    change(sandbox, NEW_COLUMN)
    sync(pipeline, sandbox, whose, "evolve")
    assert "novelty" in pipeline.dataset()["stock_item"].columns_schema
