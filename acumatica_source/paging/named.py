"""Asks a list for rows by their keys, a few at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from acumatica_source.paging.model import Answer, Condition, Key, RowKey, any_of, equal

P = TypeVar("P")

NAMED_AT_ONCE = 15
"""Rows that one request names, about: addresses may not grow too long."""

MOST_NAMED = 1_000
"""Characters of a condition that names rows."""


def named(
    fields: Sequence[Key],
    rows: Sequence[RowKey],
    length: Callable[[Condition], int],
    fetch: Callable[[Condition], Answer[P]],
) -> Iterator[Answer[P]]:
    """The answers that have the rows with these keys; those that do not exist are left out.

    What does not come is asked for again while anything comes: a server may limit its answers.

    Args:
        fields: The key fields.
        rows: The keys of the rows.
        length: How long a condition is when written out.
        fetch: Gets the rows that meet a condition.
    """
    left = list(rows)
    while left:
        found: set[RowKey] = set()
        for condition in _conditions(fields, left, length):
            answer = fetch(condition)
            found.update(answer.keys)
            yield answer
        rest = [row for row in left if row not in found]
        left = rest if len(rest) < len(left) else []


def _conditions(
    fields: Sequence[Key], rows: Sequence[RowKey], length: Callable[[Condition], int]
) -> Iterator[Condition]:
    terms: list[Condition] = []
    characters = 0
    for row in rows:
        term = equal(fields, row)
        own = length(term)
        if terms and (characters + own > MOST_NAMED or len(terms) == NAMED_AT_ONCE):
            yield any_of(terms)
            terms, characters = [], 0
        terms.append(term)
        characters += own
    if terms:
        yield any_of(terms)
