"""Custom fields: which ones an entity has, and how the answers that carry them come together."""

import logging

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.errors import (
    AcumaticaError,
    AuthenticationError,
    ConnectionFailed,
    SeatLimitReached,
)
from acumatica_source.contract.custom_fields import CustomField, parse_ad_hoc_schema
from acumatica_source.contract.errors import ContractError
from acumatica_source.reading.instance import Connection

logger = logging.getLogger(__name__)

_NOT_ABOUT_IT = (AuthenticationError, ConnectionFailed, SeatLimitReached)


def custom_fields_of(connection: Connection, path: str) -> tuple[CustomField, ...]:
    """The custom fields that an entity's `$adHocSchema` lists; none where it does not answer.

    Args:
        connection: The open instance.
        path: Path of the entity below the instance.
    """
    try:
        body = connection.pool.run(lambda session: session.get_bytes(f"{path}/$adHocSchema"))
        return parse_ad_hoc_schema(body.content)
    except _NOT_ABOUT_IT:
        raise
    except (AcumaticaError, ContractError) as error:
        logger.info("%s: its custom fields cannot be listed: %s", path, error)
        return ()


def places_of(parameter: str) -> list[str]:
    """What to expand for the custom fields of a `$custom` value (`Details/Transactions.UsrX`)."""
    paths = (address.rpartition("/")[0] for address in parameter.split(","))
    return list(dict.fromkeys(path for path in paths if path))


def filled(page: ParsedPage, more: ParsedPage) -> ParsedPage:
    """The page with the custom values that another answer about the same records has."""
    tables = {name: _filled(rows, more.tables[name]) for name, rows in page.tables.items()}
    return ParsedPage(tables=tables, rows=page.rows, notes=(*page.notes, *more.notes))


def _filled(rows: pa.Table, more: pa.Table) -> pa.Table:
    wanted = [
        name
        for name in rows.column_names
        if "custom__" in name and name in more.column_names and more[name].null_count < len(more)
    ]
    if not wanted or not rows.num_rows:
        return rows
    places = pc.index_in(_key(rows), value_set=_key(more))
    for name in wanted:
        values = pc.coalesce(more[name].take(places), rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)
    return rows


def _key(rows: pa.Table) -> pa.ChunkedArray:
    """What identifies a row within a page."""
    if "id" in rows.column_names:
        return rows["id"]
    parts = [
        rows[name].cast(pa.string())
        for name in rows.column_names
        if name == "_parent_id" or name.endswith("_position")
    ]
    return pc.binary_join_element_wise(*parts, ":")
