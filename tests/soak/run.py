"""A soak: a thousand random histories of datasets that are loaded while everything goes wrong.

    make soak [HISTORIES=1000] [SEED=7] [JOBS=2]
    python -m tests.soak.run --seed 7 --only 12
    python -m tests.soak.run --faults

Whatever happens in a history, a sync that succeeds ends with the dataset as the source is: every
row once, nothing of other tenants touched, and exactly what was deleted on record. With `--faults`,
faults are put back one at a time, and each has to make a history fail.
"""

import argparse
import contextlib
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from tests.postgres import server_in
from tests.soak.faults import FAULTS
from tests.soak.trial import SERVER, LeftOut, attempt

MOST = 100
"""Histories in which each fault has to be found."""


@dataclass(frozen=True)
class Result:
    """What became of a history."""

    number: int
    failure: str | None = None
    left_out: bool = False


def main() -> int:
    """Run it; 1 if a history failed, or a fault was not found."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--seed", type=int, help="draw the same histories as a run before")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="play this history alone")
    parser.add_argument("--faults", nargs="*", metavar="NAME", help=f"of {', '.join(FAULTS)}")
    options = parser.parse_args()
    if unknown := set(options.faults or ()) - set(FAULTS):
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    seed = random.SystemRandom().randrange(10_000) if options.seed is None else options.seed
    print(f"SEED={seed}", flush=True)
    with _server(), _workers(options.jobs) as workers:
        if options.faults is not None:
            return _find(workers, seed, options.faults or list(FAULTS), options.jobs)
        numbers = range(options.histories) if options.only is None else [options.only]
        return _soak(workers, seed, numbers, options.jobs)


def _soak(workers: ProcessPoolExecutor, seed: int, numbers: Iterable[int], jobs: int) -> int:
    begun, played, left_out, failed = time.monotonic(), 0, 0, []
    for result in _results(workers, seed, numbers, None, jobs):
        left_out += result.left_out
        played += not result.left_out
        if result.failure:
            failed.append(result.number)
            print(f"\n{result.failure}{_again(seed, result.number)}", flush=True)
        else:
            print("s" if result.left_out else ".", end="", flush=True)
        if (played + left_out) % 50 == 0:
            print(f" {played + left_out} in {time.monotonic() - begun:.0f} s", flush=True)
    print(f"\n{played} histories played in {time.monotonic() - begun:.0f} s, {len(failed)} failed")
    if left_out:
        print(f"{left_out} were left out: there is no PostgreSQL here.")
    for number in sorted(failed):
        print(_again(seed, number))
    return int(bool(failed))


def _find(workers: ProcessPoolExecutor, seed: int, faults: list[str], jobs: int) -> int:
    missed = []
    for fault in faults:
        begun = time.monotonic()
        results = _results(workers, seed, range(MOST), fault, jobs)
        found = next((one for one in results if one.failure), None)
        results.close()
        seconds = time.monotonic() - begun
        if found is None:
            missed.append(fault)
            print(f"{fault}: not found in {MOST} histories, {seconds:.0f} s", flush=True)
            continue
        said = next(
            line for line in str(found.failure).splitlines() if line.startswith("AssertionError")
        )
        print(
            f"{fault}: found by history {found.number}, {seconds:.0f} s\n  {said[:300]}", flush=True
        )
    return int(bool(missed))


def _results(
    workers: ProcessPoolExecutor,
    seed: int,
    numbers: Iterable[int],
    fault: str | None,
    jobs: int,
) -> Generator[Result, None, None]:
    """What became of the histories, as they end."""
    rest = iter(numbers)
    running: set[Future[Result]] = set()
    try:
        while True:
            for number in islice(rest, jobs - len(running)):
                running.add(workers.submit(_play, seed, number, fault))
            if not running:
                return
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for one in ended:
                yield one.result()
    finally:
        wait(running)


def _play(seed: int, number: int, fault: str | None) -> Result:
    try:
        return Result(number, attempt(seed, number, fault))
    except LeftOut:
        return Result(number, left_out=True)


def _again(seed: int, number: int) -> str:
    return f"Again: {Path(sys.executable)} -m tests.soak.run --seed {seed} --only {number}"


@contextlib.contextmanager
def _workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawned, _quiet) as workers:
        yield workers


def _quiet() -> None:
    """Say nothing of what is refused and repeated."""
    logging.disable(logging.CRITICAL)


@contextlib.contextmanager
def _server() -> Iterator[None]:
    """A PostgreSQL server for the workers, if there is one on this machine."""
    with ExitStack() as stack:
        try:
            pytest.importorskip("psycopg2", reason="psycopg2 is not installed")
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postgres-")))
            os.environ[SERVER] = stack.enter_context(server_in(folder)).address
        except pytest.skip.Exception as reason:
            print(f"Histories in PostgreSQL are left out: {reason}", flush=True)
        yield


if __name__ == "__main__":
    sys.exit(main())
