"""Servers have ways of their own: their order, what they refuse, what they send undeclared."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import dlt
import pytest

from acumatica_source import AcumaticaCredentials, EntityOptions
from acumatica_source.running import runner
from acumatica_source.source import connect
from tests.client.server import Reply, ScriptedServer, Seen, data, failure, scripted_server
from tests.contract.documents import contract_document

pytestmark = pytest.mark.slow

ENTITY = "Thing"
LOAD = EntityOptions(ENTITY, page_size=10)
LIGHT = "ThingID,LastModifiedDateTime"
CONTRACT = contract_document(
    {
        ENTITY: {
            "ThingID": "StringValue",
            "Size": "DecimalValue",
            "LastModifiedDateTime": "DateTimeValue",
            "Details": ["Line"],
        },
        "Line": {"LineNbr": "IntValue"},
    },
    [ENTITY],
)
FIELDS = {
    "custom": {"Document": {"UsrSize": {"type": "CustomStringField"}}},
    "Details": [{"custom": {"Lines": {"UsrWeight": {"type": "CustomDecimalField"}}}}],
}


@dataclass
class Erp:
    """One entity, listed in the order in which its records were made."""

    server: ScriptedServer
    records: list[dict[str, Any]] = field(default_factory=list)
    takes_select: bool = True
    takes_skip: bool = True
    takes_expand: bool = True
    """Whether a list may show details."""
    corrupt: tuple[bytes, bytes] = (b"", b"")
    """Bytes of lists, and what they are replaced by."""
    refused_custom: str | None = None
    """What makes the server refuse a `$custom` parameter."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The query of each list request."""

    def add(self, *keys: str) -> None:
        for key in keys:
            number = len(self.records) + 1
            self.records.append(
                {
                    "id": str(UUID(int=number)),
                    "ThingID": {"value": key},
                    "Size": {"value": 1.5},
                    "LastModifiedDateTime": {"value": f"2025-01-01T00:{number // 60:02}:00+00:00"},
                    "Details": [{"LineNbr": {"value": 1}}],
                }
            )

    def answer(self, seen: Seen) -> Reply:
        path = unquote(urlsplit(seen.path).path)
        query = {n: v[0] for n, v in parse_qs(urlsplit(seen.path).query).items()}
        if path.endswith("/entity"):
            return data([{"name": "Test", "version": "1.0"}])
        if path.endswith("/swagger.json"):
            return data(CONTRACT)
        if path.endswith("/$adHocSchema"):
            return data(FIELDS)
        if path.endswith(f"/{ENTITY}"):
            return self.list(query)
        if self.refuses(query):
            return failure("The given key was not present in the dictionary.")
        found = [one for one in self.records if path.endswith(f"/{ENTITY}/{one['id']}")]
        return data(found[0]) if found else Reply(404)

    def refuses(self, query: dict[str, str]) -> bool:
        asked = query.get("$custom", "")
        return self.refused_custom is not None and self.refused_custom in asked

    def list(self, query: dict[str, str]) -> Reply:
        self.asked.append(query)
        if "$select" in query and not self.takes_select:
            return failure("Optimization cannot be performed.")
        if "$expand" in query and not self.takes_expand:
            return failure("Optimization cannot be performed.")
        custom = query.get("$custom", "")
        if self.refuses(query):
            return failure("The given key was not present in the dictionary.")
        rows = self.records
        if "Document.UsrSize" in custom:
            value = {"type": "CustomStringField", "value": "XL"}
            rows = [{**one, "custom": {"Document": {"UsrSize": value}}} for one in rows]
        for name, value in re.findall(r"(\w+) gt '([^']*)'", query.get("$filter", "")):
            rows = [one for one in rows if one[name]["value"] > value]
        for name, value in re.findall(r"(\w+) le '([^']*)'", query.get("$filter", "")):
            rows = [one for one in rows if one[name]["value"] <= value]
        skip = int(query.get("$skip", 0)) if self.takes_skip else 0
        top = int(query.get("$top", len(rows)))
        reply = data(rows[skip : skip + top])
        return replace(reply, body=reply.body.replace(*self.corrupt)) if self.corrupt[0] else reply


@pytest.fixture
def erp() -> Iterator[Erp]:
    with scripted_server() as server:
        running = Erp(server)
        server.script = running.answer
        yield running


def sizes(pipeline: dlt.Pipeline) -> set[str | None]:
    """The values of the record's custom field."""
    rows = pipeline.dataset()["thing"].select("custom__document__usr_size").fetchall()
    return {size for (size,) in rows}


def load(erp: Erp, pipeline: dlt.Pipeline) -> None:
    credentials = AcumaticaCredentials(
        base_url=erp.server.base_url, username="u", password="p", tenant="T"
    )
    instance = connect(credentials, "Test", None, 2, None)
    (outcome,) = runner.sync(pipeline, instance, [LOAD], lambda one: None)
    assert outcome.error is None


def sync(erp: Erp, pipeline: dlt.Pipeline) -> list[dict[str, str]]:
    """Load, and compare; the list requests that it took."""
    erp.asked.clear()
    load(erp, pipeline)
    loaded = pipeline.dataset()["thing"].select("thing_id").fetchall()
    assert sorted(key for (key,) in loaded) == sorted(
        one["ThingID"]["value"] for one in erp.records
    )
    lines = pipeline.dataset()["thing__details"].select("line_nbr").fetchall()
    assert len(lines) == len(erp.records)
    return list(erp.asked)


@pytest.mark.parametrize("count", [20, 25, 250])
def test_records_that_no_key_leads_to_are_found(
    erp: Erp, pipeline: dlt.Pipeline, count: int
) -> None:
    erp.add(*(f"K{number:05}" for number in range(count)), "A", "B")
    sync(erp, pipeline)
    sync(erp, pipeline)
    erp.add("C")
    sync(erp, pipeline)


def test_keys_that_are_numbers_written_as_text_may_be_listed_by_number(
    erp: Erp, pipeline: dlt.Pipeline
) -> None:
    erp.add(*(str(number) for number in range(120)))
    sync(erp, pipeline)
    sync(erp, pipeline)


@pytest.mark.parametrize("takes_skip", [True, False], ids=["offsets", "no offsets"])
def test_a_list_in_the_order_of_its_keys_takes_one_light_request_more(
    erp: Erp, pipeline: dlt.Pipeline, takes_skip: bool
) -> None:
    erp.takes_skip = takes_skip
    erp.add(*(f"K{number:05}" for number in range(15)))
    asked = sync(erp, pipeline)
    proofs = [one for one in asked if one.get("$top") == "1"]
    assert proofs[0] == {"$select": LIGHT, "$top": "1", "$skip": "15"}
    assert len(asked) - len(proofs) == 2
    assert len(proofs) == (1 if takes_skip else 4), "whether offsets are taken shows at others"


def test_a_list_of_one_page_takes_one_light_request_more(erp: Erp, pipeline: dlt.Pipeline) -> None:
    erp.add(*(f"K{number:05}" for number in range(9)))
    asked = sync(erp, pipeline)
    assert asked[1:] == [{"$select": LIGHT, "$top": "1", "$skip": "9"}]


def test_a_form_that_refuses_to_select_is_read_whole(erp: Erp, pipeline: dlt.Pipeline) -> None:
    erp.takes_select = False
    erp.add(*(f"K{number:05}" for number in range(65)))
    sync(erp, pipeline)
    erp.add("K99999")
    erp.records.pop(3)
    asked = sync(erp, pipeline)
    assert sum("$select" in query for query in asked) == 2, "with the stamp, and without: no more"


@pytest.mark.parametrize(
    ("refused", "expected"),
    [(None, {"XL"}), ("Details/", {"XL"}), ("Usr", {None})],
    ids=["none", "those of details", "all"],
)
def test_custom_fields_that_are_refused_do_not_cost_the_rest(
    erp: Erp, pipeline: dlt.Pipeline, refused: str | None, expected: set[str | None]
) -> None:
    erp.refused_custom = refused
    erp.add(*(f"K{number:05}" for number in range(25)))
    sync(erp, pipeline)
    assert sizes(pipeline) == expected
    erp.add("K99999")
    sync(erp, pipeline)
    assert sizes(pipeline) == expected


def test_nor_do_they_where_records_are_read_one_by_one(erp: Erp, pipeline: dlt.Pipeline) -> None:
    erp.takes_expand, erp.refused_custom = False, "Usr"
    erp.add(*(f"K{number:05}" for number in range(25)))
    sync(erp, pipeline)
    erp.add("K99999")
    sync(erp, pipeline)


def test_what_no_contract_declares_does_not_have_the_contract_fetched_again(
    erp: Erp, pipeline: dlt.Pipeline
) -> None:
    erp.add(*(f"K{number:05}" for number in range(9)))
    for one in erp.records:
        one["Surprise"] = {"value": "not declared"}
        one["Size"] = {"value": "1.5"}
    sync(erp, pipeline)
    for key in ("K00009", "K00010"):
        erp.server.seen.clear()
        erp.add(key)
        sync(erp, pipeline)
        assert not [one for one in erp.server.seen if one.path.endswith("/swagger.json")]
    erp.add("K00011")
    erp.records[-1]["Another"] = {"value": "new"}
    sync(erp, pipeline)
    assert [one for one in erp.server.seen if one.path.endswith("/swagger.json")]


def test_broken_characters_do_not_stop_a_sync(erp: Erp, pipeline: dlt.Pipeline) -> None:
    erp.add("Kx")
    erp.corrupt = (b"Kx", b"K\xff")
    load(erp, pipeline)
    assert pipeline.dataset()["thing"].select("thing_id").fetchall() == [("K\ufffd",)]


def test_a_warning_about_a_column_is_said_once(
    erp: Erp, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    erp.add(*(f"K{number:05}" for number in range(35)))
    for one in erp.records:
        one["Details"] = [{"LineNbr": {"value": 5.0}}]
    sync(erp, pipeline)
    said = [one.getMessage() for one in caplog.records if "a fraction of zero" in one.getMessage()]
    assert len(said) == 1, caplog.text
