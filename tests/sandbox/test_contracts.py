"""Endpoints and their contracts (Integration Development Guide: Retrieve the List of Endpoints)."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from defusedxml.ElementTree import fromstring

from acumatica_sandbox import Sandbox, SandboxError, SandboxOptions
from tests.sandbox.desk import Desk, Start


def test_the_endpoint_list_needs_no_session(desk: Desk) -> None:
    body = requests.get(f"{desk.site}/entity").json()
    assert body["version"]["acumaticaBuildVersion"]
    assert {one["version"] for one in body["endpoints"]} == {"24.200.001", "23.200.001"}


def test_contracts_come_in_both_formats(desk: Desk) -> None:
    new = desk.get(f"{desk.site}/entity/Default/24.200.001/swagger.json").json()
    old = desk.get(f"{desk.site}/entity/Default/23.200.001/swagger.json?company=Company").json()
    assert new["openapi"] == "3.0.1"
    assert old["swagger"] == "2.0"
    assert new["info"] == {"title": "Default/24.200.001", "version": "4"}
    assert new["servers"][0]["url"] == f"{desk.site}/entity/Default/24.200.001"
    assert f"http://{old['host']}{old['basePath']}" == f"{desk.site}/entity/Default/23.200.001"
    assert set(new["components"]["schemas"]) == set(old["definitions"])


def test_a_contract_needs_a_session_and_an_unknown_endpoint_is_404(desk: Desk) -> None:
    assert requests.get(f"{desk.endpoint}/swagger.json").status_code == 401
    assert desk.get(f"{desk.site}/entity/Other/1/swagger.json").status_code == 404


@pytest.mark.parametrize("version", ["24.200.001", "23.200.001"])
def test_every_entity_declares_the_same_operations(desk: Desk, version: str) -> None:
    """As published documents do; records and inquiries cannot be told apart by them."""
    paths = desk.get(f"{desk.site}/entity/Default/{version}/swagger.json").json()["paths"]
    for entity in ("SalesOrder", "AccountSummaryInquiry"):
        own = {place: set(paths[f"/{entity}{place}"]) for place in ("", "/{ids}", "/{id}")}
        assert own == {"": {"get", "put"}, "/{ids}": {"get", "delete"}, "/{id}": {"get", "delete"}}
        assert set(paths[f"/{entity}/{{ids}}/files/{{filename}}"]) == {"put"}
        names = {one["name"] for one in paths[f"/{entity}"]["get"]["parameters"]}
        assert names == {"$select", "$filter", "$expand", "$custom", "$skip", "$top"}
        assert set(paths[f"/{entity}"]["get"]["responses"]) == {"200", "401", "500"}


def test_the_instance_has_an_interface_of_its_own(desk: Desk) -> None:
    paths = requests.get(f"{desk.site}/entity/swagger.json").json()["paths"]
    assert {"/auth/login", "/auth/logout"} <= set(paths)


def test_an_endpoint_is_defined_in_xml_for_maintenance(desk: Desk) -> None:
    """As the official client reads it."""
    place = f"{desk.site}/entity/maintenance/23.200"
    answer = desk.get(f"{place}/Default/24.200.001")
    assert answer.headers["Content-Type"].startswith("application/xml")
    space = {"m": "http://www.acumatica.com/entity/maintenance/5.31"}
    root = fromstring(answer.content)
    assert root.attrib == {
        "name": "Default",
        "version": "24.200.001",
        "systemContractVersion": "4",
    }
    (order,) = root.findall("m:TopLevelEntity[@name='SalesOrder']", space)
    assert order.attrib["screen"] == "SO301000"
    fields = {one.attrib["name"]: one.attrib["type"] for one in order.findall("m:Fields/*", space)}
    assert fields["OrderTotal"] == "DecimalValue"
    assert fields["Details"].endswith("[]")
    assert root.find(f"m:Detail[@name='{fields['Details'][:-2]}']/m:Fields", space) is not None
    stamp = order.find("m:Mappings/m:Mapping[@field='LastModified']/m:To", space)
    assert stamp is not None
    assert stamp.attrib["field"] == "LastModifiedDateTime"
    assert requests.get(f"{place}/Default/24.200.001").status_code == 401
    assert desk.get(f"{place}/Default/1").status_code == 404
    assert desk.put(f"{place}/Default/24.200.001").status_code == 405


@pytest.mark.parametrize("form", ["absolute", "bare"])
def test_the_endpoint_list_can_have_the_forms_of_other_builds(start: Start, form: str) -> None:
    with start(endpoint_list=form) as desk:
        body = desk.get(f"{desk.site}/entity").json()
        (href, *_) = (one["href"] for one in (body if form == "bare" else body["endpoints"]))
        place = "/AcumaticaERP" if form == "bare" else desk.site
        assert href == f"{place}/entity/Default/24.200.001/"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_endpoint_list_is_for_reading(desk: Desk, method: str) -> None:
    answer = requests.request(method, f"{desk.site}/entity", data=b"")
    assert answer.status_code == 405
    assert method in answer.json()["message"]


def shape(schema: dict[str, Any]) -> dict[str, Any]:
    return {"allOf": [{"$ref": "#/components/schemas/Entity"}, {"type": "object", **schema}]}


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """A small endpoint of somebody's own, with a loop in its schemas."""
    text = {"$ref": "#/components/schemas/StringValue"}
    stamp = {"$ref": "#/components/schemas/DateTimeValue"}
    part = {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}
    fields = {"MachineID": text, "Label": text, "LastModified": stamp, "Parts": part}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "Shop/1.0.0", "version": "4"},
        "paths": {"/Machine": {"get": {}}, "/Machine/{id}": {}, "/Machine/Stop": {"post": {}}},
        "components": {
            "schemas": {
                "Entity": {"type": "object", "properties": {}},
                "Machine": shape({"properties": fields}),
                "Part": shape({"properties": {"LineNbr": text, "Parts": part}}),
            }
        },
    }
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(document))
    return path


def test_any_endpoint_can_be_served_from_its_document(contract: Path) -> None:
    with Sandbox(SandboxOptions(contract=contract)) as sandbox, Desk(sandbox) as desk:
        desk.sign_in()
        base = f"{desk.site}/entity/Shop/1.0.0"
        rows = desk.get(f"{base}/Machine?$expand=Parts").json()
        assert rows
        assert [row["MachineID"]["value"] for row in rows] == sorted(
            row["MachineID"]["value"] for row in rows
        )
        assert set(rows[0]) >= {"Label", "LastModified", "Parts"}
        key = rows[0]["MachineID"]["value"]
        assert desk.get(f"{base}/Machine/{key}").json()["id"] == rows[0]["id"]
        served = desk.get(f"{base}/swagger.json").json()
        assert served["servers"][0]["url"] == base
        assert desk.post(f"{base}/Machine/Stop", json={"entity": {}}).status_code == 204


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not a JSON document"),
        ("[]", "not a swagger document"),
        ('{"info":{},"paths":{}}', "not a swagger document"),
        ('{"info":{"title":"x"},"paths":{},"definitions":{}}', "title"),
        ('{"info":{"title":"A/1"},"paths":{},"definitions":{}}', "has no entities"),
        (
            '{"info":{"title":"A/1"},"paths":{"/B":{}},"definitions":{"B":{"properties":1}}}',
            "broken",
        ),
    ],
    ids=["half", "list", "no schemas", "no title", "empty", "broken"],
)
def test_a_broken_contract_is_named_as_such(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(SandboxError, match=says):
        Sandbox(SandboxOptions(contract=path))


def test_a_contract_that_is_not_there_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="cannot be read"):
        Sandbox(SandboxOptions(contract=tmp_path / "none.json"))


def test_the_contract_can_change_between_reads(start: Start) -> None:
    with start() as desk:
        desk.sandbox.control.set_contract(
            "Customer",
            add={"Rating": "i", "MainContact/Fax": "s"},
            remove=["Email"],
            retype={"CreditLimit": "s"},
            rename={"Contacts": "People"},
            custom={"BAccount.UsrTier": "s"},
        )
        row = desk.rows("Customer", top=1, expand="MainContact,People")[0]
        schemas = desk.read("swagger.json").json()["components"]["schemas"]
        assert desk.read("Customer", expand="Contacts").status_code == 500
    assert isinstance(row["Rating"]["value"], int)
    assert isinstance(row["CreditLimit"]["value"], str)
    assert "Fax" in row["MainContact"]
    assert "Email" not in row
    assert "People" in schemas["Customer"]["allOf"][1]["properties"]


@pytest.mark.parametrize(
    "changes",
    [
        {"add": {"CustomerID": "s"}},
        {"add": {"New": "string"}},
        {"remove": ["CustomerID"]},
        {"remove": ["Nothing"]},
        {"rename": {"Email": "not a name"}},
        {"explode": []},
    ],
    ids=["there already", "type", "key", "unknown", "name", "change"],
)
def test_a_change_that_makes_no_sense_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(SandboxError):
        desk.sandbox.control.set_contract("Customer", **changes)
