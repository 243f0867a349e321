"""A server may give fewer rows than asked for and not say so: none may be lost by that."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source import DacTable, GenericInquiry
from acumatica_source.source import source_of
from tests.resources.odata_service import KEY, SET, STAMP, Service, odata_service

pytestmark = pytest.mark.slow

LONG_AGO = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
TYPES = {KEY: "String", "Note": "String", STAMP: "DateTimeOffset"}

Load = DacTable | GenericInquiry


@pytest.fixture
def service() -> Iterator[Service]:
    rows: list[dict[str, Any]] = [
        {KEY: f"{place:05}", "Note": "new", STAMP: (LONG_AGO + timedelta(place)).isoformat()}
        for place in range(120)
    ]
    with odata_service(dict(TYPES), rows) as running:
        yield running


def run(pipeline: dlt.Pipeline, service: Service, load: Load) -> list[dict[str, str]]:
    """The requests for rows."""
    service.asked.clear()
    pipeline.run(source_of(service.instance(), [load]), loader_file_format="parquet")
    return list(service.asked)


def assert_equal(pipeline: dlt.Pipeline, service: Service) -> None:
    loaded = pipeline.dataset()["order"].select("nbr", "note").fetchall()
    assert sorted(loaded) == sorted((row[KEY], row["Note"]) for row in service.rows)


@pytest.mark.parametrize("cap", [1, 7, 100, 120])
@pytest.mark.parametrize(
    "load",
    [DacTable(SET), DacTable(SET, page_size=101), DacTable(SET, verify="never")],
    ids=["all", "pages just too large", "never compared"],
)
def test_no_row_of_a_class_is_lost(
    service: Service, pipeline: dlt.Pipeline, load: DacTable, cap: int
) -> None:
    service.cap = cap
    run(pipeline, service, load)
    assert_equal(pipeline, service)
    for place in range(0, 120, 2):
        service.rows[place] |= {STAMP: datetime.now(UTC).isoformat(), "Note": "changed"}
    if load.verify != "never":
        for place in range(1, 20, 2):
            late = service.rows[place][STAMP].replace("03:04:05", "03:04:06")
            service.rows[place] |= {STAMP: late, "Note": "late"}
        del service.rows[90:100]
    run(pipeline, service, load)
    assert_equal(pipeline, service)


@pytest.mark.parametrize("cap", [2, 100, 119, 120])
def test_no_row_of_an_inquiry_is_lost(service: Service, pipeline: dlt.Pipeline, cap: int) -> None:
    service.cap = cap
    run(pipeline, service, GenericInquiry(SET))
    assert_equal(pipeline, service)


@pytest.mark.parametrize("kind", [DacTable, GenericInquiry], ids=["class", "inquiry"])
def test_without_keys_it_is_said(
    service: Service, pipeline: dlt.Pipeline, kind: type[DacTable] | type[GenericInquiry]
) -> None:
    service.keys = ()
    run(pipeline, service, kind(SET))
    assert_equal(pipeline, service)
    service.cap = 100
    with pytest.raises(PipelineStepFailed, match=r"more rows than the 100 .* Give columns"):
        run(pipeline, service, kind(SET))
    assert_equal(pipeline, service)
    run(pipeline, service, kind(SET, key=[KEY]))
    assert_equal(pipeline, service)


def test_rows_that_are_added_meanwhile_are_no_limit(
    service: Service, pipeline: dlt.Pipeline
) -> None:
    service.keys = ()
    asked = service.asked

    def answer_and_grow(seen: Any) -> Any:
        before = len(asked)
        reply = service.answer(seen)
        if len(asked) > before:
            service.rows.append({**service.rows[0], KEY: f"{len(service.rows):05}"})
        return reply

    service.server.script = answer_and_grow
    run(pipeline, service, GenericInquiry(SET))
    assert len(pipeline.dataset()["order"].fetchall()) == 122


@pytest.mark.parametrize(
    ("load", "proofs"),
    [(DacTable(SET), 1), (DacTable(SET, page_size=100), 1), (GenericInquiry(SET), 1)],
    ids=["one page", "several pages", "inquiry"],
)
def test_the_proof_is_one_light_request(
    service: Service, pipeline: dlt.Pipeline, load: Load, proofs: int
) -> None:
    asked = run(pipeline, service, load)
    light = [one for one in asked if one["$top"] == "1"]
    assert [one["$select"] for one in light] == [KEY] * proofs
    asked = run(pipeline, service, load)
    assert sum(one["$top"] == "1" for one in asked) <= 2, "of the changed rows, and of the stamps"


def test_nothing_is_proved_of_an_empty_table(service: Service, pipeline: dlt.Pipeline) -> None:
    service.rows.clear()
    assert len(run(pipeline, service, DacTable(SET))) == 1
