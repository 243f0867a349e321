"""Ledger transactions from other sources than the inquiry form: lines with a key."""

import json
from collections.abc import Iterator
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import LedgerTransactions
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.resources.ledger import INQUIRY, ledger_rows
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.proxy import proxy
from tests.resources.runs import database, requests, run, succeed

pytestmark = pytest.mark.slow

BATCH = "JournalTransaction"
COLUMNS = ("module", "batch_number", "line_nbr", "debit_amount", "credit_amount", "ref_number")


@pytest.fixture
def erp() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=120)) as running:
        yield running


def lines(erp: Sandbox) -> list[tuple[Any, ...]]:
    """What the source has."""
    fields = ("LineNbr", "DebitAmount", "CreditAmount", "ReferenceNbr")
    return sorted(
        (batch["Module"], batch["BatchNbr"], *(line[name] for name in fields))
        for batch in erp.control.rows(BATCH)
        for line in batch["Details"]
    )


def in_warehouse(pipeline: dlt.Pipeline, *columns: str) -> list[tuple[Any, ...]]:
    with database(pipeline) as connection:
        names = ", ".join(columns or COLUMNS)
        return sorted(connection.sql(f"SELECT {names} FROM erp.ledger_transactions").fetchall())


def work(erp: Sandbox) -> dict[str, Any]:
    """An hour of users' work; the batch that has another period now."""
    erp.control.advance(3_600)
    erp.control.mutate(6, [BATCH], ["insert", "update", "lines"], seed=3)
    first, second, *_ = erp.control.rows(BATCH)
    erp.control.delete(BATCH, first["id"])
    keys = {name: second[name] for name in ("Module", "BatchNbr")}
    erp.control.put(BATCH, {**keys, "PostPeriod": "012026"})
    return keys


@pytest.mark.parametrize("source", ["journal", "dac"])
def test_lines_are_those_of_the_source(pipeline: dlt.Pipeline, erp: Sandbox, source: str) -> None:
    load = LedgerTransactions(source=source)
    succeed(pipeline, erp, load)
    assert in_warehouse(pipeline) == lines(erp)
    moved = work(erp)
    succeed(pipeline, erp, load)
    assert in_warehouse(pipeline) == lines(erp)
    period = "period_id" if source == "journal" else "fin_period_id"
    periods = {row[:2]: row[2] for row in in_warehouse(pipeline, *COLUMNS[:2], period)}
    assert periods[tuple(moved.values())] in ("012026", "202601")
    (error,) = run(pipeline, erp, LedgerTransactions(source="inquiry")).errors
    assert f"was loaded from the {source}, whose rows have other columns and keys" in error
    erp.control.reset_counters()
    succeed(pipeline, erp, LedgerTransactions())
    assert not requests(erp, INQUIRY), "it stays with what it was loaded from"
    assert in_warehouse(pipeline) == lines(erp)


def test_lines_of_batches_say_what_the_form_says(pipeline: dlt.Pipeline, erp: Sandbox) -> None:
    """By the same names, as far as both have it."""
    erp.control.put(BATCH, {**_keys(erp), "LedgerID": "BUDGET"})
    succeed(pipeline, erp, LedgerTransactions())
    names = (
        *("account", "subaccount", "batch_number", "module", "period_id", "ledger", "currency"),
        *("debit_amount", "credit_amount", "transaction_date", "ref_number", "customer_vendor"),
        *("branch", "transaction_description", "last_modified_date_time"),
    )
    form = in_warehouse(pipeline, *names)
    load = LedgerTransactions("lines", source="journal", ledger="ACTUAL")
    succeed(pipeline, erp, load)
    with database(pipeline) as connection:
        found = connection.sql(f"SELECT {', '.join(names)} FROM erp.lines").fetchall()
        kept = connection.sql("SELECT count(*) FROM erp.lines__batches").fetchone()
    assert sorted(found, key=repr) == sorted(form, key=repr)
    assert kept == (sum(one["LedgerID"] == "ACTUAL" for one in erp.control.rows(BATCH)),)


def _keys(erp: Sandbox) -> dict[str, Any]:
    return {name: erp.control.rows(BATCH)[0][name] for name in ("Module", "BatchNbr")}


def test_without_the_form_it_is_the_journal_and_the_run_says_so(
    pipeline: dlt.Pipeline, erp: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    def without(path: str, body: bytes) -> bytes:
        if not path.endswith("swagger.json"):
            return body
        contract = json.loads(body)
        for path in [one for one in contract["paths"] if one.startswith(f"/{INQUIRY}")]:
            del contract["paths"][path]
        contract["tags"] = [one for one in contract.get("tags", []) if one["name"] != INQUIRY]
        return json.dumps(contract).encode()

    with proxy(erp) as site:
        site.rewrite = without
        succeed(pipeline, site.credentials, LedgerTransactions())
    assert in_warehouse(pipeline) == lines(erp)
    assert caplog.text.count("ledger_transactions is read from the journal, as Default/") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": "journal", "from_period": "01-2026"}, "from_period cannot be followed"),
        ({"source": "dac", "ledger": "ACTUAL", "to_period": "01-2026"}, "to_period and ledger"),
    ],
)
def test_options_that_a_source_cannot_follow_are_refused(
    pipeline: dlt.Pipeline, erp: Sandbox, options: dict[str, Any], words: str
) -> None:
    (error,) = run(pipeline, erp, LedgerTransactions(**options)).errors
    assert words in error


def test_a_source_that_is_none_is_refused_before_anything_is_asked(erp: Sandbox) -> None:
    instance = connect(credentials_of(erp), "Default", None, 2, None)
    with pytest.raises(ConfigurationError, match="must be one of inquiry, journal, dac"):
        ledger_rows(instance, LedgerTransactions(source="odata"))
