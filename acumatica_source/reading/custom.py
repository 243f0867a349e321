"""Custom fields: which ones an entity has, and how the answers that carry them come together."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.errors import (
    AcumaticaError,
    AuthenticationError,
    ConnectionFailed,
    SeatLimitReached,
)
from acumatica_source.contract.custom_fields import DeclaredCustomField
from acumatica_source.contract.errors import ContractError
from acumatica_source.reading.record_keys import rows_of
from acumatica_source.reading.seats import Connection

logger = logging.getLogger(__name__)

_NOT_ABOUT_IT = (AuthenticationError, ConnectionFailed, SeatLimitReached)


def custom_fields_of(
    connection: Connection,
    path: str,
    kept_or: Callable[[Callable[[], bytes]], tuple[DeclaredCustomField, ...]],
) -> tuple[DeclaredCustomField, ...]:
    """The custom fields that an entity's `$adHocSchema` lists; none where it does not answer.

    Args:
        connection: The open instance.
        path: Path of the entity below the instance.
        kept_or: Gives those that are kept, or else what the function that it is given fetches.

    Raises:
        AcumaticaError: it could not be asked now, as while an operation runs or the site restarts;
            taken for none, custom fields that are loaded would be emptied.
    """
    try:
        return kept_or(
            lambda: (
                connection.pool.run(
                    lambda session: session.get_bytes(f"{path}/$adHocSchema")
                ).content
            )
        )
    except _NOT_ABOUT_IT:
        raise
    except (AcumaticaError, ContractError) as error:
        if isinstance(error, AcumaticaError) and error.retryable:
            raise
        logger.info("%s: its custom fields cannot be listed: %s", path, error)
        return ()


def refused_among(
    custom: Sequence[DeclaredCustomField],
    refuses: Callable[[Sequence[DeclaredCustomField]], bool],
) -> list[DeclaredCustomField]:
    """The custom fields that a server refuses, found by halves.

    Args:
        custom: All of which at least one is refused.
        refuses: Whether the server refuses a request for these.

    Returns:
        Those that it refuses alone; none if it refuses only several together.
    """
    if len(custom) == 1:
        return [*custom] if refuses(custom) else []
    halves = custom[: len(custom) // 2], custom[len(custom) // 2 :]
    return [
        one for half in halves if half and refuses(half) for one in refused_among(half, refuses)
    ]


def places_of(parameter: str) -> list[str]:
    """What to expand for the custom fields of a `$custom` value (`Details/Transactions.UsrX`)."""
    paths = (address.rpartition("/")[0] for address in parameter.split(","))
    return list(dict.fromkeys(path for path in paths if path))


def filled(page: ParsedPage, more: ParsedPage, key_columns: Sequence[str]) -> ParsedPage:
    """The page with the custom values that another answer about the same records has.

    Args:
        page: The page.
        more: The other answer. It may have come in another session and show other ids.
        key_columns: Names of the columns of the first table that hold the keys.
    """
    more = _with_ids_of(page, more, key_columns)
    tables = {name: _filled(rows, more.tables[name]) for name, rows in page.tables.items()}
    return ParsedPage(tables=tables, rows=page.rows, notes=(*page.notes, *more.notes))


def _with_ids_of(page: ParsedPage, more: ParsedPage, key_columns: Sequence[str]) -> ParsedPage:
    """The answer with the page's ids for records that have other ones in it, told by their keys."""
    if not key_columns:
        return more
    top = next(iter(page.tables))
    keys, ids = rows_of(page.tables[top], key_columns)
    other_keys, other_ids = rows_of(more.tables[top], key_columns)
    known, times = set(ids or ()), Counter(keys)
    by_key = dict(zip(keys, ids or (), strict=True))
    ours = {
        other: by_key[key]
        for key, other in zip(other_keys, other_ids or (), strict=True)
        if other not in known and times[key] == 1
    }
    if not ours:
        return more
    tables = {}
    for name, rows in more.tables.items():
        column = "id" if name == top else "_parent_id"
        place = rows.schema.get_field_index(column)
        values = [ours.get(one, one) for one in rows[column].to_pylist()]
        field = rows.schema.field(place)
        tables[name] = rows.set_column(place, field, pa.array(values, field.type))
    return replace(more, tables=tables)


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
