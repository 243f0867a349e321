"""The control interface, in process and over HTTP, and the sandbox as a product."""

import base64
import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from acumatica_sandbox import Sandbox, SandboxError, SandboxOptions
from tests.sandbox.desk import Desk, Start


def test_changes_are_stamped_now_and_nothing_before_is_of_the_last_hour(start: Start) -> None:
    with start() as desk:
        control = desk.sandbox.control
        hour_ago = control.now() - timedelta(hours=1)
        before = control.rows("SalesOrder")
        assert all(row["LastModified"] < hour_ago for row in before)
        control.mutate(40, ["SalesOrder"], ["update", "insert", "lines"], seed=3)
        recent = [row for row in control.rows("SalesOrder") if row["LastModified"] > hour_ago]
        assert recent
        assert all(row["LastModified"].microsecond // 1000 % 10 in (0, 3, 7) for row in recent)


def test_the_same_seed_makes_the_same_data(start: Start) -> None:
    with start(seed=5) as one, start(seed=5) as two, start(seed=6) as three:
        rows = [desk.sandbox.control.rows("Invoice") for desk in (one, two, three)]
    assert rows[0] == rows[1] != rows[2]


@pytest.mark.parametrize("touch", [True, False])
def test_lines_touch_their_header_or_not(start: Start, touch: bool) -> None:
    with start(lines_touch_header=touch) as desk:
        control = desk.sandbox.control
        control.mutate(10, ["SalesOrder"], ["lines"], seed=1)
        hour_ago = control.now() - timedelta(hours=1)
        recent = [row for row in control.rows("SalesOrder") if row["LastModified"] > hour_ago]
    assert bool(recent) == touch


def test_a_row_can_appear_late_with_an_old_stamp(start: Start) -> None:
    old = datetime(2025, 5, 5, 5, 5, 5, 7000, tzinfo=UTC)
    with start() as desk:
        desk.sandbox.control.put("Customer", {"CustomerID": "LATE", "LastModifiedDateTime": old})
        row = desk.read("Customer/LATE").json()
    assert row["LastModifiedDateTime"] == {"value": "2025-05-05T05:05:05.007+00:00"}


def test_put_keeps_long_decimals_and_any_text(start: Start) -> None:
    amount, text = Decimal("1234567890123.123456"), 'a "b" },"c":{ \n ☃'
    with start() as desk:
        control = desk.sandbox.control
        control.put("Customer", {"CustomerID": "ODD", "CreditLimit": amount, "CustomerName": text})
        answer = desk.read(
            "Customer", filter="CustomerID eq 'ODD'", select="CreditLimit,CustomerName"
        )
        kept = next(row for row in control.rows("Customer") if row["CustomerID"] == "ODD")
    assert "1234567890123.123456" in answer.text
    assert answer.json()[0]["CustomerName"] == {"value": text}
    assert (kept["CreditLimit"], kept["CustomerName"]) == (amount, text)


def test_the_truth_equals_what_is_read(desk: Desk) -> None:
    truth = desk.sandbox.control.rows("Invoice", ["Details"])
    read = [line for row in desk.rows("Invoice", expand="Details") for line in row["Details"]]
    assert [line["LineNbr"] for line in truth] == [line["LineNbr"]["value"] for line in read]
    assert [float(line["Amount"]) for line in truth] == [line["Amount"]["value"] for line in read]


def test_data_are_consistent_before_and_after_changes(start: Start) -> None:
    with start() as desk:
        control = desk.sandbox.control
        for _ in range(2):
            for batch in control.rows("JournalTransaction"):
                debit = sum(line["DebitAmount"] for line in batch["Details"])
                assert debit == sum(line["CreditAmount"] for line in batch["Details"])
            for order in control.rows("SalesOrder"):
                net = sum((line["Amount"] for line in order["Details"]), Decimal(0))
                assert order["OrderTotal"] == net + order["TaxTotal"]
            control.mutate(60, ["JournalTransaction", "SalesOrder"], seed=2)


def test_payments_apply_to_invoices(desk: Desk) -> None:
    control = desk.sandbox.control
    paid: Counter[str] = Counter()
    for payment in control.rows("Payment"):
        for row in payment["DocumentsToApply"]:
            paid[row["ReferenceNbr"]] += row["AmountPaid"]
    invoices = {r["ReferenceNbr"]: r for r in control.rows("Invoice") if r["Type"] == "Invoice"}
    assert paid
    for number, amount in paid.items():
        assert invoices[number]["Amount"] - invoices[number]["Balance"] == amount


def test_the_fiscal_year_is_not_the_calendar_year(desk: Desk) -> None:
    year = next(r for r in desk.sandbox.control.rows("FinancialPeriod") if r["Details"])
    assert year["Details"][0]["StartDate"].month == 7
    assert all(row["FinancialPeriodID"].endswith(year["FinancialYear"]) for row in year["Details"])


def test_another_process_can_use_it_over_http(start: Start) -> None:
    with start() as desk:
        url = f"{desk.site}/_sandbox"
        changed = desk.post(f"{url}/mutate", json={"n": 5, "entities": ["Customer"]}).json()
        assert sum(changed["Customer"].values()) == 5
        record = {"CustomerID": "HTTP", "CreditLimit": 5}
        desk.post(f"{url}/put", json={"entity": "Customer", "record": record})
        assert desk.read("Customer/HTTP").json()["CreditLimit"] == {"value": 5.0}
        assert desk.post(f"{url}/delete", json={"entity": "Customer", "keys": ["HTTP"]}).json()
        assert desk.get(f"{url}/counters").json()["logins"] == 1
        assert desk.get(f"{url}/requests").json()[0]["path"].endswith("/login")


def test_behaviour_can_change_while_it_runs(start: Start) -> None:
    with start() as desk, Desk(desk.sandbox) as other:
        desk.sandbox.control.set_options(seats=1, orderby="refused")
        assert other.sign_in().status_code == 500
        assert desk.read("Customer", orderby="CustomerID").status_code == 500


def test_the_licence_can_change_while_it_runs(start: Start) -> None:
    """Integration Development Guide: License Restrictions for API Users."""
    with start(license="unlimited") as desk:
        control = desk.sandbox.control
        others = [Desk(desk.sandbox) for _ in range(4)]
        assert [one.sign_in().status_code for one in others[:3]] == [204, 204, 204]
        control.set_options(license="trial")
        assert control.counters()["seats_now"] == 4
        assert others[3].sign_in().status_code == 500
        control.set_options(seats=5)
        assert others[3].sign_in().status_code == 204
        for one in others:
            one.close()
        desk.read("Account", top=1)
        assert control.counters()["throttle_delay_seconds"] == 0
        control.set_options(requests_per_minute=1_000_000)
        desk.read("Account", top=1)
        assert control.counters()["throttle_delay_seconds"] == 0
        control.set_options(requests_per_minute=8)
        slow = threading.Thread(target=desk.read, args=("Account",), daemon=True)
        slow.start()
        for _ in range(100):
            if control.counters()["throttle_delay_seconds"]:
                break
            time.sleep(0.02)
        assert control.counters()["throttle_delay_seconds"] > 1


@pytest.mark.alone
def test_requests_at_once_can_be_limited_while_it_runs(start: Start) -> None:
    with start(license="unlimited", latency=0.1) as desk:
        users = [Desk(desk.sandbox) for _ in range(4)]
        for user in users:
            user.sign_in()
        took = {}
        for limit in (4, 1):
            desk.sandbox.control.set_options(concurrent_requests=limit)
            threads = [threading.Thread(target=user.read, args=("Account",)) for user in users]
            begun = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took[limit] = time.monotonic() - begun
        for user in users:
            user.close()
    assert took[1] >= 0.4 > took[4]


def test_a_file_can_be_attached_and_replaced(start: Start) -> None:
    """Integration Development Guide: Retrieve a File Attached to a Record."""
    with start() as desk:
        customer = desk.rows("Customer", top=1)[0]
        key = customer["CustomerID"]["value"]
        control = desk.sandbox.control
        first = control.attach("Customer", [key], "note ä.txt", b"old", "a comment")
        content = base64.b64encode(b"new \x00").decode()
        call = {"entity": "Customer", "keys": customer["id"], "filename": "note ä.txt"}
        answer = desk.post(f"{desk.site}/_sandbox/attach", json={**call, "content": content})
        assert answer.json() == first
        files = desk.read(f"Customer/{key}", expand="files").json()["files"]
        assert [(one["id"], one["filename"], one["comment"]) for one in files] == [
            (first, f"Customers ({key})\\note ä.txt", None)
        ]
        down = desk.get(desk.site.removesuffix("/AcumaticaERP") + files[0]["href"])
        assert down.content == b"new \x00"


CUSTOM_OF_LINE = "Details/Transactions.UsrPackaging"


@pytest.mark.parametrize(
    "custom",
    [
        {"Transactions.UsrPackaging": "CRATE"},
        {"Transactions": {"UsrPackaging": {"type": "CustomStringField", "value": "CRATE"}}},
    ],
    ids=["flat", "as on the wire"],
)
@pytest.mark.parametrize("over_http", [True, False], ids=["http", "in process"])
def test_put_takes_custom_fields_of_lines(
    desk: Desk, custom: dict[str, Any], over_http: bool
) -> None:
    record = {"OrderType": "SO", "OrderNbr": "CUSTOM", "Details": [{"custom": custom}]}
    if over_http:
        call = {"entity": "SalesOrder", "record": record}
        assert desk.post(f"{desk.site}/_sandbox/put", json=call).status_code == 200
    else:
        desk.sandbox.control.put("SalesOrder", record)
    read = desk.read("SalesOrder/SO/CUSTOM", expand="Details", custom=CUSTOM_OF_LINE).json()
    assert read["Details"][0]["custom"]["Transactions"]["UsrPackaging"]["value"] == "CRATE"


def test_what_is_read_can_be_put_back(desk: Desk) -> None:
    control = desk.sandbox.control
    details = ("Attributes", "Contacts", "PaymentInstructions", "Salespersons")

    def first() -> dict[str, Any]:
        """The first customer, without the rows, which are new ones."""
        record = control.rows("Customer")[0]
        return {name: value for name, value in record.items() if name not in details}

    before = first()
    control.put("Customer", control.rows("Customer")[0])
    assert first() == before
    read = desk.rows("Customer", top=1, expand="MainContact,MainContact/Address")[0]
    call = {"entity": "Customer", "record": read}
    assert desk.post(f"{desk.site}/_sandbox/put", json=call).status_code == 200
    assert first() == before


def test_a_time_is_put_as_utc_and_decimals_keep_their_digits_over_http(desk: Desk) -> None:
    record = (
        '{"CustomerID": "EXACT", "CreditLimit": 1234567890123.123456,'
        ' "LastModifiedDateTime": "2025-05-05T08:05:05.007+03:00"}'
    )
    call = f'{{"entity": "Customer", "record": {record}}}'
    assert desk.post(f"{desk.site}/_sandbox/put", data=call).status_code == 200
    answer = desk.read("Customer/EXACT")
    assert "1234567890123.123456" in answer.text
    assert answer.json()["LastModifiedDateTime"] == {"value": "2025-05-05T05:05:05.007+00:00"}


def test_a_port_in_use_is_named_as_such() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=str(port)):
            Sandbox(SandboxOptions(port=port))


def test_it_can_serve_at_the_root() -> None:
    with Sandbox(SandboxOptions(root="", records=50)) as sandbox, Desk(sandbox) as desk:
        assert sandbox.base_url.count("/") == 2
        assert desk.sign_in().status_code == 204
        assert desk.rows("Customer")


@pytest.mark.slow
def test_another_project_can_use_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["acumatica_sandbox.pytest_plugin"]\n')
    (tmp_path / "test_it.py").write_text(
        "import requests\n"
        "def test_it(acumatica_sandbox):\n"
        "    assert acumatica_sandbox.control.counters()['requests'] == 0\n"
        "    acumatica_sandbox.control.set_options(password='another', seats=1)\n"
        "    acumatica_sandbox.control.fault('reset', times=0)\n"
        "def test_one_finds_what_another_has_changed_as_it_was(acumatica_sandbox):\n"
        "    place = f'{acumatica_sandbox.base_url}/entity/auth/login'\n"
        "    body = {'name': acumatica_sandbox.username, 'password': acumatica_sandbox.password}\n"
        "    for _ in range(2):\n"
        "        assert requests.post(place, json=body).status_code == 204\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_served_in_the_foreground_it_stops_when_told(stop: signal.Signals) -> None:
    code = "from acumatica_sandbox import *; serve(SandboxOptions(records=50))"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().split()[-1].decode()
        said = process.stdout.readline().decode()
        for _ in range(100):
            with contextlib.suppress(requests.ConnectionError):
                assert requests.get(f"{address}/entity", timeout=5).status_code == 200
                break
            time.sleep(0.05)
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == b""
    assert "admin / sandbox" in said


def test_a_detail_can_get_a_custom_field(start: Start) -> None:
    with start() as desk:
        control = desk.sandbox.control
        control.set_contract("Bill", custom={"Details/Transactions.UsrWeight": "d"})
        bill = desk.rows("Bill", top=1, expand="Details", custom="Details/Transactions.UsrWeight")
        field = bill[0]["Details"][0]["custom"]["Transactions"]["UsrWeight"]
        assert field["type"] == "CustomDecimalField"
        with pytest.raises(SandboxError, match="Nothing/"):
            control.set_contract("Bill", custom={"Nothing/Transactions.UsrX": "s"})
