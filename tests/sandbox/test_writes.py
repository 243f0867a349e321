"""Writing (Integration Development Guide: Create, Update, Delete a Record; Execute an Action)."""

import json
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.sandbox.desk import Desk, Start


def put(desk: Desk, body: Any, headers: Any = None, **parameters: str) -> requests.Response:
    names = {f"${name}": value for name, value in parameters.items()}
    url = f"{desk.endpoint}/SalesOrder"
    return desk.put(url, json=body, params=names, headers=headers)


def line(quantity: float, **more: Any) -> dict[str, Any]:
    fields = {"OrderQty": quantity, "UnitPrice": 10, **more}
    return {name: value if name == "id" else {"value": value} for name, value in fields.items()}


@pytest.fixture
def order(desk: Desk) -> dict[str, Any]:
    """An order of two lines."""
    body = {"CustomerID": {"value": "C000001"}, "Details": [line(1), line(2)]}
    answer = put(desk, body, expand="Details")
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_an_insert_gets_keys_a_stamp_and_totals(order: dict[str, Any]) -> None:
    assert order["OrderType"] == {"value": "SO"}
    assert order["OrderTotal"]["value"] == 30.0
    assert order["LastModified"]["value"].startswith("2026-03-16")
    assert order["CreatedDate"]["value"].startswith("2026-03-16")
    assert [row["LineNbr"]["value"] for row in order["Details"]] == [1, 2]


def test_details_are_updated_by_id_appended_and_removed(desk: Desk, order: Any) -> None:
    first, second = (row["id"] for row in order["Details"])
    changes = [line(5, id=first), {"id": second, "delete": True}, line(1)]
    changed = put(desk, {"id": order["id"], "Details": changes}, expand="Details").json()
    assert [row["OrderQty"]["value"] for row in changed["Details"]] == [5.0, 1.0]
    assert changed["OrderTotal"]["value"] == 60.0


def test_preconditions_fail_with_412(desk: Desk, order: Any) -> None:
    keys = {name: order[name] for name in ("OrderType", "OrderNbr")}
    assert put(desk, keys, {"If-None-Match": "*"}).status_code == 412
    assert put(desk, {"Description": {"value": "x"}}, {"If-Match": "*"}).status_code == 412


def test_a_value_of_the_wrong_type_is_422_at_its_field(desk: Desk) -> None:
    answer = put(desk, {"Details": [line(1, Completed="perhaps")]})
    assert answer.status_code == 422
    body = answer.json()
    assert "raised at least one error" in body["error"]
    assert "error" in body["Details"][0]["Completed"]


def test_patch_changes_and_does_not_create(desk: Desk, order: Any) -> None:
    url = f"{desk.endpoint}/SalesOrder"
    body = {"id": order["id"], "Description": {"value": "patched"}}
    assert desk.patch(url, json=body).json()["Description"] == {"value": "patched"}
    assert desk.patch(url, json={"id": str(uuid4())}).status_code == 404


def test_delete_answers_204_and_the_record_is_gone(desk: Desk, order: Any) -> None:
    url = f"{desk.endpoint}/SalesOrder/{order['id']}"
    assert desk.delete(url).status_code == 204
    assert desk.get(url).status_code == 500


def test_an_action_is_done_at_once_or_polled(desk: Desk, order: Any) -> None:
    """Integration Development Guide: Execute an Action; 204, or 202 with a place to ask.

    The place that a 204 may name leads nowhere, as integrators report.
    """
    root = desk.site.removesuffix("/AcumaticaERP")
    entity = {"entity": {"id": order["id"]}}
    done = desk.post(f"{desk.endpoint}/SalesOrder/CancelSalesOrder", json=entity)
    assert done.status_code == 204
    assert desk.get(root + done.headers["Location"]).status_code == 404
    shown = desk.read(f"SalesOrder/{order['id']}").json()
    assert shown["Status"] == {"value": "Canceled"}
    invoice = {"entity": {"id": desk.rows("Invoice", top=1)[0]["id"]}}
    long = desk.post(f"{desk.endpoint}/Invoice/ReleaseInvoice", json=invoice)
    assert long.status_code == 202
    place = root + long.headers["Location"]
    assert [desk.get(place).status_code for _ in range(3)] == [202, 202, 204]


def test_an_unknown_action_is_404_and_a_post_to_an_entity_406(desk: Desk) -> None:
    assert desk.post(f"{desk.endpoint}/SalesOrder/Nothing", json={"entity": {}}).status_code == 404
    assert desk.post(f"{desk.endpoint}/SalesOrder", json={}).status_code == 406


def test_files_go_up_are_listed_and_come_down(desk: Desk, order: Any) -> None:
    """Integration Development Guide: Attach a File to a Record, Retrieve a File."""
    root = desk.site.removesuffix("/AcumaticaERP")
    place = order["_links"]["files:put"].replace("{filename}", "note ä.txt")
    up = desk.put(root + place, data=b"hello", headers={"PX-CbFileComment": "read me"})
    assert up.status_code == 204
    listed = desk.read(f"SalesOrder/{order['id']}", expand="files").json()["files"]
    number = order["OrderNbr"]["value"]
    assert listed[0]["filename"] == f"Sales Orders (SO, {number})\\note ä.txt"
    assert listed[0]["comment"] == "read me"
    assert desk.get(root + listed[0]["href"]).content == b"hello"


def test_a_file_needs_a_record(desk: Desk) -> None:
    for graph, status in (("PX.Objects.SalesOrderMaint", 500), ("PX.Objects.NothingMaint", 404)):
        place = f"{desk.endpoint}/files/{graph}/Document/{uuid4()}/a.txt"
        assert desk.put(place, data=b"x").status_code == status


def test_lines_have_files_of_their_own(start: Start) -> None:
    """Integration Development Guide: Expand Parameter (`$expand=Details/files`)."""
    with start() as desk, Desk(desk.sandbox) as other:
        root = desk.site.removesuffix("/AcumaticaERP")
        order = desk.rows("SalesOrder", top=1, expand="Details")[0]
        place = order["Details"][0]["_links"]["files:put"].replace("{filename}", "line.txt")
        assert desk.put(root + place, data=b"of the line").status_code == 204
        other.sign_in()
        for user in (desk, other):
            shown = user.rows("SalesOrder", top=1, expand="Details,Details/files")[0]
            assert "files" not in shown
            first, *rest = (line["files"] for line in shown["Details"])
            assert [file["filename"].rpartition("\\")[2] for file in first] == ["line.txt"]
            assert all(files == [] for files in rest)
            assert user.get(root + first[0]["href"]).content == b"of the line"
        both = desk.rows("SalesOrder", top=1, expand="Details/files,files")[0]
        assert both["files"] == []
        assert len(both["Details"][0]["files"]) == 1


def test_a_report_is_polled_until_its_file_comes(desk: Desk) -> None:
    begun = desk.post(f"{desk.endpoint}/CustomerStatementReport", json={})
    place = desk.site.removesuffix("/AcumaticaERP") + begun.headers["Location"]
    answers = [desk.get(place) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 200]
    assert answers[-1].content.startswith(b"%PDF")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"\xff", b'{"Hold":NaN}'], ids=["half", "list", "bytes", "nan"]
)
def test_a_body_that_is_no_object_is_400(desk: Desk, body: bytes) -> None:
    assert desk.put(f"{desk.endpoint}/SalesOrder", data=body).status_code == 400


def test_custom_fields_of_lines_can_be_written(start: Start) -> None:
    """Integration Development Guide: Update a Record with Custom Fields."""
    place = "Details/Transactions.UsrPackaging"
    with start() as desk:
        order = desk.rows("SalesOrder", top=1, expand="Details")[0]
        custom = {"Transactions": {"UsrPackaging": {"value": "CRATE"}}}
        line = {"id": order["Details"][0]["id"], "custom": custom}
        body = {"id": order["id"], "Details": [line]}
        answer = desk.put(
            f"{desk.endpoint}/SalesOrder",
            params={"$expand": "Details", "$custom": place},
            json=body,
        )
        assert answer.status_code == 200, answer.text
        read = desk.rows("SalesOrder", top=1, expand="Details", custom=place)[0]["Details"][0]
    assert read["custom"]["Transactions"]["UsrPackaging"]["value"] == "CRATE"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("DefaultPrice", "abc"),
        ("DefaultPrice", "Infinity"),
        ("DefaultPrice", 1e300),
        ("Description", {"a": 1}),
        ("Description", ["a"]),
        ("IsAKit", "perhaps"),
        ("LastModifiedDateTime", "yesterday"),
        ("NoteID", "no guid"),
    ],
)
def test_what_no_column_can_hold_is_422_with_the_record_echoed(
    desk: Desk, field: str, value: Any
) -> None:
    """Create a Record (Integration Development Guide): 422, the errors at the fields."""
    body = {"InventoryID": {"value": "REFUSED"}, field: {"value": value}}
    answer = desk.put(f"{desk.endpoint}/StockItem", data=json.dumps(body))
    assert answer.status_code == 422
    echo = answer.json()
    assert list(echo)[:3] == ["id", "rowNumber", "error"]
    assert echo["error"].startswith("Inserting  'Stock Items' record raised at least one error.")
    assert echo["InventoryID"] == {"value": "REFUSED"}
    assert "class" not in echo[field]["error"]
    assert desk.rows("StockItem", filter="InventoryID eq 'REFUSED'") == []


def test_a_key_written_in_another_case_stays_as_it_is(start: Start) -> None:
    with start() as desk:
        known = desk.rows("Account", top=1)[0]["AccountCD"]["value"]
        item = desk.rows("StockItem", top=1)[0]["InventoryID"]["value"]
        for key in (item.lower(), f"{item}  "):
            body = {"InventoryID": {"value": key}, "Description": {"value": known}}
            changed = desk.put(f"{desk.endpoint}/StockItem", json=body).json()
            assert changed["InventoryID"] == {"value": item}
