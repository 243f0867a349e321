"""Names and values as filters write them, in the dialect of an interface."""

import datetime as dt
import math
import re
from decimal import Decimal
from enum import Enum
from uuid import UUID

from acumatica_source.client.errors import ConfigurationError


class Dialect(Enum):
    """The language a filter is rendered in."""

    CONTRACT = "contract-based REST"
    ODATA4 = "OData 4"
    ODATA3 = "OData 3"


_ACCEPTED = "str, bool, int, float, Decimal, datetime (with offset), date, UUID or None"
_NAME = re.compile(r"[^\W\d]\w*\Z")


def checked_name(name: object, what: str = "field name") -> str:
    """A name that is safe inside a query or a path: letters, digits, underscores.

    Raises:
        ConfigurationError: it is anything else.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise ConfigurationError(
            f"{name!r} is not a {what}: use letters, digits and underscores, as in 'CustomerID'."
        )
    return name


def literal(value: object, dialect: Dialect) -> str:
    """A value as the dialect writes it.

    Raises:
        ConfigurationError: the dialect has no way to write it.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value.value if isinstance(value, Enum) else value
        return "'" + text.replace("'", "''") + "'"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, (float, Decimal)):
        return _number(value) + ("" if dialect is Dialect.ODATA4 else "m")
    if isinstance(value, dt.datetime):
        return _instant(value, dialect)
    if isinstance(value, dt.date):
        if dialect is Dialect.ODATA4:
            return value.isoformat()
        if dialect is Dialect.ODATA3:
            return f"datetime'{value.isoformat()}T00:00:00'"
        return f"datetimeoffset'{value.isoformat()}'"
    if isinstance(value, UUID):
        return str(value) if dialect is Dialect.ODATA4 else f"guid'{value}'"
    raise ConfigurationError(
        f"{value!r} ({type(value).__name__}) cannot be compared with a field; use {_ACCEPTED}."
    )


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        raise ConfigurationError(f"{value!r} is not a number that can be compared with a field.")
    # repr() is the shortest text that reads back as the same float; "f" avoids exponents.
    return format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")


def _instant(value: dt.datetime, dialect: Dialect) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise ConfigurationError(
            f"{value!r} has no time zone, so it is no instant; "
            "use datetime(..., tzinfo=timezone.utc), or a date."
        )
    if dialect is Dialect.CONTRACT:
        # Offsets of historic zones have seconds, which the format has not.
        whole = offset % dt.timedelta(minutes=1) == dt.timedelta(0)
        return f"datetimeoffset'{(value if whole else value.astimezone(dt.UTC)).isoformat()}'"
    plain = value.astimezone(dt.UTC).replace(tzinfo=None).isoformat()
    return f"{plain}Z" if dialect is Dialect.ODATA4 else f"datetime'{plain}'"
