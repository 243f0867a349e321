import logging
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_sandbox.identity.tokens import CLIENT_ID, CLIENT_SECRET
from acumatica_source.client import AcumaticaClient, errors
from acumatica_source.client.oauth import Application, MemoryStore, OAuthCode, OAuthPassword
from acumatica_source.client.pool import SeatBudget, SessionPool
from acumatica_source.client.session import Session

from .conftest import FAST
from .server import Reply, ScriptedServer, Seen, data


class Identity:
    """A token endpoint: refresh tokens rotate, and access tokens can be made to die."""

    def __init__(self, server: ScriptedServer, lasts: int = 3600, refreshes: bool = True) -> None:
        self.lasts, self.refreshes = lasts, refreshes
        self.asked: list[dict[str, str]] = []
        self.refresh, self.count = "", 0
        self.alive: set[str] = set()
        self.refusal: Reply | None = None
        server.script = self.answer

    def answer(self, seen: Seen) -> Reply:
        if seen.path == "/Site/identity/connect/token":
            form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
            self.asked.append(form)
            return self.grant(form)
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        return data([token]) if token in self.alive else Reply(401)

    def grant(self, form: dict[str, str]) -> Reply:
        if self.refusal is not None:
            return self.refusal
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh:
            return data({"error": "invalid_request"}, 400)
        self.count += 1
        access = f"access-{self.count}"
        self.alive.add(access)
        answer = {"access_token": access, "expires_in": self.lasts, "token_type": "Bearer"}
        if self.refreshes:
            self.refresh = answer["refresh_token"] = f"refresh-{self.count}"
        return data(answer)

    @property
    def grants(self) -> list[str]:
        return [form["grant_type"] for form in self.asked]


@pytest.fixture
def application(server: ScriptedServer) -> Application:
    return Application(server.base_url, "GUID@Company", "s3cret-value")


@pytest.fixture
def password(application: Application) -> OAuthPassword:
    return OAuthPassword(application, "admin", "Pa$$w0rd!")


def test_a_password_grant(server: ScriptedServer, password: OAuthPassword) -> None:
    identity = Identity(server)
    with Session(password, FAST) as session:
        assert session.get_bytes("entity").content == b'["access-1"]'
    assert identity.asked == [
        {
            "grant_type": "password",
            "username": "admin",
            "password": "Pa$$w0rd!",
            "client_id": "GUID@Company",
            "client_secret": "s3cret-value",
            "scope": "api offline_access",
        }
    ]
    assert server.logins == 0
    assert server.logouts == 1
    assert server.seen[-1].headers["authorization"] == "Bearer access-1"


def test_a_refused_token_is_refreshed_once(server: ScriptedServer, password: OAuthPassword) -> None:
    identity = Identity(server)
    with Session(password, FAST) as session:
        session.get_bytes("entity")
        for turn in (2, 3):
            identity.alive.clear()
            assert session.get_bytes("entity").content == f'["access-{turn}"]'.encode()
    assert identity.grants == ["password", "refresh_token", "refresh_token"]
    assert [form.get("refresh_token") for form in identity.asked[1:]] == ["refresh-1", "refresh-2"]


def test_a_token_about_to_end_is_refreshed_before(
    server: ScriptedServer, password: OAuthPassword
) -> None:
    identity = Identity(server, lasts=0)
    with Session(password, FAST) as session:
        session.get_bytes("entity")
        session.get_bytes("entity")
    assert identity.grants == ["password", "refresh_token"]
    assert not [seen for seen in server.reads if seen.headers.get("authorization") == "Bearer "]
    assert server.logouts == 1


def test_a_dead_refresh_token_gives_way_to_the_password(
    server: ScriptedServer, password: OAuthPassword
) -> None:
    identity = Identity(server)
    with Session(password, FAST) as session:
        session.get_bytes("entity")
        identity.alive.clear()
        identity.refresh = "revoked"
        session.get_bytes("entity")
    assert identity.grants == ["password", "refresh_token", "password"]


def test_without_refresh_tokens_the_password_is_used(
    server: ScriptedServer, password: OAuthPassword
) -> None:
    identity = Identity(server, refreshes=False)
    with Session(password, FAST) as session:
        session.get_bytes("entity")
        identity.alive.clear()
        session.get_bytes("entity")
    assert identity.grants == ["password", "password"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (data({"error": "invalid_client"}, 400), errors.AuthenticationError),
        (data({"error": "invalid_grant"}, 400), errors.InvalidCredentials),
        (data({"error": "unsupported_grant_type"}, 400), errors.AuthenticationError),
        (data({"message": "API Login Limit"}, 500), errors.SeatLimitReached),
        (Reply(404), errors.EndpointNotFound),
        (data({"token": "x"}), errors.UnexpectedAnswer),
        (Reply(200, b"<html>"), errors.UnexpectedAnswer),
        (data({"access_token": "a\r\nb: c"}), errors.UnexpectedAnswer),
    ],
)
def test_a_refused_grant_is_not_repeated(
    server: ScriptedServer, password: OAuthPassword, reply: Reply, kind: type[Exception]
) -> None:
    identity = Identity(server)
    identity.refusal = reply
    with Session(password, FAST) as session, pytest.raises(kind):
        session.get_bytes("entity")
    assert len(identity.asked) == 1


def test_odata_by_bearer(server: ScriptedServer, password: OAuthPassword) -> None:
    Identity(server)
    with Session(password, FAST) as session:
        session.get_bytes("t/Company/api/odata/gi/X")
    assert server.reads[-1].headers["authorization"] == "Bearer access-1"


def test_consent_in_a_browser(server: ScriptedServer, application: Application) -> None:
    identity = Identity(server)
    store = MemoryStore()
    consent = OAuthCode(application, "http://localhost:5000/back", store)
    asked = urlsplit(consent.url)
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    assert asked.path == "/Site/identity/connect/authorize"
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    consent.accept(f"http://localhost:5000/back?code=c0de&state={query['state']}")
    with Session(consent, FAST) as session:
        session.get_bytes("entity")
    form = identity.asked[0]
    assert form["grant_type"] == "authorization_code"
    assert form["code"] == "c0de"
    assert len(form["code_verifier"]) >= 43
    # A later program needs the stored token only.
    with Session(OAuthCode(application, "http://localhost:5000/back", store), FAST) as session:
        session.get_bytes("entity")
    assert identity.grants == ["authorization_code", "refresh_token"]
    assert store.load() == "refresh-2"


def test_a_code_is_used_once(server: ScriptedServer, application: Application) -> None:
    identity = Identity(server, refreshes=False)
    consent = OAuthCode(application, "http://localhost/back")
    state = parse_qs(urlsplit(consent.url).query)["state"][0]
    consent.accept(f"http://localhost/back?code=c&state={state}")
    with Session(consent, FAST) as session:
        session.get_bytes("entity")
        identity.alive.clear()
        with pytest.raises(errors.AuthenticationError, match="browser"):
            session.get_bytes("entity")
    assert len(identity.asked) == 1


@pytest.mark.parametrize(
    "answer",
    ["?code=c", "?code=c&state=other", "?state={state}", "?error=access_denied&state={state}"],
)
def test_consents_of_others_and_refusals(application: Application, answer: str) -> None:
    consent = OAuthCode(application, "http://localhost/back")
    state = parse_qs(urlsplit(consent.url).query)["state"][0]
    with pytest.raises((errors.ConfigurationError, errors.AuthenticationError)):
        consent.accept("http://localhost/back" + answer.format(state=state))


def test_sessions_share_a_consent(server: ScriptedServer, application: Application) -> None:
    identity = Identity(server)
    consent = OAuthCode(application, "http://localhost/back")
    state = parse_qs(urlsplit(consent.url).query)["state"][0]
    consent.accept(f"http://localhost/back?code=c&state={state}")
    both = threading.Barrier(2)
    problems: list[Exception] = []

    def work(session: Session) -> None:
        both.wait(5)
        session.get_bytes("entity")

    def run(pool: SessionPool) -> None:
        try:
            pool.run(work)
        except Exception as error:
            problems.append(error)

    with SessionPool(consent, SeatBudget(sessions=2), FAST) as pool:
        for _ in range(3):
            threads = [threading.Thread(target=run, args=(pool,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            identity.alive.clear()
    assert not problems
    refreshed = [form["refresh_token"] for form in identity.asked[1:]]
    assert len(set(refreshed)) == len(refreshed)  # none was used twice
    assert server.logouts == 2


def test_tokens_are_never_shown(
    server: ScriptedServer, password: OAuthPassword, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    identity = Identity(server)
    with Session(password, FAST) as session:
        session.get_bytes("entity")
        words = {"error": "x", "error_description": "access-1 refresh-1 s3cret-value Pa$$w0rd!"}
        identity.alive.clear()
        identity.refusal = data(words, 500)
        with pytest.raises(errors.AuthenticationError) as caught:
            session.get_bytes("entity")
        shown = [caplog.text, str(caught.value), repr(vars(caught.value)), repr(session.auth)]
        shown += [repr(password), repr(password.application), repr(session)]
    for secret in ("access-1", "refresh-1", "s3cret-value", "Pa$$w0rd!"):
        assert not [text for text in shown if secret in text]


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": "http://erp.example.com"},
        {"client_id": ""},
        {"client_secret": ""},
        {"scope": "offline_access"},
    ],
)
def test_wrong_applications_are_refused(arguments: dict[str, str]) -> None:
    good = {"base_url": "https://erp.example.com", "client_id": "a@b", "client_secret": "c"}
    with pytest.raises(errors.ConfigurationError):
        Application(**{**good, **arguments})


def test_a_sign_in_carries_no_token_of_before(
    server: ScriptedServer, password: OAuthPassword
) -> None:
    identity = Identity(server)
    with Session(password, FAST) as session:
        session.get_bytes("entity")
        identity.alive.clear()
        session.get_bytes("entity")
    asked = [seen for seen in server.seen if "identity" in seen.path]
    assert len(asked) == 2
    assert not [seen for seen in asked if "authorization" in seen.headers]


ENTITY = "entity/Default/24.200.001/Customer"


@pytest.mark.parametrize(
    ("scope", "consent", "seats"),
    [
        ("api", False, 2),
        ("api offline_access", False, 2),
        ("api offline_access", True, 1),
        ("api offline_access api:concurrent_access", False, 2),
        ("api offline_access api:concurrent_access", True, 2),
    ],
)
def test_seats_of_grants(scope: str, consent: bool, seats: int) -> None:
    with Sandbox(SandboxOptions(records=100)) as sandbox:
        client_id = f"{CLIENT_ID}@{sandbox.tenant}"
        application = Application(sandbox.base_url, client_id, CLIENT_SECRET, scope)
        credentials: OAuthCode | OAuthPassword
        if consent:
            credentials = OAuthCode(application, "http://localhost:5000/back")
            page = requests.get(credentials.url, allow_redirects=False, timeout=10)
            credentials.accept(page.headers["Location"])
        else:
            credentials = OAuthPassword(application, sandbox.username, sandbox.password)
        pool = SessionPool(credentials, SeatBudget(sessions=2), FAST)
        with pool, pool.seat() as one, pool.seat() as other:
            for _ in range(2):
                one.get_bytes(ENTITY)
                other.get_bytes(ENTITY)
                assert sandbox.control.counters()["seats_now"] == seats
                sandbox.control.advance(3700)  # tokens run out
        assert sandbox.control.counters()["seats_now"] == 0


def test_services_over_any_session(server: ScriptedServer, password: OAuthPassword) -> None:
    Identity(server)
    with AcumaticaClient.over(Session(password, FAST), "Company") as client:
        assert client.customers.get_customers("24.200.001") == ["access-1"]
        assert client.inquiries.execute_generic_inquiry.__doc__
    assert server.logouts == 1
