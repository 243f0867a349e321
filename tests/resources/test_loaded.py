"""A sweep tells gone, missing and outdated records apart."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from acumatica_source.resources.loaded import difference
from acumatica_source.resources.tables import childless, tombstones

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def stamps(**rows: datetime | None) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(list(rows), pa.string()),
            "stamp": pa.array(list(rows.values()), pa.timestamp("us", "UTC")),
        }
    )


def test_what_differs() -> None:
    loaded = stamps(kept=NOON, gone=NOON, stale=NOON)
    source = stamps(kept=NOON, stale=NOON + timedelta(seconds=1), new=NOON)
    found = difference(loaded, source)
    assert found.gone.column("id").to_pylist() == ["gone"]
    assert sorted(found.outdated.column("id").to_pylist()) == ["new", "stale"]
    assert not found.disjoint


def test_stamps_compare_to_the_millisecond() -> None:
    found = difference(stamps(a=NOON), stamps(a=NOON + timedelta(microseconds=400)))
    assert found.outdated.num_rows == 0


@pytest.mark.parametrize(
    ("loaded", "source", "disjoint"),
    [
        (stamps(a=NOON), stamps(b=NOON), True),
        (stamps(), stamps(b=NOON), False),
        (stamps(a=NOON), stamps(), False),
    ],
    ids=["all ids changed", "nothing loaded", "nothing left"],
)
def test_ids_that_do_not_last_are_noticed(
    loaded: pa.Table, source: pa.Table, disjoint: bool
) -> None:
    assert difference(loaded, source).disjoint is disjoint


def test_a_key_of_several_columns_counts_as_a_whole() -> None:
    def rows(*keys: tuple[str, int]) -> pa.Table:
        types, numbers = zip(*keys, strict=True)
        return pa.table(
            {
                "Type": types,
                "Nbr": numbers,
                "stamp": pa.array([NOON] * len(keys), pa.timestamp("us", "UTC")),
            },
        )

    found = difference(rows(("A", 1), ("A", 2), ("B", 1)), rows(("A", 1), ("B", 2), ("B", 1)))
    assert found.gone.to_pylist() == [{"Type": "A", "Nbr": 2}]
    assert found.outdated.to_pylist() == [{"Type": "B", "Nbr": 2, "stamp": NOON}]


def test_a_parent_without_lines_leaves_a_tombstone() -> None:
    parents = pa.table({"id": ["a", "b", "c"]})
    children = pa.table({"_parent_id": ["a", "a", "c"]})
    bare = childless(parents, children)
    schema = pa.schema(
        [pa.field("_parent_id", pa.string(), nullable=False), ("Qty", pa.decimal128(38, 10))]
    )
    assert tombstones(schema, bare).to_pylist() == [
        {"_parent_id": "b", "Qty": None, "_deleted": True}
    ]
