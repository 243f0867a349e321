"""Whether the dataset in extraction is one that this instance may be loaded into."""

import dlt

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.loading.tables import WriteMode, merging_mode
from acumatica_source.warehouse.entries import Entry, entries_of
from acumatica_source.warehouse.identity import Identity, bind, check
from acumatica_source.warehouse.lease import refuse_others
from acumatica_source.warehouse.lost import lost_tables


def enter(instance: Instance, connection: Connection) -> None:
    """Make sure, once in a run, that nothing else is loaded into the dataset or writes to it.

    Args:
        instance: What is loaded.
        connection: Its seats.

    Raises:
        OtherSource: the dataset holds the data of another instance, tenant or branch.
        AnotherWriter: somebody else loads into it now.
        ConfigurationError: the user is in another tenant than was asked for, or the destination
            cannot be shared by tenants.
    """
    pipeline = dlt.current.pipeline()
    key = (str(pipeline.pipeline_name), str(pipeline.dataset_name))
    if key in instance.datasets:
        return
    with entries_of(pipeline) as entries:
        found = entries.read() if entries is not None else []
    refuse_others(found)
    claim(pipeline, instance, connection, [one.entry for one in found])
    instance.lost.update(lost_tables(pipeline, dlt.current.source_schema().name))


def claim(
    pipeline: dlt.Pipeline, instance: Instance, connection: Connection, found: list[Entry]
) -> None:
    """Refuse a dataset that is not this instance's; write down that it is, where nothing says so.

    Args:
        pipeline: Whose dataset.
        instance: What is loaded.
        connection: Its seats.
        found: What the dataset keeps about itself.

    Raises:
        OtherSource: the dataset holds the data of another instance, tenant or branch.
        ConfigurationError: the user is in another tenant than was asked for, or the destination
            cannot be shared by tenants.
    """
    if instance.terms.tenant_column and merging_mode(pipeline) is WriteMode.APPEND:
        raise ConfigurationError(
            "Tenants cannot share tables that rows can only be added to, such as Parquet files: "
            "load each into a dataset of its own (--dataset 'erp_{tenant}')."
        )
    wanted = identity_of(instance)
    check(pipeline.dataset_name, found, wanted, adopt=instance.terms.adopt)
    _check_landing(instance, connection)
    if instance.terms.look is None:
        bind(pipeline, found, wanted, adopt=instance.terms.adopt)
    instance.datasets.add((pipeline.pipeline_name, pipeline.dataset_name))


def identity_of(instance: Instance) -> Identity:
    """What a dataset is to hold that this instance is loaded into."""
    return Identity(
        instance.base_url, instance.tenant, instance.branch, instance.terms.tenant_column
    )


def _check_landing(instance: Instance, connection: Connection) -> None:
    """A sign-in may end in another tenant than was asked for, without a word."""
    landed = connection.pool.run(lambda session: session.landed_tenant())
    if landed is not None and landed.casefold() != instance.tenant.casefold():
        raise ConfigurationError(
            f"The sign-in to tenant {instance.tenant!r} ended in tenant {landed!r}. Nothing was "
            f"loaded. If {landed!r} is meant, set it as tenant. If not, look whether the instance "
            "has the tenant under this login name; a new one is known after a restart only."
        )
