"""What can be known to go wrong by the names of what is to be loaded, before any of it is."""

import logging
from collections.abc import Callable, Sequence

import dlt

from acumatica_source.client.errors import AcumaticaError, ConfigurationError
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.names import find_collisions
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import inquiries, named
from acumatica_source.resources.dac import DacTable, class_named
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.ledger import LedgerTransactions
from acumatica_source.running.dataset import Dataset, absence
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import Load, name_of

logger = logging.getLogger(__name__)


def taken(load: Sequence[Load]) -> dict[str, Outcome]:
    """The outcomes of names that would share a table with one before them."""
    normalize = dlt.Schema("acumatica").naming.normalize_tables_path
    return {
        late: Outcome(late).failing(
            f"{late} would share the table {table!r} with {first}: load it into a dataset of its "
            "own."
        )
        for table, (first, *rest) in find_collisions(map(name_of, load), normalize).items()
        for late in rest
    }


def absent(
    instance: Instance, load: Sequence[Load], dataset: Dataset, *, skip_unreadable: bool
) -> dict[str, Outcome]:
    """Reach the instance, and refuse unknown names before anything is loaded.

    Where this user does not get to see what inquiries or classes there are, loading them says so.

    Args:
        instance: Where from.
        load: What.
        dataset: What was loaded before. What the instance does not have any more fails alone.
        skip_unreadable: Whether entities that the endpoint does not have are skipped.

    Returns:
        The outcomes of entities that the endpoint does not have, by their names.

    Raises:
        ConfigurationError: something is named that the instance does not have.
        AcumaticaError: the instance cannot be reached.
    """
    instance.contracts.in_use()
    found = {}
    for one in load:
        if isinstance(one, LedgerTransactions | GenericInquiry | DacTable):
            continue
        name = name_of(one)
        reason = absence(instance, name)
        if reason is None:
            continue
        if not skip_unreadable and not dataset.has(one):
            raise ConfigurationError(
                f"{reason} (Generic inquiries and data access classes are no entities: name them "
                "with --inquiry and --dac.)"
            )
        found[name] = dataset.passed_over(one, Outcome(name), reason)
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
    return found


def _check_inquiries(instance: Instance, names: Sequence[str]) -> None:
    if names:
        with instance.seats.opened() as connection:
            offered = inquiries(connection.pool, instance.tenant)
        for name in names:
            named(offered, name, "generic inquiry")


def _check_classes(instance: Instance, names: Sequence[str]) -> None:
    for name in names:
        class_named(instance, name)
