"""What was loaded before and is not offered any more is a failure; what never was is skipped."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import (
    DacTable,
    GenericInquiry,
    InquiryForm,
    LedgerTransactions,
    Outcome,
    Report,
    run,
)
from acumatica_source.cli.choosing import Asked, chosen
from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.terms import LoadingTerms
from acumatica_source.running import runner
from acumatica_source.source import Load, connect
from tests.cli.test_failures import acumatica, settings
from tests.conftest import credentials_of
from tests.contract.documents import contract_document
from tests.resources.warehouse import assert_equal

SCHEMAS = {
    "Account": {"AccountCD": "StringValue", "LastModifiedDateTime": "DateTimeValue"},
    "Bill": {"Type": "StringValue", "ReferenceNbr": "StringValue", "Vendor": "StringValue"},
    # a few fields and a detail: a form by its shape, but it lists records
    "Rates": {"Code": "StringValue", "Entries": ["Row"]},
    "StockInquiry": {"Warehouse": "StringValue", "Results": ["Row"]},
    "Row": {"LineNbr": "IntValue", "Amount": "DecimalValue"},
}
OLD = "loaded into this dataset before"


@contextmanager
def erp(folder: Path, *lacking: str, port: int = 0, **options: Any) -> Iterator[Sandbox]:
    """An instance whose contract is small, and whose cache of contracts is empty."""
    shutil.rmtree(folder / "cache", ignore_errors=True)
    top = [name for name in SCHEMAS if name not in ("Row", *lacking)]
    schemas = {name: SCHEMAS[name] for name in (*top, "Row")}
    file = folder / "contract.json"
    file.write_text(json.dumps(contract_document(schemas, top, title="Default/24.200.001")))
    with Sandbox(SandboxOptions(records=40, contract=file, port=port, **options)) as sandbox:
        yield sandbox


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.base_url.split(":")[2].split("/")[0])


def everything(pipeline: dlt.Pipeline, sandbox: Sandbox, *entities: str) -> Report:
    """What `acumatica sync --all` does; or without `--all`, if entities are named."""
    # an instance that was set up anew has its records under other ids
    terms = LoadingTerms(DeletionLimit(allowed=True))
    instance = connect(credentials_of(sandbox), "Default", None, 2, None, terms=terms)
    asked = Asked(entities=entities, everything=not entities)
    with instance.seats.opened():
        loads, skipped = chosen(instance, asked)
        return Report(
            runner.sync(
                pipeline,
                instance,
                loads,
                lambda outcome: None,
                skip_unreadable=asked.everything,
                skipped=skipped,
                whole_endpoint=asked.everything,
            )
        )


def failures(report: Report) -> dict[str, str]:
    return {one.resource: str(one.error) for one in report.failed}


def skipped(report: Report) -> set[str]:
    return {one.resource for one in report.outcomes if one.skipped}


@pytest.mark.parametrize("option", ["features_off", "not_set_up"])
@pytest.mark.parametrize("entity", ["Account", "Rates"], ids=["a record", "like a form"])
@pytest.mark.parametrize("blank", [False, True], ids=["forms refuse", "forms show a blank"])
def test_with_all(
    tmp_path: Path, pipeline: dlt.Pipeline, option: str, entity: str, blank: bool
) -> None:
    with erp(tmp_path, blank_forms=blank) as sandbox:
        sandbox.control.set_options(**{option: ("Bill",)})
        first = everything(pipeline, sandbox)
        assert failures(first) == {}
        assert skipped(first) == {"Bill", "StockInquiry"}
        sandbox.control.set_options(**{option: ("Bill", entity)})
        report = everything(pipeline, sandbox)
        assert failures(report).keys() == {entity}
        assert OLD in failures(report)[entity]
        assert skipped(report) == {"Bill", "StockInquiry"}
        assert_equal(pipeline, sandbox, entity)
        sandbox.control.set_options(**{option: ()})
        assert failures(everything(pipeline, sandbox)) == {}
        assert_equal(pipeline, sandbox, "Account", "Bill", "Rates")


def test_an_entity_that_left_the_contract(tmp_path: Path, pipeline: dlt.Pipeline) -> None:
    with erp(tmp_path) as sandbox:
        assert failures(everything(pipeline, sandbox)) == {}
        port = port_of(sandbox)
    with erp(tmp_path, "Account", port=port) as sandbox:
        report = everything(pipeline, sandbox)
        assert failures(report).keys() == {"Account"}
        assert "has no entity 'Account'" in failures(report)["Account"]
        assert OLD in failures(report)["Account"]
        named = everything(pipeline, sandbox, "Account", "Bill")  # the others are loaded
        assert failures(named).keys() == {"Account"}
        assert_equal(pipeline, sandbox, "Bill")


def test_entities_of_another_endpoint_have_not_vanished(
    tmp_path: Path, pipeline: dlt.Pipeline
) -> None:
    with erp(tmp_path) as sandbox:
        run(pipeline, ["Account"], credentials=credentials_of(sandbox)).raise_on_failure()
        port = port_of(sandbox)
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    file = tmp_path / "other.json"
    schemas = {"Bill": SCHEMAS["Bill"]}
    file.write_text(json.dumps(contract_document(schemas, title="Other/1.0")))
    with Sandbox(SandboxOptions(records=40, contract=file, port=port)) as sandbox:
        instance = connect(credentials_of(sandbox), "Other", None, 2, None)
        outcomes = runner.sync(
            pipeline, instance, ["Bill"], lambda outcome: None, whole_endpoint=True
        )
    assert [(one.resource, one.error) for one in outcomes] == [("Bill", None)]


@pytest.mark.slow
def test_the_command_says_so_and_ends_with_an_error(tmp_path: Path) -> None:
    with erp(tmp_path, "Bill") as sandbox:
        env = settings(sandbox)
        first = acumatica("sync", "--all", "--duckdb", "w.duckdb", cwd=tmp_path, env=env)
        assert first.returncode == 0, first.stdout + first.stderr
        sandbox.control.set_options(features_off=("Account",))
        run = acumatica("sync", "--all", "--duckdb", "w.duckdb", cwd=tmp_path, env=env)
        assert run.returncode == 1
        assert "Account: failed" in run.stdout
        assert OLD in run.stdout
        with duckdb.connect(str(tmp_path / "w.duckdb")) as database:
            assert len(database.table("erp.account")) == len(sandbox.control.rows("Account"))
        port = port_of(sandbox)
    # the core entities, of which this endpoint has none but one
    with erp(tmp_path, "Account", port=port) as sandbox:
        run = acumatica("sync", "--duckdb", "w.duckdb", cwd=tmp_path, env=settings(sandbox))
    assert run.returncode == 1
    assert "Account: failed" in run.stdout
    assert "Vendor: skipped" in run.stdout
    assert "Bill: 0 rows" not in run.stdout


LEDGER = LedgerTransactions(from_period="01-2026", verify="now")
STOCK = InquiryForm("InventorySummaryInquiry", [{"InventoryID": "BEARIN00001"}])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "options"),
    [
        ("Ledger", {"features_off": ("Ledger",)}),
        ("Ledger", {"not_set_up": ("Ledger",)}),
        (LEDGER, {"features_off": ("AccountDetailsForPeriodInquiry",)}),
        (STOCK, {"features_off": ("InventorySummaryInquiry",)}),
    ],
    ids=["no rights", "not set up", "ledger", "form"],
)
def test_from_python(
    sandbox: Sandbox, pipeline: dlt.Pipeline, load: Load, options: dict[str, Sequence[str]]
) -> None:
    credentials = credentials_of(sandbox)
    sandbox.control.set_options(**options)
    never = run(pipeline, [load, "Account"], credentials=credentials, skip_unreadable=True)
    assert failures(never) == {}
    assert len(skipped(never)) == 1
    sandbox.control.reset_options()
    run(pipeline, [load], credentials=credentials).raise_on_failure()
    sandbox.control.set_options(**options)
    for tolerant in (True, False):
        lost = run(pipeline, [load, "Account"], credentials=credentials, skip_unreadable=tolerant)
        assert len(failures(lost)) == 1
        assert skipped(lost) == set()


@pytest.mark.parametrize(
    ("load", "options"),
    [
        (GenericInquiry("BI-Customers"), {"inquiries_refused": ("BI-Customers",)}),
        (DacTable("SOOrder"), {"dac_refused": ("SOOrder",)}),
    ],
    ids=["inquiry", "class"],
)
def test_inquiries_and_classes_fail_always_as_they_are_loaded_by_name_only(
    sandbox: Sandbox, pipeline: dlt.Pipeline, load: Load, options: dict[str, Sequence[str]]
) -> None:
    credentials = credentials_of(sandbox)
    run(pipeline, [load], credentials=credentials).raise_on_failure()
    sandbox.control.set_options(**options)
    lost = run(pipeline, [load, "Account"], credentials=credentials, skip_unreadable=True)
    assert len(failures(lost)) == 1
    assert lost.rows["account"] > 0


def test_names_that_the_endpoint_never_had_are_skipped_where_that_is_asked_for(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    load = ["Account", "Nothing"]
    report = run(pipeline, load, credentials=credentials_of(sandbox), skip_unreadable=True)
    assert failures(report) == {}
    assert skipped(report) == {"Nothing"}


def test_a_form_that_was_asked_questions_is_no_entity_that_was_lost(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    run(pipeline, [STOCK], credentials=credentials_of(sandbox)).raise_on_failure()
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    form = Outcome(STOCK.name).skipping("a form")
    outcomes = runner.sync(
        pipeline, instance, ["Account"], lambda outcome: None, skipped=[form], whole_endpoint=True
    )
    assert [one.error for one in outcomes] == [None, None]
