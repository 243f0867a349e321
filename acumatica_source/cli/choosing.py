"""From what the command line names to what is loaded, and into which tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dlt.common.schema import Schema

from acumatica_source.cli.runner import Outcome
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.model import EntityKind
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.probing import kind_by_probe
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.ledger import CALENDAR, LedgerTransactions
from acumatica_source.resources.ledger import INQUIRY as LEDGER_INQUIRY
from acumatica_source.resources.options import EntityOptions
from acumatica_source.source import CORE_ENTITIES, Load


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line names.

    Raises:
        ConfigurationError: it contradicts itself.
    """

    entities: Sequence[str] = ()
    inquiries: Sequence[str] = ()
    """Names of generic inquiries."""
    classes: Sequence[str] = ()
    """Names of data access classes."""
    everything: bool = False
    """Whether every entity is meant."""
    full: bool = False
    """Whether to load everything anew, changed or not."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.everything and self.entities:
            raise ConfigurationError("Give either names of entities or --all.")


def chosen(instance: Instance, asked: Asked) -> tuple[list[Load], list[Outcome]]:
    """What to load, and what is left out because it has no records.

    Raises:
        ConfigurationError: nothing is named, and the endpoint has nothing that is loaded without;
            or two things would share a table.
    """
    feeds = feeds_named(instance, asked)
    if asked.everything:
        loads, skipped = all_of(instance, full=asked.full)
        return [*loads, *feeds], skipped
    names = asked.entities or ([] if feeds else core_of(instance))
    return [*wanted(names, full=asked.full), *feeds], []


def wanted(entities: Sequence[str], *, full: bool) -> list[Load]:
    """What to load for these names, `ledger_transactions` among them."""
    ledger = LedgerTransactions(full=full)
    names = dict.fromkeys(entities)
    return [ledger if name == ledger.name else EntityOptions(name, full=full) for name in names]


def core_of(instance: Instance) -> list[str]:
    """The core entities, and the ledger transactions, as far as the endpoint has them.

    Raises:
        ConfigurationError: it has none of them.
    """
    _, contract = instance.contract()
    names = [name for name in CORE_ENTITIES if name in contract.entities]
    if LEDGER_INQUIRY in contract.entities and CALENDAR in contract.entities:
        names.append(LedgerTransactions().name)
    if not names:
        raise ConfigurationError(
            f"{contract.endpoint}/{contract.version} has none of the core entities. Name those to "
            "load (acumatica discover lists them), or give --all."
        )
    return names


def all_of(instance: Instance, *, full: bool) -> tuple[list[Load], list[Outcome]]:
    """Every entity that has records, and what is skipped because it has none.

    What looks like a form by its contract is asked for two records before it is skipped.
    """
    loads: list[Load] = []
    skipped = []
    with instance.opened() as connection:
        endpoint, contract = instance.contract()
        for entity in contract.entities.values():
            kind = entity.kind
            if kind is not EntityKind.RECORD:
                kind = kind_by_probe(connection, f"{endpoint.path}/{entity.name}", entity)
            if kind is EntityKind.RECORD:
                loads.append(EntityOptions(entity.name, full=full))
            else:
                reason = f"{kind}, which shows rows for given parameters only"
                skipped.append(Outcome(entity.name, {}, 0, 0.0, skipped=reason))
    return loads, skipped


def feeds_named(instance: Instance, asked: Asked) -> list[Load]:
    """The inquiries and classes, each with a table of its own.

    Names of one may be names of another too: then the table says which it is, `Customer_dac` or
    `Customer_inquiry`. Entities keep their names, whether they are loaded now or another day.

    Raises:
        ConfigurationError: two would share a table all the same.
    """
    inquiries = [GenericInquiry(name) for name in dict.fromkeys(asked.inquiries)]
    classes = [DacTable(name, full=asked.full) for name in dict.fromkeys(asked.classes)]
    if not inquiries and not classes:
        return []
    normalize = Schema("tables").naming.normalize_tables_path
    entities = [LedgerTransactions().name, *instance.contract()[1].entities]
    names = [*(one.name for one in inquiries), *(one.name for one in classes)]
    named = Counter(map(normalize, [*entities, *names]))
    feeds: list[GenericInquiry | DacTable] = []
    for inquiry in inquiries:
        clear = named[normalize(inquiry.name)] == 1
        feeds.append(inquiry if clear else replace(inquiry, table_name=f"{inquiry.name}_inquiry"))
    for one in classes:
        clear = named[normalize(one.name)] == 1
        feeds.append(one if clear else replace(one, table_name=f"{one.name}_dac"))
    tables = Counter(map(normalize, [*entities, *(feed.table for feed in feeds)]))
    for feed in feeds:
        if tables[normalize(feed.table)] > 1:
            raise ConfigurationError(
                f"{feed.name} would share the table {normalize(feed.table)!r} with something else. "
                "Load it into another --dataset."
            )
    return list(feeds)
