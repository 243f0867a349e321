"""What servers say where they are short of seats, or refuse a sign-in, in all its wordings."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_sandbox.identity.tokens import CLIENT_ID, CLIENT_SECRET
from acumatica_source.client import errors
from acumatica_source.client.classify import classify, classify_error_page, leads_to_error_page
from acumatica_source.client.oauth import Application, OAuthPassword
from acumatica_source.client.pool import SeatBudget, SessionPool
from acumatica_source.client.session import Credentials, Session

from .conftest import FAST
from .server import Reply, ScriptedServer, data, failure, scripted_server

URL = "https://erp.example.com/Site/entity/Default/25.200.001/Vendor"
PAGE = "/Site/Frames/Error.aspx?typeID=error&errorcode=110&message="
ACCOUNTS = "entity/Default/24.200.001/Account"
SEATS = [
    "API Login Limit",
    "API login limit has been exceeded.",
    "PX.Data.ApiLoginLimitReachedException: refused",
    "api_login_limit",
    "The number of concurrent API logins for the admin user has been reached. To increase it, "
    "use the Users (SM201010) form.",
    "Max. Number of Concurrent API Logins exceeded",
    "The maximum number of concurrent web services API users is reached.",
    "The number of API sessions allowed for your license has been reached",
]


def said(status: int, words: str, form: str) -> errors.AcumaticaError:
    """What an answer with these words means, written in one of the forms that there are."""
    bodies = {
        "exception": {"message": "An error has occurred.", "exceptionMessage": words},
        "inner": {"message": "x", "innerException": {"message": words}},
        "message": {"message": words},
        "oauth": {"error": "invalid_grant", "error_description": words},
        "odata": {"error": {"code": "", "message": words}},
    }
    body = json.dumps(bodies[form]).encode() if form in bodies else words.encode()
    return classify(status, "application/json", body, method="GET", url=URL)


@pytest.mark.parametrize("words", SEATS)
@pytest.mark.parametrize("form", ["exception", "inner", "message", "oauth", "odata", "text"])
def test_every_wording_of_a_seat_limit_is_one(words: str, form: str) -> None:
    for status in (400, 401, 403, 429, 500):
        error = said(status, words, form)
        assert type(error) is errors.SeatLimitReached
        assert "Sign out elsewhere, or wait" in str(error)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (409, ""),
        (409, "A long operation is running for this screen in the current session."),
        (409, "Für dieses Formular läuft ein Vorgang."),
        (500, "A long-running operation is already in progress for this form."),
        (500, "The previous operation has not been completed yet."),
    ],
)
def test_a_form_kept_by_a_long_operation(status: int, words: str) -> None:
    error = said(status, words, "message" if words else "text")
    assert type(error) is errors.OperationRunning
    assert error.retryable


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        ("invalid_grant", errors.InvalidCredentials, "user name and password"),
        ("invalid_client", errors.AuthenticationError, "identifier and secret"),
        ("invalid_scope", errors.AuthenticationError, "scope"),
        ("unauthorized_client", errors.AuthenticationError, "which flow"),
        ("unsupported_grant_type", errors.AuthenticationError, "which flow"),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 500])
def test_what_oauth_refuses_is_what_to_check(
    code: str, kind: type[Exception], advice: str, status: int
) -> None:
    body = json.dumps({"error": code, "error_description": "Refused."}).encode()
    error = classify(status, "application/json", body, method="POST", url=URL)
    assert type(error) is kind
    assert f"{code} Refused. Check" in str(error)
    assert advice in str(error)


@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        ("message=The%20API%20Login%20Limit", errors.SeatLimitReached, "The API Login Limit"),
        ("a=1&Message=API+Login+Limit&b=2", errors.SeatLimitReached, "API Login Limit"),
        ("message=API%2520Login%2520Limit", errors.SeatLimitReached, "API Login Limit"),
        ("error=x&error_description=API%20Login%20Limit", errors.SeatLimitReached, "Login"),
        ("message=Invalid%20credentials", errors.InvalidCredentials, "Invalid credentials"),
        ("message=Something%20else%2E", errors.ServerError, "Something else."),
        ("message=Say%20hunter2", errors.ServerError, "Say ***"),
        ("message=%20&typeID=error", errors.ServerUnavailable, ""),
        ("typeID=error", errors.ServerUnavailable, ""),
        ("", errors.ServerUnavailable, ""),
    ],
)
@pytest.mark.parametrize("page", ["https://erp/Site/Frames/Error.aspx", "/frames/ERROR.ASPX"])
def test_an_error_page_is_read(query: str, kind: type[Exception], words: str, page: str) -> None:
    location = f"{page}?{query}"
    assert leads_to_error_page(location)
    error = classify_error_page(location, status=302, method="GET", url=URL, secrets=("hunter2",))
    assert type(error) is kind
    assert ("may be broken" in str(error)) is (kind is errors.ServerUnavailable)
    assert words in str(error)


@pytest.mark.alone
@pytest.mark.parametrize(
    "words",
    ["a" * 60_000, "a." * 30_000, "a:" * 30_000, "a b" * 20_000, " " * 60_000, "View " * 12_000],
)
@pytest.mark.parametrize("end", ["", ":", " has BQL delegate", "\r\nA: View B has BQL delegate"])
def test_long_words_are_understood_at_once(words: str, end: str) -> None:
    begun = time.monotonic()
    text = f"Optimization cannot be performed.The following fields cause the error:\r\n{words}{end}"
    assert type(said(500, text, "exception")) is errors.OptimizationError
    assert time.monotonic() - begun < 1


def signed_in() -> Reply:
    return Reply(204, headers={"Set-Cookie": "ASP.NET_SessionId=s; path=/"})


REFUSALS = [
    pytest.param(failure(SEATS[4]), id="500"),
    pytest.param(Reply(429), id="429"),
    pytest.param(Reply(302, headers={"Location": f"{PAGE}API%20Login%20Limit"}), id="302"),
    pytest.param(Reply(200, b"<html><title>API Login Limit</title></html>"), id="page"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_sign_in_waits_for_a_seat(
    server: ScriptedServer, credentials: Credentials, refusal: Reply
) -> None:
    replies = [refusal, signed_in()]
    server.on_login = lambda seen: replies.pop(0)
    with Session(credentials, FAST, seat_wait=20) as session:
        session.get_bytes("entity")
    assert server.logins == 2


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_pool_does_without_a_second_seat(
    server: ScriptedServer, credentials: Credentials, refusal: Reply
) -> None:
    server.on_login = lambda seen: signed_in() if server.logins == 1 else refusal
    with SessionPool(credentials, SeatBudget(sessions=2), FAST) as pool, pool.seat():
        assert pool.seats_open == 1
        with pool._changed:  # somebody else asks for a seat meanwhile
            pool._opening += 1
        assert pool._open(time.monotonic() + 60) is None
        assert pool.seats_open == 1


def test_an_error_page_without_words_may_be_a_broken_endpoint(
    server: ScriptedServer, credentials: Credentials
) -> None:
    server.on_login = lambda seen: Reply(302, headers={"Location": "/Site/ui/error"})
    with pytest.raises(errors.ServerUnavailable, match="SM207060"):
        Session(credentials, FAST).login()


def test_a_read_that_is_led_to_an_error_page_says_its_words(
    server: ScriptedServer, session: Session
) -> None:
    server.queue(Reply(302, headers={"Location": f"{PAGE}No%20rights%20to%20this%20form."}))
    with pytest.raises(errors.ServerError, match=r"302: No rights to this form\. See"):
        session.get_bytes("entity")
    assert len(server.reads) == 1


# -- OAuth ------------------------------------------------------------------------------------


@pytest.fixture
def password(server: ScriptedServer) -> OAuthPassword:
    return OAuthPassword(Application(server.base_url, "GUID@Company", "s3cret"), "admin", "Pa$$")


def granting(server: ScriptedServer, *refusals: Reply, answers: Callable[[], Reply]) -> list[str]:
    """Have a server refuse so many tokens, then grant them; returns what is asked for."""
    asked: list[str] = []
    rest = list(refusals)

    def answer(seen: Any) -> Reply:
        if not seen.path.endswith("/connect/token"):
            return answers()
        asked.append(seen.body.decode())
        if rest:
            return rest.pop(0)
        return data({"access_token": f"t{len(asked)}", "expires_in": 1, "refresh_token": "r"})

    server.script = answer
    return asked


@pytest.mark.parametrize(
    "refusal",
    [
        *REFUSALS[:3],
        pytest.param(
            data({"error": "invalid_grant", "error_description": SEATS[4]}, 400), id="400"
        ),
    ],
)
def test_a_token_waits_for_a_seat(
    server: ScriptedServer, password: OAuthPassword, refusal: Reply
) -> None:
    asked = granting(server, refusal, answers=lambda: data([]))
    with Session(password, FAST, seat_wait=20) as session:
        session.get_bytes("entity")
    assert len(asked) == 2


@pytest.mark.parametrize("refusal", REFUSALS[:1] + REFUSALS[2:3])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_session_that_is_counted_when_used_first_is_waited_for(
    server: ScriptedServer, password: OAuthPassword, refusal: Reply, method: str
) -> None:
    replies = [refusal, data([1])]
    granting(server, answers=lambda: replies.pop(0))
    with Session(password, FAST, seat_wait=20) as session:
        assert session.request(method, "entity/X").json() == [1]


@pytest.mark.parametrize("form", ["answer", "page"])
@pytest.mark.parametrize("limit", ["seats", "seats_per_user"])
def test_a_pool_of_tokens_does_without_a_second_seat(form: str, limit: str) -> None:
    limits: dict[str, Any] = {"seat_refusal": form, limit: 1, "license": "unlimited"}
    with Sandbox(SandboxOptions(records=50, **limits)) as erp:
        application = Application(erp.base_url, f"{CLIENT_ID}@{erp.tenant}", CLIENT_SECRET)
        user = OAuthPassword(application, erp.username, erp.password)
        with SessionPool(user, SeatBudget(sessions=2, wait_seconds=30), FAST) as pool:
            with pool.seat() as first:
                first.get_bytes(ACCOUNTS)
                asked = ThreadPoolExecutor(1).submit(
                    pool.run, lambda session: session.get_bytes(ACCOUNTS)
                )
                while erp.control.counters()["requests"] < 2 and not asked.done():
                    time.sleep(0.01)
            assert asked.result(20).content[:1] == b"["
            assert erp.control.counters()["seats_max"] == 1


def test_no_longer_than_somebody_waits(server: ScriptedServer, password: OAuthPassword) -> None:
    granting(server, answers=lambda: failure(SEATS[4]))
    with Session(password, FAST) as session, pytest.raises(errors.SeatLimitReached):
        session.get_bytes("entity")


def test_a_refresh_refused_for_want_of_a_seat_keeps_the_token(
    server: ScriptedServer, password: OAuthPassword
) -> None:
    refusals: list[Reply] = []
    asked = granting(server, answers=lambda: data([]))
    with Session(password, FAST, seat_wait=20) as session:
        session.get_bytes("entity")
        granting_script = server.script

        def answer(seen: Any) -> Reply:
            if seen.path.endswith("/connect/token") and not refusals:
                refusals.append(data({"error_description": SEATS[4], "error": "x"}, 400))
                return refusals[0]
            return granting_script(seen)

        server.script = answer
        session._seating.renew(20)
    assert len(refusals) == 1
    assert "grant_type=refresh_token" in asked[-1]


# -- what tracebacks show ---------------------------------------------------------------------


def values_in(error: BaseException) -> Iterator[tuple[str, str]]:
    """The variables of all frames that an error and its contexts came through."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        trace = cause.__traceback__
        while trace is not None:
            if "/tests/" not in trace.tb_frame.f_code.co_filename:
                for name, value in trace.tb_frame.f_locals.items():
                    yield f"{trace.tb_frame.f_code.co_name}: {name}", repr(value)
            trace = trace.tb_next
        cause = cause.__cause__ or cause.__context__


@pytest.mark.parametrize("oauth", [False, True], ids=["cookies", "oauth"])
@pytest.mark.parametrize(
    "reply",
    [
        failure("Invalid credentials"),
        Reply(302, headers={"Location": PAGE + "Pa%24%24w0rd!"}),
        Reply(500, b"Pa$$w0rd!"),
        Reply(reset=True),
        Reply(503),
    ],
    ids=["refused", "page", "echoed", "cut-off", "unavailable"],
)
def test_tracebacks_of_a_sign_in_show_no_password(reply: Reply, oauth: bool) -> None:
    with scripted_server() as server:
        server.on_login, server.script = (lambda seen: reply), (lambda seen: reply)
        credentials: Any = Credentials(server.base_url, "admin", "Pa$$w0rd!")
        if oauth:
            application = Application(server.base_url, "GUID@Company", "s3cret")
            credentials = OAuthPassword(application, "admin", "Pa$$w0rd!")
        with Session(credentials, FAST) as session, pytest.raises(errors.AcumaticaError) as caught:
            session.get_bytes("entity")
        shown = [
            name
            for name, value in values_in(caught.value)
            if "Pa$$w0rd!" in value or "Pa%24%24w0rd" in value or "s3cret" in value
        ]
        assert shown == []
