"""Users edit while a list is read: a stable order is not taken for one that is not."""

from collections.abc import Iterator

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions
from tests.resources.runs import database, succeed

pytestmark = pytest.mark.slow

LOAD = EntityOptions("SalesOrder", expand=(), page_size=100, full=True)
SEEDS = 5


@pytest.fixture(scope="module")
def busy() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=600)) as running:
        running.control.mutate(500, ["SalesOrder"], ["insert"], seed=1)
        yield running


@pytest.mark.parametrize(
    ("order", "kinds", "first_seed"),
    [
        ("hashed", ["update"], 100_000),
        ("hashed", ["insert", "delete"], 200_000),
        ("key", ["insert", "delete"], 300_000),
    ],
    ids=["updates", "rows that come and go", "the same by key"],
)
def test_twenty_edits_before_every_page(
    busy: Sandbox, pipeline: dlt.Pipeline, order: str, kinds: list[str], first_seed: int
) -> None:
    """No seed is used twice: it would insert a deleted record again, as if that had lasted."""
    busy.control.set_options(list_order=order)
    for seed in range(SEEDS):
        before = {row["id"] for row in busy.control.rows("SalesOrder")}
        busy.control.fault(
            "mutate_before",
            path="/SalesOrder$",
            times=0,
            changes=20,
            entities=["SalesOrder"],
            kinds=kinds,
            seed=first_seed + 1000 * seed,
        )
        succeed(pipeline, busy, LOAD, allow_deletes=True)
        busy.control.clear_faults()
        lasting = before & {row["id"] for row in busy.control.rows("SalesOrder")}
        with database(pipeline) as connection:
            rows = connection.sql("SELECT id FROM erp.sales_order").fetchall()
        ids = {identity for (identity,) in rows}
        assert len(ids) == len(rows)
        assert lasting <= ids, seed
