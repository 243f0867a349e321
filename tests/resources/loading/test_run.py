"""A run ends with the destination as the source is, and writes no more than that takes."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

import dlt
import pyarrow as pa
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.paging.keyset import Position
from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.rhythm import Rhythm
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.single_records import Unreadable
from acumatica_source.reading.terms import LoadingTerms, OnDelete
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.run import load
from acumatica_source.resources.loading.state import ResourceState
from tests.resources.loading.orders import (
    MINUTE,
    NO_RHYTHM,
    NOON,
    Order,
    OrderReader,
    held,
    shown,
    sync,
)

DAY = 24 * 60 * MINUTE
ANY_NUMBER = LoadingTerms(DeletionLimit(allowed=True))


def some(count: int = 7) -> list[Order]:
    """Orders of which every other has lines, each stamped a day after the one before."""
    return [
        Order(f"o{n}", n, NOON - (count - n) * DAY, lines=(n, 10 * n)[: n % 2 * 2])
        for n in range(count)
    ]


def state_of(pipeline: dlt.Pipeline) -> ResourceState:
    found: list[ResourceState] = []

    @dlt.resource(name="orders")
    def reading() -> Any:
        found.append(ResourceState.read("orders"))
        yield from ()

    pipeline.extract(reading())
    return found[0]


def test_runs_end_as_the_source_is(pipeline: dlt.Pipeline) -> None:
    """All at first; then what was modified, whatever its stamp, and what was deleted."""
    reader = OrderReader(some())
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert report.rows_read == {"Order": 7, "Order__Lines": 6}
    assert reader.asked == [("pages", None)]

    o0, o1, o2, o3, o4, *_ = reader.orders
    reader.orders = [
        replace(o0, Memo="by stamp", Changed=NOON + MINUTE),
        replace(o1, Memo="not by stamp", Changed=NOON - 5 * DAY, lines=()),
        replace(o2, lines=(20, 21, 22), Changed=NOON + MINUTE),
        replace(o3, lines=(30,), Changed=NOON + MINUTE),
        replace(o4, Memo="unnoticed, and nothing can notice it"),
        Order("new", 70, NOON + 2 * MINUTE, lines=(1, 2)),
        Order("late", 71, NOON - 3 * DAY / 2, lines=(3,)),
    ]
    report = sync(pipeline, reader)
    assert held(pipeline) == {**shown(reader.orders), **shown([o4])}
    assert report.deleted == {"orders": 2}
    assert report.rows_read == {"Order": 6, "Order__Lines": 7}
    since = NOON - DAY - 5 * MINUTE
    assert reader.asked == [
        "stamps",
        ("pages", since),
        ("rows", 2),
        ("existing", 2),
    ], "what changed is read once, and what came by stamp is not asked for by name"

    report = sync(pipeline, reader)
    assert not any(report.rows_read.values()), "nothing is written again"
    assert not any(report.deleted.values())
    assert reader.asked == ["stamps"], "the list alone tells that nothing has changed"


def test_tables_without_rows_are_made_with_all_columns(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader([])
    report = sync(pipeline, reader)
    assert held(pipeline) == {}
    assert not report.rows_read
    assert set(pipeline.dataset()["order__lines"].columns_schema) >= {
        *("_parent_id", "_position", "qty", "_deleted")
    }
    assert state_of(pipeline).watermark is None
    reader.orders = some()
    sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert reader.asked == [("pages", None)]


def test_a_run_notes_how_far_it_came(pipeline: dlt.Pipeline) -> None:
    broken = Unreadable("o9", "An error has occurred.")
    reader = OrderReader(some(3), undeclared=["Order/Odd"], unreadable=[broken])
    report = sync(pipeline, reader)
    state = state_of(pipeline)
    assert state.watermark == NOON - DAY, "the newest stamp: the clock that stamps may be behind"
    assert state.filled == {"Order__Lines"}
    assert state.undeclared == {"Order/Odd"}
    assert report.unreadable == {"orders": [broken]}

    reader.orders = [Order("o3", 3, NOON + 9 * MINUTE), Order("o4", 4, NOON), Order("o5", 5, None)]
    reader.undeclared, reader.unreadable = [], []
    sync(pipeline, reader, rhythm=NO_RHYTHM)
    state = state_of(pipeline)
    assert state.watermark == NOON + MINUTE, "the clock: later rows may have been paged past"
    assert state.undeclared == set()


def test_only_where_lines_have_been_are_they_taken_out(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader([Order("a", 1), Order("b", 2)])
    sync(pipeline, reader)
    assert state_of(pipeline).filled == set()
    reader.orders = [Order("a", 1, NOON + MINUTE)]
    report = sync(pipeline, reader)
    assert report.deleted == {"orders": 1}
    assert state_of(pipeline).filled == set()
    reader.orders = [Order("a", 1, NOON + 2 * MINUTE, lines=(5,))]
    sync(pipeline, reader)
    assert state_of(pipeline).filled == {"Order__Lines"}
    reader.orders = [Order("a", 1, NOON + 3 * MINUTE)]
    sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)


def test_details_below_one_without_rows_are_loaded(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader([Order("a", 1)], details=("Lines", "Taxes"))
    sync(pipeline, reader)
    reader.orders = [Order("a", 1, NOON + MINUTE, taxes=(7, 8))]
    report = sync(pipeline, reader)
    assert report.rows_read["Order__Taxes"] == 2
    assert state_of(pipeline).filled == {"Order__Taxes"}
    taxes = pipeline.dataset()["order__taxes"].select("_parent_id", "qty").fetchall()
    assert sorted(taxes) == [("a", 7), ("a", 8)]


def test_two_pages_are_read_ahead_of_the_pipeline(pipeline: dlt.Pipeline) -> None:
    """Enough to keep it busy, and no more than that is held in memory."""
    reader = OrderReader(some(7), page_size=1, details=())
    whole, read = reader.pages, 0

    def counted(*args: Any, **options: Any) -> Generator[ParsedPage, None, None]:
        nonlocal read
        for page in whole(*args, **options):
            read += 1
            yield page

    @dlt.resource(name="orders")
    def orders() -> Any:
        how = LoadOptions("orders", MINUTE, rhythm=Rhythm(), full=False, row_options="")
        with ThreadPoolExecutor(1) as executor:
            items = load(reader, executor, how, RunReport())
            yield from islice(items, 2)  # a table without rows, and the first page
            deadline = time.monotonic() + 2
            while read < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.05)
            yield from items if read == 3 else ()

    reader.pages = counted  # type: ignore[method-assign]
    pipeline.extract(orders())
    assert read == 7, "these are read once the first ones are taken"


def test_details_are_formed_and_orders_are_not(pipeline: dlt.Pipeline) -> None:
    def form(rows: Any) -> Any:
        return rows.set_column(2, "Qty", [[10 * (q or 0) for q in rows.column("Qty").to_pylist()]])

    reader = OrderReader([Order("a", 1, lines=(1, 2)), Order("b", 2, lines=(3,))])
    sync(pipeline, reader, form=form)
    assert held(pipeline) == {"a": (1, "as it was", [10, 20]), "b": (2, "as it was", [30])}
    reader.orders = [Order("a", 1, NOON + MINUTE, lines=(4,))]
    sync(pipeline, reader, form=form)
    assert held(pipeline) == {"a": (1, "as it was", [40])}


@pytest.mark.parametrize(
    ("change", "options", "why"),
    [
        (lambda reader: None, {"full": True}, ""),
        (lambda reader: None, {"row_options": "other"}, "orders: its options have changed"),
        (
            lambda reader: setattr(reader, "columns", (*reader.columns, "Novel")),
            {},
            "orders: its contract has new columns (Order.Novel); loading all anew",
        ),
        (
            lambda reader: setattr(reader, "shows_stamp", False),
            {},
            "The stamp cannot be shown. It is loaded whole.",
        ),
    ],
    ids=["full", "other options", "a new column", "stamps not shown"],
)
def test_what_cannot_be_followed_is_loaded_anew(
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[OrderReader], None],
    options: dict[str, Any],
    why: str,
) -> None:
    reader = OrderReader(some(4))
    sync(pipeline, reader)
    change(reader)
    reader.orders = [replace(one, Memo="only a new load can see this") for one in some(4)[1:]]
    report = sync(pipeline, reader, **options)
    assert held(pipeline) == shown(reader.orders)
    assert reader.asked[-2:] == [("pages", None), ("existing", 1)]
    assert report.rows_read["Order"] == 3
    assert report.deleted == {"orders": 1}
    assert why in caplog.text
    assert state_of(pipeline).watermark == NOON - DAY


def test_what_the_source_cannot_ask_for_by_stamp_is_loaded_anew(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    reader = OrderReader(some(6))
    sync(pipeline, reader)
    reader.takes_stamp = False
    reader.orders = [replace(one, Memo="changed", Changed=NOON) for one in some(6)[1:]]
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert reader.asked == [
        "stamps",
        ("pages", NOON - DAY - 5 * MINUTE),
        ("pages", None),
        ("existing", 1),
    ]
    assert report.deleted == {"orders": 1}
    assert "The stamp cannot be compared. It is loaded whole." in caplog.text


def test_a_load_anew_goes_by_the_rows_it_brings(pipeline: dlt.Pipeline) -> None:
    """Details without rows have nothing to delete then; the watermark may go back."""
    reader = OrderReader([Order("a", 1, NOON, lines=(1,))])
    sync(pipeline, reader)
    reader.orders = [Order("b", 2, NOON - DAY)]
    sync(pipeline, reader, full=True, terms=ANY_NUMBER)
    state = state_of(pipeline)
    assert (state.filled, state.watermark) == (set(), NOON - DAY)


def test_without_a_stamp_every_run_replaces(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(), stamp=None)
    sync(pipeline, reader)
    reader.orders = reader.orders[2:]
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert reader.asked == [("pages", None), ("existing", 2)]
    assert report.rows_read["Order"] == 5
    assert state_of(pipeline).watermark is None


@pytest.mark.parametrize("full", [False, True], ids=["sweep", "reload"])
def test_archived_orders_are_no_deleted_ones(pipeline: dlt.Pipeline, full: bool) -> None:
    """They leave the table that is to be without them, on record, and however many they are."""
    reader = OrderReader(some(40))
    sync(pipeline, reader)
    deleted, *rest = reader.orders
    reader.orders = [replace(one, listed=False, archived=True) for one in rest[:35]] + rest[35:]
    report = sync(pipeline, reader, full=full)
    assert held(pipeline) == shown(rest[35:])
    assert report.deleted == {"orders": 1}
    with pipeline.sql_client() as client:
        found = client.execute_sql("SELECT found_by, count(*), min(id) FROM _deletions GROUP BY 1")
    counts = {how: (count, first) for how, count, first in found or ()}
    assert counts["archived"][0] == 35
    assert counts["reload" if full else "sweep"] == (1, deleted.id)


@pytest.mark.parametrize("way", list(OnDelete))
def test_ids_of_a_session_are_no_deletions_where_nothing_else_tells_orders(
    pipeline: dlt.Pipeline, way: OnDelete
) -> None:
    """Without stamp and keys, all are read in every run, and each time under other ids."""
    terms = LoadingTerms(on_delete=way)
    reader = OrderReader(some(30), stamp=None)
    sync(pipeline, reader, terms=terms)
    for number in range(2):
        reader.orders = [replace(one, id=f"{one.Nbr} of {number}") for one in reader.orders[1:]]
        report = sync(pipeline, reader, terms=terms)
        assert held(pipeline) == shown(reader.orders)
        assert report.deleted == {"orders": 1}
    reader.orders = []
    with pytest.raises(PipelineStepFailed, match="28 of its 28 loaded rows"):
        sync(pipeline, reader, terms=terms)


def test_without_a_sweep_only_stamps_tell(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(4))
    sync(pipeline, reader)
    before = shown(reader.orders)
    changed = Order("o1", 1, NOON, "by stamp")
    reader.orders = [changed, replace(reader.orders[2], Memo="x", Changed=NOON - 3 * DAY)]
    report = sync(pipeline, reader, rhythm=NO_RHYTHM)
    assert held(pipeline) == {**before, **shown([changed])}
    assert not report.deleted
    assert reader.asked == [("pages", NOON - DAY - 5 * MINUTE)]


def test_ids_none_of_which_is_loaded_are_refused(pipeline: dlt.Pipeline) -> None:
    """They may be those of another instance."""
    reader = OrderReader(some())
    sync(pipeline, reader)
    before = shown(reader.orders)
    reader.orders = [replace(one, id=f"{one.id} again") for one in reader.orders]
    with pytest.raises(PipelineStepFailed, match="none has an id that the source shows now"):
        sync(pipeline, reader)
    assert held(pipeline) == before


def test_ids_none_of_which_is_loaded_take_their_place_if_they_may(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    reader = OrderReader(some())
    sync(pipeline, reader)
    reader.orders = [replace(one, id=f"{one.id} again") for one in reader.orders]
    report = sync(pipeline, reader, terms=ANY_NUMBER)
    assert held(pipeline) == shown(reader.orders)
    assert report.deleted == {"orders": 7}
    assert "Order: no row has the identity it was loaded with; loading all anew." in caplog.text


def test_another_id_in_a_session_is_no_other_order(pipeline: dlt.Pipeline) -> None:
    """It takes the place of the former one where the order was modified, and is ignored else."""
    reader = OrderReader(some(), keys=("Nbr",))
    sync(pipeline, reader)
    first = reader.orders
    by_stamp = Order("another 1", 1, NOON, "by stamp", lines=(7,))
    by_sweep = Order("another 3", 3, NOON - 30 * DAY, "by sweep", lines=(8, 9))
    untouched = [replace(one, id=f"another {one.Nbr}") for one in (first[0], first[5])]
    reader.orders = [by_stamp, by_sweep, *untouched, first[2], first[4], first[6]]
    report = sync(pipeline, reader)
    kept = [first[n] for n in (0, 2, 4, 5, 6)]
    assert held(pipeline) == shown([*kept, by_stamp, by_sweep])
    assert not any(report.deleted.values()), "nothing was deleted at the source"
    assert report.rows_read["Order"] == 2


def test_an_order_that_has_come_is_not_asked_for_under_the_id_of_a_list(
    pipeline: dlt.Pipeline,
) -> None:
    """Lists may show other ids than pages; the number tells that it is the same order."""

    class ListsOtherIds(OrderReader):
        def stamps(
            self,
            since: datetime | None = None,
            until: datetime | None = None,
            after: Position | None = None,
            loaded: LoadedRows | None = None,
        ) -> Generator[pa.Table, None, None]:
            for page in super().stamps(since, until, after, loaded):
                ids = [f"{one} of a list" for one in page.column("id").to_pylist()]
                yield page.set_column(0, "id", [ids])

    reader = ListsOtherIds(some(3), keys=("Nbr",))
    sync(pipeline, reader)
    reader.orders[1] = replace(reader.orders[1], Memo="by stamp", Changed=NOON)
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert reader.asked == ["stamps", ("rows", 1)]
    assert report.rows_read["Order"] == 1


def test_another_id_is_noticed_without_a_sweep_too(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(3), keys=("Nbr",))
    sync(pipeline, reader)
    reader.orders = [Order("another", 1, NOON, "by stamp")]
    report = sync(pipeline, reader, rhythm=NO_RHYTHM)
    first = some(3)
    assert held(pipeline) == shown([first[0], first[2], *reader.orders])
    assert not any(report.deleted.values())
    sync(pipeline, reader, rhythm=NO_RHYTHM)
    assert reader.asked == [("pages", NOON - 5 * MINUTE)], "no other has its number now"


def test_two_orders_of_one_number_are_both_kept(pipeline: dlt.Pipeline) -> None:
    """Keys do not name rows there, so one does not take the place of the other."""
    reader = OrderReader([Order("a", 1), Order("b", 1), Order("c", 2)], keys=("Nbr",))
    sync(pipeline, reader)
    reader.orders[1] = Order("b", 1, NOON + MINUTE, "changed")
    reader.orders.append(Order("d", 2, NOON, "with the stamp of c, too"))
    sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    reader.orders[0] = Order("a", 1, NOON + 2 * MINUTE, "changed, and nothing is listed")
    reader.keys = ("Nbr",)
    sync(pipeline, reader, rhythm=NO_RHYTHM)
    assert held(pipeline) == shown(reader.orders)
    assert reader.asked == [("pages", NOON - 4 * MINUTE), ("rows", 1)], "whether b is there still"


def test_numbers_that_orders_share_name_none_of_them(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """Changed past the stamps, under one number with others: only the id tells which it is."""
    reader = OrderReader([Order(one, 1) for one in "abcde"], keys=("Nbr",))
    sync(pipeline, reader)
    early = NOON - 5 * DAY
    reader.orders = [
        *(replace(one, Changed=early, Memo="changed") for one in reader.orders[:2]),
        *reader.orders[2:4],
        Order("new", 1, early),
        Order("newer", 1, early),
    ]
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert report.deleted == {"orders": 1}
    assert ("pages", None) not in reader.asked[:2]
    assert "several rows share their Nbr; they are told by their identity alone" in caplog.text


def test_ids_that_change_under_a_shared_number_have_all_loaded_anew(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    reader = OrderReader([Order(one, 1) for one in "abcde"], keys=("Nbr",))
    sync(pipeline, reader)
    reader.orders = [*reader.orders[:3], *(Order(one, 1) for one in "xy")]
    sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert reader.asked == ["stamps", ("pages", None)]
    assert "share their Nbr, and identities differ; loading all anew" in caplog.text


@pytest.mark.parametrize("keys", [(), ("Nbr",)])
def test_an_order_that_a_list_left_out_is_not_deleted(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture, keys: tuple[str, ...]
) -> None:
    reader = OrderReader(some(5), keys=keys)
    sync(pipeline, reader)
    for one in reader.orders[1:3]:
        one.listed = False
    gone = reader.orders.pop(3)
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert gone.id not in held(pipeline)
    assert report.deleted == {"orders": 1}
    assert "Order: 2 rows are there although the list did not show them." in caplog.text


def test_keys_that_are_not_loaded_cannot_tell_whether_an_order_is_left(
    pipeline: dlt.Pipeline,
) -> None:
    reader = OrderReader(some(3), keys=("Nbr", "Novel"))
    reader.columns = ("id", "Nbr", "Novel", "Changed", "Memo")
    sync(pipeline, reader)
    with pipeline.sql_client() as client:
        client.execute_sql('ALTER TABLE "order" DROP COLUMN novel')
    del pipeline.default_schema.tables["order"]["columns"]["novel"]
    reader.orders = reader.orders[1:]
    expected = frozenset({("Order", "id")})
    sync(pipeline, reader, full=False, expected=expected, row_options="")
    assert ("existing", 1) not in reader.asked


def test_what_is_outdated_is_read_in_the_fewest_requests(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(9))
    sync(pipeline, reader)
    pages, by_name = ("pages", None), "rows"
    cases = [
        (1, 2, 3, (by_name, 1)),
        (6, 2, 3, (by_name, 6)),
        (7, 2, 3, pages),  # 4 requests by name, 3 for all
        (2, 1, 3, (by_name, 2)),
        (4, 1, 3, pages),
        (2, 2, 20, (by_name, 2)),  # one request is never too many
        (3, 2, 20, pages),
    ]
    for run, (outdated, reader.named_at_once, reader.page_size, asked) in enumerate(cases):
        reader.orders = [
            replace(one, Memo=f"past the stamp, in run {run}", Changed=NOON - (50 + run) * DAY)
            if n < outdated
            else one
            for n, one in enumerate(reader.orders)
        ]
        report = sync(pipeline, reader)
        assert held(pipeline) == shown(reader.orders)
        assert reader.asked[1] == asked
        assert report.rows_read["Order"] == outdated, "of pages, only what is outdated is written"


def test_an_order_that_comes_twice_is_written_once(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(5))
    sync(pipeline, reader)
    reader.repeats = ["o0", "o1", "new"]
    reader.orders = [
        *(replace(one, Memo="changed", Changed=NOON) for one in reader.orders[:2]),
        *reader.orders[2:],
        Order("new", 9, NOON, lines=(1, 2, 3)),
    ]
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert report.rows_read == {"Order": 3, "Order__Lines": 5}


def test_orders_that_are_loaded_twice_are_mended(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(5))
    sync(pipeline, reader)
    with pipeline.sql_client() as client:
        client.execute_sql("INSERT INTO \"order\" SELECT * FROM \"order\" WHERE id in ('o1', 'o4')")
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert report.rows_read["Order"] == 2


def test_a_table_without_details_may_have_several_columns_as_its_identity(
    pipeline: dlt.Pipeline,
) -> None:
    def rows() -> list[tuple[Any, ...]]:
        return sorted(pipeline.dataset()["order"].select("id", "nbr", "memo").fetchall())

    orders = [Order("a", 1), Order("a", 2), Order("b", 1), Order("b", 2)]
    reader = OrderReader(orders, identity=("id", "Nbr"), details=())
    sync(pipeline, reader)
    reader.orders = [Order("a", 1), Order("a", 2, NOON + MINUTE, "new"), Order("b", 2)]
    report = sync(pipeline, reader)
    assert rows() == [("a", 1, "as it was"), ("a", 2, "new"), ("b", 2, "as it was")]
    assert report.deleted == {"orders": 1}
    assert report.rows_read == {"Order": 1}


def test_notes_about_columns_are_said_once(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    sync(pipeline, OrderReader(some(9), notes=("Memo is longer than declared",)))
    assert caplog.text.count("orders: Memo is longer than declared") == 1


def test_a_reader_is_told_what_is_loaded_as_it_is(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(5), skips_loaded=True)
    sync(pipeline, reader)
    reader.orders[4] = replace(reader.orders[4], Memo="changed", Changed=NOON)
    report = sync(pipeline, reader)
    assert held(pipeline) == shown(reader.orders)
    assert report.rows_read["Order"] == 1


def test_columns_that_nobody_expects_are_not_missed(pipeline: dlt.Pipeline) -> None:
    """Custom fields come and go without a new load."""
    expected = frozenset({("Order", "id")})
    reader = OrderReader(some(3))
    sync(pipeline, reader, expected=expected)
    reader.columns = (*reader.columns, "Novel")
    sync(pipeline, reader, expected=expected)
    assert reader.asked[0] == "stamps"


def test_a_damaged_state_is_refused_by_name(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(3))
    sync(pipeline, reader)

    @dlt.resource(name="orders")
    def damage() -> Any:
        dlt.current.resource_state("orders")["watermark"] = "noon"
        yield from ()

    pipeline.run(damage())
    with pytest.raises(PipelineStepFailed, match="state of orders in this dataset is damaged"):
        sync(pipeline, reader)
