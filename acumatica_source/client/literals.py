"""Names and values as filters write them, in the dialect of an interface."""

import datetime as dt
import math
import re
from decimal import Decimal
from enum import Enum
from uuid import UUID

from acumatica_source.client.dialects import Dialect
from acumatica_source.client.errors import ConfigurationError

__all__ = ["Dialect", "checked_name", "literal"]


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
        return dialect.number(_digits(value))
    if isinstance(value, dt.datetime):
        if value.utcoffset() is None:
            raise ConfigurationError(
                f"{value!r} has no time zone, so it is no instant; "
                "use datetime(..., tzinfo=timezone.utc), or a date."
            )
        return dialect.instant(value)
    if isinstance(value, dt.date):
        return dialect.day(value)
    if isinstance(value, UUID):
        return dialect.guid(value)
    raise ConfigurationError(
        f"{value!r} ({type(value).__name__}) cannot be compared with a field; use {_ACCEPTED}."
    )


def _digits(value: float | Decimal) -> str:
    if not math.isfinite(value):
        raise ConfigurationError(f"{value!r} is not a number that can be compared with a field.")
    # repr() is the shortest text that reads back as the same float; "f" avoids exponents.
    return format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")
