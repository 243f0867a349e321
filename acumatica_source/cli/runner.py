"""Runs a pipeline resource by resource, so that one that fails fails alone.

Each resource is a load package of its own: what it brought is committed before the next begins,
and what a failed one had read is thrown away whole.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import dlt
from filelock import FileLock, Timeout

from acumatica_source.cli.failures import explain, root_cause
from acumatica_source.client.errors import (
    AccessDenied,
    AcumaticaError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    NotConfigured,
    OptimizationError,
    SeatLimitReached,
)
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.names import find_collisions
from acumatica_source.reading.errors import NotARecord
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import inquiries, named
from acumatica_source.resources.dac import DacTable, class_named
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.ledger import LedgerTransactions
from acumatica_source.resources.plan import contract_with, entity_of
from acumatica_source.source import Load, name_of, source_of

logger = logging.getLogger(__name__)

_FATAL = (AuthenticationError, ConnectionFailed, SeatLimitReached)
_UNREADABLE = (AccessDenied, NotARecord, NotConfigured, OptimizationError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resource."""

    resource: str
    rows: dict[str, int]
    """Rows loaded in this run, by table."""
    requests: int
    seconds: float
    error: str | None = None
    skipped: str | None = None
    """Why it was left out, where that is no failure."""
    fatal: bool = False
    """Whether the error stands in the way of every other resource too."""
    unreadable: bool = False
    """Whether the instance does not offer it to this user."""


def sync(
    pipeline: dlt.Pipeline,
    instance: Instance,
    load: Sequence[Load],
    report: Callable[[Outcome], None],
    *,
    skip_unreadable: bool = False,
) -> list[Outcome]:
    """Load everything asked for; a resource that fails is reported and the next one goes on.

    Args:
        pipeline: Where to.
        instance: Where from.
        load: What.
        report: Called with each outcome as soon as it is known.
        skip_unreadable: Whether entities that the instance does not offer to this user (no rights,
            not set up, no list) count as skipped rather than failed.

    Raises:
        ConfigurationError: another sync of this pipeline is under way, or an argument is wrong.
    """
    outcomes: list[Outcome] = []
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    with _locked(pipeline), instance.opened():
        _start_from_destination(pipeline)
        _check_names(instance, load)
        taken = _taken(load)
        for one in load:
            known = len(instance.unordered)
            outcome = taken.get(name_of(one)) or _run(pipeline, instance, one)
            if len(instance.unordered) > known:  # pages moved while being read: ask for all at once
                outcome = _run(pipeline, instance, one)
            is_named = isinstance(one, GenericInquiry | DacTable)  # never loaded unasked
            if skip_unreadable and outcome.unreadable and not is_named:
                outcome = replace(outcome, error=None, skipped=outcome.error)
            report(outcome)
            outcomes.append(outcome)
            if outcome.fatal:
                break
    return outcomes


def _taken(load: Sequence[Load]) -> dict[str, Outcome]:
    """What is to be said of names that would share a table with one before them."""
    normalize = dlt.Schema("acumatica").naming.normalize_tables_path
    return {
        late: Outcome(
            late,
            {},
            0,
            0.0,
            f"{late} would share the table {table!r} with {first}: load it into a dataset of its "
            "own.",
        )
        for table, (first, *rest) in find_collisions(map(name_of, load), normalize).items()
        for late in rest
    }


def _check_names(instance: Instance, load: Sequence[Load]) -> None:
    """Reach the instance, and refuse unknown names before anything is loaded.

    Where this user does not get to see what inquiries or classes there are, loading them says so.
    """
    instance.contract()
    for one in load:
        if not isinstance(one, LedgerTransactions | GenericInquiry | DacTable):
            _check_entity(instance, name_of(one))
    checks: list[Callable[[], None]] = [
        lambda: _check_inquiries(instance, [o.name for o in load if isinstance(o, GenericInquiry)]),
        lambda: _check_classes(instance, [o.name for o in load if isinstance(o, DacTable)]),
    ]
    for check in checks:
        try:
            check()
        except ConfigurationError:
            raise
        except (AcumaticaError, ContractError) as error:
            logger.info("Names cannot be checked: %s", error)


def _check_entity(instance: Instance, name: str) -> None:
    try:
        entity_of(contract_with(instance, name)[1], name)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error} (Generic inquiries and data access classes are no entities: name them with "
            "--inquiry and --dac.)"
        ) from None


def _check_inquiries(instance: Instance, names: Sequence[str]) -> None:
    if names:
        with instance.opened() as connection:
            offered = inquiries(connection.pool, instance.tenant)
        for name in names:
            named(offered, name, "generic inquiry")


def _check_classes(instance: Instance, names: Sequence[str]) -> None:
    for name in names:
        class_named(instance, name)


def _run(pipeline: dlt.Pipeline, instance: Instance, load: Load) -> Outcome:
    begun, requests, read = time.monotonic(), instance.requests_made, instance.rows_read.copy()
    error, cause = None, None
    rows: dict[str, int] = {}
    try:
        pipeline.run(source_of(instance, [load]), loader_file_format="parquet")
        rows = _rows_loaded(pipeline, instance.rows_read - read)
    except Exception as raised:  # whatever a destination or the instance may say: it is reported
        logger.debug("%s failed", name_of(load), exc_info=True)
        error = explain(raised)
        cause = root_cause(raised)
        _start_from_destination(pipeline)
    return Outcome(
        name_of(load),
        rows,
        instance.requests_made - requests,
        time.monotonic() - begun,
        error,
        fatal=isinstance(cause, _FATAL),
        unreadable=isinstance(cause, _UNREADABLE),
    )


def _rows_loaded(pipeline: dlt.Pipeline, read: Counter[str]) -> dict[str, int]:
    """Rows by the names of the tables that the last run touched."""
    naming = pipeline.default_schema.naming
    counts = {naming.normalize_tables_path(name): rows for name, rows in read.items()}
    trace = pipeline.last_trace
    touched = trace.last_normalize_info.row_counts if trace and trace.last_normalize_info else {}
    names = sorted(name for name in touched if not name.startswith("_dlt"))
    return {name: counts.get(name, 0) for name in names}


def _start_from_destination(pipeline: dlt.Pipeline) -> None:
    """Let the destination alone say what is loaded and how far.

    The local folder may hold the state of another destination, or a load that was cut off: a job
    of it may have written its rows without having been told so, and doing it again could double
    the lines of a document. Only finished loads count in the destination's state.
    """
    pipeline.drop()
    pipeline.sync_destination()


@contextmanager
def _locked(pipeline: dlt.Pipeline) -> Iterator[None]:
    folder = Path(pipeline.pipelines_dir)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{pipeline.pipeline_name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigurationError(
            f"Another sync of pipeline {pipeline.pipeline_name!r} is under way. Wait for it, or "
            "name another pipeline."
        ) from None
    try:
        yield
    finally:
        lock.release()
