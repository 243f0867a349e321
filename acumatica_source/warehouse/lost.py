"""Tables and columns that a destination has lost: made again, and told."""

import logging
from collections.abc import Collection

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase

logger = logging.getLogger(__name__)


def lost_tables(pipeline: dlt.Pipeline, schema_name: str) -> set[str]:
    """The tables of a dataset that are not there any more, or not with all their columns.

    One look at the dataset's own list of columns tells; only databases have one.

    Args:
        pipeline: Whose dataset; its schema is that of the destination.
        schema_name: The schema whose tables are looked for.

    Returns:
        Their names, as the destination has them.
    """
    if schema_name not in pipeline.schema_names:
        return set()
    schema = pipeline.schemas[schema_name]
    tables = [str(one["name"]) for one in schema.data_tables()]
    names = [name for name in tables if not schema.is_new_table(name)]
    with pipeline.destination_client(schema_name) as client:
        if not names or not isinstance(client, SqlJobClientBase):
            return set()
        if not client.is_storage_initialized():
            return set(names)
        exact = client.capabilities.generates_case_sensitive_identifiers()
        return {
            name
            for name, columns in client.get_storage_tables(names)
            if schema.get_new_table_columns(name, columns, case_sensitive=exact)
        }


def make_again(pipeline: dlt.Pipeline, schema_name: str, tables: Collection[str]) -> None:
    """Make tables and columns again that somebody has dropped; they are to be loaded anew then.

    dlt compares a destination with its schema only where the schema is a new one. So a dropped
    table would go unnoticed until rows come for it, and be missing even then.

    Args:
        pipeline: Whose dataset.
        schema_name: The schema that says what the tables hold.
        tables: Their names, as the destination has them.
    """
    for name in sorted(tables):
        logger.warning("The destination has lost %s, or columns of it; loading it anew.", name)
    with pipeline.destination_client(schema_name) as client:
        # without a dataset dlt begins anew by itself
        if isinstance(client, SqlJobClientBase) and client.is_storage_initialized():
            own = pipeline.schemas[schema_name].dlt_table_names()
            client.update_stored_schema(only_tables=[*tables, *own], force=True)
