"""The dlt source: which resources there are, and the instance they share."""

from collections.abc import Mapping, Sequence
from typing import Any

import dlt
from dlt.common.configuration import with_config
from dlt.extract import DltResource, DltSource

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.client.pool import SeatBudget, SessionPool
from acumatica_source.client.session import Credentials, Transport
from acumatica_source.contract.cache import ContractCache
from acumatica_source.contract.names import find_collisions
from acumatica_source.credentials import AcumaticaCredentials
from acumatica_source.reading.contracts import EndpointChoice
from acumatica_source.reading.deletion_limit import SHARE, DeletionLimit
from acumatica_source.reading.instance import Instance, instance_of
from acumatica_source.reading.terms import (
    SINGLE_READS,
    USUAL_TERMS,
    WINDOW_MINUTES,
    LoadingTerms,
    OnDelete,
    on_delete_named,
    single_reads_named,
    verify_named,
    window_of,
)
from acumatica_source.resources.dac import DacTable, dac_rows
from acumatica_source.resources.entity import entity_rows
from acumatica_source.resources.generic_inquiry import GenericInquiry, generic_inquiry_rows
from acumatica_source.resources.inquiry_form import InquiryForm, inquiry_form_rows
from acumatica_source.resources.ledger import LedgerTransactions, ledger_rows
from acumatica_source.resources.options import EntityOptions
from acumatica_source.resources.resource import Rows, resource_of

SOURCE = "acumatica"
"""Name of the source, its schema and its section in dlt's configuration."""

CORE_ENTITIES = (
    "Account",
    "Bill",
    "Customer",
    "FinancialPeriod",
    "Invoice",
    "JournalTransaction",
    "Ledger",
    "Payment",
    "SalesOrder",
    "StockItem",
    "Vendor",
)
"""The entities loaded unless others are named."""

Load = str | EntityOptions | InquiryForm | GenericInquiry | DacTable | LedgerTransactions
"""What can be loaded; a bare name is an entity with default options."""

EVERYTHING: Sequence[Load] = (*CORE_ENTITIES, LedgerTransactions())


@dlt.source(name=SOURCE, section=SOURCE)
def acumatica(
    credentials: AcumaticaCredentials = dlt.secrets.value,
    load: Sequence[Load] = EVERYTHING,
    endpoint: str = "Default",
    version: str | None = None,
    sessions: int = 2,
    requests_per_minute: int | None = None,
    allow_deletes: bool = False,
    delete_limit: float = SHARE,
    on_delete: str = OnDelete.REMOVE,
    tenant_column: bool = False,
    adopt: bool = False,
    verify: str | None = None,
    single_reads: Any = str(SINGLE_READS),  # by its default dlt takes it for a text, as `all` is
) -> list[DltResource]:
    """Entities, inquiries and ledger transactions of an Acumatica instance.

    Nothing is sent until a resource is read. Resources share at most `sessions` licence seats,
    which are signed out when the last of them is done, whichever way it ends.

    Args:
        credentials: Instance and user; by default from dlt's configuration providers,
            `sources.acumatica.credentials`.
        load: What to load: entity names, `EntityOptions`, `InquiryForm`, `GenericInquiry`,
            `DacTable`, `LedgerTransactions`.
        endpoint: Name of the web service endpoint.
        version: Version of the endpoint; None for the newest that the instance lists.
        sessions: Licence seats to use at most.
        requests_per_minute: Requests to send at most in any minute; None for no limit of ours.
        allow_deletes: Whether rows are taken out however many vanish from the source. Otherwise a
            resource of which more than `delete_limit` vanish fails, and nothing of it changes.
        delete_limit: The share of a table's rows that may vanish from one run to the next, from 0
            to 1; 20 rows always may, unless they are all.
        on_delete: What becomes of rows that have vanished: `remove`, `flag` (they stay, with the
            time in `_deleted_at`) or `keep`. All are put on record in the table `_deletions`.
        tenant_column: Whether several tenants share the dataset, told apart by the column
            `_tenant`, which is a part of every key.
        adopt: Whether the dataset counts as this instance's from now on, whatever it was loaded
            from. Otherwise one that was loaded from another instance, tenant or branch is refused.
        verify: `now` or `never`, to have keys and stamps of all rows compared with what is loaded
            in this run, or not; None for what the options of each table say.
        single_reads: How many records of an entity a run reads one by one at most, for what lists
            do not bring: a number, 0 for none, `all` for as many as it takes. The newest come
            first, and the rest is the next runs'. Up to six times as many are read, but 300 at
            most, where that leaves nothing pending.

    Returns:
        One resource for each item of `load`. The tables of an entity's details belong to the
        entity's resource: `sales_order`, `sales_order__details`.

    Raises:
        ConfigurationError: an argument makes no sense. Resources raise `AcumaticaError`.
    """
    limit = DeletionLimit(delete_limit, allow_deletes)
    terms = LoadingTerms(
        limit,
        on_delete_named(on_delete),
        tenant_column,
        adopt,
        verify=verify_named(verify),
        single_reads=single_reads_named(single_reads),
    )
    instance = connect(credentials, endpoint, version, sessions, requests_per_minute, terms=terms)
    return resources_of(instance, load)


def connect(
    credentials: AcumaticaCredentials,
    endpoint: str,
    version: str | None,
    sessions: int,
    requests_per_minute: int | None,
    memory: SeatMemory | None = None,
    terms: LoadingTerms = USUAL_TERMS,
) -> Instance:
    """The instance that these arguments describe; nothing is sent yet.

    Args:
        credentials: Instance and user.
        endpoint: Name of the web service endpoint.
        version: Its version; None for the newest.
        sessions: Licence seats to use at most.
        requests_per_minute: Requests in any minute at most; None for no limit of ours.
        memory: Where sessions are remembered, so that the next start can sign out those that a
            killed process left behind; None for nowhere.
        terms: On what terms it is loaded.
    """
    sign_in = Credentials(
        base_url=credentials.base_url,
        username=credentials.username,
        password=credentials.password,
        tenant=credentials.tenant,
        branch=credentials.branch,
        locale=credentials.locale,
    )
    transport = Transport(verify_ssl=credentials.verify_ssl)
    budget = SeatBudget(sessions=sessions, requests_per_minute=requests_per_minute)
    return instance_of(
        lambda: SessionPool(sign_in, budget, transport, memory=memory),
        EndpointChoice(credentials.base_url, credentials.tenant, endpoint, version),
        sessions,
        ContractCache(),
        credentials.branch,
        terms,
    )


@with_config(sections=("sources", SOURCE))
def configured_instance(
    credentials: AcumaticaCredentials = dlt.secrets.value,
    endpoint: str = "Default",
    version: str | None = None,
    sessions: int = 2,
    requests_per_minute: int | None = None,
    memory: Any = None,
    allow_deletes: bool = False,
    delete_limit: float = SHARE,
    on_delete: str = OnDelete.REMOVE,
    tenant_column: bool = False,
    adopt: bool = False,
    verify: str | None = None,
    window_minutes: float = WINDOW_MINUTES,
    single_reads: Any = str(SINGLE_READS),  # by its default dlt takes it for a text, as `all` is
) -> Instance:
    """The instance that dlt's configuration providers describe, for `run`; see `connect`."""
    limit = DeletionLimit(delete_limit, allow_deletes)
    terms = LoadingTerms(
        limit,
        on_delete_named(on_delete),
        tenant_column,
        adopt,
        verify=verify_named(verify),
        window=window_of(window_minutes),
        single_reads=single_reads_named(single_reads),
    )
    return connect(credentials, endpoint, version, sessions, requests_per_minute, memory, terms)


def source_of(instance: Instance, load: Sequence[Load]) -> DltSource:
    """The source over an instance that is already there: callers keep its seats between runs."""
    return dlt.source(resources_of, name=SOURCE, section=SOURCE)(instance, load)


def source_giving(rows: Mapping[str, Rows]) -> DltSource:
    """The source with a resource for each of these, by their names, into whichever folder."""

    def resources() -> list[DltResource]:
        return [resource_of(one, name, checked=True) for name, one in rows.items()]

    return dlt.source(resources, name=SOURCE, section=SOURCE)()


def resources_of(instance: Instance, load: Sequence[Load]) -> list[DltResource]:
    """One resource for each thing to load.

    Raises:
        ConfigurationError: something cannot be loaded, or two things have the same name.
    """
    check_loads(load)
    resources = [resource_of(rows_of(instance, one), name_of(one)) for one in load]
    names = [resource.name for resource in resources]
    normalize = dlt.current.source_schema().naming.normalize_tables_path
    for table, meeting in find_collisions(names, normalize).items():
        raise ConfigurationError(
            f"{' and '.join(meeting)} would share the table {table!r}: load them into datasets of "
            "their own."
        )
    return resources


def check_loads(load: Sequence[Load]) -> None:
    """Refuse what is no list of what can be loaded.

    Raises:
        ConfigurationError: it is none, or something is in it twice.
    """
    if isinstance(load, str) or not load:
        raise ConfigurationError("Give `load` a list with at least one entity name or inquiry.")
    for one in load:
        if not isinstance(one, Load):
            raise ConfigurationError(
                f"{one!r} cannot be loaded: give an entity name, EntityOptions, InquiryForm, "
                "GenericInquiry, DacTable or LedgerTransactions."
            )
    names = [name_of(one) for one in load]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"To be loaded more than once: {', '.join(twice)}.")


def name_of(load: Load) -> str:
    """The name of the resource that loads it."""
    if isinstance(load, GenericInquiry | DacTable):
        return load.table
    return load if isinstance(load, str) else load.name


def rows_of(instance: Instance, load: Load) -> Rows:
    """What gives the items of the resource that loads it."""
    match load:
        case str():
            return entity_rows(instance, EntityOptions(load))
        case EntityOptions():
            return entity_rows(instance, load)
        case InquiryForm():
            return inquiry_form_rows(instance, load)
        case GenericInquiry():
            return generic_inquiry_rows(instance, load)
        case DacTable():
            return dac_rows(instance, load)
        case LedgerTransactions():
            return ledger_rows(instance, load)
