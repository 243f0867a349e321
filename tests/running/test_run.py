"""`acumatica_source.run` loads as the command does, and says what became of it."""

import shutil
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions, InquiryForm, Outcome, Report, RunFailed, acumatica, run
from acumatica_source.client.errors import AuthenticationError, ConfigurationError
from acumatica_source.credentials import AcumaticaCredentials
from acumatica_source.running.run import instance_with
from acumatica_source.source import Load
from tests.conftest import credentials_of, pipeline_in
from tests.resources.warehouse import assert_equal

CREDENTIALS = "SOURCES__ACUMATICA__CREDENTIALS__"


def configure(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    for name in ("base_url", "username", "password", "tenant"):
        monkeypatch.setenv(CREDENTIALS + name.upper(), getattr(sandbox, name))


def test_everything_is_loaded_and_only_changes_from_the_second_run_on(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    credentials = credentials_of(sandbox)
    load: list[Load] = ["Account", EntityOptions("Vendor")]
    seen: list[Outcome] = []
    first = run(pipeline, load, credentials=credentials, on_outcome=seen.append).raise_on_failure()
    assert [one.resource for one in first.outcomes] == ["Account", "Vendor"]
    assert seen == list(first.outcomes)
    assert first.rows["account"] == len(sandbox.control.rows("Account"))
    assert first.rows["vendor__attributes"] > 0
    assert first.deleted == 0
    assert_equal(pipeline, sandbox, "Account", "Vendor")
    sandbox.control.advance(3_600)
    sandbox.control.delete("Vendor", sandbox.control.rows("Vendor")[0]["id"])
    second = run(pipeline, load, credentials=credentials).raise_on_failure()
    assert (second.rows["account"], second.deleted) == (0, 1)
    assert_equal(pipeline, sandbox, "Account", "Vendor")
    assert sandbox.control.counters()["seats_now"] == 0


@pytest.mark.parametrize(
    ("setting", "given", "expected"),
    [(None, None, 50), ("7", None, 7), ("all", None, None), ("7", 0, 0), (None, "all", None)],
)
def test_single_reads_are_a_number_or_all(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    given: int | str | None,
    expected: int | None,
) -> None:
    configure(monkeypatch, sandbox)
    if setting is not None:
        monkeypatch.setenv("SOURCES__ACUMATICA__SINGLE_READS", setting)
    assert instance_with(single_reads=given).terms.single_reads == expected


def test_the_instance_comes_from_the_configuration_unless_it_is_given(
    sandbox: Sandbox, pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, sandbox)
    assert run(pipeline, ["Account"]).rows["account"] > 0
    monkeypatch.setenv("SOURCES__ACUMATICA__ENDPOINT", "Nowhere")
    with pytest.raises(ConfigurationError, match="Nowhere"):
        run(pipeline, ["Account"])
    assert run(pipeline, ["Account"], endpoint="Default").failed == []
    monkeypatch.setenv("SOURCES__ACUMATICA__DELETE_LIMIT", "2")
    with pytest.raises(ConfigurationError, match="from 0"):
        run(pipeline, ["Account"], endpoint="Default")
    assert run(pipeline, ["Account"], endpoint="Default", delete_limit=0.5).failed == []


def test_what_fails_fails_alone_and_is_named(pipeline: dlt.Pipeline) -> None:
    with Sandbox(SandboxOptions(records=50, features_off=("Vendor",))) as sandbox:
        load = ["Vendor", "Account"]
        report = run(pipeline, load, credentials=credentials_of(sandbox))
        assert [one.resource for one in report.failed] == ["Vendor"]
        assert report.rows == {"account": len(sandbox.control.rows("Account"))}
        with pytest.raises(RunFailed, match=r"(?s)Vendor: .*403"):
            report.raise_on_failure()
        assert "Vendor: failed: " in str(report)
        assert sandbox.password not in str(report) + repr(report)
        skipping = run(pipeline, load, credentials=credentials_of(sandbox), skip_unreadable=True)
        assert "403" in str(skipping.outcomes[0].skipped)
        assert skipping.raise_on_failure() is skipping


def test_a_report_says_what_was_not_tried_any_more() -> None:
    outcomes = [
        Outcome("A", {"a": 1_000}, deleted=2, pending="2 lack X."),
        Outcome("B", fatal=True).failing("No seat."),
    ]
    report = Report(outcomes, ["C", "D"])
    said = str(report).splitlines()
    assert said == [
        "A: 1,000 rows, 2 deleted; 2 lack X.",
        "B: failed: No seat.",
        "Not tried any more: C, D.",
    ]
    with pytest.raises(RunFailed, match="C, D"):
        report.raise_on_failure()


def test_what_stands_in_the_way_of_everything_ends_the_run(pipeline: dlt.Pipeline) -> None:
    with Sandbox(SandboxOptions(records=50)) as sandbox:
        credentials = credentials_of(sandbox)
        load = ["Account", "Ledger", "Vendor"]

        def locked_out(outcome: Outcome) -> None:
            sandbox.control.sign_out_all()
            sandbox.control.fault("status", status=401, times=1_000)

        report = run(pipeline, load, credentials=credentials, on_outcome=locked_out)
    assert [one.resource for one in report.failed] == ["Ledger"]
    assert report.not_tried == ["Vendor"]


def test_a_wrong_password_is_refused_and_not_shown(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    wrong = AcumaticaCredentials(**{**dict(credentials_of(sandbox)), "password": "sandbox-secret"})
    with pytest.raises(AuthenticationError) as raised:
        run(pipeline, ["Account"], credentials=wrong)
    assert "sandbox-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ([], "at least one"),
        ("Account", "at least one"),
        ([7], "cannot be loaded"),
        (["Account", EntityOptions("Account")], "more than once"),
    ],
    ids=["nothing", "a text", "a number", "twice"],
)
def test_what_is_no_list_of_loads_is_refused_before_anything_is_sent(
    sandbox: Sandbox, pipeline: dlt.Pipeline, load: list[str], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        run(pipeline, load, credentials=credentials_of(sandbox))
    assert sandbox.control.counters()["logins"] == 0


def test_an_entity_that_never_was_is_refused_and_a_form_that_answers_is_loaded(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    form = InquiryForm("InventorySummaryInquiry", [{"InventoryID": "BEARIN00001"}])
    with pytest.raises(ConfigurationError, match="Did you mean Account"):
        run(pipeline, [form, "Acount"], credentials=credentials_of(sandbox))
    assert run(pipeline, [form], credentials=credentials_of(sandbox)).failed == []


@pytest.mark.parametrize("step", ["extracted", "normalized"])
def test_what_a_killed_run_has_left_behind_is_not_loaded_again(
    sandbox: Sandbox, pipeline: dlt.Pipeline, step: str
) -> None:
    credentials = credentials_of(sandbox)
    run(pipeline, ["Vendor"], credentials=credentials).raise_on_failure()
    sandbox.control.advance(3_600)
    sandbox.control.mutate(5, ["Vendor"])
    pipeline.extract(acumatica(credentials, load=["Vendor"]))
    if step == "normalized":
        pipeline.normalize()
    sandbox.control.advance(3_600)
    sandbox.control.mutate(5, ["Vendor"], seed=2)
    run(pipeline, ["Vendor"], credentials=credentials).raise_on_failure()
    assert not pipeline.has_pending_data
    assert_equal(pipeline, sandbox, "Vendor")


def test_a_local_folder_that_is_there_in_part_is_made_anew(
    sandbox: Sandbox, pipeline: dlt.Pipeline, tmp_path: Path
) -> None:
    """A run that is killed while it drops the folder leaves a part of it."""
    credentials = credentials_of(sandbox)
    run(pipeline, ["Account"], credentials=credentials).raise_on_failure()
    shutil.rmtree(Path(pipeline.working_dir) / "schemas")
    again = pipeline_in(tmp_path)
    run(again, ["Account"], credentials=credentials).raise_on_failure()
    assert_equal(again, sandbox, "Account")


def test_the_name_of_the_dataset_stays_whatever_is_put_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures start anew from the destination, and so must not move to another dataset."""
    monkeypatch.setenv("DATASET_NAME_LAYOUT", "our_%s")
    with Sandbox(SandboxOptions(records=50, features_off=("Vendor",))) as sandbox:
        for dev_mode in (False, True):
            into = dlt.pipeline(
                "named",
                destination=dlt.destinations.duckdb(f"{tmp_path}/named.duckdb"),
                dataset_name="erp",
                dev_mode=dev_mode,
            )
            name = into.dataset_name
            load = ["Account", "Vendor", "Ledger"]
            run(into, load, credentials=credentials_of(sandbox))
            assert into.dataset_name == name
            assert_equal(into, sandbox, "Account", "Ledger")
