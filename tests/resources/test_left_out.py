"""What lists leave out, and what a contract declares in an unknown way: found, and said."""

import json
import logging
from functools import partial
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions, LedgerTransactions
from tests.resources.proxy import Query, proxy
from tests.resources.runs import run, succeed
from tests.resources.warehouse import assert_equal, loaded

pytestmark = pytest.mark.slow

LOAD = EntityOptions("SalesOrder")


def emptied(rows: list[Any], *names: str) -> list[Any]:
    return [{**row, **{name: [] for name in names if name in row}} for row in rows]


@pytest.mark.parametrize("selecting_helps", [True, False])
def test_details_that_lists_leave_empty(
    sandbox: Sandbox,
    pipeline: dlt.Pipeline,
    caplog: pytest.LogCaptureFixture,
    selecting_helps: bool,
) -> None:
    def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
        selected = "Details" in query.get("$select", "").split(",")
        return rows if selected and selecting_helps else emptied(rows, "Details")

    with proxy(sandbox) as site, caplog.at_level(logging.WARNING):
        site.edit = edit
        succeed(pipeline, site.credentials, LOAD)
        assert_equal(pipeline, sandbox, "SalesOrder")
        assert "SalesOrder__Details" in caplog.text
        sandbox.control.advance(3_600)
        sandbox.control.mutate(40, ["SalesOrder"], ["lines", "insert", "delete"], seed=4)
        caplog.clear()
        succeed(pipeline, site.credentials, LOAD)
        assert_equal(pipeline, sandbox, "SalesOrder")
        assert "lists" not in caplog.text  # it is remembered, not found anew


def test_details_inside_details_that_lists_leave_empty(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
        return [
            {**row, "Details": emptied(row["Details"], "Allocations")} if "Details" in row else row
            for row in rows
        ]

    with proxy(sandbox) as site:
        site.edit = edit
        succeed(pipeline, site.credentials, LOAD)
    assert_equal(pipeline, sandbox, "SalesOrder")


def test_empty_details_that_are_empty_cost_a_few_requests(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
        return emptied(rows, "Details")

    singles = []

    def rewrite(path: str, body: bytes) -> bytes:
        if "/SalesOrder/" not in path or "$" in path or b'"Details"' not in body:
            return body
        singles.append(path)
        return json.dumps(emptied([json.loads(body)], "Details")[0]).encode()

    with proxy(sandbox) as site:
        site.edit, site.rewrite = edit, rewrite
        succeed(pipeline, site.credentials, LOAD)
    assert 1 <= len(singles) <= 3
    assert not loaded(pipeline, "sales_order__details")


def with_moods(field: str, path: str, body: bytes) -> bytes:
    """The contract with something unknown beside a field."""
    if not path.endswith("swagger.json"):
        return body
    document = json.loads(body)
    for schema in document["components"]["schemas"].values():
        for part in schema.get("allOf") or ():
            if field in part.get("properties", {}):
                part["properties"]["Mood"] = {"type": "array", "items": {"type": "string"}}
    return json.dumps(document).encode()


def test_what_a_contract_declares_of_an_inquiry_in_an_unknown_way_is_named(
    sandbox: Sandbox, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with proxy(sandbox) as site:
        site.rewrite = partial(with_moods, "BatchNumber")
        outcome = run(pipeline, site.credentials, LedgerTransactions(), way="command")
    assert "Results/Mood" in outcome.errors[0]
    assert "ledger_transactions lacks Results/Mood" in caplog.text


@pytest.mark.parametrize("way", ["command", "lines"])
def test_what_a_contract_declares_in_an_unknown_way_is_named(
    sandbox: Sandbox, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    with proxy(sandbox) as site:
        site.rewrite = partial(with_moods, "LineNbr")
        outcome = run(pipeline, site.credentials, LOAD, way=way)
    if way == "command":
        assert "Details/Mood" in outcome.errors[0]
        assert "not understood" in outcome.errors[0]
    assert "SalesOrder lacks Details/Mood" in caplog.text
    assert_equal(pipeline, sandbox, "SalesOrder")


def test_lists_are_looked_at_anew_after_an_upgrade(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
        return rows if "Details" in query.get("$select", "") else emptied(rows, "Details")

    def rewrite(path: str, body: bytes) -> bytes:
        if not path.endswith("/entity"):
            return body
        answer = json.loads(body)
        answer["version"]["acumaticaBuildVersion"] = "99.100.0001"
        return json.dumps(answer).encode()

    with proxy(sandbox) as site:
        succeed(pipeline, site.credentials, LOAD)
        sandbox.control.advance(3_600)
        sandbox.control.mutate(40, ["SalesOrder"], ["lines", "insert", "delete"], seed=4)
        site.edit, site.rewrite = edit, rewrite
        succeed(pipeline, site.credentials, LOAD)
    assert_equal(pipeline, sandbox, "SalesOrder")
