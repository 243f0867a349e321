"""A tour reads only, with one seat, and finds out what a sandbox has been told to do."""

from pathlib import Path
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxError, SandboxOptions
from acumatica_sandbox.like import options_like
from acumatica_source.client.errors import AcumaticaError
from acumatica_source.probing.comparing import differences
from acumatica_source.probing.model import Findings
from acumatica_source.probing.questions import QUESTIONS
from acumatica_source.probing.steps import STEPS, no_findings, probe
from acumatica_source.probing.tour import run
from tests.probing.tours import instance_of, tour

NOT_WITHOUT_VERSION_5 = {name for name in QUESTIONS if name.startswith("version_5.")}
VERSION_5 = {"build": "26R2", "contract_version": 5}


def read_back(findings: Findings, tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "probe.json"
    file.write_text(findings.written())
    return options_like(file)


def test_a_tour_reads_only_with_one_seat_and_few_requests() -> None:
    with Sandbox(SandboxOptions(records=2_000, seats=1)) as sandbox:
        found = probe(instance_of(sandbox))
        counters = sandbox.control.counters()
        sent = sandbox.control.requests()
    assert (counters["seats_now"], counters["seats_max"]) == (0, 1)
    changing = [one["path"].rpartition("/")[2] for one in sent if one["method"] != "GET"]
    assert changing == ["login", "logout", "login", "logout"]
    assert found.requests == len(sent) < 80


def test_everything_is_found_out() -> None:
    found = tour(**VERSION_5)
    assert found.failed == {}
    assert found.build.startswith("26.")
    assert "Default/26.200.001" in found.endpoints
    assert QUESTIONS.keys() - found.answers.keys() <= {"lists.two_at_once"}
    assert found.requests < 110
    assert not NOT_WITHOUT_VERSION_5 & tour().answers.keys()


def test_a_sandbox_like_another_differs_in_nothing(tmp_path: Path) -> None:
    odd = {
        "orderby": "honoured",
        "list_order": "hashed",
        "cap_records": 50,
        "session_ids": 1.0,
        "blank_forms": True,
        "odata_page": 100,
        "offset_minutes": 180,
        "dac_unfilterable": "orderby",
        "silent_empties": ["views", "text"],
        "endpoint_list": "absolute",
    }
    found = tour(**odd)
    told = read_back(found, tmp_path)
    assert {name: told[name] for name in odd} == odd
    assert list(differences(found, tour(**told))) == []
    plain = {one.question: (one.found, one.assumed) for one in differences(found, tour())}
    assert plain["lists.orderby"] == ("honoured", "ignored")
    assert plain["lists.limit"] == (50, 0)
    assert plain["order.SalesOrder"] == ("something else", "keys")
    assert len(plain) > 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "odd",
    [
        {"list_order": "random", "orderby": "refused"},
        {"list_order": "modified", "cap_stamps": 60, "session_ids": 0.3, "null_stamps": 0.05},
        {
            "cap_feeds": 120,
            "odata_text_decimals": True,
            "odata_bare_dates": False,
            "build": "25R2",
            "empty_details": True,
            "stamp_not_selectable": ["SalesOrder"],
        },
        {**VERSION_5, "null_form": "value", "instant_form": "z", "plain_drop_downs": "code"},
        {
            **VERSION_5,
            "null_form": "bare",
            "date_only_form": "timestamp",
            "codes_in_urls": False,
            "wrong_dialect_status": 400,
            "more_functions": True,
            "custom_parameter": "refused",
            "mixed_dates": "refused",
            "dac_role": False,
        },
    ],
    ids=lambda odd: " ".join(odd),
)
def test_options_are_found_out(odd: dict[str, Any], tmp_path: Path) -> None:
    found = tour(**odd)
    told = read_back(found, tmp_path)
    assert {name: told.get(name) for name in odd} == odd
    assert list(differences(found, tour(**told))) == []


@pytest.mark.slow
@pytest.mark.alone
def test_requests_of_a_session_are_seen_to_wait_for_each_other() -> None:
    with Sandbox(SandboxOptions(records=200)) as sandbox:
        sandbox.control.fault(
            "delay", path="/(SalesOrder|JournalTransaction)$", seconds=0.5, times=0
        )
        assert two_at_once(sandbox) == "at once"
        sandbox.control.clear_faults()
        sandbox.control.set_options(latency=0.25)
        assert two_at_once(sandbox) == "one after the other"
        assert sandbox.control.counters()["seats_now"] == 0


def two_at_once(sandbox: Sandbox) -> object:
    findings = no_findings()
    steps = ("endpoints", "contracts", "keys and order", "two at once")
    run(instance_of(sandbox), findings, {name: STEPS[name] for name in steps})
    return findings.answers.get("lists.two_at_once")


def test_a_part_that_fails_does_not_hide_the_others() -> None:
    with Sandbox(SandboxOptions(records=400)) as sandbox:
        sandbox.control.fault("reset", path="/Customer$", times=0)
        sandbox.control.fault("status", path="swagger.json$", status=404, times=0)
        found = probe(instance_of(sandbox))
        assert sandbox.control.counters()["seats_now"] == 0
    assert "contracts" in found.failed
    assert "instance.list_form" in found.answers
    assert found.failed.keys() <= STEPS.keys()


def test_an_instance_that_lets_nobody_in_is_an_error() -> None:
    with Sandbox(SandboxOptions(records=50)) as sandbox:
        sandbox.control.fault("status", path="auth/login", status=401, times=0)
        with pytest.raises(AcumaticaError):
            probe(instance_of(sandbox))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "answers": {}, "build": "x"}', '{"format": 1}', "nul"]
)
def test_what_no_probe_has_written_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "probe.json"
    file.write_text(text)
    with pytest.raises(SandboxError, match="no file that acumatica probe has written"):
        options_like(file)
