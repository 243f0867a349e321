"""Lists come in orders that are not the key's, or in another with every request."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, EntityOptions, GenericInquiry
from acumatica_source.source import Load
from tests.resources.proxy import Query, proxy
from tests.resources.runs import WAYS, database, hyphenated, requests, run, succeed
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow

ORDERS = EntityOptions("SalesOrder", page_size=8)
ONE_BY_ONE = EntityOptions("Payment", page_size=6)
KEYS = {"SalesOrder": "OrderNbr", "Payment": "ReferenceNbr"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=300)) as running:
        yield running


def change(sandbox: Sandbox, entity: str, seed: int) -> None:
    """What stamps tell, and what only a sweep can find."""
    sandbox.control.advance(3_600)
    sandbox.control.mutate(15, [entity], seed=seed)
    rows = sandbox.control.rows(entity)
    stamp = next(name for name in rows[0] if name.startswith("LastModified"))
    for place, late in enumerate(rows[5:30:6]):
        earlier = {stamp: rows[place][stamp] - timedelta(days=seed + 1)}
        sandbox.control.put(entity, {**late, "Description": "late", **earlier})
        new = {"id": str(uuid4()), KEYS[entity]: f"L-{seed}{place}"}
        sandbox.control.put(entity, {**late, **earlier, **new})
    for gone in rows[7:30:6]:
        sandbox.control.delete(entity, gone["id"])


@pytest.mark.parametrize(
    ("load", "way"), [(ORDERS, "command"), (ORDERS, "lines"), (ONE_BY_ONE, "command")], ids=str
)
@pytest.mark.parametrize("order", ["hashed", "modified", "key"])
def test_a_stable_order_that_is_not_the_keys(
    sandbox: Sandbox, pipeline: dlt.Pipeline, load: EntityOptions, order: str, way: str
) -> None:
    hyphenated(sandbox, load.name, KEYS[load.name])
    sandbox.control.set_options(list_order=order)
    for seed in range(2):
        succeed(pipeline, sandbox, load, way=way)
        assert_equal(pipeline, sandbox, load.name)
        change(sandbox, load.name, seed)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["the same id", "another id"])
def test_rows_that_an_earlier_version_doubled_are_mended(
    sandbox: Sandbox, pipeline: dlt.Pipeline, kind: str, way: str
) -> None:
    succeed(pipeline, sandbox, ORDERS, way=way)
    with database(pipeline) as connection:
        picked = "substr({}, 1, 1) < '5'"
        for table, column in (
            ("sales_order", "id"),
            ("sales_order__details", "_parent_id"),
            ("sales_order__details__allocations", "_parent_id"),
            ("sales_order__tax_details", "_parent_id"),
        ):
            ours = f"'0' || substr({column}, 2)" if kind == "another id" else column
            doubled = connection.execute(
                f"INSERT INTO erp.{table} SELECT * REPLACE ({ours} AS {column}) FROM erp.{table} "
                f"WHERE {picked.format(column)} AND substr({column}, 1, 1) > '0'"
            ).fetchone()
            assert doubled is not None
            assert doubled[0] > 5
    succeed(pipeline, sandbox, ORDERS, way=way)
    assert_equal(pipeline, sandbox, "SalesOrder")


CHANGING: list[dict[str, Any]] = [{"list_order": "random"}, {"unstable_order": True}]
NAMES = ["random", "mixed pages"]


@pytest.mark.parametrize(
    ("load", "way"), [(ORDERS, "command"), (ORDERS, "lines"), (ONE_BY_ONE, "command")], ids=str
)
@pytest.mark.parametrize("options", CHANGING, ids=NAMES)
def test_an_order_that_changes_between_requests_is_read_in_one(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    load: EntityOptions,
    options: dict[str, Any],
    way: str,
) -> None:
    sandbox.control.set_options(**options)
    for seed in range(2):
        sandbox.control.reset_counters()
        succeed(pipeline, sandbox, load, way=way)
        assert_equal(pipeline, sandbox, load.name)
        assert any("$top" not in asked for asked in requests(sandbox, f"/{load.name}"))
        change(sandbox, load.name, seed)


@pytest.mark.parametrize("way", WAYS)
def test_an_inquiry_whose_order_changes_is_read_in_one_request(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str
) -> None:
    sandbox.control.set_options(unstable_order=True)
    load: list[Load] = [
        GenericInquiry("BI-Customers", page_size=4),
        DacTable("SOOrder", page_size=8),
    ]
    for seed in range(2):
        succeed(pipeline, sandbox, *load, way=way)
        for table, entity in (("bi_customers", "Customer"), ("so_order", "SalesOrder")):
            rows = pipeline.dataset()[table].fetchall()
            assert len(rows) == len(set(rows)) == len(sandbox.control.rows(entity))
        sandbox.control.mutate(30, ["Customer", "SalesOrder"], seed=seed)


def is_whole(path: str, query: Query) -> bool:
    """Whether a list of orders is asked for in one answer."""
    by_name = "OrderNbr eq" in query.get("$filter", "")
    return path.endswith("/SalesOrder") and "$top" not in query and not by_name


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("options", CHANGING, ids=NAMES)
@pytest.mark.parametrize("because", ["it is refused", "of a limit"])
def test_an_order_that_changes_and_no_answer_with_all_of_it_is_an_error(
    sandbox: Sandbox, pipeline: dlt.Pipeline, options: dict[str, Any], because: str, way: str
) -> None:
    load = EntityOptions("SalesOrder", page_size=2)
    succeed(pipeline, sandbox, load, way=way)
    before = pipeline.dataset()["sales_order"].select("id", "last_modified").fetchall()
    sandbox.control.set_options(**options)
    if because == "of a limit":
        sandbox.control.set_options(cap_records=10, cap_stamps=10)
    with proxy(sandbox) as site:
        if because == "it is refused":
            site.refuse = lambda path, query: "/SalesOrder" in path and "$top" not in query
        done = run(pipeline, site.credentials, replace(load, full=True), way=way)
        for error in map(str.lower, done.errors):
            assert "salesorder could not be read completely" in error or "refused" in error, error
            advised = "name the fields that its list is sorted by" in error
            assert advised or "refused" in error, error
        # an order that changes may show every row by chance, and then nothing is wrong
        after = pipeline.dataset()["sales_order"].select("id", "last_modified").fetchall()
        assert sorted(after) == sorted(before)
