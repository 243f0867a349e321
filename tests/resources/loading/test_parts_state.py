"""What is remembered of parts comes back as it was, and damage is seen."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from acumatica_source.resources.loading.parts_state import PartsState

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
FULL = PartsState(
    names=["012025", "022025"],
    columns="f00",
    counts={"012025": 3},
    recent={"012025|ACTUAL": "ba7"},
    shown=70,
    owners=["ACTUAL"],
    large=["022025"],
    begun=NOON,
    left=["012025"],
)


@pytest.mark.parametrize("state", [FULL, PartsState()])
def test_it_comes_back_as_it_was(state: PartsState) -> None:
    assert PartsState.of(json.loads(json.dumps(state.noted()))) == state


def test_nothing_is_noted_of_what_is_not_known() -> None:
    assert PartsState().noted() == {}


@pytest.mark.parametrize(
    "kept",
    [
        ["012025"],
        {"names": "012025"},
        {"names": [1]},
        {"columns": 7},
        {"counts": {"012025": "3"}},
        {"counts": {"012025": True}},
        {"recent": {"012025": 3}},
        {"shown": "many"},
        {"shown": True},
        {"begun": "noon"},
        {"begun": 12},
        {"begun": "2025-03-01T12:00:00"},
        {"left": None},
    ],
    ids=str,
)
def test_what_is_damaged_is_refused(kept: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        PartsState.of(kept)
