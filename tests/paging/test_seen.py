"""Rows that have come are known again: by their keys, or by their ids where keys do not do."""

import pytest

from acumatica_source.paging.seen import Seen, Sorted

A, B, C = ("A", 1), ("B", 1), ("C", 1)


def test_each_row_is_new_once() -> None:
    seen = Seen()
    assert seen.add([A, B], ["a", "b"]) == Sorted([0, 1], [], 0, [], None)
    assert seen.add([B, C, A], ["b", "c", "a"]) == Sorted([1], [], 2, [], None)
    assert len(seen) == 3


def test_a_row_that_a_page_holds_twice_comes_once() -> None:
    seen = Seen()
    assert seen.add([A, B, A], ["a", "b", "a"]) == Sorted([0, 1], [], 0, [2], None)
    assert seen.add([C, C], None) == Sorted([0], [], 0, [1], None)
    assert len(seen) == 3


def test_a_row_of_an_earlier_page_is_repeated_and_doubled_if_it_comes_twice() -> None:
    seen = Seen()
    seen.add([A], None)
    assert seen.add([A, A, B], None) == Sorted([2], [], 1, [1], None)


def test_a_row_that_a_page_holds_twice_under_an_id_of_its_session_is_one() -> None:
    seen = Seen()
    seen.add([A], ["a"])
    assert seen.add([A, A], ["other", "other"]) == Sorted([], [0, 1], 0, [], None)


def test_numbers_that_python_hashes_alike_are_two_rows() -> None:
    seen = Seen()
    assert seen.add([(-1,), (-2,)], None) == Sorted([0, 1], [], 0, [], None)
    assert seen.unseen([(-1,), (-2,), (-3,)], None) == [2]


@pytest.mark.parametrize("first", [-1, -2])
def test_numbers_that_python_hashes_alike_are_two_rows_in_two_pages_too(first: int) -> None:
    seen = Seen()
    seen.add([(first,), (5,)], None)
    assert seen.add([(-3 - first,), (first,)], None) == Sorted([0], [], 1, [], None)
    assert len(seen) == 3


def test_another_id_of_a_known_key_is_no_new_row() -> None:
    seen = Seen()
    seen.add([A, B], ["a", "b"])
    assert seen.add([A, C], ["other", "c"]) == Sorted([1], [0], 0, [], None)
    assert len(seen) == 3


def test_two_ids_of_one_key_in_a_page_show_that_keys_do_not_tell_rows() -> None:
    seen = Seen()
    assert seen.add([A, B, A], ["a", "b", "other"]) == Sorted([0, 1], [2], 0, [], 2)


@pytest.mark.parametrize("asked_before", [False, True])
def test_ids_tell_rows_once_keys_are_not_unique(asked_before: bool) -> None:
    seen = Seen()
    seen.add([A, A], ["a", "b"])
    if asked_before:
        assert seen.other_ids([A, A], ["a", "b"]) == [1]
    seen.by_id = True
    found = seen.add([A, A, A, B], ["a", "b", "c", "d"])
    assert (found.new, found.other_id, found.repeated, found.doubled) == ([1, 2, 3], [], 1, [])
    found = seen.add([A, B], ["c", "d"])
    assert (found.new, found.repeated) == ([], 2)
    assert len(seen) == 4


def test_rows_are_looked_up_without_being_remembered() -> None:
    seen = Seen()
    seen.add([A], ["a"])
    for _ in range(2):
        assert seen.unseen([B, A, C], ["b", "a", "c"]) == [0, 2]
        assert seen.unseen([B, A, C], None) == [0, 2]
        assert seen.unseen([A], ["other"]) == [], "keys tell rows"
    assert len(seen) == 1
    seen.by_id = True
    assert seen.unseen([A, A, B], ["other", "a", "b"]) == [0, 2]
    assert seen.unseen([A, B], None) == [1], "without ids, keys have to do"


def test_keys_that_have_come_with_another_id_are_told() -> None:
    seen = Seen()
    seen.add([A, B], ["a", "b"])
    assert seen.other_ids([A, B, C], ["a", "other", "c"]) == [1]
    assert seen.other_ids([A, B, C], None) == []


def test_ids_that_come_later_are_known_as_well() -> None:
    seen = Seen()
    seen.add([A], ["a"])
    assert seen.other_ids([A], ["a"]) == []
    seen.add([B], ["b"])
    assert seen.other_ids([B], ["b"]) == []


def test_a_page_has_as_many_ids_as_keys() -> None:
    with pytest.raises(ValueError, match="keys and"):
        Seen().add([A, B], ["a"])
