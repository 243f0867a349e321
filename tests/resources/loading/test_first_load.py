"""A first load commits window by window, and ends as the source is whatever happens between."""

from dataclasses import replace
from datetime import timedelta

import dlt
import pytest

from acumatica_source.reading.terms import LoadingTerms
from tests.resources.loading.orders import MINUTE, NOON, Order, OrderReader, held, shown, sync

pytestmark = pytest.mark.slow

WINDOWS = LoadingTerms(window=timedelta(microseconds=1))
DAY = timedelta(days=1)


def some(count: int = 8) -> list[Order]:
    return [Order(f"o{n}", n, NOON - (count - n) * DAY, lines=(n, n)) for n in range(count)]


def kept(pipeline: dlt.Pipeline) -> dict[str, object]:
    return dict(pipeline.state["sources"]["test"]["resources"]["orders"])


def test_each_window_is_committed_and_the_next_goes_on(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(40), keys=("Nbr",))
    loaded: list[int] = [0]
    while sync(pipeline, reader, terms=WINDOWS).unfinished:
        (asked,) = reader.asked
        assert asked == ("pages", loaded[-1] - 1 if loaded[-1] else None), "behind what is loaded"
        there = held(pipeline)
        loaded.append(len(there))
        assert there == shown(reader.orders[: len(there)])
        assert "watermark" not in kept(pipeline)
        reader.started = NOON + len(loaded) * 60 * MINUTE
    assert len(loaded) > 2
    assert held(pipeline) == shown(reader.orders)
    assert "first" not in kept(pipeline)
    assert kept(pipeline)["watermark"] == (NOON - DAY).isoformat()
    sync(pipeline, reader, terms=WINDOWS)
    assert reader.asked == ["stamps"]


def test_what_happens_meanwhile_is_mended_by_the_next_run(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(40), keys=("Nbr",), listed_at_once=25)
    assert sync(pipeline, reader, terms=WINDOWS).unfinished
    reader.orders[0] = replace(reader.orders[0], Memo="changed", Changed=NOON + 2 * MINUTE)
    del reader.orders[1]
    reader.orders.insert(0, Order("early", -1, NOON + 3 * MINUTE))
    reader.orders[-1] = replace(reader.orders[-1], Changed=NOON + 5 * MINUTE)
    reader.started = NOON + 9 * MINUTE
    while sync(pipeline, reader, terms=WINDOWS).unfinished:
        pass
    assert held(pipeline) != shown(reader.orders)
    assert kept(pipeline)["watermark"] == (NOON + MINUTE).isoformat(), "when the first one began"
    for _ in range(3):
        sync(pipeline, reader, verify_requests=1)
    assert held(pipeline) == shown(reader.orders)


def test_without_a_window_it_is_read_to_the_end(pipeline: dlt.Pipeline) -> None:
    reader = OrderReader(some(40), keys=("Nbr",))
    assert sync(pipeline, reader, terms=WINDOWS).unfinished
    assert not sync(pipeline, reader).unfinished
    assert held(pipeline) == shown(reader.orders)


@pytest.mark.parametrize("why", ["full", "another column", "a lost table"])
def test_it_begins_anew_where_it_cannot_go_on(pipeline: dlt.Pipeline, why: str) -> None:
    reader = OrderReader(some(40), keys=("Nbr",))
    assert sync(pipeline, reader, terms=WINDOWS).unfinished
    options: dict[str, object] = {}
    match why:
        case "full":
            options["full"] = True
        case "another column":
            reader.columns = (*reader.columns, "Novel")
        case _:
            options["lost"] = {"order"}
            with pipeline.sql_client() as client:
                client.execute_sql('DROP TABLE "order"')
    report = sync(pipeline, reader, terms=WINDOWS, **options)
    assert reader.asked[0] == ("pages", None)
    while report.unfinished:
        report = sync(pipeline, reader, terms=WINDOWS)
    assert held(pipeline) == shown(reader.orders)


@pytest.mark.parametrize("what", ["order", "stamp", "identity", "full"])
def test_what_cannot_go_on_is_loaded_at_once(pipeline: dlt.Pipeline, what: str) -> None:
    reader = OrderReader(some(40), keys=("Nbr",))
    if what == "full":
        assert not sync(pipeline, reader, terms=WINDOWS, full=True).unfinished
        return
    if what == "order":
        reader.goes_by_keys = False
    elif what == "stamp":
        reader.stamp = None
    else:
        reader.identity, reader.details, reader.stamp = (), (), None
    assert not sync(pipeline, reader, terms=WINDOWS).unfinished
    found = pipeline.dataset()["order"].select("nbr").fetchall()
    assert len(found) == 40


def test_files_are_added_to(files: dlt.Pipeline) -> None:
    reader = OrderReader(some(), keys=("Nbr",))
    while sync(files, reader, terms=WINDOWS).unfinished:
        pass
    found = files.dataset()["order"].select("nbr").fetchall()
    assert sorted(one for (one,) in found) == list(range(8))
