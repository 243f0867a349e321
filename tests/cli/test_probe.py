"""`acumatica probe` writes one file that can be shown, and says where the sandbox is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source.cli.probe import probe_command
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.probing.steps import no_findings
from tests.cli.test_failures import acumatica, settings

NEEDLE = "n33dle"


@pytest.mark.slow
def test_a_probe_is_written_compared_and_replayed(tmp_path: Path) -> None:
    odd = SandboxOptions(
        records=400, seats=1, orderby="refused", endpoint_list="bare", password=NEEDLE
    )
    with Sandbox(odd) as sandbox:
        run = acumatica("probe", cwd=tmp_path, env=settings(sandbox))
        counters = sandbox.control.counters()
        sent = len(sandbox.control.requests())
    assert run.returncode == 0, run.stderr
    assert (counters["seats_now"], counters["seats_max"]) == (0, 1)
    file = tmp_path / "probe.json"
    no_findings().read(file.read_text())
    assert f"answers by {sent} requests, written to probe.json" in run.stdout
    assert "What differs from the sandbox" in run.stdout
    (line,) = (one for one in run.stdout.splitlines() if one.startswith("lists.orderby "))
    assert line.split()[-2:] == ["ignored", "refused"]
    for text in (file.read_text(), run.stdout, run.stderr):
        assert NEEDLE not in text

    command = [sys.executable, "-m", "acumatica_source.cli", "sandbox", "--port", "0"]
    command += ["--like", "probe.json", "--records", "50", "--set", "orderby=honoured"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stdout is not None
    try:
        address = next(word for word in process.stdout.readline().split() if "://" in word)
        assert isinstance(requests.get(f"{address}/entity", timeout=10).json(), list)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_file_is_compared_without_an_instance(tmp_path: Path) -> None:
    found = no_findings()
    found.note_instance("24.201.0070", [])
    found.note("lists.orderby", "honoured")
    found.note("order.SalesOrder", "keys")
    found.note("classes.sets", 4_300)
    file = tmp_path / "probe.json"
    file.write_text(found.written())
    run = CliRunner().invoke(probe_command, ["--compare", str(file)], catch_exceptions=False)
    assert run.exit_code == 0
    assert [line.split()[0] for line in run.output.splitlines() if "." in line.split(" ")[0]] == [
        "lists.orderby"
    ]


def test_what_is_no_probe_is_refused(tmp_path: Path) -> None:
    document = json.loads(no_findings().written()) | {"answers": {"lists.orderby": NEEDLE}}
    file = tmp_path / "probe.json"
    file.write_text(json.dumps(document))
    run = CliRunner().invoke(probe_command, ["--compare", str(file)])
    assert isinstance(run.exception, ConfigurationError)
    assert "probe.json is no file of acumatica probe" in str(run.exception)
    assert NEEDLE not in str(run.exception) + run.output


def test_no_file_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "probe.json"
    file.write_text("mine")
    run = CliRunner().invoke(probe_command, ["--output", str(file)])
    assert isinstance(run.exception, ConfigurationError)
    assert "give another name with --output" in str(run.exception)
    assert file.read_text() == "mine"
