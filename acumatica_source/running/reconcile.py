"""Compares what a dataset holds with the source, and mends what differs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import dlt

from acumatica_source.reading.findings import NO_KEY, TableFindings
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.rhythm import NOW
from acumatica_source.reading.terms import Look, OnDelete
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.ledger import LedgerTransactions
from acumatica_source.resources.options import EntityOptions
from acumatica_source.running.failures import explain
from acumatica_source.running.packages import load_one
from acumatica_source.running.restart import start_from_destination
from acumatica_source.running.runner import entered
from acumatica_source.source import Load, name_of, source_of
from acumatica_source.warehouse.lease import Lease

LISTED_AT_ONCE = 1_000
"""Records in a page; lists of keys and stamps have pages of ten times as many."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found in the table of one resource, and what came of it."""

    resource: str
    findings: TableFindings | None
    """None where they could not be compared."""
    requests: int
    """Requests that the comparison took."""
    error: str | None = None
    """Why they could not be compared, or not be mended."""
    mended: bool = False
    """Whether a run that mends what was found has ended well."""

    @property
    def is_equal(self) -> bool:
        """Whether source and destination are the same now, as far as was looked."""
        found = self.findings
        if self.error is not None or found is None or NO_KEY in found.remarks:
            return False
        return found.count == 0 or self.mended


def reconcile(
    pipeline: dlt.Pipeline,
    instance: Instance,
    load: Sequence[Load],
    report: Callable[[Reconciled], None] = lambda reconciled: None,
    *,
    values: bool = False,
    repair: bool = False,
) -> list[Reconciled]:
    """Compare every table with the source, row by row.

    Args:
        pipeline: Whose dataset.
        instance: The source.
        load: What to compare.
        report: Called with what was found of each as soon as it is known.
        values: Whether to read everything and compare all values, those of details included.
        repair: Whether to mend what differs.

    Raises:
        ConfigurationError: another run of this pipeline is under way, or the dataset holds the data
            of another instance or tenant.
        AnotherWriter: another host loads into the dataset.
        AcumaticaError: the instance cannot be reached.
    """
    done = []
    looking = replace(instance, terms=replace(instance.terms, look=Look(values)))
    with entered(pipeline, instance if repair else looking) as lease:
        for one in load:
            lease.check()
            found = _compared(pipeline, looking, one)
            if repair and found.findings is not None and found.findings.count:
                found = _mended(pipeline, instance, lease, one, found)
            report(found)
            done.append(found)
    return done


def _compared(pipeline: dlt.Pipeline, instance: Instance, load: Load) -> Reconciled:
    name, before = name_of(load), instance.seats.requests_made
    error = None
    try:
        pipeline.extract(source_of(instance, [_in_large_pages(load)]))
    except Exception as raised:  # whatever the destination or the instance may say: it is reported
        error = explain(raised)
    finally:
        start_from_destination(pipeline)
    findings = instance.report.findings.pop(name, None)
    return Reconciled(name, findings, instance.seats.requests_made - before, error)


def _mended(
    pipeline: dlt.Pipeline, instance: Instance, lease: Lease, load: Load, found: Reconciled
) -> Reconciled:
    assert found.findings is not None
    if found.findings.departed and instance.terms.on_delete is OnDelete.REMOVE:
        error = (
            f"{found.findings.departed} rows stay in {found.findings.table} although they are "
            "gone, and a repair would take them out. Nothing was changed. Give --on-delete, or "
            "on_delete, as the runs do that keep them."
        )
        return replace(found, error=error)
    mending = _mending(load, anew=bool(found.findings.different))
    outcome = load_one(pipeline, instance, lease, mending)
    return replace(found, error=outcome.error, mended=outcome.error is None)


def _in_large_pages(load: Load) -> Load:
    if isinstance(load, str):
        return EntityOptions(load, page_size=LISTED_AT_ONCE)
    if isinstance(load, EntityOptions):
        return replace(load, page_size=max(load.page_size, LISTED_AT_ONCE))
    return load


def _mending(load: Load, *, anew: bool) -> Load:
    """What mends a table: a run that compares all rows, or a load anew."""
    if isinstance(load, str):
        load = EntityOptions(load)
    if isinstance(load, EntityOptions | DacTable):
        return replace(load, verify=NOW, full=load.full or anew)
    if isinstance(load, LedgerTransactions):
        return replace(load, full=load.full or anew, verify="now")
    return load
