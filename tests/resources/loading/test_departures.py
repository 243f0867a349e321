"""Rows that leave are put on record once, and taken out, flagged or kept, however it is found."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.single_records import Unreadable
from acumatica_source.reading.terms import LoadingTerms, OnDelete
from tests.resources.loading.orders import MINUTE, NO_RHYTHM, NOON, Order, OrderReader, sync

pytestmark = pytest.mark.slow

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "changes": ({}, {}),
    "anew": ({}, {"full": True}),
    "no stamp": ({"stamp": None}, {}),
}
"""What a reader lacks, and how it is loaded."""
FOUND_BY = {"changes": "sweep", "anew": "reload", "no stamp": "reload"}
SOME = [("remove", "no stamp"), ("flag", "anew"), ("keep", "changes")]
PLACES = [("pipeline", *one) for one in [*SOME, ("flag", "changes"), ("keep", "no stamp")]]
PLACES += [("files", "flag", "changes"), ("files", "keep", "anew")]
"""Where rows are merged, and where they can only be added."""


@pytest.fixture
def place(where: str, request: pytest.FixtureRequest) -> dlt.Pipeline:
    """The pipeline of that name."""
    found: dlt.Pipeline = request.getfixturevalue(where)
    return found


def terms(way: str, *, allowed: bool = False, shared: bool = False) -> LoadingTerms:
    return LoadingTerms(DeletionLimit(allowed=allowed), OnDelete(way), tenant_column=shared)


def some(*ids: str) -> list[Order]:
    return [
        Order(one, ord(one) - 96, NOON - ord(one) * MINUTE, f"memo of {one}", lines=(1, 2))
        for one in ids
    ]


def rows_of(pipeline: dlt.Pipeline, table: str, by: Sequence[str]) -> list[dict[str, Any]]:
    """What the latest load says of each, as docs/parquet.md reads files."""
    found = pipeline.dataset()[table].arrow()
    assert found is not None
    rows = found.to_pylist()
    latest: dict[Any, str] = {}
    for row in rows:
        key = tuple(row[name] for name in by)
        latest[key] = max(latest.get(key, ""), row["_dlt_load_id"])
    there = [r for r in rows if r["_dlt_load_id"] == latest[tuple(r[n] for n in by)]]
    return [row for row in there if not row["_deleted"]]


def held(pipeline: dlt.Pipeline) -> dict[str, tuple[str, bool, list[int]]]:
    """Memo, whether it is flagged, and lines of each order."""
    orders = rows_of(pipeline, "order", ["id"])
    lines = rows_of(pipeline, "order__lines", ["_parent_id"])
    assert len({row["id"] for row in orders}) == len(orders), "an order is there twice"
    assert {row["_parent_id"] for row in lines} <= {row["id"] for row in orders}
    return {
        row["id"]: (
            row["memo"],
            row.get("_deleted_at") is not None,
            sorted(one["qty"] for one in lines if one["_parent_id"] == row["id"]),
        )
        for row in orders
    }


def live(*ids: str) -> dict[str, tuple[str, bool, list[int]]]:
    return {one: (f"memo of {one[0]}", False, [1, 2]) for one in ids}


def left(way: str, *ids: str) -> dict[str, tuple[str, bool, list[int]]]:
    """What remains of orders that are gone."""
    if way == OnDelete.REMOVE:
        return {}
    return {one: (f"memo of {one}", way == OnDelete.FLAG, [1, 2]) for one in ids}


def recorded(pipeline: dlt.Pipeline) -> list[tuple[str, str, str, str, int]]:
    """Table, id, key, how it was found, and number, in order of the time."""
    if "_deletions" not in pipeline.default_schema.tables:
        return []
    found = pipeline.dataset()["_deletions"].arrow()
    assert found is not None
    rows = sorted(found.to_pylist(), key=lambda row: (row["_dlt_load_id"], row["id"]))
    assert all(abs((datetime.now(UTC) - row["seen_at"]).total_seconds()) < 300 for row in rows)
    names = ("table_name", "id", "key", "found_by", "rows")
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize(("where", "way", "kind"), PLACES)
def test_every_departure_is_recorded_once(place: dlt.Pipeline, way: str, kind: str) -> None:
    lacks, how = KINDS[kind]
    reader = OrderReader(some(*"abcd"), keys=("Nbr",), **lacks)
    options = {**how, "terms": terms(way)}
    sync(place, reader, **options)
    assert recorded(place) == [], "a first load records nothing"

    reader.orders = some(*"acd")
    assert sync(place, reader, **options).deleted == {"orders": 1}
    once = [("order", "b", '{"Nbr": 2}', FOUND_BY[kind], 1)]
    assert recorded(place) == once
    assert held(place) == live(*"acd") | left(way, "b")

    report = sync(place, reader, **options)
    assert not any(report.deleted.values())
    assert recorded(place) == once
    assert held(place) == live(*"acd") | left(way, "b")

    reader.orders = some(*"abcd")  # with the stamp that it had
    sync(place, reader, **options)
    assert held(place) == live(*"abcd")
    assert recorded(place) == once

    reader.orders = some(*"acd")
    sync(place, reader, **options)
    assert recorded(place) == once * 2
    assert held(place) == live(*"acd") | left(way, "b")


@pytest.mark.parametrize(
    ("where", "way", "kind"), [("pipeline", "flag", "anew"), ("files", "flag", "changes")]
)
def test_another_id_is_no_deletion(place: dlt.Pipeline, way: str, kind: str) -> None:
    """Neither while the order is there nor when it comes back."""
    lacks, how = KINDS[kind]
    reader = OrderReader(some(*"abc"), keys=("Nbr",), **lacks)
    options = {**how, "terms": terms(way)}
    sync(place, reader, **options)
    a, b, c = reader.orders
    reader.orders = [a, replace(b, id="b again", Changed=NOON + MINUTE), c]
    sync(place, reader, **options)
    assert held(place) == live("a", "b again", "c")
    assert recorded(place) == []

    reader.orders = [a, c]
    sync(place, reader, **options)
    assert [one[1] for one in recorded(place)] == ["b again"]
    reader.orders = [a, replace(b, id="b once more", Changed=NOON + 2 * MINUTE), c]
    sync(place, reader, **options)
    assert held(place) == live("a", "b once more", "c")
    assert len(recorded(place)) == 1


@pytest.mark.parametrize(("way", "kind"), [("flag", "anew"), ("keep", "changes")])
def test_numbers_that_orders_share_hide_no_deletion(
    pipeline: dlt.Pipeline, way: str, kind: str
) -> None:
    lacks, how = KINDS[kind]
    options = {**how, "terms": terms(way)}
    orders = [replace(one, Nbr=1) for one in some(*"abc")]
    sync(pipeline, OrderReader(orders, keys=("Nbr",), **lacks), **options)
    sync(pipeline, OrderReader(orders[:2], keys=("Nbr",), **lacks), **options)
    assert held(pipeline) == live(*"ab") | left(way, "c")
    assert [one[:3] for one in recorded(pipeline)] == [("order", "c", '{"Nbr": 1}')]


@pytest.mark.parametrize(("way", "kind"), SOME)
def test_all_that_goes_at_once_is_refused_unless_allowed(
    pipeline: dlt.Pipeline, way: str, kind: str
) -> None:
    """Rows that left before, and are still there, do not count as loaded."""
    lacks, how = KINDS[kind]
    reader = OrderReader(some(*"abcd"), **lacks)
    sync(pipeline, reader, terms=terms(way), **how)
    reader.orders = some(*"cd")
    sync(pipeline, reader, terms=terms(way), **how)
    before = (held(pipeline), recorded(pipeline))
    reader.orders = []
    with pytest.raises(PipelineStepFailed, match="2 of its 2 loaded rows are not shown"):
        sync(pipeline, reader, terms=terms(way), **how)
    assert (held(pipeline), recorded(pipeline)) == before
    for _ in range(2):
        sync(pipeline, reader, terms=terms(way, allowed=True), **how)
    assert held(pipeline) == left(way, *"abcd")
    assert [one[1] for one in recorded(pipeline)] == [*"abcd"]
    reader.orders = some(*"bd")
    sync(pipeline, reader, terms=terms(way), **how)
    assert held(pipeline) == live(*"bd") | left(way, *"ac")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("keep", "remove", "changes"),
        ("keep", "flag", "no stamp"),
        ("flag", "remove", "changes"),
        ("flag", "remove", "anew"),
        ("flag", "keep", "changes"),
    ],
)
def test_other_terms_record_nothing_again(
    pipeline: dlt.Pipeline, before: str, after: str, kind: str
) -> None:
    lacks, how = KINDS[kind]
    reader = OrderReader(some(*"abcd"), **lacks)
    sync(pipeline, reader, terms=terms(before), **how)
    reader.orders = some(*"acd")
    sync(pipeline, reader, terms=terms(before), **how)
    for there in ("acd", "ac"):
        reader.orders = some(*there)
        sync(pipeline, reader, terms=terms(after), **how)
    assert [one[1] for one in recorded(pipeline)] == ["b", "d"]
    stays = before == OnDelete.FLAG and (after != OnDelete.REMOVE or kind == "changes")
    b = left(OnDelete.FLAG, "b") if stays else left(after, "b") if before != "remove" else {}
    assert held(pipeline) == live(*"ac") | left(after, "d") | b


@pytest.mark.parametrize("way", ["remove", "flag"])
def test_an_order_that_cannot_be_shown_does_not_leave(pipeline: dlt.Pipeline, way: str) -> None:
    reader = OrderReader(some(*"abc"), keys=("Nbr",))
    sync(pipeline, reader, terms=terms(way))
    reader.orders[1].listed = False
    reader.unreadable = [Unreadable("b", "An error has occurred.")]
    sync(pipeline, reader, terms=terms(way), full=True)
    assert recorded(pipeline) == []
    expected = "ac" if way == OnDelete.REMOVE else "abc"  # a table is replaced by what comes
    assert held(pipeline) == live(*expected)


@pytest.mark.parametrize("way", ["flag", "keep"])
def test_loaded_anew_lines_of_no_order_are_taken_out(pipeline: dlt.Pipeline, way: str) -> None:
    """Those of orders that are gone stay, and lines that an order has lost go."""
    reader = OrderReader(some(*"abcd"))
    sync(pipeline, reader, terms=terms(way))
    reader.orders = some(*"acd")
    sync(pipeline, reader, terms=terms(way))
    with pipeline.sql_client() as client:
        client.execute_sql("INSERT INTO order__lines (_parent_id, _position) VALUES ('x', 0)")
    a, c, d = reader.orders
    reader.orders = [a, replace(c, lines=()), d]
    sync(pipeline, reader, terms=terms(way), full=True)
    expected = live(*"acd") | left(way, "b") | {"c": ("memo of c", False, [])}
    assert held(pipeline) == expected


def test_flagged_orders_have_their_column_from_the_first_load_on(pipeline: dlt.Pipeline) -> None:
    sync(pipeline, OrderReader(some(*"ab")), terms=terms("flag"))
    assert pipeline.default_schema.tables["order"]["columns"]["_deleted_at"]["data_type"] == (
        "timestamp"
    )
    assert "_deleted_at" not in pipeline.default_schema.tables["order__lines"]["columns"]


@pytest.mark.parametrize(("way", "shared"), [("flag", True), ("keep", False)])
def test_a_run_without_deletions_asks_the_destination_nothing_more(
    pipeline: dlt.Pipeline, way: str, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    reader = OrderReader(some(*"abc"))
    options = {"terms": terms(way, shared=shared), "tenant": "Company"}
    sync(pipeline, reader, **options)
    kind = type(pipeline.sql_client())
    execute = kind.execute_query

    def noted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        statements.append(str(query))
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(kind, "execute_query", noted)
    sync(pipeline, reader, **options)
    own = [one for one in statements if '"order"' in one and '"order__lines"' not in one]
    assert len(own) == 1
    assert not [one for one in statements if "_deletions" in one]


def test_a_list_that_has_turned_empty_is_noticed_where_nothing_is_compared(
    pipeline: dlt.Pipeline,
) -> None:
    reader = OrderReader(some(*"abc"))
    sync(pipeline, reader)
    newest = reader.orders[0]
    reader.orders = [replace(one, Changed=NOON - 999 * MINUTE) for one in reader.orders]
    sync(pipeline, reader, rhythm=NO_RHYTHM)
    assert [one[0] for one in reader.asked] == ["pages", "pages"], "one request more"
    reader.orders = []
    with pytest.raises(PipelineStepFailed, match="3 of its 3 loaded rows are not shown"):
        sync(pipeline, reader, rhythm=NO_RHYTHM)
    assert held(pipeline) == live(*"abc")
    reader.orders = [newest]
    sync(pipeline, reader, rhythm=NO_RHYTHM)
    assert len(reader.asked) == 1
    assert (held(pipeline), recorded(pipeline)) == (live(*"abc"), [])


@pytest.mark.parametrize(("way", "kind"), SOME)
def test_what_leaves_a_tenant_stays_with_another(
    pipeline: dlt.Pipeline, way: str, kind: str
) -> None:
    """Both have orders of the same ids."""
    lacks, how = KINDS[kind]
    readers = {
        tenant: OrderReader(some(*"abc"), keys=("Nbr",), **lacks) for tenant in ("North", "South")
    }

    def load(tenant: str) -> None:
        shared = terms(way, shared=True)
        sync(pipeline, readers[tenant], terms=shared, tenant=tenant, **how)

    def of(tenant: str, table: str) -> list[tuple[Any, ...]]:
        found = pipeline.dataset()[table].where("_tenant", "eq", tenant).arrow()
        assert found is not None
        columns = ("id", "memo") if table == "order" else ("_parent_id", "qty")
        return sorted(tuple(row[name] for name in columns) for row in found.to_pylist())

    def names(tenant: str) -> tuple[str, str]:
        return (
            "".join(one for one, _ in of(tenant, "order")),
            "".join(one for one, _ in of(tenant, "order__lines")),
        )

    for tenant in readers:
        load(tenant)
    assert names("North") == names("South") == ("abc", "aabbcc")
    readers["North"].orders = some(*"ac")
    for _ in range(2):
        load("North")
        gone = ("ac", "aacc") if way == OnDelete.REMOVE else ("abc", "aabbcc")
        assert (names("North"), names("South")) == (gone, ("abc", "aabbcc"))
    readers["South"].orders = some(*"bc")
    load("South")
    load("North")
    gone = ("bc", "bbcc") if way == OnDelete.REMOVE else ("abc", "aabbcc")
    assert names("South") == gone
    found = pipeline.dataset()["_deletions"].select("tenant", "id").fetchall()
    assert sorted(found) == [("North", "b"), ("South", "a")]


@pytest.mark.parametrize(("where", "way"), [("pipeline", "flag"), ("files", "keep")])
def test_another_pipeline_leaves_what_is_to_stay(place: dlt.Pipeline, way: str) -> None:
    """It knows nothing of the rows that are there."""
    reader = OrderReader(some(*"abc"))
    sync(place, reader, terms=terms(way))
    reader.orders = some(*"ac")
    sync(place, reader, terms=terms(way))
    other = dlt.pipeline(
        "other",
        destination=place.destination,
        dataset_name=place.dataset_name,
        pipelines_dir=place.pipelines_dir,
    )
    reader.orders[0].Memo = "memo of a, by another"
    for _ in range(2):
        sync(other, reader, terms=terms(way))
        expected = live(*"ac") | left(way, "b") | {"a": ("memo of a, by another", False, [1, 2])}
        assert held(other) == expected
