"""Periods are named by number and financial year and follow the instance's calendar."""

from datetime import date, timedelta

import pytest

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.fiscal_calendar import period_id, periods_between, periods_of

WEEK = timedelta(days=7)


@pytest.mark.parametrize("text", ["012025", "01-2025", "01/2025", " 01-2025 "])
def test_spellings_of_a_period(text: str) -> None:
    assert period_id(text) == "012025"


@pytest.mark.parametrize("text", ["", "2025-01-31", "1-2025", "January", "01-25"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="financial period"):
        period_id(text)


def test_periods_come_in_order_of_time_not_of_text() -> None:
    rows: list[dict[str, object]] = [
        {"FinancialPeriodID": "12-2024", "StartDate": date(2024, 6, 1)},
        {"FinancialPeriodID": "01-2025", "StartDate": date(2024, 7, 1)},
        {"FinancialPeriodID": "02-2024", "StartDate": None},
        {"FinancialPeriodID": None},
    ]
    assert [period.id for period in periods_of(rows)] == ["022024", "122024", "012025"]


def test_periods_of_weeks_have_numbers_beyond_the_months() -> None:
    weeks: list[dict[str, object]] = [
        {"FinancialPeriodID": f"{week:02}-2025", "StartDate": monday, "EndDate": monday + WEEK}
        for week in range(1, 53)
        for monday in [date(2024, 12, 30) + (week - 1) * WEEK]
    ]
    found = periods_between(periods_of(weeks), date(2025, 5, 19), date(2025, 5, 26))
    assert [period.id for period in found] == ["212025", "222025"]


def test_a_period_without_dates_lies_between_none() -> None:
    rows: list[dict[str, object]] = [{"FinancialPeriodID": "01-2025", "StartDate": None}]
    assert periods_between(periods_of(rows), date(1900, 1, 1), date(2100, 1, 1)) == []
