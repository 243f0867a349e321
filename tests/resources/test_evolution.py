"""A contract that changes between syncs changes the tables, and loses nothing."""

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source.cli import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox) -> None:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (outcome,) = runner.sync(pipeline, instance, ["SalesOrder"], lambda one: None)
    assert outcome.error is None


def columns(pipeline: dlt.Pipeline, table: str) -> list[str]:
    return list(pipeline.dataset()[table].columns_schema)


def contracts_fetched(sandbox: Sandbox) -> int:
    return sum("swagger.json" in one["path"] for one in sandbox.control.requests())


def test_a_run_without_changes_fetches_no_contract(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    sync(pipeline, sandbox)
    before = columns(pipeline, "sales_order")
    sandbox.control.reset_counters()
    sync(pipeline, sandbox)
    assert contracts_fetched(sandbox) == 0
    assert columns(pipeline, "sales_order") == before


@pytest.mark.parametrize(
    ("change", "table", "column"),
    [
        ({"add": {"Novelty": "s"}}, "sales_order", "novelty"),
        ({"add": {"Details/Novelty": "d"}}, "sales_order__details", "novelty"),
    ],
    ids=["of the record", "of its lines"],
)
def test_a_new_field_arrives(
    sandbox: Sandbox, pipeline: dlt.Pipeline, change: dict[str, object], table: str, column: str
) -> None:
    sync(pipeline, sandbox)
    before = columns(pipeline, table)
    assert column not in before
    sandbox.control.set_contract("SalesOrder", **change)
    sandbox.control.reset_counters()
    sandbox.control.advance(3_600)
    sandbox.control.mutate(30, ["SalesOrder"], ["update"], seed=1)
    sync(pipeline, sandbox)
    assert contracts_fetched(sandbox) == 1
    assert columns(pipeline, table)[: len(before)] == before
    assert column in columns(pipeline, table)
