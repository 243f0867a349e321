"""What paging speaks of: keys, conditions on them, requests for rows, and answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

RowKey: TypeAlias = tuple[object, ...]
"""What identifies a row: the values of its key fields, or its id alone."""

Operator: TypeAlias = Literal["eq", "ne", "gt", "lt", "le"]

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Key:
    """One key field of a list, in the order in which they address a row."""

    name: str
    dropdown: bool = False
    """Values are labels of a drop-down: compare by equality only, never by order."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A key field compared with a value."""

    field: str
    operator: Operator
    value: object


@dataclass(frozen=True, slots=True)
class AllOf:
    """True where every part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where a part is."""

    parts: tuple["Condition", ...]


Condition: TypeAlias = Comparison | AllOf | AnyOf


def all_of(parts: Sequence[Condition]) -> Condition:
    """The parts joined by "and"; a single one stays as it is."""
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def any_of(parts: Sequence[Condition]) -> Condition:
    """The parts joined by "or"; a single one stays as it is."""
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def equal(keys: Sequence[Key], row: RowKey) -> Condition:
    """The condition that a row has these key values."""
    return all_of([Comparison(k.name, "eq", value) for k, value in zip(keys, row, strict=True)])


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What to ask a list for: a condition, and a window of rows."""

    condition: Condition | None
    """None for the whole list."""
    top: int | None
    """Rows at most; None for all."""
    skip: int = 0
    """Rows to pass over first."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[P]):
    """A page and what its rows are identified by, in the order in which the server sent them."""

    page: P
    keys: Sequence[RowKey]
    ids: Sequence[str] | None = None
    """An identity of each row beside its key, if the list shows one. It may be new in every session
    (Integration Development Guide: Retrieve a Record by ID), so it never replaces a key."""


class Paging(Protocol):
    """A strategy: given the keys of each page, it says what to ask for next."""

    def first(self) -> PageRequest:
        """The first request."""

    def receive(self, keys: Sequence[RowKey]) -> PageRequest | None:
        """Take the keys of the page that answered the last request; None at the end."""

    def shorten(self, rows: int) -> None:
        """Take pages of so many rows for full ones: the server gives no more, or not always."""

    def go_on(self) -> PageRequest | None:
        """What to ask for behind the last page after all; None if this strategy cannot tell."""
