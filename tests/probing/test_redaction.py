"""Nothing that an instance says gets into the file: only words that the probe knows itself."""

import json
import random
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import AcumaticaCredentials
from acumatica_source.probing.model import ProbeFileError
from acumatica_source.probing.questions import QUESTIONS
from acumatica_source.probing.replies import MEMBERS, Reply
from acumatica_source.probing.steps import no_findings, probe
from acumatica_source.source import connect
from tests.client.server import Reply as Sent
from tests.client.server import Seen, data, scripted_server
from tests.probing.tours import instance_of

NEEDLE = "n33dle"

EDMX = """<Edmx><Schema Namespace="n33dle"><EntityType Name="n33dle"><Key><PropertyRef
Name="n33dle"/></Key><Property Name="n33dle" Type="Edm.String"/></EntityType><EntityContainer
Name="n33dle"><EntitySet Name="n33dle" EntityType="n33dle.n33dle"><Annotation
Term="Cap.FilterRestrictions"><Record><PropertyValue Property="Filterable" Bool="false"/></Record>
</Annotation></EntitySet><EntitySet Name="SOOrder" EntityType="n33dle.n33dle"/><Singleton
Name="n33dleSetup" Type="n33dle.n33dle"/></EntityContainer></Schema></Edmx>"""


def assert_clean(text: str) -> None:
    assert NEEDLE not in text.lower()
    assert "127.0.0.1" not in text
    words = set(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
    assert not [word for word in words if "\\" in word or len(word) > 60]


def test_secrets_of_a_sound_instance_stay_there() -> None:
    options = SandboxOptions(
        records=400,
        username=f"{NEEDLE}-user",
        password=f"{NEEDLE}-password",
        tenants=(f"{NEEDLE} tenant",),
        root=f"{NEEDLE}Site",
        build="26R2",
        contract_version=5,
    )
    with Sandbox(options) as sandbox:
        for entity in ("SalesOrder", "Customer", "Invoice", "StockItem", "Account"):
            for row in sandbox.control.rows(entity):
                texts: dict[str, Any] = {
                    name: f"{NEEDLE} {name}"
                    for name in ("Description", "CustomerName", "Status", "AccountClass")
                    if name in row
                }
                sandbox.control.put(entity, {**row, **texts, "custom": {}})
            first = sandbox.control.rows(entity)[0]
            field = {"SalesOrder": "OrderNbr", "Invoice": "ReferenceNbr"}.get(entity)
            if field:
                sandbox.control.put(entity, {**first, "id": None, field: f"0{NEEDLE}"})
        found = probe(instance_of(sandbox))
        assert any(NEEDLE in one["path"] for one in sandbox.control.requests())
    assert found.failed == {}
    assert len(found.answers) > 90
    assert_clean(found.written())


def answers(chance: random.Random, seen: Seen) -> Sent:
    """Something that no instance should say, and that has the needle everywhere."""
    query = parse_qs(urlsplit(seen.path).query)
    names = [*query.get("$select", [""])[0].split(","), "Description", NEEDLE]
    field = chance.choice(
        [NEEDLE, {"value": NEEDLE}, {"value": {"id": NEEDLE, "description": NEEDLE}}, {}, None]
    )
    record = {"id": NEEDLE, **dict.fromkeys(names, field), "Details": [{NEEDLE: NEEDLE}]}
    rows = [{**record, "OrderNbr": {"value": f"{NEEDLE}{n}"}} for n in range(chance.randrange(9))]
    error = {"message": NEEDLE, "exceptionMessage": NEEDLE, "exceptionType": NEEDLE, NEEDLE: NEEDLE}
    header = {"WWW-Authenticate": f'{NEEDLE} realm="{NEEDLE}"', "X-Tenant": NEEDLE}
    return chance.choice(
        [
            data(rows),
            data(rows),
            data({"value": rows, "@odata.nextLink": f"/{NEEDLE}", NEEDLE: 1}),
            data(record),
            data(error, 500),
            data(error, chance.choice([400, 403, 404, 422, 507])),
            data({"error": {"code": NEEDLE, NEEDLE: 1, "message": NEEDLE}}, 400),
            data({NEEDLE: [NEEDLE]}),
            data(NEEDLE),
            Sent(chance.choice([200, 500]), NEEDLE.encode(), {"Content-Type": "text/plain"}),
            Sent(200, f"<html>{NEEDLE}</html>".encode(), {"Content-Type": "text/html"}),
            Sent(401, NEEDLE.encode(), header),
            Sent(302, b"", {"Location": f"/{NEEDLE}?message={NEEDLE}"}),
            Sent(200, EDMX.encode(), {"Content-Type": "application/xml"}),
            Sent(200, b"[[[{" + NEEDLE.encode()),
            Sent(204),
        ]
    )


@pytest.mark.parametrize("seed", range(20))
def test_secrets_of_a_hostile_server_stay_there(seed: int) -> None:
    chance = random.Random(seed)
    endpoints = [
        {"name": "Default", "version": "26.200.001", "href": f"https://{NEEDLE}.example/"},
        {"name": "Default", "version": "24.200.001"},
        {"name": "Default", "version": f"24.200.{NEEDLE}"},
        {"name": NEEDLE, "version": "24.200.001"},
    ]
    listed = {
        "version": {"acumaticaBuildVersion": chance.choice(["26.200.0117", NEEDLE, None])},
        "endpoints": endpoints,
        NEEDLE: NEEDLE,
    }
    contract = {
        "openapi": NEEDLE,
        "paths": {f"/{NEEDLE}": {"get": {"responses": {NEEDLE: NEEDLE}}}},
        "components": {"schemas": {NEEDLE: {"properties": {NEEDLE: {"$ref": NEEDLE}}}}},
    }

    def script(seen: Seen) -> Sent:
        path = unquote(urlsplit(seen.path).path)
        if path.endswith("/entity"):
            return data(listed)
        if path.endswith("swagger.json"):
            spoken = chance.choice(["5", "4", "4", NEEDLE])
            return data(contract | {"info": {"version": spoken, "title": NEEDLE}})
        if path.endswith("$metadata"):
            return Sent(200, EDMX.encode(), {"Content-Type": "application/xml"})
        return answers(chance, seen)

    with scripted_server(root=f"/{NEEDLE}") as server:
        server.script = script
        credentials = AcumaticaCredentials(
            base_url=server.base_url, username=NEEDLE, password=NEEDLE, tenant=NEEDLE
        )
        found = probe(connect(credentials, "Default", None, 1, None))
    text = found.written()
    assert len(json.loads(text)["answers"]) >= 10
    assert_clean(text)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("lists.orderby", NEEDLE),
        ("lists.orderby", ["ignored"]),
        ("lists.limit", 123),
        ("lists.limit", True),
        ("lists.limit", -1),
        ("values.nulls", ["null", "{}"]),
        ("values.nulls", [NEEDLE]),
        ("values.nulls", ["null", "null"]),
        ("values.offset", 7),
        ("values.padded", 1),
        ("refusals.bad_syntax", {"status": 500, "form": NEEDLE, "says": "nothing", "members": []}),
        ("refusals.bad_syntax", {"status": 500}),
        ("refusals.bad_syntax", NEEDLE),
        (NEEDLE, True),
    ],
)
def test_only_known_answers_are_kept_written_or_read(question: str, answer: Any) -> None:
    findings = no_findings()
    with pytest.raises(ProbeFileError) as refused:
        findings.note(question, answer)
    assert NEEDLE not in str(refused.value)
    findings.answers[question] = answer
    with pytest.raises(ProbeFileError):
        findings.written()
    document = json.loads(no_findings().written()) | {"answers": {question: answer}}
    with pytest.raises(ProbeFileError):
        no_findings().read(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        {"build": NEEDLE},
        {"endpoints": [f"{NEEDLE}/24.200.001"]},
        {"endpoints": [f"Default/{NEEDLE}"]},
        {"failed": {"limits": NEEDLE}},
        {"failed": {NEEDLE: "TimedOut"}},
        {"requests": NEEDLE},
        {NEEDLE: 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_only_known_files_are_read(change: dict[str, Any]) -> None:
    document = json.loads(no_findings().written()) | change
    with pytest.raises(ProbeFileError):
        no_findings().read(json.dumps(document))


def test_what_is_written_is_read_back() -> None:
    found = no_findings()
    found.note_instance("25.101.0153", [("Default", "24.200.001"), (NEEDLE, "1.0")])
    found.note("lists.limit", 120)
    found.note("lists.orderby", None)
    found.note_words("values.nulls", {"null", "{}"})
    found.note_failure("limits", NEEDLE)
    again = no_findings()
    again.read(found.written())
    assert again == found
    assert again.endpoints == ["Default/24.200.001"]
    assert again.failed == {"limits": "unexpected answer"}
    assert again.answers == {"lists.limit": 120, "values.nulls": ["{}", "null"]}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            500,
            b'{"message":"x","exceptionMessage":"No entity satisfies the condition."}',
            "no record",
        ),
        (500, b'{"exceptionMessage":"API Login Limit"}', "no seat"),
        (
            400,
            b'{"error":{"message":"Could not find a property named \'n33dle\'"}}',
            "unknown property",
        ),
        (403, NEEDLE.encode(), "something else"),
        (401, b"", "nothing"),
        (200, b'[{"message": "not found"}]', "nothing"),
    ],
)
def test_what_an_answer_is_about(status: int, body: bytes, expected: str) -> None:
    shape = Reply(status, body, {}).shape
    assert shape["says"] == expected
    assert {*shape["members"]} <= {*MEMBERS}
    assert QUESTIONS["refusals.bad_syntax"].answers.accept(shape)
