"""The next watermark never lies beyond what this run has surely seen."""

from datetime import UTC, datetime, timedelta

import pytest

from acumatica_source.reading.watermark import lower_bound, next_watermark

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)


@pytest.mark.parametrize(
    ("previous", "started", "newest", "expected"),
    [
        (None, NOON, EARLIER, EARLIER),
        (None, NOON, LATER, NOON),
        (None, None, LATER, LATER),
        (None, NOON, None, None),
        (EARLIER, NOON, None, EARLIER),
        (LATER, NOON, NOON, LATER),
    ],
    ids=[
        "stamping clock behind",
        "stamped while reading",
        "server tells no time",
        "nothing read at first",
        "nothing read later",
        "never goes back",
    ],
)
def test_next_watermark(
    previous: datetime | None,
    started: datetime | None,
    newest: datetime | None,
    expected: datetime | None,
) -> None:
    assert next_watermark(previous, started, newest) == expected


def test_a_run_starts_a_lag_before_the_watermark() -> None:
    assert lower_bound(NOON, timedelta(hours=1)) == EARLIER
    assert lower_bound(None, timedelta(hours=1)) is None
