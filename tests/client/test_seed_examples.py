"""The examples of the client that programs may come from, as written but for import and address."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source.client import AcumaticaClient, F, QueryOptions, RecordBuilder

# Some instances find nothing when a condition joins fields of two views; the examples were not
# written against such a one.
INSTANCE = SandboxOptions(records=400, silent_empties=False)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(INSTANCE) as running:
        yield running


@pytest.fixture
def cfg(sandbox: Sandbox) -> dict[str, str]:
    return {
        "ACU_URL": sandbox.base_url,
        "ACU_USER": sandbox.username,
        "ACU_PASS": sandbox.password,
        "ACU_TENANT": sandbox.tenant,
        "ACU_BRANCH": "HQ",
    }


@pytest.fixture
def client(cfg: dict[str, str]) -> Any:
    with AcumaticaClient(
        base_url=cfg["ACU_URL"],
        username=cfg["ACU_USER"],
        password=cfg["ACU_PASS"],
        tenant=cfg["ACU_TENANT"],
        branch=cfg["ACU_BRANCH"],
    ) as opened:
        yield opened


def test_creating_an_instance_and_the_session_lifecycle(
    sandbox: Sandbox, cfg: dict[str, str]
) -> None:
    client = AcumaticaClient(
        base_url=cfg["ACU_URL"],
        username=cfg["ACU_USER"],
        password=cfg["ACU_PASS"],
        tenant=cfg["ACU_TENANT"],
        branch="HQ",
        locale="en-US",  # Optional: defaults to server setting
        verify_ssl=True,  # Optional: defaults to True
        persistent_login=True,  # Optional: defaults to True
        retry_on_idle_logout=True,  # Optional: defaults to True
    )
    assert sandbox.control.counters()["seats_now"] == 1
    status = client.login()  # 204 if already logged in, otherwise the status from the server
    assert status == 204
    status = client.logout()  # 204 if not logged in, otherwise the status from the server
    assert status == 204
    assert sandbox.control.counters()["seats_now"] == 0


def test_get_endpoint_info(cfg: dict[str, str]) -> None:
    client = AcumaticaClient(
        base_url=cfg["ACU_URL"],
        username=cfg["ACU_USER"],
        password=cfg["ACU_PASS"],
        tenant=cfg["ACU_TENANT"],
        branch=cfg.get("ACU_BRANCH"),
        locale=cfg.get("ACU_LOCALE"),
    )
    endpoints = client.get_endpoint_info()
    client.logout()
    assert set(endpoints["version"]) >= {"acumaticaBuildVersion", "databaseVersion"}
    assert ("Default", "24.200.001") in {(e["name"], e["version"]) for e in endpoints["endpoints"]}


def test_fetching_customers(client: AcumaticaClient) -> None:
    everyone = client.customers.get_customers("24.200.001")
    some_class = everyone[0]["CustomerClass"]["value"]
    my_filter = (F.Status == "Active") & (F.CustomerClass == some_class)
    opts = QueryOptions(filter=my_filter, select=["CustomerID", "CustomerName"])
    # Retrieve a list of customers
    customers = client.customers.get_customers("24.200.001", options=opts)
    expected = {
        c["CustomerID"]["value"]
        for c in everyone
        if c["Status"]["value"] == "Active" and c["CustomerClass"].get("value") == some_class
    }
    assert expected
    assert {c["CustomerID"]["value"] for c in customers} == expected


def test_creating_a_generic_record(client: AcumaticaClient) -> None:
    # Build payload for a new Stock Item
    payload = (
        RecordBuilder()
        .field("InventoryID", "NEW-ITEM-001")
        .field("Description", "A Brand New Stock Item")
        .field("ItemClass", "STOCKITEM")
    )
    # Send the create request using the generic records service
    response = client.records.create_record(
        api_version="24.200.001", entity="StockItem", record=payload
    )
    assert response["InventoryID"]["value"].strip() == "NEW-ITEM-001"
    found = client.records.get_record_by_keys("24.200.001", "StockItem", "NEW-ITEM-001")
    assert found["Description"]["value"] == "A Brand New Stock Item"


def test_signed_out_when_the_program_exits(sandbox: Sandbox, cfg: dict[str, str]) -> None:
    program = """
import os
from acumatica_source.client import AcumaticaClient
clients = [
    AcumaticaClient(os.environ["ACU_URL"], os.environ["ACU_USER"], os.environ["ACU_PASS"],
                    os.environ["ACU_TENANT"], os.environ["ACU_BRANCH"])
    for _ in range(2)
]
"""
    subprocess.run([sys.executable, "-c", program], env=os.environ | cfg, cwd=ROOT, check=True)
    counters = sandbox.control.counters()
    assert (counters["logins"], counters["logouts"], counters["seats_now"]) == (2, 2, 0)
