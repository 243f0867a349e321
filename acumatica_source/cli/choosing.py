"""From what the command line names to what is loaded, and into which tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dlt.common.schema import Schema

from acumatica_source.cli.inquiry_parameters import shared_out
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.model import EntityKind
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import inquiries as offered_inquiries
from acumatica_source.reading.odata import named as feed_named
from acumatica_source.reading.probing import kind_by_probe
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.ledger import CALENDAR, LedgerTransactions
from acumatica_source.resources.ledger import INQUIRY as LEDGER_INQUIRY
from acumatica_source.resources.options import EntityOptions
from acumatica_source.running.outcome import Outcome
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
    parameters: Sequence[str] = ()
    """Parameters of theirs, as `cli.inquiry_parameters` reads them."""
    classes: Sequence[str] = ()
    """Names of data access classes."""
    everything: bool = False
    """Whether every entity is meant."""
    full: bool = False
    """Whether to load everything anew, changed or not."""
    exclude: Sequence[str] = ()
    """Parts of entities that are not read, as `Entity.Path`."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.everything and self.entities:
            raise ConfigurationError("Give either names of entities or --all.")
        if self.parameters and not self.inquiries:
            raise ConfigurationError("--parameter is for generic inquiries: name one by --inquiry.")


def chosen(instance: Instance, asked: Asked) -> tuple[list[Load], list[Outcome]]:
    """What to load, and what is left out because the endpoint has no such records.

    Raises:
        ConfigurationError: nothing is named, and the endpoint has nothing that is loaded without;
            two things would share a table; or what is excluded is not there.
    """
    feeds, skipped = feeds_named(instance, asked), list[Outcome]()
    if asked.everything:
        loads, skipped = all_of(instance, full=asked.full)
    elif asked.entities or feeds:
        loads = wanted(asked.entities, full=asked.full)
    else:
        names, skipped = core_of(instance)
        loads = wanted(names, full=asked.full)
    return [*_without(loads, asked.exclude), *feeds], skipped


def _without(loads: Sequence[Load], exclude: Sequence[str]) -> list[Load]:
    """What to load, without the parts of entities that are excluded.

    Raises:
        ConfigurationError: one is not written as `Entity.Path`, or of an entity that is not loaded.
    """
    parts: dict[str, list[str]] = {}
    for one in exclude:
        entity, dot, path = one.partition(".")
        if not (entity and dot and path):
            raise ConfigurationError(
                f"--exclude takes an entity and a part of it, as Customer.Contacts, not {one!r}."
            )
        parts.setdefault(entity, []).append(path)
    names = [load.name for load in loads if isinstance(load, EntityOptions)]
    for entity in parts:
        if entity not in names:
            raise ConfigurationError(
                f"--exclude names a part of {entity}, which is not loaded. "
                f"Entities that are: {', '.join(names) or 'none'}."
            )
    return [
        replace(load, exclude=parts.get(load.name, ())) if isinstance(load, EntityOptions) else load
        for load in loads
    ]


def wanted(entities: Sequence[str], *, full: bool) -> list[Load]:
    """What to load for these names, `ledger_transactions` among them."""
    ledger = LedgerTransactions(full=full)
    names = dict.fromkeys(entities)
    return [ledger if name == ledger.name else EntityOptions(name, full=full) for name in names]


def core_of(instance: Instance) -> tuple[list[str], list[Outcome]]:
    """The core entities and the ledger transactions, and those that the endpoint does not have.

    Raises:
        ConfigurationError: it has none of them.
    """
    _, contract = instance.contracts.in_use()
    ledger = LedgerTransactions().name
    needed = {name: [name] for name in CORE_ENTITIES} | {ledger: [LEDGER_INQUIRY, CALENDAR]}
    lacking = {
        name: [one for one in needs if one not in contract.entities]
        for name, needs in needed.items()
    }
    names = [name for name, missing in lacking.items() if not missing]
    if not names:
        raise ConfigurationError(
            f"{contract.endpoint}/{contract.version} has none of the core entities. Name those to "
            "load (acumatica discover lists them), or give --all."
        )
    skipped = [
        Outcome(name).skipping(
            f"{contract.endpoint}/{contract.version} has no {' and no '.join(missing)}"
        )
        for name, missing in lacking.items()
        if missing
    ]
    return names, skipped


def all_of(instance: Instance, *, full: bool) -> tuple[list[Load], list[Outcome]]:
    """Every entity that has records, and what is skipped because it has none.

    What looks like a form by its contract is asked for two records before it is skipped.
    """
    loads: list[Load] = []
    skipped = []
    with instance.seats.opened() as connection:
        endpoint, contract = instance.contracts.in_use()
        for entity in contract.entities.values():
            kind = entity.kind
            if kind is not EntityKind.RECORD:
                kind = kind_by_probe(connection, f"{endpoint.path}/{entity.name}", entity)
            if kind is EntityKind.RECORD:
                loads.append(EntityOptions(entity.name, full=full))
            else:
                reason = f"{kind}, which shows rows for given parameters only"
                skipped.append(Outcome(entity.name).skipping(reason))
    return loads, skipped


def inquiries_named(instance: Instance, asked: Asked) -> list[GenericInquiry]:
    """The inquiries with their parameters.

    Raises:
        ConfigurationError: there is no such inquiry, or parameters that none of them has.
        AcumaticaError: the metadata, which tell whose parameters they are, cannot be read.
    """
    names = list(dict.fromkeys(asked.inquiries))
    if not asked.parameters:
        return [GenericInquiry(name) for name in names]
    with instance.seats.opened() as connection:
        offered = offered_inquiries(connection.pool, instance.tenant)
    feeds = {name: feed_named(offered, name, "generic inquiry") for name in names}
    given = shared_out(asked.parameters, feeds)
    return [GenericInquiry(name, parameters=given[name]) for name in names]


def feeds_named(instance: Instance, asked: Asked) -> list[Load]:
    """The inquiries and classes, each with a table of its own.

    Names of one may be names of another too: then the table says which it is, `Customer_dac` or
    `Customer_inquiry`. Entities keep their names, whether they are loaded now or another day.

    Raises:
        ConfigurationError: two would share a table all the same.
    """
    inquiries = inquiries_named(instance, asked)
    classes = [DacTable(name, full=asked.full) for name in dict.fromkeys(asked.classes)]
    if not inquiries and not classes:
        return []
    normalize = Schema("tables").naming.normalize_tables_path
    entities = [LedgerTransactions().name, *instance.contracts.in_use()[1].entities]
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
