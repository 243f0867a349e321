"""One instance as the resources see it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acumatica_source.client.pool import SessionPool
from acumatica_source.contract.cache import ContractCache
from acumatica_source.reading.classes import Classes
from acumatica_source.reading.contracts import Contracts, EndpointChoice
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.seats import Seats
from acumatica_source.reading.terms import USUAL_TERMS, LoadingTerms


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """What resources of one instance share."""

    seats: Seats
    contracts: Contracts
    classes: Classes
    base_url: str
    """Root address of the site."""
    tenant: str
    """The tenant signed in to."""
    branch: str | None = None
    """The branch signed in to, if one was given."""
    terms: LoadingTerms = USUAL_TERMS
    """On what terms it is loaded."""
    datasets: set[tuple[str, str]] = field(default_factory=set)
    """Pipelines and datasets that are known to be this instance's."""
    lost: set[str] = field(default_factory=set)
    """Tables that the destination has lost, as it names them; they are loaded anew."""
    report: RunReport = field(default_factory=RunReport)


def instance_of(
    open_pool: Callable[[], SessionPool],
    choice: EndpointChoice,
    seats: int,
    cache: ContractCache,
    branch: str | None,
    terms: LoadingTerms,
) -> Instance:
    """An instance that nothing has been sent to yet.

    Args:
        open_pool: Makes the pool of sessions that requests go through.
        choice: Which endpoint of which instance.
        seats: Requests that can be under way at once.
        cache: Where contracts are kept between runs.
        branch: The branch that is signed in to, if one is given.
        terms: On what terms it is loaded.
    """
    shared = Seats(open_pool, seats)
    contracts = Contracts(shared, choice, cache)
    classes = Classes(shared, contracts, choice.tenant, cache)
    return Instance(shared, contracts, classes, choice.base_url, choice.tenant, branch, terms)
