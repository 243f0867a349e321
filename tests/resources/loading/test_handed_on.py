"""Which rows a run has handed on, by identity and by the keys that name them."""

import pyarrow as pa

from acumatica_source.resources.loading.handed_on import HandedOn, keys_in


def rows(*given: tuple[str, int | None]) -> pa.Table:
    ids, numbers = zip(*given, strict=True) if given else ((), ())
    return pa.table({"id": pa.array(ids, pa.string()), "Nbr": pa.array(numbers, pa.int64())})


def test_rows_are_told_by_their_identity() -> None:
    handed_on = HandedOn(["id"])
    assert len(handed_on) == 0
    handed_on.note(rows(("a", 1), ("b", 2)))
    handed_on.note(rows(("c", 3)))
    assert ("a",) in handed_on
    assert ("d",) not in handed_on
    assert handed_on.unseen(rows(("b", 9), ("d", 1))) == [False, True]
    assert handed_on.rows().to_pylist() == rows(("a", 1), ("b", 2), ("c", 3)).to_pylist()


def test_rows_with_another_identity_are_told_by_their_keys() -> None:
    handed_on = HandedOn(["id"], ["Nbr"])
    handed_on.note(rows(("a", 1), ("b", None)))
    assert handed_on.unseen(rows(("x", 1), ("y", 2), ("a", 7))) == [False, True, False]
    assert handed_on.unseen(rows()) == []


def test_keys_come_row_by_row() -> None:
    assert keys_in(rows(("a", 1), ("b", None)), ["Nbr", "id"]) == [(1, "a"), (None, "b")]
