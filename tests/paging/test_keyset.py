"""Pages by key ask for what follows the last row, and refuse an order that could lose rows."""

import random
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acumatica_source.paging.errors import OrderNotTrusted
from acumatica_source.paging.keyset import MOST_LABELS, KeysetPaging, Position
from acumatica_source.paging.model import Key, PageRequest, RowKey
from tests.paging.lists import CODES, NBR, TYPE, Table, meets, with_names

LABELLED = (Key(TYPE, dropdown=True), Key(NBR))
PLAIN = (Key("A"), Key("B"), Key("C"))
LABEL_IN_THE_MIDDLE = (Key("A"), Key(TYPE, dropdown=True), Key("C"))
LABEL_AFTER_TWO = (Key("A"), Key("B"), Key(TYPE, dropdown=True), Key("C"))
LABELS_WITHIN_LABELS = (Key("A", dropdown=True), Key(TYPE, dropdown=True), Key("C"))

labels = st.sampled_from(sorted(CODES))
numbers = st.integers(1_000, 1_004)


def server_order(keys: Sequence[Key]) -> Callable[[RowKey], tuple[object, ...]]:
    """How a server sorts: labels by their stored codes."""
    return lambda row: tuple(
        CODES[str(v)] if k.dropdown else v for k, v in zip(keys, row, strict=True)
    )


@st.composite
def lists(draw: st.DrawFn) -> tuple[Sequence[Key], list[RowKey]]:
    """Key fields of some kind, and rows in the server's order."""
    keys = draw(
        st.sampled_from(
            [
                *(LABELLED, PLAIN, PLAIN[:1], LABEL_IN_THE_MIDDLE, LABEL_AFTER_TWO),
                LABELS_WITHIN_LABELS,
            ]
        )
    )
    row = st.tuples(*(labels if key.dropdown else numbers for key in keys))
    return keys, sorted(draw(st.sets(row, max_size=40)), key=server_order(keys))


def chosen(keys: Sequence[Key], rows: Sequence[RowKey], request: PageRequest) -> list[RowKey]:
    """What a server answers."""
    met = [row for row in rows if meets(request.condition, with_names(keys, row))]
    return met[request.skip :][: request.top]


def read(
    paging: KeysetPaging,
    keys: Sequence[Key],
    rows: Sequence[RowKey],
    first: PageRequest | None = None,
) -> list[RowKey]:
    """Page to the end."""
    got: list[RowKey] = []
    request: PageRequest | None = first or paging.first()
    while request is not None:
        page = chosen(keys, rows, request)
        got += page
        request = paging.receive(page)
    return got


@settings(max_examples=120, deadline=None)
@given(lists(), st.integers(1, 9))
def test_pages_bring_the_list_in_its_order(
    table: tuple[Sequence[Key], list[RowKey]], top: int
) -> None:
    keys, rows = table
    assert read(KeysetPaging(keys, top), keys, rows) == rows


@settings(max_examples=100, deadline=None)
@given(lists(), st.integers(1, 5), st.integers(0, 20))
def test_reading_goes_on_behind_a_position(
    table: tuple[Sequence[Key], list[RowKey]], top: int, pages: int
) -> None:
    keys, rows = table
    paging = KeysetPaging(keys, top)
    assert paging.position is None
    assert paging.scope is None
    got: list[RowKey] = []
    request: PageRequest | None = paging.first()
    for _ in range(pages):
        if request is not None:
            page = chosen(keys, rows, request)
            got += page
            request = paging.receive(page)
    position, rest = paging.position, rows[len(got) :]
    if position is not None:
        assert position.last == got[-1]
        again = KeysetPaging(keys, top, position)
        assert again.position == position
        for one in (paging, again):
            assert chosen(keys, rows, PageRequest(one.scope, None)) == rest
        assert read(again, keys, rows) == rest
        assert paging.position == position, "positions are copies"


@settings(max_examples=100, deadline=None)
@given(lists(), st.integers(1, 4), st.integers(0, 99))
def test_ranges_are_complete_by_themselves(
    table: tuple[Sequence[Key], list[RowKey]], top: int, seed: int
) -> None:
    """Ranges are split off now and then, and read in any order."""
    keys, rows = table
    chance = random.Random(seed)
    paging = KeysetPaging(keys, top)
    got: list[RowKey] = []
    ranges: list[tuple[KeysetPaging, list[RowKey]]] = []
    request: PageRequest | None = paging.first()
    while request is not None:
        ahead = chosen(keys, rows, PageRequest(request.condition, None))
        if paging.in_order and ahead and chance.random() < 0.6:
            until = chance.randrange(len(ahead))
            part, request = paging.split(ahead[until])
            ranges.append((part, ahead[: until + 1]))
            continue
        page = ahead[:top]
        got += page
        request = paging.receive(page)
    chance.shuffle(ranges)
    for part, expected in ranges:
        assert read(part, keys, rows) == expected
        got += expected
    assert sorted(got, key=server_order(keys)) == rows


@pytest.mark.parametrize(
    ("last", "end"), [((1, 1, 1), (1, 1, 5)), ((1, 1, 1), (1, 2, 5)), ((0, 3, 6), (2, 0, 0))]
)
def test_a_range_asks_for_what_lies_between(last: RowKey, end: RowKey) -> None:
    paging = KeysetPaging(PLAIN, 7, Position(last))
    part, behind = paging.split(end)
    rows = [(a, b, c) for a in range(3) for b in range(4) for c in range(7)]
    assert chosen(PLAIN, rows, PageRequest(part.first().condition, None)) == [
        row for row in rows if last < row <= end
    ]
    assert chosen(PLAIN, rows, PageRequest(behind.condition, None)) == [
        row for row in rows if row > end
    ]
    assert (part.first().top, behind.top, part.first().skip, behind.skip) == (7, 7, 0, 0)


def test_a_range_ends_with_its_last_row_however_short_its_pages_are() -> None:
    paging = KeysetPaging((Key(NBR),), 3, Position((1,)))
    part, _ = paging.split((9,))
    assert part.receive([(2,)]) is not None, "no more than a limit may have come"
    assert part.receive([(int("9"),)]) is None


def test_a_range_whose_last_row_is_deleted_meanwhile_ends_with_an_empty_page() -> None:
    paging = KeysetPaging((Key(NBR),), 3, Position((1,)))
    part, _ = paging.split((9,))
    assert part.receive([(2,), (3,), (4,)]) is not None
    assert part.receive([]) is None


def test_pages_of_a_range_are_as_short_as_those_of_its_list() -> None:
    paging = KeysetPaging(LABELLED, 5)
    paging.shorten(2)
    paging.receive([("Invoice", 1), ("Invoice", 2)])
    assert paging.page == 2
    part, _ = paging.split(("Invoice", 9))
    assert part.page == 2


def test_a_range_does_not_end_before_the_last_row() -> None:
    paging = KeysetPaging((Key(NBR),), 5, Position((7,)))
    with pytest.raises(OrderNotTrusted):
        paging.split((3,))


def test_only_rows_of_one_label_can_be_split_off() -> None:
    paging = KeysetPaging(LABELLED, 2)
    assert not paging.in_order, "nothing has come"
    paging.receive([("Invoice", 1), ("Invoice", 2)])
    assert paging.in_order
    paging.receive([("Invoice", 3)])
    assert not paging.in_order, "rows of other labels come next"
    by_label = KeysetPaging((Key(TYPE, dropdown=True),), 1)
    by_label.receive([("Invoice",)])
    assert not by_label.in_order, "labels have no order"


@pytest.mark.parametrize(
    ("keys", "requests"),
    [
        (LABELLED[1:], 3),
        (PLAIN, 3),
        (LABELLED, 4),
        (LABEL_IN_THE_MIDDLE, 5),
        (LABEL_AFTER_TWO, 5),
        (LABELS_WITHIN_LABELS, 5),
    ],
)
def test_requests_made_for_two_full_pages(keys: Sequence[Key], requests: int) -> None:
    """The end is an empty page for each drop-down and each run of other keys."""
    rows: list[RowKey] = [(*("Invoice",) * (len(keys) - 1), n) for n in range(10)]
    paging = KeysetPaging(keys, 5)
    request: PageRequest | None = paging.first()
    made = 0
    while request is not None:
        assert (request.top, request.skip) == (5, 0)
        request = paging.receive(chosen(keys, rows, request))
        made += 1
    assert made == requests


def test_a_list_that_fits_into_a_page_takes_one_request() -> None:
    assert KeysetPaging(LABELLED, 5).first() == PageRequest(None, 5)
    assert KeysetPaging(LABELLED, 5).receive([("Invoice", 1)]) is None
    assert KeysetPaging(LABELLED, 5).receive([]) is None


def test_a_row_that_a_page_holds_twice_counts_towards_its_length() -> None:
    paging = KeysetPaging(LABELLED[1:], 3)
    assert paging.receive([(1,), (1,), (2,)]) is not None


def test_pages_as_long_as_the_shortest_full_one_are_full() -> None:
    paging = KeysetPaging(LABELLED[1:], 9)
    assert paging.page == 9
    paging.shorten(3)
    paging.shorten(5)
    assert paging.page == 3
    request = paging.receive([(1,), (2,), (3,)])
    assert request is not None
    assert request.top == 9, "the limit may fall"
    assert paging.receive([(4,), (5,), (6,), (7,)]) is not None
    assert paging.receive([(8,), (9,)]) is None


def test_going_on_asks_for_what_follows_the_last_row() -> None:
    assert KeysetPaging(LABELLED, 5).go_on() is None, "nothing to go on behind"
    table = Table([("Invoice", 1), ("Invoice", 2), ("Debit Memo", 3)])
    paging = KeysetPaging(LABELLED, 5)
    paging.receive([("Invoice", 1)])
    request = paging.go_on()
    assert request is not None
    assert request.top == 5
    assert table.fetch_keys(request).keys == [("Invoice", 2)]
    following = paging.receive([("Invoice", 2)])
    assert following is not None, "other labels are asked for again"
    assert table.fetch_keys(following).keys == [("Debit Memo", 3)]


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ([("Invoice", "A2"), ("Invoice", "A1")], "'A1' comes after 'A2'"),
        ([("Invoice", "b"), ("Invoice", "A")], "'A' comes after 'b'"),
        ([("Invoice", "b"), ("Invoice", "B")], "'B' comes after 'b'"),
        ([("Invoice", 2), ("Invoice", 1)], "1 comes after 2"),
        ([("Invoice", "1"), ("Debit Memo", "1"), ("Invoice", "2")], "'Invoice' comes back"),
        ([("Invoice", None)], "empty"),
        ([("Invoice", "")], "empty"),
        ([(None, "A1")], "empty"),
    ],
)
def test_an_order_that_could_lose_rows_is_refused(page: list[RowKey], why: str) -> None:
    with pytest.raises(OrderNotTrusted, match=why):
        KeysetPaging(LABELLED, 10).receive(page)


@pytest.mark.parametrize("last", [None, 0])
@pytest.mark.parametrize("numbers", [(2, 1), (1, 3, 2, 4), (1, 3, 4, 2), (3, 1, 2), ("1", 2, 1)])
@pytest.mark.parametrize("keys", [LABELLED, LABELLED[1:], LABEL_IN_THE_MIDDLE])
def test_an_order_is_refused_wherever_it_breaks(
    keys: Sequence[Key], numbers: Sequence[object], last: int | None
) -> None:
    """Also where the label of the rows has come before, or where there are none."""

    def rows(numbers: Sequence[object]) -> list[RowKey]:
        return [(*("Invoice",) * (len(keys) - 1), number) for number in numbers]

    paging = KeysetPaging(keys, 10)
    if last is not None:
        paging.receive(rows([last]))
    with pytest.raises(OrderNotTrusted, match="comes after"):
        paging.receive(rows(numbers))


@pytest.mark.parametrize("keys", [LABELLED, LABELLED[1:]])
@pytest.mark.parametrize("last", [None, 1])
def test_only_the_server_can_order_values_of_different_types(
    keys: Sequence[Key], last: int | None
) -> None:
    paging = KeysetPaging(keys, 2)
    label = ("Invoice",) * (len(keys) - 1)
    if last is not None:
        paging.receive([(*label, last)])
    assert paging.receive([(*label, "10"), (*label, 9)]) is not None
    assert paging.position is not None
    assert paging.position.last == (*label, 9)


@pytest.mark.parametrize("keys", [LABELLED, LABELLED[1:], LABEL_IN_THE_MIDDLE])
def test_rows_of_a_page_in_plain_order_are_not_looked_at_one_by_one(keys: Sequence[Key]) -> None:
    """Millions of rows come through here: a few calls for each would take longer than to read."""
    label = ("Invoice",) * (len(keys) - 1)
    page: list[RowKey] = [(*label, number) for number in range(2_000)]
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    paging = KeysetPaging(keys, 1_000)
    paging.receive(page[:1_000])
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        paging.receive(page[1_000:])
    finally:
        sys.setprofile(before)
    assert calls < 1_500
    assert paging.position is not None
    assert paging.position.last == page[-1]


@pytest.mark.parametrize(
    "page",
    [
        [("Invoice", "a-1"), ("Invoice", "A1")],
        [("Invoice", "A1"), ("Invoice", "A-0")],
        [("Invoice", "É"), ("Invoice", "E")],
        [("Invoice", "a"), ("Invoice", "B")],
        [("Invoice", "B"), ("Invoice", "a")],
        [("Invoice", 2.5), ("Invoice", 1.5)],
        [("Invoice", "10"), ("Invoice", 9)],
        [("Invoice", 0), ("Invoice", 1)],
    ],
)
def test_an_order_that_only_the_server_can_judge_is_accepted(page: list[RowKey]) -> None:
    assert KeysetPaging(LABELLED, 10).receive(page) is None


def test_a_server_that_ignores_the_condition_is_noticed() -> None:
    paging = KeysetPaging(LABELLED, 2)
    page: list[RowKey] = [("Invoice", "A1"), ("Invoice", "A2")]
    paging.receive(page)
    with pytest.raises(OrderNotTrusted):
        paging.receive(page)


def test_the_last_row_again_is_no_progress() -> None:
    paging = KeysetPaging(LABELLED, 1)
    paging.receive([("Invoice", "A1")])
    with pytest.raises(OrderNotTrusted, match="not unique"):
        paging.receive([("Invoice", "A1")])


def test_a_label_that_comes_back_in_a_later_page_is_noticed() -> None:
    position = Position(("Debit Memo", 1), {(): ["Invoice", "Debit Memo"]})
    with pytest.raises(OrderNotTrusted, match="Type 'Invoice' comes back"):
        KeysetPaging(LABELLED, 5, position).receive([("Invoice", 9)])


def test_a_condition_does_not_exclude_ever_more_labels() -> None:
    many: list[RowKey] = [(f"L{n}", 1) for n in range(MOST_LABELS + 1)]
    assert KeysetPaging(LABELLED, MOST_LABELS).receive(many[:-1]) is not None
    with pytest.raises(OrderNotTrusted, match=f"Type has more than {MOST_LABELS} labels"):
        KeysetPaging(LABELLED, 99).receive(many)
    assert MOST_LABELS == 40, "addresses with more would be refused by some servers"


@settings(max_examples=100, deadline=None)
@given(
    rows=st.sets(st.tuples(labels, st.integers(0, 200)), max_size=60),
    top=st.integers(2, 9),
    seed=st.integers(0, 10_000),
)
def test_rows_that_last_are_read_once(rows: set[RowKey], top: int, seed: int) -> None:
    """Whatever comes and goes between pages."""
    chance, order = random.Random(seed), server_order(LABELLED)
    there, lasting = set(rows), set(rows)
    unused: list[RowKey] = [(label, n) for label in CODES for n in range(200)]
    chance.shuffle(unused)
    paging = KeysetPaging(LABELLED, top)
    got: list[RowKey] = []
    request: PageRequest | None = paging.first()
    while request is not None:
        page = chosen(LABELLED, sorted(there, key=order), request)
        got += page
        request = paging.receive(page)
        for _ in range(chance.randrange(3)):
            if there and chance.random() < 0.5:
                gone = chance.choice(sorted(there))
                there.discard(gone)
                lasting.discard(gone)
            else:
                there.add(unused.pop())
    assert all(before != after for before, after in pairwise(got))
    assert len(got) == len(set(got))
    assert lasting <= set(got)
