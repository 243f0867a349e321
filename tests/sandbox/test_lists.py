"""Lists that are not what a client would like: foreign orders, silent limits, records that cannot
be named, dated or shown.

The guide settles neither the order of lists nor the most they show; that ids of records without
NoteID are new in every session is said in Retrieve a Record by ID.
"""

import itertools
from typing import Any

import pytest

from tests.sandbox.desk import Desk, Start

MISSING = "No entity satisfies the condition."
STAMP = "LastModifiedDateTime"


def value(row: dict[str, Any], name: str) -> Any:
    return row[name].get("value")


def numbers(rows: list[dict[str, Any]], key: str = "ReferenceNbr") -> list[Any]:
    return [value(row, key) for row in rows]


def paged(desk: Desk, size: int, **asked: Any) -> list[Any]:
    found: list[Any] = []
    for skip in itertools.count(0, size):
        page = desk.rows("Invoice", top=size, skip=skip, **asked)
        found += numbers(page)
        if len(page) < size:
            return found
    raise AssertionError


def text_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["exceptionMessage"]


def test_a_hashed_order_is_nobodys_and_stays(start: Start) -> None:
    with start() as desk:
        by_key = numbers(desk.rows("Invoice"))
        desk.sandbox.control.set_options(list_order="hashed")
        hashed = numbers(desk.rows("Invoice"))
        assert sorted(hashed) == sorted(by_key)
        assert hashed not in (by_key, by_key[::-1])
        assert numbers(desk.rows("Invoice", expand="Details", select="ReferenceNbr")) == hashed
        assert paged(desk, 7) == hashed
        some = "ReferenceNbr gt '000010'"
        assert paged(desk, 7, filter=some) == [one for one in hashed if one > "000010"]
        desk.sandbox.control.mutate(20, ["Invoice"], ["update"])
        assert numbers(desk.rows("Invoice")) == hashed
        desk.sandbox.control.set_options(list_order="key")
        assert numbers(desk.rows("Invoice")) == by_key
    with start(list_order="hashed") as again, start(list_order="hashed", seed=2) as other:
        assert numbers(again.rows("Invoice")) == hashed != numbers(other.rows("Invoice"))


def test_lists_can_be_in_the_order_of_modification(start: Start) -> None:
    with start(list_order="modified") as desk:
        rows = desk.rows("Invoice")
        stamps = [row[STAMP] for row in desk.sandbox.control.rows("Invoice")]
        truth = {row["id"]: row[STAMP] for row in desk.sandbox.control.rows("Invoice")}
        assert [truth[row["id"]] for row in rows] == sorted(stamps)
        first = rows[0]["id"]
        keys = {name: value(rows[0], name) for name in ("Type", "ReferenceNbr")}
        desk.sandbox.control.put("Invoice", {**keys, "Description": "touched"})
        assert desk.rows("Invoice")[-1]["id"] == first
        assert paged(desk, 7) == numbers(desk.rows("Invoice"))
        assert desk.rows("ShipVia")  # it has no stamp


def test_a_random_order_is_another_with_every_request(start: Start) -> None:
    with start(list_order="random") as desk:
        orders = [numbers(desk.rows("Invoice")) for _ in range(3)]
        assert len({tuple(one) for one in orders}) == 3
        assert len({tuple(sorted(one)) for one in orders}) == 1
        assert len(set(paged(desk, 5))) < len(orders[0])


def test_an_order_that_is_asked_for_comes_first(start: Start) -> None:
    with start(list_order="hashed", orderby="honoured") as desk:
        found = numbers(desk.rows("Invoice", orderby="ReferenceNbr"))
        assert found == sorted(found)


@pytest.mark.parametrize("most", [1, 5])
def test_lists_are_cut_without_a_word(start: Start, most: int) -> None:
    with start() as desk:
        every = numbers(desk.rows("Invoice"))
        full: list[dict[str, Any]] = [{}, {"expand": "Details"}, {"select": "ReferenceNbr"}]
        full[2] |= {"expand": "Details"}
        light = {"select": f"ReferenceNbr,{STAMP}"}

        def lengths(**asked: Any) -> list[int]:
            return [len(desk.rows("Invoice", **one, **asked)) for one in (*full, light)]

        desk.sandbox.control.set_options(cap_records=most)
        assert lengths() == [most, most, most, len(every)]
        assert lengths(top=most + 1, skip=1) == [most, most, most, most + 1]
        assert numbers(desk.rows("Invoice", skip=3)) == every[3 : 3 + most]
        assert len(desk.rows("Invoice", top=0)) == 0
        desk.sandbox.control.set_options(cap_records=0, cap_stamps=most)
        assert lengths() == [len(every)] * 3 + [most]
        assert lengths(top=most + 1) == [most + 1] * 3 + [most]
        desk.sandbox.control.reset_options()
        assert lengths() == [len(every)] * 4


def test_feeds_are_cut_without_a_word_unless_they_have_a_next_link(start: Start) -> None:
    with start(cap_feeds=4, odata_page=0) as desk:
        root = f"{desk.site}/t/Company/api/odata"
        invoices = len(desk.sandbox.control.rows("Invoice"))
        orders = [f"{root}/gi/Sales%20Orders", f"{root}/dac/ARInvoice"]
        for url in orders:
            body = desk.get(f"{url}?$top=9").json()
            assert len(body["value"]) == 4
            assert "@odata.nextLink" not in body
            assert len(desk.get(f"{url}?$top=3").json()["value"]) == 3
        assert desk.get(f"{orders[1]}?$count=true").json()["@odata.count"] == invoices > 4
        assert int(desk.get(f"{orders[1]}/$count").text) == invoices
        desk.sandbox.control.set_options(odata_page=6)
        body = desk.get(orders[0]).json()
        assert len(body["value"]) == 6
        assert "@odata.nextLink" in body


def test_ids_of_a_share_of_records_are_new_in_every_session(start: Start) -> None:
    with start(session_ids=0.5) as desk, Desk(desk.sandbox) as other:
        assert other.sign_in().status_code == 204
        lasting = {row["VendorID"]: row["id"] for row in desk.sandbox.control.rows("Vendor")}
        here, there = (
            {value(row, "VendorID"): row["id"] for row in user.rows("Vendor")}
            for user in (desk, other)
        )
        fleeting = {key for key in here if here[key] != there[key]}
        assert 0 < len(fleeting) < len(here)
        assert {key for key in here if here[key] != lasting[key]} == fleeting
        assert len({*here.values()}) == len(here)
        for key in here:
            again = desk.read(f"Vendor/{key}").json()
            assert again["id"] == here[key]
            assert again["_links"]["self"].endswith(f"/Vendor/{here[key]}")
            assert desk.read(f"Vendor/{here[key]}").json()["VendorID"] == {"value": key}
            statuses = [other.read(f"Vendor/{one[key]}").status_code for one in (here, lasting)]
            assert statuses == ([500, 500] if key in fleeting else [200, 200])
        key = min(fleeting)
        assert text_of(other.read(f"Vendor/{here[key]}")) == (500, MISSING)
        assert text_of(desk.read(f"Vendor/{lasting[key]}")) == (500, MISSING)
        desk.sign_out()
        assert desk.sign_in().status_code == 204
        assert text_of(desk.read(f"Vendor/{here[key]}")) == (500, MISSING)
        assert desk.read(f"Vendor/{key}").json()["id"] not in (here[key], there[key])


def test_the_seed_says_whose_ids_do_not_last(start: Start) -> None:
    found = []
    for _ in range(2):
        with start(session_ids=0.3) as desk:
            lasting = [row["id"] for row in desk.sandbox.control.rows("Invoice")]
            seen = [row["id"] for row in desk.rows("Invoice", select="ReferenceNbr")]
            found.append([a == b for a, b in zip(lasting, seen, strict=True)])
            desk.sandbox.control.set_options(session_ids=0)
            assert [row["id"] for row in desk.rows("Invoice")] == lasting
    assert found[0] == found[1]
    assert len(set(found[0])) == 2


def test_a_record_is_written_deleted_and_given_files_under_the_id_of_the_session(
    start: Start,
) -> None:
    with start(session_ids=1.0) as desk:
        order = desk.rows("SalesOrder", top=1, expand="Details,files")[0]
        row = order["Details"][0]
        assert row["id"] in row["_links"]["files:put"]
        changed = {"id": order["id"], "Description": {"value": "ours"}}
        answer = desk.put(f"{desk.endpoint}/SalesOrder", json=changed).json()
        assert answer["id"] == order["id"]
        assert answer["OrderNbr"] == order["OrderNbr"]
        place = order["_links"]["files:put"].replace("{filename}", "a.txt")
        host = desk.site.rpartition("/")[0]
        assert desk.put(f"{host}{place}", data=b"text").status_code == 204
        files = desk.read(f"SalesOrder/{order['id']}", expand="files").json()["files"]
        assert [file["filename"].rpartition("\\")[2] for file in files] == ["a.txt"]
        assert desk.delete(f"{desk.endpoint}/SalesOrder/{order['id']}").status_code == 204
        assert value(order, "OrderNbr") not in numbers(desk.rows("SalesOrder"), "OrderNbr")


def test_a_share_of_records_has_no_stamp(start: Start) -> None:
    with start(null_stamps=0.4) as desk:
        rows = desk.rows("Vendor")
        without = {value(row, "VendorID") for row in rows if row[STAMP] == {}}
        assert 0 < len(without) < len(rows)
        light = desk.rows("Vendor", select=f"VendorID,{STAMP}")
        assert {value(row, "VendorID") for row in light if row[STAMP] == {}} == without
        deep = desk.rows("Vendor", expand="MainContact,Attributes")
        assert [row["MainContact"]["id"] for row in deep]
        for row in rows:
            single = desk.read(f"Vendor/{row['id']}").json()
            assert (single[STAMP], single["VendorName"]) == (row[STAMP], row["VendorName"])
        early = "datetimeoffset'1999-01-01T00:00:00Z'"
        for test in (f"{STAMP} gt {early}", f"{STAMP} lt {early}", f"not ({STAMP} lt {early})"):
            found = desk.rows("Vendor", filter=test, select="VendorID")
            assert not without & {*numbers(found, "VendorID")}
        empty = desk.rows("Vendor", filter=f"{STAMP} eq null")
        assert {*numbers(empty, "VendorID")} == without
        assert all(row[STAMP] for row in desk.sandbox.control.rows("Vendor"))


def test_lists_of_some_entities_refuse_to_select_the_stamp(start: Start) -> None:
    with start(stamp_not_selectable=("Vendor",)) as desk:
        refused = desk.read("Vendor", select=f"VendorID,{STAMP}")
        assert text_of(refused) == (500, "The given key was not present in the dictionary.")
        assert refused.json()["exceptionType"].endswith("KeyNotFoundException")
        assert all(row[STAMP] for row in desk.rows("Vendor"))
        assert desk.rows("Vendor", select="VendorID")
        assert desk.rows("Vendor", filter=f"{STAMP} gt datetimeoffset'1999-01-01'")
        assert desk.read("Vendor/V000001", select=STAMP).status_code == 200
        assert desk.rows("Customer", select=STAMP)


def test_one_record_can_be_one_that_is_never_shown(start: Start) -> None:
    with start() as desk:
        control = desk.sandbox.control
        keys = numbers(desk.rows("Vendor", select="VendorID"), "VendorID")
        identity = control.make_unreadable("Vendor", keys[2])
        broken = (500, "Object reference not set to an instance of an object.")
        for path in (f"Vendor/{identity}", f"Vendor/{keys[2]}"):
            assert text_of(desk.read(path, select="VendorID")) == broken
        for asked in (
            {},
            {"expand": "MainContact"},
            {"select": "VendorID,MainContact/Email", "expand": "MainContact"},
            {"filter": f"VendorID eq '{keys[2]}'"},
        ):
            assert text_of(desk.read("Vendor", **asked)) == broken
        assert text_of(desk.read("Vendor", top=1, skip=2)) == broken
        shown = desk.rows("Vendor", top=2) + desk.rows("Vendor", skip=3)
        assert numbers(shown, "VendorID") == keys[:2] + keys[3:]
        light = desk.rows("Vendor", select=f"VendorID,{STAMP}")
        assert numbers(light, "VendorID") == keys
        assert control.make_all_readable() == 1
        assert numbers(desk.rows("Vendor"), "VendorID") == keys
