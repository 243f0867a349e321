"""Generic inquiries over OData 4 (User Guide: Accessing Exposed Inquiries Through OData)."""

import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote

import pytest
import requests

from acumatica_sandbox import SandboxError
from tests.sandbox.desk import Desk, Start


def gi(desk: Desk, path: str = "") -> str:
    return f"{desk.site}/t/Company/api/odata/gi{path}"


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
    declared = {one.get("Name") for one in root.iter(f"{edm}Function")}
    imports = [one.attrib for one in root.iter(f"{edm}FunctionImport")]
    assert {one["Function"].removeprefix("GenericInquiry.") for one in imports} == declared
    assert {one["EntitySet"]: one["Name"] for one in imports} == {
        "InvoicesOfCustomer": "InvoicesOfCustomer_WithParameters",
        "DB-StorageDetails": "DBStorageDetails_WithParameters",
        "Item Availability Data": "ItemAvailabilityData_WithParameters",
    }


@pytest.mark.parametrize(
    ("name", "parameter", "field"),
    [
        ("DB-StorageDetails", "Warehouse", "DefaultWarehouseID"),
        ("Item Availability Data", "ItemClass", "ItemClass"),
    ],
)
def test_functions_go_without_hyphens_and_blanks(
    desk: Desk, basic: requests.Session, name: str, parameter: str, field: str
) -> None:
    """User Guide: Access to Exposed Inquiries Through OData; Training course I300."""
    values = [row[field] for row in desk.sandbox.control.rows("StockItem")]
    value = next(one for one in values if one)
    plain = name.replace("-", "").replace(" ", "")
    asked = f"_WithParameters({parameter}='{value}')"
    rows = basic.get(gi(desk, f"/{plain}{asked}")).json()["value"]
    assert [row[parameter] for row in rows] == [value] * values.count(value)
    assert basic.get(gi(desk, f"/{name}{asked}")).status_code == 404
    assert basic.get(gi(desk, f"/{name}")).json()["value"] == []


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
        ("/BI-Customers?$filter=MainContact/Email eq 'x'", "Could not find a property"),
        ("/BI-Customers?$top=1&$top=2", "more than once"),
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


@pytest.mark.parametrize(
    ("form", "beginning"),
    [
        ("absolute", "http://127.0.0.1:"),
        ("relative", "BI-Customers?"),
        ("behind", "http://node-2.internal:8080/AcumaticaERP/t/Company/api/odata/gi/BI-Customers?"),
    ],
)
def test_next_links_have_the_form_that_is_asked_for(
    start: Start, form: str, beginning: str
) -> None:
    with start(odata_page=7, odata_links=form) as desk:
        link = desk.get(gi(desk, "/BI-Customers?$orderby=CustomerID")).json()["@odata.nextLink"]
    assert link.startswith(beginning)
    assert "$skip=7" in unquote(link)


def test_a_next_link_keeps_the_parameters_of_an_inquiry(start: Start) -> None:
    with start(odata_page=1) as desk:
        names = [row["Customer"] for row in desk.sandbox.control.rows("Invoice")]
        customer = max(names, key=names.count)
        link, found = gi(desk, f"/InvoicesOfCustomer_WithParameters(Customer='{customer}')"), 0
        while link:
            page = desk.get(link).json()
            found += len(page["value"])
            link = page.get("@odata.nextLink")
        assert found == names.count(customer) > 1


def test_an_inquiry_is_listed_without_rights_to_its_rows(start: Start) -> None:
    """The service document lists all exposed inquiries; rows need View Only rights."""
    with start(inquiries_refused=("Sales Orders",)) as desk:
        assert "Sales Orders" in {one["name"] for one in desk.get(gi(desk)).json()["value"]}
        assert desk.get(gi(desk, "/Sales%20Orders")).status_code == 403
        assert desk.get(gi(desk, "/BI-Customers")).status_code == 200
        with pytest.raises(SandboxError, match="no such generic inquiry"):
            desk.sandbox.control.set_options(inquiries_refused=("Nope",))


def test_rows_that_the_order_does_not_tell_apart_may_come_in_any(start: Start) -> None:
    """Data Retrieval: pages of `$top` and `$skip` need an `$orderby` that fixes the order."""
    with start(unstable_order=True) as desk:
        url = gi(desk, "/Sales%20Orders")
        answers = [desk.get(url, params={"$orderby": "OrderType"}).json() for _ in range(4)]
        orders = [[row["OrderNbr"] for row in body["value"]] for body in answers]
        assert len({tuple(one) for one in orders}) > 1
        assert len({tuple(sorted(one)) for one in orders}) == 1
        fixed = [desk.get(url, params={"$orderby": "OrderType,OrderNbr"}).json() for _ in range(3)]
        assert fixed[0] == fixed[1] == fixed[2]
