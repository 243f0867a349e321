"""The control interface, in process and over HTTP, and the sandbox as a product."""

import contextlib
import signal
import socket
import subprocess
import sys
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


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("mutate", {"n": -1}),
        ("mutate", {"n": 1, "entities": ["Nothing"]}),
        ("mutate", {"n": 1, "kinds": ["explode"]}),
        ("advance", {"seconds": "x"}),
        ("advance", {"seconds": -5}),
        ("rows", {"entity": "Nothing"}),
        ("rows", {"entity": "Customer", "path": ["Nothing"]}),
        ("put", {"entity": "Customer", "record": {"CreditLimit": "x"}}),
        ("put", {}),
        ("set_options", {"orderby": "sometimes"}),
        ("set_options", {"speed": 3}),
        ("set_options", {"records": 3}),
        ("nothing", {}),
    ],
)
def test_nonsense_is_refused_with_a_sentence(desk: Desk, call: str, arguments: Any) -> None:
    answer = desk.post(f"{desk.site}/_sandbox/{call}", json=arguments)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


def test_behaviour_can_change_while_it_runs(start: Start) -> None:
    with start() as desk, Desk(desk.sandbox) as other:
        desk.sandbox.control.set_options(seats=1, orderby="refused")
        assert other.sign_in().status_code == 500
        assert desk.read("Customer", orderby="CustomerID").status_code == 500


@pytest.mark.parametrize(
    "options",
    [
        {"port": 70_000},
        {"records": -1},
        {"seats": 0},
        {"license": "huge"},
        {"root": "a/b"},
        {"tenants": ()},
        {"latency": -1},
        {"now": datetime(2026, 1, 1)},
        {"features_off": ("Nothing",)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_refuse_nonsense(options: dict[str, Any]) -> None:
    with pytest.raises(SandboxError):
        Sandbox(SandboxOptions(**options))


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


def test_another_project_can_use_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["acumatica_sandbox.pytest_plugin"]\n')
    (tmp_path / "test_it.py").write_text(
        "def test_it(acumatica_sandbox):\n"
        "    assert acumatica_sandbox.control.counters()['requests'] == 0\n"
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
