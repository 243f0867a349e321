"""A sweep tells gone, missing and outdated records apart."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from acumatica_source.resources.loading.sweep import (
    Loaded,
    Naming,
    changed_identity,
    difference,
    shared_keys,
)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

BY_ID = Naming(("id",), (), "stamp")
BY_ID_OR_KEY = Naming(("id",), ("Type", "Nbr"), "stamp")
BY_KEY = Naming(("Type", "Nbr"), (), "stamp")

TYPES = {
    "id": pa.string(),
    "Type": pa.string(),
    "Nbr": pa.int64(),
    "stamp": pa.timestamp("us", "UTC"),
}


def table(naming: Naming, *rows: tuple[Any, ...]) -> pa.Table:
    """Rows of identity, keys and stamp."""
    names = [*naming.identity, *naming.keys, "stamp"]
    schema = pa.schema([(name, TYPES[name]) for name in names])
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)


def loaded(naming: Naming, *rows: tuple[Any, ...], doubled: int = 0) -> Loaded:
    """What is loaded; so many of the first rows more than once."""
    held = table(naming, *rows)
    return Loaded(held, held.select(list(naming.identity)).slice(0, doubled), naming)


def stamps(**rows: datetime | None) -> pa.Table:
    return table(BY_ID, *rows.items())


def held(**rows: datetime | None) -> Loaded:
    return loaded(BY_ID, *rows.items())


def first(rows: pa.Table) -> list[object]:
    """The values of the first column, sorted."""
    return sorted(rows.column(0).to_pylist())


def test_what_differs() -> None:
    source = stamps(kept=NOON, stale=NOON + SECOND, older=NOON - SECOND, new=NOON)
    found = difference(held(kept=NOON, gone=NOON, stale=NOON, older=NOON), source)
    assert first(found.gone) == ["gone"]
    assert first(found.outdated) == ["new", "older", "stale"]
    assert first(found.present) == ["kept", "new", "older", "stale"]
    assert found.superseded.num_rows == 0
    assert found.rows == 4
    assert not found.disjoint


def test_what_is_outdated_comes_with_the_stamp_of_the_source() -> None:
    found = difference(held(a=NOON), stamps(a=NOON + SECOND))
    assert found.outdated.to_pylist() == [{"id": "a", "stamp": NOON + SECOND}]


@pytest.mark.parametrize(
    ("before", "now", "outdated"),
    [
        (NOON, NOON, False),
        (NOON, NOON + timedelta(microseconds=400), False),
        (NOON, NOON + timedelta(milliseconds=1), True),
        (NOON, None, True),
        (None, NOON, True),
        (None, None, False),
    ],
)
def test_stamps_compare_to_the_millisecond(
    before: datetime | None, now: datetime | None, outdated: bool
) -> None:
    """A stamp that is missing on both sides is the same."""
    assert difference(held(a=before), stamps(a=now)).outdated.num_rows == outdated
    assert held(a=before).holds(stamps(a=now)).to_pylist() == [not outdated]
    by_key = difference(
        loaded(BY_ID_OR_KEY, ("a", "A", 1, before)), table(BY_ID_OR_KEY, ("b", "A", 1, now))
    )
    assert by_key.outdated.num_rows == outdated


@pytest.mark.parametrize(
    ("before", "now", "disjoint"),
    [
        (held(a=NOON), stamps(b=NOON), True),
        (held(), stamps(b=NOON), False),
        (held(a=NOON), stamps(), False),
        (held(a=NOON), stamps(a=NOON), False),
        (held(a=NOON), stamps(a=NOON + SECOND, b=NOON), False),
    ],
    ids=["all ids changed", "nothing loaded", "nothing left", "same", "one changed"],
)
def test_ids_that_do_not_last_are_noticed(before: Loaded, now: pa.Table, disjoint: bool) -> None:
    assert difference(before, now).disjoint is disjoint


def test_a_key_of_several_columns_counts_as_a_whole() -> None:
    before = loaded(BY_KEY, ("A", 1, NOON), ("A", 2, NOON), ("B", 1, NOON))
    found = difference(before, table(BY_KEY, ("A", 1, NOON), ("B", 2, NOON), ("B", 1, NOON)))
    assert found.gone.to_pylist() == [{"Type": "A", "Nbr": 2}]
    assert found.outdated.to_pylist() == [{"Type": "B", "Nbr": 2, "stamp": NOON}]


def test_a_row_with_another_id_is_the_same_if_its_key_is() -> None:
    before = loaded(
        BY_ID_OR_KEY,
        ("a", "A", 1, NOON),
        ("b", "A", 2, NOON),
        ("c", "B", 1, NOON),
        ("d", "B", 2, NOON),
    )
    source = table(
        BY_ID_OR_KEY,
        ("a", "A", 1, NOON),
        ("b of a session", "A", 2, NOON),
        ("c of a session", "B", 1, NOON + SECOND),
        ("e", "B", 3, NOON),
    )
    found = difference(before, source)
    assert found.gone.to_pylist() == [{"id": "d", "Type": "B", "Nbr": 2}]
    assert found.superseded.to_pylist() == [{"id": "c", "Type": "B", "Nbr": 1}]
    assert first(found.outdated) == ["c of a session", "e"]
    assert found.rows == 4
    assert not found.disjoint


@pytest.mark.parametrize("stamp", [NOON, NOON + SECOND])
def test_where_all_ids_changed_but_no_keys_rows_are_the_same(stamp: datetime) -> None:
    before = loaded(BY_ID_OR_KEY, ("a", "A", 1, NOON))
    assert not difference(before, table(BY_ID_OR_KEY, ("b", "A", 1, stamp))).disjoint
    assert difference(before, table(BY_ID_OR_KEY, ("b", "A", 2, stamp))).disjoint


def test_a_key_that_several_rows_share_tells_none_of_them() -> None:
    before = loaded(BY_ID_OR_KEY, ("a", "A", 1, NOON), ("b", "A", 1, NOON))
    found = difference(before, table(BY_ID_OR_KEY, ("c", "A", 1, NOON)))
    assert first(found.superseded) == ["a", "b"]
    assert first(found.outdated) == ["c"]
    before = loaded(BY_ID_OR_KEY, ("a", "A", 1, NOON))
    now = table(BY_ID_OR_KEY, ("c", "A", 1, NOON), ("d", "A", 1, NOON))
    assert first(difference(before, now).outdated) == ["c", "d"]


def test_rows_that_are_loaded_twice_are_outdated() -> None:
    before = loaded(BY_ID, ("a", NOON), ("b", NOON), ("c", NOON), doubled=2)
    found = difference(before, stamps(a=NOON + SECOND, b=NOON, c=NOON))
    assert found.outdated.to_pylist() == [
        {"id": "a", "stamp": NOON + SECOND},
        {"id": "b", "stamp": NOON},
    ], "each once"
    assert difference(before, stamps(c=NOON)).outdated.num_rows == 0, "not there any more"


def test_columns_are_compared_as_the_source_has_them() -> None:
    """A destination may hold them in other types."""
    number = Naming(("Nbr",), (), "stamp")
    rows = pa.table({"Nbr": pa.array([1, 2], pa.int32()), "stamp": [NOON, NOON]})
    rows = rows.cast(pa.schema([("Nbr", pa.int32()), ("stamp", pa.timestamp("ns", "UTC"))]))
    before = Loaded(rows, rows.select(["Nbr"]).slice(0, 0), number)
    source = table(number, (1, NOON), (3, NOON))
    found = difference(before, source)
    assert (first(found.gone), first(found.outdated)) == ([2], [3])
    assert before.holds(source).to_pylist() == [True, False]


def test_what_is_loaded_as_it_is() -> None:
    before = loaded(BY_ID_OR_KEY, ("a", "A", 1, NOON), ("b", "A", 2, NOON), ("x", "B", 9, NOON))
    asked = table(
        BY_ID_OR_KEY,
        ("new", "C", 1, NOON),
        ("a", "A", 1, NOON),
        ("b", "A", 2, NOON + SECOND),
        ("b of a session", "A", 2, NOON),
        ("x of a session", "B", 9, NOON + SECOND),
    )
    assert before.holds(asked).to_pylist() == [False, True, False, True, False]
    assert before.holds(asked.slice(0, 0)).to_pylist() == []
    assert loaded(BY_ID_OR_KEY).holds(asked).to_pylist() == [False] * 5


def test_keys_that_loaded_rows_share_do_not_tell_what_is_loaded() -> None:
    before = loaded(BY_ID_OR_KEY, ("a", "A", 1, NOON), ("b", "A", 1, NOON))
    asked = table(BY_ID_OR_KEY, ("c", "A", 1, NOON), ("a", "A", 1, NOON))
    assert before.holds(asked).to_pylist() == [False, True]


def test_a_row_that_is_asked_for_twice_is_told_twice() -> None:
    assert held(a=NOON, b=NOON).holds(
        table(BY_ID, ("a", NOON), ("c", NOON), ("a", NOON), ("b", NOON))
    ).to_pylist() == [True, False, True, True]


def test_keys_that_rows_share_are_noticed() -> None:
    alone = [("a", "SO", 1, NOON), ("b", "SO", 2, NOON), ("a", "SO", 1, NOON)]
    assert not shared_keys(table(BY_ID_OR_KEY, *alone), BY_ID_OR_KEY)
    assert shared_keys(table(BY_ID_OR_KEY, *alone, ("c", "SO", 2, NOON)), BY_ID_OR_KEY)
    assert not shared_keys(table(BY_ID, ("a", NOON), ("b", NOON)), BY_ID)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([("a", "SO", 1, NOON), ("b", "SO", 1, NOON)], False),
        ([("a", "SO", 1, NOON), ("x", "SO", 1, NOON)], True),
        ([("a", "SO", 1, NOON), ("x", "SO", 1, NOON + SECOND)], False),
        ([("a", "SO", 1, NOON), ("x", "SO", 2, NOON)], False),
        ([("a", "SO", 1, NOON), ("b", "SO", 1, NOON), ("x", "SO", 1, NOON)], False),
        ([("x", "SO", 1, None)], False),
    ],
    ids=["the same", "another identity", "changed", "another key", "one more", "no stamp"],
)
def test_identities_that_do_not_last_are_noticed(listed: list[Any], expected: bool) -> None:
    here = loaded(BY_ID_OR_KEY, ("a", "SO", 1, NOON), ("b", "SO", 1, NOON))
    assert changed_identity(here, table(BY_ID_OR_KEY, *listed)) == expected


def test_what_was_found_does_not_change() -> None:
    """A reader looks at it in threads of its own."""
    assert len({BY_ID, Naming(("id",), (), "stamp")}) == 1
    here = held(a=NOON)
    for one, name in [(here, "doubled"), (difference(here, stamps(a=NOON)), "gone")]:
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, None)
