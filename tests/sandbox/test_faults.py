"""Faults on a schedule.

A session ends after ten idle minutes (Integration Development Guide: Logout), and when the site
restarts; requests beyond the licence are declined (License Restrictions for API Users). The forms
in which that and broken networks reach a client are as integrators report them.
"""

from pathlib import Path
from typing import Any

import pytest
import requests

from acumatica_sandbox.control.faults import kinds
from acumatica_sandbox.control.faults.schedule import Faults
from tests.sandbox.desk import Desk, Start


def ask(desk: Desk, kind: str, **settings: Any) -> requests.Response:
    control = desk.sandbox.control
    control.clear_faults()
    control.fault(kind, path="/Customer", **settings)
    return desk.get(f"{desk.endpoint}/Customer", params={"$top": 5}, allow_redirects=False)


@pytest.mark.parametrize(
    ("kind", "settings", "status", "content"),
    [
        ("expired_401", {}, 401, None),
        ("expired_html", {}, 200, "text/html"),
        ("expired_302", {}, 302, None),
        ("status", {"status": 429}, 429, "application/json"),
        ("status", {"status": 503, "html": True}, 503, "text/html"),
        ("wrong_type", {}, 200, "text/html"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(
    desk: Desk, kind: str, settings: Any, status: int, content: str | None
) -> None:
    answer = ask(desk, kind, **settings)
    assert answer.status_code == status
    assert content is None or answer.headers["Content-Type"].startswith(content)


def test_an_expired_session_shows_in_three_forms_and_signing_in_again_helps(desk: Desk) -> None:
    """Integration Development Guide: Logout; clients meet 401, a page, or the way to the page."""
    for kind, sign in (("expired_401", ""), ("expired_html", "Sign In"), ("expired_302", "")):
        answer = ask(desk, kind)
        assert sign in answer.text
        if kind == "expired_302":
            assert answer.headers["Location"].startswith("/AcumaticaERP/Frames/Login.aspx")
        assert desk.read("Customer", top=1).status_code == 200
    assert ask(desk, "kill_sessions").status_code == 401
    assert desk.read("Customer", top=1).status_code == 401
    assert desk.sign_in().status_code == 204
    assert desk.read("Customer", top=1).status_code == 200


def test_retry_after_is_sent_when_set(desk: Desk) -> None:
    assert ask(desk, "status", status=429, retry_after=7).headers["Retry-After"] == "7"


@pytest.mark.parametrize("kind", ["reset", "reset_during", "truncated", "hang"])
def test_connections_that_break(desk: Desk, kind: str) -> None:
    with pytest.raises(requests.RequestException):
        ask(desk, kind, seconds=0.05)
    assert desk.read("Customer", top=1).status_code == 200


def test_a_slow_body_arrives_whole(desk: Desk) -> None:
    assert len(ask(desk, "slow", seconds=0.1).json()) == 5


def test_rows_that_come_twice_or_not_or_in_disorder(desk: Desk) -> None:
    plain = [row["id"] for row in desk.rows("Customer", top=5)]
    assert [row["id"] for row in ask(desk, "duplicate_row").json()] == [*plain, plain[-1]]
    assert [row["id"] for row in ask(desk, "missing_row").json()] == plain[1:]
    assert [row["id"] for row in ask(desk, "shuffle").json()] == plain[::-1]


@pytest.mark.parametrize(
    ("kind", "places"),
    [("duplicate_row", [0, 1, 2, 2]), ("missing_row", [1, 2]), ("shuffle", [2, 1, 0])],
)
def test_rows_over_odata_too(desk: Desk, kind: str, places: list[int]) -> None:
    address = f"{desk.site}/t/Company/api/odata/gi/BI-Customers?$top=3&$orderby=CustomerID"
    plain = desk.get(address).json()["value"]
    desk.sandbox.control.fault(kind, path="/BI-Customers")
    assert desk.get(address).json()["value"] == [plain[place] for place in places]


def test_large_and_packed_bodies(desk: Desk) -> None:
    assert len(ask(desk, "oversized", megabytes=2).content) > 2 << 20
    bomb = ask(desk, "bomb", megabytes=20)
    assert len(bomb.content) > 20 << 20
    assert int(bomb.headers["Content-Length"]) < 1 << 20


def test_killed_sessions_and_changes_around_a_request(desk: Desk) -> None:
    before = desk.sandbox.control.rows("Customer")
    ask(desk, "mutate_before", changes=30)
    ask(desk, "mutate_after", changes=30)
    assert desk.sandbox.control.rows("SalesOrder") != before
    assert ask(desk, "kill_sessions").status_code == 401
    assert desk.sign_in().status_code == 204


def test_every_kind_is_documented() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    known = Faults().kinds.values()
    assert len(known) > 15
    assert [one.name for one in known if f"| `{one.name}` | {one.text} |" not in documented] == []


def test_a_file_adds_a_kind(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "teapots.py").write_text(
        "from starlette.responses import Response\n"
        "from acumatica_sandbox.control.faults.kind import Kind\n"
        "class Teapot(Kind):\n"
        "    name = 'teapot'\n"
        "    text = 'it cannot brew coffee'\n"
        "    def instead(self, rule, site):\n"
        "        return Response(status_code=418)\n"
    )
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    with start() as desk:
        assert ask(desk, "teapot").status_code == 418
        assert ask(desk, "expired_401").status_code == 401


def test_every_request_can_find_some_edits_of_one_entity_before_it(start: Start) -> None:
    """As users work on what is being read: so many edits per page."""
    before_each = {"path": "/Vendor$", "times": 0, "changes": 3, "kinds": ["update"], "seed": 1}
    runs = []
    for _ in range(2):
        with start() as desk:
            control = desk.sandbox.control
            customers, known = control.rows("Customer"), control.rows("Vendor")
            control.fault("mutate_before", entities=["Vendor"], **before_each)
            for page in range(1, 4):
                desk.read("Vendor", top=2, skip=2 * page)
                desk.read("Customer", top=2)
            assert control.faults()[0]["hits"] == 3
            runs.append([row["VendorName"] for row in control.rows("Vendor")])
            assert control.rows("Customer") == customers
    changed = [old["VendorName"] != new for old, new in zip(known, runs[0], strict=True)]
    assert 3 < sum(changed) <= 9
    assert runs[0] == runs[1]


def test_a_fault_waits_for_its_turn_and_passes(desk: Desk) -> None:
    desk.sandbox.control.clear_faults()
    desk.sandbox.control.fault("status", path="Customer", status=500, after=2, times=2)
    statuses = [desk.read("Customer", top=1).status_code for _ in range(6)]
    assert statuses == [200, 200, 500, 500, 200, 200]


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "nonsense"},
        {"kind": "status"},
        {"kind": "status", "status": 99},
        {"kind": "reset", "path": "("},
        {"kind": "reset", "times": -1},
        {"kind": "reset", "color": "red"},
    ],
    ids=["kind", "no status", "status", "path", "times", "setting"],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(
    desk: Desk, rule: dict[str, Any]
) -> None:
    answer = desk.post(f"{desk.site}/_sandbox/fault", json=rule)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
