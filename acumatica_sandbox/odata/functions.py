"""The functions that expressions may call."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any


@dataclass(frozen=True)
class Function:
    """One signature; types are letters as of expressions: s, d, t, b."""

    takes: str
    gives: str
    call: Callable[..., Any]


def _whole(rounding: str) -> Callable[[Any], Decimal]:
    return lambda number: Decimal(number).to_integral_value(rounding)


def _part(name: str) -> Callable[[datetime], int]:
    return lambda moment: int(getattr(moment, name))


FUNCTIONS: dict[str, Function] = {
    "startswith": Function("ss", "b", lambda text, part: text.lower().startswith(part.lower())),
    "endswith": Function("ss", "b", lambda text, part: text.lower().endswith(part.lower())),
    "indexof": Function("ss", "d", lambda text, part: text.lower().find(part.lower())),
    "concat": Function("ss", "s", lambda text, more: text + more),
    "tolower": Function("s", "s", str.lower),
    "toupper": Function("s", "s", str.upper),
    "trim": Function("s", "s", str.strip),
    "length": Function("s", "d", len),
    "round": Function("d", "d", _whole(ROUND_HALF_UP)),
    "floor": Function("d", "d", _whole(ROUND_FLOOR)),
    "ceiling": Function("d", "d", _whole(ROUND_CEILING)),
    **{
        name: Function("t", "d", _part(name))
        for name in ("year", "month", "day", "hour", "minute", "second")
    },
}
CONTAINS = Function("ss", "b", lambda text, part: part.lower() in text.lower())
SUBSTRINGOF = Function("ss", "b", lambda part, text: part.lower() in text.lower())


def function(name: str, version: int) -> Function | None:
    """The function of that name in a version of the protocol."""
    if name == "contains":
        return CONTAINS if version == 4 else None
    if name == "substringof":
        return SUBSTRINGOF if version == 3 else None
    return FUNCTIONS.get(name)
