"""How often all of a source is compared: by its own clock, at once, or never."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.rhythm import DAILY, Rhythm

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("begun", "clock", "due"),
    [
        (None, NOON, True),
        (None, None, True),
        (NOON, None, True),
        (NOON, NOON, False),
        (NOON, NOON + DAY - HOUR, False),
        (NOON, NOON + DAY, True),
        (NOON, NOON - HOUR, True),
    ],
    ids=[
        "never compared",
        "never compared, and no clock",
        "source tells no time",
        "just compared",
        "too early",
        "a day later",
        "clock set back",
    ],
)
def test_a_comparison_is_due_once_a_day(
    begun: datetime | None, clock: datetime | None, due: bool
) -> None:
    assert Rhythm().due(begun, clock) is due
    assert Rhythm.of(DAILY).due(begun, clock) is due
    assert Rhythm.of("now").due(begun, clock)
    assert not Rhythm.of("never").due(begun, clock)


def test_no_time_between_comparisons_is_one_in_every_run() -> None:
    assert Rhythm.of(timedelta()).due(NOON, NOON)


@pytest.mark.parametrize("wanted", [-HOUR, "daily", "", 3600, None, True])
def test_another_rhythm_is_refused_by_name(wanted: Any) -> None:
    with pytest.raises(ConfigurationError, match="verify of Bill must be a timedelta"):
        Rhythm.of(wanted, "verify of Bill")
