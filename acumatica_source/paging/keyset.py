"""By the list's keys: the rows after the last key seen, which nothing elsewhere can shift.

A plain key advances with `gt`. A drop-down shows labels but sorts by stored codes, so it never
does: its rows are paged through label by label, and what follows a label are the rows that have
none of the labels seen so far. Keys are taken as the server sent them and are never sorted again,
because the order is that of the database's collation, not Python's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from operator import lt

from acumatica_source.paging.errors import OrderNotTrusted
from acumatica_source.paging.model import (
    Comparison,
    Condition,
    Key,
    PageRequest,
    RowKey,
    all_of,
    any_of,
)

MOST_LABELS = 40
"""Labels of one drop-down that a filter may exclude before it grows too long."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a list has been read by its keys: enough to go on behind it another day."""

    last: RowKey
    """The key of the last row."""
    labels: Mapping[RowKey, Sequence[object]] = field(default_factory=dict)
    """The labels that have come, of each drop-down, by the values of the keys before it."""


class KeysetPaging:
    """Pages by keys.

    Args:
        keys: The key fields, in the order of the list.
        top: Rows to ask for.
        after: Where to begin; None for the first row.
        until: The key of the last row, which differs from `after` only in keys that advance by
            order; None for all that there are.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        top: int,
        after: Position | None = None,
        until: RowKey | None = None,
    ) -> None:
        self._keys = tuple(keys)
        self._top = top
        self._full = top
        self._last = None if after is None else after.last
        self._end = until
        self._labels = {} if after is None else {k: list(v) for k, v in after.labels.items()}
        self._branches = _branches(self._keys)
        self._branch = 0 if self._last is not None else len(self._branches) - 1

    def first(self) -> PageRequest:
        """Ask for the first rows."""
        return PageRequest(None if self._last is None else self._after(self._last), self._top)

    def shorten(self, rows: int) -> None:
        """Take pages of so many rows for full ones."""
        self._full = min(self._full, rows)

    def go_on(self) -> PageRequest | None:
        """Ask once more for the rows after the last one."""
        if self._last is None:
            return None
        self._branch = 0
        return PageRequest(self._after(self._last), self._top)

    def pass_over(self, rows: Sequence[RowKey]) -> None:
        """Take rows for read that have come in the order of their keys.

        Raises:
            OrderNotTrusted: a drop-down has too many labels to be paged through.
        """
        for row in rows if any(key.dropdown for key in self._keys) else ():
            self._remember_labels(row)
        self._last = rows[-1] if rows else self._last

    @property
    def position(self) -> Position | None:
        """How far the list has been read; None before its first row."""
        return None if self._last is None else Position(self._last, self._labels)

    @property
    def scope(self) -> Condition | None:
        """The condition that all rows meet which are still to come; None for the whole list."""
        last = self._last
        if last is None:
            return None
        places = [place for branch in self._branches for place in branch]
        return any_of([self._first_different(place, last) for place in places])

    @property
    def page(self) -> int:
        """Rows that a full page has."""
        return self._full

    @property
    def in_order(self) -> bool:
        """Whether the next rows differ from the last one in keys that advance by order."""
        ordered = not self._keys[self._branches[0][0]].dropdown
        return ordered and self._branch == 0 and self._last is not None

    def split(self, end: RowKey) -> tuple["KeysetPaging", PageRequest]:
        """Go on behind the row with the key `end`, which is among the next rows.

        Returns:
            The paging of the range up to that row, and what to ask for next behind it. A range is
            complete whatever happens elsewhere, so it can be read at any time.

        Raises:
            OrderNotTrusted: that row does not follow the last one.
        """
        assert self._last is not None
        self._check_advance(self._last, end)
        part = KeysetPaging(self._keys, self._top, Position(self._last, self._labels), end)
        part.shorten(self._full)
        self._last = end
        return part, PageRequest(self._after(end), self._top)

    def receive(self, keys: Sequence[RowKey]) -> PageRequest | None:
        """Check that the page advances in key order and ask for what follows it.

        Raises:
            OrderNotTrusted: the page is not in the order of a unique, non-null key.
        """
        values = set(chain.from_iterable(keys))
        if None in values or "" in values:
            raise OrderNotTrusted("A key value is empty.")
        before = [] if self._last is None else [self._last]
        rows = keys
        if not self._plainly_advances([*before, *keys]):
            rows = list(
                dict.fromkeys(keys)
            )  # the same row twice in a page says nothing about order
            for one, other in pairwise([*before, *rows]):
                self._check_advance(one, other)
            for row in rows:
                self._remember_labels(row)
        if rows:
            self._last = rows[-1]
        if self._end is not None:
            over = self._last == self._end or not rows
        else:
            self._branch = 0 if len(keys) >= self._full else self._branch + 1
            over = self._branch == len(self._branches)
        if self._last is None or over:
            return None
        return PageRequest(self._after(self._last), self._top)

    def _plainly_advances(self, rows: Sequence[RowKey]) -> bool:
        """Whether all rows have labels that have come, and ascend in Python's order too.

        Most pages do, and this takes a fraction of the time of looking at each value.
        """
        if not rows or any(
            rows[0][place] not in self._labels.get(rows[0][:place], ())
            or any(row[: place + 1] != rows[0][: place + 1] for row in rows)
            for place, key in enumerate(self._keys)
            if key.dropdown
        ):
            return False
        try:
            return all(map(lt, rows, islice(rows, 1, None)))
        except TypeError:
            return False

    def _check_advance(self, before: RowKey, after: RowKey) -> None:
        for place, key in enumerate(self._keys):
            if before[place] == after[place]:
                continue
            if key.dropdown:
                if after[place] in self._labels.get(after[:place], ()):
                    raise OrderNotTrusted(f"{key.name} {after[place]!r} comes back later on.")
                self._remember_labels(before)
            elif not _may_follow(before[place], after[place]):
                raise OrderNotTrusted(f"{key.name} {after[place]!r} comes after {before[place]!r}.")
            return
        raise OrderNotTrusted(f"The key {after!r} is not unique.")

    def _remember_labels(self, row: RowKey) -> None:
        for place, key in enumerate(self._keys):
            if key.dropdown:
                seen = self._labels.setdefault(row[:place], [])
                if row[place] not in seen:
                    seen.append(row[place])
                if len(seen) > MOST_LABELS:
                    raise OrderNotTrusted(f"{key.name} has more than {MOST_LABELS} labels.")

    def _after(self, last: RowKey) -> Condition:
        """Rows after the last one whose first different key is one of the current branch."""
        if self._end is not None:
            return self._between(last, self._end)
        return any_of([self._first_different(at, last) for at in self._branches[self._branch]])

    def _first_different(self, place: int, last: RowKey) -> Condition:
        same = list(self._same(range(place), last))
        name = self._keys[place].name
        if self._keys[place].dropdown:
            labels = self._labels[last[:place]]
            return all_of([*same, *(Comparison(name, "ne", label) for label in labels)])
        return all_of([*same, Comparison(name, "gt", last[place])])

    def _between(self, last: RowKey, end: RowKey) -> Condition:
        """Rows after `last` and up to `end`, which have the same labels."""
        place = next(at for at, value in enumerate(last) if value != end[at])
        ends = len(self._keys) - 1
        after, until = [], []
        for at in range(place, len(self._keys)):
            name = self._keys[at].name
            same = range(place, at)
            after.append(all_of([*self._same(same, last), Comparison(name, "gt", last[at])]))
            bound = Comparison(name, "le" if at == ends else "lt", end[at])
            until.append(all_of([*self._same(same, end), bound]))
        return all_of([*self._same(range(place), last), any_of(after), any_of(until)])

    def _same(self, places: range, row: RowKey) -> Iterator[Condition]:
        for place in places:
            yield Comparison(self._keys[place].name, "eq", row[place])


def advanced(
    keys: Sequence[Key], before: Position | None, rows: Sequence[RowKey]
) -> Position | None:
    """How far a list has been read with further rows of it, which came in the order of their keys.

    Args:
        keys: The key fields, in the order of the list.
        before: How far it had been read; None if these are its first rows.
        rows: The keys of the rows.

    Returns:
        The position; None if nothing can go on behind it.
    """
    paging = KeysetPaging(keys, 1, before)
    try:
        paging.pass_over(rows)
    except OrderNotTrusted:
        return None
    return paging.position


def _branches(keys: Sequence[Key]) -> list[list[int]]:
    """The places of the keys, last first; neighbours that advance by order go together."""
    branches: list[list[int]] = []
    for place in reversed(range(len(keys))):
        ordered = not keys[place].dropdown
        if ordered and branches and not keys[branches[-1][-1]].dropdown:
            branches[-1].append(place)
        else:
            branches.append([place])
    return branches


def _may_follow(before: object, after: object) -> bool:
    """Whether `after` can sort behind `before` in some collation.

    Only plain ASCII letters and digits compare alike everywhere (but for case); anything else is
    the server's business.
    """
    if isinstance(before, str) and isinstance(after, str):
        if not (_is_plain(before) and _is_plain(after)):
            return True
        return before < after or before.casefold() < after.casefold()
    if isinstance(before, int) and isinstance(after, int):
        return before < after
    return True


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isalnum()
