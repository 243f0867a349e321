import gc
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from acumatica_source.client import AcumaticaClient, errors
from acumatica_source.client.session import Body, Credentials, Session

from .conftest import FAST
from .server import Reply, ScriptedServer, data, failure, scripted_server

SIGN_IN_PAGE = Reply(
    200,
    b"<!DOCTYPE html><html><form action='Login.aspx'><input type=\"password\"></form></html>",
    {"Content-Type": "text/html; charset=utf-8"},
)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_sign_in_says_who_and_where(server: ScriptedServer, client: AcumaticaClient) -> None:
    sent = server.seen[0]
    assert (sent.method, sent.path) == ("POST", "/Site/entity/auth/login")
    assert json.loads(sent.body) == {
        "name": "admin",
        "password": "Pa$$w0rd!",
        "tenant": "Company",
        "branch": "HQ",
    }


def test_what_is_not_given_is_not_sent(server: ScriptedServer) -> None:
    with Session(Credentials(server.base_url, "admin", "x"), FAST) as session:
        session.login()
    assert json.loads(server.seen[0].body) == {"name": "admin", "password": "x"}


def test_statuses_of_the_seed(server: ScriptedServer, connect: Any) -> None:
    client = connect(persistent_login=False)
    assert server.seen == []
    assert client.logout() == 204
    assert server.seen == []
    server.on_login = lambda seen: Reply(200, headers={"Set-Cookie": "ASP.NET_SessionId=x"})
    assert client.login() == 200
    assert client.login() == 204
    assert server.logins == 1
    server.on_logout = lambda seen: Reply(200)
    assert client.logout() == 200
    assert client.logout() == 204
    assert server.logouts == 1


def test_sign_out_has_a_length(server: ScriptedServer, client: AcumaticaClient) -> None:
    client.logout()
    assert server.seen[-1].headers["content-length"] == "0"
    assert "s1" in server.seen[-1].headers["cookie"]


def test_requests_carry_the_session(server: ScriptedServer, client: AcumaticaClient) -> None:
    client.get_endpoint_info()
    assert server.reads[0].headers["cookie"] == "ASP.NET_SessionId=s1"
    assert server.reads[0].path == "/Site/entity"


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(Reply(401), id="401"),
        pytest.param(SIGN_IN_PAGE, id="sign-in-page"),
        pytest.param(Reply(302, headers={"Location": "/Site/Frames/Login.aspx"}), id="redirect"),
    ],
)
def test_an_expired_session_is_renewed_once(
    server: ScriptedServer, client: AcumaticaClient, gone: Reply
) -> None:
    server.queue(gone, data(["fresh"]))
    assert client.get_endpoint_info() == ["fresh"]
    assert server.logins == 2
    assert server.reads[1].headers["cookie"] == "ASP.NET_SessionId=s2"
    server.queue(gone)
    with pytest.raises(errors.SessionExpired):
        client.get_endpoint_info()
    assert server.logins == 3


def test_renewal_can_be_switched_off(server: ScriptedServer, connect: Any) -> None:
    client = connect(retry_on_idle_logout=False)
    server.queue(Reply(401), data([]))
    with pytest.raises(errors.SessionExpired):
        client.get_endpoint_info()
    assert server.logins == 1


def test_a_write_is_repeated_only_if_it_was_not_processed(
    server: ScriptedServer, session: Session
) -> None:
    server.queue(Reply(401), data({"id": 1}))
    assert session.request("PUT", "entity/X", json={"a": 1}).json() == {"id": 1}
    assert [json.loads(seen.body) for seen in server.reads] == [{"a": 1}, {"a": 1}]
    server.queue(SIGN_IN_PAGE, data({"id": 1}))
    with pytest.raises(errors.SessionExpired):
        session.request("PUT", "entity/X", json={"a": 1})
    assert len(server.reads) == 3


def test_a_broken_endpoint_is_named(server: ScriptedServer, session: Session) -> None:
    server.queue(Reply(302, headers={"Location": "/Site/ui/error"}))
    with pytest.raises(errors.ServerUnavailable, match="SM207060"):
        session.get_bytes("entity")
    assert server.logins == 1


def test_a_redirect_to_the_same_address_is_followed(
    server: ScriptedServer, session: Session
) -> None:
    server.queue(Reply(301, headers={"Location": "/Site/entity/"}), data([1]))
    assert session.get_bytes("entity").content == b"[1]"
    assert [seen.path for seen in server.reads] == ["/Site/entity", "/Site/entity/"]


def test_a_redirect_elsewhere_is_not_followed(server: ScriptedServer, session: Session) -> None:
    with scripted_server() as other:
        server.queue(Reply(307, headers={"Location": f"{other.base_url}/entity"}))
        with pytest.raises(errors.UnexpectedAnswer, match="base_url"):
            session.get_bytes("entity")
        assert other.seen == []


def test_a_link_elsewhere_is_refused_before_anything_is_sent(
    server: ScriptedServer, session: Session
) -> None:
    with scripted_server() as other:
        with pytest.raises(errors.ConfigurationError):
            session.get_bytes(f"{other.base_url}/entity")
        assert other.seen == []
    assert server.seen == []


def test_site_absolute_links_are_not_doubled(server: ScriptedServer, session: Session) -> None:
    session.get_bytes("/Site/entity/Default/24.200.001/files/x")
    assert server.reads[0].path == "/Site/entity/Default/24.200.001/files/x"


def test_without_a_virtual_directory() -> None:
    with scripted_server(root="") as server:
        with Session(Credentials(server.base_url, "admin", "x"), FAST) as session:
            session.get_bytes("/entity/x")
        assert [seen.path for seen in server.seen] == [
            "/entity/auth/login",
            "/entity/x",
            "/entity/auth/logout",
        ]


def test_leaving_the_block_signs_out_once(server: ScriptedServer, connect: Any) -> None:
    client = connect()
    server.queue(failure("Boom"))
    with pytest.raises(errors.ServerError), client:
        client.get_endpoint_info()
    assert server.logouts == 1
    assert client.logout() == 204
    with pytest.raises(errors.ConfigurationError, match="closed"):
        client.get_endpoint_info()
    assert (server.logins, server.logouts) == (1, 1)


def test_after_signing_out_a_call_signs_in_again(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    client.logout()
    client.get_endpoint_info()
    assert server.logins == 2


def test_a_forgotten_client_signs_out(server: ScriptedServer, credentials: Credentials) -> None:
    session = Session(credentials, FAST)
    session.login()
    del session
    gc.collect()
    wait_for(lambda: server.logouts == 1)


def test_one_call_at_a_time_without_persistence(server: ScriptedServer, connect: Any) -> None:
    client = connect(persistent_login=False)
    client.get_endpoint_info()
    assert (server.logins, server.logouts) == (1, 1)
    server.queue(failure("Boom"))
    with pytest.raises(errors.ServerError):
        client.get_endpoint_info()
    assert (server.logins, server.logouts) == (2, 2)


def test_a_sign_out_over_a_dead_connection_is_repeated(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    replies = [Reply(reset=True), Reply(204)]
    server.on_logout = lambda seen: replies.pop(0)
    assert client.logout() == 204
    assert server.logouts == 2


def test_a_sign_out_that_the_server_could_not_do_is_repeated(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    replies = [Reply(503), Reply(429), Reply(204)]
    server.on_logout = lambda seen: replies.pop(0)
    assert client.logout() == 204
    assert server.logouts == 3
    assert client.logout() == 204
    assert server.logouts == 3


def test_records_under_a_wrong_type_are_records(server: ScriptedServer, session: Session) -> None:
    server.queue(Reply(200, b" [1]", {"Content-Type": "text/html"}))
    assert session.get_bytes("entity").content == b" [1]"
    assert server.logins == 1


def test_one_request_at_a_time_per_session(server: ScriptedServer, session: Session) -> None:
    running, most = [0], [0]

    def slow(seen: Any) -> Reply:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.02)
        running[0] -= 1
        return data([])

    server.script = slow
    threads = [threading.Thread(target=session.get_bytes, args=("entity",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
    assert server.logins == 1
    assert len(server.reads) == 8


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        pytest.param(
            failure("Error: Invalid credentials. Please try again."),
            errors.InvalidCredentials,
            "Invalid credentials",
            id="password",
        ),
        pytest.param(
            failure("x", kind="PXUndefinedCompanyException"),
            errors.UnknownTenant,
            "tenant",
            id="tenant",
        ),
        pytest.param(failure("API Login Limit"), errors.SeatLimitReached, "10 minutes", id="seats"),
        pytest.param(Reply(429, b"x"), errors.SeatLimitReached, "10 minutes", id="seats-429"),
        pytest.param(
            failure("Change your password in the browser."),
            errors.PasswordChangeRequired,
            "browser",
            id="due",
        ),
        pytest.param(failure("Quelque chose"), errors.AuthenticationError, "Quelque", id="other"),
        pytest.param(Reply(404), errors.EndpointNotFound, "virtual directory", id="no-instance"),
        pytest.param(SIGN_IN_PAGE, errors.UnexpectedAnswer, "base_url", id="web-page"),
        pytest.param(Reply(204), errors.UnexpectedAnswer, "base_url", id="no-cookie"),
        pytest.param(
            Reply(302, headers={"Location": "/x"}),
            errors.UnexpectedAnswer,
            "base_url",
            id="redirect",
        ),
        pytest.param(Reply(502), errors.ServerUnavailable, "502", id="gateway"),
        pytest.param(Reply(reset=True), errors.ConnectionFailed, "broke", id="reset"),
    ],
)
def test_a_refused_sign_in_is_not_repeated(
    server: ScriptedServer, connect: Any, reply: Reply, kind: type[Exception], words: str
) -> None:
    server.on_login = lambda seen: reply
    with pytest.raises(kind, match=words) as caught:
        connect()
    assert type(caught.value) is kind
    assert server.logins == 1
    assert "Pa$$w0rd!" not in str(caught.value)


def test_a_refused_password_is_not_tried_by_every_request(
    server: ScriptedServer, session: Session
) -> None:
    server.on_login = lambda seen: failure("Invalid credentials")
    for _ in range(3):
        with pytest.raises(errors.InvalidCredentials):
            session.get_bytes("entity")
    assert server.logins == 1
    server.on_login = None
    session.login()
    session.get_bytes("entity")
    assert server.logins == 2


def test_an_unreachable_host_is_told_quickly() -> None:
    with scripted_server() as gone:
        pass
    begun = time.monotonic()
    with pytest.raises(errors.ConnectionFailed, match="cannot connect"):
        AcumaticaClient(gone.base_url, "a", "b", "c", transport=FAST)
    assert time.monotonic() - begun < 5


def test_the_landed_tenant_is_read_from_the_sign_in_page(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    page = b"<html><input type=password><input value='U100 &amp; Co' id='txtSingleCompany'></html>"
    server.queue(Reply(200, page, {"Content-Type": "text/html"}))
    assert client.landed_tenant() == "U100 & Co"
    server.queue(Reply(404))
    assert client.landed_tenant() is None


def test_the_server_clock_is_told(server: ScriptedServer, session: Session) -> None:
    server.queue(data([]))
    moment = session.get_bytes("entity").server_time
    assert moment is not None
    assert moment.utcoffset() is not None
    assert abs(moment.timestamp() - time.time()) < 5


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 -1000",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 99 Jan 2026 00:00:00 GMT",
        "yesterday",
        "",
    ],
)
def test_a_clock_that_no_calendar_has_tells_nothing(
    server: ScriptedServer, session: Session, date: str
) -> None:
    server.queue(data([], Date=date))
    answer = session.get_bytes("entity")
    assert Body(b"", 200, {"Date": date}).server_time is None
    assert answer.content == b"[]"
    server.queue(Reply(429, headers={"Retry-After": date}), data([1]))
    assert session.get_bytes("entity").content == b"[1]"


@pytest.mark.parametrize("name", ["Cookie", "authorization", "Host", "X\r\nY", "", "X:"])
def test_headers_that_are_not_the_callers(session: Session, name: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        session.get_bytes("entity", headers={name: "x"})


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\nb", "a\x00b", "日本"])
def test_values_that_no_header_can_hold(session: Session, value: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        session.get_bytes("entity", headers={"PX-CbApiBranch": value})


def test_no_secret_in_logs_reprs_and_errors(
    server: ScriptedServer, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = connect()
    server.queue(Reply(401), failure("The password Pa$$w0rd! of s1 is odd"))
    with pytest.raises(errors.ServerError) as caught:
        client.get_endpoint_info()
    shown = [caplog.text, repr(client), repr(client.seat), str(caught.value), repr(caught.value)]
    shown += [repr(client.seat.auth), repr(vars(caught.value))]
    assert not [text for text in shown if "Pa$$w0rd!" in text]
    assert not [text for text in shown if "ASP.NET_SessionId=s" in text]


def test_netrc_does_not_take_the_place_of_credentials(
    server: ScriptedServer, client: AcumaticaClient, tmp_path: Any, monkeypatch: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    client.get_endpoint_info()
    assert "authorization" not in server.reads[0].headers


def test_odata_is_asked_with_basic_and_does_not_disturb_the_session(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    server.queue(
        Reply(200, b'{"value":[]}', {"Content-Type": "x/json", "Set-Cookie": "ASP.NET_SessionId=o"})
    )
    client.seat.get_bytes("t/Company/api/odata/gi/BI-Customers")
    assert server.reads[0].headers["authorization"].startswith("Basic ")
    client.get_endpoint_info()
    assert "authorization" not in server.reads[1].headers
    assert server.reads[1].headers["cookie"] == "ASP.NET_SessionId=s1"
