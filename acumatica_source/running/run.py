"""Running a pipeline from Python, as the command does."""

from collections.abc import Callable, Sequence
from typing import Any

import dlt

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.contract.cache import default_directory
from acumatica_source.credentials import AcumaticaCredentials
from acumatica_source.reading.instance import Instance
from acumatica_source.running.outcome import Outcome
from acumatica_source.running.report import Report
from acumatica_source.running.runner import sync
from acumatica_source.source import EVERYTHING, Load, check_loads, configured_instance, name_of


def run(
    pipeline: dlt.Pipeline,
    load: Sequence[Load] = EVERYTHING,
    *,
    credentials: AcumaticaCredentials = dlt.secrets.value,
    endpoint: str | None = None,
    version: str | None = None,
    sessions: int | None = None,
    requests_per_minute: int | None = None,
    allow_deletes: bool | None = None,
    delete_limit: float | None = None,
    on_delete: str | None = None,
    tenant_column: bool | None = None,
    adopt: bool | None = None,
    verify: str | None = None,
    window_minutes: float | None = None,
    single_reads: int | str | None = None,
    skip_unreadable: bool = False,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> Report:
    """Load into the pipeline's dataset, resource by resource, as `acumatica sync` does.

    What an earlier run that was killed has left behind is discarded: the pipeline begins with what
    its destination says is loaded. Small resources are committed together, a large one before the
    next one begins, and one that fails fails alone. A relative location of the destination is one
    in the present folder.

    Arguments that are None are those of dlt's configuration (`sources.acumatica`), or else those of
    `acumatica_source.acumatica`.

    Args:
        pipeline: Where to. Its working folder is made anew, so it should run nothing else.
        load: What, as for `acumatica_source.acumatica`.
        credentials: Instance and user; by default from dlt's configuration providers.
        endpoint: Name of the web service endpoint.
        version: Version of the endpoint.
        sessions: Licence seats to use at most.
        requests_per_minute: Requests to send at most in any minute.
        allow_deletes: Whether rows are taken out however many vanish from the source.
        delete_limit: The share of a table's rows that may vanish from one run to the next.
        on_delete: What becomes of rows that have vanished: `remove`, `flag` or `keep`.
        tenant_column: Whether several tenants share the dataset, told apart by the column
            `_tenant`.
        adopt: Whether the dataset counts as this instance's from now on, whatever it was loaded
            from.
        verify: `now` or `never`, to have keys and stamps of all rows compared with what is loaded
            in this run, or not.
        window_minutes: Minutes that a first load reads before it commits what it has, to go on
            from there, in this run or the next (default: 10); 0 to have all of it in one package.
        single_reads: How many records of an entity a run reads one by one at most, for what lists
            do not bring; `all` for as many as it takes.
        skip_unreadable: Whether entities that the instance does not offer to this user (no rights,
            not set up, no list, none of that name) count as skipped rather than failed, unless
            they were loaded into this dataset before.
        on_outcome: Called with each outcome as soon as it is known.

    Returns:
        What became of every resource. Failures of single resources do not raise, but for
        `Report.raise_on_failure`.

    Raises:
        ConfigurationError: an argument makes no sense, an entity does not exist, the dataset holds
            the data of another instance or tenant, or another run of this pipeline is under way.
        AnotherWriter: another host loads into the dataset.
        AcumaticaError: the instance cannot be reached or signed in to.
    """
    check_loads(load)
    instance = instance_with(
        credentials,
        endpoint=endpoint,
        version=version,
        sessions=sessions,
        requests_per_minute=requests_per_minute,
        allow_deletes=allow_deletes,
        delete_limit=delete_limit,
        on_delete=on_delete,
        tenant_column=tenant_column,
        adopt=adopt,
        verify=verify,
        window_minutes=window_minutes,
        single_reads=single_reads,
    )
    told = on_outcome or (lambda outcome: None)
    outcomes = sync(pipeline, instance, load, told, skip_unreadable=skip_unreadable)
    reached = {outcome.resource for outcome in outcomes}
    return Report(outcomes, [name for name in map(name_of, load) if name not in reached])


def instance_with(credentials: Any = dlt.secrets.value, **given: Any) -> Instance:
    """The instance by these arguments of `run`, and by dlt's configuration where they are None.

    Seats that a killed process left taken are signed out at its next start.
    """
    given["memory"] = _seat_memory()
    return configured_instance(credentials, **{k: v for k, v in given.items() if v is not None})


def _seat_memory() -> SeatMemory | None:
    """Where sessions are remembered between runs; nowhere on a file system that is read-only."""
    try:
        return SeatMemory(default_directory().parent / "seats")
    except ConfigurationError:
        return None
