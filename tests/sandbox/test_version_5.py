"""Contract version 5, as the 2026 R2 edition of the guide and the published definition describe it.

Shapes are those of `Default_26.200.001`; what no document settles is in `UNKNOWNS`.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_sandbox.options import UNKNOWNS
from acumatica_sandbox.records.drop_downs import code_of
from tests.sandbox.desk import Desk, Start
from tests.sandbox.wire import assert_true, entities, nested

VERSION = "26.200.001"
Record = dict[str, Any]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A user of the endpoint of contract version 5."""
    options = SandboxOptions(records=900, contract_version=5)
    with Sandbox(options) as sandbox, Desk(sandbox, VERSION) as desk:
        assert desk.sign_in().status_code == 204
        yield desk


@pytest.fixture
def unknown(desk: Desk) -> Iterator[Callable[..., None]]:
    """Sets one of the options for a test."""
    yield desk.sandbox.control.set_options
    desk.sandbox.control.reset_options()


def refusal(desk: Desk, path: str, **parameters: Any) -> tuple[int, str]:
    answer = desk.read(path, **parameters)
    return answer.status_code, answer.json()["exceptionMessage"]


def truth_of(desk: Desk, entity: str, contract_version: int = 4) -> list[Record]:
    """The records that lists show."""
    rows = desk.sandbox.control.rows(entity, contract_version=contract_version)
    return [row for row in rows if not row.get("archived")]


def one_by(rows: list[Record], name: str) -> Record:
    """Rows by the value of a field."""
    return {row[name]["value"]: row for row in rows}


def test_the_contract_is_listed_and_declares_its_types(desk: Desk) -> None:
    listed = desk.get(f"{desk.site}/entity").json()["endpoints"]
    assert {(one["name"], one["version"]) for one in listed} == {
        ("Default", VERSION),
        ("Default", "25.200.001"),
        ("Default", "24.200.001"),
        ("DeviceHub", "26.100.001"),
    }
    document = desk.read("swagger.json").json()
    assert document["info"] == {"title": f"Default/{VERSION}", "version": "5"}
    schemas = document["components"]["schemas"]
    order = schemas["SalesOrder"]["allOf"][1]["properties"]
    declared = {name: str(one.get("$ref")).rpartition("/")[2] for name, one in order.items()}
    assert declared["Status"] == "StringSingleSelectValue"
    assert declared["OrderType"] == "StringValue"
    assert declared["Date"] == declared["LastModifiedDateTime"] == "DateTimeValue"
    assert "LastModified" not in declared
    assert order["ShipToAddress"]["anyOf"] == [{"$ref": "#/components/schemas/Address"}]
    inner = schemas["StringSingleSelectValue"]["properties"]["value"]["anyOf"][0]["$ref"]
    assert schemas[inner.rpartition("/")[2]]["required"] == ["id"]
    beside = desk.get(f"{desk.site}/entity/DeviceHub/26.100.001/swagger.json").json()
    assert beside["info"]["version"] == "4"


def test_the_definition_in_xml_names_the_version_and_the_types(desk: Desk) -> None:
    place = f"{desk.site}/entity/maintenance/23.200/Default"
    text = desk.get(f"{place}/{VERSION}").text
    assert 'systemContractVersion="5"' in text
    assert '<Field name="Status" type="StringSingleSelectValue" />' in text
    assert 'systemContractVersion="4"' in desk.get(f"{place}/25.200.001").text


def test_drop_downs_have_codes_and_stamps_their_new_names(desk: Desk) -> None:
    truth = {one["OrderNbr"]: one for one in truth_of(desk, "SalesOrder")}
    names = "OrderNbr,Status,Date,LastModifiedDateTime"
    rows = desk.rows("SalesOrder", select=names)
    assert len(rows) == len(truth)
    for number, row in one_by(rows, "OrderNbr").items():
        label = truth[number]["Status"]
        code = code_of("SalesOrder.Status", label)
        assert row["Status"] == {"value": {"id": code, "description": label}}
        assert row["Date"]["value"] == f"{truth[number]['Date']}T00:00:00+00:00"
        stamp = datetime.fromisoformat(row["LastModifiedDateTime"]["value"])
        assert stamp == truth[number]["LastModified"]
    assert len({row["Status"]["value"]["id"] for row in rows}) > 2


def test_dates_without_a_time_have_none(desk: Desk) -> None:
    row = desk.rows("Invoice", top=1)[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["Date"]["value"])
    assert len(row["CreatedDateTime"]["value"]) > 10


def test_the_members_are_in_the_order_of_the_alphabet(desk: Desk) -> None:
    row = desk.rows("SalesOrder", top=1, expand="Details,Totals")[0]
    own = list(row)[3:-2]
    assert list(row)[:3] == ["id", "rowNumber", "note"]
    assert own == sorted(own, key=str.lower)


def test_numbers_keep_their_digits(desk: Desk) -> None:
    old = desk.get(f"{desk.site}/entity/Default/25.200.001/SalesOrder?$top=50&$expand=Details")
    new = desk.read("SalesOrder", top=50, expand="Details")
    numbers = re.compile(r'"(\w+)":\{"value":(-?[\d.]+)\}')
    assert numbers.findall(new.text) == numbers.findall(old.text)


def test_options_of_members_are_nested(desk: Desk) -> None:
    expand = "MainContact($select=Email;$expand=Address($select=City)),Attributes"
    row = desk.rows("Customer", top=1, select="CustomerID", expand=expand)[0]
    assert set(row) == {
        *("id", "rowNumber", "note", "CustomerID", "MainContact", "Attributes"),
        *("custom", "_links"),
    }
    assert set(row["MainContact"]) == {"id", "rowNumber", "note", "Address", "Email", "custom"}
    assert set(row["MainContact"]["Address"]) == {"id", "rowNumber", "note", "City", "custom"}
    deep = desk.rows("SalesOrder", top=1, expand="Details($expand=Allocations,files),files")[0]
    assert deep["files"] == []
    assert deep["Details"][0]["files"] == []
    assert deep["Details"][0]["Allocations"]
    assert "Totals" not in deep


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"expand": "MainContact,MainContact/Address"}, "not supported"),
        ({"expand": "MainContact($top=1)"}, "not supported"),
        ({"expand": "MainContact($select=Email"}, "Syntax error"),
        ({"select": "MainContact/Email"}, "not supported"),
        ({"filter": "LastModifiedDateTime gt datetimeoffset'2026-01-01T00:00:00Z'"}, "Syntax"),
        ({"filter": "CreditLimit gt 0M"}, "Syntax error"),
        ({"filter": "NoteID eq guid'2a8e68a6-68c6-0d24-a3bc-52fc011875d1'"}, "Syntax error"),
        ({"filter": "substringof('a',CustomerName)"}, "unknown function"),
        ({"filter": "LastModifiedDateTime gt '2026-01-01'"}, "incompatible types"),
        ({"filter": "CustomerID in ('C000001')"}, "Syntax error"),
        ({"filter": "tolower(CustomerID) eq 'c000001'"}, "unknown function"),
        ({"filter": "Attributes/any(x: x/Value eq 'A')"}, "conversions"),
        ({"filter": "Attributes/Value eq 'A'"}, "not a single value"),
        ({"filter": "Nothing eq 'A'"}, "not present"),
        ({"select": "Nothing"}, "not present"),
        ({"expand": "Nothing"}, "not present"),
        ({"select": "Nothing.Field"}, "not present"),
    ],
)
def test_what_version_5_does_not_know_is_refused(
    desk: Desk, unknown: Callable[..., None], parameters: Record, says: str
) -> None:
    status, message = refusal(desk, "Customer", **parameters)
    assert status == 500
    assert says in message
    unknown(wrong_dialect_status=400)
    keys = "not present" in says
    written_as_in_4 = not keys or "filter" in parameters
    assert refusal(desk, "Customer", **parameters)[0] == (400 if written_as_in_4 else 500)


def test_drop_downs_are_filtered_by_code(desk: Desk) -> None:
    truth = truth_of(desk, "Invoice")
    kept = desk.rows("Invoice", filter="Type eq 'INV' and Status ne 'C'", select="ReferenceNbr")
    wanted = [one for one in truth if one["Type"] == "Invoice" and one["Status"] != "Closed"]
    assert [row["ReferenceNbr"]["value"] for row in kept] == [w["ReferenceNbr"] for w in wanted]
    assert desk.rows("Invoice", filter="Type eq 'Invoice'") == []
    behind = desk.rows("Invoice", filter="Type gt 'CRM'", select="Type")
    assert {row["Type"]["value"]["id"] for row in behind} == {"INV"}
    assert behind


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("Date ge 2025-06-01", lambda r: r["Date"] >= date(2025, 6, 1)),
        ("Amount gt 1000", lambda r: r["Amount"] > 1000),
        ("Hold eq false", lambda r: r["Hold"] is False),
        ("contains(Customer,'0001')", lambda r: "0001" in r["Customer"]),
        ("not contains(Customer,'0001')", lambda r: "0001" not in r["Customer"]),
        ("startswith(Customer,'C00000')", lambda r: r["Customer"].startswith("C00000")),
        ("endswith(Customer,'1')", lambda r: r["Customer"].endswith("1")),
        ("CustomerOrder eq null", lambda r: r["CustomerOrder"] is None),
        ("(Type eq 'CRM' or Balance eq 0)", lambda r: r["Type"] != "Invoice" or not r["Balance"]),
        (
            "LastModifiedDateTime gt 2025-03-01T03:00:00.5+03:00",
            lambda r: r["LastModifiedDateTime"] > datetime.fromisoformat("2025-03-01T00:00:00.5Z"),
        ),
    ],
)
def test_literals_are_bare(desk: Desk, condition: str, meant: Callable[[Record], bool]) -> None:
    wanted = [one["id"] for one in truth_of(desk, "Invoice") if meant(one)]
    assert [row["id"] for row in desk.rows("Invoice", filter=condition)] == wanted
    assert len(wanted) > 0


def test_linked_objects_are_filtered_by_a_path(desk: Desk) -> None:
    first = desk.rows("Customer", top=1, expand="MainContact")[0]
    email = first["MainContact"]["Email"]["value"]
    assert desk.rows("Customer", filter=f"MainContact/Email eq '{email}'")[0]["id"] == first["id"]


def test_custom_fields_are_selected(desk: Desk) -> None:
    truth = truth_of(desk, "SalesOrder", 5)
    names = ("AttributePRODUCT", "AttributeTAGS", "UsrPriority", "UsrWeight", "UsrPickup")
    select = ",".join(["*", *(f"Document.{name}" for name in names)])
    rows = desk.rows("SalesOrder", select=select)
    types = {
        "AttributePRODUCT": "CustomStringSingleSelectField",
        "AttributeTAGS": "CustomStringMultiSelectField",
        "UsrPriority": "CustomIntSingleSelectField",
        "UsrWeight": "CustomDecimalField",
        "UsrPickup": "CustomDateTimeField",
    }
    for row, true in zip(rows, truth, strict=True):
        own = row["custom"]["Document"]
        assert {name: field["type"] for name, field in own.items()} == types
        for name in ("AttributePRODUCT", "AttributeTAGS", "UsrPriority"):
            assert own[name].get("value") == true["custom"][f"Document.{name}"]
        assert "OrderTotal" in row
    tags = [row["custom"]["Document"]["AttributeTAGS"].get("value") for row in rows]
    assert [{"id": "MO", "description": "Motor"}, {"id": "EL", "description": "Electric"}] in tags
    only = desk.rows("SalesOrder", top=1, select="Document.UsrWeight")[0]
    assert set(only) == {"id", "rowNumber", "note", "custom", "_links"}


def test_custom_fields_of_details_are_selected_inside(desk: Desk) -> None:
    one = desk.rows("SalesOrder", top=1, expand="Details($select=Transactions.UsrPackaging)")[0]
    assert "LineNbr" not in one["Details"][0]
    assert set(one["Details"][0]["custom"]["Transactions"]) == {"UsrPackaging"}
    both = desk.rows("SalesOrder", top=1, expand="Details($select=*,Transactions.UsrPackaging)")[0]
    assert "LineNbr" in both["Details"][0]
    assert both["Details"][0]["custom"] == one["Details"][0]["custom"]


def test_the_parameter_of_version_4_is_ignored_or_refused(
    desk: Desk, unknown: Callable[..., None]
) -> None:
    row = desk.rows("SalesOrder", top=1, custom="Document.UsrWeight")[0]
    assert row["custom"] == {}
    unknown(custom_parameter="refused")
    assert refusal(desk, "SalesOrder", custom="Document.UsrWeight")[0] == 500


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("cf.StringSingleSelect('Document.AttributePRODUCT') eq 'P1'", ("PRODUCT", "Pumps")),
        ("contains(cf.String('Document.AttributeTAGS'),'EL')", ("TAGS", "Motor, Electric")),
    ],
)
def test_custom_fields_are_filtered_by_code(
    desk: Desk, condition: str, meant: tuple[str, str]
) -> None:
    truth = truth_of(desk, "SalesOrder")
    name, label = meant
    wanted = [one["id"] for one in truth if one["custom"][f"Document.Attribute{name}"] == label]
    assert [row["id"] for row in desk.rows("SalesOrder", filter=condition)] == wanted
    assert wanted


def test_custom_fields_are_filtered_by_their_types(desk: Desk) -> None:
    truth = truth_of(desk, "SalesOrder")
    filters: dict[str, Callable[[Record], bool]] = {
        "cf.Decimal('Document.UsrWeight') gt 1": lambda c: c["Document.UsrWeight"] > 1,
        "cf.IntSingleSelect('Document.UsrPriority') eq 3": lambda c: c["Document.UsrPriority"] == 3,
        "cf.DateTime('Document.UsrPickup') eq null": lambda c: c["Document.UsrPickup"] is None,
    }
    for condition, meant in filters.items():
        wanted = [one["id"] for one in truth if meant(one["custom"])]
        assert [row["id"] for row in desk.rows("SalesOrder", filter=condition)] == wanted
    for wrong in ("cf.String(f='Document.AttributePRODUCT')", "cf.Guid('Document.UsrWeight')"):
        assert refusal(desk, "SalesOrder", filter=f"{wrong} eq 'P1'")[0] == 500


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A user of an endpoint that somebody has made on 2026 R2, with all the types there are."""
    types = {
        "MachineID": "StringValue",
        "Kind": "StringSingleSelectValue",
        "Minutes": "IntSingleSelectValue",
        "Uses": "StringMultiSelectValue",
        "BuiltOn": "DateOnlyValue",
        "LastModifiedDateTime": "DateTimeValue",
    }
    where = "#/components/schemas/"
    fields: Record = {name: {"$ref": f"{where}{kind}"} for name, kind in types.items()}
    fields["Maker"] = {"anyOf": [{"$ref": f"{where}Maker"}], "nullable": True}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "Shop/1.0.0", "version": "5"},
        "paths": {"/Machine": {"get": {}}},
        "components": {
            "schemas": {
                "Machine": {"properties": fields},
                "Maker": {"properties": {"Country": {"$ref": f"{where}StringSingleSelectValue"}}},
            }
        },
    }
    path = tmp_path_factory.mktemp("shop") / "shop.json"
    path.write_text(json.dumps(document))
    options = SandboxOptions(records=8_000, contract=path)
    with Sandbox(options) as sandbox, Desk(sandbox) as desk:
        desk.endpoint = f"{desk.site}/entity/Shop/1.0.0"
        desk.sign_in()
        yield desk


def test_a_contract_of_version_5_is_served_as_it_is(shop: Desk) -> None:
    document = shop.read("swagger.json").json()
    assert document["info"] == {"title": "Shop/1.0.0", "version": "5"}
    row = next(one for one in shop.rows("Machine", expand="Maker") if one["Uses"])
    choice = {"id", "description"}
    assert set(row["Maker"]["Country"]["value"]) == choice
    assert set(row["Uses"]["value"][0]) == choice
    codes = [one["Minutes"].get("value") for one in shop.rows("Machine")]
    assert all(isinstance(one["id"], int) for one in codes if one)
    old = f"{shop.site}/entity/DeviceHub/26.100.001"
    beside = shop.get(f"{old}/Machine?$top=1").json()[0]
    assert isinstance(beside["Kind"].get("value", ""), str)
    declared = shop.get(f"{old}/swagger.json").json()
    assert declared["info"]["version"] == "4"
    kind = declared["components"]["schemas"]["Machine"]["allOf"][1]["properties"]["Kind"]
    assert kind == {"$ref": "#/components/schemas/StringValue"}


def test_drop_downs_of_several_values(shop: Desk) -> None:
    """`any` and `all` of OData 4.01, and what is empty."""
    truth = truth_of(shop, "Machine", 5)
    shop.sandbox.control.put(
        "Machine", {"MachineID": truth[0]["MachineID"], "Uses": "Milling, Turning"}
    )
    truth = truth_of(shop, "Machine", 5)
    codes = {one["id"]: [choice["id"] for choice in one["Uses"] or ()] for one in truth}
    assert {len(some) for some in codes.values()} == {0, 1, 2}
    first = codes[truth[0]["id"]][1]
    meant: dict[str, Callable[[list[str]], bool]] = {
        f"Uses/any(x: x eq '{first}')": lambda c: first in c,
        f"not Uses/any(x: x eq '{first}')": lambda c: first not in c,
        f"Uses/all(x: x ne '{first}')": lambda c: first not in c,
        "Uses/any()": bool,
        "not Uses/any()": lambda c: not c,
        "Uses eq null": lambda c: not c,
        "Uses ne null": bool,
    }
    for condition, holds in meant.items():
        found = [row["id"] for row in shop.rows("Machine", filter=condition)]
        assert found == [one for one, some in codes.items() if holds(some)], condition
    assert refusal(shop, "Machine", filter=f"Uses eq '{first}'")[0] == 500


def test_drop_downs_of_numbers_are_filtered_by_number(shop: Desk) -> None:
    truth = truth_of(shop, "Machine", 5)
    number = next(one["Minutes"]["id"] for one in truth if one["Minutes"])
    wanted = [one["id"] for one in truth if one["Minutes"] and one["Minutes"]["id"] == number]
    assert [row["id"] for row in shop.rows("Machine", filter=f"Minutes eq {number}")] == wanted


def test_codes_that_only_records_know_can_be_written(shop: Desk) -> None:
    truth = truth_of(shop, "Machine", 5)
    kinds = {one["Kind"]["id"]: one["Kind"] for one in truth if one["Kind"]}
    body = {
        "id": truth[0]["id"],
        "Kind": {"value": {"id": [*kinds][-1]}},
        "Minutes": {"value": {"id": 90}},
        "Uses": {"value": []},
    }
    row = shop.put(f"{shop.endpoint}/Machine", json=body).json()
    assert row["Kind"]["value"] == kinds[[*kinds][-1]]
    assert row["Minutes"]["value"] == {"id": 90, "description": "01:30"}
    assert row["Uses"]["value"] == []


def test_keys_in_addresses_are_labels_and_codes(desk: Desk, unknown: Callable[..., None]) -> None:
    key = desk.rows("Invoice", filter="Type eq 'CRM'", top=1)[0]["ReferenceNbr"]["value"]
    by_label, by_code = f"Invoice/Credit Memo/{key}", f"Invoice/CRM/{key}"
    assert desk.read(by_label).json()["id"] == desk.read(by_code).json()["id"]
    unknown(codes_in_urls=False)
    assert desk.read(by_label).status_code == 200
    assert "No entity satisfies" in refusal(desk, by_code)[1]


def test_lists_that_cannot_be_optimised_stay_so(desk: Desk) -> None:
    expand = "ApplicationHistory($select=DisplayDocType,DisplayRefNbr)"
    assert "Optimization cannot be performed" in refusal(desk, "Payment", expand=expand)[1]
    number = desk.rows("Payment", top=1)[0]["ReferenceNbr"]["value"]
    row = desk.read(f"Payment/Payment/{number}", expand=expand).json()
    assert row["ApplicationHistory"][0]["DisplayDocType"]["value"] == {
        "id": "INV",
        "description": "Invoice",
    }


def test_inquiries_answer_in_version_5(desk: Desk) -> None:
    body = {"FromPeriod": {"value": "012026"}, "ToPeriod": {"value": "012026"}}
    place = f"{desk.endpoint}/AccountDetailsForPeriodInquiry"
    answer = desk.put(f"{place}?$expand=Results($select=Account,TransactionDate)", json=body).json()
    assert answer["FromPeriod"] == {"value": "012026"}
    assert answer["Results"]
    for row in answer["Results"]:
        assert set(row) >= {"Account", "TransactionDate"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["TransactionDate"]["value"])
        assert "DebitAmount" not in row


def test_records_are_written_with_codes(desk: Desk) -> None:
    body = {
        "Type": {"value": {"id": "CRM"}},
        "Date": {"value": "2026-03-09"},
        "custom": {},
    }
    made = desk.put(f"{desk.endpoint}/Invoice?$select=ReferenceNbr,Type,Date", json=body)
    assert made.status_code == 200, made.text
    row = made.json()
    assert row["Type"]["value"] == {"id": "CRM", "description": "Credit Memo"}
    assert row["Date"] == {"value": "2026-03-09"}
    assert desk.delete(f"{desk.endpoint}/Invoice/{row['id']}").status_code == 204
    order = desk.rows("SalesOrder", top=1)[0]["id"]
    product = {"type": "CustomStringSingleSelectField", "value": {"id": "P3"}}
    body = {"id": order, "custom": {"Document": {"AttributePRODUCT": product}}}
    place = f"{desk.endpoint}/SalesOrder?$select=Document.AttributePRODUCT"
    written = desk.put(place, json=body).json()["custom"]["Document"]["AttributePRODUCT"]
    assert written["value"] == {"id": "P3", "description": "Valves"}


def test_stamps_that_version_4_has_as_text_can_be_written(desk: Desk) -> None:
    order = desk.rows("SalesOrder", top=1, expand="Details")[0]
    line = {"id": order["Details"][0]["id"]}
    stamp = {"LastModifiedDateTime": {"value": "2026-03-09T10:11:12+01:00"}}
    body = {"id": order["id"], "Details": [line | stamp]}
    written = desk.put(f"{desk.endpoint}/SalesOrder?$expand=Details", json=body).json()
    assert written["Details"][0]["LastModifiedDateTime"]["value"] == "2026-03-09T09:11:12+00:00"


@pytest.mark.parametrize("value", [{"id": "XXX"}, {"id": 5}, "Invoice", {}, 5])
def test_what_is_no_code_is_an_error_at_the_field(desk: Desk, value: Any) -> None:
    answer = desk.put(f"{desk.endpoint}/Invoice", json={"Type": {"value": value}})
    assert answer.status_code == 422
    assert answer.json()["Type"] == {
        "value": value,
        "error": "The value is not in the list of allowed values.",
    }


def test_the_custom_fields_are_declared_with_their_types(desk: Desk) -> None:
    blank = desk.read("SalesOrder/$adHocSchema").json()
    types = {name: field["type"] for name, field in blank["custom"]["Document"].items()}
    assert types["AttributePRODUCT"] == "CustomStringSingleSelectField"
    assert types["AttributeTAGS"] == "CustomStringMultiSelectField"
    assert types["UsrPriority"] == "CustomIntSingleSelectField"
    assert "LastModifiedDateTime" in blank


def test_the_truth_can_be_read_in_version_5(desk: Desk) -> None:
    (row, *_) = desk.sandbox.control.rows("SalesOrder", ["Details"], contract_version=5)
    assert row["LineType"] == {"id": "GI", "description": "Goods for Inventory"}
    assert isinstance(row["LastModifiedDateTime"], datetime)


def test_fields_of_the_form_can_be_asked_for_as_custom_fields(desk: Desk) -> None:
    select = "OrderNbr,Document.Status,Document.LastModifiedDateTime,Document.OrderTotal"
    plain = desk.rows("SalesOrder", top=3)
    for row, known in zip(desk.rows("SalesOrder", top=3, select=select), plain, strict=True):
        own = row["custom"]["Document"]
        assert own["Status"] == {"type": "CustomStringSingleSelectField", **known["Status"]}
        assert own["LastModifiedDateTime"]["value"] == known["LastModifiedDateTime"]["value"]
        assert own["OrderTotal"] == {"type": "CustomDecimalField", **known["OrderTotal"]}
    condition = "cf.StringSingleSelect('Document.Status') eq 'C'"
    assert [row["id"] for row in desk.rows("SalesOrder", filter=condition)] == [
        row["id"] for row in desk.rows("SalesOrder", filter="Status eq 'C'")
    ]
    assert refusal(desk, "SalesOrder", select="Nothing.Status")[0] == 500


def test_errors_at_fields_are_in_version_5(desk: Desk) -> None:
    body = {"Type": {"value": {"id": "CRM"}}, "Date": {"value": "tomorrow"}}
    answer = desk.put(f"{desk.endpoint}/Invoice", json=body)
    assert answer.status_code == 422
    assert answer.json()["Type"] == {"value": {"id": "CRM", "description": "Credit Memo"}}
    assert "error" in answer.json()["Date"]


def test_fields_can_become_drop_downs(start: Start) -> None:
    """Texts and numbers, from one read to the next."""
    with start(contract_version=5) as desk:
        desk.endpoint = f"{desk.site}/entity/Default/{VERSION}"
        before = desk.rows("Customer", top=1, expand="MainContact")[0]
        given = {"CustomerClass": "S", "MainContact/ContactID": "I", "Status": ""}
        desk.sandbox.control.set_contract("Customer", version_5=given)
        after = desk.rows("Customer", top=1, expand="MainContact")[0]
        schemas = desk.read("swagger.json").json()["components"]["schemas"]
        number = before["MainContact"]["ContactID"]["value"]
        found = desk.rows("Customer", filter=f"MainContact/ContactID eq {number}")
    label = before["CustomerClass"]["value"]
    code = code_of("Customer.CustomerClass", label)
    assert after["CustomerClass"]["value"] == {"id": code, "description": label}
    assert after["MainContact"]["ContactID"]["value"]["id"] == number
    assert after["Status"]["value"] == before["Status"]["value"]["description"]
    assert [row["id"] for row in found] == [before["id"]]
    declared = schemas["Customer"]["allOf"][1]["properties"]["CustomerClass"]
    assert declared == {"$ref": "#/components/schemas/StringSingleSelectValue"}


@pytest.mark.parametrize("form", UNKNOWNS["null_form"])
def test_nothing_is_written_in_three_ways(
    desk: Desk, unknown: Callable[..., None], form: str
) -> None:
    unknown(null_form=form)
    rows = desk.rows("SalesOrder", expand="Details")
    nothing = {"empty": {}, "value": {"value": None}, "bare": None}[form]
    row = rows[0]
    assert row["ExternalRef"] == nothing
    assert row["Details"][0]["LineDescription"] == nothing
    assert row["custom"] == (None if form == "bare" else {})
    notes = [one["note"] for one in rows]
    assert (None if form == "bare" else {"value": ""}) in notes


def test_instants_end_in_three_ways(desk: Desk, unknown: Callable[..., None]) -> None:
    plain = desk.rows("Invoice", top=1)[0]["LastModifiedDateTime"]["value"]
    assert plain.endswith("+00:00")
    unknown(instant_form="z")
    assert desk.rows("Invoice", top=1)[0]["LastModifiedDateTime"]["value"] == f"{plain[:-6]}Z"
    unknown(instant_form="bare")
    assert desk.rows("Invoice", top=1)[0]["LastModifiedDateTime"]["value"] == plain[:-6]
    unknown(instant_form="offset", offset_minutes=180)
    moved = desk.rows("Invoice", top=1)[0]
    assert moved["LastModifiedDateTime"]["value"].endswith("+03:00")
    assert datetime.fromisoformat(moved["LastModifiedDateTime"]["value"]) == (
        datetime.fromisoformat(plain)
    )


def test_dates_without_a_time_can_come_with_one(desk: Desk, unknown: Callable[..., None]) -> None:
    plain = desk.rows("Invoice", top=1)[0]["Date"]["value"]
    unknown(date_only_form="timestamp")
    assert desk.rows("Invoice", top=1)[0]["Date"]["value"] == f"{plain}T00:00:00+00:00"


def test_drop_downs_declared_as_text_hold_labels_or_codes(
    desk: Desk, unknown: Callable[..., None]
) -> None:
    labels = {row["Type"]["value"] for row in desk.rows("Account")}
    assert "Asset" in labels
    unknown(plain_drop_downs="code")
    assert {row["Type"]["value"] for row in desk.rows("Account")} == {"A", "L", "I", "E"}
    assert desk.rows("Account", filter="Type eq 'A'") != []


def test_dates_and_instants_mix_or_do_not(desk: Desk, unknown: Callable[..., None]) -> None:
    mixed = {"Invoice": "Date ge 2024-01-01T00:00:00Z", "SalesOrder": "Date ge 2024-01-01"}
    alike = {"Invoice": "Date ge 2024-01-01", "SalesOrder": "Date ge 2024-01-01T00:00:00Z"}
    for entity, condition in [*mixed.items(), *alike.items()]:
        assert desk.rows(entity, filter=condition, top=1)
    unknown(mixed_dates="refused")
    for entity, condition in alike.items():
        assert desk.rows(entity, filter=condition, top=1)
    for entity, condition in mixed.items():
        assert "incompatible" in refusal(desk, entity, filter=condition)[1]


def test_more_functions_may_be_known(desk: Desk, unknown: Callable[..., None]) -> None:
    unknown(more_functions=True)
    for condition in ("CustomerID in ('C000001','C000002')", "tolower(CustomerID) eq 'c000001'"):
        assert desk.rows("Customer", filter=condition)


def test_details_can_be_empty_in_lists(desk: Desk, unknown: Callable[..., None]) -> None:
    unknown(empty_details=True)
    assert desk.rows("SalesOrder", top=1, expand="Details")[0]["Details"] == []
    for named in ({"select": "OrderNbr,Details"}, {"select": "*,Details"}):
        assert desk.rows("SalesOrder", top=1, expand="Details", **named)[0]["Details"]
    assert desk.rows("SalesOrder", top=1, expand="Details($select=LineNbr)")[0]["Details"]


@pytest.mark.parametrize(
    ("name", "value"), [(name, one) for name, values in UNKNOWNS.items() for one in values]
)
def test_records_are_the_truth_whatever_is_unknown(
    desk: Desk, unknown: Callable[..., None], name: str, value: Any
) -> None:
    unknown(**{name: value})
    for entity, shape in entities(desk.read("swagger.json").json()).items():
        if entity.endswith("Inquiry"):
            continue
        for true in desk.sandbox.control.rows(entity, contract_version=5)[:5]:
            row = desk.read(f"{entity}/{true['id']}", expand=nested(shape)).json()
            assert_true(true, row, shape)


def test_every_unknown_is_an_option_with_its_values() -> None:
    plain = SandboxOptions()
    for name, values in UNKNOWNS.items():
        assert len(values) > 1
        assert getattr(plain, name) == values[0]
        for value in values:
            SandboxOptions(**{name: value})
