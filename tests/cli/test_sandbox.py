"""`acumatica sandbox` says where it is, serves at once, and refuses nonsense with a sentence."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.cli.test_failures import acumatica, assert_refused


def test_it_serves_as_soon_as_it_says_where(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "acumatica_source.cli", "sandbox", "--port", "0"]
    command += ["--records", "100", "--set", "latency=0.01"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stdout is not None
    address = next(word for word in process.stdout.readline().split() if "://" in word)
    assert requests.get(f"{address}/entity", timeout=10).json()["endpoints"]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--records", "-1"], ["records", "from 0 to"]),
        (["--license", "free"], ["license", "trial"]),
        (["--set", "colour=red"], ["colour", "latency"]),
        (["--set", "orderby=sometimes"], ["orderby", "honoured"]),
        (["--contract", "broken.json"], ["broken.json"]),
    ],
    ids=["records", "licence", "unknown option", "bad value", "broken contract"],
)
def test_nonsense_is_refused(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    (tmp_path / "broken.json").write_text("{")
    run = acumatica("sandbox", "--port", "0", *arguments, cwd=tmp_path, env=dict(os.environ))
    assert_refused(run, *words)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = acumatica("sandbox", "--port", port, cwd=tmp_path, env=dict(os.environ))
    assert_refused(run, port)
