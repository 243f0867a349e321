"""Parts of a table are replaced as a whole, and only those that are not what is loaded."""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.rhythm import Rhythm
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import LoadingTerms
from acumatica_source.resources.loading.part_source import Changes, Held
from acumatica_source.resources.loading.parts import PartOptions, load_parts
from acumatica_source.resources.loading.parts_state import PartsState

pytestmark = pytest.mark.slow

SCHEMA = pa.schema([pa.field("Account", pa.string(), nullable=False), ("Amount", pa.int64())])

Parts = Mapping[str, Sequence[tuple[str, int]]]
JANUARY = [("100", 1), ("200", 2), ("200", 2)]
FEBRUARY = [("100", 3)]


class Source:
    """Has parts, and may tell which have changed."""

    def __init__(self, parts: Parts, told: Changes | None, clock: datetime | None) -> None:
        self.parts = parts
        self._told = told
        self.clock = clock
        self.asked: list[str] = []

    def names(self) -> list[str]:
        self.asked.append("names")
        return [*self.parts]

    def changes(self, watermark: datetime | None, known: PartsState, held: Held) -> Changes | None:
        return self._told

    def read(self, part: str) -> pa.Table:
        self.asked.append(part)
        rows = self.parts[part]
        columns = list(zip(*rows, strict=True)) or [(), ()]
        arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
        return pa.table(arrays, SCHEMA)


def load(pipeline: dlt.Pipeline, parts: Parts, ledger: str = "ACTUAL", **options: Any) -> RunReport:
    """Load the parts of one ledger, from a source that does not tell what has changed."""
    return load_from(pipeline, Source(parts, None, None), ledger, **options)


def load_from(
    pipeline: dlt.Pipeline, source: Source, ledger: str = "ACTUAL", **options: Any
) -> RunReport:
    """Load the parts of one ledger."""
    report = RunReport()
    given = {"asked": [ledger], "full": False, "covers": source.parts.__contains__, **options}

    @dlt.resource(name="transactions")
    def transactions() -> Any:
        how = PartOptions(
            "transactions", schema=SCHEMA, place={"_ledger": ledger}, part="_period", **given
        )
        with ThreadPoolExecutor(1) as executor:
            yield from load_parts(source, executor, how, report)

    pipeline.run(transactions(), loader_file_format="parquet")
    return report


def held(pipeline: dlt.Pipeline) -> dict[str, list[tuple[str, int]]]:
    """The rows of every part, sorted."""
    columns = ("_period", "account", "amount")
    rows = pipeline.dataset()["transactions"].select(*columns).fetchall()
    return {
        part: sorted(tuple(r) for p, *r in rows if p == part)
        for part in sorted({r[0] for r in rows})
    }


def test_parts_that_changed_are_replaced(pipeline: dlt.Pipeline) -> None:
    report = load(pipeline, {"01": JANUARY, "02": FEBRUARY, "03": []})
    assert held(pipeline) == {"01": JANUARY, "02": FEBRUARY}
    assert report.rows_read == {"transactions": 4}

    report = load(pipeline, {"01": JANUARY, "02": [("100", 4), ("300", 5)], "03": [("100", 6)]})
    assert held(pipeline) == {"01": JANUARY, "02": [("100", 4), ("300", 5)], "03": [("100", 6)]}
    assert report.rows_read == {"transactions": 3}

    report = load(pipeline, {"01": JANUARY, "02": [], "03": [("100", 6)]})
    assert held(pipeline) == {"01": JANUARY, "03": [("100", 6)]}
    assert not any(report.rows_read.values())


def test_parts_that_are_not_asked_for_stay(pipeline: dlt.Pipeline) -> None:
    load(pipeline, {"01": JANUARY, "02": FEBRUARY})
    assert load(pipeline, {"02": JANUARY}).rows_read == {"transactions": 3}
    assert held(pipeline) == {"01": JANUARY, "02": JANUARY}
    assert not load(pipeline, {"01": JANUARY}).rows_read, "it is still known"


def test_parts_that_the_source_has_no_more_leave(pipeline: dlt.Pipeline) -> None:
    """On record, with the number of their rows; those that were not asked for stay."""
    load(pipeline, {"01": JANUARY, "02": FEBRUARY, "03": FEBRUARY})
    asked: dict[str, Any] = {"covers": lambda part: part > "01"}
    report = load(pipeline, {"02": FEBRUARY}, **asked)
    assert held(pipeline) == {"01": JANUARY, "02": FEBRUARY}
    assert report.deleted == {"transactions": 1}
    (gone,) = pipeline.dataset()["_deletions"].select("key", "found_by", "rows").fetchall()
    assert (json.loads(gone[0])["_period"], *gone[1:]) == ("03", "period", 1)
    assert not any(load(pipeline, {"02": FEBRUARY}, **asked).deleted.values()), "said once"


@pytest.mark.parametrize("full", [False, True])
def test_a_calendar_without_periods_takes_nothing_out(pipeline: dlt.Pipeline, full: bool) -> None:
    load(pipeline, {"01": JANUARY, "02": FEBRUARY})
    gone: dict[str, Any] = {"covers": lambda part: True, "full": full}
    with pytest.raises(PipelineStepFailed, match="4 of its 4 loaded rows are not shown"):
        load(pipeline, {}, **gone)
    assert held(pipeline) == {"01": JANUARY, "02": FEBRUARY}
    load(pipeline, {}, terms=LoadingTerms(DeletionLimit(allowed=True)), **gone)
    assert held(pipeline) == {}


def test_rows_say_where_they_belong(pipeline: dlt.Pipeline) -> None:
    load(pipeline, {"01": FEBRUARY})
    rows = pipeline.dataset()["transactions"].select("_ledger", "_period", "account").fetchall()
    assert rows == [("ACTUAL", "01", "100")]
    columns = pipeline.default_schema.tables["transactions"]["columns"]
    assert not columns["_ledger"]["nullable"]
    assert not columns["_period"]["nullable"]


def test_a_table_without_parts_is_made_with_all_columns(pipeline: dlt.Pipeline) -> None:
    assert not load(pipeline, {}).rows_read
    assert held(pipeline) == {}
    load(pipeline, {"01": []})
    assert held(pipeline) == {}
    assert load(pipeline, {"01": JANUARY}).rows_read == {"transactions": 3}
    assert held(pipeline) == {"01": JANUARY}


@pytest.mark.parametrize(
    "options", [{"full": True}, {"asked": ["ACTUAL", "unposted"]}, {"asked": ["A"]}]
)
def test_all_is_loaded_anew_where_other_rows_are_asked_for(
    pipeline: dlt.Pipeline, options: dict[str, Any]
) -> None:
    load(pipeline, {"01": JANUARY, "02": FEBRUARY})
    report = load(pipeline, {"01": JANUARY}, **options)
    assert report.rows_read == {"transactions": 3}
    assert held(pipeline) == {"01": JANUARY}, "the rest is not known to be what is asked for now"
    assert not load(pipeline, {"01": JANUARY}, **{**options, "full": False}).rows_read


@pytest.mark.parametrize(
    ("damage", "part", "left"),
    [
        ("DELETE FROM transactions WHERE account = '200'", "01", 1),
        ("DELETE FROM transactions WHERE _period = '02'", "02", 0),
        ("INSERT INTO transactions SELECT * FROM transactions WHERE _period = '01'", "01", 6),
    ],
    ids=["some rows", "all rows", "rows twice"],
)
def test_a_part_that_was_damaged_in_the_warehouse_is_loaded_again(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture, damage: str, part: str, left: int
) -> None:
    parts = {"01": JANUARY, "02": FEBRUARY}
    load(pipeline, parts)
    with pipeline.sql_client() as client:
        client.execute_sql(damage)
    report = load(pipeline, parts)
    whole = len(parts[part])
    assert report.rows_read == {"transactions": whole}
    assert held(pipeline) == parts
    told = f"transactions: of {part} {left} rows are loaded, not {whole}; loading it again."
    assert caplog.text.count("loading it again") == caplog.text.count(told) == 1


def test_rows_of_a_part_count_whatever_load_they_came_by(pipeline: dlt.Pipeline) -> None:
    """Where parts are replaced, none is left of an earlier one; only who repairs marks them so."""
    load(pipeline, {"01": JANUARY})
    with pipeline.sql_client() as client:
        client.execute_sql("UPDATE transactions SET _dlt_load_id = '1' WHERE account = '100'")
    assert not load(pipeline, {"01": JANUARY}).rows_read


def test_a_first_load_says_of_no_part_that_it_is_gone(files: dlt.Pipeline) -> None:
    """As long as nothing is loaded there is nothing to take out."""
    load(files, {})
    load(files, {"01": []})
    assert held(files) == {}


def test_two_parts_are_read_ahead_of_the_pipeline(pipeline: dlt.Pipeline) -> None:
    """Enough to keep it busy, and no more than that is held in memory."""
    source = Source({key: [("100", 1)] for key in "abcdefgh"}, None, None)

    @dlt.resource(name="transactions")
    def transactions() -> Any:
        how = PartOptions("transactions", ["x"], SCHEMA, {}, "_period", full=False)
        with ThreadPoolExecutor(1) as executor:
            items = load_parts(source, executor, how, RunReport())
            yield from islice(items, 2)  # a table without rows, and the first part
            deadline = time.monotonic() + 2
            while len(source.asked) < 4 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.05)
            yield from items if source.asked == ["names", "a", "b", "c"] else ()

    pipeline.extract(transactions())
    assert source.asked == ["names", *"abcdefgh"], "these are read once the first ones are taken"


def test_a_part_that_grew_is_no_damage(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    load(pipeline, {"01": JANUARY})
    load(pipeline, {"01": [*JANUARY, ("900", 9)]})
    assert "loading it again" not in caplog.text


def test_rows_of_other_places_do_not_count(pipeline: dlt.Pipeline) -> None:
    """Another resource may have loaded them into the same table."""
    load(pipeline, {"01": JANUARY})
    with pipeline.sql_client() as client:
        client.execute_sql("UPDATE transactions SET _ledger = 'BUDGET' WHERE account = '200'")
    assert load(pipeline, {"01": JANUARY}).rows_read == {"transactions": 3}
    assert held(pipeline) == {"01": sorted([*JANUARY, *JANUARY[1:]])}, "theirs are left alone"


def test_the_order_of_rows_is_part_of_them(pipeline: dlt.Pipeline) -> None:
    load(pipeline, {"01": JANUARY})
    assert load(pipeline, {"01": JANUARY[::-1]}).rows_read == {"transactions": 3}


def test_a_table_that_cannot_be_read_back_is_taken_for_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @dlt.destination(batch_size=0, loader_file_format="parquet")
    def sink(file: Any, table: Any, /) -> None:
        """Takes rows and shows none."""

    blind = dlt.pipeline("blind", destination=sink, pipelines_dir=str(tmp_path / "pipelines"))
    load(blind, {"01": JANUARY, "02": FEBRUARY})
    assert load(blind, {"01": JANUARY, "02": JANUARY}).rows_read == {"transactions": 3}
    assert "transactions cannot be read back: " in caplog.text
    assert "loading it again" not in caplog.text


def test_where_rows_can_only_be_added_the_latest_load_of_a_part_counts(files: dlt.Pipeline) -> None:
    load(files, {"01": JANUARY, "02": FEBRUARY})
    assert load(files, {"01": FEBRUARY, "02": FEBRUARY}).rows_read == {"transactions": 1}
    assert load(files, {"01": FEBRUARY, "02": []}).rows_read == {"transactions": 0}
    assert not load(files, {"01": FEBRUARY, "02": []}).rows_read
    names = ("_period", "account", "amount", "_deleted", "_dlt_load_id")
    rows = files.dataset()["transactions"].select(*names).fetchall()
    loads = sorted({row[-1] for row in rows})
    assert [sorted((r[:4] for r in rows if r[-1] == one), key=repr) for one in loads] == [
        [*(("01", *row, None) for row in JANUARY), ("02", "100", 3, None)],
        [("01", "100", 3, None)],
        [("02", "0", None, True)],
    ]


def test_a_lost_file_is_noticed(files: dlt.Pipeline, tmp_path: Path) -> None:
    load(files, {"01": JANUARY, "02": FEBRUARY})
    load(files, {"01": JANUARY, "02": [*FEBRUARY, *FEBRUARY]})
    *_, newest = sorted(tmp_path.glob("lake/erp/transactions/*.parquet"))
    newest.unlink()
    assert load(files, {"01": JANUARY, "02": [*FEBRUARY, *FEBRUARY]}).rows_read == {
        "transactions": 2
    }


def test_a_tenants_parts_are_its_own(pipeline: dlt.Pipeline) -> None:
    """What is loaded anew of one, or is gone, is nothing to another; nor is what it asks for."""
    shared = LoadingTerms(tenant_column=True)

    def of(tenant: str) -> list[tuple[str, ...]]:
        rows = pipeline.dataset()["transactions"].where("_tenant", "eq", tenant)
        return sorted(rows.select("_period", "account").fetchall())

    for tenant in ("North", "South"):
        load(pipeline, {"01": JANUARY, "02": FEBRUARY}, terms=shared, tenant=tenant)
    before = of("South")
    assert len(before) == 4
    report = load(pipeline, {"01": JANUARY[:1], "02": FEBRUARY}, terms=shared, tenant="North")
    assert report.deleted == {"transactions": 2}
    assert of("North") == [("01", "100"), ("02", "100")]
    load(pipeline, {"02": FEBRUARY}, terms=shared, tenant="North", asked=["other"])
    assert of("North") == [("02", "100")]
    assert of("South") == before
    report = load(pipeline, {"01": JANUARY, "02": FEBRUARY}, terms=shared, tenant="South")
    assert not any(report.rows_read.values())
    found = pipeline.dataset()["_deletions"].select("tenant", "key", "found_by", "rows").fetchall()
    assert found == [("North", '{"_ledger": "ACTUAL", "_period": "01"}', "period", 2)]


NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def told(*parts: str) -> Changes:
    """A source that tells what has changed."""
    return Changes(frozenset(parts), NOON, {"all": "seen"})


def test_only_what_changed_is_asked_for_and_all_once_a_day_in_shares(
    pipeline: dlt.Pipeline,
) -> None:
    parts = {"01": JANUARY, "02": FEBRUARY, "03": FEBRUARY, "04": FEBRUARY}
    some: dict[str, Any] = {"compared_at_once": 2}

    def asked(now: Parts, *changed: str, days: float, **options: Any) -> list[str]:
        source = Source(now, told(*changed), NOON + timedelta(days=days))
        load_from(pipeline, source, **{**some, **options})
        return source.asked

    first = Source(parts, Changes(None, NOON, {"all": "seen"}), NOON)
    load_from(pipeline, first, **some)
    assert first.asked == ["names", *parts]
    assert asked(parts, days=0.9) == []
    stale = {**parts, "01": FEBRUARY, "03": JANUARY}
    assert asked(stale, "03", days=0.9) == ["03"]
    assert held(pipeline) == {**parts, "03": JANUARY}, "of the other change nobody was told"
    assert asked(stale, days=1) == ["names", "03", "04"], "the latest first"
    assert asked(stale, days=1, rhythm=Rhythm.of("never")) == []
    assert asked(stale, days=3) == ["01", "02"], "a round goes on whatever the time"
    assert held(pipeline) == stale
    assert asked(stale, days=3, rhythm=Rhythm.of("now")) == ["names", *parts]
    more = {**stale, "05": FEBRUARY}
    assert asked(more, "05", days=3) == ["names", "05"], "there are more than were known"
    assert held(pipeline) == more


def test_a_part_that_is_damaged_in_the_warehouse_is_asked_for_whatever_the_source_tells(
    pipeline: dlt.Pipeline,
) -> None:
    parts = {"01": JANUARY, "02": FEBRUARY}
    load(pipeline, parts)
    with pipeline.sql_client() as client:
        client.execute_sql("DELETE FROM transactions WHERE account = '200'")
    source = Source(parts, told(), NOON)
    load_from(pipeline, source, rhythm=Rhythm.of("never"))
    assert source.asked == ["01"]
    assert held(pipeline) == parts
