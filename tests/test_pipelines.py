"""The example pipelines run as they stand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acumatica_sandbox import Sandbox
from pipelines.acumatica_pipeline import EXAMPLES
from tests.cli.test_failures import settings

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent.parent / "pipelines" / "acumatica_pipeline.py"


@pytest.mark.parametrize("example", sorted(EXAMPLES))
def test_an_example(sandbox: Sandbox, tmp_path: Path, example: str) -> None:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), example],
        cwd=tmp_path,
        env=dict(os.environ) | settings(sandbox),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " rows" in run.stdout
    assert sandbox.control.counters()["seats_now"] == 0
