"""What official request collections send besides what the guide describes.

`Help-and-Training-Examples`: the collections of the Integration Development Guide and of the
courses I300 to I330.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.sandbox.desk import Desk, Start


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A user of 2025 R2."""
    options = SandboxOptions(records=400, build="25R2", license="unlimited")
    with Sandbox(options) as sandbox, Desk(sandbox) as desk:
        desk.sign_in()
        yield desk


@pytest.mark.parametrize(
    "path",
    [
        "//entity/Default/24.200.001/Customer",
        "/entity//Default/24.200.001//Customer",
        "//entity//Default//24.200.001//Customer/C000001",
    ],
)
def test_doubled_slashes_in_paths_are_one(desk: Desk, path: str) -> None:
    assert desk.get(f"{desk.site}{path}").status_code == 200
    signing_in = {"name": desk.sandbox.username, "password": desk.sandbox.password}
    answer = requests.post(f"{desk.site}//entity/auth/login", json=signing_in)
    assert answer.status_code == 204


def test_a_key_may_be_empty(desk: Desk) -> None:
    answer = desk.read("SalesOrder//000001")
    assert answer.status_code == 500
    assert "No entity satisfies" in answer.json()["exceptionMessage"]


@pytest.mark.parametrize(
    ("day", "meant"),
    [
        ("6/7/2024", "2024-06-07"),
        ("12/31/2024", "2024-12-31"),
        ("6/7/2024 12:00:00 AM", "2024-06-07"),
        ("2024-06-07", "2024-06-07"),
    ],
)
def test_dates_may_be_written_as_people_do(desk: Desk, day: str, meant: str) -> None:
    order = desk.rows("SalesOrder", top=1)[0]["id"]
    body = {"id": order, "Date": {"value": day}}
    row = desk.put(f"{desk.endpoint}/SalesOrder", json=body).json()
    assert row["Date"]["value"] == f"{meant}T00:00:00+00:00"


@pytest.mark.parametrize(("text", "meant"), [("false", False), ("True", True)])
def test_booleans_may_be_text(desk: Desk, text: str, meant: bool) -> None:
    order = desk.rows("SalesOrder", top=1)[0]["id"]
    body = {"id": order, "Hold": {"value": text}}
    assert desk.put(f"{desk.endpoint}/SalesOrder", json=body).json()["Hold"]["value"] is meant


@pytest.mark.parametrize(("field", "value"), [("Hold", "perhaps"), ("Date", "13/13/2024")])
def test_other_texts_are_errors_at_the_field(desk: Desk, field: str, value: str) -> None:
    order = desk.rows("SalesOrder", top=1)[0]["id"]
    answer = desk.put(f"{desk.endpoint}/SalesOrder", json={"id": order, field: {"value": value}})
    assert answer.status_code == 422
    assert "error" in answer.json()[field]


@pytest.mark.parametrize(
    ("entity", "action", "status"),
    [
        ("SalesOrder", "OpenSalesOrder", 204),
        ("SalesOrder", "Hold", 204),
        ("Bill", "Approve", 204),
        ("Payment", "Release", 202),
        ("Invoice", "Close", 204),
        ("SalesOrder", "Explode", 404),
        ("AccountSummaryInquiry", "Release", 404),
    ],
)
def test_actions_of_the_screen_need_not_be_in_the_contract(
    desk: Desk, entity: str, action: str, status: int
) -> None:
    known = {} if entity.endswith("Inquiry") else {"id": desk.rows(entity, top=1)[0]["id"]}
    answer = desk.post(f"{desk.endpoint}/{entity}/{action}", json={"Entity": known})
    assert answer.status_code == status
    assert desk.post(f"{desk.endpoint}/{entity}/{action}", json={}).status_code in (400, 404, 409)


def test_translations_may_be_selected(desk: Desk) -> None:
    parameters = {"select": "InventoryID,Description,Translations", "expand": "Translations"}
    row = desk.rows("StockItem", top=1, **parameters)[0]
    text = row["Description"]["value"]
    assert row["Description"]["translations"] == {"en": text}


def test_any_field_of_the_form_is_a_custom_field(desk: Desk) -> None:
    """Under the names of views that the published endpoint definition has."""
    places = "CurrentCustomer.LastModifiedDateTime,BAccount.CustomerName,BAccount.Email"
    for row in desk.rows("Customer", top=5, custom=places):
        assert row["custom"]["CurrentCustomer"]["LastModifiedDateTime"] == {
            "type": "CustomDateTimeField",
            **row["LastModifiedDateTime"],
        }
        assert row["custom"]["BAccount"]["CustomerName"] == {
            "type": "CustomStringField",
            **row["CustomerName"],
        }
    name = row["CustomerName"]["value"]
    condition = f"cf.String(f='BAccount.CustomerName') eq '{name}'"
    assert row["id"] in [one["id"] for one in desk.rows("Customer", filter=condition)]
    order = desk.rows("SalesOrder", top=1, custom="Document.CreatedDateTime", select="OrderNbr")[0]
    assert order["custom"]["Document"]["CreatedDateTime"]["type"] == "CustomDateTimeField"
    for wrong in ("Other.CustomerName", "BAccount.GroupMask", "BAccount.MainContact"):
        assert desk.read("Customer", custom=wrong).status_code == 500


def test_a_custom_field_can_fail_the_whole_request(start: Start) -> None:
    """As reported of binary ones."""
    with start(custom_refused=("SalesOrder.Document.UsrPriority",)) as desk:
        declared = desk.read("SalesOrder/$adHocSchema").json()["custom"]["Document"]
        assert {"UsrPriority", "AttributeCHANNEL"} <= set(declared)
        assert desk.read("SalesOrder", custom="Document.AttributeCHANNEL").status_code == 200
        both = "Document.AttributeCHANNEL,Document.UsrPriority"
        assert desk.read("SalesOrder", custom=both).status_code == 500


def test_a_401_has_a_message_alone(desk: Desk) -> None:
    answer = requests.get(f"{desk.endpoint}/Customer")
    assert answer.status_code == 401
    assert list(answer.json()) == ["message"]


def test_keys_in_manufacturing_have_two_parts(tmp_path: Path) -> None:
    text = {"$ref": "#/definitions/StringValue"}
    fields: dict[str, Any] = {"BOMID": text, "Revision": text, "Description": text}
    document = {
        "swagger": "2.0",
        "info": {"title": "MANUFACTURING/24.200.001", "version": "4"},
        "paths": {"/BillOfMaterial": {"get": {}}},
        "definitions": {"BillOfMaterial": {"properties": fields}},
    }
    path = tmp_path / "manufacturing.json"
    path.write_text(json.dumps(document))
    with Sandbox(SandboxOptions(contract=path)) as sandbox, Desk(sandbox) as desk:
        desk.sign_in()
        base = f"{desk.site}/entity/MANUFACTURING/24.200.001/BillOfMaterial"
        row = desk.get(base).json()[0]
        key, revision = row["BOMID"]["value"], row["Revision"]["value"]
        assert desk.get(f"{base}/{key}/{revision}").json()["id"] == row["id"]
        assert desk.get(f"{base}/{key}").status_code == 500
