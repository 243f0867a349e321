"""Where a destination can only be appended to, what is new stands beside what was there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dlt
import pyarrow.parquet as pq
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.terms import LoadingTerms
from tests.resources.loading.orders import MINUTE, NOON, Order, OrderReader, sync


def by_load(pipeline: dlt.Pipeline, table: str, *columns: str) -> list[list[tuple[Any, ...]]]:
    """The rows of each load, sorted."""
    names = [*columns, "_deleted", "_dlt_load_id"]
    rows = pipeline.dataset()[table].select(*names).arrow()
    assert rows is not None
    loads: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows.to_pylist():
        loads.setdefault(row.pop("_dlt_load_id"), []).append(tuple(row.values()))
    return [sorted(loads[one], key=repr) for one in sorted(loads)]


def test_only_what_changed_is_appended_and_what_is_gone_is_marked(files: dlt.Pipeline) -> None:
    reader = OrderReader(
        [Order("a", 1, lines=(1,)), Order("b", 2, lines=(2, 3)), Order("c", 3), Order("d", 4)]
    )
    sync(files, reader)
    a, b, c, _ = reader.orders
    reader.orders = [
        a,
        replace(b, lines=(), Changed=NOON + MINUTE),
        replace(c, Memo="by sweep", Changed=NOON - 99 * MINUTE, lines=(9,)),
    ]
    report = sync(files, reader)
    assert (report.rows_read["Order"], report.deleted["orders"]) == (2, 1)
    report = sync(files, reader)
    assert not any([*report.rows_read.values(), *report.deleted.values()])

    before = "as it was"
    assert by_load(files, "order", "id", "memo") == [
        [(one, before, None) for one in "abcd"],
        [("b", before, None), ("c", "by sweep", None), ("d", None, True)],
    ]
    assert by_load(files, "order__lines", "_parent_id", "qty") == [
        [("a", 1, None), ("b", 2, None), ("b", 3, None)],
        [("b", None, True), ("c", 9, None), ("d", None, True)],
    ]


def test_what_came_back_is_appended_and_gone_rows_are_marked_once(files: dlt.Pipeline) -> None:
    orders = [Order("a", 1), Order("b", 2)]
    reader = OrderReader(orders)
    sync(files, reader)
    for there in (orders[:1], orders[:1], orders):
        reader.orders = there
        sync(files, reader)
    assert by_load(files, "order", "id") == [
        [("a", None), ("b", None)],
        [("b", True)],
        [("b", None)],
    ]
    assert by_load(files, "order__lines", "_parent_id") == [], "they never had any"


def test_a_destination_that_cannot_be_read_gets_what_stamps_tell(tmp_path: Path) -> None:
    """Deletions go unseen, and an order of the lag comes again."""
    got: list[list[str]] = []

    @dlt.destination(batch_size=0, loader_file_format="parquet")
    def sink(file: Any, table: Any, /) -> None:
        if table["name"] == "Order":
            got.append(sorted(pq.read_table(file).column("id").to_pylist()))

    blind = dlt.pipeline("blind", destination=sink, pipelines_dir=str(tmp_path / "pipelines"))
    reader = OrderReader(
        [Order("a", 1, NOON - 9 * MINUTE), Order("b", 2), Order("c", 3)], keys=("Nbr",)
    )
    sync(blind, reader)
    reader.orders = [*reader.orders[:2], Order("d", 4, NOON + MINUTE)]
    report = sync(blind, reader)
    assert got == [["a", "b", "c"], ["b", "d"]]
    assert not report.deleted
    assert reader.asked == [("pages", NOON - 5 * MINUTE)]


@pytest.mark.parametrize("keys", [{}, {"identity": ()}], ids=["by id", "without a key"])
def test_what_cannot_be_read_back_is_not_replaced(
    files: dlt.Pipeline, tmp_path: Path, keys: dict[str, Any]
) -> None:
    """Nobody could tell which rows leave; who means it may say so."""
    reader = OrderReader([Order("a", 1), Order("b", 2)], stamp=None, **keys)
    sync(files, reader)
    (first, *_) = sorted((tmp_path / "lake" / "erp" / "order").glob("*.parquet"))
    first.write_bytes(first.read_bytes()[:-40])
    with pytest.raises(PipelineStepFailed, match=r"order cannot be read back.*--allow-deletes"):
        sync(files, reader)
    sync(files, reader, terms=LoadingTerms(DeletionLimit(allowed=True)))
    assert len(files.dataset()["order"].fetchall()) == len(reader.orders)
