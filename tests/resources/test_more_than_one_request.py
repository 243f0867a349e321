"""A page that takes several requests, or keys that several records share, lose no value or row."""

from collections.abc import Iterator
from datetime import timedelta

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, EntityOptions, GenericInquiry
from acumatica_source.source import Load
from tests.resources.proxy import Query, proxy
from tests.resources.runs import WAYS, run, succeed
from tests.resources.warehouse import assert_equal, assert_equal_by_key

pytestmark = pytest.mark.slow

ORDERS = EntityOptions("SalesOrder", page_size=20)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=400)) as running:
        yield running


def many_custom_fields(sandbox: Sandbox, entity: str, view: str) -> None:
    places = (f"{view}.", "Details/Transactions.") if entity == "SalesOrder" else (f"{view}.",)
    fields = {f"{place}UsrField{n:03}": "s" for place in places for n in range(90)}
    sandbox.control.set_contract(entity, custom=fields)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("page_size", [8, 20])
def test_custom_values_of_a_list_in_another_order_with_every_request(
    sandbox: Sandbox, pipeline: dlt.Pipeline, page_size: int, way: str
) -> None:
    many_custom_fields(sandbox, "SalesOrder", "Document")
    sandbox.control.set_options(list_order="random")
    succeed(pipeline, sandbox, EntityOptions("SalesOrder", page_size=page_size), way=way)
    assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.parametrize(
    ("entity", "view", "key"),
    [
        ("SalesOrder", "Document", ["order_type", "order_nbr"]),
        ("Customer", "BAccount", ["customer_id"]),
    ],
)
def test_custom_values_under_ids_of_two_sessions(
    sandbox: Sandbox, pipeline: dlt.Pipeline, entity: str, view: str, key: list[str]
) -> None:
    many_custom_fields(sandbox, entity, view)
    sandbox.control.set_options(session_ids=0.5)
    succeed(pipeline, sandbox, EntityOptions(entity, page_size=20), sessions=3)
    assert_equal_by_key(pipeline, sandbox, entity, key)


@pytest.mark.parametrize("entity", ["SalesOrder", "Customer"])
@pytest.mark.parametrize("status", ["400", "500"])
def test_a_refused_condition_on_keys_costs_no_custom_field(
    sandbox: Sandbox, pipeline: dlt.Pipeline, status: str, entity: str
) -> None:
    key = {"SalesOrder": "OrderNbr", "Customer": "CustomerID"}[entity]
    with proxy(sandbox) as site:

        def refuse(path: str, query: Query) -> bool:
            return path.endswith(f"/{entity}") and f"{key} " in query.get("$filter", "")

        site.refuse = refuse
        site.status = int(status)
        load = EntityOptions(entity, page_size=8)
        for seed in range(2):
            succeed(pipeline, site.credentials, load)
            assert_equal(pipeline, sandbox, entity)
            sandbox.control.advance(3_600)
            sandbox.control.mutate(8, [entity], seed=seed)


@pytest.mark.parametrize("verify", [timedelta(days=1), "never"])
def test_records_that_share_a_key_do_not_take_each_others_place(
    sandbox: Sandbox, pipeline: dlt.Pipeline, verify: timedelta | str
) -> None:
    load = EntityOptions("SalesOrder", page_size=8, keys=["CustomerID"], verify=verify)
    succeed(pipeline, sandbox, load)
    sandbox.control.advance(3_600)
    sandbox.control.mutate(8, ["SalesOrder"], ["update", "insert", "lines"], seed=3)
    succeed(pipeline, sandbox, load)
    assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.parametrize(
    "load",
    [
        GenericInquiry("Sales Orders", key=["Description"], page_size=7),
        DacTable("SOOrder", key=["OrderDesc"], page_size=7),
    ],
    ids=["inquiry", "class"],
)
def test_two_rows_of_one_key_where_pages_meet_are_refused(
    sandbox: Sandbox, pipeline: dlt.Pipeline, load: Load
) -> None:
    rows = sandbox.control.rows("SalesOrder")
    for place, row in enumerate(rows):
        number = 6 if place == len(rows) - 1 else place
        sandbox.control.put("SalesOrder", {**row, "Description": f"order {number:04}"})
    (error,) = run(pipeline, sandbox, load).errors
    assert "is not unique" in error


@pytest.mark.parametrize("full", [True, False], ids=["first load", "later run"])
def test_a_row_that_a_page_lists_twice_is_written_once_where_records_are_read_one_by_one(
    sandbox: Sandbox, pipeline: dlt.Pipeline, full: bool
) -> None:
    load = EntityOptions("Customer", page_size=8, full=full)
    with proxy(sandbox) as site:
        site.edit = lambda path, query, rows: (
            [*rows, rows[-1]] if path.endswith("/Customer") and len(rows) > 1 else rows
        )
        for seed in range(2):
            succeed(pipeline, site.credentials, load)
            assert_equal(pipeline, sandbox, "Customer")
            sandbox.control.advance(3_600)
            sandbox.control.mutate(8, ["Customer"], seed=seed)
