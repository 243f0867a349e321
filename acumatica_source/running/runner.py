"""Runs a pipeline resource by resource, so that one that fails fails alone.

Each resource is a load package of its own: what it brought is committed before the next begins,
and what a failed one had read is thrown away whole.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dlt

from acumatica_source.client.errors import (
    AccessDenied,
    AuthenticationError,
    ConnectionFailed,
    NotConfigured,
    OptimizationError,
    SeatLimitReached,
)
from acumatica_source.reading.errors import NotARecord
from acumatica_source.reading.instance import Instance
from acumatica_source.resources.claim import claim, identity_of
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.local_folder import move_here
from acumatica_source.running.dataset import Dataset, dataset_of
from acumatica_source.running.failures import explain, root_cause
from acumatica_source.running.lock import locked
from acumatica_source.running.names import absent, taken
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import SOURCE, Load, name_of, source_of
from acumatica_source.warehouse.identity import check
from acumatica_source.warehouse.lease import Lease, leased
from acumatica_source.warehouse.lost import lost_tables

logger = logging.getLogger(__name__)

_FATAL = (AuthenticationError, ConnectionFailed, SeatLimitReached)
_UNREADABLE = (AccessDenied, NotARecord, NotConfigured, OptimizationError)


def sync(
    pipeline: dlt.Pipeline,
    instance: Instance,
    load: Sequence[Load],
    report: Callable[[Outcome], None],
    *,
    skip_unreadable: bool = False,
    skipped: Sequence[Outcome] = (),
    whole_endpoint: bool = False,
) -> list[Outcome]:
    """Load everything asked for; a resource that fails is reported and the next one goes on.

    Args:
        pipeline: Where to.
        instance: Where from.
        load: What.
        report: Called with each outcome as soon as it is known.
        skip_unreadable: Whether entities that the instance does not offer to this user (no rights,
            not set up, no list) count as skipped rather than failed, unless they were loaded into
            this dataset before.
        skipped: What is left out from the beginning. What was loaded before fails instead.
        whole_endpoint: Whether `load` is all that the endpoint has. Then entities that were loaded
            from it before, and that it does not have any more, fail.

    Raises:
        ConfigurationError: another sync of this pipeline is under way, the dataset holds the data
            of another instance or tenant, or an argument is wrong.
        AnotherWriter: another host loads into the dataset.
        LeaseLost: another host has taken the dataset over, as this run stood still for too long.
    """
    outcomes: list[Outcome] = []
    with entered(pipeline, instance) as lease:
        dataset = dataset_of(pipeline)
        known = absent(instance, load, dataset, skip_unreadable=skip_unreadable) | taken(load)
        for outcome in _left_out_before(instance, dataset, skipped, whole_endpoint):
            report(outcome)
            outcomes.append(outcome)
        for one in load:
            lease.check()
            outcome = known.get(name_of(one)) or run_one(pipeline, instance, one)
            is_named = isinstance(one, GenericInquiry | DacTable)  # never loaded unasked
            if skip_unreadable and outcome.unreadable and outcome.error and not is_named:
                outcome = dataset.passed_over(one, outcome, outcome.error)
            report(outcome)
            outcomes.append(outcome)
            if outcome.fatal:
                break
    return outcomes


@contextmanager
def entered(pipeline: dlt.Pipeline, instance: Instance) -> Iterator[Lease]:
    """The right to load an instance into a pipeline's dataset, for as long as the block runs.

    The pipeline begins with what the destination says is loaded, and the instance was reached.

    Raises:
        ConfigurationError: another sync of this pipeline is under way, or the dataset holds the
            data of another instance or tenant.
        AnotherWriter: another host loads into the dataset.
        AcumaticaError: the instance cannot be reached.
    """
    identity = identity_of(instance)
    move_here(pipeline)
    with (
        locked(pipeline),
        leased(pipeline, identity.base_url, identity.tenant) as lease,
        instance.seats.opened() as connection,
    ):
        check(pipeline.dataset_name, lease.found, identity, adopt=instance.terms.adopt)
        start_from_destination(pipeline)
        instance.lost.update(lost_tables(pipeline, SOURCE))
        instance.contracts.in_use()
        claim(pipeline, instance, connection, lease.found)
        yield lease


def _left_out_before(
    instance: Instance, dataset: Dataset, skipped: Sequence[Outcome], whole_endpoint: bool
) -> Iterator[Outcome]:
    """The outcomes of what nobody tries to load."""
    for one in skipped:
        yield dataset.passed_over(one.resource, one, one.skipped) if one.skipped else one
    if whole_endpoint:
        yield from dataset.vanished(instance)


def run_one(pipeline: dlt.Pipeline, instance: Instance, load: Load) -> Outcome:
    """Load one resource, whatever comes of it; the dataset must have been entered."""
    begun, requests = time.monotonic(), instance.seats.requests_made
    instance.report.is_shown = True
    read, deleted = instance.report.rows_read.copy(), instance.report.deleted.copy()
    error, cause, pending = None, None, None
    rows: dict[str, int] = {}
    try:
        pipeline.run(source_of(instance, [load]), loader_file_format="parquet")
        rows = _rows_loaded(pipeline, name_of(load), instance.report.rows_read - read)
        error = _left_out(instance, name_of(load))
        pending = instance.report.pending.get(name_of(load))
    except Exception as raised:  # whatever a destination or the instance may say: it is reported
        logger.debug("%s failed", name_of(load), exc_info=True)
        error = explain(raised)
        cause = root_cause(raised)
        start_from_destination(pipeline)
    return Outcome(
        name_of(load),
        rows,
        instance.seats.requests_made - requests,
        time.monotonic() - begun,
        error,
        fatal=isinstance(cause, _FATAL),
        unreadable=isinstance(cause, _UNREADABLE),
        deleted=(instance.report.deleted - deleted)[name_of(load)],
        pending=None if pending is None else pending.of(name_of(load)),
    )


def _left_out(instance: Instance, resource: str) -> str | None:
    """What a table lacks because the instance does not show it, in words."""
    unreadable = instance.report.unreadable.get(resource, ())
    unknown = instance.report.not_understood.get(resource, ())
    if unknown and not unreadable:
        return (
            f"The contract declares {', '.join(unknown)} in a way that is not understood: the "
            "table lacks it, all else is loaded. Name what to read with the option expand, or "
            "report it with that part of the contract."
        )
    if not unreadable:
        return None
    shown = "; ".join(f"{one.record}: {one.reason}" for one in unreadable[:5])
    more = f"; and {len(unreadable) - 5} more" if len(unreadable) > 5 else ""
    return (
        f"{len(unreadable)} of its records cannot be read, the others are loaded. {shown}{more}. "
        "Open them in the ERP, mend or delete them there, and sync again."
    )


def _rows_loaded(pipeline: dlt.Pipeline, resource: str, read: Counter[str]) -> dict[str, int]:
    """Rows by the names of the tables that the last run touched, the resource's own among them."""
    naming = pipeline.default_schema.naming
    counts = {naming.normalize_tables_path(name): rows for name, rows in read.items()}
    trace = pipeline.last_trace
    touched = trace.last_normalize_info.row_counts if trace and trace.last_normalize_info else {}
    own = naming.normalize_tables_path(resource)
    names = sorted({own, *(name for name in touched if not name.startswith("_"))})
    return {name: counts.get(name, 0) for name in names}


def start_from_destination(pipeline: dlt.Pipeline) -> None:
    """Let the destination alone say what is loaded and how far.

    The local folder may hold the state of another destination, or a load that was cut off: a job
    of it may have written its rows without having been told so, and doing it again could double
    the lines of a document. Only finished loads count in the destination's state. The destination
    is the one that its settings name in the folder of this program, wherever the pipeline was first
    run.
    """
    dataset = pipeline.dataset_name
    move_here(pipeline)
    pipeline.drop()
    with pipeline.managed_state():
        pipeline.dataset_name = dataset  # dlt has put layout and suffix on it once more
    pipeline.sync_destination()
