"""Estimates how many rows there are where the server does not count: by looking far ahead.

A list has neither a count nor a total (Integration Development Guide: Retrieval of Records by
Conditions), but whether there is a row at an offset is told by a request for that row alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

FIRST = 1_000
"""Rows in the first request; no more than these are counted exactly."""

PRECISION = 0.1
"""How far an estimate may be off, as a share."""

MOST = 1 << 31
"""Rows beyond which nobody looks."""


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows there are."""

    rows: int
    """All of them, or the least there are."""
    exact: bool


def estimated_rows(window: Callable[[int, int], int]) -> RowCount:
    """The number of rows, to a tenth, with some twenty requests at most for a million rows.

    Args:
        window: Tells how many rows come for `$skip` and `$top`.
    """
    least = window(0, FIRST)
    if least < FIRST:
        return RowCount(least, exact=True)
    most = FIRST * 2
    while most < MOST and window(most - 1, 1):
        least, most = most, most * 2
    while most - least > least * PRECISION:
        middle = (least + most) // 2
        if window(middle - 1, 1):
            least = middle
        else:
            most = middle
    return RowCount(least, exact=False)
