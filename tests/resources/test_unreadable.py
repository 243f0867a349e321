"""What a server does not show: a record, or the stamp. The rest is loaded, and it is said."""

import logging
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions
from tests.cli.test_failures import acumatica
from tests.cli.test_kill import environment, warehouse
from tests.resources.runs import run, succeed
from tests.resources.warehouse import assert_equal, loaded, truth


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entity", "key"), [("SalesOrder", "OrderNbr"), ("Payment", "ReferenceNbr")]
)
def test_one_record_that_cannot_be_shown(
    sandbox: Sandbox, tmp_path: Path, entity: str, key: str
) -> None:
    env = environment(sandbox, tmp_path)
    record = sandbox.control.rows(entity)[7]

    def sync() -> tuple[int, str]:
        done = acumatica("sync", entity, "--duckdb", "w.db", cwd=tmp_path, env=env)
        return done.returncode, done.stdout + done.stderr

    def others_are_loaded(lacks: bool) -> None:
        for table, rows in truth(sandbox, entity).items():
            found = loaded(warehouse(tmp_path), table)
            expected = {i: row for i, row in rows.items() if i[0] != record["id"]}
            assert {i: row for i, row in found.items() if i[0] != record["id"]} == expected
            assert lacks != any(i[0] == record["id"] for i in found) or table.count("__")

    sandbox.control.make_unreadable(entity, record["id"])
    for _ in range(2):
        code, said = sync()
        assert code == 1
        assert record[key] in said
        others_are_loaded(lacks=True)
    sandbox.control.make_all_readable()
    assert sync()[0] == 0
    assert_equal(warehouse(tmp_path), sandbox, entity)
    sandbox.control.make_unreadable(entity, record["id"])
    sandbox.control.advance(3_600)
    sandbox.control.put(entity, {"id": record["id"], "Description": "changed, but not shown"})
    code, said = sync()
    assert code == 1
    assert record[key] in said
    others_are_loaded(lacks=False)


@pytest.mark.slow
@pytest.mark.parametrize("later", [False, True], ids=["the first load", "a later one"])
def test_what_was_not_shown_is_asked_for_again_where_nothing_is_compared(
    sandbox: Sandbox, pipeline: dlt.Pipeline, later: bool
) -> None:
    load = EntityOptions("SalesOrder", expand=(), verify="never")
    record = sandbox.control.rows("SalesOrder")[7]
    if later:
        succeed(pipeline, sandbox, load)
        sandbox.control.advance(3_600)
        sandbox.control.put("SalesOrder", {"id": record["id"], "Description": "changed"})
    sandbox.control.make_unreadable("SalesOrder", record["id"])
    assert record["OrderNbr"] in run(pipeline, sandbox, load).errors[0]
    for _ in range(2):
        sandbox.control.advance(86_400)
        assert record["OrderNbr"] in run(pipeline, sandbox, load).errors[0]
    sandbox.control.make_all_readable()
    succeed(pipeline, sandbox, load)
    orders = truth(sandbox, "SalesOrder")["sales_order"]
    found = loaded(pipeline, "sales_order")
    assert found.keys() == orders.keys()
    assert found[(record["id"],)].get("description") == orders[(record["id"],)].get("description")


@pytest.mark.parametrize("way", ["command", "lines"])
def test_a_server_that_refuses_to_select_the_stamp_is_loaded_whole(
    sandbox: Sandbox, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    sandbox.control.set_options(stamp_not_selectable=("SalesOrder",))
    load = EntityOptions("SalesOrder", page_size=10)
    succeed(pipeline, sandbox, load, way=way)
    assert_equal(pipeline, sandbox, "SalesOrder")
    for seed in range(2):
        sandbox.control.advance(3_600)
        sandbox.control.mutate(15, ["SalesOrder"], seed=seed)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "acumatica_source"):
            succeed(pipeline, sandbox, load, way=way)
        assert any("loaded whole" in one.getMessage() for one in caplog.records)
        assert_equal(pipeline, sandbox, "SalesOrder")
