"""What a run costs where little or much has changed: requests, and rows that are written."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, EntityOptions
from tests.resources.runs import database, lake, requests, succeed
from tests.resources.warehouse import assert_equal, assert_equal_by_key

pytestmark = pytest.mark.slow

OLD = datetime(2025, 1, 1, tzinfo=UTC)
KEYS = ("OrderType", "OrderNbr")


@pytest.mark.parametrize("way", ["command", "lines"])
def test_a_run_without_changes_makes_one_request_a_table(pipeline: dlt.Pipeline, way: str) -> None:
    entities = ["Account", "Customer", "JournalTransaction", "Payment", "SalesOrder", "StockItem"]
    with Sandbox(SandboxOptions(records=60)) as sandbox:
        succeed(pipeline, sandbox, *entities, DacTable("SOOrder"), way=way)
        sandbox.control.advance(3_600)
        sandbox.control.reset_counters()
        assert succeed(pipeline, sandbox, *entities, DacTable("SOOrder"), way=way).written == 0
        asked = {one: len(requests(sandbox, f"/{one}")) for one in [*entities, "SOOrder"]}
        assert asked == dict.fromkeys(asked, 1)
        assert not requests(sandbox, "$adHocSchema")


@pytest.mark.parametrize(
    ("load", "table", "path"),
    [
        (EntityOptions("SalesOrder", expand=(), page_size=500), "sales_order", "/SalesOrder"),
        (DacTable("SOOrder", page_size=500, columns=["Status"]), "so_order", "/dac/SOOrder"),
    ],
    ids=["entity", "class"],
)
def test_a_large_table_is_compared_once_a_day(
    pipeline: dlt.Pipeline, load: EntityOptions | DacTable, table: str, path: str
) -> None:
    with Sandbox(SandboxOptions(records=30_000)) as sandbox:
        succeed(pipeline, sandbox, load)
        rows = sandbox.control.rows("SalesOrder")
        assert len(rows) > 5_000
        for place in (5, 50, 5_000):
            sandbox.control.delete("SalesOrder", rows[place]["id"])
        for place in (7, 70, 5_500):
            keys = {name: rows[place][name] for name in KEYS}
            sandbox.control.put("SalesOrder", {**keys, "LastModified": OLD, "Hold": True})

        def asked(hours: int) -> int:
            sandbox.control.advance(hours * 3_600)
            sandbox.control.reset_counters()
            succeed(pipeline, sandbox, load)
            return len(requests(sandbox, path))

        def found() -> list[tuple[str, ...]]:
            return sorted(pipeline.dataset()[table].select("order_type", "order_nbr").fetchall())

        assert asked(1) == 1
        assert len(found()) == len(rows), "what is deleted is not seen yet"
        slices = 2
        assert asked(24) <= 1 + 4 * slices + 3
        there = sandbox.control.rows("SalesOrder")
        assert found() == sorted(tuple(row[name] for name in KEYS) for row in there)
        assert asked(1) == 1
        assert asked(24) == 1 + slices, "a slice in which nothing changed is one request"


@pytest.mark.parametrize("why", ["old stamps", "deleted in the warehouse"])
@pytest.mark.parametrize(
    ("load", "table", "path"),
    [
        (EntityOptions("SalesOrder", page_size=30), "sales_order", "/SalesOrder"),
        (DacTable("SOOrder", page_size=30), "so_order", "/dac/SOOrder"),
    ],
    ids=["entity", "class"],
)
def test_many_outdated_rows_cost_less_than_two_full_loads(
    pipeline: dlt.Pipeline, load: EntityOptions | DacTable, table: str, path: str, why: str
) -> None:
    with Sandbox(SandboxOptions(records=1_500)) as sandbox:
        succeed(pipeline, sandbox, load)
        full = len(requests(sandbox, path))
        rows = sandbox.control.rows("SalesOrder")
        sandbox.control.advance(3_600)
        if why == "old stamps":
            for number, row in enumerate(rows[:200]):
                stamp = {"LastModified": OLD + timedelta(seconds=number)}
                keys = {name: row[name] for name in KEYS}
                sandbox.control.put("SalesOrder", {**keys, "Description": "restored", **stamp})
        else:
            with database(pipeline) as connection:
                connection.execute(
                    f"DELETE FROM erp.{table} WHERE order_nbr IN (SELECT order_nbr "
                    f"FROM erp.{table} ORDER BY order_nbr LIMIT 200)"
                )
        sandbox.control.reset_counters()
        succeed(pipeline, sandbox, load)
        assert len(requests(sandbox, path)) <= 2 * full
        found = pipeline.dataset()[table].select("order_type", "order_nbr").fetchall()
        assert sorted(found) == sorted(tuple(row[name] for name in KEYS) for row in rows)
        if isinstance(load, EntityOptions):
            assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.parametrize(
    ("entity", "key"),
    [("SalesOrder", ["order_type", "order_nbr"]), ("Payment", ["type", "reference_nbr"])],
)
def test_records_without_a_stamp_are_not_read_again(
    pipeline: dlt.Pipeline, entity: str, key: list[str]
) -> None:
    with Sandbox(SandboxOptions(records=300, null_stamps=0.4)) as sandbox:
        succeed(pipeline, sandbox, entity)
        sandbox.control.advance(3_600)
        for _ in range(2):
            sandbox.control.reset_counters()
            assert succeed(pipeline, sandbox, entity).written == 0
            assert len(requests(sandbox, f"/{entity}")) <= 8
        stamps = ("last_modified", "last_modified_date_time")
        assert_equal_by_key(pipeline, sandbox, entity, key, without=stamps)
        sandbox.control.mutate(5, [entity], ["insert", "delete"], seed=1)
        succeed(pipeline, sandbox, entity)
        assert_equal_by_key(pipeline, sandbox, entity, key, without=stamps)


@pytest.mark.parametrize("destination", ["DuckDB", "Parquet"])
@pytest.mark.parametrize("way", ["command", "lines"])
def test_a_quiet_entity_whose_last_change_was_large_is_not_read_again(
    pipeline: dlt.Pipeline, tmp_path: Path, destination: str, way: str
) -> None:
    into = pipeline if destination == "DuckDB" else lake(tmp_path)
    with Sandbox(SandboxOptions(records=100)) as sandbox:
        sandbox.control.mutate(500, ["Payment"], ["insert"], seed=1)
        sandbox.control.advance(60)
        load = EntityOptions("Payment", page_size=200, exclude=["ApplicationHistory"])
        assert succeed(into, sandbox, load, way=way).written > 500
        files = sorted((tmp_path / "lake" / "erp" / "payment").rglob("*"))
        for pause in (3_600, 86_400):
            sandbox.control.advance(pause)
            sandbox.control.reset_counters()
            assert succeed(into, sandbox, load, way=way).written == 0
            assert len(requests(sandbox, "/Payment")) <= 10
        assert sorted((tmp_path / "lake" / "erp" / "payment").rglob("*")) == files
