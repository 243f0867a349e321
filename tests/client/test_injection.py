"""Whatever text comes in, one request goes out, and it is the one that was meant."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acumatica_source.client import AcumaticaClient, F, QueryOptions, RecordBuilder
from acumatica_source.client.errors import ConfigurationError

from .conftest import FAST
from .server import Reply, ScriptedServer, Seen, data, scripted_server

V = "24.200.001"
HOSTILE = st.text() | st.sampled_from(
    [
        *("../../auth/logout", "..%2f..", "A/B", "A?$top=1", "A#x", "A&$filter=x", "%00", "\\..\\"),
        *(
            "x\r\nX-Evil: 1",
            "x\nSet-Cookie: a=b",
            "' or 1 eq 1 or '",
            "') or ('",
            "A;b=c",
            "//evil",
        ),
    ]
)


@pytest.fixture(scope="module")
def line() -> Iterator[tuple[ScriptedServer, AcumaticaClient]]:
    with (
        scripted_server() as server,
        AcumaticaClient(server.base_url, "a", "b", "Company", transport=FAST) as client,
    ):
        server.script = lambda seen: Reply(204) if seen.method == "DELETE" else data({"value": []})
        yield server, client


def only(server: ScriptedServer, before: int) -> Seen | None:
    """The one request that was sent, None if it was refused."""
    sent = server.seen[before:]
    assert len(sent) <= 1
    assert server.logins == 1
    return sent[0] if sent else None


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_keys(line: tuple[ScriptedServer, AcumaticaClient], key: str) -> None:
    server, client = line
    before = len(server.seen)
    try:
        client.records.delete_record_by_key_field(V, "SalesOrder", "SO", key)
    except ConfigurationError:
        assert only(server, before) is None
        return
    seen = only(server, before)
    assert seen is not None
    path, query = urlsplit(seen.path).path, urlsplit(seen.path).query
    assert path.startswith(f"/Site/entity/Default/{V}/SalesOrder/SO/")
    assert unquote(path.rpartition("/")[2]) == key
    assert path.count("/") == 7
    assert query == ""


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_values_in_filters(line: tuple[ScriptedServer, AcumaticaClient], text: str) -> None:
    server, client = line
    before = len(server.seen)
    client.customers.get_customers(V, QueryOptions(filter=F.CustomerName == text, top=1))
    seen = only(server, before)
    assert seen is not None
    sent = dict(parse_qsl(urlsplit(seen.path).query))
    quoted = text.replace("'", "''")
    assert sent == {"$filter": f"(CustomerName eq '{quoted}')", "$top": "1"}


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_headers(line: tuple[ScriptedServer, AcumaticaClient], branch: str) -> None:
    server, client = line
    before = len(server.seen)
    try:
        client.records.create_record(V, "Customer", RecordBuilder(), branch=branch)
    except ConfigurationError:
        assert only(server, before) is None
        return
    seen = only(server, before)
    assert seen is not None
    assert not {"x-evil", "set-cookie"} & set(seen.headers)
    assert seen.headers["px-cbapibranch"].strip() == branch.strip()


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_names(line: tuple[ScriptedServer, AcumaticaClient], name: str) -> None:
    server, client = line
    before = len(server.seen)
    try:
        client.inquiries.execute_generic_inquiry(name)
    except ConfigurationError:
        assert only(server, before) is None
        return
    seen = only(server, before)
    assert seen is not None
    assert urlsplit(seen.path).path.startswith("/Site/t/Company/api/odata/gi/")
    assert unquote(urlsplit(seen.path).path.rpartition("/")[2]) == name


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_links_of_answers(line: tuple[ScriptedServer, AcumaticaClient], link: str) -> None:
    server, client = line
    before = len(server.seen)
    try:
        client.seat.get_bytes(link)
    except ConfigurationError:
        assert only(server, before) is None
        return
    seen = only(server, before)
    assert seen is not None
    assert seen.path.lower().startswith("/site")
    assert ".." not in unquote(urlsplit(seen.path).path).split("/")
