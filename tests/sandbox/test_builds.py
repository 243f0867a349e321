"""What differs between the builds 2024 R2, 2025 R2 and 2026 R2.

The definitions that are published of them (`EndpointDefinitions` of Acumatica's client for C#).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from acumatica_sandbox import Sandbox, SandboxError, SandboxOptions
from tests.sandbox.desk import Desk, Start


@pytest.fixture(scope="module", params=["24R2", "25R2", "26R2"])
def build(request: pytest.FixtureRequest) -> Iterator[tuple[str, Desk]]:
    options = SandboxOptions(records=100, build=request.param)
    with Sandbox(options) as sandbox, Desk(sandbox) as desk:
        desk.sign_in()
        yield request.param, desk


def document_of(desk: Desk, name: str = "Default", version: str = "24.200.001") -> dict[str, Any]:
    answer = desk.get(f"{desk.site}/entity/{name}/{version}/swagger.json")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_build_has_its_endpoints(build: tuple[str, Desk]) -> None:
    name, desk = build
    body = desk.get(f"{desk.site}/entity").json()
    assert [f"{one['name']}/{one['version']}" for one in body["endpoints"]] == {
        "24R2": ["Default/24.200.001", "Default/23.200.001"],
        "25R2": ["Default/25.200.001", "Default/24.200.001"],
        "26R2": ["Default/25.200.001", "Default/24.200.001", "DeviceHub/26.100.001"],
    }[name]
    assert body["version"]["acumaticaBuildVersion"].startswith(name[:2])
    for one in body["endpoints"]:
        document = document_of(desk, one["name"], one["version"])
        assert document["openapi"] == "3.0.1"
        title = f"{one['name']}/{one['version']}"
        assert document["info"] == {"title": title, "version": "4"}


def test_features_are_listed_to_users_from_2026_on(build: tuple[str, Desk]) -> None:
    name, desk = build
    listed = desk.get(f"{desk.site}/entity").json().get("features")
    assert bool(listed) == (name == "26R2")
    assert all(one.startswith("PX.Objects.CS.FeaturesSet+") for one in listed or ())
    assert "features" not in requests.get(f"{desk.site}/entity").json()


def test_patch_and_409_are_declared_from_2025_on(build: tuple[str, Desk]) -> None:
    name, desk = build
    path = document_of(desk)["paths"]["/SalesOrder"]
    assert ("patch" in path) == (name != "24R2")
    assert ("409" in path["get"]["responses"]) == (name != "24R2")
    assert "content" not in path["get"]["responses"].get("409", {})


def test_linked_entities_are_any_of_from_2026_on(build: tuple[str, Desk]) -> None:
    """In documents of contract version 4 too: the style is the server's."""
    name, desk = build
    schemas = document_of(desk)["components"]["schemas"]
    customer = schemas["Customer"]["allOf"][1]["properties"]
    reference = {"$ref": "#/components/schemas/Contact"}
    new = name == "26R2"
    nullable = {"anyOf": [reference], "nullable": True}
    assert customer["MainContact"] == (nullable if new else reference)
    assert customer["Attributes"].get("nullable", False) == new
    assert customer["Status"] == {"$ref": "#/components/schemas/StringValue"}
    assert schemas["StringValue"].get("nullable", False) == new
    assert ("_links" in schemas["Entity"]["properties"]) == new
    assert ("DateOnlyValue" in schemas) == new


def test_records_are_the_same_under_all_endpoints(build: tuple[str, Desk]) -> None:
    _, desk = build
    endpoints = desk.get(f"{desk.site}/entity").json()["endpoints"]
    lists = []
    for one in endpoints:
        base = f"{desk.site}/entity/{one['name']}/{one['version']}"
        rows = desk.get(f"{base}/Customer", params={"$expand": "MainContact"}).json()
        for row in rows:
            assert f"/{one['name']}/{one['version']}/" in row.pop("_links")["self"]
        lists.append(rows)
    assert lists[0]
    assert all(rows == lists[0] for rows in lists)


def test_a_form_is_busy_while_an_action_of_the_session_runs(start: Start) -> None:
    """SW25, SW26: "a long operation is running for this screen in the current session"."""
    with start(build="25R2", seats=2) as desk, Desk(desk.sandbox) as other:
        other.sign_in()
        invoice = desk.rows("Invoice", top=1)[0]
        body = {"entity": {"id": invoice["id"]}}
        begun = desk.post(f"{desk.endpoint}/Invoice/ReleaseInvoice", json=body)
        assert begun.status_code == 202
        assert other.read("Invoice", top=1).status_code == 200
        assert desk.read("Customer", top=1).status_code == 200
        answers = [desk.read("Invoice", top=1) for _ in range(3)]
        assert [one.status_code for one in answers] == [409, 409, 200]
        assert answers[0].content == b""


def test_polling_brings_the_operation_to_its_end(start: Start) -> None:
    with start(build="26R2") as desk:
        body = {"entity": {"id": desk.rows("Invoice", top=1)[0]["id"]}}
        begun = desk.post(f"{desk.endpoint}/Invoice/ReleaseInvoice", json=body)
        place = begun.headers["Location"]
        host = desk.site.removesuffix("/AcumaticaERP")
        assert [desk.get(host + place).status_code for _ in range(3)] == [202, 202, 204]
        assert desk.read("Invoice", top=1).status_code == 200


def test_earlier_builds_do_not_wait(start: Start) -> None:
    with start(build="24R2") as desk:
        body = {"entity": {"id": desk.rows("Invoice", top=1)[0]["id"]}}
        begun = desk.post(f"{desk.endpoint}/Invoice/ReleaseInvoice", json=body)
        assert begun.status_code == 202
        assert desk.read("Invoice", top=1).status_code == 200


def test_a_busy_form_is_a_fault_too(start: Start) -> None:
    with start() as desk:
        desk.sandbox.control.fault("long_operation", path="/Customer$", times=2)
        answers = [desk.read("Customer", top=1) for _ in range(3)]
    assert [one.status_code for one in answers] == [409, 409, 200]
    assert answers[0].content == b""


def test_lists_can_leave_details_empty(start: Start) -> None:
    """As reported: unless `$select` names them, though not of a record by its id."""
    with start(empty_details=True) as desk:
        plain = desk.rows("SalesOrder", expand="Details,ShipToAddress")
        assert all(row["Details"] == [] and row["ShipToAddress"] for row in plain)
        named = desk.rows("SalesOrder", expand="Details", select="OrderNbr,Details")
        assert all(row["Details"] for row in named)
        inside = desk.rows("SalesOrder", expand="Details", select="Details/LineNbr")
        assert all(row["Details"] for row in inside)
        single = desk.read(f"SalesOrder/{plain[0]['id']}", expand="Details").json()
        assert single["Details"]


def test_a_contract_of_version_3_is_refused(tmp_path: Path) -> None:
    """They are gone since 2023 R2 (Integration Development Guide: Comparison of Versions)."""
    path = tmp_path / "old.json"
    document = {"info": {"title": "Default/6.00.001", "version": "3"}, "paths": {}}
    path.write_text(json.dumps({**document, "definitions": {}}))
    with pytest.raises(SandboxError, match="contract version '3'"):
        Sandbox(SandboxOptions(contract=path))


def test_an_endpoint_of_version_3_shows_nothing_but_its_contract(start: Start) -> None:
    with start(contract_3=True) as desk:
        listed = desk.get(f"{desk.site}/entity").json()["endpoints"]
        (old,) = [one for one in listed if one["name"] == "Legacy"]
        document = document_of(desk, "Legacy", old["version"])
        answer = desk.get(f"{desk.site}/entity/Legacy/{old['version']}/Customer")
    assert document["info"]["version"] == "3"
    assert answer.status_code == 500
    assert "not supported" in answer.json()["exceptionMessage"]


def test_contract_version_5_comes_with_2026() -> None:
    with pytest.raises(SandboxError, match="26R2"):
        SandboxOptions(build="25R2", contract_version=5)
