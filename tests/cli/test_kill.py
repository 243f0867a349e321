"""A sync that is killed at any moment leaves nothing that the next one cannot put right."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.cli.test_failures import acumatica, settings
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow

ENTITIES = ("Customer", "SalesOrder", "JournalTransaction")


def start(cwd: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "acumatica_source.cli", "sync", *ENTITIES, "--duckdb", "w.db"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=cwd, env=env, stdout=quiet, stderr=quiet)


def warehouse(folder: Path) -> dlt.Pipeline:
    return dlt.pipeline(
        "reader",
        destination=dlt.destinations.duckdb(str(folder / "w.db")),
        dataset_name="erp",
        pipelines_dir=str(folder / "reader"),
    )


def environment(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    own = {"DLT_DATA_DIR": str(folder / "dlt"), "XDG_CACHE_HOME": str(folder / "cache")}
    return dict(os.environ) | settings(sandbox) | own


def test_kill_minus_nine_then_run_again(sandbox: Sandbox, tmp_path: Path) -> None:
    chance = random.Random(5)
    env = environment(sandbox, tmp_path)
    for seed in range(3):
        for _ in range(2):
            process = start(tmp_path, env)
            time.sleep(chance.uniform(1.0, 5.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
            sandbox.control.advance(601)  # what a killed process cannot sign out, idling frees
            assert sandbox.control.counters()["seats_now"] == 0
        run = acumatica("sync", *ENTITIES, "--duckdb", "w.db", cwd=tmp_path, env=env)
        assert run.returncode == 0, run.stdout + run.stderr
        assert_equal(warehouse(tmp_path), sandbox, *ENTITIES)
        sandbox.control.mutate(40, [*ENTITIES], seed=seed)


def test_the_seat_of_a_killed_sync_is_free_at_the_next_start(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=200, seats=1, latency=0.1)) as sandbox:
        env = environment(sandbox, tmp_path)
        process = start(tmp_path, env)
        deadline = time.monotonic() + 30
        while len(sandbox.control.requests()) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.wait()
        assert sandbox.control.counters()["seats_now"] == 1
        run = acumatica("sync", "Account", "--duckdb", "w.db", cwd=tmp_path, env=env)
        assert run.returncode == 0, run.stdout + run.stderr
        assert sandbox.control.counters()["seats_now"] == 0


def test_a_polite_stop_signs_out(sandbox: Sandbox, tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start(tmp_path, environment(sandbox, tmp_path))
        deadline = time.monotonic() + 30
        while sandbox.control.counters()["seats_now"] == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(timeout=30) != 0
        assert sandbox.control.counters()["seats_now"] == 0
