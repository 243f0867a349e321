"""A table that no single request lists is compared by and by, and ends as the source is."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import dlt
import pyarrow as pa
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from hypothesis import given
from hypothesis import strategies as st

from acumatica_source.resources.loading.state import ResourceState, VerificationRound
from acumatica_source.resources.loading.verification import slices
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

DAY = timedelta(days=1)
AT_ONCE = 10


def many(count: int = 45) -> list[Order]:
    return [Order(f"o{n}", n, NOON - (count - n) * DAY, lines=(n,)) for n in range(count)]


def large(orders: list[Order], **options: object) -> OrderReader:
    return OrderReader(orders, listed_at_once=AT_ONCE, page_size=20, **options)  # type: ignore[arg-type]


def state_of(pipeline: dlt.Pipeline) -> ResourceState:
    source = pipeline.state["sources"]["test"]["resources"]["orders"]
    found = ResourceState()
    if "round" in source:
        kept = source["round"]
        reached = kept["reached"] and datetime.fromisoformat(kept["reached"])
        found.round = VerificationRound(
            datetime.fromisoformat(kept["begun"]), reached, kept["gone"], kept["rows"]
        )
    if "verified" in source:
        found.verified = datetime.fromisoformat(source["verified"])
    return found


@pytest.mark.slow
def test_a_run_between_comparisons_asks_for_what_changed_alone(pipeline: dlt.Pipeline) -> None:
    reader = large(many())
    sync(pipeline, reader)
    assert state_of(pipeline).verified == NOON + MINUTE, "a first load has seen all rows"
    reader.orders[3] = replace(reader.orders[3], Memo="changed", Changed=NOON, lines=(1, 2))
    gone = reader.orders.pop(7)
    reader.started = NOON + 60 * MINUTE
    report = sync(pipeline, reader)
    assert reader.asked == [("pages", NOON - DAY - 5 * MINUTE)]
    assert held(pipeline) == {**shown(reader.orders), **shown([gone])}
    assert report.rows_read == {"Order": 1, "Order__Lines": 2}
    sync(pipeline, reader)
    assert reader.asked == [("pages", NOON - 5 * MINUTE)], "nothing changed: one request"


@pytest.mark.slow
@pytest.mark.parametrize("keys", [(), ("Nbr",)], ids=["no keys", "keys"])
@pytest.mark.parametrize("seed", range(3))
def test_a_round_leaves_no_gone_and_no_stale_row(
    pipeline: dlt.Pipeline, keys: tuple[str, ...], seed: int
) -> None:
    chance = random.Random(seed)
    reader = large(many(), keys=keys)
    sync(pipeline, reader)
    reader.started = NOON + DAY + MINUTE
    for place in chance.sample(range(len(reader.orders)), 12):
        old = reader.orders[place]
        when = NOON - chance.randrange(1, 60) * DAY - chance.randrange(9) * MINUTE
        reader.orders[place] = replace(old, Memo=f"past its stamp {place}", Changed=when)
    for place in sorted(chance.sample(range(len(reader.orders)), 4), reverse=True):
        del reader.orders[place]
    reader.orders += [Order(f"late {n}", 100 + n, NOON - n * 9 * DAY) for n in range(3)]
    deleted = 0
    for _ in range(6):
        if chance.random() < 0.5:  # what happens in the middle of a round is seen, too
            place = chance.randrange(len(reader.orders))
            old = reader.orders[place]
            reader.orders[place] = replace(old, Memo="by stamp", Changed=NOON + DAY)
        report = sync(pipeline, reader, verify_requests=1)
        deleted += report.deleted["orders"]
    assert state_of(pipeline).round is None, "some 48 rows are no more than six slices of nine"
    assert held(pipeline) == shown(reader.orders)
    assert deleted == 4
    assert state_of(pipeline).verified == NOON + DAY + MINUTE
    report = sync(pipeline, reader, verify_requests=1)
    assert [one[0] for one in reader.asked] == ["pages"], "not again before another day"
    assert not any(report.rows_read.values())


@pytest.mark.slow
def test_what_a_load_that_was_cut_off_has_left_is_mended_at_once(pipeline: dlt.Pipeline) -> None:
    reader = large(many())
    sync(pipeline, reader)
    with pipeline.sql_client() as client:
        client.execute_sql("UPDATE \"order\" SET _dlt_load_id = '1.5' WHERE nbr = 7")
        client.execute_sql("UPDATE order__lines SET qty = 1 WHERE _parent_id = 'o7'")
    sync(pipeline, reader)
    assert reader.asked == ["stamps", ("rows", 1)], "all rows are compared, whatever the rhythm"
    assert held(pipeline) == shown(reader.orders)
    sync(pipeline, reader)
    assert [one[0] for one in reader.asked] == ["pages"]


@pytest.mark.slow
def test_the_limit_counts_a_whole_round(pipeline: dlt.Pipeline) -> None:
    reader = large(many(300))
    sync(pipeline, reader)
    reader.started = NOON + 2 * DAY
    reader.orders = [one for one in reader.orders if one.Nbr % 5 or one.Nbr > 200]
    gone = 0
    message = ""
    while not message:
        try:
            gone += sync(pipeline, reader, verify_requests=2).deleted["orders"]
        except PipelineStepFailed as error:
            message = str(error)
            pipeline.abort_packages()
    assert "of its 300 loaded rows are not shown" in message
    assert 26 <= gone <= 30, "a tenth of 300 rows, and not one more"
    assert len(held(pipeline)) == 300 - gone


@pytest.mark.slow
def test_a_budget_of_nothing_says_that_nothing_is_compared(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    reader = large(many())
    sync(pipeline, reader)
    reader.started = NOON + 2 * DAY
    sync(pipeline, reader, verify_requests=0)
    assert len(reader.asked) == 1
    assert "not compared with the source, as no requests are allowed" in caplog.text
    caplog.clear()
    sync(pipeline, reader, rhythm=NO_RHYTHM)
    assert len(reader.asked) == 1
    assert not caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("why", ["a row without a stamp", "rows that share a key"])
def test_what_slices_cannot_show_is_listed_whole(pipeline: dlt.Pipeline, why: str) -> None:
    orders = many()
    if why == "a row without a stamp":
        orders[4] = replace(orders[4], Changed=None)
    else:
        orders[4] = replace(orders[4], Nbr=orders[5].Nbr)
    reader = large(orders, keys=("Nbr",))
    sync(pipeline, reader)
    reader.started = NOON + 2 * DAY
    del reader.orders[9], reader.orders[20]
    sync(pipeline, reader)
    assert "stamps" in reader.asked
    assert held(pipeline) == shown(reader.orders)


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=80),
    st.integers(1, 12),
    st.none() | st.integers(0, 40),
)
def test_slices_cover_every_stamp_once(stamps: list[int], size: int, reached: int | None) -> None:
    def instant(number: int) -> datetime:
        return datetime(2025, 1, 1, tzinfo=UTC) + number * timedelta(hours=1)

    column = pa.chunked_array([pa.array(map(instant, stamps), pa.timestamp("us", "UTC"))])
    first = None if reached is None else instant(reached)
    found = slices(column, size, first)
    assert (found[0].since, found[-1].until) == (first, None)
    for one, following in pairwise(found):
        assert one.until == following.since
    for one in found:
        inside = [
            n
            for n in stamps
            if (one.since is None or instant(n) >= one.since)
            and (one.until is None or instant(n) < one.until)
        ]
        assert len(inside) <= size or len(set(inside)) == 1
