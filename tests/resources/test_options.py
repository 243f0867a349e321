"""What an entity's options do to its tables."""

from datetime import date

import dlt
import pyarrow as pa
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions
from acumatica_source.reading.instance import Instance
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.warehouse import NAMING


@pytest.fixture
def instance(sandbox: Sandbox) -> Instance:
    return connect(credentials_of(sandbox), "Default", None, 2, None)


def sync(pipeline: dlt.Pipeline, instance: Instance, options: EntityOptions) -> Outcome:
    (outcome,) = runner.sync(pipeline, instance, [options], lambda one: None)
    return outcome


def table(pipeline: dlt.Pipeline, name: str) -> pa.Table:
    found = pipeline.dataset()[name].arrow()
    assert found is not None
    return found


@pytest.mark.slow
def test_attributes_in_columns(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    options = EntityOptions("StockItem", pivot_attributes=True)
    for seed in range(3):
        assert sync(pipeline, instance, options).error is None
        found: dict[str, dict[str, str]] = {}
        for row in table(pipeline, "stock_item__attributes").to_pylist():
            values = {n.removeprefix("attribute__"): v for n, v in row.items() if v is not None}
            assert row["_parent_id"] not in found
            found[row["_parent_id"]] = {n: v for n, v in values.items() if n[0] != "_"}
        assert found == {
            item["id"]: {
                NAMING.normalize_identifier(one["AttributeID"]): one["Value"]
                for one in item["Attributes"]
                if one["Value"] is not None
            }
            for item in sandbox.control.rows("StockItem")
            if item["Attributes"]
        }
        sandbox.control.advance(3_600)
        sandbox.control.mutate(20, ["StockItem"], seed=seed)


def test_files_get_a_table_on_request(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    """A file attached over HTTP is listed with its record; what it holds is behind `href`."""
    account = sandbox.control.rows("Account")[3]
    path = f"entity/Default/24.200.001/Account/{account['AccountCD']}/files/terms.txt"
    with instance.seats.opened() as connection:
        connection.pool.run(lambda session: session.request("PUT", path, data=b"net 30"))
    assert sync(pipeline, instance, EntityOptions("Account", files=True)).error is None
    (file,) = table(pipeline, "account__files").to_pylist()
    assert (file["_parent_id"], file["_position"]) == (account["id"], 0)
    assert file["filename"].endswith("terms.txt")
    with instance.seats.opened() as connection:
        root = sandbox.base_url.partition("//")[2].partition("/")[2]
        below = file["href"].partition(f"/{root}/")[2]
        assert connection.pool.run(lambda session: session.get_bytes(below)).content == b"net 30"


@pytest.mark.parametrize("kept", [False, True], ids=["null", "kept"])
def test_placeholder_dates(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline, kept: bool
) -> None:
    order = sandbox.control.rows("SalesOrder")[0]
    sandbox.control.put("SalesOrder", {"id": order["id"], "RequestedOn": date(1900, 1, 1)})
    options = EntityOptions("SalesOrder", expand=(), keep_placeholders=kept)
    assert sync(pipeline, instance, options).error is None
    dates = {row["id"]: row["requested_on"] for row in table(pipeline, "sales_order").to_pylist()}
    assert dates[order["id"]] == (date(1900, 1, 1) if kept else None)
    others = {one["id"]: one["RequestedOn"] for one in sandbox.control.rows("SalesOrder")[1:]}
    assert {one: dates[one] for one in others} == others


def test_keys_that_are_named_are_paged_by(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    options = EntityOptions("Account", keys=["AccountCD"], page_size=4)
    assert sync(pipeline, instance, options).error is None
    filters = [one["query"].get("$filter", "") for one in sandbox.control.requests()]
    assert sum("AccountCD gt" in one for one in filters) > 1
    assert table(pipeline, "account").num_rows == len(sandbox.control.rows("Account"))


def test_decimals(instance: Instance, pipeline: dlt.Pipeline) -> None:
    sync(pipeline, instance, EntityOptions("SalesOrder", expand=(), decimals=4))
    assert table(pipeline, "sales_order").schema.field("order_total").type == pa.decimal128(38, 4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (EntityOptions("SalesOrder", keys=["Number"]), "no field 'Number' to be a key"),
        (EntityOptions("SalesOrder", decimals=39), "must be from 0 to 38"),
        (EntityOptions("SalesOrder", expand=["Detail"]), "nothing to expand at Detail"),
        (EntityOptions("SalesOrdr"), "Did you mean SalesOrder"),
    ],
    ids=["keys", "decimals", "expand", "entity"],
)
def test_what_makes_no_sense_is_refused(
    instance: Instance, pipeline: dlt.Pipeline, options: EntityOptions, said: str
) -> None:
    try:
        error = sync(pipeline, instance, options).error
    except Exception as raised:
        error = str(raised)
    assert error is not None
    assert said in error


def test_keys_that_are_not_unique_are_noticed_and_nothing_is_lost(
    sandbox: Sandbox,
    instance: Instance,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = EntityOptions("SalesOrder", expand=(), keys=["CustomerID"], page_size=20)
    assert sync(pipeline, instance, options).error is None
    orders = sandbox.control.rows("SalesOrder")
    assert set(table(pipeline, "sales_order")["id"].to_pylist()) == {one["id"] for one in orders}
    assert "Reading it by offset instead" in caplog.text


@pytest.mark.parametrize("kind", ["shuffle", "duplicate_row"])
@pytest.mark.parametrize("after", [0, 2], ids=["first page", "later page"])
def test_pages_out_of_order_lose_nothing(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline, kind: str, after: int
) -> None:
    sandbox.control.fault(kind, path="/SalesOrder$", after=after, times=1)
    options = EntityOptions("SalesOrder", expand=(), page_size=20)
    assert sync(pipeline, instance, options).error is None
    orders = sandbox.control.rows("SalesOrder")
    ids = table(pipeline, "sales_order")["id"].to_pylist()
    assert sorted(ids) == sorted(one["id"] for one in orders)


def test_an_order_that_never_holds_still(
    sandbox: Sandbox, instance: Instance, pipeline: dlt.Pipeline
) -> None:
    sandbox.control.set_options(unstable_order=True)
    assert sync(pipeline, instance, EntityOptions("SalesOrder", page_size=20)).error is None
    orders = sandbox.control.rows("SalesOrder")
    ids = table(pipeline, "sales_order")["id"].to_pylist()
    assert sorted(ids) == sorted(one["id"] for one in orders)
