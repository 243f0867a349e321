"""OData 3 of generic inquiries, and the older addresses (training course I300)."""

import pytest
import requests
from defusedxml import ElementTree

from tests.sandbox.desk import Desk, Start

ATOM = "{http://www.w3.org/2005/Atom}"
APP = "{http://www.w3.org/2007/app}"
DATA = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"
META = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"


def test_rows_are_atom_unless_json_is_asked_for(desk: Desk, basic: requests.Session) -> None:
    """OData 3.0, Atom format: entries have properties with types, nulls are marked."""
    url = f"{desk.site}/odata/Company/BI-Customers?$top=3&$orderby=CustomerID"
    answer = basic.get(url)
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert answer.headers["DataServiceVersion"] == "3.0"
    entries = ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")
    found = [next(one.iter(f"{META}properties")) for one in entries]
    rows = basic.get(url, headers={"Accept": "application/json"}).json()["value"]
    assert rows == basic.get(url + "&$format=json").json()["value"]
    for properties, row in zip(found, rows, strict=True):
        assert {one.tag.removeprefix(DATA): one.text for one in properties} == row
    limit = next(found[0].iter(f"{DATA}CreditLimit"))
    assert limit.get(f"{META}type") == "Edm.Decimal"


def test_nulls_and_booleans_are_marked_in_atom(start: Start) -> None:
    """OData 3.0, Atom format: `m:null="true"` where there is no value."""
    with start() as desk:
        order = desk.sandbox.control.rows("SalesOrder")[0]
        desk.sandbox.control.put("SalesOrder", {"id": order["id"], "Description": "a\x01<b>&"})
        url = f"{desk.site}/odata/Sales%20Orders"
        root = ElementTree.fromstring(desk.get(url).content)
        texts = [one.text for one in root.iter(f"{DATA}Description")]
        marked = [one.get(f"{META}null") for one in root.iter(f"{DATA}Description")]
        assert "a<b>&" in texts
        expected = [row["Description"] for row in desk.sandbox.control.rows("SalesOrder")]
        assert marked.count("true") == expected.count(None) > 0


def test_the_service_document_is_atom_too(desk: Desk, basic: requests.Session) -> None:
    """OData 3.0: the service document lists the entity sets; JSON has the same ones."""
    url = f"{desk.site}/odata/Company"
    root = ElementTree.fromstring(basic.get(url).content)
    titles = [one.text for one in root.iter(f"{ATOM}title")][1:]
    body = basic.get(f"{url}?$format=json").json()
    assert titles == [one["name"] for one in body["value"]]
    assert "Sales%20Orders" in [one.get("href") for one in root.iter(f"{APP}collection")]
    assert body["odata.metadata"] == f"{url}/$metadata"


def test_version_3_has_its_own_words(desk: Desk, basic: requests.Session) -> None:
    """Course I300: `datetime'...'` literals and `substringof` in version 3."""
    url = f"{desk.site}/odata/Company/BI-Customers"
    condition = (
        "LastModifiedDateTime gt datetime'2024-01-01T00:00:00' and substringof('a',CustomerName)"
    )
    body = basic.get(url, params={"$filter": condition, "$format": "json"}).json()
    assert "odata.metadata" in body
    assert isinstance(body["value"][0]["CreditLimit"], str)


@pytest.mark.parametrize(
    ("accept", "where"), [("application/json", "json"), ("*/*", "xml")], ids=["json", "atom"]
)
def test_errors_are_in_the_form_of_the_answer(
    desk: Desk, basic: requests.Session, accept: str, where: str
) -> None:
    """OData 3.0: `odata.error` in JSON, `m:error` in XML."""
    url = f"{desk.site}/odata/Company/BI-Customers?$filter=contains(CustomerName,'a')"
    answer = basic.get(url, headers={"Accept": accept})
    assert answer.status_code == 400
    if where == "json":
        message = answer.json()["odata.error"]["message"]["value"]
    else:
        message = ElementTree.fromstring(answer.content).findtext(f"{META}message")
    assert "unknown function with name 'contains'" in message


def test_parameters_come_in_the_query(desk: Desk, basic: requests.Session) -> None:
    """Course I300: parameters of `<inquiry>_WithParameters` are passed as query parameters."""
    customer = desk.sandbox.control.rows("Invoice")[0]["Customer"]
    base = f"{desk.site}/odata/Company/InvoicesOfCustomer"
    json = {"Accept": "application/json"}
    for url in (f"{base}_WithParameters?Customer='{customer}'", f"{base}?Customer={customer}"):
        rows = basic.get(url, headers=json).json()["value"]
        assert {row["Customer"] for row in rows} == {customer}
    assert basic.get(base, headers=json).json()["value"] == []


def test_metadata_of_version_3(desk: Desk, basic: requests.Session) -> None:
    """Course I300: `edmx` 1.0 in version 3."""
    root = ElementTree.fromstring(basic.get(f"{desk.site}/odata/Company/$metadata").content)
    assert root.get("Version") == "1.0"
    assert "Edm.DateTime" in {one.get("Type") for one in root.iter()}


def test_one_tenant_may_be_left_out_of_several_none(start: Start) -> None:
    """Course I300: a single-tenant instance is addressed without the tenant's name."""
    with start() as desk:
        for path in ("odata", "odata/BI-Customers", "odatav4", "odatav4/SOOrder"):
            assert desk.get(f"{desk.site}/{path}").status_code == 200, path
            with_tenant = path.replace("odatav4", "odatav4/Company").replace(
                "odata/", "odata/Company/"
            )
            assert desk.get(f"{desk.site}/{with_tenant}").status_code == 200, with_tenant
    with start(tenants=("Company", "Other")) as desk:
        for path in ("odata", "odata/BI-Customers", "odatav4/SOOrder"):
            assert desk.get(f"{desk.site}/{path}").status_code == 404, path
        assert desk.get(f"{desk.site}/odata/Company/BI-Customers").status_code == 200


def test_the_older_address_of_classes_gives_the_same(desk: Desk) -> None:
    """`/odatav4/{tenant}` is an alias of `/t/{tenant}/api/odata/dac`."""
    new = desk.get(f"{desk.site}/t/Company/api/odata/dac/SOOrder").json()["value"]
    assert desk.get(f"{desk.site}/odatav4/Company/SOOrder").json()["value"] == new
