"""Rows that vanish from the source in numbers are not taken out unless somebody allows it."""

from dataclasses import replace
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions, acumatica
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.ledger import LedgerTransactions
from tests.conftest import credentials_of
from tests.resources.proxy import Query, proxy
from tests.resources.runs import WAYS, database, lake, run, succeed
from tests.resources.warehouse import assert_equal


def fewer(share: int) -> Any:
    """A list of which one row in so many is left; none at all for 0."""

    def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
        if not path.endswith("/SalesOrder"):
            return rows
        return [row for row in rows if share and int(row["id"][:4], 16) % share == 0]

    return edit


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("share", [5, 0], ids=["a fifth", "nothing"])
@pytest.mark.parametrize("full", [False, True], ids=["changes", "full"])
def test_a_list_that_turns_short_changes_nothing(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str, share: int, full: bool
) -> None:
    with proxy(sandbox) as site:
        succeed(pipeline, site.credentials, EntityOptions("SalesOrder"), way=way)
        site.edit = fewer(share)
        for _ in range(2):
            (error,) = run(
                pipeline, site.credentials, EntityOptions("SalesOrder", full=full), way=way
            ).errors
            assert "rows are not shown" in error
            assert "--allow-deletes" in error
            assert_equal(pipeline, sandbox, "SalesOrder")
        site.edit = lambda path, query, rows: rows
        succeed(pipeline, site.credentials, EntityOptions("SalesOrder"), way=way)
        assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.slow
def test_what_is_allowed_is_done(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    succeed(pipeline, sandbox, "SalesOrder")
    for record in sandbox.control.rows("SalesOrder")[1:]:
        sandbox.control.delete("SalesOrder", record["id"])
    source = acumatica(credentials_of(sandbox), ["SalesOrder"], allow_deletes=True)
    pipeline.run(source)
    assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.slow
def test_a_limit_of_ones_own(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    succeed(pipeline, sandbox, "SalesOrder")
    records = sandbox.control.rows("SalesOrder")
    for record in records[: len(records) * 6 // 10]:
        sandbox.control.delete("SalesOrder", record["id"])
    assert run(pipeline, sandbox, "SalesOrder").errors
    pipeline.run(acumatica(credentials_of(sandbox), ["SalesOrder"], delete_limit=0.7))
    assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "table", "path"),
    [
        (DacTable("SOOrder"), "so_order", "odata/dac/SOOrder"),
        (GenericInquiry("BI-Customers"), "bi_customers", "odata/gi/BI-Customers"),
    ],
    ids=["class", "inquiry"],
)
def test_the_same_holds_for_feeds(
    sandbox: Sandbox, pipeline: dlt.Pipeline, load: Any, table: str, path: str
) -> None:
    def count() -> int:
        with database(pipeline) as connection:
            return int(connection.sql(f"SELECT count(*) FROM erp.{table}").fetchall()[0][0])

    succeed(pipeline, sandbox, load)
    before = count()
    with proxy(sandbox) as site:
        site.rewrite = lambda asked, body: b'{"value":[]}' if asked.endswith(path) else body
        assert "rows are not shown" in run(pipeline, site.credentials, load).errors[0]
    assert count() == before > 0
    succeed(pipeline, sandbox, load)


@pytest.mark.slow
def test_the_same_holds_for_the_ledger(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    load = LedgerTransactions()
    succeed(pipeline, sandbox, load)
    for record in sandbox.control.rows("JournalTransaction"):
        sandbox.control.delete("JournalTransaction", record["id"])
    assert "rows are not shown" in run(pipeline, sandbox, load).errors[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "load", "full"),
    [
        ("SalesOrder", EntityOptions("SalesOrder", expand=()), {"full": True}),
        ("SalesOrder", DacTable("SOOrder"), {"full": True}),
    ],
    ids=["entity", "class"],
)
def test_rows_that_were_added_again_count_once(
    sandbox: Sandbox, tmp_path: Any, name: str, load: Any, full: dict[str, Any]
) -> None:
    """A lake keeps every version of a row; a full load takes the place of all of them."""
    pipeline = lake(tmp_path)
    succeed(pipeline, sandbox, load)
    for seed in range(3):
        sandbox.control.advance(3_600)
        sandbox.control.mutate(60, [name], ["update"], seed=seed)
        succeed(pipeline, sandbox, load)
    succeed(pipeline, sandbox, replace(load, **full))


@pytest.mark.slow
def test_the_same_holds_for_a_lake(sandbox: Sandbox, tmp_path: Any) -> None:
    pipeline = lake(tmp_path)
    with proxy(sandbox) as site:
        succeed(pipeline, site.credentials, EntityOptions("SalesOrder", expand=()))
        site.edit = fewer(0)
        for full in (False, True):
            load = EntityOptions("SalesOrder", expand=(), full=full)
            assert "rows are not shown" in run(pipeline, site.credentials, load).errors[0]
