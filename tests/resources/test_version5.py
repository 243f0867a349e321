"""Contract version 5 end to end: whatever of it is unknown, and upgrades in place."""

from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_sandbox.options import UNKNOWNS
from acumatica_source import EntityOptions
from acumatica_source.resources.inquiry_form import InquiryForm
from acumatica_source.resources.ledger import LedgerTransactions
from acumatica_source.source import Load
from tests.resources.runs import WAYS, database, succeed
from tests.resources.warehouse import Row, assert_equal, loaded, truth

pytestmark = pytest.mark.slow

ENTITIES = ("SalesOrder", "Payment")
OLD, NEW = "25.200.001", "26.200.001"
LOAD: tuple[Load, ...] = (*map(EntityOptions, ENTITIES), LedgerTransactions())
FORM = InquiryForm("AccountSummaryInquiry", [{"Period": "012025"}])
STAMPS = {"last_modified": "last_modified_date_time"}
LINE_STAMPS = {"last_modified_date": "last_modified_date_time"}


def options(round_number: int) -> dict[str, Any]:
    """Every unknown with one of its values; three rounds have all of them.

    Instants that tell no offset are in UTC: nobody could tell in which other one they are.
    """
    chosen = {name: values[round_number % len(values)] for name, values in UNKNOWNS.items()}
    zones = UNKNOWNS["offset_minutes"]
    shift = 0 if chosen["instant_form"] == "bare" else zones[(round_number + 1) % len(zones)]
    return {**chosen, "offset_minutes": shift}


def labels(row: Row) -> Row:
    """The row as version 4 would show it: without codes, and labels where numbers were."""
    return {n: value for n, value in row.items() if not n.endswith(("__id", "__v_text"))}


def assert_equal_labels(pipeline: dlt.Pipeline, sandbox: Sandbox, entity: str) -> None:
    """The destination holds the truth, and a code beside every label."""
    for table, rows in truth(sandbox, entity).items():
        renamed = LINE_STAMPS if "__" in table else STAMPS
        expected = {
            identity: {renamed.get(name, name): value for name, value in row.items()}
            for identity, row in rows.items()
        }
        found = loaded(pipeline, table)
        known = {name for row in found.values() for name in row}
        shown = {
            identity: {
                name: str(value) if f"{name}__id" in known else value for name, value in row.items()
            }
            for identity, row in expected.items()
        }
        assert {identity: labels(row) for identity, row in found.items()} == shown, table
        for name in known:
            if name.endswith("__id"):
                label = name.removesuffix("__id")
                pairs = {(row.get(label), row.get(name)) for row in found.values()}
                assert all((one is None) == (code is None) for one, code in pairs), name
                assert len(pairs) == len({one for one, _ in pairs}) == len({c for _, c in pairs})


def test_rounds_have_every_value_of_every_unknown() -> None:
    rounds = [options(number) for number in range(3)]
    for name, values in UNKNOWNS.items():
        assert {one[name] for one in rounds} == {*values}, name


@pytest.mark.parametrize("round_number", range(3))
def test_every_unknown_of_version_5_is_coped_with(
    pipeline: dlt.Pipeline, round_number: int
) -> None:
    chosen = options(round_number)
    with Sandbox(SandboxOptions(records=250, contract_version=5, **chosen)) as sandbox:
        for seed in range(2):
            succeed(pipeline, sandbox, *LOAD)
            for entity in ENTITIES:
                assert_equal_labels(pipeline, sandbox, entity)
            sandbox.control.advance(3_600)
            sandbox.control.mutate(
                40, list(ENTITIES), ["update", "insert", "delete", "lines"], seed=seed
            )
        succeed(pipeline, sandbox, FORM)
        with database(pipeline) as connection:
            counts = [
                connection.sql(f"SELECT count(*) FROM erp.{table}").fetchall()[0][0]
                for table in ("ledger_transactions", "account_summary_inquiry")
            ]
        assert min(counts) > 0


@pytest.mark.parametrize("way", WAYS)
def test_an_upgrade_in_place_and_back(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Reloaded once where columns are new; no row doubled; after going back no code is stale."""
    with Sandbox(SandboxOptions(records=250, build="26R2", contract_version=5)) as sandbox:

        def change(seed: int) -> None:
            sandbox.control.advance(3_600)
            sandbox.control.mutate(
                40, list(ENTITIES), ["update", "insert", "delete", "lines"], seed=seed
            )

        def sync(version: str) -> int:
            caplog.clear()
            return succeed(pipeline, sandbox, *LOAD, way=way, version=version).written

        sync(OLD)
        for entity in ENTITIES:
            assert_equal(pipeline, sandbox, entity)
        for round_number in range(1 if way == "lines" else 2):
            change(10 + round_number)
            sync(NEW)
            again = sum("loading all anew" in text for text in caplog.messages)
            assert again == len(ENTITIES)
            for entity in ENTITIES:
                assert_equal_labels(pipeline, sandbox, entity)
            assert sync(NEW) == 0
            change(20 + round_number)
            sync(NEW)
            assert "loading all anew" not in caplog.text
            for entity in ENTITIES:
                assert_equal_labels(pipeline, sandbox, entity)
            change(30 + round_number)
            sync(OLD)
            for entity in ENTITIES:
                assert_equal(pipeline, sandbox, entity)  # where codes were, there is nothing
            assert sync(OLD) == 0
        with database(pipeline) as connection:
            counts = connection.sql(
                "SELECT count(status__id), count(custom__document__usr_priority__v_text) = 0, "
                "count(custom__document__usr_priority) > 0, count(*) FROM erp.sales_order"
            )
            rows = len(sandbox.control.rows("SalesOrder"))
            assert counts.fetchone() == (0, True, True, rows)
