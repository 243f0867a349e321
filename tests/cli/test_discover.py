"""`acumatica discover` shows what there is, in three forms, and what it could not find out."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.cli.test_failures import acumatica, assert_refused, settings
from tests.contract.documents import contract_document

pytestmark = pytest.mark.slow

SHOP = contract_document(
    {
        "Order": {
            "OrderNbr": "StringValue",
            "Total": "DecimalValue",
            "LastModifiedDateTime": "DateTimeValue",
            "Details": ["OrderLine"],
        },
        "OrderLine": {"LineNbr": "IntValue", "Price": "DecimalValue"},
        "StockInquiry": {"Item": "StringValue", "Results": ["OrderLine"]},
        "MailProcessing": {"Folder": "StringValue", "Result": ["OrderLine"]},
    },
    top_level=["Order", "StockInquiry", "MailProcessing"],
    title="Shop/1.0",
)


@pytest.fixture(scope="module")
def erp() -> Iterator[Sandbox]:
    """A sandbox that these tests only read."""
    with Sandbox(SandboxOptions(records=100)) as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(SHOP))
    return file


def discover(sandbox: Sandbox, tmp_path: Path, *arguments: str) -> str:
    run = acumatica("discover", *arguments, cwd=tmp_path, env=settings(sandbox))
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def named(listed: list[Any], name: str) -> Any:
    return next(one for one in listed if one["name"] == name)


def test_all_there_is_as_json(erp: Sandbox, tmp_path: Path) -> None:
    found = json.loads(discover(erp, tmp_path, "--format", "json"))
    assert found["problems"] == []
    assert f"{found['endpoint']}/{found['version']}" in found["endpoints"]
    order = named(found["entities"], "SalesOrder")
    assert (order["kind"], order["keys"]) == ("record", ["OrderType", "OrderNbr"])
    assert order["watermark"] == "LastModified"
    assert {"name": "OrderTotal", "type": "decimal128(38, 10)"} in order["columns"]
    assert named(order["children"], "SalesOrder__Details")["line_key"] == "LineNbr"
    assert "rows" not in order, "nothing is counted unasked"
    assert named(found["entities"], "InventorySummaryInquiry")["kind"] == "inquiry form"
    invoices = named(found["generic_inquiries"], "InvoicesOfCustomer")
    assert set(invoices["keys"]) == {"Type", "ReferenceNbr"}
    assert invoices["parameters"] == [{"name": "Customer", "type": "string"}]
    orders = named(found["dacs"], "SOOrder")
    assert set(orders["keys"]) == {"OrderType", "OrderNbr"}
    assert orders["watermark"] == "LastModifiedDateTime"
    assert "SalesOrder" in orders["aliases"]
    assert orders["columns"] > 10


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_all_there_is_for_people(erp: Sandbox, tmp_path: Path, form: str) -> None:
    said = discover(erp, tmp_path, "--format", form)
    lines = [" ".join(line.replace("|", " ").split()) for line in said.splitlines()]
    assert any(line.startswith("SalesOrder record OrderType, OrderNbr") for line in lines)
    assert any(line.startswith("BI-Customers CustomerID") for line in lines)
    assert any(line.endswith("Customer (string)") for line in lines)
    assert any(line.startswith("Customer AcctCD LastModifiedDateTime") for line in lines)


@pytest.mark.parametrize(
    ("name", "kind", "column"),
    [
        ("SalesOrder", "record", "OrderTotal"),
        ("BI-Customers", "generic inquiry", "CreditLimit"),
        ("SOOrder", "data access class", "CuryOrderTotal"),
    ],
    ids=["entity", "generic inquiry", "DAC"],
)
@pytest.mark.parametrize("form", ["json", "table", "markdown"])
def test_one_thing(
    erp: Sandbox, tmp_path: Path, name: str, kind: str, column: str, form: str
) -> None:
    said = discover(erp, tmp_path, name, "--format", form)
    if form == "json":
        found = json.loads(said)
        assert (found["name"], found["kind"]) == (name, kind)
        assert named(found["columns"], column)["type"] == "decimal128(38, 10)"
    else:
        assert f"{name} ({kind}, keys: " in said
        line = next(line for line in said.splitlines() if column in line)
        assert "decimal128(38, 10)" in line


def test_rows_are_estimated_on_request(erp: Sandbox, tmp_path: Path) -> None:
    found = json.loads(discover(erp, tmp_path, "--rows", "--format", "json"))
    for name in ("SalesOrder", "Customer", "Account"):
        expected = {"count": len(erp.control.rows(name)), "exact": True}
        assert named(found["entities"], name)["rows"] == expected
    assert named(found["entities"], "InventorySummaryInquiry")["rows"] is None
    said = discover(erp, tmp_path, "DB-StorageDetails", "--rows")
    assert "depend on parameters" in said
    said = discover(erp, tmp_path, "SOOrder", "--rows")
    assert f"rows: {len(erp.control.rows('SalesOrder'))}" in said


def test_a_part_that_fails_does_not_hide_the_others(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=20)) as sandbox:
        sandbox.control.set_options(dac_role=False)
        sandbox.control.fault("status", path="odata/gi", status=500, times=0)
        found = json.loads(discover(sandbox, tmp_path, "--format", "json"))
        assert named(found["entities"], "SalesOrder")["keys"] == ["OrderType", "OrderNbr"]
        assert found["dacs"] == found["generic_inquiries"] == []
        problems = {one["part"]: one["problem"] for one in found["problems"]}
        assert set(problems) == {"dacs", "generic_inquiries"}
        assert "OData4 User" in problems["dacs"]
        assert "OData4 User" in discover(sandbox, tmp_path)
        sandbox.control.clear_faults()
        sandbox.control.set_options(dac_role=True)
        sandbox.control.fault("status", path="swagger.json", status=403, times=0)
        environment = settings(sandbox) | {"XDG_CACHE_HOME": str(tmp_path / "new")}
        run = acumatica("discover", "--format", "json", cwd=tmp_path, env=environment)
        found = json.loads(run.stdout)
        assert run.returncode == 1
        assert [one["part"] for one in found["problems"]] == ["entities"]
        assert named(found["dacs"], "SOOrder")


def test_an_unknown_name_is_refused_with_near_ones(erp: Sandbox, tmp_path: Path) -> None:
    run = acumatica("discover", "SalesOrders", cwd=tmp_path, env=settings(erp))
    assert_refused(run, "no entity 'SalesOrders'", "SalesOrder")


def test_a_contract_document_offline(shop: Path, tmp_path: Path) -> None:
    run = acumatica(
        *("discover", "--contract", str(shop), "--format", "json"),
        cwd=tmp_path,
        env=dict(os.environ),
    )
    found = json.loads(run.stdout)
    assert (found["endpoint"], found["version"]) == ("Shop", "1.0")
    assert {one["name"]: one["kind"] for one in found["entities"]} == {
        "Order": "record",
        "StockInquiry": "inquiry form",
        "MailProcessing": "processing form",
    }
    order = named(found["entities"], "Order")
    assert order["keys"] == ["OrderNbr"]
    assert order["watermark"] == "LastModifiedDateTime"
    assert named(order["columns"], "LastModifiedDateTime")["type"] == "timestamp[us, tz=UTC]"
    assert named(order["children"], "Order__Details")["path"] == "Details"


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_one_entity_offline(shop: Path, tmp_path: Path, form: str) -> None:
    run = acumatica(
        *("discover", "Order", "--contract", str(shop), "--format", form),
        cwd=tmp_path,
        env=dict(os.environ),
    )
    assert run.returncode == 0
    assert "Order (record, keys: OrderNbr, watermark: LastModifiedDateTime)" in run.stdout
    assert "Order__Details" in run.stdout


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        ("{", [], ["shop.json"]),
        ("[1]", [], ["shop.json"]),
        (json.dumps(SHOP), ["Ordr"], ["no entity 'Ordr'", "Order"]),
        (json.dumps(SHOP), ["--rows"], ["--contract"]),
        (json.dumps(SHOP), ["--endpoint", "Default"], ["--contract"]),
    ],
    ids=["cut off", "not a contract", "unknown entity", "rows", "endpoint"],
)
def test_nonsense_offline_is_refused(
    shop: Path, tmp_path: Path, content: str, arguments: list[str], words: list[str]
) -> None:
    shop.write_text(content)
    run = acumatica(
        "discover", "--contract", str(shop), *arguments, cwd=tmp_path, env=dict(os.environ)
    )
    assert_refused(run, *words)
