"""How many small faults, put into a module one at a time, its tests notice.

    make mutants [MODULES="pool parse"] [SEED=7] [COUNT=60] [JOBS=2]

Cosmic Ray makes the mutants: it changes module constants, properties and decorated functions as
well, where mutmut changes only the bodies of plain functions. `modules.toml` says which modules,
and which tests are to notice; `reasons.toml` says of survivors why nothing can.

Marks such as `no cover` or `no mutate` are not heeded: what they exclude is changed all the same,
and survives where no test looks. A mutant that cannot be imported shows nothing about tests, so
another is drawn for it.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.mutants.draw import HERE, Module, mutants, table
from tests.mutants.trial import Change, attempt, run, settle

ROOT = HERE.parent.parent

WANTED = 0.9
"""Share of the mutants of each module that tests have to notice."""


@dataclass
class Score:
    """What became of the mutants of a module."""

    module: Module
    killed: int = 0
    survivors: list[Change] = field(default_factory=list)

    @property
    def drawn(self) -> int:
        """Mutants that were tried."""
        return self.killed + len(self.survivors)

    @property
    def share(self) -> float:
        """The share that was noticed."""
        return self.killed / self.drawn if self.drawn else 1.0


def reasons() -> dict[tuple[str, Change], str]:
    """Why some mutants cannot be noticed, by module (`*` is any) and change."""
    given = tomllib.loads((HERE / "reasons.toml").read_text()).get("mutant", [])
    return {
        (one["module"], Change(one["function"], one["before"], one["after"])): one["reason"]
        for one in given
    }


def score(module: Module, workers: ProcessPoolExecutor, count: int, seed: str) -> Score:
    """Try `count` mutants of a module, or all if it has fewer."""
    begun, unfit, result = time.monotonic(), 0, Score(module)
    whole = workers.submit(run, module.tests, 600).result()
    if not whole.passed:
        raise SystemExit(f"The tests of {module.name} fail without any mutant:\n{whole.said}")
    limit = 3 * whole.seconds + 5
    rest = mutants(module, ROOT, random.Random(f"{seed} {module.name}"))
    while batch := list(islice(rest, count - result.drawn)):
        for one in [workers.submit(attempt, m, ROOT, module.tests, limit) for m in batch]:
            outcome, change = one.result()
            print("S" if outcome.passed else ".", end="", flush=True)
            if outcome.passed:
                result.survivors.append(change)
            elif outcome.failed:
                result.killed += 1
            else:
                unfit += 1
    print(
        f"\n{module.name}: {result.killed} of {result.drawn} killed in "
        f"{time.monotonic() - begun:.0f} s; the tests alone take {whole.seconds:.1f} s; "
        f"{unfit} more could not be imported",
        flush=True,
    )
    return result


def outdated(scores: Sequence[Score]) -> list[str]:
    """Lines that reasons are given for, and that are not in the modules any more."""
    lines = {
        one.module.name: {
            line.strip()
            for pattern in one.module.files
            for file in ROOT.glob(pattern)
            for line in file.read_text().splitlines()
        }
        for one in scores
    }
    return [
        f"{module}: {change.before}"
        for module, change in reasons()
        if module in lines and change.before not in lines[module]
    ]


def report(scores: Sequence[Score], seed: str) -> None:
    """Print the table, and below it what survived."""
    given = reasons()
    for one in scores:
        for survivor in one.survivors:
            print(f"\n{one.module.name}: {survivor.function or 'module level'}")
            print(f"  - {survivor.before}\n  + {survivor.after}")
            why = given.get((one.module.name, survivor)) or given.get(("*", survivor))
            print(f"  {why or 'No reason is given.'}")
    print(f"\n{'module':<12}{'drawn':>7}{'killed':>8}{'survived':>10}{'score':>8}")
    for one in scores:
        figures = f"{one.drawn:>7}{one.killed:>8}{len(one.survivors):>10}{one.share:>8.0%}"
        print(f"{one.module.name:<12}{figures}{'' if one.share >= WANTED else '  too low'}")
    for line in outdated(scores):
        print(f"A reason is given for a line that is no more: {line}")
    print(f"SEED={seed}")


def main() -> int:
    """Run it; 1 if tests notice too few mutants of a module."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("modules", nargs="*", help="names from modules.toml; all by default")
    parser.add_argument("--seed", default="", help="draw the same mutants as a run before")
    parser.add_argument("--count", type=int, default=60, help="mutants of each module")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    options = parser.parse_args()
    known = table()
    if unknown := set(options.modules) - {module.name for module in known}:
        parser.error(f"not in modules.toml: {', '.join(sorted(unknown))}")
    chosen = [module for module in known if module.name in options.modules or not options.modules]
    seed = options.seed or str(random.SystemRandom().randrange(10_000))
    print(f"SEED={seed}", flush=True)
    tests = sorted({test for module in chosen for test in module.tests})
    spawned = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ProcessPoolExecutor(options.jobs, spawned, settle, (ROOT, Path(folder), tests)) as workers,
    ):
        scores = [score(module, workers, options.count, seed) for module in chosen]
    report(scores, seed)
    return int(any(one.share < WANTED for one in scores))


if __name__ == "__main__":
    sys.exit(main())
