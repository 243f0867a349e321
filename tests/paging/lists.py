"""A list as servers hold it, for tests: with their orders, limits and slips."""

import operator
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from acumatica_source.paging.errors import ConditionRefused
from acumatica_source.paging.model import (
    AllOf,
    Answer,
    AnyOf,
    Comparison,
    Condition,
    Key,
    PageRequest,
    RowKey,
)

CODES = {"Credit Memo": "CRM", "Debit Memo": "DRM", "Invoice": "INV", "Overdue Charge": "FCH"}
"""Drop-down labels and the stored codes that the server sorts by."""

TYPE, NBR = "Type", "ReferenceNbr"
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "lt": operator.lt,
    "le": operator.le,
}
Row = tuple[str, int]


def meets(condition: Condition | None, values: Mapping[str, object]) -> bool:
    """Whether a row with these key values meets a condition."""
    match condition:
        case None:
            return True
        case AllOf(parts):
            return all(meets(one, values) for one in parts)
        case AnyOf(parts):
            return any(meets(one, values) for one in parts)
        case Comparison(name, sign, value):
            assert not (name == TYPE and sign in ("gt", "lt", "le")), "labels have no order"
            return bool(SIGNS[sign](values[name], value))


def with_names(keys: Sequence[Key], row: RowKey) -> dict[str, object]:
    """The values of a row's key by the names of their fields."""
    return {key.name: value for key, value in zip(keys, row, strict=True)}


@dataclass
class Table:
    """Rows of (label, number); the walker's view of them."""

    rows: list[Row]
    order: str = "key"
    """`key`, `foreign` (stable, but not the key's) or `unstable`."""
    cap: int | None = None
    """Rows of a page that the server gives at most."""
    light_cap: int | None = None
    takes_skip: bool = True
    takes_conditions: bool = True
    takes_keys: bool = True
    """Whether keys can be asked for under a condition."""
    between: Callable[[], None] = lambda: None
    """Runs after every request."""
    slips: dict[int, Callable[[list[Row]], list[Row]]] = field(default_factory=dict)
    """What happens to the answer of a request, by its number."""
    has_ids: bool = True
    session_ids: float = 0.0
    """Share of the rows that have another id in every answer."""
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    size: int = 5
    light_size: int = 15
    named_at_once: int = 4
    seats: int = 1
    keys: Sequence[Key] = (Key(TYPE, dropdown=True), Key(NBR))
    key_of: Callable[[Row], RowKey] = tuple
    name: str = "Invoice"
    gives_next_links: bool = False
    pages: int = 0
    keys_fetched: int = 0

    def ordered(self) -> list[Row]:
        """All rows as they are listed now."""
        if self.order == "unstable":
            return self.chance.sample(self.rows, len(self.rows))
        if self.order == "foreign":
            return sorted(self.rows, key=lambda row: crc32(repr(row).encode()))
        return sorted(self.rows, key=lambda row: (CODES[row[0]], row[1]))

    def _window(self, request: PageRequest, cap: int | None) -> list[Row]:
        if request.condition is not None and not self.takes_conditions:
            raise ConditionRefused("The given key was not present in the dictionary.")
        rows = [
            row
            for row in self.ordered()
            if meets(request.condition, with_names(self.keys, self.key_of(row)))
        ]
        rows = rows[request.skip if self.takes_skip else 0 :][: request.top]
        return rows[:cap]

    def _answer(self, rows: list[Row], page: list[Row] | None) -> Answer[list[Row]]:
        ids = [self._id(row) for row in rows] if self.has_ids else None
        return Answer(rows if page is None else page, [self.key_of(row) for row in rows], ids)

    def _id(self, row: Row) -> str:
        if random.Random(repr(row)).random() < self.session_ids:
            return f"{row}{self.chance.random()}"
        return str(row)

    def fetch(self, request: PageRequest) -> Answer[list[Row]]:
        rows = self._window(request, self.cap)
        slip = self.slips.get(self.pages)
        self.pages += 1
        rows = rows if slip is None else slip(rows)
        self.between()
        return self._answer(rows, None)

    def fetch_keys(self, request: PageRequest) -> Answer[list[Row]]:
        self.keys_fetched += 1
        if request.condition is not None and not self.takes_keys:
            raise ConditionRefused("The given key was not present in the dictionary.")
        rows = self._window(request, self.light_cap)
        self.between()
        return self._answer(rows, [])

    def named(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> Iterator[Answer[list[Row]]]:
        for start in range(0, len(keys), self.named_at_once):
            wanted = keys[start : start + self.named_at_once]
            self.pages += 1
            found = [row for row in self.rows if self.key_of(row) in wanted]
            yield self._answer(found, None)

    def pick(self, page: list[Row], places: Sequence[int]) -> list[Row]:
        return [page[at] for at in places]
