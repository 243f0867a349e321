"""Paging as pure state machines: no I/O, only what to ask for next and which rows are new.

The contract REST API has neither `$orderby`, nor a count, nor a next link (Integration Development
Guide: Retrieval of Records by Conditions), so completeness has to be earned:

* `KeysetPaging` asks for the rows whose key is greater than the last one seen. Rows that come or
  go elsewhere cannot shift its pages. It needs the keys, and a filter on them.
* `SkipPaging` asks by offset, but every page overlaps the one before. The overlap proves that no
  row slipped through; where it does not hold, the machine steps back until it does.
* `OrderedPaging` is for interfaces that can be told the order, as OData can: by key, or else by
  offset.
* `WholeRead` asks once for everything: slow, but it presumes no order at all.

All speak in *marks*: a mark is what identifies a row, the tuple of its key values (or of its `id`
where keys are unknown). Marks come from the page as the server sent it; they are never re-sorted,
because the order is that of the database's collation, not Python's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice, pairwise
from operator import and_, or_
from typing import Protocol, TypeAlias

from acumatica_source.client.query import F, Filter
from acumatica_source.contract.model import Key
from acumatica_source.reading.errors import OrderNotTrusted, PagingStuck

Mark: TypeAlias = tuple[object, ...]
"""What identifies a row: its key values, or its `id`."""

MOST_LABELS = 40
"""Labels of one drop-down that a filter may exclude before it grows too long."""

MOST_STEPS_BACK = 25
"""Requests in a row that may bring nothing new before paging counts as stuck."""

ROWS_REMEMBERED = 10_000
"""Rows, and at least four pages, that are known again when insertions move them into view."""

MOST_SHIFTS = 8
"""Pages in a row whose overlap is not where it should be before the order counts as unstable."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One list request: a filter of the paging's own, and a window of rows."""

    filter: Filter | None
    top: int | None
    """Rows at most; None for all."""
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """What a page means: its rows from `fresh_from` on are new, and what to ask for next."""

    fresh_from: int
    next: PageRequest | None


class Paging(Protocol):
    """A paging strategy: give it each page's marks, it says what to ask for next."""

    def first(self) -> PageRequest:
        """The first request."""

    def receive(self, marks: Sequence[Mark]) -> Received:
        """Take the marks of the page that answered the last request."""


class WholeRead:
    """Everything in one answer."""

    def first(self) -> PageRequest:
        """Ask without a window."""
        return PageRequest(None, None)

    def receive(self, marks: Sequence[Mark]) -> Received:
        """All rows are new, and there is no further page."""
        return Received(0, None)


class KeysetPaging:
    """Pages by the entity's keys: the rows after the last key seen.

    A plain key advances with `gt`. A drop-down shows labels but sorts by stored codes, so it never
    does: its rows are paged through label by label, and what follows a label are the rows that
    have none of the labels seen so far.
    """

    def __init__(self, keys: Sequence[Key], top: int) -> None:
        self._keys = tuple(keys)
        self._top = top
        self._last: Mark | None = None
        self._end: Mark | None = None
        self._labels: dict[Mark, list[object]] = {}
        self._branches = _branches(self._keys)
        self._branch = len(self._branches) - 1

    def first(self) -> PageRequest:
        """Ask for the first rows: without a condition, unless this is a stretch."""
        return PageRequest(None if self._last is None else self._after(self._last), self._top)

    def limit(self, rows: int) -> None:
        """Ask for pages of so many rows: the server gives no more, whatever is asked for."""
        self._top = rows

    @property
    def can_leap(self) -> bool:
        """Whether the next rows differ from the last one in keys that advance by order."""
        ordered = not self._keys[self._branches[0][0]].dropdown
        return ordered and self._branch == 0 and self._last is not None

    def leap(self, end: Mark) -> tuple["KeysetPaging", PageRequest]:
        """Go on behind the row with the mark `end`, which is among the next rows.

        Returns:
            The paging of the stretch up to that row, and what to ask for next behind it. A stretch
            is complete whatever happens elsewhere, so it can be read at any time.

        Raises:
            OrderNotTrusted: that row does not follow the last one.
        """
        assert self._last is not None
        self._check_advance(self._last, end)
        stretch = KeysetPaging(self._keys, self._top)
        stretch._last, stretch._end = self._last, end
        stretch._branches, stretch._branch = self._branches[:1], 0
        self._last = end
        return stretch, PageRequest(self._after(end), self._top)

    def receive(self, marks: Sequence[Mark]) -> Received:
        """Check that the page advances in key order and ask for what follows it.

        Raises:
            OrderNotTrusted: the page is not in the order of a unique, non-null key.
        """
        walked = marks if self._last is None else [self._last, *marks]
        if any(value is None or value == "" for mark in marks for value in mark):
            raise OrderNotTrusted("A key value is empty.")
        for before, after in pairwise(walked):
            self._check_advance(before, after)
        for mark in marks:
            self._remember_labels(mark)
        if marks:
            self._last = marks[-1]
        self._branch = 0 if len(marks) >= self._top else self._branch + 1
        over = self._branch == len(self._branches) or self._last == self._end
        if self._last is None or over:
            return Received(0, None)
        return Received(0, PageRequest(self._after(self._last), self._top))

    def _check_advance(self, before: Mark, after: Mark) -> None:
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

    def _remember_labels(self, mark: Mark) -> None:
        for place, key in enumerate(self._keys):
            if key.dropdown:
                seen = self._labels.setdefault(mark[:place], [])
                if mark[place] not in seen:
                    seen.append(mark[place])
                if len(seen) > MOST_LABELS:
                    raise OrderNotTrusted(f"{key.name} has more than {MOST_LABELS} labels.")

    def _after(self, last: Mark) -> Filter:
        """Rows after the last mark whose first different key is one of the current branch."""
        if self._end is not None:
            return self._between(last, self._end)
        ways = [self._first_different(place, last) for place in self._branches[self._branch]]
        return reduce(or_, ways)

    def _first_different(self, place: int, last: Mark) -> Filter:
        same = [F[key.name] == value for key, value in zip(self._keys[:place], last, strict=False)]
        field = F[self._keys[place].name]
        if self._keys[place].dropdown:
            return reduce(and_, [*same, *(field != label for label in self._labels[last[:place]])])
        return reduce(and_, [*same, field > last[place]])

    def _between(self, last: Mark, end: Mark) -> Filter:
        """Rows after `last` and up to `end`, which have the same labels."""
        place = next(at for at, value in enumerate(last) if value != end[at])
        fields = [F[key.name] for key in self._keys]
        ends = len(fields) - 1
        after, until = [], []
        for at in range(place, len(fields)):
            same = range(place, at)
            after.append(
                reduce(and_, [*(fields[i] == last[i] for i in same), fields[at] > last[at]])
            )
            bound = fields[at] <= end[at] if at == ends else fields[at] < end[at]
            until.append(reduce(and_, [*(fields[i] == end[i] for i in same), bound]))
        common = [fields[i] == last[i] for i in range(place)]
        return reduce(and_, [*common, reduce(or_, after), reduce(or_, until)])


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


class SkipPaging:
    """Pages by offset, each overlapping the one before by its last row.

    Where the overlap is found, no row before it came or went unnoticed. Where rows were inserted
    before it, it is found further down; where rows were deleted, it is looked for further up.
    """

    def __init__(self, top: int) -> None:
        if top < 2:
            raise ValueError("SkipPaging needs pages of at least 2 rows")
        self._top = top
        self._memory = max(ROWS_REMEMBERED, 4 * top)
        self._skip = 0
        self._known: dict[Mark, int] = {}
        """The latest rows in the order they came in, numbered."""
        self._count = 0
        self._begun = 0
        self._idle = 0
        self._last: Mark | None = None
        self._shifts = 0

    def first(self) -> PageRequest:
        """Ask for the first rows."""
        return PageRequest(None, self._top)

    def limit(self, rows: int) -> None:
        """Ask for pages of so many rows: the server gives no more, whatever is asked for.

        Raises:
            PagingStuck: these are too few for pages to overlap.
        """
        if rows < 2:
            raise PagingStuck("The server gives one row at a time.")
        self._top = rows

    def receive(self, marks: Sequence[Mark]) -> Received:
        """Find the overlap and ask for what follows it, or step back to look for it.

        Raises:
            PagingStuck: the overlap stays lost, or pages bring nothing new again and again.
        """
        if len(set(marks)) != len(marks):
            raise PagingStuck("A page holds the same row twice.")
        overlap = max((i for i, mark in enumerate(marks) if mark in self._known), default=None)
        if overlap is None and (self._skip > 0 or self._begun > 1):
            return Received(len(marks), self._step_back())
        fresh_from = 0 if overlap is None else overlap + 1
        if overlap is not None:
            self._check_order(marks[:fresh_from])
        self._count_shift(marks)
        if fresh_from < len(marks):
            self._idle = 0
            self._begun += 1
            self._remember(marks)
        elif len(marks) == self._top:
            self._count_idle()
        if len(marks) < self._top:
            return Received(fresh_from, None)
        self._skip += len(marks) - 1
        return Received(fresh_from, PageRequest(None, self._top, self._skip))

    def _remember(self, marks: Sequence[Mark]) -> None:
        for mark in marks:
            self._known.pop(mark, None)
            self._known[mark] = self._count
            self._count += 1
        for mark in list(islice(self._known, max(0, len(self._known) - self._memory))):
            del self._known[mark]

    def _check_order(self, overlap: Sequence[Mark]) -> None:
        """Rows seen before come in the order they came in, up to the last one or from the first.

        Rows that come or go between two requests do not change that.
        """
        places = [self._known[mark] for mark in overlap if mark in self._known]
        joined = overlap[-1] == self._last or overlap[0] in self._known
        if not joined or places != sorted(places):
            raise PagingStuck("Known rows come in another order; the server's is not stable.")

    def _step_back(self) -> PageRequest:
        if self._skip == 0:
            raise PagingStuck("All rows of the last page have gone.")
        self._count_idle()
        self._skip = max(0, self._skip - max(1, self._top // 2))
        return PageRequest(None, self._top, self._skip)

    def _count_shift(self, marks: Sequence[Mark]) -> None:
        shifted = self._last is not None and list(marks[:1]) != [self._last]
        self._shifts = self._shifts + 1 if shifted else 0
        if self._shifts > MOST_SHIFTS:
            raise PagingStuck("Rows move from page to page; the server's order is not stable.")
        if marks:
            self._last = marks[-1]

    def _count_idle(self) -> None:
        self._idle += 1
        if self._idle > MOST_STEPS_BACK:
            raise PagingStuck("Pages bring nothing new; the server's order is not stable.")


class OrderedPaging:
    """Pages by key where the server keeps the order it was asked for, else by offset.

    Both begin with the same page, so what the second one shows decides.
    """

    def __init__(self, keys: Sequence[Key], top: int) -> None:
        top = max(2, top)
        self._by_key: KeysetPaging | None = KeysetPaging(keys, top)
        self._by_offset = SkipPaging(top)
        self._second: PageRequest | None = None
        self._pages = 0

    def first(self) -> PageRequest:
        """Ask for the first rows."""
        return self._by_offset.first()

    def limit(self, rows: int) -> None:
        """Ask for pages of so many rows: the server gives no more, whatever is asked for."""
        if self._by_key is not None:
            self._by_key.limit(rows)
        self._by_offset.limit(max(2, rows))

    def receive(self, marks: Sequence[Mark]) -> Received:
        """Check that the page advances in key order and ask for what follows it.

        Raises:
            OrderNotTrusted: later than on the second page, the order is not that of the key.
            PagingStuck: by offset, pages do not overlap as they should.
        """
        if self._by_key is None:
            return self._by_offset.receive(marks)
        if self._pages == 0:
            self._second = self._by_offset.receive(marks).next
        try:
            received = self._by_key.receive(marks)
        except OrderNotTrusted:
            if self._pages > 1:
                raise
            return Received(0 if self._pages == 0 else len(marks), self.turn())
        self._pages += 1
        return received

    @property
    def can_turn(self) -> bool:
        """Whether only the first page has come, so that offsets can take over."""
        return self._by_key is not None and self._pages == 1

    def turn(self) -> PageRequest | None:
        """Go on by offset after the first page: keys do not serve."""
        self._by_key = None
        return self._second
