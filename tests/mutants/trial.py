"""Puts one fault into a copy of the project and sees whether tests notice."""

import compileall
import contextlib
import difflib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec

COPIED = (".dlt", "acumatica_source", "acumatica_sandbox", "tests", "pyproject.toml")
"""What the tests need; faults are put into copies, never into the work tree."""

PRELOADED = (
    *("dlt", "duckdb", "hypothesis.strategies", "numpy", "orjson", "pandas", "pyarrow.compute"),
    *("pyarrow.json", "requests", "acumatica_sandbox.pytest_plugin"),
)
"""What every run of tests finds loaded, as most of its time would go into it."""

ARGUMENTS = (
    *("-x", "-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=0"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what is loaded beforehand
)
"""Of pytest."""


@dataclass(frozen=True)
class Outcome:
    """How a run of tests ended."""

    status: int | None
    """Exit status of pytest; None if it took too long."""
    said: str
    seconds: float

    @property
    def passed(self) -> bool:
        """No test noticed anything."""
        return self.status == pytest.ExitCode.OK

    @property
    def failed(self) -> bool:
        """A test noticed, or none came to an end."""
        return self.status is None or self.status == pytest.ExitCode.TESTS_FAILED or self.died

    @property
    def died(self) -> bool:
        """The process was ended by a signal."""
        return self.status is not None and self.status < 0


@dataclass(frozen=True)
class Change:
    """What a mutant is known by; it remains the same when lines move."""

    function: str
    before: str
    after: str


def settle(project: Path, folder: Path, tests: Sequence[str]) -> None:
    """Make the present process a worker: with a copy of its own, and libraries loaded."""
    own = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        copy = shutil.copytree if (project / name).is_dir() else shutil.copy2
        copy(project / name, own / name)
    os.chdir(own)
    compileall.compile_dir(own, quiet=2)
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", *tests]
    may_write = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(collect, check=False, capture_output=True, env=may_write)  # compiles the tests
    sys.path.insert(0, str(own))
    for library in PRELOADED:
        importlib.import_module(library)


def attempt(
    mutant: MutationSpec, project: Path, tests: Sequence[str], limit: float
) -> tuple[Outcome, Change]:
    """Run the tests of a worker's copy against one mutant."""
    file = mutant.module_path.relative_to(project)
    operator = get_operator(mutant.operator_name)(**mutant.operator_args)
    with use_mutation(file, operator, mutant.occurrence) as (before, after):
        return run(tests, limit), _change(mutant, before, after)


def run(tests: Sequence[str], limit: float) -> Outcome:
    """Run tests in a fork of this process, for so many seconds at most."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _become_pytest(tests, output.fileno())
        status = _wait(child, begun + limit)
        output.seek(0)
        said = output.read().decode(errors="replace")
    return Outcome(status, said, time.monotonic() - begun)


def _become_pytest(tests: Sequence[str], output: int) -> None:
    status = int(pytest.ExitCode.INTERNAL_ERROR)
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.dont_write_bytecode = True  # faults follow each other within one tick of a file's time
        status = int(pytest.main([*ARGUMENTS, *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, deadline: float) -> int | None:
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _change(mutant: MutationSpec, before: str, after: str) -> Change:
    changed: dict[str, list[str]] = {"-": [], "+": []}
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""):
        text = line[1:].strip()
        if text and line[0] in changed and not line.startswith(("---", "+++")):
            changed[line[0]].append(text)
    return Change(mutant.definition_name or "", " ".join(changed["-"]), " ".join(changed["+"]))
