"""Rows are asked for by name, as many at once as an address can name."""

from collections.abc import Sequence

import pytest

from acumatica_source.paging.model import AllOf, Answer, AnyOf, Comparison, Condition, Key, RowKey
from acumatica_source.paging.named import MOST_NAMED, NAMED_AT_ONCE, named
from tests.paging.lists import meets, with_names

KEYS = (Key("Type", dropdown=True), Key("Nbr"))


class Server:
    """Holds rows and notes what it is asked for."""

    def __init__(self, rows: Sequence[RowKey], cap: int = 99) -> None:
        self.rows = rows
        self.cap = cap
        self.asked: list[list[RowKey]] = []

    def fetch(self, condition: Condition) -> Answer[str]:
        met = [row for row in self.rows if meets(condition, with_names(KEYS, row))]
        self.asked.append(met)
        return Answer("page", met[: self.cap])


def rows(count: int) -> list[RowKey]:
    return [("A", number) for number in range(count)]


def read(server: Server, wanted: Sequence[RowKey], length: int = 10) -> list[RowKey]:
    answers = named(KEYS, wanted, lambda condition: length, server.fetch)
    return [key for answer in answers for key in answer.keys]


@pytest.mark.parametrize(
    ("count", "requests"), [(0, []), (1, [1]), (15, [15]), (16, [15, 1]), (40, [15, 15, 10])]
)
def test_fifteen_rows_at_once(count: int, requests: list[int]) -> None:
    server = Server(rows(60))
    assert read(server, rows(count)) == rows(count)
    assert [len(met) for met in server.asked] == requests
    assert NAMED_AT_ONCE == 15


@pytest.mark.parametrize(
    ("length", "at_once"), [(100, 10), (101, 9), (143, 6), (250, 4), (501, 1), (5_000, 1), (1, 15)]
)
def test_a_condition_has_a_thousand_characters_at_most(length: int, at_once: int) -> None:
    server = Server(rows(60))
    assert read(server, rows(40), length) == rows(40)
    assert {len(met) for met in server.asked[:-1]} == {at_once}
    assert MOST_NAMED == 1_000


def test_a_row_is_named_by_all_of_its_keys() -> None:
    asked: list[Condition] = []

    def fetch(condition: Condition) -> Answer[str]:
        asked.append(condition)
        return Answer("page", [("A", 1), ("B", 2)])

    list(named(KEYS, [("A", 1), ("B", 2)], lambda condition: 1, fetch))
    first = AllOf((Comparison("Type", "eq", "A"), Comparison("Nbr", "eq", 1)))
    second = AllOf((Comparison("Type", "eq", "B"), Comparison("Nbr", "eq", 2)))
    assert asked == [AnyOf((first, second))]


def test_rows_that_do_not_exist_are_left_out() -> None:
    """What does not come is asked for once more, while anything comes."""
    server = Server(rows(4))
    assert read(server, rows(6)) == rows(4)
    assert [len(met) for met in server.asked] == [4, 0]
    server = Server([])
    assert read(server, rows(300)) == []
    assert len(server.asked) == 20


def test_a_limit_of_the_server_loses_nothing() -> None:
    server = Server(rows(20), cap=4)
    assert sorted(read(server, rows(20)), key=repr) == sorted(rows(20), key=repr)


def test_single_rows_are_named_without_an_or() -> None:
    asked: list[Condition] = []

    def fetch(condition: Condition) -> Answer[str]:
        asked.append(condition)
        return Answer("page", [])

    list(named(KEYS[1:], [(1,)], lambda condition: 1, fetch))
    assert asked == [Comparison("Nbr", "eq", 1)]
