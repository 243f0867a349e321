"""Whatever a contract says, there is a load that works or one screen that says why not."""

import json
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import connect
from tests.cli.test_failures import acumatica, assert_nothing_loaded, assert_refused, settings
from tests.conftest import credentials_of
from tests.contract.documents import contract_document

pytestmark = pytest.mark.slow

TITLE = "Default/24.200.001"
LINE = {"LineNbr": "IntValue", "Select": "StringValue", "Qty": "DecimalValue"}
TYPES = ("StringValue", "DecimalValue", "IntValue", "BooleanValue", "DateTimeValue")


def wide(fields: int) -> dict[str, Any]:
    many = {f"Field{n:05}": TYPES[n % len(TYPES)] for n in range(fields)}
    return contract_document({"Wide": {"WideID": "StringValue", **many}}, title=TITLE)


HOSTILE_NAMES = contract_document(
    {
        "Order": {
            "OrderNbr": "StringValue",
            "ID": "StringValue",
            "ABTest": "StringValue",
            "AbTest": "IntValue",
            "Select": "StringValue",
            "Order": "StringValue",
            "Group": "DecimalValue",
            "_dlt_load_id": "StringValue",
            "_deleted": "StringValue",
            "_pending": "StringValue",
            "_dlt_id": "StringValue",
            "Lines": ["Line"],
        },
        "Line": LINE | {"_parent_id": "StringValue", "_position": "IntValue"},
    },
    ["Order"],
    title=TITLE,
)
NOTHING_IN_IT = contract_document({"Nothing": {}}, title=TITLE)
CYCLIC = contract_document(
    {
        "Parent": {"ParentID": "StringValue", "Child": "Child", "Children": ["Child"]},
        "Child": {"ChildID": "StringValue", "Parent": "Parent", "Parents": ["Parent"]},
    },
    title=TITLE,
)
NO_ENTITIES: dict[str, Any] = contract_document({}, title=TITLE)
UNDEFINED = contract_document({"Order": {"Total": "MoneyValue"}}, title=TITLE)
INHERITS_FROM_ITSELF = contract_document({"Order": {}}, title=TITLE)
INHERITS_FROM_ITSELF["components"]["schemas"]["Order"]["allOf"].append(
    {"$ref": "#/components/schemas/Order"}
)
LATER = contract_document({"Order": {"OrderNbr": "StringValue"}}, title=TITLE, version="6")


def discover(folder: Path, document: bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "swagger.json").write_bytes(document)
    return acumatica("discover", "--contract", "swagger.json", *arguments, cwd=folder, env={})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", ["not JSON"]),
        (b'{"openapi": "3.0.1", "paths": {', ["not JSON"]),
        (b"<html>Sign in</html>", ["not JSON"]),
        (b"\xff\xfe\x00", ["not JSON"]),
        (b"[1, 2]", ["not a JSON object"]),
        (b'{"a": 1}', ["not a contract"]),
        (b'{"openapi": "3.0.1", "info": {"version": "4"}, "paths": 7}', ["'paths'"]),
        (b'{"openapi":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ["not JSON"]),
        (json.dumps(UNDEFINED).encode(), ["MoneyValue", "does not define"]),
        (json.dumps(INHERITS_FROM_ITSELF).encode(), ["Order inherits from itself"]),
        (json.dumps(LATER).encode(), ["contract version 6", "Use an endpoint"]),
    ],
    ids=[
        *("nothing", "cut off", "a page", "no text", "a list", "something else", "malformed"),
        *("too deep", "undefined", "its own parent", "version 6"),
    ],
)
def test_a_broken_document_is_refused(tmp_path: Path, document: bytes, words: list[str]) -> None:
    assert_refused(discover(tmp_path, document), *words)


@pytest.mark.parametrize(
    ("document", "columns"),
    [
        (wide(10_000), {"Wide": 10_003}),
        (HOSTILE_NAMES, {"Order": 13}),
        (NOTHING_IN_IT, {"Nothing": 2}),
        (CYCLIC, {"Child": 4, "Parent": 4}),
        (NO_ENTITIES, {}),
    ],
    ids=["10,000 fields", "hostile names", "no fields", "circles", "no entities"],
)
def test_a_strange_document_is_understood(
    tmp_path: Path, document: Mapping[str, Any], columns: dict[str, int]
) -> None:
    run = discover(tmp_path, json.dumps(document).encode(), "--format", "json")
    assert run.returncode == 0, run.stderr
    found = {one["name"]: len(one["columns"]) for one in json.loads(run.stdout)["entities"]}
    assert found == columns


def loaded_from(sandbox: Sandbox, pipeline: dlt.Pipeline, entity: str) -> Outcome:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (outcome,) = runner.sync(pipeline, instance, [entity], lambda one: None)
    return outcome


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(folder / "test.duckdb")) as database:
        rows = database.sql(f'SELECT * FROM erp."{name}"')
        return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


def written(folder: Path, document: Mapping[str, Any]) -> SandboxOptions:
    file = folder / "contract.json"
    file.write_text(json.dumps(document))
    return SandboxOptions(records=40, contract=file)


def test_hostile_names_load_under_names_of_their_own(
    tmp_path: Path, pipeline: dlt.Pipeline
) -> None:
    expected = {
        "ID": "id_2",
        "ABTest": "ab_test",
        "AbTest": "ab_test_2",
        "Select": "select",
        "Order": "order",
        "_dlt_load_id": "_dlt_load_id_2",
        "_deleted": "_deleted_2",
        "_pending": "_pending_2",
        "_dlt_id": "_dlt_id_2",
    }
    with Sandbox(written(tmp_path, HOSTILE_NAMES)) as sandbox:
        for _ in range(2):
            outcome = loaded_from(sandbox, pipeline, "Order")
            assert outcome.error is None
        orders = sandbox.control.rows("Order")
    found = {row["id"]: row for row in table(tmp_path, "order")}
    assert len(found) == len(orders) > 0
    for order in orders:
        row = found[order["id"]]
        assert {name: row[column] for name, column in expected.items()} == {
            name: order[name] for name in expected
        }
    lines = {(r["_parent_id"], r["_position"]): r for r in table(tmp_path, "order__lines")}
    for order in orders:
        for position, line in enumerate(order["Lines"]):
            row = lines[order["id"], position]
            assert row["_parent_id_2"] == line["_parent_id"]
            assert row["_position_2"] == line["_position"]
            assert row["qty"] == (None if line["Qty"] is None else Decimal(line["Qty"]))


@pytest.mark.parametrize(
    ("document", "entity"),
    [(wide(1_500), "Wide"), (NOTHING_IN_IT, "Nothing"), (CYCLIC, "Parent")],
    ids=["1,500 fields", "no fields", "circles"],
)
def test_a_strange_contract_loads(
    tmp_path: Path, pipeline: dlt.Pipeline, document: Mapping[str, Any], entity: str
) -> None:
    with Sandbox(written(tmp_path, document)) as sandbox:
        outcome = loaded_from(sandbox, pipeline, entity)
        records = sandbox.control.rows(entity)
    assert outcome.error is None
    assert {row["id"] for row in table(tmp_path, entity.lower())} == {one["id"] for one in records}
    assert len(records) > 0


def test_a_page_instead_of_a_contract(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.control.fault("expired_html", path="swagger.json", times=0)
    env = settings(sandbox) | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    run = acumatica("sync", "Account", "--duckdb", "w.duckdb", cwd=tmp_path, env=env)
    assert_refused(run, "swagger.json")
    assert_nothing_loaded(tmp_path / "w.duckdb")
    assert sandbox.control.counters()["seats_now"] == 0


def test_of_two_entities_with_one_table_the_later_fails_alone(
    tmp_path: Path, pipeline: dlt.Pipeline
) -> None:
    fields = {"Code": "StringValue", "LastModifiedDateTime": "DateTimeValue"}
    names = ["ABTest", "AbTest", "Other"]
    document = contract_document(dict.fromkeys(names, fields), title=TITLE)
    with Sandbox(written(tmp_path, document)) as sandbox:
        instance = connect(credentials_of(sandbox), "Default", None, 2, None)
        outcomes = runner.sync(pipeline, instance, names, lambda one: None)
        assert [bool(one.error) for one in outcomes] == [False, True, False]
        assert "AbTest would share the table 'ab_test' with ABTest" in str(outcomes[1].error)
        assert len(table(tmp_path, "ab_test")) == len(sandbox.control.rows("ABTest"))
