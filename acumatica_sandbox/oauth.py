"""OAuth 2.0 and OpenID Connect, below `/identity`.

Flows, scopes and the sessions they take are those of the Integration Development Guide
("Authorizing Client Applications to Work with Acumatica ERP"). Opening a token's session at its
first use is our guess.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import Failure, http_error, json_answer, not_found
from acumatica_sandbox.sessions import ApiSession, NoSeat, SignInRefused
from acumatica_sandbox.site import Site
from acumatica_sandbox.tokens import (
    CLIENT_ID,
    CLIENT_SECRET,
    LIFETIME,
    REFRESH_LIFETIME,
    Grant,
    Issued,
    Tokens,
)

SCOPES = {
    "api",
    "offline_access",
    "api:concurrent_access",
    "openid",
    "profile",
    "email",
    "phone",
}


class Refused(Exception):
    """The protocol's error code."""


async def answer(site: Site, request: Request, path: str) -> Response:
    """One request below `/identity`."""
    if path == "identity/.well-known/openid-configuration":
        return _discovery(site, request)
    if path == "identity/connect/token" and request.method == "POST":
        form = dict(parse_qsl((await request.body()).decode("latin-1"), keep_blank_values=True))
        try:
            return json_answer(_token(site, form))
        except Refused as refusal:
            return json_answer({"error": str(refusal)}, 400)
    if path == "identity/connect/authorize" and request.method == "GET":
        return _authorize(site, request.query_params)
    if path == "identity/connect/userinfo" and request.method == "GET":
        return _userinfo(site, request)
    return not_found(path)


def session_of(site: Site, token: str, cookie: str | None) -> ApiSession | None:
    """The session that a Bearer token stands for; opened at the token's first use.

    Raises:
        Failure: no seat is left.
    """
    issued = site.tokens.access.get(token)
    if issued is None or issued.expires < site.clock.now() or "api" not in _api(issued.grant):
        return None
    grant = issued.grant
    several = "api:concurrent_access" in grant.scopes
    if several:
        session = site.sessions.find(cookie) if cookie in grant.session_ids else None
    else:
        session = site.sessions.find(grant.session_id)
    if session is not None:
        return session
    lifetime = None if several else (issued.expires - site.clock.now()).total_seconds()
    try:
        session = site.sessions.open(grant.tenant, grant.user, lifetime)
    except NoSeat as refusal:
        raise Failure(
            http_error(site.options.login_limit_status, f"Error: {refusal}", refusal.kind)
        ) from None
    grant.session_id = session.id
    grant.session_ids.add(session.id)
    return session


def _api(grant: Grant) -> set[str]:
    return {"api"} if grant.scopes & {"api", "api:concurrent_access"} else set()


def _token(site: Site, form: Mapping[str, str]) -> dict[str, object]:
    kind = form.get("grant_type")
    if kind not in ("password", "refresh_token", "authorization_code"):
        raise Refused("unsupported_grant_type")
    tenant = _client(site, form)
    if kind == "password":
        scopes = _scopes(form.get("scope", "api"))
        try:
            user = site.sessions.check(form.get("username"), form.get("password"))
        except SignInRefused:
            raise Refused("invalid_grant") from None
        return _issue(site, Grant(scopes, tenant, user))
    if kind == "refresh_token":
        issued = site.tokens.refresh.pop(form.get("refresh_token", ""), None)
        if issued is None or issued.expires < site.clock.now():
            raise Refused("invalid_grant")
        session = site.sessions.find(issued.grant.session_id)
        if session is not None and session.ends is not None:
            site.sessions.prolong(session, LIFETIME)
        return _issue(site, issued.grant)
    issued = site.tokens.codes.pop(form.get("code", ""), None)
    if issued is None or issued.expires < site.clock.now():
        raise Refused("invalid_grant")
    if issued.redirect != form.get("redirect_uri"):
        raise Refused("invalid_grant")
    if issued.challenge is not None:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != issued.challenge:
            raise Refused("invalid_grant")
    return _issue(site, issued.grant)


def _client(site: Site, form: Mapping[str, str]) -> str:
    """The tenant that the client id is registered in."""
    identity, _, tenant = form.get("client_id", "").partition("@")
    secret = form.get("client_secret", "")
    known = identity.lower() == CLIENT_ID and tenant in site.options.tenants
    if not known or not secrets.compare_digest(secret.encode(), CLIENT_SECRET.encode()):
        raise Refused("invalid_client")
    return tenant


def _scopes(text: str) -> frozenset[str]:
    scopes = frozenset(text.split())
    if not scopes or not scopes <= SCOPES:
        raise Refused("invalid_scope")
    return scopes


def _issue(site: Site, grant: Grant) -> dict[str, object]:
    access, now = Tokens.new(), site.clock.now()
    site.tokens.access[access] = Issued(grant, now + timedelta(seconds=LIFETIME))
    document: dict[str, object] = {
        "access_token": access,
        "expires_in": LIFETIME,
        "token_type": "Bearer",
        "scope": " ".join(sorted(grant.scopes)),
    }
    if "offline_access" in grant.scopes:
        refresh = Tokens.new()
        site.tokens.refresh[refresh] = Issued(grant, now + timedelta(seconds=REFRESH_LIFETIME))
        document["refresh_token"] = refresh
    return document


def _authorize(site: Site, parameters: Mapping[str, str]) -> Response:
    """Consents at once, as the sandbox's user, where a server shows a page to sign in."""
    identity, _, tenant = parameters.get("client_id", "").partition("@")
    target = parameters.get("redirect_uri", "")
    known = identity.lower() == CLIENT_ID and tenant in site.options.tenants
    if not known or urlsplit(target).scheme not in ("http", "https"):
        return json_answer({"error": "unauthorized_client"}, 400)
    state = {"state": parameters["state"]} if "state" in parameters else {}
    try:
        if parameters.get("response_type") != "code":
            raise Refused("unsupported_response_type")
        scopes = _scopes(parameters.get("scope", "api"))
    except Refused as refusal:
        return _back(target, {"error": str(refusal), **state})
    grant = Grant(scopes, tenant, site.options.username)
    code = Tokens.new()
    expires = site.clock.now() + timedelta(minutes=5)
    challenge = parameters.get("code_challenge")
    site.tokens.codes[code] = Issued(grant, expires, challenge, target)
    return _back(target, {"code": code, **state})


def _back(target: str, parameters: Mapping[str, str]) -> Response:
    joint = "&" if "?" in target else "?"
    return Response(
        status_code=302, headers={"Location": f"{target}{joint}{urlencode(parameters)}"}
    )


def _userinfo(site: Site, request: Request) -> Response:
    token = request.headers.get("Authorization", "").partition(" ")[2]
    issued = site.tokens.access.get(token)
    if issued is None or issued.expires < site.clock.now():
        return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
    user = issued.grant.user
    return json_answer({"sub": user, "preferred_username": user})


def _discovery(site: Site, request: Request) -> Response:
    base = f"{str(request.base_url).rstrip('/')}{site.prefix}/identity"
    return json_answer(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/connect/authorize",
            "token_endpoint": f"{base}/connect/token",
            "userinfo_endpoint": f"{base}/connect/userinfo",
            "scopes_supported": sorted(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "password", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
        }
    )
