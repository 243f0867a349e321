"""Custom fields: which ones an entity has, and how the answers that carry them come together."""

import logging
from collections.abc import Callable, Sequence

import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.errors import (
    AcumaticaError,
    AuthenticationError,
    ConnectionFailed,
    SeatLimitReached,
)
from acumatica_source.contract.custom_fields import DeclaredCustomField
from acumatica_source.contract.errors import ContractError
from acumatica_source.reading.filling import filled
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


def filled_custom(page: ParsedPage, more: ParsedPage, key_columns: Sequence[str]) -> ParsedPage:
    """The page with the custom values that another answer about the same records has.

    Args:
        page: The page.
        more: The other answer. It may have come in another session and show other ids.
        key_columns: Names of the columns of the first table that hold the keys.
    """

    def belongs(name: str, rows: pa.Table) -> list[str]:
        return [one for one in rows.column_names if "custom__" in one]

    return filled(page, more, key_columns, belongs)
