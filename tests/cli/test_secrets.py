"""The password goes to the instance and nowhere else: not to files, not to any log level."""

from pathlib import Path

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.cli.test_failures import acumatica, settings

pytestmark = pytest.mark.slow

NEEDLE = "n33dle-in-the-haystack"


def test_no_file_and_no_output_holds_the_password(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=50, password=NEEDLE)) as sandbox:
        env = settings(sandbox) | {
            "DLT_DATA_DIR": str(tmp_path / "dlt"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "RUNTIME__LOG_LEVEL": "DEBUG",
            "HOME": str(tmp_path),
        }
        said = []
        for arguments in (["Account", "ledger_transactions"], ["Account", "NoSuchEntity"]):
            run = acumatica("-vv", "sync", *arguments, cwd=tmp_path, env=env)
            said.append(run.stdout + run.stderr)
    assert "Traceback" in said[1]  # the most talkative level shows even those
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        assert NEEDLE.encode() not in path.read_bytes(), path
    assert not [text for text in said if NEEDLE in text]
