"""OData (User Guide: Accessing Exposed Inquiries Through OData; DAC-Based OData)."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest
import requests

from tests.sandbox.desk import Desk, Start


@pytest.fixture(scope="module")
def basic(desk: Desk) -> Iterator[requests.Session]:
    """A client that signs in by Basic on every request."""
    with requests.Session() as client:
        client.auth = (desk.sandbox.username, desk.sandbox.password)
        yield client


def gi(desk: Desk, path: str = "") -> str:
    return f"{desk.site}/t/Company/api/odata/gi{path}"


def dac(desk: Desk, path: str = "") -> str:
    return f"{desk.site}/t/Company/api/odata/dac{path}"


def test_basic_a_session_or_nothing(desk: Desk, basic: requests.Session) -> None:
    assert requests.get(gi(desk)).status_code == 401
    assert basic.get(gi(desk)).status_code == 200
    assert desk.get(gi(desk)).status_code == 200
    assert basic.get(gi(desk).replace("Company", "company")).status_code == 404


def test_the_service_document_and_metadata_agree(desk: Desk, basic: requests.Session) -> None:
    names = {one["name"] for one in basic.get(gi(desk)).json()["value"]}
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    root = ElementTree.fromstring(basic.get(gi(desk, "/$metadata")).content)
    assert {one.get("Name") for one in root.iter(f"{edm}EntitySet")} == names
    assert all(kind.find(f"{edm}Key") is not None for kind in root.iter(f"{edm}EntityType"))
    assert [one.get("Name") for one in root.iter(f"{edm}FunctionImport")] == [
        "InvoicesOfCustomer_WithParameters"
    ]


def test_rows_are_padded_and_have_decimals_as_numbers(desk: Desk, basic: requests.Session) -> None:
    answer = basic.get(gi(desk, "/BI-Customers?$top=1"))
    assert answer.json()["value"][0]["CustomerID"] == "C000001   "
    assert ".000000," in answer.text


@pytest.mark.parametrize(
    "condition",
    [
        "CustomerID eq 'C000001'",
        "contains(CustomerName,'a') or startswith(tolower(CustomerName),'b')",
        "LastModifiedDateTime ge 2024-01-01T00:00:00Z",
        "LastModifiedDateTime ge 2024-01-01 and not (CreditLimit lt 0)",
        "length(CustomerName) gt 3",
    ],
)
def test_conditions_of_version_4(desk: Desk, basic: requests.Session, condition: str) -> None:
    answer = basic.get(gi(desk, "/BI-Customers"), params={"$filter": condition})
    assert answer.json()["value"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/BI-Customers?$filter=substringof('a',CustomerName)", "unknown function"),
        ("/BI-Customers?$filter=Nope eq 1", "Could not find a property named 'Nope'"),
        ("/BI-Customers?$filter=CreditLimit eq 'x'", "incompatible types"),
        ("/BI-Customers?$expand=X", "not allowed"),
        ("/BI-Customers?$count=true", "not allowed"),
        ("/BI-Customers?$top=x", "Invalid value"),
        ("/BI-Customers?$filter=((", "Syntax error"),
    ],
)
def test_errors_have_the_words_of_the_odata_library(
    desk: Desk, basic: requests.Session, path: str, text: str
) -> None:
    answer = basic.get(gi(desk, path))
    assert answer.status_code == 400
    assert text in answer.json()["error"]["message"]


def test_a_formula_in_a_filter_gives_200_with_an_empty_body(
    desk: Desk, basic: requests.Session
) -> None:
    answer = basic.get(gi(desk, "/BI-Customers?$filter=NameAndID eq 'x'"))
    assert (answer.status_code, answer.content) == (200, b"")


def test_parameters_are_bound_by_a_function_only(desk: Desk, basic: requests.Session) -> None:
    customer = desk.rows("Invoice", top=1)[0]["Customer"]["value"]
    bound = f"/InvoicesOfCustomer_WithParameters(Customer=@1)?@1='{customer}'"
    rows = basic.get(gi(desk, bound)).json()["value"]
    assert {row["Customer"] for row in rows} == {customer}
    assert basic.get(gi(desk, "/InvoicesOfCustomer")).json()["value"] == []


def test_paging_with_and_without_next_links(start: Start) -> None:
    with start(odata_page=7) as desk:
        link, found = gi(desk, "/Sales%20Orders?$orderby=OrderNbr"), 0
        while link:
            page = desk.get(link).json()
            found += len(page["value"])
            link = page.get("@odata.nextLink")
        everything = desk.sandbox.control.rows("SalesOrder")
        assert found == len(everything)
        assert "@odata.nextLink" not in desk.get(gi(desk, "/Sales%20Orders?$top=5")).json()


def test_version_3_has_its_own_words(desk: Desk, basic: requests.Session) -> None:
    url = f"{desk.site}/odata/Company/BI-Customers"
    condition = (
        "LastModifiedDateTime gt datetime'2024-01-01T00:00:00' and substringof('a',CustomerName)"
    )
    body = basic.get(url, params={"$filter": condition, "$format": "json"}).json()
    assert "odata.metadata" in body
    assert isinstance(body["value"][0]["CreditLimit"], str)


def test_classes_have_keys_and_codes_and_come_in_key_order(
    desk: Desk, basic: requests.Session
) -> None:
    rows = basic.get(dac(desk, "/SOOrder")).json()["value"]
    keys = [(row["OrderType"], row["OrderNbr"]) for row in rows]
    assert keys == sorted(keys)
    assert {row["Status"] for row in rows} <= {"N", "C", "H", "B", "L"}
    kind, number = keys[0]
    single = basic.get(dac(desk, f"/SalesOrder(OrderType='{kind}',OrderNbr='{number}')"))
    assert single.json()["OrderNbr"] == number
    lines = basic.get(dac(desk, "/SOOrder?$top=1&$expand=SOLineCollection($select=LineNbr)"))
    assert lines.json()["value"][0]["SOLineCollection"][0] == {"LineNbr": 1}


def test_deletions_can_be_asked_for(start: Start) -> None:
    with start() as desk:
        order = desk.rows("SalesOrder", top=1)[0]
        item = desk.rows("StockItem", top=1)[0]
        desk.delete(f"{desk.endpoint}/SalesOrder/{order['id']}")
        desk.delete(f"{desk.endpoint}/StockItem/{item['id']}")
        since = "?$filter=DeleteDate ge 2024-11-01T00:00:00Z"
        rows = desk.get(dac(desk, f"/SOOrder/px.GetDeletedRecords(){since}")).json()["value"]
        assert [row["RefNoteID"] for row in rows] == [order["id"]]
        condition = {"$filter": "DeletedDatabaseRecord eq true"}
        shown = {"PX-ApiDeleted": "SHOW"}
        url = dac(desk, "/InventoryItem")
        assert desk.get(url, params=condition).json()["value"] == []
        kept = desk.get(url, params=condition, headers=shown).json()["value"]
        assert [row["InventoryCD"].rstrip() for row in kept] == [item["InventoryID"]["value"]]
        desk.sandbox.control.advance(11 * 86_400)
        desk.sign_in()
        assert desk.get(dac(desk, "/SOOrder/px.GetDeletedRecords()")).json()["value"] == []


def test_archived_rows_of_classes_show_when_asked_for(desk: Desk) -> None:
    all_rows = desk.get(dac(desk, "/SOOrder"), headers={"PX-ApiArchive": "SHOW"}).json()["value"]
    assert len(all_rows) > len(desk.get(dac(desk, "/SOOrder")).json()["value"])


def test_classes_need_a_role(start: Start) -> None:
    with start(dac_role=False) as desk:
        assert desk.get(dac(desk, "/SOOrder")).status_code == 403
        assert desk.get(gi(desk)).status_code == 200
