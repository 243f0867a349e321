"""One test per row of the table of retries in docs/client.md."""

import datetime as dt
import time
from email.utils import format_datetime
from typing import Any

import pytest

from acumatica_source.client import AcumaticaClient, errors
from acumatica_source.client.errors import ServerUnavailable, TimedOut
from acumatica_source.client.retry import (
    RequestKind,
    may_sign_in_again,
    pause_before_next,
    pause_before_next_seat,
    pause_before_next_sign_out,
)
from acumatica_source.client.session import Credentials, Session, Transport
from acumatica_source.client.transport import RetryPolicy

from .conftest import FAST
from .server import Reply, ScriptedServer, data, failure

PARTIAL = Reply(200, b'[{"a":1},{"a"', {"Content-Type": "application/json"})

TRANSIENT = [
    pytest.param(Reply(429), errors.Throttled, id="429"),
    pytest.param(Reply(502), errors.ServerUnavailable, id="502"),
    pytest.param(Reply(503), errors.ServerUnavailable, id="503"),
    pytest.param(Reply(504), errors.ServerUnavailable, id="504"),
    pytest.param(
        Reply(500, b"The custom error module does not recognize this error."),
        errors.Throttled,
        id="iis-text",
    ),
    pytest.param(Reply(500, b"<html>Oops</html>"), errors.ServerUnavailable, id="500-page"),
    pytest.param(failure("deadlock victim"), errors.ServerUnavailable, id="deadlock"),
    pytest.param(Reply(reset=True), errors.ConnectionFailed, id="reset"),
    pytest.param(Reply(200, b"[1,2,3]", cut=3), errors.ConnectionFailed, id="cut-off"),
    pytest.param(PARTIAL, errors.ConnectionFailed, id="incomplete-json"),
]


@pytest.mark.parametrize(("reply", "kind"), TRANSIENT)
def test_a_read_is_repeated(
    server: ScriptedServer, session: Session, reply: Reply, kind: type[Exception]
) -> None:
    server.queue(reply, reply, data(["whole"]))
    assert session.get_bytes("entity").content == b'["whole"]'
    assert len(server.reads) == 3


@pytest.mark.parametrize(("reply", "kind"), TRANSIENT)
def test_a_read_is_given_up_at_last(
    server: ScriptedServer, session: Session, reply: Reply, kind: type[Exception]
) -> None:
    server.queue(reply)
    with pytest.raises(kind, match="tried 4 times"):
        session.get_bytes("entity")
    assert len(server.reads) == 4


@pytest.mark.parametrize(("reply", "kind"), TRANSIENT)
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_write_is_not_repeated(
    server: ScriptedServer, session: Session, method: str, reply: Reply, kind: type[Exception]
) -> None:
    server.queue(reply, data([]))
    with pytest.raises(kind):
        session.request(method, "entity/X", json={})
    assert len(server.reads) == 1


CONFLICTS = [
    pytest.param(Reply(409), id="no body"),
    pytest.param(data({"message": "A long operation is running for this screen."}, 409), id="409"),
    pytest.param(failure("The previous operation has not been completed yet."), id="500"),
]


@pytest.mark.parametrize("reply", CONFLICTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_long_operation_is_waited_for(
    server: ScriptedServer, session: Session, method: str, reply: Reply
) -> None:
    server.queue(reply, reply, data(["done"]))
    assert session.request(method, "entity/X").json() == ["done"]
    assert len(server.reads) == 3


@pytest.mark.parametrize("reply", CONFLICTS)
def test_an_action_is_not_sent_behind_a_long_operation(
    server: ScriptedServer, session: Session, reply: Reply
) -> None:
    server.queue(reply, data([]))
    with pytest.raises(errors.OperationRunning, match="sent before"):
        session.request("POST", "entity/X/Release", json={})
    assert len(server.reads) == 1


def test_an_inquiry_is_a_read(server: ScriptedServer, session: Session) -> None:
    server.queue(Reply(503), data({}))
    session.put_bytes("entity/Default/24.200.001/CompaniesStructure", {})
    assert len(server.reads) == 2


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(failure("No entity satisfies the condition."), id="not-found"),
        pytest.param(failure("Optimization cannot be performed."), id="optimisation"),
        pytest.param(failure("The given key was not present in the dictionary."), id="filter"),
        pytest.param(failure("Object reference not set to an instance"), id="other-500"),
        pytest.param(Reply(400), id="400"),
        pytest.param(Reply(403), id="403"),
        pytest.param(Reply(404), id="404"),
        pytest.param(Reply(412), id="412"),
        pytest.param(Reply(414), id="414"),
        pytest.param(Reply(422, b"{}"), id="422"),
    ],
)
def test_what_is_permanent_is_not_repeated(
    server: ScriptedServer, session: Session, reply: Reply
) -> None:
    server.queue(reply)
    with pytest.raises(errors.AcumaticaError):
        session.get_bytes("entity/Default/24.200.001/Customer/A")
    assert len(server.reads) == 1


def test_no_answer_in_time_is_repeated_once(
    server: ScriptedServer, credentials: Credentials
) -> None:
    server.queue(Reply(hang=5))
    limits = Transport(read_timeout=0.2, retries=FAST.retries)
    with Session(credentials, limits) as session, pytest.raises(TimedOut, match="tried 2 times"):
        session.get_bytes("entity")
    assert len(server.reads) == 2


@pytest.mark.alone
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_server_may_say_when(server: ScriptedServer, session: Session, form: str) -> None:
    later = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2), usegmt=True)
    server.queue(Reply(429, headers={"Retry-After": "1" if form == "seconds" else later}), data([]))
    begun = time.monotonic()
    session.get_bytes("entity")
    assert 0.7 < time.monotonic() - begun < 3


@pytest.mark.alone
def test_the_wait_that_the_server_asks_for_is_capped(
    server: ScriptedServer, credentials: Credentials
) -> None:
    server.queue(Reply(503, headers={"Retry-After": "86400"}), data([]))
    limits = Transport(retries=RetryPolicy(first_delay=0.001, max_retry_after=0.01))
    begun = time.monotonic()
    with Session(credentials, limits) as session:
        session.get_bytes("entity")
    assert time.monotonic() - begun < 2


def test_delays_grow_to_a_limit_and_vary() -> None:
    policy = RetryPolicy(first_delay=1, max_delay=8)
    for attempt, whole in ((1, 1), (2, 2), (3, 4), (4, 8), (9, 8)):
        delays = {policy.delay(attempt) for _ in range(50)}
        assert len(delays) > 10
        assert all(whole / 2 <= delay <= whole for delay in delays)


def test_a_sign_in_turned_away_by_503_is_repeated(server: ScriptedServer, connect: Any) -> None:
    cookie = {"Set-Cookie": "ASP.NET_SessionId=s; path=/"}
    replies = [Reply(503), Reply(503), Reply(204, headers=cookie)]
    server.on_login = lambda seen: replies.pop(0)
    connect()
    assert server.logins == 3


def test_a_sign_in_waits_for_a_seat_if_it_may(
    server: ScriptedServer, credentials: Credentials
) -> None:
    cookie = {"Set-Cookie": "ASP.NET_SessionId=s; path=/"}
    replies = [failure("API Login Limit"), Reply(204, headers=cookie)]
    server.on_login = lambda seen: replies.pop(0)
    with Session(credentials, FAST, seat_wait=20) as session:
        session.get_bytes("entity")
    assert server.logins == 2


def test_no_error_is_repeated_silently_for_ever(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    server.queue(Reply(503), Reply(401), Reply(503), Reply(401), data([]))
    with pytest.raises((ServerUnavailable, errors.SessionExpired)):
        client.get_endpoint_info()
    assert server.logins == 2


def unsent(kind: type[errors.ConnectionFailed] = errors.ConnectionFailed) -> errors.AcumaticaError:
    error = kind("not connected")
    error.unsent = True
    return error


def running(method: str) -> errors.AcumaticaError:
    return errors.OperationRunning("a long operation runs", status=409, method=method)


BUSY = errors.ServerUnavailable("busy", status=503)
GATEWAY = errors.ServerUnavailable("gateway", status=502)
LOST = errors.ConnectionFailed("lost")
FOREVER = errors.ServerError("never")
READ, WRITE, SIGN_IN, SIGN_OUT = RequestKind


@pytest.mark.parametrize(
    ("kind", "error", "times"),
    [
        (READ, errors.Throttled("slow down"), 8),
        (READ, BUSY, 8),
        (READ, LOST, 8),
        (READ, TimedOut("slow"), 2),
        (READ, errors.CertificateRejected("bad"), 1),
        (READ, FOREVER, 1),
        (READ, running("GET"), 16),
        (READ, running("PUT"), 16),
        (WRITE, running("PUT"), 16),
        (WRITE, running("PATCH"), 16),
        (WRITE, running("DELETE"), 16),
        (WRITE, running("POST"), 1),
        (SIGN_IN, running("POST"), 1),
        (WRITE, unsent(), 8),
        (WRITE, unsent(errors.CertificateRejected), 1),
        (WRITE, LOST, 1),
        (WRITE, BUSY, 1),
        (SIGN_IN, unsent(), 2),
        (SIGN_IN, unsent(errors.CertificateRejected), 1),
        (SIGN_IN, BUSY, 6),
        (SIGN_IN, GATEWAY, 1),
        (SIGN_IN, LOST, 1),
        (SIGN_IN, errors.InvalidCredentials("wrong", status=503), 1),
        (SIGN_OUT, LOST, 3),
        (SIGN_OUT, TimedOut("slow"), 1),
        (SIGN_OUT, errors.CertificateRejected("bad"), 1),
        (SIGN_OUT, BUSY, 1),
    ],
)
def test_how_often_each_kind_of_request_is_sent(
    kind: RequestKind, error: errors.AcumaticaError, times: int
) -> None:
    policy, sent = RetryPolicy(), 1
    while pause_before_next(policy, kind, error, sent) is not None:
        sent += 1
    assert sent == times


@pytest.mark.parametrize(("status", "times"), [(204, 1), (404, 1), (429, 3), (500, 3), (503, 3)])
def test_how_often_a_sign_out_is_asked_for(status: int, times: int) -> None:
    sent = 1
    while pause_before_next_sign_out(status, sent) is not None:
        sent += 1
    assert sent == times


def test_a_seat_is_tried_for_in_seconds_and_no_longer_than_somebody_waits() -> None:
    policy, full = RetryPolicy(), errors.SeatLimitReached("full")
    pauses = [pause_before_next_seat(policy, full, attempt, 600) or 0 for attempt in range(1, 9)]
    assert 1 <= pauses[0] <= 2
    assert pauses[-1] >= 15
    assert pause_before_next_seat(policy, full, 8, 0.5) == 0.5
    assert pause_before_next_seat(policy, full, 1, 0) is None
    full.retry_after = 7
    assert pause_before_next_seat(policy, full, 1, 600) == 7


@pytest.mark.parametrize(
    ("kind", "status", "again"),
    [
        (READ, 401, True),
        (READ, 200, True),
        (WRITE, 401, True),
        (WRITE, 302, True),
        (WRITE, 200, False),
    ],
)
def test_when_a_new_sign_in_may_help(kind: RequestKind, status: int, again: bool) -> None:
    assert may_sign_in_again(kind, errors.SessionExpired("ended", status=status)) is again
    assert not may_sign_in_again(kind, errors.AccessDenied("no rights", status=status))
