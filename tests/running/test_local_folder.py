"""Rows go into the folder that a program is run in, wherever a pipeline of its name ran before."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_sandbox import Sandbox
from acumatica_source import acumatica, run
from tests.cli.test_failures import acumatica as command
from tests.cli.test_failures import settings
from tests.conftest import credentials_of

LINES = """
import dlt
from acumatica_source import acumatica
pipeline = dlt.pipeline("acumatica", destination="duckdb", dataset_name="erp")
pipeline.run(acumatica(load=["Account"]))
"""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    return first, second


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def accounts(file: Path) -> int:
    with duckdb.connect(str(file), read_only=True) as database:
        return len(database.table("erp.account"))


def into(destination: Any) -> dlt.Pipeline:
    return dlt.pipeline("acumatica", destination=destination, dataset_name="erp")


RELATIVE: dict[str, Callable[[], Any]] = {
    "the default file": lambda: "duckdb",
    "a file": lambda: dlt.destinations.duckdb("warehouse.duckdb"),
    "files": lambda: dlt.destinations.filesystem("lake"),
}


@pytest.mark.parametrize("destination", RELATIVE.values(), ids=RELATIVE.keys())
def test_a_run_loads_into_the_present_folder(
    sandbox: Sandbox,
    folders: tuple[Path, Path],
    destination: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = len(sandbox.control.rows("Account"))
    credentials = credentials_of(sandbox)
    for folder in (*folders, folders[0]):
        monkeypatch.chdir(folder)
        before = {one: files(one) for one in folders if one != folder}
        pipeline = into(destination())
        run(pipeline, ["Account"], credentials=credentials).raise_on_failure()
        assert files(folder)
        assert {one: files(one) for one in before} == before
        assert len(pipeline.dataset()["account"].fetchall()) == rows


@pytest.mark.parametrize("destination", RELATIVE.values(), ids=RELATIVE.keys())
def test_plain_lines_are_refused_in_another_folder(
    sandbox: Sandbox,
    folders: tuple[Path, Path],
    destination: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = folders
    credentials = credentials_of(sandbox)
    monkeypatch.chdir(first)
    for _ in range(2):
        into(destination()).run(acumatica(credentials, load=["Account"]))
    before = files(first)
    requests = len(sandbox.control.requests())
    monkeypatch.chdir(second)
    with pytest.raises(PipelineStepFailed) as raised:
        into(destination()).run(acumatica(credentials, load=["Account"]))
    assert str(first) in str(raised.value)
    assert str(second) in str(raised.value)
    assert "acumatica_source.run" in str(raised.value)
    assert (files(first), files(second)) == (before, [])
    assert len(sandbox.control.requests()) == requests
    monkeypatch.chdir(first)
    into(destination()).run(acumatica(credentials, load=["Account"]))


@pytest.mark.parametrize("kind", ["a whole path", "an open file", "a whole address"])
def test_a_place_that_was_named_is_the_same_from_everywhere(
    sandbox: Sandbox, folders: tuple[Path, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = folders
    credentials = credentials_of(sandbox)
    for folder in folders:
        monkeypatch.chdir(folder)
        with duckdb.connect(str(first / "open.duckdb")) as database:
            destinations: dict[str, Callable[[], Any]] = {
                "a whole path": lambda: dlt.destinations.duckdb(str(first / "w.duckdb")),
                "an open file": lambda: dlt.destinations.duckdb(database),
                "a whole address": lambda: dlt.destinations.filesystem((first / "lake").as_uri()),
            }
            into(destinations[kind]()).run(acumatica(credentials, load=["Account"]))
            run(into(destinations[kind]()), ["Account"], credentials=credentials)
    assert files(second) == []


@pytest.mark.slow
@pytest.mark.parametrize("destination", [(), ("--destination", "duckdb")], ids=["file", "name"])
def test_the_command_and_lines_in_folders_of_their_own(
    sandbox: Sandbox, folders: tuple[Path, Path], tmp_path: Path, destination: tuple[str, ...]
) -> None:
    env = settings(sandbox)
    rows = len(sandbox.control.rows("Account"))
    for folder in folders:
        done = command("sync", "Account", *destination, cwd=folder, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert accounts(folder / "acumatica.duckdb") == rows
    third = tmp_path / "third"
    third.mkdir()
    lines = subprocess.run(
        [sys.executable, "-c", LINES],
        cwd=third,
        env=dict(os.environ) | env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert lines.returncode == 0, lines.stderr
    assert accounts(third / "acumatica.duckdb") == rows
