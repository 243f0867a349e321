"""Data access classes end up in the warehouse as they are in the source, sync after sync."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import DacTable, GenericInquiry
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.instance import Instance
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import Load, acumatica, connect
from tests.conftest import credentials_of

pytestmark = pytest.mark.slow

ORDER = {
    "OrderType": "order_type",
    "OrderNbr": "order_nbr",
    "OrderTotal": "cury_order_total",
    "Description": "order_desc",
    "LastModified": "last_modified_date_time",
}
"""Fields of a sales order and the columns of its class that hold them."""

ITEM = {"InventoryID": "inventory_cd", "Description": "descr", "DefaultPrice": "base_price"}


@pytest.fixture
def instance(sandbox: Sandbox) -> Instance:
    return connect(credentials_of(sandbox), "Default", None, 2, None)


def sync(pipeline: dlt.Pipeline, instance: Instance, *load: Load) -> dict[str, Outcome]:
    outcomes = runner.sync(pipeline, instance, load, lambda outcome: None)
    return {outcome.resource: outcome for outcome in outcomes}


def in_warehouse(pipeline: dlt.Pipeline, table: str, columns: Mapping[str, str]) -> list[Any]:
    rows = pipeline.dataset()[table].select(*columns.values()).fetchall()
    return sorted(rows, key=str)


def in_source(sandbox: Sandbox, entity: str, columns: Mapping[str, str]) -> list[Any]:
    rows = [tuple(row[name] for name in columns) for row in sandbox.control.rows(entity)]
    return sorted(rows, key=str)


def assert_equal(
    pipeline: dlt.Pipeline, sandbox: Sandbox, table: str, entity: str, columns: Mapping[str, str]
) -> None:
    loaded = [_plain(row) for row in in_warehouse(pipeline, table, columns)]
    expected = [_plain(row) for row in in_source(sandbox, entity, columns)]
    assert sorted(loaded, key=str) == sorted(expected, key=str)
    assert len(expected) > 10


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.normalize() if isinstance(value, Decimal) else value for value in row)


@pytest.mark.parametrize(
    ("rows", "links"), [(7, 0), (50, 3)], ids=["small pages", "pages in pieces"]
)
def test_the_warehouse_equals_the_source_after_every_sync(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline, rows: int, links: int
) -> None:
    sandbox.control.set_options(odata_page=links)
    tables = [DacTable("SOOrder", page_size=rows), DacTable("InventoryItem", page_size=rows)]
    for seed in range(3):
        outcomes = sync(pipeline, instance, *tables)
        assert [one.error for one in outcomes.values() if one.error] == []
        assert_equal(pipeline, sandbox, "so_order", "SalesOrder", ORDER)
        assert_equal(pipeline, sandbox, "inventory_item", "StockItem", ITEM)
        sandbox.control.advance(3_600)
        sandbox.control.mutate(40, ["SalesOrder", "StockItem"], seed=seed)


def test_a_second_sync_loads_only_what_changed(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    first = sync(pipeline, instance, DacTable("SOOrder"))["SOOrder"]
    sandbox.control.advance(3_600)
    sandbox.control.mutate(5, ["SalesOrder"], ["update"], seed=1)
    second = sync(pipeline, instance, DacTable("SOOrder"))["SOOrder"]
    assert first.rows["so_order"] > 50
    assert 1 <= second.rows["so_order"] <= 10
    asked = [one["query"] for one in sandbox.control.requests() if "SOOrder" in one["path"]]
    assert len(asked) == 5, "all rows, what is listed, each with its proof, and what changed"


def test_deletions_and_late_commits_are_found(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sync(pipeline, instance, DacTable("SOOrder"))
    orders = sandbox.control.rows("SalesOrder")
    gone, late = orders[3], orders[5]
    sandbox.control.advance(3_600)
    sandbox.control.delete("SalesOrder", gone["id"])
    keys = {name: late[name] for name in ("OrderType", "OrderNbr")}
    stamp = {"LastModified": orders[0]["LastModified"]}
    sandbox.control.put("SalesOrder", keys | {"Description": "late"} | stamp)
    sync(pipeline, instance, DacTable("SOOrder"))
    assert_equal(pipeline, sandbox, "so_order", "SalesOrder", ORDER)


def test_a_class_without_a_stamp_is_replaced(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    columns = {"LineNbr": "line_nbr", "Amount": "cury_line_amt", "OrderQty": "order_qty"}
    for seed in range(2):
        sync(pipeline, instance, DacTable("SOLine", page_size=50))
        lines = sandbox.control.rows("SalesOrder", ["Details"])
        expected = [_plain(tuple(line[name] for name in columns)) for line in lines]
        loaded = [_plain(row) for row in in_warehouse(pipeline, "so_line", columns)]
        assert sorted(loaded, key=str) == sorted(expected, key=str)
        sandbox.control.mutate(20, ["SalesOrder"], seed=seed)


def test_keys_are_the_primary_key_and_values_keep_their_types(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    price = Decimal("123456789012345.6789")
    sandbox.control.put("StockItem", {"InventoryID": "ZZPRICEY", "DefaultPrice": price})
    sync(pipeline, instance, DacTable("InventoryItem"))
    columns = pipeline.default_schema.get_table_columns("inventory_item")
    assert columns["inventory_cd"]["primary_key"]
    assert columns["inventory_cd"]["nullable"] is False
    items = dict(
        pipeline.dataset()["inventory_item"].select("inventory_cd", "base_price").fetchall()
    )
    assert items["ZZPRICEY"] == price
    assert all(code == code.rstrip() for code in items), "padding is not part of a value"
    sync(pipeline, instance, DacTable("SOOrder"))
    orders = pipeline.default_schema.get_table_columns("so_order")
    assert "cury_doc_bal" not in orders, "what cannot be selected is left out"


def test_columns_and_a_filter_of_the_users(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    table = DacTable("SOOrder", columns=["CuryOrderTotal"], filter="OrderType eq 'SO'")
    sync(pipeline, instance, table)
    rows = pipeline.dataset()["so_order"].arrow()
    assert rows is not None
    names = {name for name in rows.column_names if not name.startswith("_")}
    assert names == {"order_type", "order_nbr", "cury_order_total", "last_modified_date_time"}
    orders = [row for row in sandbox.control.rows("SalesOrder") if row["OrderType"] == "SO"]
    assert rows.num_rows == len(orders)


def test_a_column_that_is_added_is_filled_in_every_row(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sync(pipeline, instance, DacTable("SOOrder", columns=["Hold"]))
    sync(pipeline, instance, DacTable("SOOrder"))
    assert_equal(pipeline, sandbox, "so_order", "SalesOrder", ORDER)


def test_archived_rows_count_unless_told_otherwise(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    orders = sandbox.control.rows("SalesOrder")
    sync(pipeline, instance, DacTable("SOOrder", archived=False))
    visible = in_warehouse(pipeline, "so_order", {"OrderType": "order_type", "Nbr": "order_nbr"})
    assert len(visible) < len(orders)
    for order_type, number in visible[:2]:
        keys = {"OrderType": order_type, "OrderNbr": number}
        sandbox.control.put("SalesOrder", keys | {"archived": True})
    sync(pipeline, instance, DacTable("SOOrder", archived=False))
    assert len(pipeline.dataset()["so_order"].fetchall()) == len(visible) - 2
    sync(pipeline, instance, DacTable("SOOrder"))
    assert len(pipeline.dataset()["so_order"].fetchall()) == len(orders)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (DacTable("SOOrder", columns=["Totals"]), "has no Totals. It has: OrderType"),
        (DacTable("SOOrder", columns=["CuryDocBal"]), "be selected: CuryDocBal"),
        (DacTable("SOOrder", key=["Nbr"]), "has no Nbr"),
        (DacTable("SOOrder", page_size=0), "page_size"),
        (DacTable("SOOrder", filter="Nope eq 1"), "Nope"),
    ],
    ids=["column", "column that cannot be selected", "key", "page size", "filter"],
)
def test_what_makes_no_sense_fails_alone_and_says_why(
    instance: Instance, pipeline: dlt.Pipeline, table: DacTable, words: str
) -> None:
    outcomes = sync(pipeline, instance, table, "Account")
    assert words in (outcomes[table.name].error or "")
    assert outcomes["Account"].error is None


def test_an_unknown_name_is_refused_before_anything_is_loaded(
    instance: Instance, pipeline: dlt.Pipeline
) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean SOOrder"):
        sync(pipeline, instance, "Account", DacTable("SOOrders"))
    with pytest.raises(ConfigurationError, match="Did you mean BI-Customers"):
        sync(pipeline, instance, "Account", GenericInquiry("BI-Customer"))
    assert pipeline.default_schema_name is None, "nothing was loaded"


def test_a_missing_role_is_named(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sandbox.control.set_options(dac_role=False)
    outcomes = sync(pipeline, instance, DacTable("SOOrder"), "Account")
    assert "OData4 User" in (outcomes["SOOrder"].error or "")
    assert outcomes["SOOrder"].unreadable
    assert outcomes["Account"].error is None


def test_three_lines_are_enough(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    pipeline.run(acumatica(credentials_of(sandbox), load=[DacTable("SOOrder")]))
    assert_equal(pipeline, sandbox, "so_order", "SalesOrder", ORDER)
    assert sandbox.control.counters()["seats_now"] == 0


def test_metadata_are_fetched_once_a_build(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sync(pipeline, instance, DacTable("SOOrder"), DacTable("InventoryItem"))
    again = connect(credentials_of(sandbox), "Default", None, 2, None)
    sync(pipeline, again, DacTable("SOOrder"))
    paths = [one["path"] for one in sandbox.control.requests()]
    assert len([path for path in paths if path.endswith("dac/$metadata")]) == 1


def test_rows_that_outgrow_the_metadata_have_them_fetched_anew(
    sandbox: Sandbox, pipeline: dlt.Pipeline, tmp_path: Path
) -> None:
    def once() -> None:
        instance = connect(credentials_of(sandbox), "Default", None, 2, None)
        assert sync(pipeline, instance, DacTable("SOOrder"))["SOOrder"].error is None

    once()
    (kept,) = (file for file in tmp_path.rglob("*.json") if b"PX_Objects_SO" in file.read_bytes())
    before = kept.read_bytes()
    kept.write_bytes(before.replace(b'["OrderDesc","text"],', b""))
    sandbox.control.advance(3_600)
    sandbox.control.mutate(5, ["SalesOrder"], ["update"], seed=1)
    once()
    assert kept.read_bytes() == before
    assert_equal(pipeline, sandbox, "so_order", "SalesOrder", ORDER)


@pytest.mark.parametrize("page", [0, 1, 2], ids=["first page", "second page", "later page"])
def test_an_order_that_is_not_kept_does_not_lose_rows(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline, page: int
) -> None:
    sandbox.control.fault("shuffle", path="odata/dac/SOOrder", after=page)
    outcomes = sync(pipeline, instance, DacTable("SOOrder", page_size=10))
    assert outcomes["SOOrder"].error is None
    assert_equal(pipeline, sandbox, "so_order", "SalesOrder", ORDER)


def test_keys_that_cannot_be_compared_are_paged_by_offset(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    table = DacTable("SOOrder", key=["NoteID"], page_size=20)
    for seed in range(2):
        sync(pipeline, instance, table)
        assert_equal(pipeline, sandbox, "so_order", "SalesOrder", ORDER)
        sandbox.control.advance(3_600)
        sandbox.control.mutate(20, ["SalesOrder"], seed=seed)


def test_a_next_link_to_another_host_is_not_followed(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sandbox.control.fault("foreign_link", path="odata/dac/SOOrder")
    outcomes = sync(pipeline, instance, DacTable("SOOrder"))
    assert "credentials are not sent there" in (outcomes["SOOrder"].error or "")
