"""What a resource remembers survives a run, and is refused where it cannot be understood."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source.resources.loading.parts_state import PartsState
from acumatica_source.resources.loading.state import VERSION, ResourceState

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def within(pipeline: dlt.Pipeline, work: Callable[[], Any], resource: str = "orders") -> Any:
    """What some work comes to while a resource is extracted."""
    found: list[Any] = []

    @dlt.resource(name=resource)
    def rows() -> Any:
        found.append(work())
        yield from ()

    pipeline.extract(rows())
    return found[0]


def kept(pipeline: dlt.Pipeline, state: ResourceState) -> dict[str, Any]:
    """What a state is kept as."""

    def write() -> dict[str, Any]:
        state.write("orders")
        return dict(dlt.current.resource_state("orders"))

    found: dict[str, Any] = within(pipeline, write)
    return found


def read(pipeline: dlt.Pipeline, stored: dict[str, Any], *, anew: bool = False) -> ResourceState:
    """The state that is kept as this."""

    def put() -> ResourceState:
        dlt.current.resource_state("orders").update(stored)
        return ResourceState.read("orders", anew=anew)

    state: ResourceState = within(pipeline, put)
    return state


FULL = ResourceState(
    watermark=NOON,
    contents=["m", 2, "abc"],
    filled={"Order__Lines", "Order__Files"},
    undeclared={"Order/Odd", "Order/Even"},
    parts={"01-2025": "f00", "02-2025": "ba7"},
    asked=[None, True],
    known_parts=PartsState(["01-2025", "02-2025"], counts={"01-2025": 3}),
    left_out={"Order__Taxes"},
    kept=True,
)
KEPT = {
    "version": 2,
    "watermark": "2025-03-01T12:00:00+00:00",
    "contents": ["m", 2, "abc"],
    "filled": ["Order__Files", "Order__Lines"],
    "undeclared": ["Order/Even", "Order/Odd"],
    "periods": {"01-2025": "f00", "02-2025": "ba7"},
    "asked": [None, True],
    "known_parts": {"names": ["01-2025", "02-2025"], "counts": {"01-2025": 3}},
    "left_out": ["Order__Taxes"],
    "kept": True,
}


def test_a_state_is_kept_in_one_form(pipeline: dlt.Pipeline) -> None:
    """Releases to come have to read it, so it may grow, and stays as it is otherwise."""
    assert kept(pipeline, FULL) == KEPT
    assert VERSION == 2


def test_what_was_written_is_read_again(pipeline: dlt.Pipeline) -> None:
    within(pipeline, lambda: FULL.write("orders"))
    assert within(pipeline, lambda: ResourceState.read("orders")) == FULL
    other = within(pipeline, lambda: ResourceState.read("invoices"), "invoices")
    assert other == ResourceState(None, None, set(), set(), {}, None)


def test_tenants_have_a_state_each(pipeline: dlt.Pipeline) -> None:
    within(pipeline, lambda: FULL.write("orders", tenant="North"))
    assert within(pipeline, lambda: ResourceState.read("orders", tenant="North")) == FULL
    for other in ("South", None):
        state = within(pipeline, partial(ResourceState.read, "orders", tenant=other))
        assert state == ResourceState()
    within(pipeline, lambda: ResourceState(asked=[1]).write("orders", tenant="South"))
    assert within(pipeline, lambda: ResourceState.read("orders", tenant="North")) == FULL


@pytest.mark.parametrize("damaged", ["North", {"North": "yesterday"}])
def test_damaged_states_of_tenants_are_refused(pipeline: dlt.Pipeline, damaged: Any) -> None:
    def put() -> Any:
        dlt.current.resource_state("orders")["tenants"] = damaged
        return ResourceState.read("orders", tenant="North")

    with pytest.raises(PipelineStepFailed, match="damaged: tenants is"):
        within(pipeline, put)


def test_an_empty_state_holds_a_version_alone(pipeline: dlt.Pipeline) -> None:
    assert kept(pipeline, ResourceState()) == {"version": 2}


def test_a_state_takes_the_place_of_the_one_before(pipeline: dlt.Pipeline) -> None:
    def write() -> dict[str, Any]:
        FULL.write("orders")
        dlt.current.resource_state("orders")["left by another version"] = 1
        ResourceState(filled={"Order__Lines"}).write("orders")
        return dict(dlt.current.resource_state("orders"))

    assert within(pipeline, write) == {"version": 2, "filled": ["Order__Lines"]}


def test_a_state_of_a_former_release_goes_on(pipeline: dlt.Pipeline) -> None:
    stored = {key: value for key, value in KEPT.items() if key not in ("version", "undeclared")}
    stored["odd"] = ["Order/Even", "Order/Odd"]
    assert read(pipeline, stored) == FULL


def test_what_the_state_says_does_not_matter_to_a_load_anew(pipeline: dlt.Pipeline) -> None:
    """But for rows that stay although they are on record as gone: they stay through it."""
    assert read(pipeline, KEPT, anew=True) == ResourceState(kept=True)
    assert read(pipeline, {"kept": "yes"}, anew=True) == ResourceState()
    assert read(pipeline, {"version": 99, "watermark": 1}, anew=True) == ResourceState()


def test_instants_keep_their_zone(pipeline: dlt.Pipeline) -> None:
    state = read(pipeline, {"watermark": "2025-03-01T14:00:00+02:00"})
    assert state.watermark == NOON
    assert state.watermark.replace(tzinfo=None) == datetime(2025, 3, 1, 14)
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    assert kept(pipeline, ResourceState(watermark=east))["watermark"].endswith("+02:00")


def test_what_was_read_is_a_copy(pipeline: dlt.Pipeline) -> None:
    def change() -> dict[str, Any]:
        dlt.current.resource_state("orders").update(KEPT)
        state = ResourceState.read("orders")
        for values in (state.contents, state.asked):
            assert values is not None
            values.append("more")
        state.parts["03-2025"] = "more"
        return dict(dlt.current.resource_state("orders"))

    assert within(pipeline, change) == KEPT


@pytest.mark.parametrize("version", [1, 2])
def test_known_versions_are_read(pipeline: dlt.Pipeline, version: int) -> None:
    assert read(pipeline, {**KEPT, "version": version}) == FULL


def refusal(pipeline: dlt.Pipeline, stored: dict[str, Any]) -> str:
    with pytest.raises(PipelineStepFailed) as raised:
        read(pipeline, stored)
    return str(raised.value)


def test_a_newer_version_is_refused(pipeline: dlt.Pipeline) -> None:
    assert (
        "The state of orders in this dataset was written by a newer version of acumatica-source "
        "(state version 3, this one knows 2). Update it, or load into another dataset."
    ) in refusal(pipeline, {**KEPT, "version": 3})


DAMAGES: list[tuple[str, Any, str]] = [
    ("kept", "yes", "kept is 'yes'"),
    ("version", "two", "version is 'two'"),
    ("version", 0, "version is 0"),
    ("version", True, "version is True"),
    ("version", 1.5, "version is 1.5"),
    ("watermark", "noon", "watermark is 'noon'"),
    ("watermark", 20250301, "watermark is 20250301"),
    ("watermark", "2025-03-01T12:00:00", "watermark is '2025-03-01T12:00:00'"),
    ("filled", "Order__Lines", "filled is 'Order__Lines'"),
    ("filled", ["Order__Lines", 1], "filled is ['Order__Lines', 1]"),
    ("undeclared", {"a": "b"}, "undeclared is {'a': 'b'}"),
    ("odd", 1, "odd is 1"),
    ("contents", "m", "contents is 'm'"),
    ("contents", ["m", 2], "contents is ['m', 2]"),
    ("contents", ["m", 2, "abc", 3], "contents is ['m', 2, 'abc', 3]"),
    ("contents", ["m", "2", "abc"], "contents is ['m', '2', 'abc']"),
    ("contents", {"m": 1, "n": 2, "o": 3}, "contents is {"),
    ("periods", ["01-2025"], "periods is ['01-2025']"),
    ("periods", {"01-2025": 1}, "periods is {'01-2025': 1}"),
    ("periods", {"01-2025": "x", "02-2025": None}, "periods is {"),
    ("known_parts", {"shown": "all"}, "known_parts is {'shown': 'all'}"),
    ("asked", "all", "asked is 'all'"),
    ("asked", {"all": 1}, "asked is {'all': 1}"),
]


@pytest.mark.parametrize(("name", "value", "shown"), DAMAGES)
def test_a_damaged_state_is_refused(
    pipeline: dlt.Pipeline, name: str, value: Any, shown: str
) -> None:
    said = refusal(pipeline, {**KEPT, name: value})
    assert f"The state of orders in this dataset is damaged: {shown}" in said
    assert (
        "Load orders anew: with full=True in its options, or with --full on the command line."
    ) in said


@pytest.mark.parametrize(("length", "cut"), [(58, False), (59, True)])
def test_long_values_are_cut_where_they_are_shown(
    pipeline: dlt.Pipeline, length: int, cut: bool
) -> None:
    """60 characters are, with the quotes."""
    said = refusal(pipeline, {"watermark": "x" * length})
    assert (f"'{'x' * 58}'. Load" in said) is not cut
    assert (f"'{'x' * 59}…. Load" in said) is cut
