"""Values of rows: how they compare, and how answers show them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from acumatica_sandbox.odata.feeds import Column

BARE = "\x00"
"""Before text that JSON is to show without quotes: digits of a number."""


@dataclass(frozen=True)
class Dialect:
    """How a service reads and writes values."""

    version: int
    """Of the protocol: 3 or 4."""
    zone: tzinfo = UTC
    """Offset that instants are shown with, and that dates begin in."""
    offsets: bool = True
    """Whether instants are shown with their offset."""
    text_decimals: bool = False
    """Whether decimals are shown as text."""


def comparable(value: Any, zone: tzinfo = UTC) -> Any:
    """A value as the database compares it: text without regard to case and trailing blanks."""
    if isinstance(value, str):
        return value.rstrip(" ").lower()
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=zone)
    return value


def shown(column: Column, value: Any, dialect: Dialect) -> Any:
    """A value as JSON shows it; see BARE for decimals."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        text = format(value.quantize(Decimal("1.000000")) if abs(value) < 10**20 else value, "f")
        return text if dialect.text_decimals else f"{BARE}{text}"
    if isinstance(value, datetime):
        local = value.astimezone(dialect.zone)
        fraction = f"{local.microsecond // 1000:03}".rstrip("0")
        text = local.isoformat()[:19] + (f".{fraction}" if fraction else "")
        return text + _offset(local, dialect)
    if isinstance(value, date):
        local = datetime(value.year, value.month, value.day, tzinfo=dialect.zone)
        return f"{value.isoformat()}T00:00:00{_offset(local, dialect)}"
    if isinstance(value, str) and column.width:
        return value.ljust(column.width)
    return value


def _offset(moment: datetime, dialect: Dialect) -> str:
    if not dialect.offsets:
        return ""
    text = moment.isoformat()[-6:]
    return "Z" if text == "+00:00" else text
