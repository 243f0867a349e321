"""The one walker through lists: every row once, and a proof that none is missing.

A list of the contract-based REST API has neither an order parameter, nor a count, nor a next link
(Integration Development Guide: Retrieval of Records by Conditions), and a proxy or a setting may
cut its answers short without a word. So completeness has to be earned:

* the strategies are tried in turn, the safest first; one that finds that the order of the list is
  not what it needs hands over to the next, and rows that have come are not handed on again;
* an answer that looks like the last one is held against a light request for the row behind it;
* at the end, one light request asks for the row behind as many as have come. If there is one, keys
  are listed, and the rows that are missing are asked for by name, or by the next strategy.

While nothing changes, as many distinct rows as the list has are all of its rows, whatever the
order.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from acumatica_source.paging.errors import (
    ConditionRefused,
    Incomplete,
    OrderNotTrusted,
)
from acumatica_source.paging.keyset import KeysetPaging
from acumatica_source.paging.model import (
    Answer,
    Condition,
    Key,
    PageRequest,
    Paging,
    RowKey,
    equal,
)
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.ranges import always, in_ranges, one_by_one
from acumatica_source.paging.seen import Seen
from acumatica_source.paging.whole import WholeRead

logger = logging.getLogger(__name__)

P = TypeVar("P")

FIRST_ROWS = 3
"""Times more that a server has to show its first row at other offsets to count as one that ignores
them: in an order that changes it may come there by chance."""

MOST_LOOKS = 5
"""Times that missing rows are looked for while every look brings some."""

MOST_WHOLE_READS = 3
"""Times that a list is asked for in one answer while it keeps changing."""

FEWEST_ADDED = 10
"""Rows, or else one in a hundred, that may have been added behind an answer meanwhile."""


class Listing(Protocol[P]):
    """A list that can be asked for windows of its rows."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def keys(self) -> Sequence[Key]:
        """The fields whose values answers have as keys; empty if these are no fields."""

    @property
    def seats(self) -> int:
        """Requests that can be under way at once."""

    @property
    def size(self) -> int:
        """Rows of a page."""

    @property
    def light_size(self) -> int:
        """Rows of a page that holds keys alone."""

    @property
    def named_at_once(self) -> int:
        """Rows that one request can name; 0 if rows cannot be named."""

    @property
    def gives_next_links(self) -> bool:
        """Whether the server gives a next link wherever it cuts an answer short."""

    def fetch(self, request: PageRequest) -> Answer[P]:
        """A page.

        Raises:
            ConditionRefused: the server does not take the condition.
        """

    def fetch_keys(self, request: PageRequest) -> Answer[Any]:
        """The keys of a page in the cheapest way. Raises as `fetch` does."""

    def named(self, keys: Sequence[RowKey], ids: Sequence[str] | None) -> Iterator[Answer[P]]:
        """The rows with these keys, or ids; those that no longer exist are left out."""

    def pick(self, page: P, places: Sequence[int]) -> P:
        """The page with the rows at these places alone."""


def walk(
    listing: Listing[P],
    strategies: Sequence[Paging],
    *,
    prove: bool = True,
    as_known: Callable[[P], bool] | None = None,
    on_turn: Callable[[], None] = lambda: None,
    on_limit: Callable[[], None] = lambda: None,
    more: Callable[[], bool] = always,
) -> Generator[P, None, None]:
    """Every row of a list once, in pages.

    Args:
        listing: The list.
        strategies: How to page, the safest first. They say where to begin.
        prove: Whether to ask at the end whether rows are missing.
        as_known: Whether a page holds just the rows that the list is known to have had; then it
            needs no proof that there are no more. None where nothing is known.
        on_turn: Called when a strategy hands over to the next one.
        on_limit: Called when the server is found to cut its answers short.
        more: Whether to ask for more. If not, the read ends early, and nothing is proved.

    Raises:
        Incomplete: no strategy could tell that all rows have come.
    """
    yield from _Walk(listing, strategies, prove, as_known, on_turn, on_limit, more).pages()


class _Walk(Generic[P]):
    def __init__(
        self,
        listing: Listing[P],
        strategies: Sequence[Paging],
        prove: bool,
        as_known: Callable[[P], bool] | None,
        on_turn: Callable[[], None],
        on_limit: Callable[[], None],
        more: Callable[[], bool],
    ) -> None:
        self._listing = listing
        self._strategies = list(strategies)
        self._prove = prove
        self._as_known = as_known
        self._on_turn = on_turn
        self._on_limit = on_limit
        self._more = more
        self._seen = Seen()
        self._largest = 0
        """Rows of the largest answer so far: a limit is the same each time."""
        self._unique = not listing.keys
        """Whether the keys have proved to be unique."""
        self._first: RowKey | None = None
        """The key of the first row."""
        self._limited = False
        """Whether the server has been found to cut answers short."""
        self._told = False
        self._proven: int | None = None
        """How many rows there are, as far as that has been asked."""
        start = strategies[0]
        self._scope = start.scope if isinstance(start, KeysetPaging) else None
        """What all rows have to meet."""

    def pages(self) -> Iterator[P]:
        """Every row once."""
        while True:
            paging = self._strategies.pop(0)
            try:
                if isinstance(paging, WholeRead):
                    yield from self._whole(paging)
                else:
                    yield from self._through(paging)
            except (OrderNotTrusted, ConditionRefused) as error:
                if not self._strategies:
                    raise Incomplete(str(error)) from error
                self._on_turn()
                way = "at once" if isinstance(self._strategies[0], WholeRead) else "by offset"
                logger.warning("%s: %s Reading it %s instead.", self._listing.name, error, way)
            else:
                return

    def _through(self, paging: Paging) -> Iterator[P]:
        """Page by page, to an end that is proved."""
        request: PageRequest | None = paging.first()
        while request is not None:
            before = len(self._seen)
            for answer in self._answers(paging, request):
                yield from self._handed_on(answer, in_order=isinstance(paging, KeysetPaging))
            if not self._more() or self._is_all():
                return
            # the limit that answers showed so far does not hold any more
            self._largest = 0
            request = paging.go_on() if len(self._seen) > before else None
        for _ in range(MOST_LOOKS):
            before = len(self._seen)
            yield from self._missing()
            if self._is_all():
                return
            if len(self._seen) == before:
                raise OrderNotTrusted("The server lists more rows than it shows.")
        if self._limited:
            raise OrderNotTrusted("The server limits its answers, and its order is not stable.")
        # so busy a list that rows are added faster than they are listed: the next run reads them

    def _answers(self, paging: Paging, request: PageRequest) -> Iterator[Answer[P]]:
        seats = self._listing.seats
        if isinstance(paging, KeysetPaging) and seats > 1:
            return in_ranges(paging, request, self._step, self._range_end, seats, self._more)
        return one_by_one(paging, request, self._step, self._more)

    def _step(self, paging: Paging, request: PageRequest) -> tuple[Answer[P], PageRequest | None]:
        asked = self._within(paging, request)
        answer = self._fetch(asked)
        cut = self._is_cut(asked, answer, by_key=isinstance(paging, KeysetPaging))
        if cut:
            paging.shorten(len(answer.keys))
        at_start = request.condition is None and not request.skip and not self._seen
        if at_start and not cut and len(answer.keys) < (request.top or 0):
            return answer, None  # all there is, in whatever order
        keys = answer.keys
        if not isinstance(paging, KeysetPaging) and self._seen.by_id and answer.ids is not None:
            keys = [(one,) for one in answer.ids]
        return answer, paging.receive(keys)

    def _fetch(self, request: PageRequest) -> Answer[P]:
        answer = self._listing.fetch(request)
        if self._first is None and answer.keys:
            self._first = answer.keys[0]
        return answer

    def _within(self, paging: Paging, request: PageRequest) -> PageRequest:
        if self._scope is None or isinstance(paging, KeysetPaging):
            return request
        return replace(request, condition=self._scope)

    def _whole(self, paging: WholeRead) -> Iterator[P]:
        """Everything in one answer, asked for again while rows are added meanwhile."""
        request = self._within(paging, paging.first())
        counts: set[int] = set()
        for _ in range(MOST_WHOLE_READS):
            answer = self._fetch(request)
            rows = len(answer.keys)
            counts.add(rows)
            cut = self._is_cut(request, answer, by_key=False)
            if cut and len(counts) > 1:
                # more or fewer than before: are there many behind them, or only what was added?
                added = max(FEWEST_ADDED, rows // 100)
                cut = bool(self._behind(request.condition, rows + added))
            if not cut:
                yield from self._handed_on(answer, in_order=False)
                return
        raise Incomplete(f"There are more rows than the {rows:,} that the server gives at once.")

    def _handed_on(self, answer: Answer[P], *, in_order: bool) -> Iterator[P]:
        rows = self._seen.add(answer.keys, answer.ids)
        if len(rows.new) == len(answer.keys):
            yield answer.page
        elif rows.new:
            yield self._listing.pick(answer.page, rows.new)
        if rows.shared is not None and not self._seen.by_id:
            self._tell_by_ids(answer.keys[rows.shared])
        if rows.doubled and answer.ids is None:
            self._check_unique(answer.keys[rows.doubled[0]], has_ids=False)
        if in_order and (rows.repeated or rows.other_id):
            raise OrderNotTrusted("Rows come back that were before the ones asked for.")

    def _check_unique(self, row: RowKey, *, has_ids: bool) -> None:
        """Whether two rows with one key are one row, shown twice or by another session's id."""
        if self._unique:
            return
        found = None
        if not any(value is None for value in row):
            found = self._ends(PageRequest(equal(self._listing.keys, row), 2))
        if found is not None and len(found.keys) < 2:
            self._unique = True
        elif not has_ids:
            raise Incomplete(f"The key {row!r} is not unique.")
        elif found is None:
            raise OrderNotTrusted(f"Whether the key {row!r} is unique cannot be told.")
        else:
            self._tell_by_ids(row)

    def _tell_by_ids(self, row: RowKey) -> None:
        """Read again, and take rows with other ids for other rows."""
        self._seen.by_id = True
        self._strategies = [OffsetPaging(self._listing.size), WholeRead()]
        raise OrderNotTrusted(f"The key {row!r} is not unique.")

    def _is_cut(self, request: PageRequest, answer: Answer[P], *, by_key: bool) -> bool:
        """Whether there are rows behind an answer that looks like the last one.

        A server that limits its answers gives the same number of rows each time, so one with fewer
        rows than another was not cut short.
        """
        rows = len(answer.keys)
        full = request.top is not None and rows >= request.top
        known = self._listing.gives_next_links or rows < self._largest
        limit = self._largest if self._limited and request.top is not None else None
        self._largest = max(self._largest, rows)
        if full or known or not rows:
            return False
        if self._is_as_known(request, answer):
            self._proven = rows
            return False
        if rows == limit:
            return True
        behind = self._behind(request.condition, request.skip + rows)
        if behind is None:
            # nothing can be told by an offset; a key leads on all the same
            return by_key
        if request.condition == self._scope and not request.skip and not behind:
            self._proven = rows
        if behind:
            self._limited = True
            self._on_limit()
        return bool(behind)

    def _is_as_known(self, request: PageRequest, answer: Answer[P]) -> bool:
        """Whether the answer is the whole list, and just what that is known to have had.

        A server that has begun to cut its answers short could show that only by chance: it would
        have to cut off just the rows that are new.
        """
        at_start = request.condition == self._scope and not request.skip and not self._seen
        if self._as_known is None or not at_start:
            return False
        return len(set(answer.keys)) == len(answer.keys) and self._as_known(answer.page)

    def _is_all(self) -> bool:
        """Whether no row lies behind as many as have come."""
        rows = len(self._seen)
        if not self._prove or rows == 0 or rows == self._proven:
            return True
        return not self._behind(self._scope, rows)

    def _behind(self, condition: Condition | None, rows: int) -> Sequence[RowKey] | None:
        """The key of the row behind as many rows, if there is one; None if that cannot be told.

        A server that takes no offset shows its first row wherever it is asked for one.
        """
        shown = self._ends(PageRequest(condition, 1, rows))
        if shown is not None and shown.keys and shown.keys[0] == self._first:
            others = (
                self._ends(PageRequest(condition, 1, rows + more))
                for more in range(1, FIRST_ROWS + 1)
            )
            if all(one is None or one.keys == shown.keys for one in others):
                shown = None
        if shown is None:
            logger.info("%s: whether %d rows are all cannot be told.", self._listing.name, rows)
            return None
        return shown.keys

    def _range_end(self, request: PageRequest) -> Answer[Any] | None:
        """Where a range ends; None once records take all seats themselves."""
        return self._ends(request) if self._listing.seats > 1 else None

    def _ends(self, request: PageRequest) -> Answer[Any] | None:
        """The keys of a page; None where they cannot be asked for."""
        try:
            return self._listing.fetch_keys(request)
        except ConditionRefused as error:
            logger.info("%s: %s", self._listing.name, error)
            return None

    def _missing(self) -> Iterator[P]:
        """The rows that no page has shown."""
        listing = self._listing
        if not self._told:
            self._told = True
            logger.warning(
                "%s: the server lists more rows than have come; looking for the others.",
                listing.name,
            )
        keys: list[RowKey] = []
        ids: list[str] = []
        others: list[RowKey] = []
        rows = 0
        for answer in self._light():
            rows += len(answer.keys)
            for place in self._seen.unseen(answer.keys, answer.ids):
                keys.append(answer.keys[place])
                if answer.ids is not None:
                    ids.append(answer.ids[place])
            others += [answer.keys[at] for at in self._seen.other_ids(answer.keys, answer.ids)[:1]]
        if others and not self._seen.by_id:
            self._check_unique(others[0], has_ids=True)
        at_once = listing.named_at_once
        if keys and self._strategies and (not at_once or len(keys) / at_once > rows / listing.size):
            raise OrderNotTrusted(f"Its keys do not lead to {len(keys):,} of its rows.")
        if keys and not at_once:
            raise Incomplete(f"Its pages do not show {len(keys):,} of its rows.")
        if keys:
            for named in listing.named(keys, ids or None):
                yield from self._handed_on(named, in_order=False)

    def _light(self) -> Iterator[Answer[Any]]:
        """The keys of all rows, by offset, or else in one answer."""
        light = _Light(self._listing, self._scope)
        try:
            yield from walk(light, [OffsetPaging(light.size), WholeRead()], prove=False)
        except Incomplete as error:
            raise OrderNotTrusted(str(error)) from error


class _Light:
    """The keys of a list as a list of their own."""

    keys: Sequence[Key] = ()
    seats = 1
    named_at_once = 0

    def __init__(self, listing: Listing[Any], scope: Condition | None) -> None:
        self._listing = listing
        self._scope = scope
        self.name = listing.name
        self.size = self.light_size = listing.light_size

    @property
    def gives_next_links(self) -> bool:
        return self._listing.gives_next_links

    def fetch(self, request: PageRequest) -> Answer[Answer[Any]]:
        answer = self.fetch_keys(request)
        return Answer(answer, answer.keys, answer.ids)

    def fetch_keys(self, request: PageRequest) -> Answer[Any]:
        return self._listing.fetch_keys(replace(request, condition=self._scope))

    def named(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> Iterator[Answer[Answer[Any]]]:
        yield from ()

    def pick(self, page: Answer[Any], places: Sequence[int]) -> Answer[Any]:
        ids = None if page.ids is None else [page.ids[at] for at in places]
        return Answer(None, [page.keys[at] for at in places], ids)
