"""Follows next links: a server that cuts an answer short may say where it continues."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from acumatica_source.paging.errors import Incomplete

P = TypeVar("P")

MOST_BLANK = 25
"""Answers without rows in a row that may say that they continue."""


@dataclass(frozen=True, slots=True)
class Linked(Generic[P]):
    """One answer of several that belong together."""

    page: P
    rows: int
    next_link: str | None


def follow(
    first: Linked[P], fetch: Callable[[str], Linked[P]], top: int | None
) -> Iterator[Linked[P]]:
    """The first answer and those that its next links lead to.

    Args:
        first: The answer to a request.
        fetch: Gets the answer behind a link.
        top: Rows that were asked for; None for all. A link behind as many rows leads to rows that
            were not asked for.

    Raises:
        Incomplete: the links lead round in a circle.
    """
    answer, received, blank = first, first.rows, 0
    seen: set[str] = set()
    yield answer
    while answer.next_link and (top is None or received < top):
        blank = 0 if answer.rows else blank + 1
        if answer.next_link in seen or blank > MOST_BLANK:
            raise Incomplete("Its next links lead round in a circle.")
        seen.add(answer.next_link)
        answer = fetch(answer.next_link)
        received += answer.rows
        yield answer
