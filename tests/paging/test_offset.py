"""Pages by offset overlap, so that no row slips through between them unnoticed."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acumatica_source.paging.errors import OrderNotTrusted
from acumatica_source.paging.model import PageRequest, RowKey
from acumatica_source.paging.offset import MOST_STEPS_BACK, ROWS_REMEMBERED, OffsetPaging


def rows(*numbers: int) -> list[RowKey]:
    return [(number,) for number in numbers]


def begun(top: int, *pages: Sequence[RowKey]) -> OffsetPaging:
    """A paging that has received these pages."""
    paging = OffsetPaging(top)
    paging.first()
    for page in pages:
        paging.receive(page)
    return paging


def test_pages_overlap_by_one_row() -> None:
    paging = OffsetPaging(4)
    assert paging.first() == PageRequest(None, 4, 0)
    assert paging.receive(rows(1, 2, 3, 4)) == PageRequest(None, 4, 3)
    assert paging.receive(rows(4, 5, 6, 7)) == PageRequest(None, 4, 6)
    assert paging.receive(rows(7, 8)) is None


@pytest.mark.parametrize("top", [0, 1, 2])
def test_pages_have_two_rows_at_least(top: int) -> None:
    assert OffsetPaging(top).first() == PageRequest(None, 2, 0)
    assert begun(top).receive(rows(1, 2)) == PageRequest(None, 2, 1)
    assert begun(top).receive(rows(1)) is None


def test_no_rows_are_the_end() -> None:
    assert begun(4).receive([]) is None
    paging = begun(4, rows(1, 2, 3, 4))
    assert paging.receive([]) == PageRequest(None, 4, 1), "rows were deleted: where is the overlap?"


def test_a_lost_overlap_is_looked_for_further_ahead() -> None:
    """Rows were deleted, so that the window begins too far behind."""
    paging = begun(4, rows(1, 2, 3, 4), rows(4, 5, 6, 7))
    assert paging.receive(rows(9, 10, 11, 12)) == PageRequest(None, 4, 4)
    assert paging.receive(rows(7, 8, 9, 10)) == PageRequest(None, 4, 7)
    assert paging.receive(rows(10, 11)) is None


def test_steps_back_end_at_the_first_row() -> None:
    """There every row that is left has come, or comes now."""
    paging = begun(4, rows(1, 2, 3, 4))
    assert paging.receive(rows(9)) == PageRequest(None, 4, 1)
    assert paging.receive(rows(8, 9)) == PageRequest(None, 4, 0)
    assert paging.receive(rows(6, 7, 8, 9)) == PageRequest(None, 4, 3)


@pytest.mark.parametrize(("top", "skip"), [(2, 0), (3, 1), (5, 2), (9, 4), (10, 4)])
def test_a_step_back_is_half_a_page(top: int, skip: int) -> None:
    paging = begun(top, rows(*range(top)))
    assert paging.receive(rows(50, 51)) == PageRequest(None, top, skip)


def test_rows_inserted_before_the_overlap_move_it_into_the_page() -> None:
    paging = begun(4, rows(10, 20, 30, 40))
    assert paging.receive(rows(20, 30, 35, 40)) == PageRequest(None, 4, 6)
    assert paging.receive(rows(38, 40, 50, 60)) == PageRequest(None, 4, 9)


def test_known_rows_are_no_overlap_unless_they_begin_or_reach_the_last() -> None:
    """Between an inserted row and one known before, rows may lie that nobody has seen."""
    paging = begun(4, rows(1, 2, 3, 4), rows(4, 5, 6, 7))
    assert paging.receive(rows(15, 6, 16, 17)) == PageRequest(None, 4, 4)


def test_a_row_that_a_page_holds_twice_counts_towards_its_length() -> None:
    assert begun(3).receive(rows(1, 1, 2)) == PageRequest(None, 3, 2)
    paging = begun(3, rows(1, 2, 3))
    assert paging.receive(rows(3, 4, 4)) == PageRequest(None, 3, 4)


def test_the_row_before_last_does_not_begin_an_overlap_twice() -> None:
    """The last row of a page is the one that the next has to begin with or contain."""
    paging = begun(3, rows(1, 2, 3))
    assert paging.receive(rows(9, 2, 8)) == PageRequest(None, 3, 1)
    paging = begun(3, rows(1, 2, 3))
    assert paging.receive(rows(9, 3, 8)) == PageRequest(None, 3, 4)


def test_pages_as_long_as_the_shortest_full_one_are_full() -> None:
    paging = begun(9)
    paging.shorten(3)
    paging.shorten(5)
    assert paging.receive(rows(1, 2, 3)) == PageRequest(None, 9, 2)
    assert paging.receive(rows(3, 4)) is None


def test_single_rows_cannot_overlap() -> None:
    begun(9).shorten(2)
    with pytest.raises(OrderNotTrusted, match="one row at a time"):
        begun(9).shorten(1)


def test_going_on_asks_for_what_lies_behind_a_short_page() -> None:
    paging = begun(9)
    assert paging.receive(rows(1, 2, 3)) is None
    assert paging.go_on() == PageRequest(None, 9, 2)
    assert paging.receive([]) == PageRequest(None, 9, 0)
    assert begun(9, []).go_on() == PageRequest(None, 9, 0)


def test_an_order_that_turns_round_is_not_stable() -> None:
    paging = begun(6, rows(1, 2, 3, 4, 5, 6))
    with pytest.raises(OrderNotTrusted, match="Known rows come in another order"):
        paging.receive(rows(6, 5, 4, 3, 2, 1))


@pytest.mark.parametrize(
    ("page", "stable"),
    [
        ([1, 2, 3, 5, 4, 6, 7, 8, 9], True),  # 1 of 8 neighbours
        ([2, 1, 3, 5, 4, 6, 7, 8, 9], True),  # 2 of 8: a quarter
        ([2, 1, 3, 5, 4, 7, 6, 8, 9], False),  # 3 of 8
        ([2, 1, 3, 5, 4], False),  # 2 of 4
        ([2, 1], True),  # 1 of 1, too few to tell
        ([50, 51, 52, 53, 2, 1, 3, 5, 4], False),  # new rows tell nothing
    ],
)
def test_rows_that_come_and_go_change_the_order_of_few_others(
    page: list[int], stable: bool
) -> None:
    paging = begun(9, rows(*range(1, 10)))
    if stable:
        paging.receive(rows(*page))
    else:
        with pytest.raises(OrderNotTrusted):
            paging.receive(rows(*page))


def test_rows_are_known_in_the_order_in_which_they_came_last() -> None:
    """A list that was changed once is stable in its new order."""
    paging = begun(4, rows(1, 2, 3, 4), rows(4, 3, 5, 6))
    assert paging.receive(rows(6, 4, 3, 8)) == PageRequest(None, 4, 9)


def test_pages_that_bring_nothing_new_are_given_up() -> None:
    paging = begun(3, rows(1, 2, 3))
    for _ in range(MOST_STEPS_BACK):
        assert paging.receive(rows(1, 2, 3)) is not None
    with pytest.raises(OrderNotTrusted, match="nothing new"):
        paging.receive(rows(1, 2, 3))
    assert MOST_STEPS_BACK == 25


def test_steps_back_are_given_up_too() -> None:
    paging = begun(3, *(rows(*range(2 * n, 2 * n + 3)) for n in range(100)))
    for _ in range(MOST_STEPS_BACK):
        assert paging.receive(rows(900, 901, 902)) is not None
    with pytest.raises(OrderNotTrusted, match="nothing new"):
        paging.receive(rows(900, 901, 902))


def test_new_rows_end_the_count_of_pages_that_bring_nothing() -> None:
    paging = begun(3, rows(1, 2, 3))
    for number in range(4, 10):
        for _ in range(MOST_STEPS_BACK):
            paging.receive(rows(number - 1))
            paging.receive(rows(number - 3, number - 2, number - 1))
        paging.receive(rows(number - 1, number))


def test_a_short_page_without_new_rows_is_no_idle_one() -> None:
    """It is the end, which may be asked for again as often as one likes."""
    paging = begun(3, rows(1, 2, 3))
    for _ in range(2 * MOST_STEPS_BACK):
        assert paging.receive(rows(3)) is None


@pytest.mark.parametrize(("top", "remembered"), [(100, ROWS_REMEMBERED), (5_000, 20_000)])
def test_rows_are_known_for_long_but_not_for_ever(top: int, remembered: int) -> None:
    assert ROWS_REMEMBERED == 10_000
    paging = OffsetPaging(top)
    request = paging.first()
    last = 2 * remembered
    while request.skip + top <= last:
        following = paging.receive(rows(*range(request.skip, request.skip + top)))
        assert following is not None
        request = following
    newest = request.skip
    known, forgotten = newest - remembered + 1, newest - remembered
    assert paging.receive(rows(forgotten, -1, -2)) is not None, "a step back"
    assert paging.receive(rows(known, -1, -2)) is None, "an overlap"


@settings(max_examples=200, deadline=None)
@given(
    count=st.integers(0, 60),
    top=st.integers(2, 9),
    seed=st.integers(0, 10_000),
)
def test_rows_that_last_are_read(count: int, top: int, seed: int) -> None:
    """Whatever comes and goes between pages, or it is said."""
    chance = random.Random(seed)
    there = set(range(0, 10 * count, 10))
    lasting = set(there)
    paging = OffsetPaging(top)
    got: set[RowKey] = set()
    request: PageRequest | None = paging.first()
    while request is not None:
        window = sorted(there)[request.skip :][: request.top]
        got.update(rows(*window))
        try:
            request = paging.receive(rows(*window))
        except OrderNotTrusted:
            return
        for _ in range(chance.randrange(3)):
            if there and chance.random() < 0.5:
                gone = chance.choice(sorted(there))
                there.discard(gone)
                lasting.discard(gone)
            else:
                there.add(chance.randrange(10 * count + 9))
    assert set(rows(*lasting)) <= got


def test_an_unstable_order_ends_in_an_error_not_in_silence() -> None:
    chance = random.Random(7)
    everything = rows(*range(100))
    with pytest.raises(OrderNotTrusted):
        begun(10, *(chance.sample(everything, 10) for _ in range(1000)))
