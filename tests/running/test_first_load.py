"""A first load that is killed goes on where its last window ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.cli.test_failures import settings
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow

LINES = """
import dlt, acumatica_source
from acumatica_source import EntityOptions

pipeline = dlt.pipeline(
    "first", destination=dlt.destinations.duckdb("w.db"), dataset_name="erp"
)
load = [EntityOptions("SalesOrder", page_size=5)]
acumatica_source.run(pipeline, load, window_minutes=0.01, sessions=1).raise_on_failure()
"""


def test_a_first_load_that_is_killed_goes_on(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=1_500, latency=0.04)) as sandbox:
        env = dict(os.environ) | settings(sandbox)
        env |= {"DLT_DATA_DIR": str(tmp_path / "dlt"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        pages = len(sandbox.control.rows("SalesOrder")) / 5

        def asked() -> int:
            paths = [one["path"] for one in sandbox.control.requests()]
            return sum(one.endswith("/SalesOrder") for one in paths)

        process = subprocess.Popen([sys.executable, "-c", LINES], cwd=tmp_path, env=env)
        while asked() < 0.8 * pages and process.poll() is None:
            time.sleep(0.02)
        process.kill()
        assert process.wait() < 0, "it was not done"
        sandbox.control.advance(601)
        sandbox.control.reset_counters()
        subprocess.run([sys.executable, "-c", LINES], cwd=tmp_path, env=env, check=True)
        assert asked() < 0.6 * pages, "a fifth of all, and what the window in progress had asked"
        schemas = [one for one in sandbox.control.requests() if "$adHocSchema" in one["path"]]
        assert len(schemas) <= 1, "every window asks by the same custom fields"
        warehouse = dlt.pipeline(
            "reader",
            destination=dlt.destinations.duckdb(str(tmp_path / "w.db")),
            dataset_name="erp",
            pipelines_dir=str(tmp_path / "reader"),
        )
        assert_equal(warehouse, sandbox, "SalesOrder")
