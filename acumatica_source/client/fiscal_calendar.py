"""The instance's own financial periods, read from its FinancialPeriod entity.

A financial period is named by its number and its financial year (`012025` is the first period of
2025, whatever month that is); it is neither a calendar month nor necessarily one of twelve.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from acumatica_source.client.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Period:
    """One financial period."""

    id: str
    """As requests name it: two digits of number, four of financial year (`012025`)."""
    starts: date | None
    ends: date | None

    @property
    def order(self) -> tuple[int, int]:
        """Sorts periods by time: financial year, then number."""
        return int(self.id[2:]), int(self.id[:2])


def period_id(text: str) -> str:
    """A period as requests name it, from `012025`, `01-2025` or `01/2025`.

    Raises:
        ConfigurationError: it is none of these.
    """
    match = re.fullmatch(r"\s*(\d{2})[-/ ]?(\d{4})\s*", text)
    if match is None:
        raise ConfigurationError(
            f"{text!r} is no financial period. Give its number and financial year, "
            "such as '01-2025'."
        )
    return "".join(match.groups())


def periods_of(rows: Iterable[Mapping[str, object]]) -> list[Period]:
    """The calendar from the rows of FinancialPeriod's details, in order of time.

    Args:
        rows: Mappings with `FinancialPeriodID` and, where known, `StartDate` and `EndDate`.
    """
    periods = {}
    for row in rows:
        name = row.get("FinancialPeriodID")
        if isinstance(name, str) and name.strip():
            identity = period_id(name)
            periods[identity] = Period(identity, _date(row, "StartDate"), _date(row, "EndDate"))
    return sorted(periods.values(), key=lambda period: period.order)


def periods_between(calendar: Iterable[Period], first: date, last: date) -> list[Period]:
    """The periods that two days, and what is between, lie in; those without dates are left out."""
    dated = [(one, one.starts, one.ends) for one in calendar if one.starts and one.ends]
    # A year may close with an adjustment period of a single day, which begins inside another.
    begins = {starts for _, starts, ends in dated if ends > starts}
    found = []
    for period, starts, ends in dated:
        exclusive = ends > starts and ends in begins  # then the end is the day after the last
        ends_on = ends - timedelta(days=1) if exclusive else ends
        if starts <= last and ends_on >= first:
            found.append(period)
    return found


def _date(row: Mapping[str, object], name: str) -> date | None:
    value = row.get(name)
    return value if isinstance(value, date) else None
