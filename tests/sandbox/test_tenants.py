"""Tenants with data of their own under one licence: who sees what, and what they share."""

import json
import threading
from typing import Any

import pytest
import requests

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.sandbox.desk import Desk, Start

NAMES = ("North", "South")
SEVERAL: dict[str, Any] = {"tenants": NAMES, "seats": 10}


def signed_in(desk: Desk, tenant: str) -> Desk:
    """Another user of the same sandbox, in that tenant."""
    other = Desk(desk.sandbox)
    assert other.sign_in(tenant=tenant).status_code == 204
    return other


def by_token(desk: Desk, tenant: str) -> Desk:
    """Another user of the same sandbox, with a token of that tenant."""
    other = Desk(desk.sandbox)
    client = desk.sandbox.client_id.partition("@")[0]
    form = {
        "grant_type": "password",
        "username": desk.sandbox.username,
        "password": desk.sandbox.password,
        "scope": "api offline_access",
        "client_id": f"{client}@{tenant}",
        "client_secret": desk.sandbox.client_secret,
    }
    answer = requests.post(f"{desk.site}/identity/connect/token", data=form)
    other.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return other


def by_basic(desk: Desk) -> Desk:
    """Another user of the same sandbox, who signs in with every request."""
    other = Desk(desk.sandbox)
    other.auth = (desk.sandbox.username, desk.sandbox.password)
    return other


def landed(desk: Desk) -> str:
    page = desk.get(f"{desk.site}/Frames/Login.aspx").text
    return page.partition('id="txtSingleCompany" value="')[2].partition('"')[0]


def names_over_rest(desk: Desk) -> set[str]:
    return {row["CustomerName"]["value"] for row in desk.rows("Customer")}


def names_over_odata(desk: Desk, path: str) -> set[str]:
    answer = desk.get(f"{desk.site}/{path}", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    rows = answer.json()["value"]
    return {row.get("CustomerName") or row["AcctName"] for row in rows}


def truth(desk: Desk, tenant: str | None = None) -> set[str]:
    rows = desk.sandbox.control.rows("Customer", tenant=tenant)
    return {row["CustomerName"] for row in rows}


ADDRESSES = (
    "t/{}/api/odata/gi/BI-Customers",
    "t/{}/api/odata/dac/Customer",
    "odata/{}/BI-Customers",
    "odatav4/{}/Customer",
)


@pytest.mark.parametrize("way", [signed_in, by_token], ids=["cookies", "token"])
def test_a_session_sees_the_records_of_its_tenant_only(start: Start, way: Any) -> None:
    """IDG: Login, and the tenant in the id of an OAuth client."""
    with start(**SEVERAL, tenant_data="own") as desk:
        assert truth(desk, "North").isdisjoint(truth(desk, "South"))
        for tenant in NAMES:
            user = way(desk, tenant)
            assert landed(user) == tenant
            assert names_over_rest(user) == truth(desk, tenant)
            for address in ADDRESSES:
                assert names_over_odata(user, address.format(tenant)) == truth(desk, tenant)


def test_by_basic_the_address_decides(start: Start) -> None:
    """UG: DAC-Based OData; the user name goes without a tenant, the address has it."""
    with start(**SEVERAL, tenant_data="own") as desk:
        user = by_basic(desk)
        for tenant in (*NAMES, *NAMES):  # the cookies of one tenant do not lead into the other
            for address in ADDRESSES:
                assert names_over_odata(user, address.format(tenant)) == truth(desk, tenant)


@pytest.mark.parametrize("data", ["shared", "own", "snapshot"])
def test_a_session_does_not_read_at_the_address_of_another_tenant(start: Start, data: str) -> None:
    """A guess: the same 404 as for a tenant that there is not, so that nothing is told of it."""
    with start(**SEVERAL, tenant_data=data) as desk:
        for user in (signed_in(desk, "North"), by_token(desk, "North")):
            for address in ADDRESSES:
                here, there, nowhere = (
                    user.get(f"{desk.site}/{address.format(name)}").status_code
                    for name in ("North", "South", "Nowhere")
                )
                assert (here, there, nowhere) == (200, 404, 404), address
        conventional = by_basic(desk)
        place = f"{desk.site}/t/{{}}/api/odata/gi/BI-Customers"
        assert conventional.get(place.format("North")).status_code == 200
        conventional.auth = None
        assert conventional.get(place.format("North")).status_code == 200
        assert conventional.get(place.format("South")).status_code == 404


def test_tenants_share_their_records_by_default(start: Start) -> None:
    with start(**SEVERAL) as desk:
        desk.sandbox.control.put("Customer", {"CustomerID": "C000001", "CustomerName": "Anew"})
        assert desk.sandbox.control.delete("Customer", ["C000002"], tenant="South")
        assert names_over_rest(signed_in(desk, "South")) == names_over_rest(desk) == truth(desk)


def test_a_snapshot_starts_with_the_same_records_and_ids(start: Start) -> None:
    """As a restored snapshot does: everything is the same, and then goes its own way."""
    with start(**SEVERAL, tenant_data="snapshot") as desk:
        control = desk.sandbox.control
        entities = ("Customer", "SalesOrder", "Invoice", "JournalTransaction")
        before = {name: control.rows(name) for name in entities}
        control.mutate(40)  # before anybody has seen the other tenant
        assert {name: control.rows(name, tenant="South") for name in entities} == before
        assert {name: control.rows(name) for name in entities} != before


def test_records_that_come_later_have_ids_of_their_own(start: Start) -> None:
    with start(**SEVERAL, tenant_data="snapshot") as desk:
        made = [
            signed_in(desk, tenant)
            .put(f"{desk.endpoint}/Customer", json={"CustomerName": {"value": "Late"}})
            .json()
            for tenant in NAMES
        ]
        assert made[0]["id"] != made[1]["id"]


@pytest.mark.parametrize("data", ["own", "snapshot"])
def test_what_is_done_in_one_tenant_is_not_seen_in_the_other(start: Start, data: str) -> None:
    """Edits, deletions, files, what cannot be shown, and what OData tells of deletions."""
    with start(**SEVERAL, tenant_data=data) as desk:
        south = signed_in(desk, "South")
        control = desk.sandbox.control
        before = control.rows("Customer", tenant="South")
        orders = control.rows("SalesOrder", tenant="South")
        key = before[0]["CustomerID"]
        edit = {"CustomerID": {"value": key}, "CustomerName": {"value": "Of the north"}}
        assert desk.put(f"{desk.endpoint}/Customer", json=edit).status_code == 200
        gone = control.rows("Customer")[1]["CustomerID"]
        assert desk.delete(f"{desk.endpoint}/Customer/{gone}").status_code == 204
        file = f"{desk.endpoint}/Customer/{key}/files/note.txt"
        kept = desk.put(file, data=b"north").headers["Location"]
        control.mutate(30, ["SalesOrder"])
        control.make_unreadable("Customer", control.rows("Customer")[2]["id"])
        assert control.rows("Customer", tenant="South") == before
        assert control.rows("SalesOrder", tenant="South") == orders
        assert names_over_rest(south) == {row["CustomerName"] for row in before}
        assert south.rows("Customer", expand="files", top=1)[0]["files"] == []
        host = desk.site.removesuffix("/AcumaticaERP")
        assert [one.get(f"{host}{kept}").status_code for one in (desk, south)] == [200, 404]
        deleted = "t/{}/api/odata/dac/Customer/PX.GetDeletedRecords()"
        told = [
            len(one.get(f"{desk.site}/{deleted.format(name)}").json()["value"])
            for one, name in ((desk, "North"), (south, "South"))
        ]
        assert told == [1, 0]
        assert control.make_all_readable() == 1


def test_a_tenant_has_a_contract_of_its_own(start: Start) -> None:
    """Customizations and user-defined fields are a tenant's."""
    with start(**SEVERAL, tenant_data="snapshot") as desk:
        south = signed_in(desk, "South")
        desk.sandbox.control.set_contract("Customer", tenant="South", add={"Fresh": "s"})
        assert "Fresh" in south.rows("Customer", top=1)[0]
        assert "Fresh" not in desk.rows("Customer", top=1)[0]
        told = [
            "Fresh" in json.dumps(one.get(f"{one.endpoint}/swagger.json").json())
            for one in (desk, south)
        ]
        assert told == [False, True]


def test_the_control_interface_takes_a_tenant_over_http_too(start: Start) -> None:
    with start(**SEVERAL, tenant_data="own") as desk:
        given = {"entity": "Customer", "tenant": "South"}
        answer = desk.post(f"{desk.site}/_sandbox/rows", json=given)
        assert {row["CustomerName"] for row in answer.json()} == truth(desk, "South")
        change = {"n": 5, "entities": ["Customer"], "kinds": ["delete"], "tenant": "South"}
        before = len(truth(desk)), len(desk.sandbox.control.rows("Customer", tenant="South"))
        assert desk.post(f"{desk.site}/_sandbox/mutate", json=change).status_code == 200
        after = len(truth(desk)), len(desk.sandbox.control.rows("Customer", tenant="South"))
        assert after == (before[0], before[1] - 5)


def test_users_can_work_in_a_tenant_while_another_is_read(start: Start) -> None:
    with start(**SEVERAL, tenant_data="own") as desk:
        control = desk.sandbox.control
        before = control.rows("Customer"), control.rows("Customer", tenant="South")
        control.fault("mutate_before", tenant="South", entities=["Customer"], changes=10, times=1)
        assert names_over_rest(desk) == {row["CustomerName"] for row in before[0]}
        assert control.rows("Customer") == before[0]
        assert control.rows("Customer", tenant="South") != before[1]


def test_tenants_share_seats_clock_faults_and_options(start: Start) -> None:
    """IDG: License Restrictions for API Users; a licence is of the instance."""
    with start(tenants=NAMES, tenant_data="own", seats=2) as desk:
        south, third = signed_in(desk, "South"), Desk(desk.sandbox)
        assert "API Login Limit" in third.sign_in(tenant="South").text
        control = desk.sandbox.control
        control.fault("status", status=503, times=2, path="/Customer$")
        assert [one.read("Customer").status_code for one in (desk, south)] == [503, 503]
        control.set_options(features_off=("Customer",))
        assert [one.read("Customer").status_code for one in (desk, south)] == [403, 403]
        control.reset_options()
        control.set_options(list_order="hashed")
        assert all(len(names_over_rest(one)) > 1 for one in (desk, south))
        assert control.counters()["seats_now"] == 2
        now = control.advance(3_000_000)
        made = control.put("Customer", {"CustomerName": "Late"}, tenant="South")
        assert made["LastModifiedDateTime"] >= now.replace(microsecond=0)


def test_a_sign_in_may_land_on_the_default_tenant(start: Start) -> None:
    """Reported: with a stale map of tenants signing in succeeds, but in the default tenant."""
    with start(**SEVERAL, tenant_data="own", lands_on_default=True) as desk:
        user = signed_in(desk, "South")
        assert landed(user) == "North"
        assert names_over_rest(user) == truth(desk, "North")
        assert user.get(f"{desk.site}/t/South/api/odata/gi").status_code == 404
        assert Desk(desk.sandbox).sign_in(tenant="Elsewhere").status_code == 500
        desk.sandbox.control.set_options(lands_on_default=False)
        assert landed(signed_in(desk, "South")) == "South"


def test_the_first_tenant_is_as_if_it_were_alone(start: Start) -> None:
    """The same seed makes the same data, whatever other tenants hold."""
    alone = SandboxOptions(records=300)
    with start(**SEVERAL, tenant_data="own") as desk, Sandbox(alone) as one:
        assert desk.sandbox.control.rows("SalesOrder") == one.control.rows("SalesOrder")
        again = SandboxOptions(records=300, tenants=("Other", "South"), tenant_data="own")
        with Sandbox(again) as other:
            assert other.control.rows("Vendor", tenant="South") == desk.sandbox.control.rows(
                "Vendor", tenant="South"
            )


def test_a_tenant_that_many_ask_for_first_at_once_is_made_once(start: Start) -> None:
    with start(**SEVERAL, tenant_data="own") as desk:
        users = [signed_in(desk, "South") for _ in range(6)]
        seen: list[set[str]] = []
        threads = [
            threading.Thread(target=lambda user=user: seen.append(names_over_rest(user)))
            for user in users
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [truth(desk, "South")] * 6
