"""The ledger's cost follows what changed: which periods a run asks for, and what it finds."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import LedgerTransactions
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.resources.ledger import INQUIRY, ledger_rows
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.proxy import Query, proxy
from tests.resources.runs import database, run, succeed
from tests.resources.warehouse import LEDGER, posted

pytestmark = pytest.mark.slow

BATCH = "JournalTransaction"
PERIODS = [f"{number:02}2026" for number in range(6, 10)]
LOAD = LedgerTransactions(from_period="06-2026", to_period="09-2026")


@pytest.fixture
def erp() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=120)) as running:
        yield running


def asked(erp: Sandbox) -> Counter[str]:
    """Requests for data since the last look, by what they ask for."""
    found = Counter(
        one["path"].rsplit("/", 1)[-1]
        for one in erp.control.requests()
        if "/Default/" in one["path"] and "swagger" not in one["path"]
    )
    erp.control.reset_counters()
    return found


def sync(pipeline: dlt.Pipeline, erp: Sandbox, load: LedgerTransactions = LOAD) -> Counter[str]:
    """A sync an hour later; what it asked for."""
    erp.control.advance(3_600)
    erp.control.reset_counters()
    succeed(pipeline, erp, load)
    return asked(erp)


def batches(erp: Sandbox, *periods: str) -> list[dict[str, Any]]:
    """The posted batches of some periods."""
    return [
        one
        for one in erp.control.rows(BATCH)
        if one["PostPeriod"] in (periods or PERIODS) and one["Status"] == "Posted"
    ]


def change(erp: Sandbox, batch: dict[str, Any], **values: Any) -> None:
    keys = {name: batch[name] for name in ("Module", "BatchNbr")}
    erp.control.put(BATCH, {**keys, **values})


def in_warehouse(pipeline: dlt.Pipeline) -> list[tuple[Any, ...]]:
    with database(pipeline) as connection:
        rows = connection.sql(f"SELECT {', '.join(LEDGER)} FROM erp.ledger_transactions").fetchall()
    return sorted((*row[:3], row[3].normalize()) for row in rows)


def assert_equal(pipeline: dlt.Pipeline, erp: Sandbox) -> None:
    assert in_warehouse(pipeline) == posted(erp, PERIODS)


def test_a_run_costs_one_request_and_one_for_each_period_that_changed(
    pipeline: dlt.Pipeline, erp: Sandbox
) -> None:
    first = sync(pipeline, erp)
    assert first[INQUIRY] == 4
    assert first[BATCH] <= 5
    assert sync(pipeline, erp) == {BATCH: 1}
    here, there = batches(erp, "062026")[:2], batches(erp, "082026")[0]

    change(erp, here[0], Description="another")
    assert sync(pipeline, erp) == {BATCH: 1, INQUIRY: 1}
    change(erp, here[1], PostPeriod="072026")
    assert sync(pipeline, erp) == {BATCH: 1, INQUIRY: 2}, "where it was, and where it is"
    assert_equal(pipeline, erp)
    change(erp, there, Status="Unposted")
    assert sync(pipeline, erp) == {BATCH: 1, INQUIRY: 1}
    assert_equal(pipeline, erp)

    erp.control.advance(86_400)
    daily = sync(pipeline, erp)
    assert (daily[BATCH], daily[INQUIRY]) == (1, 4)
    assert sync(pipeline, erp) == {BATCH: 1}


def test_a_random_history_is_followed(pipeline: dlt.Pipeline, erp: Sandbox) -> None:
    """What batches tell by their stamps is right at once, and deletions after a comparison."""
    sync(pipeline, erp)
    for seed in range(2):
        chance = random.Random(seed)
        erp.control.mutate(8, [BATCH], ["insert", "update", "lines"], seed=seed)
        for batch in chance.sample(batches(erp), 2):
            change(erp, batch, PostPeriod=chance.choice(PERIODS))
        sync(pipeline, erp)
        assert_equal(pipeline, erp)
    gone = batches(erp)[::7][:5]
    for batch in gone:
        erp.control.delete(BATCH, batch["id"])
    sync(pipeline, erp)
    assert len(in_warehouse(pipeline)) == len(posted(erp, PERIODS)) + sum(
        len(one["Details"]) for one in gone
    ), "nothing tells of deletions"
    sync(pipeline, erp, replace(LOAD, verify=timedelta(hours=1)))
    assert_equal(pipeline, erp)


def test_where_the_journal_does_not_tell_all_periods_are_asked_for(
    pipeline: dlt.Pipeline, erp: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """No rights; stamps that cannot be compared; and then it can be followed for the first time."""
    refusals: list[tuple[int, Callable[[Query], bool]]] = [
        (403, lambda query: True),
        (500, lambda query: "$filter" in query),
        (500, lambda query: False),
    ]
    with proxy(erp) as site:
        for number, (status, refused) in enumerate(refusals):
            site.status = status
            site.refuse = lambda path, query: path.endswith(BATCH) and refused(query)  # noqa: B023
            change(erp, batches(erp)[0], PostPeriod="092026")
            erp.control.reset_counters()
            caplog.clear()
            succeed(pipeline, site.credentials, LOAD)
            assert asked(erp)[INQUIRY] == 4
            told = caplog.text.count("every period is asked for, as the journal does not tell")
            assert told == (number < 2)
            assert_equal(pipeline, erp)
        change(erp, batches(erp)[0], PostPeriod="082026")
        succeed(pipeline, site.credentials, LOAD)
        assert asked(erp)[INQUIRY] <= 2
        assert_equal(pipeline, erp)


def test_a_journal_that_shows_nothing_any_more_is_not_believed(
    pipeline: dlt.Pipeline, erp: Sandbox
) -> None:
    sync(pipeline, erp)
    for batch in erp.control.rows(BATCH):
        if batch["PostPeriod"] not in PERIODS[1:]:
            erp.control.delete(BATCH, batch["id"])
    newest = max(erp.control.rows(BATCH), key=lambda one: one["LastModifiedDateTime"])
    erp.control.delete(BATCH, newest["id"])
    assert sync(pipeline, erp, replace(LOAD, from_period="07-2026"))[INQUIRY] == 3


def test_batches_of_other_ledgers_touch_nothing(pipeline: dlt.Pipeline, erp: Sandbox) -> None:
    load = replace(LOAD, ledger="ACTUAL")
    sync(pipeline, erp, load)
    moved, other = batches(erp, "062026")[:2]
    change(erp, moved, LedgerID="BUDGET", PostPeriod="072026")
    assert sync(pipeline, erp, load) == {BATCH: 1, INQUIRY: 1}, "it has left its period"
    assert_equal_to_ledger(pipeline, erp)
    change(erp, moved, PostPeriod="082026")
    assert sync(pipeline, erp, load) == {BATCH: 1}
    change(erp, other, Description="of the ledger itself")
    assert sync(pipeline, erp, load) == {BATCH: 1, INQUIRY: 1}


def assert_equal_to_ledger(pipeline: dlt.Pipeline, erp: Sandbox) -> None:
    lines = sum(len(one["Details"]) for one in batches(erp) if one["LedgerID"] == "ACTUAL")
    assert len(in_warehouse(pipeline)) == lines


def test_a_period_that_was_not_wanted_meanwhile_is_asked_for_again(
    pipeline: dlt.Pipeline, erp: Sandbox
) -> None:
    sync(pipeline, erp)
    change(erp, batches(erp, "062026")[0], PostPeriod="092026")
    narrow = replace(LOAD, from_period="08-2026", verify="never")
    assert sync(pipeline, erp, narrow) == {BATCH: 1, INQUIRY: 1}
    assert sync(pipeline, erp) == {BATCH: 1, INQUIRY: 1}
    assert_equal(pipeline, erp)


@pytest.mark.parametrize("later", [False, True], ids=["always", "from the second run on"])
def test_lists_that_are_cut_short_without_a_word_are_read_to_their_end(
    pipeline: dlt.Pipeline, erp: Sandbox, later: bool
) -> None:
    few = {"cap_records": 30 if later else 3}
    if not later:
        erp.control.set_options(**few)
    sync(pipeline, erp)
    erp.control.set_options(**few)
    erp.control.mutate(40, [BATCH], ["insert"], seed=1)
    for batch in batches(erp)[:7]:
        change(erp, batch, PostPeriod="092026")
    sync(pipeline, erp)
    assert_equal(pipeline, erp)


def test_a_ledger_that_was_written_at_once_costs_one_request_too(
    pipeline: dlt.Pipeline, erp: Sandbox
) -> None:
    """All its batches are listed in every run; that these are all is asked once."""
    for batch in erp.control.rows(BATCH):
        change(erp, batch, Description="imported")
    succeed(pipeline, erp, LOAD)
    assert sync(pipeline, erp) == {BATCH: 1}
    change(erp, batches(erp)[0], Description="changed")
    assert sync(pipeline, erp)[INQUIRY] == 1
    assert sync(pipeline, erp) == {BATCH: 1}


def test_a_rhythm_that_is_none_is_refused_before_anything_is_asked(erp: Sandbox) -> None:
    instance = connect(credentials_of(erp), "Default", None, 2, None)
    with pytest.raises(ConfigurationError, match="verify of ledger_transactions must be"):
        ledger_rows(instance, LedgerTransactions(verify="weekly"))


def test_a_lost_right_is_noticed_at_the_latest_when_something_changes(
    pipeline: dlt.Pipeline, erp: Sandbox
) -> None:
    sync(pipeline, erp)
    erp.control.set_options(features_off=(INQUIRY,))
    change(erp, batches(erp)[0], Description="changed")
    assert run(pipeline, erp, LOAD).errors
