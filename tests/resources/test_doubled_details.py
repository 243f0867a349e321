"""Details that were loaded twice are found by the next run with a sweep, though none changed."""

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions, acumatica
from tests.conftest import credentials_of
from tests.resources.runs import WAYS, database, succeed
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow


def double(pipeline: dlt.Pipeline, table: str, which: str) -> None:
    """Have some rows twice, as a job leaves them that is done again."""
    with database(pipeline) as warehouse:
        warehouse.execute(f"INSERT INTO erp.{table} SELECT * FROM erp.{table} WHERE {which}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("entity", "table", "which"),
    [
        ("SalesOrder", "sales_order__details", "true"),
        ("SalesOrder", "sales_order__details", "_position = 0"),
        ("Customer", "customer__attributes", "true"),
        ("Customer", "customer__contacts", "true"),
    ],
)
def test_their_records_are_loaded_again(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str, entity: str, table: str, which: str
) -> None:
    succeed(pipeline, sandbox, entity, way=way)
    double(pipeline, table, which)
    succeed(pipeline, sandbox, entity, way=way)
    assert_equal(pipeline, sandbox, entity)
    assert succeed(pipeline, sandbox, entity, way=way).written == 0


def test_so_are_those_whose_attributes_are_columns(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    load = EntityOptions("Customer", expand=("Attributes",), pivot_attributes=True)
    table = "customer__attributes"
    succeed(pipeline, sandbox, load)
    before = pipeline.dataset()[table].fetchall()
    double(pipeline, table, "true")
    succeed(pipeline, sandbox, load)
    assert len(pipeline.dataset()[table].fetchall()) == len(before)


def test_rows_of_two_tenants_are_not_taken_for_one_that_is_there_twice(
    pipeline: dlt.Pipeline,
) -> None:
    tenants = ("Company", "Second")
    options = SandboxOptions(records=60, tenants=tenants, tenant_data="snapshot")
    with Sandbox(options) as sandbox:
        credentials = credentials_of(sandbox)
        for _ in range(2):
            for tenant in tenants:
                credentials.tenant = tenant
                pipeline.run(acumatica(credentials, load=["Bill"], tenant_column=True))
    trace = pipeline.last_trace
    assert trace is not None
    assert trace.last_normalize_info is not None
    written = trace.last_normalize_info.row_counts
    assert not [table for table in written if written[table] and not table.startswith("_dlt")]
