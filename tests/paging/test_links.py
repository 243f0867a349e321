"""Next links are followed as far as they lead to rows that were asked for."""

from collections.abc import Sequence

import pytest

from acumatica_source.paging.errors import Incomplete
from acumatica_source.paging.links import MOST_BLANK, Linked, follow


def answers(rows: Sequence[int], top: int | None) -> list[int]:
    """The rows of the answers that are yielded, of a chain of answers with so many rows each."""
    chain = [
        Linked(page=n, rows=count, next_link=str(n + 1) if n + 1 < len(rows) else None)
        for n, count in enumerate(rows)
    ]
    found = list(follow(chain[0], lambda link: chain[int(link)], top))
    assert [one.page for one in found] == list(range(len(found)))
    return [one.rows for one in found]


def test_links_are_followed_to_the_last() -> None:
    assert answers([5, 5, 3], None) == [5, 5, 3]
    assert answers([5], None) == [5]


@pytest.mark.parametrize(
    ("top", "expected"),
    [(4, [5]), (5, [5]), (6, [5, 5]), (10, [5, 5]), (11, [5, 5, 3]), (99, [5, 5, 3])],
)
def test_links_behind_the_rows_asked_for_are_not(top: int, expected: list[int]) -> None:
    assert answers([5, 5, 3], top) == expected


def test_an_empty_link_leads_nowhere() -> None:
    assert len(list(follow(Linked("page", 3, ""), lambda link: pytest.fail(link), None))) == 1


def test_some_answers_may_be_blank() -> None:
    rows = [1, *([0] * MOST_BLANK), 1, *([0] * MOST_BLANK), 1]
    assert answers(rows, None) == rows
    assert answers([0] * (MOST_BLANK + 1), None) == [0] * (MOST_BLANK + 1)


@pytest.mark.parametrize("rows", [[0] * (MOST_BLANK + 2), [3, *([0] * (MOST_BLANK + 2))]])
def test_blank_answers_without_end_are_refused(rows: list[int]) -> None:
    with pytest.raises(Incomplete, match="round in a circle"):
        answers(rows, None)
    assert MOST_BLANK == 25


def test_links_that_lead_round_in_a_circle_are_refused() -> None:
    chain = {"b": Linked("b", 1, "c"), "c": Linked("c", 1, "b")}
    found = follow(Linked("a", 1, "b"), chain.__getitem__, None)
    assert [next(found).page for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(Incomplete, match="round in a circle"):
        next(found)
