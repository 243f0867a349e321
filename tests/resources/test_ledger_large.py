"""Periods that are too large for the inquiry form are read from the journal."""

from collections.abc import Iterator
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import LedgerTransactions
from acumatica_source.client.auth import Credentials
from acumatica_source.client.pool import SeatBudget, SessionPool
from acumatica_source.client.transport import Transport
from acumatica_source.contract.cache import ContractCache
from acumatica_source.reading.contracts import EndpointChoice
from acumatica_source.reading.instance import Instance, instance_of
from acumatica_source.reading.terms import LoadingTerms
from acumatica_source.resources.ledger import INQUIRY
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from tests.resources.runs import database, requests, run, succeed
from tests.resources.warehouse import LEDGER, posted

pytestmark = pytest.mark.slow

BATCH = "JournalTransaction"
PERIODS = ["082026", "092026"]
LOAD = LedgerTransactions(from_period="08-2026", to_period="09-2026")


@pytest.fixture
def erp() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=120)) as running:
        yield running


def in_warehouse(pipeline: dlt.Pipeline) -> list[tuple[Any, ...]]:
    with database(pipeline) as connection:
        rows = connection.sql(f"SELECT {', '.join(LEDGER)} FROM erp.ledger_transactions").fetchall()
    return sorted((*row[:3], row[3].normalize()) for row in rows)


def batch_of(erp: Sandbox, period: str) -> dict[str, Any]:
    return next(one for one in erp.control.rows(BATCH) if one["PostPeriod"] == period)


def with_limit(erp: Sandbox, most: int) -> Instance:
    """The sandbox for a client that takes no longer answers."""
    sign_in = Credentials(erp.base_url, erp.username, erp.password, "Company")
    return instance_of(
        lambda: SessionPool(sign_in, SeatBudget(1), Transport(max_response_bytes=most)),
        EndpointChoice(erp.base_url, "Company", "Default", None),
        1,
        ContractCache(),
        None,
        LoadingTerms(adopt=True),
    )


def test_a_period_that_is_longer_than_an_answer_may_be(
    pipeline: dlt.Pipeline, erp: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    erp.control.mutate(500, [BATCH], ["insert"], seed=1)
    for batch in erp.control.rows(BATCH):
        if batch["PostPeriod"] not in PERIODS:
            keys = {name: batch[name] for name in ("Module", "BatchNbr")}
            erp.control.put(BATCH, {**keys, "PostPeriod": "092026"})
    other = {**batch_of(erp, "092026"), "Status": "Balanced"}
    erp.control.put(BATCH, {name: other[name] for name in ("Module", "BatchNbr", "Status")})

    def sync() -> None:
        outcomes: list[Outcome] = []
        erp.control.advance(3_600)
        erp.control.reset_counters()
        runner.sync(pipeline, with_limit(erp, 700_000), [LOAD], outcomes.append)
        assert [one.error for one in outcomes] == [None]
        assert in_warehouse(pipeline) == posted(erp, PERIODS)

    sync()
    told = "092026 is read from the journal, as the form does not show it at once."
    assert caplog.text.count(told) == 1
    erp.control.put(BATCH, {**_keys(erp, "092026"), "PostPeriod": "082026"})
    sync()
    assert len(requests(erp, INQUIRY)) == 1, "the other period; of this one it is known"


def _keys(erp: Sandbox, period: str) -> dict[str, Any]:
    return {name: batch_of(erp, period)[name] for name in ("Module", "BatchNbr")}


def test_an_error_of_the_server_is_got_round_once(
    pipeline: dlt.Pipeline, erp: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    succeed(pipeline, erp, LOAD)
    for refused in (True, False):
        erp.control.put(BATCH, {**_keys(erp, "082026"), "Description": f"changed {refused}"})
        if refused:
            erp.control.fault("status", path=INQUIRY, method="PUT", status=500, times=1)
        succeed(pipeline, erp, LOAD)
        assert in_warehouse(pipeline) == posted(erp, PERIODS)
        assert caplog.text.count("082026 is read from the journal") == 1


def test_what_the_journal_leaves_open_is_not_guessed(
    pipeline: dlt.Pipeline, erp: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    succeed(pipeline, erp, LOAD)
    before = in_warehouse(pipeline)
    erp.control.put(BATCH, {**_keys(erp, "082026"), "Status": "Verbucht"})
    erp.control.fault("status", path=INQUIRY, method="PUT", status=500, times=1)
    assert run(pipeline, erp, LOAD).errors
    assert "082026 cannot be read from the journal either: It cannot be told" in caplog.text
    assert in_warehouse(pipeline) == before
