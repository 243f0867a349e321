import datetime as dt
import gzip
import json
import ssl
import zlib
from typing import Any

import pytest
import trustme

from acumatica_source.client import errors
from acumatica_source.client.session import Credentials, Session, Transport

from .conftest import FAST
from .server import Reply, ScriptedServer, data, scripted_server

PAST, LONG_PAST = dt.datetime(2021, 1, 1, tzinfo=dt.UTC), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
LIMIT = FAST.max_response_bytes


def test_a_long_answer_is_refused_unread(server: ScriptedServer, session: Session) -> None:
    server.queue(Reply(200, b"x", {"Content-Length": str(LIMIT + 1)}))
    with pytest.raises(errors.ResponseTooLarge, match="max_response_bytes"):
        session.get_bytes("entity")
    assert len(server.reads) == 1


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_answers_are_read_and_bounded(
    server: ScriptedServer, session: Session, coding: str
) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    server.queue(Reply(200, pack(b"[1,2,3]"), headers))
    assert session.get_bytes("entity").content == b"[1,2,3]"
    server.queue(Reply(200, pack(b"[" + b" " * (50 * LIMIT) + b"]"), headers))
    with pytest.raises(errors.ResponseTooLarge):
        session.get_bytes("entity")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("body", [b"", b'{"a": 1}', b"[" + b"1," * 30_000 + b"1]"])
def test_an_answer_gives_its_body_as_requests_do(
    server: ScriptedServer, session: Session, body: bytes, packed: bool
) -> None:
    headers = {"Content-Type": "application/json"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    server.queue(Reply(200, gzip.compress(body) if packed else body, headers))
    response = session.request("GET", "entity")
    response.close()
    assert response.content == body
    assert response.text == body.decode()
    assert b"".join(response.iter_content(7)) == body
    if body:
        assert response.json() == json.loads(body)


@pytest.mark.parametrize(
    "location", ["/Site/Frames/Login.aspx", "http://[", "https://evil.example/"]
)
def test_redirects_are_bounded_and_never_followed_blindly(
    server: ScriptedServer, session: Session, location: str
) -> None:
    bomb = gzip.compress(b" " * (50 * LIMIT))
    headers = {"Location": location, "Content-Encoding": "gzip"}
    server.queue(Reply(302, bomb, headers))
    with pytest.raises(errors.ResponseTooLarge):
        session.get_bytes("entity")
    server.queue(Reply(302, b"", {"Location": location}))
    with pytest.raises((errors.SessionExpired, errors.UnexpectedAnswer)):
        session.get_bytes("entity")


def test_a_broken_compression_is_no_answer(server: ScriptedServer, session: Session) -> None:
    server.queue(Reply(200, b"not gzip", {"Content-Encoding": "gzip"}))
    with pytest.raises(errors.ConnectionFailed):
        session.get_bytes("entity")


def test_a_page_of_the_limit_is_read(server: ScriptedServer, session: Session) -> None:
    body = b"[" + b" " * (LIMIT - 2) + b"]"
    server.queue(Reply(200, body, {"Content-Type": "application/json"}))
    assert len(session.get_bytes("entity").content) == LIMIT


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_an_unknown_certificate_is_refused_at_once(tls: ssl.SSLContext) -> None:
    with scripted_server(tls=tls) as server:
        session = Session(Credentials(server.base_url, "a", "b"), FAST)
        with pytest.raises(errors.CertificateRejected, match="verify_ssl"):
            session.login()
        assert server.seen == []


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"identities": ["127.0.0.1"], "not_after": PAST}, "renewed at the server"),
        ({"identities": ["other.example"]}, "another host's"),
    ],
    ids=["expired", "other-host"],
)
def test_why_a_certificate_is_refused(
    authority: trustme.CA, tmp_path: Any, certificate: dict[str, Any], words: str
) -> None:
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identities = certificate.pop("identities")
    issued = authority.issue_cert(*identities, not_before=LONG_PAST, **certificate)
    issued.configure_cert(context)
    with scripted_server(tls=context) as server:
        session = Session(Credentials(server.base_url, "a", "b"), Transport(verify_ssl=bundle))
        with pytest.raises(errors.CertificateRejected, match=words):
            session.login()
        assert server.seen == []


def test_a_server_without_tls_is_told(server: ScriptedServer) -> None:
    base_url = server.base_url.replace("http:", "https:")
    with pytest.raises(errors.CertificateRejected, match="may not be https"):
        Session(Credentials(base_url, "a", "b"), FAST).login()


def test_a_private_authority_can_be_given(
    tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Any
) -> None:
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with (
        scripted_server(tls=tls) as server,
        Session(Credentials(server.base_url, "a", "b"), Transport(verify_ssl=bundle)) as session,
    ):
        server.queue(data([1]))
        assert session.get_bytes("entity").content == b"[1]"


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_switching_verification_off_is_loud(tls: ssl.SSLContext, monkeypatch: Any) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ssl.get_default_verify_paths().openssl_cafile)
    with scripted_server(tls=tls) as server:
        with pytest.warns(errors.InsecureTransportWarning, match="not verified"):
            session = Session(Credentials(server.base_url, "a", "b"), Transport(verify_ssl=False))
        with session:
            assert session.login() == 204


def test_a_password_without_tls_is_loud() -> None:
    with pytest.warns(errors.InsecureTransportWarning, match="in the clear"):
        Session(Credentials("http://erp.example.com", "a", "b"))


@pytest.mark.parametrize(
    "arguments",
    [
        {"connect_timeout": 0},
        {"read_timeout": -1},
        {"max_response_bytes": 0},
        {"read_timeout": "5"},
        {"verify_ssl": "/no/such/file.pem"},
    ],
)
def test_wrong_settings_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigurationError):
        Transport(**arguments)
