"""Somebody drops tables in the warehouse: the next run makes them again, with all they held."""

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions
from tests.resources.runs import WAYS, database, succeed
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow

LOAD = EntityOptions("Vendor")
DROPPED = {
    "a table of details": "DROP TABLE erp.vendor__attributes",
    "the table of records": "DROP TABLE erp.vendor",
    "a column": "ALTER TABLE erp.vendor DROP COLUMN vendor_name",
    "a column of details": "ALTER TABLE erp.vendor__attributes DROP COLUMN value",
    "the stamp": "ALTER TABLE erp.vendor DROP COLUMN last_modified_date_time",
    "the key": "ALTER TABLE erp.vendor DROP COLUMN vendor_id",
    "the tables": "DROP TABLE erp.vendor; DROP TABLE erp.vendor__attributes",
    "the dataset": "DROP SCHEMA erp CASCADE",
    "the staging dataset": "DROP SCHEMA IF EXISTS erp_staging CASCADE",
}


@pytest.mark.parametrize(
    ("what", "way", "changes"),
    [
        *((what, WAYS[place % 2], 0) for place, what in enumerate(DROPPED)),
        ("the dataset", WAYS[0], 0),
        ("the tables", WAYS[1], 0),
        ("a table of details", WAYS[1], 20),
    ],
)
def test_what_was_dropped_comes_back(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str, what: str, changes: int
) -> None:
    for _ in range(2):
        succeed(pipeline, sandbox, LOAD, way=way)
    with database(pipeline) as connection:
        connection.execute(DROPPED[what])
    if changes:
        sandbox.control.mutate(changes, ["Vendor"], seed=1)
    for _ in range(2):
        succeed(pipeline, sandbox, LOAD, way=way, allow_deletes=True)
        assert_equal(pipeline, sandbox, "Vendor")
