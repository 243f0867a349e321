"""OAuth 2.0 (Integration Development Guide: Authorizing Client Applications)."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

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


def test_a_code_is_exchanged_with_its_proof(desk: Desk) -> None:
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": desk.sandbox.client_id,
        "redirect_uri": "http://localhost:1/back",
        "scope": "api offline_access",
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }

    def code() -> str:
        url = f"{desk.site}/identity/connect/authorize"
        sent = requests.get(url, params=asked, allow_redirects=False)
        back = parse_qs(urlsplit(sent.headers["Location"]).query)
        assert back["state"] == ["s1"]
        return back["code"][0]

    form = {"grant_type": "authorization_code", "redirect_uri": asked["redirect_uri"]}
    assert token(desk, code=code(), code_verifier="wrong", **form).status_code == 400
    assert "access_token" in token(desk, code=code(), code_verifier=verifier, **form).json()


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "password", "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "password", "client_id": "x@Company"}, "invalid_client"),
        ({"grant_type": "password", "username": "admin", "password": "no"}, "invalid_grant"),
        ({"grant_type": "password", "scope": "everything"}, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_errors_are_those_of_the_protocol(desk: Desk, form: dict[str, str], error: str) -> None:
    answer = token(desk, **form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_the_discovery_document_leads_to_the_endpoints(desk: Desk) -> None:
    found = requests.get(f"{desk.site}/identity/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == f"{desk.site}/identity/connect/token"
