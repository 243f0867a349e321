"""Entities as dlt resources: typed tables for the records and for each of their details."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dlt
import pyarrow as pa

from acumatica_source.arrow.attributes import is_attributes, pivoted
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.errors import ContractOutdated
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.record_query import RecordQuery
from acumatica_source.reading.records import RecordReader
from acumatica_source.reading.seats import Connection
from acumatica_source.reading.terms import single_reads_named
from acumatica_source.resources.claim import enter
from acumatica_source.resources.loading.evolution import CODES
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.run import load
from acumatica_source.resources.loading.state import ResourceState
from acumatica_source.resources.options import EntityOptions
from acumatica_source.resources.plan import query_of
from acumatica_source.resources.resource import Rows

ENTITIES = "entities"
"""Where the state of the source keeps from which endpoint each entity was loaded."""

logger = logging.getLogger(__name__)


def entity_rows(instance: Instance, options: EntityOptions) -> Rows:
    """A resource that loads one entity and its details.

    The first run replaces the tables; later ones merge what was modified since, if the entity has
    a modification stamp, and replace otherwise.
    """

    def rows() -> Iterator[Any]:
        with instance.seats.opened() as connection:
            enter(instance, connection)
            try:
                yield from _load(instance, connection, options)
            except ContractOutdated as error:
                logger.info("%s; fetching the contract anew.", error)
                instance.contracts.forget()
                yield from _load(instance, connection, options)

    return rows


def _load(instance: Instance, connection: Connection, options: EntityOptions) -> Iterator[Any]:
    query = query_of(instance, connection, options, dlt.current.source_schema())
    whose = instance.tenant if instance.terms.tenant_column else None
    state = ResourceState.read(options.name, anew=options.full, tenant=whose)
    query = replace(
        query, undeclared=frozenset(state.undeclared), left_out=frozenset(state.left_out)
    )
    form = Attributes(options.name).formed if options.pivot_attributes else _as_read
    how = LoadOptions(
        resource=options.name,
        terms=instance.terms,
        lost=instance.lost,
        tenant=instance.tenant,
        lag=options.lag,
        rhythm=instance.terms.rhythm(options.verify, f"verify of {options.name}"),
        verify_requests=options.verify_requests,
        full=options.full,
        row_options=" ".join(
            map(str, (options.custom_fields, options.keep_placeholders, options.pivot_attributes))
        )
        + _codes(query),
        single_reads=_single_reads(instance, options),
        expected=_expected(query, form),
        form=form,
    )
    _, contract = instance.contracts.in_use()
    dlt.current.source_state().setdefault(ENTITIES, {})[options.name] = contract.endpoint
    instance.report.lacks(options.name, query.not_understood)
    reader = RecordReader(connection, query)
    yield from load(reader, connection.executor, how, instance.report)


def _single_reads(instance: Instance, options: EntityOptions) -> int | None:
    """How many records a run reads one by one at most; None for all."""
    if options.single_reads is None:
        return instance.terms.single_reads
    return single_reads_named(options.single_reads)


def _codes(query: RecordQuery) -> str:
    """Whether drop-downs come with their codes, as a part of what decides what a row holds.

    An instance may be upgraded to contract version 5, and set back: columns of codes are filled by
    loading all anew, and emptied in the same way, rather than left as they were.
    """
    columns = (column for table in query.shape.tables for column in table.columns)
    return CODES if any(column.member is not None for column in columns) else ""


def _expected(query: RecordQuery, form: Any) -> frozenset[tuple[str, str]]:
    """What every row is to hold.

    Custom fields do not count: they come empty, and filling one in stamps its record.
    """
    tables = query.shape.tables
    custom = {(t.name, c.name) for t in tables for c in t.columns if c.field.custom is not None}
    columns = {
        (table.name, column)
        for place, table in enumerate(tables)
        for column in (form if place else _as_read)(table.schema.empty_table()).schema.names
    }
    return frozenset(columns - custom)


def _as_read(rows: pa.Table) -> pa.Table:
    return rows


class Attributes:
    """Turns the attributes of one entity into columns."""

    def __init__(self, entity: str) -> None:
        self._entity = entity
        self._columns: dict[str, str] = {}

    def formed(self, rows: pa.Table) -> pa.Table:
        """Rows of attributes with a column for each; other rows as they are.

        Raises:
            ConfigurationError: two attributes would become one column.
        """
        if not is_attributes(rows.schema):
            return rows
        rows = pivoted(rows)
        normalize = dlt.current.source_schema().naming.normalize_path
        for name in rows.column_names:
            first = self._columns.setdefault(normalize(name), name)
            if first != name:
                raise ConfigurationError(
                    f"{self._entity} has attributes that would become one column: {first!r} "
                    f"and {name!r}. Load it without pivot_attributes."
                )
        return rows
