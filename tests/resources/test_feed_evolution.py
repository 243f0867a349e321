"""Inquiries and classes whose metadata change, or are strange, load as entities do."""

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source import DacTable, GenericInquiry
from acumatica_source.source import source_of
from tests.resources.odata_service import KEY, SET, STAMP, Service, odata_service

pytestmark = pytest.mark.slow

LONG_AGO = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
TYPES = {KEY: "String", "Total": "Decimal", "Note": "String", STAMP: "DateTimeOffset"}
EITHER = pytest.mark.parametrize("kind", [DacTable, GenericInquiry], ids=["class", "inquiry"])

Kind = type[DacTable] | type[GenericInquiry]


def order(place: int) -> dict[str, Any]:
    stamp = (LONG_AGO + timedelta(minutes=place)).isoformat()
    return {KEY: f"{place:05}", "Total": place + 0.5, "Note": f"note {place}", STAMP: stamp}


@pytest.fixture
def service() -> Iterator[Service]:
    with odata_service(dict(TYPES), [order(place) for place in range(20)]) as running:
        yield running


def run(pipeline: dlt.Pipeline, service: Service, load: DacTable | GenericInquiry) -> None:
    """A sync after a release that has other metadata."""
    shutil.rmtree(Path(os.environ["XDG_CACHE_HOME"]), ignore_errors=True)
    run_again(pipeline, service, load)


def run_again(pipeline: dlt.Pipeline, service: Service, load: DacTable | GenericInquiry) -> None:
    """A sync that may believe the metadata it has."""
    pipeline.run(source_of(service.instance(), [load]), loader_file_format="parquet")


def rows_of(pipeline: dlt.Pipeline, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(pipeline.dataset()["order"].select(*columns).fetchall(), key=str)


def touch(service: Service, places: Sequence[int]) -> None:
    for place in places:
        service.rows[place] |= {STAMP: datetime.now(UTC).isoformat(), "Note": "touched"}


@EITHER
def test_a_changed_type_is_a_column_beside(
    service: Service, pipeline: dlt.Pipeline, kind: Kind
) -> None:
    run(pipeline, service, kind(SET))
    service.types["Note"] = "Int32"
    for place, row in enumerate(service.rows):
        row["Note"] = place
    for _ in range(2):
        run(pipeline, service, kind(SET))
        expected = [(None, place, f"{place:05}") for place in range(20)]
        assert rows_of(pipeline, "note", "note__v_bigint", "nbr") == sorted(expected, key=str)
    service.types["Note"] = "String"
    for row in service.rows:
        row["Note"] = "back"
    run(pipeline, service, kind(SET))
    assert set(rows_of(pipeline, "note", "note__v_bigint")) == {("back", None)}


@EITHER
def test_columns_that_would_become_one_are_numbered(
    service: Service, pipeline: dlt.Pipeline, kind: Kind
) -> None:
    service.types |= {"NBR": "String", "ABTest": "String", "AbTest": "Int32", "_deleted": "String"}
    for place, row in enumerate(service.rows):
        row |= {"NBR": f"other {place}", "ABTest": "text", "AbTest": place, "_deleted": "no"}
    for _ in range(2):
        run(pipeline, service, kind(SET))
        found = rows_of(pipeline, "nbr", "nbr_2", "ab_test", "ab_test_2", "_deleted_2")
        assert found == [
            (f"{place:05}", f"other {place}", "text", place, "no") for place in range(20)
        ]
        touch(service, range(3))


def test_a_renamed_key_and_stamp_merge_and_sweep(service: Service, pipeline: dlt.Pipeline) -> None:
    """Names that collide with earlier ones still serve paging, merging and the sweep."""
    service.types = {"NBR": "String", "LastModifiedDATETime": "String"} | TYPES
    for row in service.rows:
        row |= {"NBR": "same", "LastModifiedDATETime": "same"}
    table = DacTable(SET, page_size=7)
    run(pipeline, service, table)
    del service.rows[4]
    touch(service, [0, 1])
    service.rows[9]["Note"], service.rows[9][STAMP] = "late", LONG_AGO.isoformat()
    run(pipeline, service, table)
    expected = sorted((row[KEY], row["Note"], "same") for row in service.rows)
    keys = [
        name
        for name, column in pipeline.default_schema.get_table_columns("order").items()
        if column.get("primary_key")
    ]
    assert rows_of(pipeline, keys[0], "note", "nbr") == expected
    assert keys == ["nbr_2"]


@EITHER
def test_other_decimals_than_loaded_are_refused(
    service: Service, pipeline: dlt.Pipeline, kind: Kind
) -> None:
    run(pipeline, service, kind(SET, decimals=4))
    assert ("00000", Decimal("0.5")) in rows_of(pipeline, "nbr", "total")
    with pytest.raises(PipelineStepFailed, match="loaded with 4 decimals"):
        run(pipeline, service, kind(SET))


@EITHER
@pytest.mark.parametrize("decimals", [-1, 39])
def test_decimals_that_no_column_has_are_refused(
    service: Service, pipeline: dlt.Pipeline, kind: Kind, decimals: int
) -> None:
    with pytest.raises(PipelineStepFailed, match="from 0 to 38"):
        run(pipeline, service, kind(SET, decimals=decimals))


def test_a_key_of_another_type_is_refused(service: Service, pipeline: dlt.Pipeline) -> None:
    """Its column must not be empty, so nothing could be loaded beside it."""
    run(pipeline, service, DacTable(SET))
    service.types[KEY] = "Int32"
    for place, row in enumerate(service.rows):
        row[KEY] = place
    with pytest.raises(PipelineStepFailed, match="loaded with other keys: nbr"):
        run(pipeline, service, DacTable(SET))
    assert len(rows_of(pipeline, "nbr")) == 20


def test_other_keys_load_all_anew(service: Service, pipeline: dlt.Pipeline) -> None:
    run(pipeline, service, DacTable(SET))
    run(pipeline, service, DacTable(SET, key=["Note"]))
    touch(service, [0])
    run(pipeline, service, DacTable(SET, key=["Note"]))
    assert rows_of(pipeline, "nbr", "note") == sorted(
        (row[KEY], row["Note"]) for row in service.rows
    )


def test_values_that_have_outgrown_kept_metadata_have_them_fetched_anew(
    service: Service, pipeline: dlt.Pipeline
) -> None:
    run(pipeline, service, DacTable(SET))
    service.types["Total"] = "String"
    for row in service.rows:
        row["Total"] = "a lot"
    touch(service, range(20))
    run_again(pipeline, service, DacTable(SET))
    assert set(rows_of(pipeline, "total", "total__v_text")) == {(None, "a lot")}


def test_a_class_is_loaded_anew_where_an_inquiry_had_its_table(
    service: Service, pipeline: dlt.Pipeline
) -> None:
    service.types["Extra"] = "String"
    for load in (DacTable(SET), GenericInquiry(SET), DacTable(SET)):
        service.rows[3]["Extra"] = type(load).__name__  # which no stamp tells
        run(pipeline, service, load)
        assert ("00003", type(load).__name__) in rows_of(pipeline, "nbr", "extra")


@EITHER
def test_a_table_may_have_another_name(
    service: Service, pipeline: dlt.Pipeline, kind: Kind
) -> None:
    for _ in range(2):
        run(pipeline, service, kind(SET, table_name="MyOrders"))
        touch(service, [0])
    tables = {name for name in pipeline.dataset().tables if not name.startswith("_dlt")}
    assert tables == {"my_orders"}
    assert len(pipeline.dataset()["my_orders"].fetchall()) == 20
