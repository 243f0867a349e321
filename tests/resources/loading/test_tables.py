"""Rows get into a destination by the mode, the keys and the marks of their table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest

from acumatica_source.resources.loading.tables import (
    Target,
    WriteMode,
    blank,
    childless,
    concat_with_flag,
    merging_mode,
    tombstones,
    with_flag,
)

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("Qty", pa.int64()),
        pa.field("Rate", pa.decimal128(38, 10)),
    ]
)


def orders(**quantities: int | None) -> pa.Table:
    ids, given = list(quantities), list(quantities.values())
    return pa.table([ids, given, [None] * len(ids)], schema=SCHEMA)


def load(
    pipeline: dlt.Pipeline, mode: WriteMode, *pages: pa.Table, **keys: tuple[str, ...]
) -> None:
    given = keys or {"primary_key": ("id",)}
    target = Target("Order", mode, given.get("primary_key", ()), given.get("merge_key", ()))

    @dlt.resource(name="orders")
    def rows() -> Any:
        for page in pages:
            yield target.carry(page)

    pipeline.run(rows(), loader_file_format="parquet")


def held(pipeline: dlt.Pipeline) -> list[tuple[Any, ...]]:
    """Id, quantity and `_deleted` of every row."""
    return sorted(pipeline.dataset()('SELECT id, qty, _deleted FROM "order"').fetchall(), key=repr)


def gone(*ids: str) -> pa.Table:
    return tombstones(SCHEMA, pa.table({"id": ids}))


def test_merged_rows_replace_their_namesakes_and_those_gone_are_taken_out(
    pipeline: dlt.Pipeline,
) -> None:
    load(pipeline, WriteMode.REPLACE, orders(a=1, b=2, c=3))
    load(pipeline, WriteMode.MERGE, orders(b=20, d=4), gone("a"))
    assert held(pipeline) == [("b", 20, None), ("c", 3, None), ("d", 4, None)]


def test_appended_rows_stay_also_those_that_say_gone(pipeline: dlt.Pipeline) -> None:
    load(pipeline, WriteMode.REPLACE, orders(a=1, b=2))
    load(pipeline, WriteMode.APPEND, orders(b=20), gone("a"))
    assert held(pipeline) == [("a", 1, None), ("a", None, True), ("b", 2, None), ("b", 20, None)]


@pytest.mark.parametrize("mode", WriteMode)
def test_only_where_rows_are_merged_does_the_mark_delete(
    pipeline: dlt.Pipeline, mode: WriteMode
) -> None:
    load(pipeline, mode, orders(a=1))
    mark = pipeline.default_schema.tables["order"]["columns"]["_deleted"]
    assert mark.get("hard_delete", False) is (mode is WriteMode.MERGE)


def test_a_replaced_table_holds_the_rows_of_this_run(pipeline: dlt.Pipeline) -> None:
    load(pipeline, WriteMode.REPLACE, orders(a=1, b=2))
    load(pipeline, WriteMode.REPLACE, orders(c=3), orders(d=4))
    assert held(pipeline) == [("c", 3, None), ("d", 4, None)]


def test_lines_are_replaced_with_their_parent(pipeline: dlt.Pipeline) -> None:
    """Several rows have the same key then, and all of them count."""
    lines = {"merge_key": ("id",)}
    load(pipeline, WriteMode.REPLACE, orders(a=1, b=2), orders(a=3), **lines)
    load(pipeline, WriteMode.MERGE, orders(a=10), orders(a=30), gone("b"), **lines)
    assert held(pipeline) == [("a", 10, None), ("a", 30, None)]


def test_tables_of_one_resource_keep_their_own_columns_and_modes(pipeline: dlt.Pipeline) -> None:
    parents = Target("Order", WriteMode.MERGE, primary_key=("id",))
    lines = Target("Line", WriteMode.APPEND, merge_key=("id",))

    @dlt.resource(name="orders")
    def rows() -> Any:
        yield parents.carry(orders(a=1).append_column("Qty__v_text", pa.array(["one"])))
        yield lines.carry(orders(a=1))

    pipeline.extract(rows())
    tables = pipeline.default_schema.tables
    modes = {name: tables[name].get("write_disposition") for name in ("order", "line")}
    assert modes == {"order": "merge", "line": "append"}
    assert "qty__v_text" in tables["order"]["columns"]
    assert "qty__v_text" not in tables["line"]["columns"]


def test_targets_are_values() -> None:
    assert len({Target("Order", WriteMode.MERGE), Target("Order", WriteMode.MERGE)}) == 1


def test_columns_beside_one_of_another_type_are_marked(pipeline: dlt.Pipeline) -> None:
    variant = orders(a=1).append_column("Qty__v_text", pa.array(["one"]))
    load(pipeline, WriteMode.REPLACE, variant)
    columns = pipeline.default_schema.tables["order"]["columns"]
    assert [name for name, column in columns.items() if column.get("variant")] == ["qty__v_text"]


@pytest.mark.parametrize(
    ("destination", "mode"),
    [
        (lambda folder: dlt.destinations.duckdb(f"{folder}/x.duckdb"), WriteMode.MERGE),
        (lambda folder: dlt.destinations.filesystem(str(folder)), WriteMode.APPEND),
        (lambda folder: dlt.destinations.destination(lambda items, table: None), WriteMode.APPEND),
    ],
    ids=["database", "files", "function"],
)
def test_what_cannot_delete_is_appended_to(
    tmp_path: Path, destination: Callable[[Path], Any], mode: WriteMode
) -> None:
    current = dlt.pipeline("modes", destination=destination(tmp_path), pipelines_dir=str(tmp_path))
    try:
        assert merging_mode() is mode
    finally:
        current.deactivate()


def test_rows_that_say_nothing_of_being_gone_are_there() -> None:
    assert with_flag(orders(a=1, b=2)).column("_deleted").to_pylist() == [None, None]
    assert with_flag(gone("a")).column("_deleted").to_pylist() == [True]


def test_a_row_that_says_gone_has_its_key_and_nothing_else() -> None:
    keys = pa.table({"id": ["a", "b"]})
    assert tombstones(SCHEMA, keys).to_pylist() == [
        {"id": "a", "Qty": None, "Rate": None, "_deleted": True},
        {"id": "b", "Qty": None, "Rate": None, "_deleted": True},
    ]


def test_keys_take_the_type_of_their_column() -> None:
    schema = pa.schema([pa.field("Type", pa.string()), pa.field("Nbr", pa.int64())])
    keys = pa.table({"Nbr": pa.array([7], pa.int32()), "Type": ["A"]})
    rows = tombstones(schema, keys)
    assert rows.schema.field("Nbr").type == pa.int64()
    assert rows.to_pylist() == [{"Type": "A", "Nbr": 7, "_deleted": True}]


def test_blank_rows_have_zeros_where_null_is_not_allowed() -> None:
    schema = pa.schema(
        [
            pa.field("_parent_id", pa.string(), nullable=False),
            pa.field("_position", pa.int64(), nullable=False),
            pa.field("Memo", pa.string()),
        ]
    )
    rows = blank(schema, 2)
    assert (
        rows.to_pylist()
        == [{"_parent_id": "0", "_position": 0, "Memo": None, "_deleted": True}] * 2
    )
    assert rows.schema.field("_deleted") == pa.field("_deleted", pa.bool_())


def test_parents_without_lines_are_told() -> None:
    parents, lines = orders(a=1, b=2, c=3), pa.table({"_parent_id": ["b", "b"]})
    assert childless(parents, lines).to_pylist() == [{"_parent_id": "a"}, {"_parent_id": "c"}]


def test_tables_below_each_other_have_every_column() -> None:
    wider = orders(a=1).append_column("Memo", pa.array(["x"]))
    rows = concat_with_flag([wider, gone("b")]).to_pylist()
    assert [(row["id"], row["Memo"], row["_deleted"]) for row in rows] == [
        ("a", "x", None),
        ("b", None, True),
    ]
