"""Parameters of generic inquiries: the address that gives them, and values as it writes them.

User Guide: Access to Exposed Inquiries Through OData. An inquiry's parameters are those of a
function with a name of its own; the entity set of the inquiry itself takes none, and answers with
no rows, or with others, where they are missing.
"""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import quote
from uuid import UUID

from acumatica_source.client.address import segment
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.literals import Dialect, literal
from acumatica_source.contract.edmx import Feed
from acumatica_source.contract.model import DeclaredField, FieldType
from acumatica_source.reading.odata import inquiries_path

logger = logging.getLogger(__name__)

_UNQUOTED = "@'"
_PLAIN = re.compile(r"[\w.' -]*\Z", re.ASCII)
"""What a path can hold; web servers refuse colons, slashes and the like in it, even quoted."""


def inquiry_path(tenant: str, feed: Feed, parameters: Mapping[str, object]) -> str:
    """Path of an inquiry's rows below the instance, its parameters included.

    Args:
        tenant: Login name of the tenant.
        feed: The inquiry.
        parameters: Values of its parameters by name; None for no value.

    Raises:
        ConfigurationError: the inquiry takes parameters and none are given, it has none of that
            name, or a value is of another type.
    """
    base = inquiries_path(tenant)
    known = {one.name: one for one in feed.parameters}
    for name in parameters:
        if name not in known:
            raise ConfigurationError(
                f"{feed.name} has no parameter {name!r}. It has: {', '.join(known) or 'none'}."
            )
    if not parameters:
        if known:
            raise ConfigurationError(
                f"{feed.name} takes parameters ({', '.join(known)}), and none are given: it would "
                "have no rows, or others than expected. Give them: --parameter "
                f"{next(iter(known))}=VALUE, or GenericInquiry({feed.name!r}, parameters=...)."
            )
        return f"{base}/{segment(feed.name, 'inquiry')}"
    missing = [name for name in known if name not in parameters]
    if missing:
        logger.warning("%s: no value is given for %s.", feed.name, ", ".join(missing))
    given: list[str] = []
    aliases: list[str] = []
    for name, value in parameters.items():
        text = _literal(feed, known[name], value)
        if not _PLAIN.match(text):
            aliases.append(f"%40p{len(aliases)}={quote(text, safe='')}")
            text = f"@p{len(aliases) - 1}"
        given.append(f"{name}={quote(text, safe=_UNQUOTED)}")
    call = f"{base}/{segment(feed.function, 'inquiry')}({','.join(given)})"
    return f"{call}?{'&'.join(aliases)}" if aliases else call


def _literal(feed: Feed, parameter: DeclaredField, value: object) -> str:
    try:
        return literal(_typed(parameter.type, value), Dialect.ODATA4)
    except (ValueError, InvalidOperation):
        raise ConfigurationError(
            f"{feed.name}: {value!r} is no value of the parameter {parameter.name}, which is of "
            f"the type {parameter.type}."
        ) from None


def _typed(kind: FieldType, value: object) -> object:
    """A value as the type that the parameter is declared to have; texts are read.

    Raises:
        ValueError, InvalidOperation: it is no value of that type.
    """
    if value is None or (value == "" and kind is not FieldType.TEXT):
        return None
    if kind is FieldType.TEXT:
        return value if isinstance(value, str) else str(value)
    if kind is FieldType.BOOLEAN:
        return _truth(str(value))
    if kind is FieldType.INTEGER:
        return int(str(value))
    if kind is FieldType.DECIMAL:
        return Decimal(str(value))
    if kind is FieldType.GUID:
        return UUID(str(value))
    return _moment(value)


def _truth(text: str) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False}
    if text.strip().lower() not in known:
        raise ValueError(text)
    return known[text.strip().lower()]


def _moment(value: object) -> date:
    if isinstance(value, str):
        text = value.strip()
        whole_day = len(text) <= len("2026-01-31")
        value = date.fromisoformat(text) if whole_day else datetime.fromisoformat(text)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if not isinstance(value, date):
        raise ValueError(value)
    return value
