"""Reading (Integration Development Guide: Retrieve Records by Conditions, by Key, by ID)."""

import itertools
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.desk import Desk, Start
from tests.sandbox.wire import assert_shaped, entities, paths

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?\+00:00")
RECORDS = [
    "Account",
    "Bill",
    "Customer",
    "FinancialPeriod",
    "Invoice",
    "JournalTransaction",
    "Ledger",
    "Payment",
    "SalesOrder",
    "ShipVia",
    "StockItem",
    "Vendor",
]


@pytest.mark.parametrize("entity", RECORDS)
def test_a_list_is_a_bare_array_of_wrapped_values(desk: Desk, entity: str) -> None:
    rows = desk.rows(entity)
    assert rows
    for number, row in enumerate(rows, 1):
        assert row["rowNumber"] == number
        assert row["_links"]["self"].endswith(f"/{entity}/{row['id']}")
        own = {k: v for k, v in row.items() if k not in ("id", "rowNumber", "custom", "_links")}
        assert all(set(value) <= {"value"} for value in own.values())


def test_unexpanded_parts_are_absent_and_nulls_are_empty_objects(desk: Desk) -> None:
    order = desk.rows("SalesOrder", top=1)[0]
    assert "Details" not in order
    assert "ShipToAddress" not in order
    assert order["ContactID"] == {}


def test_numbers_and_dates_have_the_forms_of_the_wire(desk: Desk) -> None:
    text = desk.read("SalesOrder", top=20).text
    assert re.search(r'"OrderedQty":\{"value":\d+\.0\}', text)
    for order in desk.rows("SalesOrder", top=50):
        assert order["Date"]["value"].endswith("T00:00:00+00:00")
        assert STAMP.fullmatch(order["LastModified"]["value"])


def test_nested_expansion_names_every_level(desk: Desk) -> None:
    plain = desk.rows("SalesOrder", top=1, expand="Details")[0]["Details"][0]
    deep = desk.rows("SalesOrder", top=1, expand="Details,Details/Allocations")[0]["Details"][0]
    assert "Allocations" not in plain
    assert deep["Allocations"][0]["SplitLineNbr"] == {"value": 1}


def test_detail_rows_are_in_the_answer_with_their_own_ids(desk: Desk) -> None:
    lines = [
        line for order in desk.rows("SalesOrder", expand="Details") for line in order["Details"]
    ]
    assert len({line["id"] for line in lines}) == len(lines)
    assert all(set(line["_links"]) == {"files:put"} for line in lines)
    assert all(
        line["_links"]["files:put"].endswith(f"/{line['id']}/{{filename}}") for line in lines
    )


@pytest.mark.parametrize("entity", RECORDS)
def test_members_come_in_the_order_of_the_alphabet_with_parts_in_place(
    desk: Desk, entity: str
) -> None:
    """As in the samples of the Integration Development Guide: Attach a File to a Record."""
    shape = entities(desk.get(f"{desk.endpoint}/swagger.json").json())[entity]
    identity = desk.rows(entity, top=1, select=next(iter(shape)))[0]["id"]
    expand = ",".join([*paths(shape), "files"])
    record = desk.read(f"{entity}/{identity}", expand=expand).json()
    assert_shaped(record, shape)
    assert list(record)[-3:] == ["custom", "_links", "files"]


def test_ids_of_details_differ_between_sessions_and_those_of_records_do_not(start: Start) -> None:
    with start() as desk, Desk(desk.sandbox) as other:
        other.sign_in()
        one = desk.rows("SalesOrder", top=1, expand="Details")[0]
        two = other.rows("SalesOrder", top=1, expand="Details")[0]
    assert one["id"] == two["id"]
    assert one["Details"][0]["id"] != two["Details"][0]["id"]


def test_select_keeps_the_named_fields_and_what_always_comes(desk: Desk) -> None:
    order = desk.rows("SalesOrder", top=1, select="OrderNbr,Status")[0]
    assert set(order) == {"id", "rowNumber", "note", "OrderNbr", "Status", "custom", "_links"}
    nested = desk.rows("SalesOrder", top=1, select="OrderNbr,Details/Amount", expand="Details")[0]
    always = {"id", "rowNumber", "note", "custom", "_links"}
    assert set(nested["Details"][0]) == {"Amount", *always}


def test_top_and_skip_go_over_the_key_order(desk: Desk) -> None:
    whole = [row["CustomerID"]["value"] for row in desk.rows("Customer")]
    paged: list[str] = []
    while page := desk.rows("Customer", top=4, skip=len(paged)):
        paged += [row["CustomerID"]["value"] for row in page]
    assert paged == whole == sorted(whole)


def test_rows_come_in_the_order_of_stored_codes(desk: Desk) -> None:
    """`Credit Memo` is stored as CRM and `Invoice` as INV; labels are shown."""
    kinds = [row["Type"]["value"] for row in desk.rows("Bill")]
    assert kinds == sorted(kinds, key={"Debit Adj.": "ADR", "Bill": "INV"}.__getitem__)


@pytest.mark.parametrize("orderby", ["ignored", "honoured", "refused"])
def test_orderby_does_what_the_option_says(start: Start, orderby: str) -> None:
    with start(orderby=orderby) as desk:
        answer = desk.read("Customer", orderby="CustomerID desc")
    if orderby == "refused":
        assert answer.status_code == 500
    else:
        found = [row["CustomerID"]["value"] for row in answer.json()]
        assert found == sorted(found, reverse=orderby == "honoured")


def test_a_record_is_found_by_keys_and_by_id(desk: Desk) -> None:
    order = desk.rows("SalesOrder", top=1)[0]
    keys = f"{order['OrderType']['value']}/{order['OrderNbr']['value']}"
    for path in (keys, keys.replace("/", "%7C"), order["id"]):
        assert desk.read(f"SalesOrder/{path}").json()["OrderNbr"] == order["OrderNbr"]


def test_spaces_at_the_end_of_a_key_do_not_matter(desk: Desk) -> None:
    """Columns of fixed width are compared without them."""
    key = desk.rows("Customer", top=1)[0]["CustomerID"]["value"]
    for written in (f"{key}%20%20", key.lower()):
        assert desk.read(f"Customer/{written}").json()["CustomerID"] == {"value": key}


def test_a_key_with_a_slash_is_found_by_id_only(start: Start) -> None:
    """Integration Development Guide: Retrieve a Record by Key Fields."""
    with start() as desk:
        record = desk.sandbox.control.put("StockItem", {"InventoryID": "HALF/HALF"})
        for path in ("HALF/HALF", "HALF%2FHALF"):
            answer = desk.read(f"StockItem/{path}")
            assert answer.json()["exceptionMessage"] == "No entity satisfies the condition."
        assert desk.read(f"StockItem/{record['id']}").status_code == 200


def test_a_filter_makes_a_record_by_key_a_list(desk: Desk) -> None:
    """Integration Development Guide: Retrieve a Record by Key Fields; with the list's limits."""
    payment = desk.rows("Payment", top=1)[0]
    key = f"{payment['Type']['value']}/{payment['ReferenceNbr']['value']}"
    for path in (key, payment["id"]):
        found = desk.rows(f"Payment/{path}", filter="Status eq 'Closed'")
        assert [row["id"] for row in found] == [payment["id"]]
        assert desk.rows(f"Payment/{path}", filter="Status eq 'Voided'") == []
        filtered = {"filter": "Status eq 'Closed'", "expand": "ApplicationHistory"}
        answer = desk.read(f"Payment/{path}", **filtered)
        assert answer.status_code == 500
        assert "Optimization cannot be performed" in answer.json()["exceptionMessage"]


def test_a_missing_record_is_500(desk: Desk) -> None:
    answer = desk.read("Customer/NOBODY")
    assert answer.status_code == 500
    body = answer.json()
    assert body["exceptionMessage"] == "No entity satisfies the condition."
    assert body["exceptionType"].endswith("NoEntitySatisfiesTheConditionException")


@pytest.mark.parametrize(
    "path", ["entity/Default/24.200.001/Nothing", "entity/Default/1.0/Customer", "elsewhere"]
)
def test_an_unknown_address_is_404(desk: Desk, path: str) -> None:
    assert desk.get(f"{desk.site}/{path}").status_code == 404


@pytest.mark.parametrize(
    ("entity", "part"),
    [("Payment", "ApplicationHistory"), ("Customer", "CreditVerificationRules")],
)
def test_what_cannot_be_optimised_fails_on_lists_only(desk: Desk, entity: str, part: str) -> None:
    answer = desk.read(entity, expand=part)
    assert answer.status_code == 500
    assert f"\r\n{part}: View " in answer.json()["exceptionMessage"]
    assert "Optimization cannot be performed" in answer.json()["exceptionMessage"]
    identity = desk.rows(entity, top=1)[0]["id"]
    assert part in desk.read(f"{entity}/{identity}", expand=part).json()


def test_more_can_be_set_to_fail_on_lists(start: Start) -> None:
    with start(not_optimisable=("Account.Description",)) as desk:
        assert desk.read("Account").status_code == 500
        assert desk.read("Account", select="AccountCD").status_code == 200


def test_what_fails_only_together_does_not_alone(start: Start) -> None:
    with start(not_optimisable=("SalesOrder.Totals+TaxDetails",)) as desk:
        assert desk.read("SalesOrder", expand="Totals,TaxDetails").status_code == 500
        assert desk.read("SalesOrder", expand="Totals,Details").status_code == 200
        assert desk.read("SalesOrder", expand="TaxDetails").status_code == 200


def test_what_fails_in_lists_may_come_alone(start: Start) -> None:
    part = "ApplicationHistory"
    with start(optimised_alone=True) as desk:
        assert desk.read("Payment", expand=part).status_code == 500
        keys = f"Type,ReferenceNbr,{part}"
        assert part in desk.read("Payment", select=keys, expand=part, top=1).json()[0]
        assert desk.read("Payment", select=f"{keys},Status", expand=part).status_code == 500


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("views", "There is a BqlDelegate in view ARPost"),
        ("bare", "Optimization cannot be performed."),
        ("none", "Object reference not set to an instance of an object."),
    ],
)
def test_what_cannot_be_optimised_may_be_said_otherwise(
    start: Start, words: str, said: str
) -> None:
    with start(optimisation_words=words) as desk:
        answer = desk.read("Payment", expand="ApplicationHistory")
        assert answer.status_code == 500
        assert answer.json()["exceptionMessage"] == said


def test_archived_records_show_only_when_asked_for(desk: Desk) -> None:
    desk.sandbox.control.put("SalesOrder", {"OrderType": "SO", "OrderNbr": "A1", "archived": True})
    shown = {"PX-ApiArchive": "SHOW"}
    condition = {"$filter": "OrderNbr eq 'A1'"}
    url = f"{desk.endpoint}/SalesOrder"
    assert desk.get(url, params=condition).json() == []
    assert len(desk.get(url, params=condition, headers=shown).json()) == 1


def test_custom_fields_come_when_asked_for(desk: Desk) -> None:
    order = desk.rows("SalesOrder", top=1, custom="Document.AttributeCHANNEL")[0]
    field = order["custom"]["Document"]["AttributeCHANNEL"]
    assert field["type"] == "CustomStringField"
    schema = desk.read("SalesOrder/$adHocSchema").json()
    assert schema["custom"]["Document"]["UsrPriority"] == {"type": "CustomIntField", "value": None}


def test_custom_fields_of_details_come_with_the_expanded_details(desk: Desk) -> None:
    """Integration Development Guide: Custom Parameter; `$custom=Details/Transactions.UsrX`."""
    place = "Details/Transactions.UsrPackaging"
    plain, deep = (
        desk.rows("SalesOrder", custom=place, expand=expand)
        for expand in ("Details", "Details,Details/Allocations")
    )
    truth = {order["id"]: order for order in desk.sandbox.control.rows("SalesOrder")}
    seen = set()
    for order, same in zip(plain, deep, strict=True):
        for line, again, true in zip(
            order["Details"], same["Details"], truth[order["id"]]["Details"], strict=True
        ):
            field = line["custom"]["Transactions"].pop("UsrPackaging")
            assert line["custom"] == {"Transactions": {}}
            assert again["custom"]["Transactions"]["UsrPackaging"] == field
            assert "Allocations" in again
            assert field["type"] == "CustomStringField"
            assert field.get("value") == true["custom"]["Transactions.UsrPackaging"]
            seen.add(field.get("value"))
    assert {"BOX", "PALLET", None} <= seen
    line = desk.rows("SalesOrder", top=1, expand="Details")[0]["Details"][0]
    assert line["custom"] == {}
    assert "Details" not in desk.rows("SalesOrder", top=1, custom=place)[0]


def test_custom_fields_of_details_are_in_the_schema(desk: Desk) -> None:
    """Integration Development Guide: Get the List of Custom Fields."""
    schema = desk.read("SalesOrder/$adHocSchema").json()
    found = schema["Details"][0]["custom"]["Transactions"]["UsrInsuredValue"]
    assert found == {"type": "CustomDecimalField", "value": None}
    assert set(schema["custom"]) == {"Document"}


def test_an_unknown_custom_field_of_a_detail_is_an_error(desk: Desk) -> None:
    answer = desk.read("SalesOrder", expand="Details", custom="Details/Transactions.UsrNone")
    assert answer.status_code == 500


def test_a_feature_that_is_off_is_403_and_one_not_set_up_500(start: Start) -> None:
    with start(features_off=("Bill",), not_set_up=("Vendor",)) as desk:
        assert desk.read("Bill").status_code == 403
        answer = desk.read("Vendor")
    assert answer.status_code == 500
    assert answer.json()["exceptionType"] == "PX.Data.PXSetupNotEnteredException"


def test_a_long_address_is_414(desk: Desk) -> None:
    assert desk.read("Customer", filter="CustomerID eq '" + "x" * 9_000 + "'").status_code == 414


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "99999999999999999999"])
def test_a_wrong_top_is_an_error_document(desk: Desk, value: str) -> None:
    answer = desk.read("Customer", top=value)
    assert answer.status_code == 400
    assert "exceptionMessage" in answer.json()


def test_instants_can_have_another_offset(start: Start) -> None:
    def values(desk: Desk) -> tuple[Any, Any]:
        order = desk.rows("SalesOrder", top=1)[0]
        return order["LastModified"]["value"], order["Date"]["value"]

    with start(offset_minutes=180) as desk:
        stamp, day = values(desk)
    assert stamp.endswith("+03:00")
    assert day.endswith("T00:00:00+03:00")


def test_strings_of_details_can_be_stamps_as_text(desk: Desk) -> None:
    line = desk.rows("SalesOrder", top=1, expand="Details")[0]["Details"][0]
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", line["LastModifiedDate"]["value"])


def test_a_server_date_is_the_virtual_clock(desk: Desk) -> None:
    assert desk.read("Customer", top=1).headers["Date"].startswith("Mon, 16 Mar 2026")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_pages_of_any_sizes_cover_each_row_once(desk: Desk, sizes: list[int]) -> None:
    expected = [row["id"] for row in desk.rows("Invoice", select="ReferenceNbr")]
    found: list[str] = []
    for size in itertools.cycle(sizes):
        page = desk.rows("Invoice", select="ReferenceNbr", top=size, skip=len(found))
        found += [row["id"] for row in page]
        if len(page) < size:
            break
    assert found == expected


def test_translations_come_with_the_description(desk: Desk) -> None:
    """Integration Development Guide: the samples of localised fields (`$expand=Translations`)."""
    key = desk.rows("StockItem", top=1)[0]["InventoryID"]["value"]
    text = 'a "b", {c} \\ ☃'
    desk.sandbox.control.put("StockItem", {"InventoryID": key, "Description": text})
    wanted = {"value": text, "translations": {"en": text}}
    assert desk.rows("StockItem", top=1, expand="Translations")[0]["Description"] == wanted
    single = desk.read(f"StockItem/{key}", expand="Translations,WarehouseDetails").json()
    assert single["Description"] == wanted
    assert single["WarehouseDetails"]
    assert desk.read(f"StockItem/{key}").json()["Description"] == {"value": text}
    narrow = desk.rows("StockItem", top=1, expand="Translations", select="InventoryID")[0]
    assert "Description" not in narrow
    desk.sandbox.control.put("StockItem", {"InventoryID": key, "Description": None})
    assert desk.rows("StockItem", top=1, expand="Translations")[0]["Description"] == {}


@pytest.mark.parametrize("path", ["Details/Nothing", "Details/Translations", "files/Details"])
def test_what_is_no_member_cannot_be_expanded(desk: Desk, path: str) -> None:
    assert desk.read("SalesOrder", top=1, expand=path).status_code == 500
