"""What a sweep takes the destination to hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
import pytest

from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.sweep import Loaded, Naming
from acumatica_source.resources.loading.tables import Target, WriteMode, tombstones

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)

SCHEMA = pa.schema(
    [("Type", pa.string()), ("Nbr", pa.int64()), ("Changed", pa.timestamp("us", "UTC"))]
)
KEYS = ("Type", "Nbr")
BY_KEY = Naming(KEYS, (), "Changed")


def rows(*given: tuple[str, int, datetime | None]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(SCHEMA.names, one, strict=True)) for one in given], schema=SCHEMA
    )


def gone(*keys: tuple[str, int]) -> pa.Table:
    types, numbers = zip(*keys, strict=True)
    return tombstones(SCHEMA, pa.table({"Type": types, "Nbr": numbers}))


def load(pipeline: dlt.Pipeline, mode: WriteMode, *pages: pa.Table) -> None:
    target = Target("Order", mode, primary_key=KEYS)

    @dlt.resource(name="orders")
    def orders() -> Any:
        for page in pages:
            yield target.carry(page)

    pipeline.run(orders(), loader_file_format="parquet")


def read_back(
    pipeline: dlt.Pipeline, table: str = "Order", naming: Naming = BY_KEY, *, merged: bool = False
) -> Loaded | None:
    """What the destination is taken to hold."""
    found: list[Loaded | None] = []

    @dlt.resource(name="orders")
    def reading() -> Any:
        mode = WriteMode.MERGE if merged else WriteMode.APPEND
        found.append(LoadedTables(mode=mode).rows(table, naming))
        yield from ()

    pipeline.extract(reading())
    return found[0]


def held(pipeline: dlt.Pipeline, *, merged: bool = False) -> list[tuple[Any, ...]]:
    """Keys and stamp of what the destination is taken to hold, sorted by key."""
    loaded = read_back(pipeline, merged=merged)
    assert loaded is not None
    assert loaded.rows.column_names == [*KEYS, "stamp"]
    return sorted(tuple(row.values()) for row in loaded.rows.to_pylist())


@pytest.mark.parametrize("merged", [True, False])
def test_what_is_loaded_is_read_back(pipeline: dlt.Pipeline, merged: bool) -> None:
    load(pipeline, WriteMode.REPLACE, rows(("A", 1, NOON), ("A", 2, None), ("B", 1, LATER)))
    assert held(pipeline, merged=merged) == [("A", 1, NOON), ("A", 2, None), ("B", 1, LATER)]


def test_of_appended_rows_the_latest_load_counts(pipeline: dlt.Pipeline) -> None:
    """Not the newest stamp: what was loaded last is what the source said last."""
    load(pipeline, WriteMode.REPLACE, rows(("A", 1, LATER), ("A", 2, NOON), ("B", 1, NOON)))
    load(pipeline, WriteMode.APPEND, rows(("A", 1, EARLIER), ("B", 2, NOON)))
    assert held(pipeline) == [
        ("A", 1, EARLIER),
        ("A", 2, NOON),
        ("B", 1, NOON),
        ("B", 2, NOON),
    ]
    loaded = read_back(pipeline)
    assert loaded is not None
    assert loaded.doubled.num_rows == 0, "that is how it is to be"


def test_rows_that_say_gone_do_not_count_unless_they_came_back(pipeline: dlt.Pipeline) -> None:
    load(pipeline, WriteMode.REPLACE, rows(("A", 1, NOON), ("A", 2, NOON), ("B", 1, NOON)))
    load(pipeline, WriteMode.APPEND, gone(("A", 1), ("A", 2)))
    assert held(pipeline) == [("B", 1, NOON)]
    load(pipeline, WriteMode.APPEND, rows(("A", 2, LATER)))
    assert held(pipeline) == [("A", 2, LATER), ("B", 1, NOON)]


def test_rows_that_came_twice_where_they_are_merged_are_told(pipeline: dlt.Pipeline) -> None:
    """An earlier version has loaded some twice. A row that only says gone is none of them."""
    twice = rows(("A", 1, NOON), ("A", 1, NOON), ("A", 2, NOON), ("B", 1, NOON), ("A", 1, NOON))
    load(pipeline, WriteMode.REPLACE, twice)
    load(pipeline, WriteMode.APPEND, gone(("A", 2), ("B", 1)), rows(("B", 1, LATER)))
    assert held(pipeline, merged=True) == [("A", 1, NOON), ("A", 2, NOON), ("B", 1, LATER)]
    loaded = read_back(pipeline, merged=True)
    assert loaded is not None
    assert sorted(tuple(row.values()) for row in loaded.doubled.to_pylist()) == [
        ("A", 1),
        ("B", 1),
    ]


def test_a_table_that_is_empty_holds_nothing(pipeline: dlt.Pipeline) -> None:
    load(pipeline, WriteMode.REPLACE, rows())
    assert held(pipeline) == []


def test_rows_are_named_by_columns_that_are_loaded(pipeline: dlt.Pipeline) -> None:
    load(pipeline, WriteMode.REPLACE, rows(("A", 1, NOON)))
    loaded = read_back(pipeline, naming=Naming(("Nbr",), ("Type", "Nbr"), "Changed"))
    assert loaded is not None
    assert loaded.naming.keys == ("Type", "Nbr")
    assert loaded.rows.to_pylist() == [{"Nbr": 1, "Type": "A", "stamp": NOON}]
    loaded = read_back(pipeline, naming=Naming(("Nbr",), ("Type", "Novel"), "Changed"))
    assert loaded is not None
    assert loaded.naming == Naming(("Nbr",), (), "Changed"), "some are not: then none are"
    assert loaded.rows.column_names == ["Nbr", "stamp"]


@pytest.mark.parametrize("merged", [True, False])
def test_a_table_without_columns_about_its_loads_is_read_back(
    pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch, merged: bool
) -> None:
    """Somebody else may have made it: then no row says gone, and any of those doubled will do."""
    monkeypatch.setenv("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID", "false")
    twice = rows(("A", 1, NOON), ("A", 1, NOON), ("B", 1, LATER))
    pipeline.run([twice], table_name="Order", loader_file_format="parquet")
    known = set(pipeline.dataset()["order"].columns_schema)
    assert known.isdisjoint({"_deleted", "_dlt_load_id"})
    assert held(pipeline, merged=merged) == [("A", 1, NOON), ("B", 1, LATER)]


def test_the_stamp_may_be_part_of_the_identity(pipeline: dlt.Pipeline) -> None:
    load(pipeline, WriteMode.REPLACE, rows(("A", 1, NOON)))
    loaded = read_back(pipeline, naming=Naming(("Type", "Changed"), (), "Changed"))
    assert loaded is not None
    assert loaded.rows.to_pylist() == [{"Type": "A", "Changed": NOON, "stamp": NOON}]


def test_what_cannot_be_read_back_is_told(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    load(pipeline, WriteMode.REPLACE, rows(("A", 1, NOON)))
    assert read_back(pipeline, "Invoice") is None
    assert "invoice cannot be read back, so deletions go unseen" in caplog.text
    assert read_back(pipeline, naming=Naming(KEYS, (), "Unheard")) is None
