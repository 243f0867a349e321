"""Values at the end of what destinations hold: they block nothing, and arrive alike everywhere."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, EntityOptions, GenericInquiry, InquiryForm
from acumatica_source.source import Load
from tests.conftest import pipeline_in
from tests.resources.proxy import proxy
from tests.resources.runs import lake, run, succeed

pytestmark = pytest.mark.slow

Change = Callable[[str, bytes], bytes]

ORDERS = EntityOptions("SalesOrder")
CLASS = DacTable("SOOrder")
INQUIRY = GenericInquiry("BI-Customers")
FORM = InquiryForm("AccountSummaryInquiry", [{"Period": "012025"}])

BEYOND = ["9999-12-31T23:59:59.9999999-05:00", "9999-12-31T20:00:00-04:00"]
"""In UTC these are in the year 10000."""


@pytest.fixture(scope="module", params=[4, 5], ids=["version 4", "version 5"])
def erp(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """An emulated ERP that no test changes, by contract version."""
    with Sandbox(SandboxOptions(records=200, contract_version=request.param)) as running:
        yield running


def writing(field: str, literal: str) -> Change:
    """Write the first number of a field in this way."""
    pattern = re.compile(rb'("%s":\s*(?:\{"value":\s*)?)-?[\d.]+' % field.encode())
    return lambda path, body: pattern.sub(rb"\g<1>" + literal.encode(), body, count=1)


def having(key: str, value: str, **changes: str) -> Change:
    """Let the rows that have this key have these values too, wherever they are shown."""

    def change(path: str, body: bytes) -> bytes:
        if body[:1] not in b"[{" or "swagger" in path:
            return body
        document = json.loads(body)
        _change(document, key, value, changes)
        return json.dumps(document).encode()

    return change


def _change(found: Any, key: str, value: str, changes: dict[str, str]) -> None:
    for one in found.values() if isinstance(found, dict) else found:
        if isinstance(one, dict | list):
            _change(one, key, value, changes)
    if isinstance(found, dict) and _plain(found.get(key)) == value:
        for name in set(changes) & set(found):
            wrapped = isinstance(found[name], dict)
            found[name] = {"value": changes[name]} if wrapped else changes[name]


def _plain(value: Any) -> Any:
    value = value.get("value") if isinstance(value, dict) else value
    return value.strip() if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("load", "field", "literal", "place"),
    [
        (ORDERS, "OrderTotal", "1e-202", "SalesOrder.OrderTotal of record "),
        (ORDERS, "UnitPrice", "-1E-99999999", "SalesOrder.Details.UnitPrice of record "),
        (CLASS, "CuryOrderTotal", '"1e-99999999"', "SOOrder.CuryOrderTotal of record "),
        (INQUIRY, "CreditLimit", "1e99999999", "BI-Customers.CreditLimit of record "),
        (FORM, "EndingBalance", "1e-99999999", "Results.EndingBalance of record "),
    ],
    ids=["entity", "detail", "class", "inquiry", "form"],
)
def test_a_number_that_no_column_holds_is_an_error_that_names_its_place(
    erp: Sandbox, tmp_path: Path, load: Load, field: str, literal: str, place: str
) -> None:
    with proxy(erp) as site:
        site.wire = writing(field, literal)
        done = run(pipeline_in(tmp_path), site.credentials, load)
    (error,) = done.errors
    assert place in error
    assert f"is {literal.strip(chr(34))}, which does not fit" in error


@pytest.mark.parametrize("literal", ["1e99999999", "-1e-99999999", "1E400"])
@pytest.mark.parametrize("load", [ORDERS, CLASS, INQUIRY], ids=["entity", "class", "inquiry"])
def test_a_number_in_a_field_that_nobody_declared_hinders_nothing(
    erp: Sandbox, tmp_path: Path, load: Load, literal: str
) -> None:
    row = re.compile(rb'(\{)("id":|"OrderType":|"CustomerID":)')
    with proxy(erp) as site:
        site.wire = lambda path, body: (
            body
            if "metadata" in path or "swagger" in path
            else row.sub(rb'\g<1>"Undeclared":%s,\g<2>' % literal.encode(), body)
        )
        pipeline = pipeline_in(tmp_path)
        succeed(pipeline, site.credentials, load)
        succeed(pipeline, site.credentials, load)


@pytest.mark.parametrize("beyond", BEYOND)
@pytest.mark.parametrize(
    ("load", "key", "field", "table", "column"),
    [
        (ORDERS, "OrderNbr", "LastModified", "sales_order", "last_modified"),
        (ORDERS, "OrderNbr", "CreatedDate", "sales_order", "created_date"),
        (CLASS, "OrderNbr", "LastModifiedDateTime", "so_order", "last_modified_date_time"),
        (INQUIRY, "CustomerID", "LastModifiedDateTime", "bi_customers", "last_modified_date_time"),
    ],
    ids=["entity", "another field", "class", "inquiry"],
)
def test_an_instant_beyond_the_calendar_is_null_and_told_and_hinders_nothing(
    erp: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    load: Load,
    key: str,
    field: str,
    table: str,
    column: str,
    beyond: str,
) -> None:
    entity = "Customer" if load is INQUIRY else "SalesOrder"
    truth = [row[key].strip() for row in erp.control.rows(entity)]
    if field == "LastModified" and erp.options.contract_version == 5:
        field, column = "LastModifiedDateTime", "last_modified_date_time"
    pipeline = pipeline_in(tmp_path)
    with proxy(erp) as site:
        site.wire = having(key, truth[0], **{field: beyond})
        for _ in range(2):
            caplog.clear()
            with caplog.at_level(logging.WARNING):
                succeed(pipeline, site.credentials, load)
            rows = dict(pipeline.dataset()[table].select(*map(_snake, [key, field])).fetchall())
            assert {name.strip() for name in rows} == set(truth)
            assert [name.strip() for name, at in rows.items() if at is None] == [truth[0]]
            told = [r for r in caplog.messages if f".{field} has values" in r]
            assert len(told) <= 1
            assert all("1 to 9999" in one for one in told)
    kept = pipeline.dataset()[table].select(f"{column}__text").fetchall()
    assert [one for (one,) in kept if one] == [beyond]


def _snake(name: str) -> str:
    return dlt.Schema("x").naming.normalize_path(name)


@pytest.mark.parametrize("place", [pipeline_in, lake], ids=["duckdb", "parquet"])
def test_nul_and_nothing_arrive_alike_everywhere(
    erp: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    place: Callable[[Path], dlt.Pipeline],
) -> None:
    orders = sorted(row["OrderNbr"] for row in erp.control.rows("SalesOrder"))
    pipeline = place(tmp_path)
    with proxy(erp) as site, caplog.at_level(logging.WARNING):
        changes = [
            having("OrderNbr", orders[0], Description="a\0b", LineDescription="\0"),
            having("OrderNbr", orders[1], Description="", LineDescription=""),
            having("LineNbr", 1, LineDescription="\0line"),  # type: ignore[arg-type]
            having("LineNbr", 2, LineDescription=""),  # type: ignore[arg-type]
        ]

        def change(path: str, body: bytes) -> bytes:
            for one in changes:
                body = one(path, body)
            return body

        site.wire = change
        succeed(pipeline, site.credentials, ORDERS)
    rows = dict(pipeline.dataset()["sales_order"].select("order_nbr", "description").fetchall())
    assert rows[orders[0]] == "a\ufffdb"
    assert rows[orders[1]] == ""
    nothing = [r["OrderNbr"] for r in erp.control.rows("SalesOrder") if r["Description"] is None]
    assert [rows[one] for one in nothing if one not in orders[:2]].count(None) == len(
        set(nothing) - set(orders[:2])
    )
    lines = pipeline.dataset()["sales_order__details"].select("line_nbr", "line_description")
    found = lines.fetchall()
    assert {text for number, text in found if number == 1} == {"\ufffdline"}
    assert {text for number, text in found if number == 2} == {""}
    told = [message for message in caplog.messages if "NUL" in message]
    assert len(told) == 2
    assert all("is replaced by U+FFFD" in one for one in told)
