"""Runs a pipeline resource by resource, so that one that fails fails alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import dlt

from acumatica_source.reading.instance import Instance
from acumatica_source.resources.claim import claim, identity_of
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.local_folder import move_here
from acumatica_source.running.dataset import Dataset, dataset_of
from acumatica_source.running.lock import locked
from acumatica_source.running.names import absent, taken
from acumatica_source.running.outcome import Outcome
from acumatica_source.running.packages import Packages
from acumatica_source.running.restart import drop_remains, start_from_destination
from acumatica_source.source import SOURCE, Load, name_of
from acumatica_source.warehouse.identity import check
from acumatica_source.warehouse.lease import Lease, leased
from acumatica_source.warehouse.lost import lost_tables


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
        loads = {name_of(one): one for one in load}

        def done(outcome: Outcome) -> None:
            one = loads[outcome.resource]
            is_named = isinstance(one, GenericInquiry | DacTable)  # never loaded unasked
            if skip_unreadable and outcome.unreadable and outcome.error and not is_named:
                outcome = dataset.passed_over(one, outcome, outcome.error)
            outcomes.append(outcome)
            report(outcome)

        for outcome in known.values():
            done(outcome)
        Packages(pipeline, instance, lease, done).load(
            [one for name, one in loads.items() if name not in known]
        )
    places = {name: place for place, name in enumerate(loads)}
    return sorted(outcomes, key=lambda outcome: places.get(outcome.resource, -1))


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
    with ExitStack() as stack:
        stack.enter_context(locked(pipeline))
        drop_remains(pipeline)
        lease = stack.enter_context(leased(pipeline, identity.base_url, identity.tenant))
        connection = stack.enter_context(instance.seats.opened())
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
