"""A load that was cut off between two tables is made good by the next run with a sweep."""

from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox
from tests.resources.runs import WAYS, database, lake, succeed
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("way", WAYS)
def test_details_that_did_not_come_with_their_records_do(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str
) -> None:
    succeed(pipeline, sandbox, "SalesOrder", way=way)
    with database(pipeline) as warehouse:
        warehouse.execute("UPDATE erp.sales_order SET _dlt_load_id = '1' WHERE order_nbr > '00001'")
        warehouse.execute(
            "DELETE FROM erp.sales_order__details WHERE _parent_id IN "
            "(SELECT id FROM erp.sales_order WHERE _dlt_load_id = '1')"
        )
    succeed(pipeline, sandbox, "SalesOrder", way=way)
    assert_equal(pipeline, sandbox, "SalesOrder")
    assert succeed(pipeline, sandbox, "SalesOrder", way=way).written == 0


@pytest.mark.parametrize("way", WAYS)
def test_details_whose_records_were_taken_out_are_taken_out(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str
) -> None:
    succeed(pipeline, sandbox, "SalesOrder", way=way)
    gone, *_ = sandbox.control.rows("SalesOrder")
    sandbox.control.delete("SalesOrder", gone["id"])
    with database(pipeline) as warehouse:
        warehouse.execute("DELETE FROM erp.sales_order WHERE id = ?", [gone["id"]])
    succeed(pipeline, sandbox, "SalesOrder", way=way)
    assert_equal(pipeline, sandbox, "SalesOrder")
    assert succeed(pipeline, sandbox, "SalesOrder", way=way).written == 0


def test_loads_of_files_are_told_apart_too(sandbox: Sandbox, tmp_path: Path) -> None:
    succeed(lake(tmp_path), sandbox, "SalesOrder")
    sandbox.control.advance(3_600)
    sandbox.control.mutate(3, ["SalesOrder"], ["insert"], seed=1)
    assert succeed(lake(tmp_path), sandbox, "SalesOrder").written > 0
    first, *_ = sorted((tmp_path / "lake" / "erp" / "_dlt_loads").glob("acumatica__*"))
    first.unlink()
    orders = len(sandbox.control.rows("SalesOrder")) - 3
    assert succeed(lake(tmp_path), sandbox, "SalesOrder").written >= orders
    assert succeed(lake(tmp_path), sandbox, "SalesOrder").written == 0
