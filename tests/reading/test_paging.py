"""Paging covers every row that lasts exactly once, whatever comes and goes between pages."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acumatica_source.contract.model import Key
from acumatica_source.reading.errors import OrderNotTrusted, PagingStuck
from acumatica_source.reading.paging import (
    KeysetPaging,
    Mark,
    OrderedPaging,
    PageRequest,
    Paging,
    SkipPaging,
)

CODES = {"Credit Memo": "CRM", "Debit Memo": "DRM", "Invoice": "INV", "Overdue Charge": "FCH"}
"""Drop-down labels and the stored codes that the server sorts by."""


class Table:
    """Rows of (label, number) as a server holds them: sorted by stored code, then number."""

    def __init__(self, rows: set[tuple[str, int]]) -> None:
        self.rows = rows

    def answer(self, request: PageRequest) -> list[Mark]:
        ordered = sorted(self.rows, key=lambda row: (CODES[row[0]], row[1]))
        if request.filter is not None:
            condition = request.filter.build().replace(" eq ", " == ").replace(" ne ", " != ")
            for word, sign in ((" gt ", " > "), (" lt ", " < "), (" le ", " <= ")):
                condition = condition.replace(word, sign)
            ordered = [
                row for row in ordered if eval(condition, {"Type": row[0], "ReferenceNbr": row[1]})
            ]
        return [*ordered[request.skip :][: request.top]]


def read(paging: Paging, table: Table, between: Callable[[], None]) -> list[Mark]:
    """Page to the end; `between` runs after every page."""
    rows: list[Mark] = []
    request: PageRequest | None = paging.first()
    while request is not None:
        marks = table.answer(request)
        received = paging.receive(marks)
        rows += marks[received.fresh_from :]
        request = received.next
        between()
    return rows


def keyset(top: int) -> KeysetPaging:
    return KeysetPaging([Key("Type", dropdown=True), Key("ReferenceNbr")], top)


def read_in_stretches(table: Table, top: int, chance: random.Random) -> list[Mark]:
    """Page to the end, leaping now and then; what was leapt over is read in any order."""
    paging = keyset(top)
    rows: list[Mark] = []
    left: list[KeysetPaging] = []
    request: PageRequest | None = paging.first()
    while request is not None:
        if paging.can_leap and chance.random() < 0.6:
            end = table.answer(PageRequest(request.filter, 1, chance.randrange(3 * top)))
            if end:
                stretch, request = paging.leap(end[0])
                left.append(stretch)
                continue
        marks = table.answer(request)
        request = paging.receive(marks).next
        rows += marks
    chance.shuffle(left)
    return rows + [row for one in left for row in read(one, table, lambda: None)]


rows_of_table = st.sets(st.tuples(st.sampled_from(sorted(CODES)), st.integers(0, 200)), max_size=60)


@pytest.mark.parametrize("make", [keyset, SkipPaging], ids=["keyset", "skip"])
@settings(max_examples=200, deadline=None)
@given(rows=rows_of_table, top=st.integers(2, 9), seed=st.integers(0, 10_000))
def test_rows_that_last_are_read_once(
    make: Callable[[int], Paging], rows: set[tuple[str, int]], top: int, seed: int
) -> None:
    table = Table(set(rows))
    chance = random.Random(seed)
    lasting = set(rows)
    unused = [(label, n) for label in sorted(CODES) for n in range(200) if (label, n) not in rows]
    chance.shuffle(unused)

    def change() -> None:
        for _ in range(chance.randrange(3)):
            if table.rows and chance.random() < 0.5:
                gone = chance.choice(sorted(table.rows))
                table.rows.discard(gone)
                lasting.discard(gone)
            else:
                table.rows.add(unused.pop())

    try:
        got = read(make(top), table, change)
    except PagingStuck:
        return  # refused aloud: nothing is lost in silence
    assert len(got) == len(set(got))
    assert lasting <= set(got)


@settings(max_examples=300, deadline=None)
@given(rows=rows_of_table, top=st.integers(2, 9), seed=st.integers(0, 10_000))
def test_rows_leapt_over_are_read_once(rows: set[tuple[str, int]], top: int, seed: int) -> None:
    got = read_in_stretches(Table(set(rows)), top, random.Random(seed))
    assert len(got) == len(set(got))
    assert set(got) == rows


@pytest.mark.parametrize(
    ("last", "end", "expected"),
    [
        (("A", 1, 1), ("A", 1, 5), "A eq 'A' and B eq 1 and C gt 1 and C le 5"),
        (
            ("A", 1, 1),
            ("A", 2, 5),
            "A eq 'A' and (B gt 1 or B eq 1 and C gt 1) and (B lt 2 or B eq 2 and C le 5)",
        ),
    ],
    ids=["last key differs", "two keys differ"],
)
def test_a_stretch_asks_for_what_lies_between(last: Mark, end: Mark, expected: str) -> None:
    paging = KeysetPaging([Key("A"), Key("B"), Key("C")], 1)
    paging.receive([last])
    stretch, after = paging.leap(end)
    condition = stretch.first().filter
    assert condition is not None
    rows = [(a, b, c) for a in "AB" for b in range(4) for c in range(7)]
    python = {" eq ": " == ", " gt ": " > ", " lt ": " < ", " le ": " <= "}
    found = condition.build()
    for word, sign in python.items():
        found, expected = found.replace(word, sign), expected.replace(word, sign)
    chosen = [row for row in rows if eval(found, dict(zip("ABC", row, strict=True)))]
    assert chosen == [row for row in rows if eval(expected, dict(zip("ABC", row, strict=True)))]
    assert chosen == [row for row in rows if last < row <= end]
    assert after.filter is not None


@pytest.mark.parametrize(
    ("make", "requests"), [(keyset, 4), (SkipPaging, 3)], ids=["keyset", "skip"]
)
def test_requests_made_for_two_full_pages(make: Callable[[int], Paging], requests: int) -> None:
    table = Table({("Invoice", n) for n in range(10)})
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    assert len(read(make(5), table, count)) == 10
    assert counted == requests


@pytest.mark.parametrize(
    "page",
    [
        [("Invoice", "A2"), ("Invoice", "A1")],
        [("Invoice", "A1"), ("Invoice", "A1")],
        [("Invoice", "A1"), ("Debit Memo", "A1"), ("Invoice", "A2")],
        [("Invoice", None)],
    ],
    ids=["descending", "repeated", "label comes back", "empty key"],
)
def test_an_order_that_could_lose_rows_is_refused(page: list[Mark]) -> None:
    with pytest.raises(OrderNotTrusted):
        keyset(10).receive(page)


def test_a_server_that_ignores_the_filter_is_noticed() -> None:
    paging = keyset(2)
    page: list[Mark] = [("Invoice", "A1"), ("Invoice", "A2")]
    paging.receive(page)
    with pytest.raises(OrderNotTrusted):
        paging.receive(page)


@pytest.mark.parametrize(
    "page", [[("Invoice", "a-1"), ("Invoice", "A1")], [("Invoice", "É"), ("Invoice", "E")]]
)
def test_an_order_that_only_the_server_can_judge_is_accepted(page: list[Mark]) -> None:
    assert keyset(10).receive(page).fresh_from == 0


@given(st.integers(0, 60), st.integers(2, 9), st.sampled_from(["kept", "ignored", "reversed"]))
def test_an_order_that_was_asked_for_is_used_or_given_up(count: int, top: int, order: str) -> None:
    """By key where the server does as it is told, by offset where the second page shows it not."""
    rows: list[Mark] = [(f"{number:03}",) for number in range(count)]

    def answer(request: PageRequest) -> list[Mark]:
        found = rows if order != "reversed" else rows[::-1]
        if request.filter is not None and order != "ignored":
            last = request.filter.build().split("'")[1]
            found = [row for row in found if str(row[0]) > last]
        return found[request.skip :][: request.top]

    paging = OrderedPaging([Key("Nbr")], top)
    read_rows: list[Mark] = []
    by_key = 0
    request: PageRequest | None = paging.first()
    while request is not None:
        by_key += request.filter is not None
        marks = answer(request)
        received = paging.receive(marks)
        read_rows += marks[received.fresh_from :]
        request = received.next
    assert sorted(read_rows) == rows
    assert by_key <= 1 or order == "kept"


def test_a_filter_that_is_refused_leaves_the_offsets() -> None:
    paging = OrderedPaging([Key("Nbr")], 2)
    paging.receive([("A",), ("B",)])
    assert paging.can_turn
    assert paging.turn() == PageRequest(None, 2, 1)
    assert not paging.can_turn
    received = paging.receive([("B",), ("C",)])
    assert (received.fresh_from, received.next) == (1, PageRequest(None, 2, 2))


def test_an_unstable_order_ends_in_an_error_not_in_silence() -> None:
    chance = random.Random(7)
    rows: list[Mark] = [("Invoice", n) for n in range(100)]
    paging = SkipPaging(10)
    paging.first()

    def read_on() -> None:
        for _ in range(1000):
            paging.receive(chance.sample(rows, 10))

    with pytest.raises(PagingStuck):
        read_on()
