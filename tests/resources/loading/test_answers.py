"""Answers take the place of those that came before; how many fewer they are is on record."""

from collections.abc import Sequence
from typing import Any

import dlt
import pyarrow as pa
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import LoadingTerms
from acumatica_source.resources.loading.answers import AnswerOptions, load_answers

pytestmark = pytest.mark.slow

SCHEMA = pa.schema([("Item", pa.string())])
SHARED = LoadingTerms(tenant_column=True)


def load(pipeline: dlt.Pipeline, *answers: Sequence[str], **options: Any) -> RunReport:
    """Load the answers to as many questions."""
    report = RunReport()
    how = AnswerOptions("Stock", **{"asked": ["bolts"], "schema": SCHEMA, **options})

    @dlt.resource(name="Stock")
    def stock() -> Any:
        tables = (pa.table({"Item": pa.array(one, pa.string())}) for one in answers)
        yield from load_answers(tables, how, report)

    pipeline.run(stock(), loader_file_format="parquet")
    return report


def held(pipeline: dlt.Pipeline, tenant: str | None = None) -> list[str]:
    rows = pipeline.dataset()["stock"]
    if tenant is not None:
        rows = rows.where("_tenant", "eq", tenant)
    return sorted(item for (item,) in rows.select("item").fetchall())


def recorded(pipeline: dlt.Pipeline) -> list[tuple[Any, ...]]:
    if "_deletions" not in pipeline.default_schema.tables:
        return []
    columns = ("table_name", "id", "key", "tenant", "found_by", "rows")
    return [tuple(row) for row in pipeline.dataset()["_deletions"].select(*columns).fetchall()]


def test_fewer_answers_are_recorded_by_number(pipeline: dlt.Pipeline) -> None:
    load(pipeline, ["a", "b"], ["c"], tenant="North")
    load(pipeline, ["a", "x"], ["c"], tenant="North")
    assert recorded(pipeline) == [], "as many went as came: nobody can tell"
    assert load(pipeline, ["a"], ["c"], tenant="North").deleted == {"Stock": 1}
    assert held(pipeline) == ["a", "c"]
    load(pipeline, ["q"], asked=["nuts"], tenant="North")
    assert held(pipeline) == ["q"]
    assert recorded(pipeline) == [("stock", None, None, "North", "replace", 1)]


def test_no_answer_where_there_was_one_is_refused_unless_allowed(pipeline: dlt.Pipeline) -> None:
    load(pipeline, ["a", "b"])
    with pytest.raises(PipelineStepFailed, match="Stock: 2 of its 2 loaded rows are not shown"):
        load(pipeline, [])
    assert (held(pipeline), recorded(pipeline)) == (["a", "b"], [])
    load(pipeline, [], terms=LoadingTerms(DeletionLimit(allowed=True)))
    assert held(pipeline) == []


def test_a_tenants_answers_are_its_own(pipeline: dlt.Pipeline) -> None:
    for tenant in ("North", "South"):
        load(pipeline, ["a", "b"], terms=SHARED, tenant=tenant)
    load(pipeline, ["a", "a"], terms=SHARED, tenant="North")
    assert (held(pipeline, "North"), held(pipeline, "South")) == (["a", "a"], ["a", "b"])
    allowed = LoadingTerms(DeletionLimit(allowed=True), tenant_column=True)
    load(pipeline, [], terms=allowed, tenant="South")
    assert (held(pipeline, "North"), held(pipeline, "South")) == (["a", "a"], [])
    assert [row[3:] for row in recorded(pipeline)] == [("South", "replace", 2)]
