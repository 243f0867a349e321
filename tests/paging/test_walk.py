"""Every row of a list comes once, whatever the server's order, limits and slips, or it is said."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acumatica_source.paging.errors import Incomplete
from acumatica_source.paging.keyset import KeysetPaging
from acumatica_source.paging.model import Key, Paging
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.walk import walk
from acumatica_source.paging.whole import WholeRead
from tests.paging.lists import CODES, NBR, Row, Table

ROWS = st.sets(st.tuples(st.sampled_from(sorted(CODES)), st.integers(0, 200)), max_size=60)


def strategies(table: Table) -> list[Paging]:
    return [KeysetPaging(table.keys, table.size), OffsetPaging(table.size), WholeRead()]


def read(table: Table, ways: Sequence[Paging] | None = None) -> list[Row]:
    return [row for page in walk(table, ways or strategies(table)) for row in page]


def some(count: int, label: str = "Invoice") -> list[Row]:
    return [(label, number) for number in range(count)]


@settings(max_examples=400, deadline=None)
@given(
    rows=ROWS,
    order=st.sampled_from(["key", "foreign", "unstable"]),
    cap=st.sampled_from([None, 1, 2, 3, 4]),
    light_cap=st.sampled_from([None, 2, 7]),
    takes_skip=st.booleans(),
    takes_conditions=st.booleans(),
    session_ids=st.sampled_from([0.0, 0.5]),
    seats=st.sampled_from([1, 2]),
    size=st.integers(2, 9),
    seed=st.integers(0, 99),
)
def test_a_list_that_does_not_change_is_read_whole_or_refused(
    rows: set[Row],
    order: str,
    cap: int | None,
    light_cap: int | None,
    takes_skip: bool,
    takes_conditions: bool,
    session_ids: float,
    seats: int,
    size: int,
    seed: int,
) -> None:
    table = Table(
        sorted(rows),
        order=order,
        cap=cap,
        light_cap=light_cap,
        takes_skip=takes_skip,
        takes_conditions=takes_conditions,
        session_ids=session_ids,
        seats=seats,
        size=size,
        chance=random.Random(seed),
    )
    got: list[Row] = []
    try:
        for page in walk(table, strategies(table)):
            got += page
    except Incomplete:
        assert len(got) == len(set(got))
        assert cap is not None or not (takes_skip or order == "key")
        return
    if takes_skip:
        assert sorted(got) == sorted(rows)
    else:
        assert len(got) == len(set(got))


@settings(max_examples=300, deadline=None)
@given(
    rows=ROWS,
    size=st.integers(2, 9),
    seats=st.sampled_from([1, 2]),
    order=st.sampled_from(["key", "foreign"]),
    by_key=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_rows_that_last_are_read_once(
    rows: set[Row], size: int, seats: int, order: str, by_key: bool, seed: int
) -> None:
    chance = random.Random(seed)
    table = Table(sorted(rows), order=order, size=size, seats=seats)
    lasting = set(rows)
    unused = [(label, n) for label in sorted(CODES) for n in range(200) if (label, n) not in rows]
    chance.shuffle(unused)

    def change() -> None:
        for _ in range(chance.randrange(3)):
            if table.rows and chance.random() < 0.5:
                gone = table.rows.pop(chance.randrange(len(table.rows)))
                lasting.discard(gone)
            elif unused:
                table.rows = [*table.rows, unused.pop()]

    table.between = change
    by_offset: list[Paging] = [OffsetPaging(size), WholeRead()]
    got = read(table, None if by_key else by_offset)
    assert len(got) == len(set(got))
    if order == "key" or not by_key:
        assert lasting <= set(got)


@pytest.mark.parametrize("cap", [2, 3, 5, 50])
def test_a_silent_limit_loses_nothing(cap: int) -> None:
    table = Table(some(137), cap=cap, size=60, light_cap=cap)
    assert sorted(read(table)) == table.rows
    assert table.pages <= 137 / cap + 6


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    "slip",
    [lambda rows: rows[-1:], lambda rows: rows[:1], lambda rows: rows[1:], lambda rows: rows[:-1]],
    ids=["all but the last", "all but the first", "the first", "the last"],
)
@pytest.mark.parametrize("by_key", [True, False], ids=["key", "offset"])
def test_rows_that_a_page_lacks_are_found(
    by_key: bool, slip: Callable[[list[Row]], list[Row]], place: int
) -> None:
    table = Table(some(23), slips={place: slip})
    got = read(table, None if by_key else [OffsetPaging(5), WholeRead()])
    assert sorted(got) == table.rows


@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_row_that_a_page_holds_twice_comes_once(place: int) -> None:
    ways: list[Sequence[Paging] | None] = [None, [OffsetPaging(5), WholeRead()]]
    for one in ways:
        table = Table(some(23), slips={place: lambda rows: [*rows, rows[-1]]})
        assert sorted(read(table, one)) == table.rows


@pytest.mark.parametrize("seats", [1, 2])
@pytest.mark.parametrize("count", [4, 23, 41])
def test_keys_that_are_not_unique_are_told_by_ids(count: int, seats: int) -> None:
    table = Table(some(count), key_of=lambda row: (row[0], row[1] // 2), seats=seats)
    assert sorted(read(table)) == table.rows


def test_ids_of_a_session_are_no_other_rows() -> None:
    table = Table(some(23), session_ids=1.0, order="foreign")
    assert sorted(read(table)) == table.rows


def test_an_order_that_changes_costs_one_answer_with_everything() -> None:
    table = Table(some(60), order="unstable")
    assert sorted(read(table)) == table.rows
    assert table.pages < 30


def test_an_unstable_order_with_a_limit_is_refused() -> None:
    table = Table(some(60), order="unstable", cap=20, light_cap=20)
    with pytest.raises(Incomplete, match="more rows than the 20 that the server gives at once"):
        read(table)


def test_many_edits_do_not_make_an_order_unstable() -> None:
    chance = random.Random(3)
    table = Table(some(2_000), size=100, light_size=1_000)
    new = iter(range(2_000, 100_000))

    def edit() -> None:
        for _ in range(20):
            table.rows.pop(chance.randrange(len(table.rows)))
            table.rows.append(("Invoice", next(new)))
        chance.shuffle(table.rows)

    table.between = edit
    lasting = set(table.rows)
    got = [row for page in walk(table, [OffsetPaging(100)]) for row in page]
    assert len(got) == len(set(got))
    assert lasting & set(table.rows) <= set(got)


@pytest.mark.parametrize(
    ("rows", "pages", "keys_fetched"), [(0, 1, 0), (4, 1, 1), (5, 2, 1), (23, 5, 1)]
)
def test_the_proof_costs_one_light_request(rows: int, pages: int, keys_fetched: int) -> None:
    table = Table(some(rows), keys=[Key(NBR)], key_of=lambda row: (row[1],))
    assert sorted(read(table)) == some(rows)
    assert (table.pages, table.keys_fetched) == (pages, keys_fetched)


def test_reading_goes_on_behind_a_position() -> None:
    rows = [(label, number) for label in CODES for number in range(9)]
    table = Table(rows)
    first = KeysetPaging(table.keys, 5)
    pages = walk(table, [first, WholeRead()])
    before = [*next(pages), *next(pages), *next(pages)]
    position = first.position
    assert position is not None
    pages.close()
    rest = read(replace(table), [KeysetPaging(table.keys, 5, position), WholeRead()])
    assert sorted(before + rest) == sorted(rows)
    assert not set(before) & set(rest)
