"""OAuth 2.0 (Integration Development Guide: Authorizing Client Applications)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.desk import Desk, Start


def token(desk: Desk, **form: str) -> requests.Response:
    client = {"client_id": desk.sandbox.client_id, "client_secret": desk.sandbox.client_secret}
    return requests.post(f"{desk.site}/identity/connect/token", data={**client, **form})


def by_password(desk: Desk, scope: str = "api offline_access") -> dict[str, Any]:
    form = {"grant_type": "password", "username": "admin", "password": "sandbox", "scope": scope}
    answer = token(desk, **form)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def customers(desk: Desk, access: str, **cookies: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {access}"}
    url = f"{desk.endpoint}/Customer?$top=1"
    return requests.get(url, headers=headers, cookies=cookies)


def test_a_password_buys_an_hour_and_a_rotating_refresh_token(start: Start) -> None:
    """IDG: Resource Owner Password Flow; Refreshing the Access Token."""
    with start() as desk:
        desk.sign_out()
        first = by_password(desk)
        assert (first["expires_in"], first["token_type"]) == (3600, "Bearer")
        assert customers(desk, first["access_token"]).status_code == 200
        desk.sandbox.control.advance(3601)
        assert customers(desk, first["access_token"]).status_code == 401
        renewal = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = token(desk, **renewal).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert customers(desk, second["access_token"]).status_code == 200
        assert token(desk, **renewal).json() == {"error": "invalid_grant"}


def test_a_refreshed_token_keeps_its_seat(start: Start) -> None:
    with start() as desk:
        desk.sign_out()
        bought = by_password(desk)
        for _ in range(3):
            customers(desk, bought["access_token"])
            renewal = {"grant_type": "refresh_token", "refresh_token": bought["refresh_token"]}
            bought = token(desk, **renewal).json()
        assert desk.sandbox.control.counters()["seats_now"] == 1


def test_every_new_grant_takes_a_seat_of_its_own(start: Start) -> None:
    with start() as desk:
        desk.sign_out()
        answers = [customers(desk, by_password(desk, "api")["access_token"]) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 500]
        assert "API Login Limit" in answers[-1].text
        desk.sandbox.control.advance(3601)
        assert desk.sandbox.control.counters()["seats_now"] == 0


def test_concurrent_access_takes_a_seat_for_every_client_without_cookies(start: Start) -> None:
    with start() as desk:
        desk.sign_out()
        access = by_password(desk, "api api:concurrent_access")["access_token"]
        first = customers(desk, access)
        assert customers(desk, access, **first.cookies.get_dict()).status_code == 200
        assert desk.sandbox.control.counters()["seats_now"] == 1
        customers(desk, access)
        assert desk.sandbox.control.counters()["seats_now"] == 2


def test_sign_out_with_a_token_frees_its_seat(start: Start) -> None:
    with start() as desk:
        desk.sign_out()
        access = by_password(desk)["access_token"]
        customers(desk, access)
        headers = {"Authorization": f"Bearer {access}"}
        requests.post(f"{desk.site}/entity/auth/logout", headers=headers)
        assert desk.sandbox.control.counters()["seats_now"] == 0


BACK = "http://localhost:1/back"


def authorize(desk: Desk, **asked: str) -> requests.Response:
    """What the browser is sent away with."""
    client = {"client_id": desk.sandbox.client_id, "redirect_uri": BACK}
    url = f"{desk.site}/identity/connect/authorize"
    return requests.get(url, params={**client, **asked}, allow_redirects=False)


def brought_back(answer: requests.Response, where: str = "fragment") -> dict[str, str]:
    """The parameters of the address that the browser is sent to."""
    assert answer.status_code == 302, answer.text
    place = urlsplit(answer.headers["Location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == BACK
    assert not (place.query if where == "fragment" else place.fragment)
    return {name: found[0] for name, found in parse_qs(getattr(place, where)).items()}


def exchange(desk: Desk, code: str, **form: str) -> requests.Response:
    exchanged = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}
    return token(desk, **{**exchanged, **form})


def url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(claims: Mapping[str, Any], secret: str, algorithm: str = "HS256") -> str:
    """A JSON Web Token."""
    header = {"alg": algorithm, "typ": "JWT"}
    text = ".".join(url64(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{url64(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def claims(desk: Desk, id_token: str) -> dict[str, Any]:
    """The claims of an id token, its signature checked."""
    text = id_token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=="))
    assert signed(found, desk.sandbox.client_secret) == id_token
    return found


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_a_code_is_exchanged_with_its_proof(desk: Desk, method: str) -> None:
    """IDG: Authorization Code Flow; RFC 7636."""
    verifier = "v" * 50
    digest = url64(hashlib.sha256(verifier.encode()).digest())
    proof = {
        "code_challenge": digest if method == "S256" else verifier,
        "code_challenge_method": method,
    }

    def code() -> str:
        sent = authorize(desk, response_type="code", scope="api", state="s1", **proof)
        back = brought_back(sent, "query")
        assert back["state"] == "s1"
        return back["code"]

    assert exchange(desk, code(), code_verifier="wrong").json() == {"error": "invalid_grant"}
    assert exchange(desk, code()).json() == {"error": "invalid_grant"}
    used = code()
    assert "access_token" in exchange(desk, used, code_verifier=verifier).json()
    assert exchange(desk, used, code_verifier=verifier).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("late", "form"),
    [(301, {}), (0, {"redirect_uri": "http://localhost:1/other"}), (0, {"code": "guessed"})],
    ids=["late", "another address", "unknown"],
)
def test_a_code_is_good_for_its_client_for_five_minutes(
    start: Start, late: int, form: dict[str, str]
) -> None:
    with start() as desk:
        code = brought_back(authorize(desk, response_type="code"), "query")["code"]
        desk.sandbox.control.advance(late)
        assert exchange(desk, **{"code": code, **form}).json() == {"error": "invalid_grant"}


FLOWS = {
    "token": {"access_token"},
    "id_token": {"id_token"},
    "id_token token": {"id_token", "access_token"},
    "code id_token": {"code", "id_token"},
    "code token": {"code", "access_token"},
    "code id_token token": {"code", "id_token", "access_token"},
}


@pytest.mark.parametrize("flow", FLOWS)
def test_implicit_and_hybrid_flows_bring_tokens_back_in_the_fragment(desk: Desk, flow: str) -> None:
    """IDG: Implicit Flow, Hybrid Flow; OpenID Connect Core."""
    asked = {"scope": "openid profile api offline_access", "state": "s 1", "nonce": "n1"}
    back = brought_back(authorize(desk, response_type=flow, **asked))
    assert set(back) & {"code", "id_token", "access_token"} == FLOWS[flow]
    assert back["state"] == "s 1"
    assert "refresh_token" not in back
    if "access_token" in back:
        assert (back["token_type"], back["expires_in"]) == ("Bearer", "3600")
    if "id_token" in back:
        told = claims(desk, back["id_token"])
        assert told["iss"] == f"{desk.site}/identity"
        assert told["aud"] == desk.sandbox.client_id
        assert (told["sub"], told["nonce"]) == ("admin", "n1")
        for name, kind in (("c_hash", "code"), ("at_hash", "access_token")):
            half = hashlib.sha256(back[kind].encode()).digest()[:16] if kind in back else None
            assert told.get(name) == (half and url64(half))
    if "code" in back:
        bought = exchange(desk, back["code"]).json()
        assert {"access_token", "refresh_token", "id_token"} <= set(bought)
        assert claims(desk, bought["id_token"])["nonce"] == "n1"


@pytest.mark.parametrize("flow", ["token", "code token", "code"])
@pytest.mark.parametrize(
    ("scope", "seats"), [("api", 1), ("api offline_access", 1), ("api api:concurrent_access", 2)]
)
def test_every_flow_takes_the_seats_of_its_scope_until_its_token_expires(
    start: Start, flow: str, scope: str, seats: int
) -> None:
    """IDG: Signing Out; a session a token, or one for every client without its cookies."""
    with start() as desk:
        desk.sign_out()
        asked = {"response_type": flow, "scope": scope}
        back = brought_back(authorize(desk, **asked), "query" if flow == "code" else "fragment")
        tokens = [back["access_token"]] if "access_token" in back else []
        tokens += [exchange(desk, back["code"]).json()["access_token"]] if "code" in back else []
        for access in (tokens[0], tokens[-1]):
            assert customers(desk, access).status_code == 200
        assert desk.sandbox.control.counters()["seats_now"] == seats
        desk.sandbox.control.advance(3601)
        assert [customers(desk, access).status_code for access in tokens] == [401] * len(tokens)
        assert desk.sandbox.control.counters()["seats_now"] == 0


def test_a_token_without_a_scope_of_the_api_opens_no_session(start: Start) -> None:
    with start() as desk:
        desk.sign_out()
        access = by_password(desk, "openid")["access_token"]
        assert customers(desk, access).status_code == 401
        assert desk.sandbox.control.counters()["seats_now"] == 0


@pytest.mark.parametrize(
    ("asked", "where", "error"),
    [
        ({}, "query", "invalid_request"),
        ({"response_type": "secret"}, "fragment", "unsupported_response_type"),
        ({"response_type": "token", "scope": "all"}, "fragment", "invalid_scope"),
        ({"response_type": "code", "scope": "all"}, "query", "invalid_scope"),
        (
            {"response_type": "code", "scope": "all", "response_mode": "fragment"},
            "fragment",
            "invalid_scope",
        ),
        ({"response_type": "token", "response_mode": "query"}, "fragment", "invalid_request"),
        ({"response_type": "code", "response_mode": "post"}, "query", "invalid_request"),
        (
            {"response_type": "code", "code_challenge": "x", "code_challenge_method": "MD5"},
            "query",
            "invalid_request",
        ),
        ({"response_type": "id_token", "scope": "api", "nonce": "n"}, "fragment", "invalid_scope"),
        ({"response_type": "id_token", "scope": "openid"}, "fragment", "invalid_request"),
    ],
    ids=lambda value: "-".join(value) or "nothing" if isinstance(value, dict) else value,
)
def test_refused_consents_go_back_to_the_client(
    desk: Desk, asked: dict[str, str], where: str, error: str
) -> None:
    """RFC 6749, 4.1.2.1 and 4.2.2.1."""
    back = brought_back(authorize(desk, state="s1", **asked), where)
    assert back == {"error": error, "state": "s1"}


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "x@Company"},
        {"redirect_uri": ""},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://[bad"},
        {"redirect_uri": "http://a/\r\nSet-Cookie: x=1"},
    ],
    ids=lambda asked: "".join(asked.values()) or "none",
)
def test_a_browser_is_not_sent_to_an_unknown_client(desk: Desk, asked: dict[str, str]) -> None:
    answer = authorize(desk, response_type="code", **asked)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert "Location" not in answer.headers


def assertion(desk: Desk, secret: str | None = None, **changed: Any) -> dict[str, str]:
    """How a client proves itself without sending its secret (RFC 7523)."""
    client = desk.sandbox.client_id
    stated: dict[str, Any] = {
        "iss": client,
        "sub": client,
        "aud": f"{desk.site}/identity/connect/token",
        "exp": int(time.time()) + 60,
        **changed,
    }
    return {
        "client_id": client,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed(stated, secret or desk.sandbox.client_secret),
    }


def test_a_client_can_prove_itself_by_an_assertion_once(desk: Desk) -> None:
    """IDG: Resource Owner Password Flow: Access Token (client_assertion)."""
    form = {"grant_type": "password", "username": "admin", "password": "sandbox"}
    url = f"{desk.site}/identity/connect/token"
    proof = assertion(desk, jti="once")
    assert "access_token" in requests.post(url, data={**form, **proof}).json()
    assert requests.post(url, data={**form, **proof}).json() == {"error": "invalid_client"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "another"},
        {"iss": "another"},
        {"sub": "another"},
        {"aud": "http://elsewhere/token"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": float("nan")},
        {"nbf": 10_000_000_000},
    ],
    ids=lambda wrong: "{}={}".format(*next(iter(wrong.items()))),
)
def test_an_assertion_that_proves_nothing_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    """RFC 7523, 3."""
    answer = token(desk, grant_type="password", **assertion(desk, **wrong))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize(
    "changed",
    [
        {"client_assertion": ""},
        {"client_assertion": "a.b.c"},
        {"client_assertion": "e30.e30."},
        {"client_assertion": "W10.W10.x"},
        {"client_assertion": "\u2603"},
        {"client_assertion_type": "password"},
    ],
    ids=lambda changed: "".join(changed.values()) or "empty",
)
def test_what_is_no_assertion_is_refused(desk: Desk, changed: dict[str, str]) -> None:
    answer = token(desk, grant_type="password", **{**assertion(desk), **changed})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "password", "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "password", "client_id": "x@Company"}, "invalid_client"),
        ({"grant_type": "password", "username": "admin", "password": "no"}, "invalid_grant"),
        ({"grant_type": "password", "scope": "everything"}, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "authorization_code"}, "invalid_grant"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_errors_are_those_of_the_protocol(desk: Desk, form: dict[str, str], error: str) -> None:
    """RFC 6749, 5.2."""
    answer = token(desk, **form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"grant_type":"password"}'),
        ("application/x-www-form-urlencoded", b"grant_type=password&grant_type=password"),
        ("application/x-www-form-urlencoded", b"\xff"),
        ("application/x-www-form-urlencoded", b"a=1&" * 1000),
    ],
    ids=["json", "twice", "bytes", "many"],
)
def test_what_is_no_form_is_an_invalid_request(desk: Desk, kind: str, body: bytes) -> None:
    url = f"{desk.site}/identity/connect/token"
    answer = requests.post(url, data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_a_refresh_cannot_ask_for_more_than_was_granted(desk: Desk) -> None:
    """RFC 6749, 6."""
    bought = by_password(desk)
    form = {"grant_type": "refresh_token", "refresh_token": bought["refresh_token"]}
    assert token(desk, scope="api openid", **form).json() == {"error": "invalid_scope"}


def test_a_refresh_token_lasts_thirty_days_from_its_last_use(start: Start) -> None:
    """IDG: Refreshing the Access Token."""
    with start() as desk:
        bought = by_password(desk)
        for days, works in ((29, True), (29, True), (31, False)):
            desk.sandbox.control.advance(days * 86_400)
            form = {"grant_type": "refresh_token", "refresh_token": bought["refresh_token"]}
            answer = token(desk, **form)
            assert (answer.status_code == 200) == works
            bought = answer.json()


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", {"sub"}),
        ("openid profile", {"sub", "name", "preferred_username"}),
        ("openid email phone", {"sub", "email", "email_verified", "phone_number"}),
    ],
)
def test_userinfo_tells_what_the_scopes_allow(desk: Desk, scope: str, names: set[str]) -> None:
    """OpenID Connect Core, 5.3 and 5.4."""
    headers = {"Authorization": f"Bearer {by_password(desk, scope)['access_token']}"}
    told = requests.get(f"{desk.site}/identity/connect/userinfo", headers=headers).json()
    assert set(told) == names


@pytest.mark.parametrize(
    ("scope", "late", "status"), [("api", 0, 403), ("openid", 3601, 401), (None, 0, 401)]
)
def test_userinfo_is_for_openid_tokens_that_are_good(
    start: Start, scope: str | None, late: int, status: int
) -> None:
    with start() as desk:
        access = by_password(desk, scope)["access_token"] if scope else "x"
        desk.sandbox.control.advance(late)
        headers = {"Authorization": f"Bearer {access}"}
        answer = requests.get(f"{desk.site}/identity/connect/userinfo", headers=headers)
    assert answer.status_code == status
    assert answer.headers["WWW-Authenticate"].startswith("Bearer error=")


def test_the_discovery_document_leads_to_what_works(desk: Desk) -> None:
    """IDG: OpenID Connect discovery; OpenID Connect Discovery, 3."""
    found = requests.get(f"{desk.site}/identity/.well-known/openid-configuration").json()
    assert found["issuer"] == f"{desk.site}/identity"
    assert found["token_endpoint"] == f"{desk.site}/identity/connect/token"
    assert requests.get(found["jwks_uri"]).json() == {"keys": []}
    assert requests.get(found["userinfo_endpoint"]).status_code == 401
    assert requests.get(found["token_endpoint"]).status_code == 405
    asked = {"scope": "openid api", "nonce": "n"}
    for flow in found["response_types_supported"]:
        back = authorize(desk, response_type=flow, **asked)
        assert "error" not in brought_back(back, "query" if flow == "code" else "fragment")


NAMES = st.sampled_from(
    [
        *("grant_type", "client_id", "client_secret", "scope", "code", "refresh_token", "nonce"),
        *("client_assertion", "client_assertion_type", "response_type", "response_mode", "state"),
        *("redirect_uri", "code_challenge", "code_challenge_method", "username", "password"),
    ]
)
WORDS = st.sampled_from(
    [
        *("password", "authorization_code", "refresh_token", "code", "token", "id_token", "plain"),
        *("api openid", "http://a/b", "http://a/b#c", "e30.e30.e30", "fragment", "S256", ""),
    ]
)


@given(asked=st.dictionaries(NAMES, WORDS | st.text(max_size=20), max_size=8), known=st.booleans())
@settings(max_examples=60, deadline=None)
def test_nothing_asked_breaks_the_identity_server(
    desk: Desk, asked: dict[str, str], known: bool
) -> None:
    client = {"client_id": desk.sandbox.client_id, "client_secret": desk.sandbox.client_secret}
    asked = {**asked, **client} if known else asked
    form = {name: value.encode("utf-8", "surrogatepass") for name, value in asked.items()}
    bought = requests.post(f"{desk.site}/identity/connect/token", data=form or b"x")
    assert bought.status_code in (200, 400)
    assert ("error" in bought.json()) == (bought.status_code == 400)
    url = f"{desk.site}/identity/connect/authorize"
    sent = requests.get(url, params=form, allow_redirects=False)
    assert sent.status_code in (302, 400)
