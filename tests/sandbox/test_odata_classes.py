"""Data access classes over OData 4 (User Guide: DAC-Based OData)."""

from datetime import datetime
from typing import Any

import pytest
import requests
from defusedxml import ElementTree

from acumatica_sandbox import Sandbox, SandboxError, SandboxOptions
from tests.sandbox.desk import Desk, Start

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
SHOW_ARCHIVED = {"PX-ApiArchive": "SHOW"}
SHOW_DELETED = {"PX-ApiDeleted": "SHOW"}


def dac(desk: Desk, path: str = "") -> str:
    return f"{desk.site}/t/Company/api/odata/dac{path}"


def values(desk: Desk, path: str, **parameters: str) -> list[dict[str, Any]]:
    named = {f"${name}": value for name, value in parameters.items()}
    answer = desk.get(dac(desk, path), params=named, headers=SHOW_ARCHIVED)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def test_a_class_has_up_to_three_entity_sets(desk: Desk) -> None:
    """DAC-Based OData, Data Retrieval: fully qualified name, display name or short name."""
    names = {one["name"] for one in desk.get(dac(desk)).json()["value"]}
    rows = [values(desk, f"/{one}") for one in ("PX_Objects_SO_SOOrder", "SalesOrder", "SOOrder")]
    assert rows[0] == rows[1] == rows[2] != []
    assert {"PX_Objects_SO_SOOrder", "SalesOrder", "SOOrder"} <= names
    assert "BAccount" in names


def test_the_name_with_dots_is_no_entity_set(desk: Desk) -> None:
    """DAC-Based OData, Data Retrieval: names are written with underscores in addresses."""
    assert desk.get(dac(desk, "/PX.Objects.SO.SOOrder")).status_code == 404


def test_rows_have_stored_codes_and_come_in_key_order(desk: Desk) -> None:
    """DAC-Based OData, Data Retrieval: without $orderby, by the key fields, ascending."""
    rows = values(desk, "/SOOrder")
    keys = [(row["OrderType"], row["OrderNbr"]) for row in rows]
    assert keys == sorted(keys)
    assert {row["Status"] for row in rows} <= {"N", "C", "H", "B", "L"}
    assert values(desk, "/InventoryItem", filter="ItemStatus eq 'Active'") == []
    assert values(desk, "/InventoryItem", filter="ItemStatus eq 'AC'") != []


def test_a_record_is_addressed_by_all_its_keys(desk: Desk, basic: requests.Session) -> None:
    """DAC-Based OData, Data Retrieval: Retrieving a Record by Its Key Fields."""
    row = desk.get(dac(desk, "/SOOrder?$top=1")).json()["value"][0]
    address = f"/SalesOrder(OrderNbr='{row['OrderNbr']}',OrderType='{row['OrderType']}')"
    found = basic.get(dac(desk, f"{address}?$expand=BAccountByCustomerID($select=AcctName)")).json()
    assert found.pop("BAccountByCustomerID")["AcctName"]
    assert found.pop("@odata.context").endswith(
        "#SalesOrder(BAccountByCustomerID(AcctName))/$entity"
    )
    assert found == row
    assert desk.get(dac(desk, "/SOOrder(OrderType='SO',OrderNbr='none')")).status_code == 404
    assert desk.get(dac(desk, "/SOOrder(OrderType='SO')")).status_code == 400


def test_foreign_keys_are_numbers_that_navigation_follows(desk: Desk) -> None:
    """DAC-Based OData, General Information: BAccountByCustomerID joins CustomerID to BAccountID."""
    truth = {row["OrderNbr"]: row for row in desk.sandbox.control.rows("SalesOrder")}
    customers = {row["CustomerID"]: row for row in desk.sandbox.control.rows("Customer")}
    rows = values(desk, "/SOOrder", expand="BAccountByCustomerID,CustomerByCustomerID")
    for row in rows:
        customer = customers[truth[row["OrderNbr"]]["CustomerID"]]
        assert (
            row["CustomerID"] == customer["BAccountID"] == row["BAccountByCustomerID"]["BAccountID"]
        )
        assert row["CustomerByCustomerID"]["AcctCD"].rstrip() == customer["CustomerID"]
    lines = values(desk, "/SOLine", expand="InventoryItemByInventoryID($select=InventoryCD)")
    codes = {line["InventoryID"]: line["InventoryItemByInventoryID"] for line in lines}
    assert len(codes) == len({one["InventoryCD"] for one in codes.values()}) > 1
    vendors = {row["BAccountID"] for row in values(desk, "/Vendor")}
    assert vendors <= {row["BAccountID"] for row in values(desk, "/BAccount")}
    assert vendors == {row["BAccountID"] for row in values(desk, "/Vendor", orderby="AcctName")}


def test_details_are_expanded_with_options_of_their_own(desk: Desk) -> None:
    """DAC-Based OData, Data Retrieval: $select of details in parentheses after the property."""
    options = "$select=LineNbr,OrderQty;$filter=OrderQty gt 5;$orderby=OrderQty desc;$top=2"
    rows = values(
        desk, "/SOOrder", select="OrderNbr", expand=f"SOLineCollection({options};$count=true)"
    )
    truth = {row["OrderNbr"]: row["Details"] for row in desk.sandbox.control.rows("SalesOrder")}
    assert {row["OrderNbr"] for row in rows} == set(truth)
    for row in rows:
        wanted = sorted(
            (line for line in truth[row["OrderNbr"]] if line["OrderQty"] > 5),
            key=lambda line: -line["OrderQty"],
        )
        assert row["SOLineCollection@odata.count"] == len(wanted)
        assert [line["OrderQty"] for line in row["SOLineCollection"]] == [
            line["OrderQty"] for line in wanted[:2]
        ]
        assert set(row) == {"OrderNbr", "SOLineCollection", "SOLineCollection@odata.count"}
        assert all(set(line) == {"LineNbr", "OrderQty"} for line in row["SOLineCollection"])


def test_expansion_is_three_deep_at_most(desk: Desk) -> None:
    """DAC-Based OData, Data Retrieval: the default maxExpansionDepth is 3."""
    three = "SOLineCollection($expand=SOOrderByOrderNbr($expand=BAccountByCustomerID))"
    row = values(desk, "/SOOrder", top="1", expand=three)[0]
    order = row["SOLineCollection"][0]["SOOrderByOrderNbr"]
    assert order["BAccountByCustomerID"]["BAccountID"] == row["CustomerID"]
    four = "SOOrderCollection($expand=SOLineCollection($expand=SOOrderByOrderNbr($expand=*)))"
    answer = desk.get(dac(desk, f"/Customer?$expand={four}"))
    assert answer.status_code == 400
    assert "maximum depth allowed is 3" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "condition",
    [
        "BAccountByCustomerID/AcctName eq '{name}'",
        "BAccountByCustomerID ne null and CustomerByCustomerID/AcctCD eq '{code}'",
        "CustomerID eq {number}",
        "$it/BAccountByCustomerID/BAccountID in (1,{number})",
        "SOLineCollection/Any(x: x/SOOrderByOrderNbr/BAccountByCustomerID/AcctCD eq '{code}')",
    ],
)
def test_filters_follow_navigation(desk: Desk, condition: str) -> None:
    """OData 4.01 URL conventions, which the guide refers to: paths and lambda operators."""
    customer = desk.sandbox.control.rows("Customer")[0]
    expected = {
        row["OrderNbr"]
        for row in desk.sandbox.control.rows("SalesOrder")
        if row["CustomerID"] == customer["CustomerID"]
    }
    text = condition.format(
        name=customer["CustomerName"].replace("'", "''"),
        code=customer["CustomerID"],
        number=customer["BAccountID"],
    )
    assert {row["OrderNbr"] for row in values(desk, "/SOOrder", filter=text)} == expected != set()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("$filter=SOLineCollection/OrderQty gt 5", "is not a single value"),
        ("$filter=SOLineCollection eq null", "incompatible types"),
        ("$filter=OrderNbr/any(x: x/LineNbr eq 1)", "may only be used following a collection"),
        ("$filter=OrderNbr/$count gt 1", "following a collection"),
        ("$filter=SOLineCollection/all()", "Syntax error"),
        ("$filter=SOLineCollection/any(x: x/OrderQty)", "incompatible types"),
        ("$filter=SOLineCollection/any(x: x/Nope eq 1)", "property named 'Nope' on type 'PX."),
        ("$filter=SOLineCollection/any(x: y/OrderQty gt 1)", "property named 'y' on type"),
        (
            "$filter=SOLineCollection/any(x: x/SOOrderByOrderNbr/SOLineCollection/any(x: true))",
            "has already been declared",
        ),
        ("$filter=OrderNbr/Length eq 1", "property named 'Length' on type 'Edm.String'"),
        ("$filter=Nope/AcctName eq 'x'", "property named 'Nope' on type 'PX.Objects.SO.SOOrder'"),
        ("$filter=CuryDocBal gt 1", "cannot be used in the $filter query option"),
        ("$select=CuryDocBal", "cannot be used in the $select query option"),
        ("$orderby=CuryDocBal", "cannot be used in the $orderby query option"),
        ("$orderby=SOLineCollection", "must evaluate to a single value"),
        ("$orderby=OrderNbr up", "Syntax error"),
        ("$expand=Nope", "Could not find a property named 'Nope'"),
        ("$expand=OrderNbr", "is not a navigation property"),
        ("$expand=SOLineCollection($top=x)", "Invalid value 'x' for $top"),
        ("$expand=SOLineCollection($levels=2)", "not an option of $expand"),
        ("$expand=SOLineCollection,SOLineCollection", "more than once"),
        ("$expand=BAccountByCustomerID($top=1)", "can be applied only on collections"),
        ("$expand=SOLineCollection($select=LineNbr", "Syntax error"),
        ("$apply=aggregate($count as Total)", "not allowed"),
        ("$count=maybe", "Invalid value 'maybe' for $count"),
        ("$filter=" + "not " * 300 + "Hold", "recursion limit"),
    ],
)
def test_wrong_use_has_the_words_of_the_odata_library(desk: Desk, query: str, text: str) -> None:
    """Messages of Microsoft's OData library, which the service is built on."""
    answer = desk.get(dac(desk, f"/SOOrder?{query}"))
    assert answer.status_code == 400, answer.text
    assert text in answer.json()["error"]["message"]


def test_counts(desk: Desk) -> None:
    """OData 4.0 protocol: $count beside rows, and as a resource of its own."""
    many = {"$filter": "SOLineCollection/$count gt 2"}
    truth = desk.sandbox.control.rows("SalesOrder")
    expected = sum(len(row["Details"]) > 2 and not row.get("archived", False) for row in truth)
    assert desk.get(dac(desk, "/SOOrder/$count"), params=many).text == str(expected)
    body = desk.get(dac(desk, "/SOOrder"), params={**many, "$count": "true", "$top": "1"}).json()
    assert (body["@odata.count"], len(body["value"])) == (expected, 1)


def test_metadata_declare_keys_navigation_and_what_cannot_be_filtered(desk: Desk) -> None:
    """DAC-Based OData, General Information: types, fields and related DACs in the metadata.

    A derived class has its key and most fields from its base; functions are not declared.
    """
    body = desk.get(dac(desk, "/$metadata")).content
    root = ElementTree.fromstring(body)
    schemas = {one.get("Namespace"): one for one in root.iter(f"{EDM}Schema")}
    types = {
        f"{space}.{one.get('Name')}": one
        for space, schema in schemas.items()
        for one in schema.findall(f"{EDM}EntityType")
    }
    order = types["PX.Objects.SO.SOOrder"]
    assert {one.get("Name") for one in order.iter(f"{EDM}PropertyRef")} == {"OrderType", "OrderNbr"}
    links = {one.get("Name"): one for one in order.findall(f"{EDM}NavigationProperty")}
    assert links["SOLineCollection"].get("Type") == "Collection(PX.Objects.SO.SOLine)"
    pair = next(links["BAccountByCustomerID"].iter(f"{EDM}ReferentialConstraint"))
    assert (pair.get("Property"), pair.get("ReferencedProperty")) == ("CustomerID", "BAccountID")
    customer = types["PX.Objects.AR.Customer"]
    assert customer.get("BaseType") == "PX.Objects.CR.BAccount"
    assert customer.find(f"{EDM}Key") is None
    for one in root.iter(f"{EDM}NavigationProperty"):
        assert one.get("Type", "").removeprefix("Collection(").removesuffix(")") in types
    sets = {one.get("Name"): one for one in schemas["Default"].iter(f"{EDM}EntitySet")}
    single = {one.get("Name"): one for one in schemas["Default"].iter(f"{EDM}Singleton")}
    assert {one["name"]: one["kind"] for one in desk.get(dac(desk)).json()["value"]} == {
        **dict.fromkeys(sets, "EntitySet"),
        **dict.fromkeys(single, "Singleton"),
    }
    declared = {one.get("EntityType") for one in sets.values()}
    assert declared | {one.get("Type") for one in single.values()} == types.keys()
    assert [one.text for one in sets["BAccount"].iter(f"{EDM}PropertyPath")] == ["ViewInCrm"]
    assert [one.text for one in sets["Customer"].iter(f"{EDM}PropertyPath")] == ["IsBillSameAsMain"]
    restriction = next(sets["SOOrder"].iter(f"{EDM}Annotation"))
    assert restriction.get("Term") == "Cap.FilterRestrictions"
    assert [one.text for one in restriction.iter(f"{EDM}PropertyPath")] == ["CuryDocBal"]
    assert b"GetDeletedRecords" not in body


def test_a_restriction_of_a_base_class_holds_for_derived_ones(desk: Desk) -> None:
    """Published metadata of 2026 R2: derived types inherit what cannot be filtered."""
    for name in ("BAccount", "Customer", "Vendor"):
        for option in ("$filter=ViewInCrm eq true", "$select=ViewInCrm"):
            answer = desk.get(dac(desk, f"/{name}?{option}"))
            assert answer.status_code == 400
            assert "ViewInCrm" in answer.json()["error"]["message"]


def test_sets_that_cannot_be_filtered(desk: Desk) -> None:
    """Published metadata of 2026 R2: FilterRestrictions with Filterable false."""
    name = "InventorySummaryEnquiryResult"
    options = {"filter": "QtyOnHand gt 1", "select": "QtyOnHand", "orderby": "SiteID"}
    for level, refused in (("filter", 1), ("select", 2), ("orderby", 3)):
        desk.sandbox.control.set_options(dac_unfilterable=level)
        statuses = [
            desk.get(dac(desk, f"/{name}?${option}={text}")).status_code
            for option, text in options.items()
        ]
        assert statuses == [400] * refused + [200] * (3 - refused)
    desk.sandbox.control.mutate(5, ["StockItem"], ["insert"], seed=1)
    keys = [(row["InventoryID"], row["SiteID"]) for row in values(desk, f"/{name}")]
    assert keys == sorted(keys)
    assert len(values(desk, f"/{name}", top="3", skip="2")) == 3
    assert b'"Filterable" Bool="false"' in desk.get(dac(desk, "/$metadata")).content


def test_a_singleton_is_one_row_and_no_list(desk: Desk) -> None:
    """OData 4.01: a singleton is addressed by its name; options of collections are errors."""
    answer = desk.get(dac(desk, "/ARSetup?$select=DfltCustomerClassID"))
    assert answer.json().keys() == {"@odata.context", "DfltCustomerClassID"}
    for option in ("$top=1", "$filter=NoteID ne null", "$orderby=NoteID", "$count=true"):
        assert desk.get(dac(desk, f"/ARSetup?{option}")).status_code == 400


def test_a_key_that_cannot_be_selected(desk: Desk) -> None:
    """Published metadata of 2026 R2: keys may be among the NonFilterableProperties."""
    assert desk.get(dac(desk, "/ARStatementDetailInfo?$select=DocType,RefNbr")).status_code == 400
    assert values(desk, "/ARStatementDetailInfo", select="RefNbr") != []


def test_instants_have_an_offset(start: Start) -> None:
    """DAC-Based OData, samples: `2025-12-01T12:34:56+03:00`; the row version is binary."""
    with start(offset_minutes=180) as desk:
        row = values(desk, "/SOOrder", top="1")[0]
        assert row["LastModifiedDateTime"].endswith("+03:00")
        assert row["OrderDate"].endswith("T00:00:00+03:00")
        assert len(row["tstamp"]) == 12
        truth = desk.sandbox.control.rows("SalesOrder")[0]
        assert datetime.fromisoformat(row["LastModifiedDateTime"]) == truth["LastModified"]
        day = f"OrderDate eq {truth['Date']}T00:00:00+03:00"
        assert row in values(desk, "/SOOrder", filter=day)


def test_the_row_version_grows_with_every_change(start: Start) -> None:
    """`tstamp` of a row is another one after a change."""
    with start() as desk:
        record = desk.sandbox.control.rows("SalesOrder")[0]
        before = {row["NoteID"]: row["tstamp"] for row in values(desk, "/SOOrder")}
        desk.sandbox.control.put("SalesOrder", {"id": record["id"], "Description": "changed"})
        after = {row["NoteID"]: row["tstamp"] for row in values(desk, "/SOOrder")}
        assert {one for one in before if before[one] != after[one]} == {record["id"]}


def test_changes_of_records_arrive_at_every_relation(start: Start) -> None:
    """Rows that are kept between requests are as fresh as the records."""
    with start() as desk:
        named = {"filter": "BAccountByCustomerID/AcctName eq 'Renamed'"}
        assert values(desk, "/SOOrder", **named) == []
        customer = desk.sandbox.control.rows("SalesOrder")[0]["CustomerID"]
        desk.sandbox.control.put("Customer", {"CustomerID": customer, "CustomerName": "Renamed"})
        assert values(desk, "/SOOrder", **named) != []
        desk.sandbox.control.put("Customer", {"CustomerID": "NEW", "CustomerName": "New"})
        fresh = values(desk, "/Customer", filter="AcctCD eq 'NEW'")
        assert len(fresh) == 1


def test_hard_deletions_are_listed_for_ten_days(start: Start) -> None:
    """DAC-Based OData, Data Retrieval: Tracking Removed Records; SM207010: kept for ten days."""
    with start(dac_untracked=("InventoryItem",)) as desk:
        order = desk.rows("SalesOrder", top=1)[0]
        item = desk.rows("StockItem", top=1)[0]
        desk.delete(f"{desk.endpoint}/SalesOrder/{order['id']}")
        desk.delete(f"{desk.endpoint}/StockItem/{item['id']}")
        since = "?$filter=DeleteDate ge 2024-11-01T00:00:00Z"
        rows = desk.get(dac(desk, f"/SOOrder/px.GetDeletedRecords(){since}")).json()["value"]
        assert [row["RefNoteID"] for row in rows] == [order["id"]]
        assert set(rows[0]) == {"RefNoteID", "DeleteDate"}
        assert desk.get(dac(desk, "/SOLine/px.GetDeletedRecords()")).json()["value"] == []
        assert desk.get(dac(desk, "/InventoryItem/px.GetDeletedRecords()")).json()["value"] == []
        wrong = desk.get(dac(desk, "/SOOrder/px.GetDeletedRecords()?$filter=OrderNbr eq '1'"))
        assert wrong.status_code == 400
        desk.sandbox.control.advance(11 * 86_400)
        desk.sign_in()
        assert desk.get(dac(desk, "/SOOrder/px.GetDeletedRecords()")).json()["value"] == []


def test_kept_rows_of_deleted_records_show_when_asked_for(start: Start) -> None:
    """DAC-Based OData, Data Retrieval: Retrieving Removed Records by `PX-ApiDeleted: SHOW`."""
    with start() as desk:
        item = desk.rows("StockItem", top=5)[2]
        desk.delete(f"{desk.endpoint}/StockItem/{item['id']}")
        condition = {"$filter": "DeletedDatabaseRecord eq true"}
        url = dac(desk, "/InventoryItem")
        assert desk.get(url, params=condition).json()["value"] == []
        kept = desk.get(url, params=condition, headers=SHOW_DELETED).json()["value"]
        assert [row["InventoryCD"].rstrip() for row in kept] == [item["InventoryID"]["value"]]
        codes = [row["InventoryCD"] for row in desk.get(url, headers=SHOW_DELETED).json()["value"]]
        assert codes == sorted(codes)
        assert len(codes) == len(desk.get(url).json()["value"]) + 1


def test_archived_rows_show_when_asked_for(desk: Desk) -> None:
    """DAC-Based OData, Data Retrieval: Retrieving Archived Records by `PX-ApiArchive: SHOW`."""
    rows = desk.get(dac(desk, "/SOOrder"), headers=SHOW_ARCHIVED).json()["value"]
    hidden = len(rows) - len(desk.get(dac(desk, "/SOOrder")).json()["value"])
    truth = desk.sandbox.control.rows("SalesOrder")
    assert hidden == sum(bool(row.get("archived")) for row in truth) > 0


def test_access_needs_a_role_and_rights(start: Start) -> None:
    """DAC-Based OData, General Information: the same data as in the UI; role `OData4 User`."""
    with start(dac_refused=("Vendor",)) as desk:
        assert desk.get(dac(desk, "/Vendor")).status_code == 403
        assert desk.get(dac(desk, "/PX_Objects_AP_Vendor?$top=1")).status_code == 403
        assert desk.get(dac(desk, "/Vendor/px.GetDeletedRecords()")).status_code == 403
        assert desk.get(dac(desk, "/SOOrder")).status_code == 200
        desk.sandbox.control.set_options(dac_role=False)
        assert desk.get(dac(desk, "/SOOrder")).status_code == 403
        assert desk.get(f"{desk.site}/t/Company/api/odata/gi").status_code == 200


def test_the_service_is_for_reading(desk: Desk) -> None:
    """DAC-Based OData: data cannot be edited through it."""
    assert desk.post(dac(desk, "/SOOrder"), json={}).status_code == 405


def test_an_option_about_an_unknown_class_is_refused() -> None:
    with pytest.raises(SandboxError, match="no such data access class"):
        Sandbox(SandboxOptions(records=0, dac_refused=("Nope",)))
