"""Answers that lack rows, have some twice or are cut short without a word: none is lost by that."""

from collections.abc import Iterator
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, EntityOptions
from acumatica_source.source import Load
from tests.resources.proxy import Query, proxy
from tests.resources.runs import succeed
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow

CAPS = {
    "records": ["cap_records"],
    "stamps": ["cap_stamps"],
    "feeds": ["cap_feeds"],
    "all": ["cap_records", "cap_stamps", "cap_feeds"],
}


@pytest.fixture(scope="module")
def large() -> Iterator[Sandbox]:
    """One that has more orders than any of the limits."""
    with Sandbox(SandboxOptions(records=600)) as running:
        running.control.mutate(1_000, ["SalesOrder"], ["insert"], seed=1)
        yield running


@pytest.fixture
def site(large: Sandbox) -> Iterator[Sandbox]:
    yield large
    large.control.reset_options()
    large.control.clear_faults()


def assert_loaded(pipeline: dlt.Pipeline, sandbox: Sandbox) -> None:
    assert_equal(pipeline, sandbox, "SalesOrder")
    rows = pipeline.dataset()["so_order"].select("order_type", "order_nbr", "order_desc").fetchall()
    truth = sandbox.control.rows("SalesOrder")
    assert sorted(rows) == sorted((r["OrderType"], r["OrderNbr"], r["Description"]) for r in truth)


@pytest.mark.parametrize(
    ("cap", "capped", "way"),
    [
        (50, "all", "lines"),
        (200, "records", "command"),
        (200, "stamps", "command"),
        (200, "feeds", "command"),
        (1_000, "all", "command"),
        (1_000, "stamps", "lines"),
    ],
)
def test_a_limit_that_nobody_tells_loses_and_deletes_nothing(
    site: Sandbox, pipeline: dlt.Pipeline, cap: int, capped: str, way: str
) -> None:
    load: list[Load] = [EntityOptions("SalesOrder", page_size=1_100), DacTable("SOOrder")]
    site.control.set_options(**dict.fromkeys(CAPS[capped], cap))
    succeed(pipeline, site, *load, way=way)
    assert_loaded(pipeline, site)
    site.control.advance(3_600)
    site.control.mutate(40, ["SalesOrder"], seed=cap)
    succeed(pipeline, site, *load, way=way)
    assert_loaded(pipeline, site)


@pytest.mark.parametrize("short", [slice(None, 1), slice(-1, None)], ids=["first", "last"])
def test_one_page_of_the_first_load_lacks_all_rows_but_one(
    site: Sandbox, pipeline: dlt.Pipeline, short: slice
) -> None:
    shortened = 0

    def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
        nonlocal shortened
        if not shortened and path.endswith("/SalesOrder") and len(rows) == 500:
            shortened += 1
            return rows[short]
        return rows

    with proxy(site) as between:
        between.edit = edit
        succeed(pipeline, between.credentials, EntityOptions("SalesOrder"))
        assert shortened == 1
        assert_equal(pipeline, site, "SalesOrder")


@pytest.fixture
def small() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=300)) as running:
        yield running


@pytest.mark.parametrize("kind", ["duplicate_row", "missing_row"])
@pytest.mark.parametrize("full", [True, False], ids=["first load", "later run"])
def test_a_page_with_a_row_too_many_or_too_few(
    small: Sandbox, pipeline: dlt.Pipeline, kind: str, full: bool
) -> None:
    load: list[Load] = [
        EntityOptions("SalesOrder", page_size=12, full=full),
        DacTable("SOOrder", page_size=12, full=full),
    ]
    succeed(pipeline, small, *load)
    for place in range(4):
        small.control.advance(3_600)
        small.control.mutate(10, ["SalesOrder"], seed=place)
        for path in ("/SalesOrder$", "odata/dac/SOOrder$"):
            small.control.fault(kind, path=path, method="GET", after=place)
        succeed(pipeline, small, *load)
        small.control.clear_faults()
        assert_loaded(pipeline, small)
