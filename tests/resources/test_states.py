"""What a warehouse has lost is loaded again, and a state that cannot be used is refused by name."""

from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions, LedgerTransactions
from acumatica_source.source import Load
from tests.resources.runs import WAYS, database, run, succeed
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow


def in_source(sandbox: Sandbox) -> list[tuple[str, str, str]]:
    """Period, batch and line of all that is posted."""
    return sorted(
        (batch["PostPeriod"], batch["BatchNbr"], line["Account"])
        for batch in sandbox.control.rows("JournalTransaction")
        if batch["Status"] == "Posted"
        for line in batch["Details"]
    )


def in_warehouse(pipeline: dlt.Pipeline) -> list[tuple[str, str, str]]:
    rows = pipeline.dataset()["ledger_transactions"]
    return sorted(rows.select("period_id", "batch_number", "account").fetchall())


@pytest.mark.parametrize("way", WAYS)
def test_ledger_rows_that_were_deleted_in_the_warehouse_are_loaded_again(
    sandbox: Sandbox, pipeline: dlt.Pipeline, way: str
) -> None:
    succeed(pipeline, sandbox, LedgerTransactions(), way=way)
    everything = in_warehouse(pipeline)
    assert everything == in_source(sandbox)
    period = everything[len(everything) // 2][0]
    for which in (f"_period = '{period}' AND account < '5'", f"_period = '{period}'", "true"):
        with database(pipeline) as connection:
            connection.execute(f"DELETE FROM erp.ledger_transactions WHERE {which}")
        succeed(pipeline, sandbox, LedgerTransactions(), way=way)
        assert in_warehouse(pipeline) == everything, which
    assert succeed(pipeline, sandbox, LedgerTransactions(), way=way).written == 0


ENTITY, LEDGER = "SalesOrder", "ledger_transactions"
DAMAGES: list[tuple[str, str, Any, str]] = [
    (ENTITY, "watermark", "yesterday", "watermark is 'yesterday'"),
    (ENTITY, "version", 99, "written by a newer version"),
    (LEDGER, "asked", "ACTUAL", "asked is"),
]


@pytest.mark.parametrize(("resource", "name", "value", "words"), DAMAGES)
def test_a_state_that_cannot_be_used_is_refused_by_name(
    sandbox: Sandbox, pipeline: dlt.Pipeline, resource: str, name: str, value: Any, words: str
) -> None:
    load: Load = ENTITY if resource == ENTITY else LedgerTransactions()
    anew: Load = (
        EntityOptions(ENTITY, full=True) if resource == ENTITY else LedgerTransactions(full=True)
    )
    succeed(pipeline, sandbox, load)
    with pipeline.managed_state(extract_state=True) as state:
        state["sources"]["acumatica"]["resources"][resource][name] = value
    pipeline.normalize()
    pipeline.load()
    before = len(pipeline.dataset()["sales_order" if resource == ENTITY else resource].fetchall())
    (error,) = run(pipeline, sandbox, load).errors
    assert f"The state of {resource} in this dataset" in error
    assert words in error
    after = len(pipeline.dataset()["sales_order" if resource == ENTITY else resource].fetchall())
    assert after == before
    succeed(pipeline, sandbox, anew)
    sandbox.control.advance(3_600)
    sandbox.control.mutate(5, ["SalesOrder", "JournalTransaction"], seed=1)
    succeed(pipeline, sandbox, load)
    if resource == ENTITY:
        assert_equal(pipeline, sandbox, ENTITY)
    else:
        assert in_warehouse(pipeline) == in_source(sandbox)
