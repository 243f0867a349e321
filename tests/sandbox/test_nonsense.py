"""Nonsense asked of the sandbox: every option and every call refuses it with a sentence."""

import dataclasses
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

from acumatica_sandbox import Sandbox, SandboxError, SandboxOptions
from acumatica_source.cli import main
from tests.sandbox.desk import Desk


def each(call: str, name: str, *wrong: Any, **others: Any) -> list[tuple[str, dict[str, Any]]]:
    """A call with each of some wrong values of an argument."""
    return [(call, {**others, name: value}) for value in wrong]


NO_TENANTS = ("Nowhere", "company", "", 5, ["Company"])
BOTH_WAYS: list[tuple[str, dict[str, Any]]] = [
    *each("advance", "seconds", "x", -5, None, True, float("nan"), 1e300),
    *each("mutate", "n", -1, "x", 1.5, None, True, 10**9),
    *each("mutate", "entities", ["Nothing"], "Customer", [], 5, ["AccountSummaryInquiry"], n=1),
    *each("mutate", "kinds", ["explode"], "update", [], 5, [["update"]], n=1),
    *each("mutate", "seed", "x", 1.5, [], True, n=1),
    *each("put", "entity", "Nothing", None, 5, ["Customer"], record={}),
    *each(
        "put",
        "record",
        *(None, [], "x", 5),
        {"Nothing": 1},
        {"CustomerID": "X", "CreditLimit": "x"},
        {"CustomerID": "X", "CreditLimit": float("nan")},
        {"CustomerID": "X", "CreditLimit": float("inf")},
        {"CustomerID": "X", "CreditLimit": True},
        {"CustomerID": "X", "CreditLimit": 1e300},
        {"CustomerID": "X", "CreditLimit": {"amount": 1}},
        {"CustomerID": "X", "CreditLimit": []},
        {"CustomerID": 5},
        {"CustomerID": "\ud800"},
        {"LastModifiedDateTime": "yesterday"},
        {"LastModifiedDateTime": 5},
        {"id": "x"},
        {"note": 5},
        {"archived": "yes"},
        {"custom": 5},
        {"custom": {"Nothing.Field": 1}},
        {"custom": {"Nothing": {"Field": {"value": 1}}}},
        {"custom": {"Nothing": 1}},
        {"MainContact": 5},
        {"MainContact": {"Nothing": 1}},
        {"MainContact": {"Email": {"text": 1}}},
        entity="Customer",
    ),
    *each(
        "put",
        "record",
        {"Details": 5},
        {"Details": [5]},
        {"Details": [{"Nothing": 1}]},
        {"Details": [{"OrderQty": "x"}]},
        {"Details": [{"LineNbr": 2**40}]},
        entity="SalesOrder",
    ),
    ("put", {"entity": "Invoice", "record": {"Type": "Nothing", "ReferenceNbr": "1"}}),
    ("put", {"entity": "Invoice", "record": {"Date": "2026-02-30"}}),
    ("put", {"entity": "Invoice", "record": {"Hold": "yes"}}),
    *each("delete", "entity", "Nothing", None, keys=["X"]),
    *each("delete", "keys", None, [], ["a", "b"], 5, [5], {}, entity="Customer"),
    *each("rows", "entity", "Nothing", None, "AccountSummaryInquiry"),
    *each("rows", "path", ["Nothing"], "MainContact", 5, [5], [[]], entity="Customer"),
    *each("rows", "contract_version", 3, "5", True, None, entity="Customer"),
    *each(
        "set_contract",
        "version_5",
        *(["Status"], {"Nothing": "S"}, {"MainContact": "S"}, {"Status": "o"}, {"Status": "s"}),
        entity="Customer",
    ),
    ("set_contract", {"entity": "Nothing"}),
    ("set_contract", {"entity": "Customer", "explode": {}}),
    *each(
        "set_contract",
        "add",
        *(5, ["New"], {"New": "x"}, {"New": 5}, {"": "s"}, {"CustomerName": "s"}, {"No/A": "s"}),
        entity="Customer",
    ),
    *each(
        "set_contract",
        "remove",
        *("CustomerName", ["Nothing"], ["CustomerID"], [5], 5),
        entity="Customer",
    ),
    *each(
        "set_contract",
        "retype",
        *({"Nothing": "s"}, {"CustomerID": "i"}, {"CustomerName": None}, {"MainContact": "s"}),
        entity="Customer",
    ),
    *each(
        "set_contract",
        "rename",
        *({"CustomerName": "a b"}, {"CustomerName": "CustomerID"}, {"CustomerName": 5}),
        entity="Customer",
    ),
    *each(
        "set_contract",
        "custom",
        *(["A.B"], {"NoView": "s"}, {"A.B": "nothing"}, {"Nothing/A.B": "s"}),
        entity="Customer",
    ),
    *each("fault", "kind", "nothing", 5, ["reset"], "status", None),
    *each("fault", "status", 99, 600, "500", True, kind="status"),
    *each("fault", "html", 1, "yes", kind="status", status=500),
    *each("fault", "retry_after", -1, "1", kind="status", status=429),
    *each("fault", "path", "(", 5, None, kind="reset"),
    *each("fault", "method", "get", 5, kind="reset"),
    *each("fault", "times", -1, True, 1.5, kind="reset"),
    *each("fault", "after", -1, 1.5, None, kind="reset"),
    *each("fault", "seconds", float("nan"), "1", -1, kind="slow"),
    *each("fault", "megabytes", 10**9, -1, kind="bomb"),
    *each("fault", "changes", None, -1, kind="mutate_before"),
    *each("fault", "entities", ["Nothing"], "Customer", [], 5, kind="mutate_before"),
    *each("fault", "kinds", ["explode"], "update", [], 5, kind="mutate_before"),
    *each("fault", "seed", "x", 1.5, True, kind="mutate_before"),
    *each("make_unreadable", "entity", "Nothing", None, 5, keys="C000001"),
    *each("make_unreadable", "keys", None, [], "nobody", ["a", "b"], 5, entity="Customer"),
    ("fault", {"kind": "reset", "color": "red"}),
    *each(
        "attach",
        "keys",
        *(None, "nobody", ["a", "b"], "00000000-0000-0000-0000-000000000000"),
        entity="Customer",
        filename="a.txt",
    ),
    ("attach", {"entity": "Nothing", "keys": "C000001", "filename": "a.txt"}),
    *each("attach", "tenant", *NO_TENANTS, entity="Customer", keys="C000001", filename="a.txt"),
    *each("mutate", "tenant", *NO_TENANTS, n=1),
    *each("put", "tenant", *NO_TENANTS, entity="Customer", record={"CustomerName": "X"}),
    *each("delete", "tenant", *NO_TENANTS, entity="Customer", keys=["C000001"]),
    *each("rows", "tenant", *NO_TENANTS, entity="Customer"),
    *each("make_unreadable", "tenant", *NO_TENANTS, entity="Customer", keys="C000001"),
    *each("set_contract", "tenant", *NO_TENANTS, entity="Customer", add={"New": "s"}),
    *each("fault", "tenant", *NO_TENANTS, kind="mutate_before"),
    *each("attach", "filename", "", 5, None, "a\nb", entity="Customer", keys="C000001"),
    *each("attach", "comment", 5, "x" * 501, entity="Customer", keys="C000001", filename="a"),
]
WRONG: dict[str, list[Any]] = {
    "port": [-1, 70_000, 1.5, "x", None, True],
    "records": [-1, 10**9, 1.5, "x", None, float("nan")],
    "seed": ["x", 1.5, None, True],
    "license": ["huge", 5, None, []],
    "seats": [0, -1, 1.5, "x", True, 10**9],
    "concurrent_requests": [0, -1, 1.5, "x", True, 10**9],
    "requests_per_minute": [0, -1, 1.5, "x", True, 10**9],
    "seats_per_user": [0, -1, 1.5, "x", True, 10**9],
    "concurrent_users": [0, "x", True],
    "root": ["a/b", "a b", 5, None, "a?", "ä"],
    "contract": [5, [], "", "no such file"],
    "tenants": [(), ("",), "Company", (5,), None, 5],
    "tenant_data": ["separate", 5, None],
    "lands_on_default": [1, "yes", None],
    "username": ["", 5, None],
    "password": [5, None],
    "other_users": ["someone", (5,), ("",), None],
    "idle_seconds": [0, -1, "x", 1.5],
    "now": ["yesterday", "2026-01-01", datetime(2026, 1, 1), 5, None],
    "latency": [-1, float("nan"), float("inf"), 601, "x", True],
    "login_limit_status": [200, "500", None],
    "orderby": ["sometimes", 5, None],
    "silent_empties": [1, "yes", None, ("others",), (5,), "views"],
    "endpoint_list": ["none", 5, None],
    "lines_touch_header": [1, "yes"],
    "max_url": [0, -1, 10**9, "x"],
    "blank_forms": [1, "yes", None],
    "not_optimisable": [("Nothing.X",), ("Customer",), ("Customer.Nothing",), "Customer.X", (5,)],
    "optimised_alone": [1, "yes", None],
    "optimisation_words": ["", "both", None, 5],
    "features_off": [("Nothing",), "Customer", (5,), None],
    "not_set_up": [("Nothing",), "Customer", (5,)],
    "odata_page": [-1, "x", 1.5, True],
    "odata_text_decimals": [1, "yes"],
    "odata_bare_dates": [1, "yes"],
    "dac_role": [1, "yes"],
    "inquiries_refused": [("Nothing",), "Sales Orders", (5,)],
    "dac_refused": [("Nothing",), "SOOrder", (5,)],
    "dac_untracked": [("Nothing",), "SOOrder", (5,)],
    "build": ["25R1", 26, "26r2"],
    "contract_version": [3, 6, "5", True, None],
    "contract_3": [1, "yes"],
    "null_form": ["none", None],
    "instant_form": ["Z", None],
    "date_only_form": ["day", None],
    "plain_drop_downs": ["id", None],
    "wrong_dialect_status": [404, "500", None],
    "custom_parameter": ["honoured", None],
    "more_functions": [1, "yes"],
    "mixed_dates": [True, None],
    "codes_in_urls": [1, "yes"],
    "empty_details": [1, "yes"],
    "offset_minutes": [841, -841, 1.5, "x"],
    "unstable_order": [1, "yes"],
    "list_order": ["alphabetical", 5, None],
    "dac_unfilterable": ["everything", 5, None],
    "cap_records": [-1, "x", 1.5, True],
    "cap_stamps": [-1, "x", 1.5, True],
    "cap_feeds": [-1, "x", 1.5, True],
    "session_ids": [-0.1, 1.1, "x", True, float("nan")],
    "null_stamps": [-0.1, 1.1, "x", True, float("nan")],
    "stamp_not_selectable": [("Nothing",), "Customer", (5,), ("ShipVia",)],
    "seat_refusal": ["never", 5, None],
    "odata_links": ["none", 5, None],
    "custom_refused": [("Nothing.A.B",), ("SalesOrder.A.B",), "SalesOrder.A.B", (5,)],
}
OPTIONS = [(name, wrong) for name, values in WRONG.items() for wrong in values]


def named(value: Any) -> str:
    return str(value)[:60].encode("ascii", "replace").decode()


def json_of(value: Any) -> bytes:
    return json.dumps(value).encode()


def is_a_sentence(text: str) -> bool:
    return text[-1:] == "." and " " in text and "Traceback" not in text and "\n" not in text


@pytest.mark.parametrize(("call", "arguments"), BOTH_WAYS, ids=named)
def test_calls_refuse_nonsense_in_process_and_over_http(
    desk: Desk, call: str, arguments: dict[str, Any]
) -> None:
    content = {"content": b"x"} if call == "attach" else {}
    with pytest.raises(SandboxError) as refused:
        getattr(desk.sandbox.control, call)(**{**arguments, **content})
    assert is_a_sentence(str(refused.value))
    base64 = {"content": "eA=="} if call == "attach" else {}
    text = json_of({**arguments, **base64})
    answer = desk.post(f"{desk.site}/_sandbox/{call}", data=text)
    assert answer.status_code == 400
    assert is_a_sentence(answer.json()["error"])


def test_every_call_is_tried(desk: Desk) -> None:
    calls = {name for name in dir(desk.sandbox.control) if not name.startswith("_")}
    plain = "now counters reset_counters reset_options requests sign_out_all faults clear_faults"
    plain += " make_all_readable set_options"
    assert calls == {call for call, _ in BOTH_WAYS} | {*plain.split()}


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("nothing", b"{}"),
        ("_entity", b"{}"),
        ("now", b'{"when": 1}'),
        ("mutate", b"{}"),
        ("put", b"{}"),
        ("attach", b'{"entity":"Customer","keys":"C000001","filename":"a","content":"%%"}'),
        ("attach", b'{"entity":"Customer","keys":"C000001","filename":"a","content":5}'),
        ("put", b"{"),
        ("put", b"[]"),
        ("put", b"\xff"),
        ("put", b"[" * 100_000),
        ("put", b'{"entity":"Customer","record":{"CreditLimit":' + b"9" * 5000 + b"}}"),
    ],
    ids=[
        *("unknown", "private", "extra", "no count", "no record", "base64", "no text"),
        *("half", "list", "bytes", "deep", "long"),
    ],
)
def test_calls_over_http_must_be_well_formed(desk: Desk, call: str, body: bytes) -> None:
    answer = desk.post(f"{desk.site}/_sandbox/{call}", data=body)
    assert answer.status_code == (404 if call in ("nothing", "_entity") else 400)
    assert is_a_sentence(answer.json()["error"])


def test_content_of_a_file_must_be_bytes_of_some_size(desk: Desk) -> None:
    for content in ("text", None, bytes(25_000 * 1024 + 1)):
        with pytest.raises(SandboxError, match="content must be bytes"):
            desk.sandbox.control.attach("Customer", "C000001", "a", content)  # type: ignore[arg-type]


def test_a_refused_record_leaves_nothing_behind(desk: Desk) -> None:
    before = desk.sandbox.control.rows("SalesOrder")
    order = {name: before[0][name] for name in ("OrderType", "OrderNbr")}
    for wrong in (float("nan"), "x", Decimal("NaN"), Decimal("1e40")):
        record = {**order, "Details": [{"OrderQty": 1}, {"OrderQty": wrong}]}
        with pytest.raises(SandboxError):
            desk.sandbox.control.put("SalesOrder", record)
    assert desk.sandbox.control.rows("SalesOrder") == before


@pytest.mark.parametrize(("name", "wrong"), OPTIONS, ids=named)
def test_options_refuse_nonsense(name: str, wrong: Any) -> None:
    with pytest.raises(SandboxError) as refused:
        Sandbox(SandboxOptions(**{"records": 0, name: wrong}))
    assert is_a_sentence(str(refused.value))


def test_every_option_is_tried() -> None:
    assert {one.name for one in dataclasses.fields(SandboxOptions)} == set(WRONG)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [(name, wrong) for name, wrong in OPTIONS if not isinstance(wrong, datetime)],
    ids=named,
)
def test_options_refuse_nonsense_while_it_runs(desk: Desk, name: str, wrong: Any) -> None:
    before = desk.sandbox.control.counters()
    answer = desk.post(f"{desk.site}/_sandbox/set_options", data=json_of({name: wrong}))
    assert answer.status_code == 400
    assert is_a_sentence(answer.json()["error"])
    assert desk.sandbox.control.counters() == before


@pytest.mark.parametrize(
    "change",
    [
        {"contract": "other.json"},
        {"build": "25R2"},
        {"contract_version": 5},
        {"contract_3": True},
        {"now": "2026-01-01T00:00:00Z"},
        {"port": 8080},
        {"records": 5},
        {"root": ""},
        {"seed": 5},
        {"tenant_data": "own"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_fixed_at_the_start_is_said_to_be(desk: Desk, change: dict[str, Any]) -> None:
    with pytest.raises(SandboxError, match=r"can only be set before the sandbox starts\."):
        desk.sandbox.control.set_options(**change)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--records", "-1"],
        ["--seed", "x"],
        ["--license", "huge"],
        ["--seats", "0"],
        ["--contract", "none.json"],
        ["--tenant", ""],
        ["--set", "latency"],
        ["--set", "latency=NaN"],
        ["--set", "speed=3"],
        ["--set", "now=yesterday"],
        ["--set", 'features_off=["Nothing"]'],
        ["--set", "tenants=Company"],
        ["--build", "27R1"],
        ["--contract-version", "3"],
        ["--build", "25R2", "--contract-version", "5"],
    ],
    ids=" ".join,
)
def test_the_command_refuses_nonsense(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, ["sandbox", "--port", "0", "--records", "0", *arguments])
    assert done.exit_code != 0
    assert is_a_sentence(done.stderr.strip().replace("\n", " "))
