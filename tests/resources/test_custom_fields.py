"""Custom fields: typed, however many there are, and free to come and go."""

import os
from pathlib import Path
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import CustomFields, EntityOptions
from acumatica_source.running import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.proxy import proxy
from tests.resources.warehouse import assert_equal, loaded

pytestmark = pytest.mark.slow

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
    let_a_day_pass()
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


def refused_columns(pipeline: dlt.Pipeline, table: str, name: str) -> tuple[bool, bool]:
    """Whether a refused field has values, and whether another one of that table has."""
    rows = pipeline.dataset()[table].fetchall()
    names = list(pipeline.dataset()[table].columns_schema)
    filled = {n for n, values in zip(names, zip(*rows, strict=True), strict=False) if any(values)}
    custom = {n for n in filled if n.startswith("custom__")}
    return name in custom, bool(custom - {name})


REFUSED = "AccountRecords.UsrGroupMask"


@pytest.mark.parametrize(
    ("entity", "place", "table"),
    [
        ("SalesOrder", "", "sales_order"),
        ("SalesOrder", "Details/", "sales_order__details"),
        ("Customer", "", "customer"),
    ],
    ids=["of records", "of lines", "of records read one by one"],
)
@pytest.mark.parametrize("siblings", [3, 100], ids=["one request", "several"])
@pytest.mark.parametrize("status", [500, 400])
def test_a_refused_one_costs_itself_alone(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
    entity: str,
    place: str,
    table: str,
    siblings: int,
    status: int,
) -> None:
    custom = {f"{place}AccountRecords.UsrField{n:03}": "s" for n in range(siblings)}
    last = f"{place}{REFUSED}"
    sandbox.control.set_contract(entity, custom={**custom, last: "s"})
    with proxy(sandbox) as site:
        site.status = status
        site.refuse = lambda path, query: last in query.get("$custom", "").split(",")
        sandbox.control.reset_counters()
        instance = connect(site.credentials, "Default", None, 2, None)
        (outcome,) = runner.sync(pipeline, instance, [EntityOptions(entity)], lambda one: None)
    assert outcome.error is None
    refused, others = refused_columns(pipeline, table, "custom__account_records__usr_group_mask")
    assert not refused
    assert others
    (said,) = (one.message for one in caplog.records if "refuses the custom fields" in one.message)
    assert f"{entity}: the server refuses the custom fields {last}; they" in said
    records = sandbox.control.rows(entity)
    assert len(pipeline.dataset()[entity_table(entity)].fetchall()) == len(records)


def entity_table(entity: str) -> str:
    return {"SalesOrder": "sales_order", "Customer": "customer"}[entity]


@pytest.mark.parametrize("entity", ["SalesOrder", "Customer"])
def test_several_are_refused_by_the_sandbox(
    sandbox: Sandbox, pipeline: dlt.Pipeline, entity: str
) -> None:
    names = {f"Some.Usr{letter}": "s" for letter in "ABCDEFG"}
    sandbox.control.set_contract(entity, custom=names)
    refused = tuple(f"{entity}.Some.Usr{letter}" for letter in "BCG")
    sandbox.control.set_options(custom_refused=refused)
    sync(pipeline, sandbox, entity)
    table = pipeline.dataset()[entity_table(entity)]
    for letter in "ABCDEFG":
        values = {
            value for (value,) in table.select(f"custom__some__usr_{letter.lower()}").fetchall()
        }
        assert (values == {None}) is (letter in "BCG")


@pytest.mark.parametrize("entity", ["SalesOrder", "Customer"])
def test_several_are_refused_in_version_5(pipeline: dlt.Pipeline, entity: str) -> None:
    """There the fields are named in `$select`."""
    with Sandbox(SandboxOptions(records=400, contract_version=5)) as sandbox:
        sandbox.control.set_contract(entity, custom={f"Some.Usr{one}": "s" for one in "ABCDE"})
        sandbox.control.set_options(custom_refused=(f"{entity}.Some.UsrB", f"{entity}.Some.UsrE"))
        sync(pipeline, sandbox, entity)
        assert_ids(pipeline, sandbox, entity)
    table = pipeline.dataset()[entity_table(entity)]
    for letter in "ABCDE":
        column = f"custom__some__usr_{letter.lower()}"
        assert ({one for (one,) in table.select(column).fetchall()} == {None}) is (letter in "BE")


def test_one_that_only_some_records_refuse_is_left_out(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    """Binary fields of records that have none are shown."""
    sandbox.control.set_contract("Customer", custom={REFUSED: "s", "AccountRecords.UsrA": "s"})
    last = sandbox.control.rows("Customer")[-1]
    with proxy(sandbox) as site:
        site.refuse = lambda path, query: (
            REFUSED in query.get("$custom", "") and path.endswith((last["id"], last["CustomerID"]))
        )
        instance = connect(site.credentials, "Default", None, 2, None)
        (outcome,) = runner.sync(pipeline, instance, [EntityOptions("Customer")], lambda one: None)
    assert outcome.error is None
    assert_ids(pipeline, sandbox, "Customer")


def assert_ids(pipeline: dlt.Pipeline, sandbox: Sandbox, entity: str) -> None:
    ids = {one for (one,) in pipeline.dataset()[entity_table(entity)].select("id").fetchall()}
    assert ids == {record["id"] for record in sandbox.control.rows(entity)}


def requests(sandbox: Sandbox) -> list[dict[str, Any]]:
    return sandbox.control.requests()


def let_a_day_pass() -> None:
    """Let what is kept on disk be too old."""
    for file in Path(os.environ["XDG_CACHE_HOME"]).rglob("*.json"):
        os.utime(file, (0, 0))


def touch(sandbox: Sandbox) -> list[str]:
    """Change five orders, an hour later; their ids."""
    sandbox.control.advance(3_600)
    some = [order["id"] for order in sandbox.control.rows("SalesOrder")[:5]]
    for one in some:
        sandbox.control.put("SalesOrder", {"id": one, "Description": "touched"})
    sandbox.control.reset_counters()
    return some
