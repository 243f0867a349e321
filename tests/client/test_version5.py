"""The client on an endpoint of contract version 5: the same calls, another language."""

import datetime as dt
from collections.abc import Iterator

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source.client.client import AcumaticaClient
from acumatica_source.client.query import CustomField, F, QueryOptions
from acumatica_source.client.records import InquiryBuilder

NEW, OLD = "26.200.001", "25.200.001"


@pytest.fixture(scope="module")
def instance() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=200, contract_version=5, build="26R2")) as running:
        yield running


@pytest.fixture
def client(instance: Sandbox) -> Iterator[AcumaticaClient]:
    with AcumaticaClient(
        instance.base_url, instance.username, instance.password, instance.tenant
    ) as one:
        instance.control.reset_counters()
        yield one


def paths(instance: Sandbox) -> list[str]:
    return [str(one["path"]) for one in instance.control.requests()]


def test_the_version_is_looked_up_once_and_only_where_it_matters(
    instance: Sandbox, client: AcumaticaClient
) -> None:
    endpoint = client.endpoint("Default", NEW)
    endpoint.read("Account", QueryOptions(top=1, select=["AccountCD"], filter="Active eq true"))
    assert not [path for path in paths(instance) if path.endswith("swagger.json")]
    for _ in range(2):
        endpoint.read("Account", QueryOptions(filter=F.Active == True, top=1))  # noqa: E712
        client.endpoint("Default", OLD).read("Account", QueryOptions(filter=F.AccountCD == "1"))
    asked = [path for path in paths(instance) if path.endswith("swagger.json")]
    assert len(asked) == 1
    assert NEW in asked[0]


def test_both_versions_answer_the_same_question(client: AcumaticaClient) -> None:
    since = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    new = client.records.get_records_by_filter(
        NEW,
        "SalesOrder",
        QueryOptions(
            filter=(F.LastModifiedDateTime > since),
            expand=["Details", "Details/Allocations", "ShipToAddress"],
            select=["OrderNbr", "Status", "Details/LineNbr", "ShipToAddress/City"],
        ),
    )
    old = client.records.get_records_by_filter(
        OLD,
        "SalesOrder",
        QueryOptions(
            filter=F.LastModified > since,
            expand=["Details", "Details/Allocations", "ShipToAddress"],
            select=["OrderNbr", "Status", "Details/LineNbr", "ShipToAddress/City"],
        ),
    )
    assert len(new) == len(old) > 5
    for one, other in zip(new, old, strict=True):
        assert one["OrderNbr"] == other["OrderNbr"]
        assert one["Status"]["value"]["description"] == other["Status"]["value"]
        assert one["ShipToAddress"]["City"] == other["ShipToAddress"]["City"]
        lines = [line["LineNbr"]["value"] for line in one["Details"]]
        assert lines == [line["LineNbr"]["value"] for line in other["Details"]]


def test_drop_downs_are_asked_for_by_code(client: AcumaticaClient) -> None:
    endpoint = client.endpoint("Default", NEW)
    found = endpoint.read("Invoice", QueryOptions(filter=F.Type == "INV", top=3))
    assert {one["Type"]["value"]["id"] for one in found} == {"INV"}
    assert endpoint.read("Invoice", QueryOptions(filter=F.Type == "Invoice")) == []
    assert list(endpoint.records("Invoice", QueryOptions(filter=F.Type == "INV"), page_size=7))


def test_custom_fields_are_selected(client: AcumaticaClient) -> None:
    options = QueryOptions(
        custom=[
            CustomField.attribute("Document", "PRODUCT"),
            CustomField.field("Transactions", "UsrPackaging", "Details"),
        ]
    )
    orders = client.endpoint("Default", NEW).read("SalesOrder", options)
    products = [one["custom"]["Document"]["AttributePRODUCT"].get("value") for one in orders]
    assert any(one and {"id", "description"} <= one.keys() for one in products)
    assert all(
        "OrderNbr" in one and "Transactions" in one["Details"][0]["custom"] for one in orders
    )
    filtered = client.endpoint("Default", NEW).read(
        "SalesOrder",
        QueryOptions(filter=F.cf("StringSingleSelect", "Document", "AttributePRODUCT") == "P1"),
    )
    assert filtered


@pytest.mark.parametrize("version", [NEW, OLD])
def test_bodies_give_plain_values_in_both_versions(client: AcumaticaClient, version: str) -> None:
    endpoint = client.endpoint("Default", version)
    kept = endpoint.read("Invoice", QueryOptions(top=1))[0]
    kind = kept["Type"]["value"]
    code = kind["id"] if version == NEW else kind
    body = {
        "Type": {"value": code},
        "ReferenceNbr": kept["ReferenceNbr"],
        "Description": {"value": f"as of {version}"},
    }
    saved = endpoint.put("Invoice", body)
    assert saved["id"] == kept["id"]
    assert saved["Description"]["value"] == f"as of {version}"
    if version == NEW:
        whole = {**body, "Type": {"value": {"id": code}}}
        assert endpoint.put("Invoice", whole)["id"] == kept["id"]


@pytest.mark.parametrize("version", [NEW, OLD])
def test_every_service_reads_and_writes(client: AcumaticaClient, version: str) -> None:
    assert client.accounts.get_accounts(version)
    assert client.ledgers.get_ledgers(version)
    assert client.invoices.get_invoices(version, QueryOptions(top=2))
    (customer, *_) = client.customers.get_customers(version, QueryOptions(top=1))
    name = customer["CustomerID"]["value"]
    saved = client.customers.update_customer(
        version, {"CustomerID": {"value": name}, "CustomerName": {"value": "Renamed"}}
    )
    assert saved["id"] == customer["id"]
    (payment, *_) = client.endpoint("Default", version).read("Payment", QueryOptions(top=1))
    number, kind = payment["ReferenceNbr"]["value"], payment["Type"]["value"]
    shown = kind["description"] if version == NEW else kind
    assert client.payments.get_payment(version, shown, number)["id"] == payment["id"]
    client.payments.release_payment(version, shown, number, polling_interval_sec=0.05)
    rows = client.transactions.get_ledger_transactions(
        version, dt.date(2025, 1, 1), dt.date(2025, 2, 28)
    )
    assert rows["Results"]
    answer = client.inquiries.get_data_from_inquiry_form(
        version, "AccountSummaryInquiry", InquiryBuilder().param("Period", "012025")
    )
    assert "Results" in answer
    order = next(client.records.iterate(version, "SalesOrder", page_size=5))
    keys = [order[key]["value"] for key in ("OrderType", "OrderNbr")]
    assert client.records.get_record_by_keys(version, "SalesOrder", *keys)["id"] == order["id"]
    assert client.records.get_record_by_id(version, "SalesOrder", order["id"])["id"] == order["id"]
    assert client.records.get_custom_field_schema(version, "SalesOrder")
