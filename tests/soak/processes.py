"""Syncs, in this process or in one that can be killed."""

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dlt
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.destinations.impl.filesystem.filesystem import FilesystemLoadJob
from dlt.pipeline.exceptions import PipelineStepFailed

import acumatica_source
from acumatica_source import AcumaticaCredentials, DacTable, EntityOptions, LedgerTransactions
from acumatica_source.client.errors import AcumaticaError
from acumatica_source.client.wire import Wire
from acumatica_source.running.failures import explain
from acumatica_source.source import Load
from tests.resources.histories import Setting
from tests.soak.faults import FAULTS
from tests.soak.histories import CLASS, LEDGER
from tests.soak.places import Place

LIMIT = 180
"""Seconds that any sync may take."""

PERIODS = ("072026", "082026", "092026")
"""Of the ledger."""

WHOLE = ""
"""Instead of a resource: the run as a whole."""


@dataclass(frozen=True)
class Task:
    """A sync, as another process can be told of it."""

    place: Place
    dataset: str
    pipelines: str
    """The folder of the pipelines."""
    base_url: str
    tenant: str
    resources: tuple[str, ...]
    way: str
    source: Setting
    sessions: int
    tenant_column: bool
    allow_deletes: bool = False
    adopt: bool = False

    def pipeline(self) -> dlt.Pipeline:
        """The pipeline that it runs."""
        return self.place.pipeline(f"into_{self.dataset}", self.dataset, self.pipelines)

    def loads(self) -> list[Load]:
        """What is loaded."""
        return [self._load(name) for name in self.resources]

    def _load(self, name: str) -> Load:
        common: dict[str, Any] = {"page_size": self.source.page_size, "lag": self.source.lag}
        if name == CLASS:
            return DacTable(CLASS, columns=("OrderDesc",), **common)
        if name == LEDGER:
            first, last = (f"{one[:2]}-{one[2:]}" for one in (PERIODS[0], PERIODS[-1]))
            return LedgerTransactions(from_period=first, to_period=last, verify="now")
        return EntityOptions(name, expand=("Details",), **common)


Errors = dict[str, str]
"""What failed, by resource, and why."""


def done(task: Task) -> Errors:
    """Sync in this process."""
    pipeline = task.pipeline()
    options: dict[str, Any] = {
        "credentials": AcumaticaCredentials(
            base_url=task.base_url, username="admin", password="sandbox", tenant=task.tenant
        ),
        "sessions": task.sessions,
        "allow_deletes": task.allow_deletes,
        "tenant_column": task.tenant_column,
        "adopt": task.adopt,
    }
    try:
        if task.way == "command":
            report = acumatica_source.run(pipeline, task.loads(), **options)
            return {one.resource: str(one.error) for one in report.failed} | dict.fromkeys(
                report.not_tried, "not tried"
            )
        pipeline.run(acumatica_source.acumatica(load=task.loads(), **options))
    except (AcumaticaError, PipelineStepFailed) as error:
        return {WHOLE: explain(error)}
    return {}


STATE_TWICE = "_dlt_pipeline_state__dlt_id_key"
"""What PostgreSQL says of where dlt writes its state once more, which it had written when it was
killed, but not noted. It advises to abort the package."""


def resumed(task: Task) -> bool:
    """Let dlt finish what an earlier run of the pipeline has left; whether there was anything."""
    pipeline = task.pipeline()
    if not pipeline.has_pending_data:
        return False
    try:
        pipeline.run()
    except PipelineStepFailed as error:
        if STATE_TWICE not in str(error):
            raise
        pipeline.abort_packages()
    return True


class Interruption(KeyboardInterrupt):
    """Somebody stops a sync."""


def interrupted(task: Task, count: int) -> Errors | None:
    """Sync in this process until so many requests are sent.

    Returns:
        What failed; None if it was interrupted.
    """
    left = count

    def stop(wire: Wire, request: Any, *rest: Any) -> None:
        nonlocal left
        left -= "/auth/" not in request.url  # a sign-out that is interrupted leaves its seat
        if left == 0:
            left = -1
            raise Interruption

    with _watched([(Wire, "exchange")], stop):
        try:
            errors = done(task)
        except Interruption:
            return None
    # dlt takes what is raised in extraction for a failure of that
    return None if Interruption.__name__ in errors.values() else errors


MOMENTS: Mapping[str, Sequence[tuple[type, str]]] = {
    "request": [(Wire, "exchange")],
    "write": [(DuckDbSqlClient, "execute_query"), (FilesystemLoadJob, "run")],
    "noted": [(PackageStorage, "complete_job")],
}
"""What a process may be about to do when it is killed: send a request, write to the destination, or
note that a file is loaded."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    process: int
    errors: Errors | None
    """What failed; None if it was killed."""


def in_process(task: Task, fault: str | None, moment: str | None = None, count: int = 0) -> Ended:
    """Sync in a process of its own.

    Args:
        task: What to sync.
        fault: A fault to be put back into it.
        moment: At what it is killed, if at all.
        count: The how manieth time it is about to do that.
    """
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    kept = ("DLT_DATA_DIR", "XDG_CACHE_HOME", "RUNTIME__DLTHUB_TELEMETRY")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    arguments = (theirs, environment, task, fault, moment, count)
    process = _CONTEXT.Process(target=_child, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(LIMIT) else "It took too long."
    except EOFError:
        answer = None
    finally:
        ours.close()
    if answer == "It took too long.":
        process.kill()
    process.join()
    assert not isinstance(answer, str), answer
    assert answer is not None or process.exitcode == -signal.SIGKILL, process.exitcode
    return Ended(process.pid or 0, answer)


def _child(
    answers: Any,
    environment: Mapping[str, str],
    task: Task,
    fault: str | None,
    moment: str | None,
    count: int,
) -> None:
    os.environ.update(environment)
    logging.disable(logging.CRITICAL)
    if fault is not None:
        FAULTS[fault](setattr)
    left = count

    def die(*arguments: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with _watched(_places(moment), die):
        try:
            answers.send(done(task))
        except BaseException as error:
            answers.send(f"{type(error).__name__}: {error}")


def _places(moment: str | None) -> list[tuple[type, str]]:
    places = list(MOMENTS[moment]) if moment else []
    if moment == "write":
        try:
            from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient
        except ImportError:  # then there is no PostgreSQL
            return places
        places.append((Psycopg2SqlClient, "execute_query"))
    return places


@contextmanager
def _watched(places: Sequence[tuple[type, str]], before: Callable[..., None]) -> Iterator[None]:
    """Have something done before each call of these functions."""
    kept = [(owner, name, getattr(owner, name)) for owner, name in places]

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            before(*arguments)
            return function(*arguments, **options)

        return call

    for owner, name, function in kept:
        setattr(owner, name, watched(function))
    try:
        yield
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def _context() -> Any:
    """Children of a process that has loaded what they need, and runs nothing else."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.soak.processes"])
    return context


_CONTEXT = _context()
