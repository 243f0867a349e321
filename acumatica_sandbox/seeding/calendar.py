"""The fiscal calendar: years run from July to June and are named by the year they end in."""

from collections.abc import Iterator
from datetime import date, timedelta

FIRST_MONTH = 7


def period_of(day: date) -> str:
    """The financial period of a day as MMYYYY; July is period 01 of the next year."""
    return f"{(day.month - FIRST_MONTH) % 12 + 1:02}{year_of(day)}"


def year_of(day: date) -> int:
    """The financial year of a day."""
    return day.year + (day.month >= FIRST_MONTH)


def periods(year: int) -> Iterator[tuple[str, date, date]]:
    """The twelve periods of a financial year: id, first day, last day."""
    for number in range(12):
        month = (FIRST_MONTH - 1 + number) % 12 + 1
        first = date(year - (month >= FIRST_MONTH), month, 1)
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        yield f"{number + 1:02}{year}", first, following - timedelta(days=1)
