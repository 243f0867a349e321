"""What it takes to prove that all rows have come, and what is said where it cannot be proved."""

import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from acumatica_source.paging.errors import Incomplete
from acumatica_source.paging.keyset import KeysetPaging, Position
from acumatica_source.paging.model import Answer, Key, PageRequest, Paging, RowKey
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.walk import walk
from acumatica_source.paging.whole import WholeRead
from tests.paging.lists import NBR, Row, Table

NUMBERED = (Key(NBR),)


def invoices(count: int, first: int = 0) -> list[Row]:
    return [("Invoice", number) for number in range(first, first + count)]


def numbered(count: int, **options: Any) -> Table:
    """Invoices with a number as their only key."""
    options = {"keys": NUMBERED, "key_of": lambda row: (row[1],), **options}
    return Table(invoices(count), **options)


def by_key(table: Table) -> list[Paging]:
    return [KeysetPaging(table.keys, table.size), OffsetPaging(table.size), WholeRead()]


def by_offset(table: Table) -> list[Paging]:
    return [OffsetPaging(table.size), WholeRead()]


def at_once(table: Table) -> list[Paging]:
    return [WholeRead()]


Ways = Callable[[Table], Sequence[Paging]]


def read(table: Table, ways: Ways = by_key, *, prove: bool = True) -> list[Row]:
    return [row for page in walk(table, ways(table), prove=prove) for row in page]


@pytest.mark.parametrize(
    ("ways", "table", "pages", "keys_fetched"),
    [
        (by_key, numbered(0), 1, 0),
        (by_key, numbered(4), 1, 1),
        (by_key, numbered(4, order="foreign"), 1, 1),
        (by_key, numbered(23), 5, 1),
        (by_key, numbered(25), 6, 1),
        (by_key, numbered(23, gives_next_links=True), 5, 1),
        (by_key, numbered(4, gives_next_links=True), 1, 1),
        (by_key, numbered(23, order="foreign"), 7, 1),
        (by_key, numbered(23, takes_conditions=False), 7, 1),
        (by_key, numbered(23, cap=4), 6, 2),
        (by_key, numbered(24, cap=4), 7, 2),
        (by_key, numbered(23, cap=4, order="foreign"), 9, 2),
        (by_offset, numbered(1_000, size=400, cap=300), 4, 2),
        (by_offset, numbered(4), 1, 1),
        (by_offset, numbered(23), 6, 1),
        (by_offset, numbered(23, cap=4), 8, 2),
        (by_offset, numbered(23, gives_next_links=True), 6, 1),
        (at_once, numbered(0), 1, 0),
        (at_once, numbered(23), 1, 1),
        (at_once, numbered(23, gives_next_links=True), 1, 0),
        (at_once, numbered(23, takes_skip=False), 1, 4),
    ],
)
def test_what_completeness_costs(ways: Ways, table: Table, pages: int, keys_fetched: int) -> None:
    got = read(table, ways)
    assert (table.pages, table.keys_fetched) == (pages, keys_fetched)
    assert len(got) == len(set(got))


def note_requests(table: Table) -> list[PageRequest]:
    """What keys are asked for from now on."""
    requests: list[PageRequest] = []
    fetch_keys = table.fetch_keys

    def noted(request: PageRequest) -> Answer[list[Row]]:
        requests.append(request)
        return fetch_keys(request)

    table.fetch_keys = noted  # type: ignore[method-assign]
    return requests


def test_what_is_behind_all_rows_is_asked_for_at_other_offsets_too() -> None:
    """Before a server that shows its first row there counts as one that takes no offset."""
    table = numbered(23, takes_skip=False)
    asked = note_requests(table)
    read(table, at_once)
    assert [request.skip for request in asked] == [23, 24, 25, 26]


def test_what_is_behind_a_page_is_asked_for_where_a_limit_rises() -> None:
    """A page with fewer rows than were asked for, but more than the limit that is known."""
    table = numbered(23, size=9, cap=4)
    asked = note_requests(table)

    def rise() -> None:
        table.cap = 6

    table.between = rise
    assert read(table, by_offset) == table.rows
    assert [request.skip for request in asked] == [4, 3 + 6, 23]


class Shortened(Table):
    """Shows a page more in its lists of keys than in its pages."""

    hidden: frozenset[int] = frozenset()
    before: Callable[[PageRequest], None] = staticmethod(lambda request: None)

    def fetch(self, request: PageRequest) -> Answer[list[Row]]:
        self.before(request)
        answer = super().fetch(request)
        kept = [row for row in answer.page if row[1] not in self.hidden]
        return self._answer(kept, None)


def hiding(*numbers: int, **options: Any) -> Shortened:
    """23 invoices of which pages never show some, though they can be had by name."""
    options = {"keys": NUMBERED, "key_of": lambda row: (row[1],), **options}
    table = Shortened(invoices(23), **options)
    table.hidden = frozenset(numbers)
    return table


@pytest.mark.parametrize("ways", [by_key, by_offset])
@pytest.mark.parametrize("hidden", [(7,), (7, 8), (1, 8, 15)])
def test_rows_that_no_page_shows_are_asked_for_by_name(
    caplog: pytest.LogCaptureFixture, ways: Ways, hidden: tuple[int, ...]
) -> None:
    table = hiding(*hidden)
    got = read(table, ways)
    assert sorted(got) == table.rows
    assert len(got) == len(table.rows)
    assert got[-len(hidden) :] == invoices(1, hidden[0]) + [("Invoice", n) for n in hidden[1:]]
    said = "Invoice: the server lists more rows than have come; looking for the others."
    assert caplog.text.count(said) == 1


@pytest.mark.parametrize("has_ids", [True, False])
def test_missing_rows_are_found_in_lists_of_keys_of_several_pages(has_ids: bool) -> None:
    table = hiding(7, has_ids=has_ids, light_size=6)
    assert sorted(read(table)) == table.rows


def test_missing_rows_are_looked_for_again_while_any_come(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server may limit its answers to names, too."""
    table = hiding(7, 8, 9)
    named = table.named
    table.named = lambda keys, ids: named(keys[:1], ids)  # type: ignore[method-assign]
    assert sorted(read(table)) == table.rows
    assert caplog.text.count("looking for the others") == 1


def test_missing_rows_whose_keys_are_not_unique_are_told_by_ids() -> None:
    table = Shortened(invoices(23), key_of=lambda row: (row[1] // 2,), keys=NUMBERED, light_size=6)
    table.hidden = frozenset({13})
    table.named = lambda keys, ids: iter(  # type: ignore[method-assign]
        [table._answer([row for row in table.rows if str(row) in (ids or ())], None)]
    )
    assert sorted(read(table)) == table.rows


def test_rows_that_are_named_may_come_with_others_that_share_their_keys() -> None:
    """A key that is not unique names several, and those that have come are not handed on again."""
    table = Shortened(invoices(23), key_of=lambda row: (row[1] // 2,), keys=NUMBERED, light_size=6)
    table.hidden = frozenset({13})
    got = read(table)
    assert sorted(got) == table.rows
    assert got[-1] == ("Invoice", 13), "the only row that was asked for by name"


@pytest.mark.parametrize("ways", [by_key, by_offset])
def test_pages_of_rows_told_by_ids_overlap_by_ids(ways: Ways) -> None:
    """Another row with the key of the last one does not show that none lies between them."""
    table = numbered(23, key_of=lambda row: (row[1] // 4,))
    gone: list[Row] = []

    def delete() -> None:
        """Before the second page that is read by ids, which begins two rows later then."""
        if table.pages == (3 if ways is by_key else 2) and not gone:
            gone.extend(table.rows[:2])
            del table.rows[:2]

    table.between = delete
    got = read(table, ways)
    assert gone == invoices(2)
    assert sorted(got) == invoices(23)


def test_a_row_shown_twice_does_not_count_as_two() -> None:
    """As many rows as there are, but one of them in the place of another."""
    table = numbered(4, slips={0: lambda rows: [*rows[:-1], rows[0]]})
    assert sorted(read(table)) == table.rows


def test_rows_are_not_looked_for_where_no_proof_is_wanted() -> None:
    table = hiding(22)
    assert len(read(table, prove=False)) == 22
    assert table.keys_fetched == 0


@pytest.mark.parametrize("ways", [by_key, by_offset, at_once])
def test_rows_that_can_be_had_nowhere_are_told(ways: Ways) -> None:
    table = hiding(7, named_at_once=0)
    with pytest.raises(Incomplete, match="more rows than the 22 that"):
        read(table, ways)


@pytest.mark.parametrize("hidden", [(7,), (7, 8)])
def test_rows_that_cannot_be_named_are_told_where_no_strategy_is_left(
    hidden: tuple[int, ...],
) -> None:
    table = hiding(*hidden, named_at_once=0)
    with pytest.raises(Incomplete, match=rf"^Its pages do not show {len(hidden)} of its rows\.$"):
        read(table, lambda one: [OffsetPaging(one.size)])


def test_a_row_that_shows_up_behind_all_is_nothing_if_no_list_of_keys_has_it() -> None:
    """It was deleted before the keys were listed, so that nothing is missing."""
    table = numbered(23, named_at_once=0)
    fetch_keys = table.fetch_keys

    def one_more_once(request: PageRequest) -> Answer[list[Row]]:
        answer = fetch_keys(request)
        if table.keys_fetched == 1:
            return Answer([], [(99,)], ["99"])
        return answer

    table.fetch_keys = one_more_once  # type: ignore[method-assign]
    assert read(table) == table.rows


def test_a_list_that_shows_fewer_than_it_counts_is_refused() -> None:
    """One row cannot be had by its name either."""
    table = hiding(7)
    table.named = lambda keys, ids: iter(())  # type: ignore[method-assign]
    with pytest.raises(Incomplete):
        read(table)


@pytest.mark.parametrize(("missing", "by_name"), [(3, True), (20, True), (21, False), (60, False)])
def test_many_missing_rows_are_read_by_the_next_strategy(missing: int, by_name: bool) -> None:
    """As soon as that takes fewer requests: 100 rows are 5 pages, and one request names 4."""
    table = Shortened(
        invoices(100), size=20, light_size=50, keys=NUMBERED, key_of=lambda row: (row[1],)
    )
    table.hidden = frozenset(range(100 - missing, 100))
    asked: list[int] = []
    named = table.named

    def note(keys: Sequence[RowKey], ids: Sequence[str] | None) -> Any:
        asked.append(len(keys))
        return named(keys, ids)

    def show(request: PageRequest) -> None:
        if request.skip:
            table.hidden = frozenset()

    table.named = note  # type: ignore[method-assign]
    table.before = show
    assert sorted(read(table)) == table.rows
    assert asked == ([missing] if by_name else [])


@pytest.mark.parametrize("session_ids", [0.0, 1.0])
def test_rows_that_come_back_by_key_show_that_its_order_is_another(
    caplog: pytest.LogCaptureFixture, session_ids: float
) -> None:
    """Whatever their ids. Of such text nobody but the server can tell what follows what."""
    table = Table(
        invoices(23),
        keys=NUMBERED,
        key_of=lambda row: (f"N-{row[1]:02}",),
        slips={1: lambda rows: [("Invoice", 1), *rows]},
        session_ids=session_ids,
    )
    assert sorted(read(table)) == table.rows
    assert "Invoice: Rows come back that were before the ones asked for." in caplog.text
    assert "Reading it by offset instead." in caplog.text


def test_a_list_that_grows_faster_than_it_is_read_ends(caplog: pytest.LogCaptureFixture) -> None:
    """The rows that are added while others are looked for are of the next run."""
    table = numbered(20)
    new = iter(range(100, 10_000))
    looks, named = 0, table.named

    def grow() -> None:
        table.rows = [("Invoice", -next(new)), *table.rows]

    def look(keys: Sequence[RowKey], ids: Sequence[str] | None) -> Any:
        nonlocal looks
        looks += 1
        return named(keys, ids)

    table.between = grow
    table.named = look  # type: ignore[method-assign]
    got = read(table)
    assert looks == 5
    assert set(invoices(20)) <= set(got)
    assert len(got) == len(set(got))
    assert "instead" not in caplog.text, "another strategy would be no faster"


def test_a_list_that_grows_behind_a_limit_is_not_known_to_be_whole() -> None:
    table = numbered(20, cap=4)
    new = iter(range(100, 10_000))

    def grow() -> None:
        table.rows = [("Invoice", -next(new)), *table.rows]

    table.between = grow
    with pytest.raises(Incomplete, match="limits its answers, and its order is not stable"):
        read(table, lambda one: [OffsetPaging(one.size)])


def test_a_limit_and_an_order_that_changes_are_told() -> None:
    table = numbered(60, order="unstable", cap=20, light_cap=20)
    with pytest.raises(Incomplete, match="more rows than the 20 that the server gives at once"):
        read(table)


@pytest.mark.parametrize(("added", "complete"), [(1, True), (5, True), (6, False)])
def test_rows_may_be_added_while_all_are_read_at_once(added: int, complete: bool) -> None:
    """A few behind an answer are new ones; many show that it was cut short."""
    table = numbered(50)
    new = iter(range(1_000, 9_999))
    table.between = lambda: table.rows.extend(("Invoice", next(new)) for _ in range(added))
    if complete:
        assert set(invoices(50)) <= set(read(table, at_once))
    else:
        with pytest.raises(Incomplete, match="more rows than the 80 that"):
            read(table, at_once)


@pytest.mark.parametrize(("count", "complete"), [(1_160, False), (1_190, True)])
def test_a_long_list_may_get_one_row_in_a_hundred(count: int, complete: bool) -> None:
    """Six come between two requests, and at the last look there are 1,190 rows, or 1,202."""
    table = numbered(count)
    new = iter(range(10_000, 99_999))
    table.between = lambda: table.rows.extend(("Invoice", next(new)) for _ in range(6))
    if complete:
        assert set(invoices(count)) <= set(read(table, at_once))
    else:
        with pytest.raises(Incomplete, match="gives at once"):
            read(table, at_once)


def test_a_server_that_takes_no_offset_is_believed_where_keys_lead_on() -> None:
    table = numbered(23, takes_skip=False)
    assert read(table) == table.rows
    table = numbered(23, takes_skip=False, cap=4)
    assert read(table) == table.rows, "a short page is followed by its key"


def test_a_first_row_that_comes_to_another_place_by_chance_is_no_server_without_offsets() -> None:
    """Three more offsets have to show it, or else pages are not known to be all."""
    table = hiding(22)
    looked: list[int] = []
    fetch_keys = table.fetch_keys

    def first_row_once(request: PageRequest) -> Answer[list[Row]]:
        looked.append(request.skip)
        answer = fetch_keys(request)
        if len(looked) == 1:
            return Answer([], [(0,)], ["('Invoice', 0)"])
        return answer

    table.fetch_keys = first_row_once  # type: ignore[method-assign]
    assert sorted(read(table)) == table.rows
    assert looked[:2] == [22, 23]


@pytest.mark.parametrize("has_ids", [True, False])
def test_a_condition_that_is_refused_leaves_the_offsets(
    caplog: pytest.LogCaptureFixture, has_ids: bool
) -> None:
    caplog.set_level(logging.INFO)
    table = numbered(23, takes_conditions=False, has_ids=has_ids)
    assert read(table) == table.rows
    assert "Invoice: The given key was not present" in caplog.text
    assert "Reading it by offset instead." in caplog.text


def test_where_no_strategy_is_left_the_last_one_says_why() -> None:
    table = numbered(23, takes_conditions=False)
    with pytest.raises(Incomplete, match="The given key was not present"):
        read(table, lambda one: [KeysetPaging(one.keys, one.size)])


@pytest.mark.parametrize("order", ["key", "foreign"])
@pytest.mark.parametrize("cap", [None, 3])
def test_behind_a_position_only_those_behind_it_are_read(order: str, cap: int | None) -> None:
    """Whichever strategy is used, and however they are proved to be all."""
    table = numbered(40, order=order, cap=cap)
    start = KeysetPaging(table.keys, table.size, Position((20,)))
    got = read(table, lambda one: [start, *by_offset(one)])
    assert sorted(got) == invoices(19, 21)
    assert len(got) == 19


@pytest.mark.parametrize("seats", [1, 3])
def test_keys_are_not_unique_without_ids(seats: int) -> None:
    table = Table(
        invoices(23),
        keys=NUMBERED,
        key_of=lambda row: (row[1] // 2,),
        has_ids=False,
        seats=seats,
    )
    with pytest.raises(Incomplete, match=r"The key \(\d+,\) is not unique\."):
        read(table)


def test_a_page_that_holds_a_row_twice_costs_one_request_to_tell_it_from_two_rows() -> None:
    table = numbered(23, has_ids=False, slips={n: lambda rows: [rows[0], *rows] for n in range(9)})
    asked = note_requests(table)
    assert sorted(read(table)) == table.rows
    assert [request.top for request in asked] == [2, 1], "one for two rows, and one for the end"


def test_an_empty_key_does_not_tell_whether_rows_are_the_same() -> None:
    table = Table(
        invoices(5), keys=NUMBERED, key_of=lambda row: (row[1] or None,), has_ids=False, size=9
    )
    table.rows = [("Invoice", 0), ("Invoice", 0)]
    with pytest.raises(Incomplete, match="not unique"):
        read(table, by_offset)


def test_rows_told_by_ids_come_once_each_though_they_are_read_twice() -> None:
    table = numbered(23, key_of=lambda row: (row[1] // 2,), order="foreign")
    got = read(table)
    assert sorted(got) == table.rows
    assert len(got) == len(set(got))


def test_one_seat_reads_no_ranges() -> None:
    one, two = numbered(60), numbered(60, seats=2)
    assert read(one) == read(two) == one.rows
    assert one.keys_fetched == 1
    assert two.keys_fetched > 1


def test_an_unstable_order_is_read_at_once() -> None:
    chance = random.Random(5)
    table = numbered(60, order="unstable", chance=chance)
    assert sorted(read(table)) == table.rows


@pytest.mark.parametrize(
    ("known", "shown", "proof"),
    [
        (4, numbered(4), False),
        (4, numbered(5), True),
        (4, numbered(9, size=20, cap=4), False),  # it cuts off just what is new: by chance
        (4, numbered(9, size=20, cap=3), True),
        (3, numbered(3, slips={0: lambda rows: [rows[0], *rows[:-1]]}), True),
        (12, numbered(12), True),
    ],
    ids=[
        "nothing changed",
        "one row more",
        "a limit that is just what is known",
        "a limit below what is known",
        "a row twice in the place of another",
        "more than a page",
    ],
)
def test_an_answer_that_is_just_what_is_known_needs_no_proof(
    known: int, shown: Table, proof: bool
) -> None:
    shown.keys_fetched = shown.pages = 0

    def as_known(page: list[Row]) -> bool:
        return len(page) == known and set(page) <= set(invoices(known))

    rows = [row for page in walk(shown, by_key(shown), as_known=as_known) for row in page]
    assert bool(shown.keys_fetched) is proof
    if proof:
        assert sorted(rows) == shown.rows
