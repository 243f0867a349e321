"""Ranges of a list are read by several seats at once, and come in the order of the list."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acumatica_source.paging.keyset import KeysetPaging
from acumatica_source.paging.model import Answer, Key, PageRequest, Paging
from acumatica_source.paging.ranges import in_ranges, one_by_one
from tests.paging.lists import CODES, NBR, Row, Table

Step = tuple[Answer[list[Row]], PageRequest | None]


class Server:
    """Answers from a table, and notes where the ends of ranges are looked for."""

    def __init__(self, rows: Sequence[Row], page: int = 5, *, labels: bool = False) -> None:
        keys = [Key("Type", dropdown=True), Key(NBR)]
        self.table = Table(list(rows), size=page, keys=keys)
        if not labels:
            self.table.keys, self.table.key_of = keys[1:], lambda row: (row[1],)
        self.looked: list[int] = []
        self.knows_ends = True
        self.before_page: Callable[[PageRequest], Any] = lambda request: None

    def step(self, paging: Paging, request: PageRequest) -> Step:
        self.before_page(request)
        answer = self.table.fetch(request)
        return answer, paging.receive(answer.keys)

    def fetch_keys(self, request: PageRequest) -> Answer[Any] | None:
        assert request.top == 1
        self.looked.append(request.skip + 1)
        return self.table.fetch_keys(request) if self.knows_ends else None

    def read(self, seats: int = 2) -> list[Row]:
        paging = KeysetPaging(self.table.keys, self.table.size)
        answers = in_ranges(paging, paging.first(), self.step, self.fetch_keys, seats)
        return [row for answer in answers for row in answer.page]


def invoices(count: int) -> list[Row]:
    return [("Invoice", number) for number in range(count)]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.sets(st.tuples(st.sampled_from(sorted(CODES)), st.integers(0, 90)), max_size=150),
    page=st.integers(1, 5),
    seats=st.integers(2, 3),
)
def test_every_row_comes_in_the_order_of_the_list(rows: set[Row], page: int, seats: int) -> None:
    server = Server(sorted(rows), page, labels=True)
    assert server.read(seats) == server.table.ordered()


@pytest.mark.parametrize(
    ("rows", "looked"),
    [
        (9, []),  # a page tells that it is the last one
        (10, [10]),
        (20, [10, 20, 10]),
        (80, [10, 20, 40, 40, 20, 10]),
        (200, [10, 20, 40, 40, 40, 40, 40, 20, 10]),
    ],
)
def test_ranges_grow_to_eight_pages_and_shrink_at_the_end(rows: int, looked: list[int]) -> None:
    server = Server(invoices(rows))
    assert server.read() == invoices(rows)
    assert server.looked == looked


def test_where_ends_cannot_be_looked_for_pages_come_one_by_one() -> None:
    server = Server(invoices(60))
    server.knows_ends = False
    assert server.read() == invoices(60)
    assert server.looked == [10], "it is not tried again"
    assert server.table.pages == 13


def test_ranges_begin_anew_with_each_label() -> None:
    rows = [(label, number) for label in ("Credit Memo", "Invoice") for number in range(37)]
    server = Server(rows, labels=True)
    assert server.read() == server.table.ordered()
    ends = [10, 20, 10, 20, 10]
    assert server.looked == [*ends, *ends]


def test_two_seats_read_at_once() -> None:
    """Each of two ranges waits until the other is being read, too."""
    server = Server(invoices(400))
    both, met = threading.Barrier(2, timeout=20), threading.Event()

    def wait(request: PageRequest) -> None:
        if threading.current_thread().name.startswith("acumatica-range") and not met.is_set():
            both.wait()
            met.set()

    server.before_page = wait
    assert server.read() == invoices(400)
    assert met.is_set()


def test_no_more_ranges_are_begun_than_there_are_seats() -> None:
    server = Server(invoices(2_000))
    paging = KeysetPaging(server.table.keys, 5)
    answers = in_ranges(paging, paging.first(), server.step, server.fetch_keys, 2)
    with closing(answers):
        next(answers)
        assert len(server.looked) == 1, "two single pages and a range"


def test_ranges_are_not_looked_for_behind_the_first_page_already() -> None:
    """Most lists that have a second page do not have many."""
    server = Server(invoices(7))
    assert server.read() == invoices(7)
    assert server.looked == []


def test_an_error_in_a_range_comes_after_the_rows_before_it() -> None:
    server = Server(invoices(200))

    def fail(request: PageRequest) -> None:
        if server.table.pages == 4:
            raise LookupError("gone")

    server.before_page = fail
    paging = KeysetPaging(server.table.keys, 5)
    answers = in_ranges(paging, paging.first(), server.step, server.fetch_keys, 2)
    assert [next(answers).page, next(answers).page] == [invoices(5), invoices(10)[5:]]
    with pytest.raises(LookupError, match="gone"):
        list(answers)


def test_ending_early_ends_the_threads() -> None:
    server = Server(invoices(2_000))
    paging = KeysetPaging(server.table.keys, 5)
    with closing(in_ranges(paging, paging.first(), server.step, server.fetch_keys, 2)) as answers:
        for _ in range(5):
            next(answers)
    threads = [one.name for one in threading.enumerate()]
    assert not [name for name in threads if name.startswith("acumatica-range")]
    assert server.table.pages < 60


def test_one_by_one_asks_for_a_page_when_it_is_wanted() -> None:
    server = Server(invoices(23))
    paging = KeysetPaging(server.table.keys, 5)
    answers = one_by_one(paging, paging.first(), server.step)
    assert next(answers).page == invoices(5)
    assert server.table.pages == 1
    assert [row for answer in answers for row in answer.page] == invoices(23)[5:]
    assert not list(one_by_one(paging, None, server.step))
