"""OAuth 2.0 and OpenID Connect, below `/identity`.

Flows, scopes and the sessions they take are those of the Integration Development Guide
("Authorizing Client Applications to Work with Acumatica ERP"). Opening a token's session at its
first use is our guess.
"""

import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import Failure, http_error, json_answer, not_found
from acumatica_sandbox.identity import signed_json
from acumatica_sandbox.identity.authorization import CHALLENGES, MODES, RESPONSE_TYPES, authorize
from acumatica_sandbox.identity.directory import Directory
from acumatica_sandbox.identity.id_tokens import claims_of, id_token
from acumatica_sandbox.identity.oauth_clients import authenticate
from acumatica_sandbox.identity.sessions import ApiSession, NoSeat, SignInRefused
from acumatica_sandbox.identity.tokens import LIFETIME, SCOPES, Code, Grant, Refused, scopes_of
from acumatica_sandbox.options import SandboxOptions

UNSTORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def answer(directory: Directory, request: Request, path: str) -> Response:
    """One request below `/identity`."""
    issuer = f"{str(request.base_url).rstrip('/')}{directory.options.prefix}/identity"
    place = path.removeprefix("identity/")
    methods = METHODS.get(place)
    if methods is None:
        return not_found(path)
    if request.method not in methods:
        return Response(status_code=405, headers={"Allow": ", ".join(methods)})
    if place == "connect/token":
        try:
            reply = json_answer(_token(directory, await _form(request), issuer))
        except Refused as refusal:
            reply = json_answer({"error": str(refusal)}, 400)
        reply.headers.update(UNSTORED)
        return reply
    if place == "connect/authorize":
        try:
            asked = await _form(request) if request.method == "POST" else request.query_params
        except Refused as refusal:
            return json_answer({"error": str(refusal)}, 400)
        return authorize(directory, asked, issuer)
    if place == "connect/userinfo":
        return _userinfo(directory, request)
    return json_answer({"keys": []} if place.endswith("jwks") else _discovery(issuer))


METHODS = {
    ".well-known/openid-configuration": ("GET",),
    ".well-known/jwks": ("GET",),
    "connect/authorize": ("GET", "POST"),
    "connect/token": ("POST",),
    "connect/userinfo": ("GET", "POST"),
}


def session_of(directory: Directory, token: str, cookie: str | None) -> ApiSession | None:
    """The session that a Bearer token stands for; opened at the token's first use.

    Raises:
        Failure: no seat is left.
    """
    issued = directory.tokens.accessed(token)
    if issued is None or not issued.grant.scopes & {"api", "api:concurrent_access"}:
        return None
    grant = issued.grant
    several = "api:concurrent_access" in grant.scopes
    if several:
        session = directory.sessions.find(cookie) if cookie in grant.session_ids else None
    else:
        session = directory.sessions.find(grant.session_id)
    if session is not None:
        return session
    lifetime = None if several else (issued.expires - directory.clock.now()).total_seconds()
    try:
        session = directory.sessions.open(grant.tenant, grant.user, lifetime)
    except NoSeat as refusal:
        raise Failure(no_seat(directory.options, refusal)) from None
    grant.session_id = session.id
    grant.session_ids.add(session.id)
    return session


def no_seat(options: SandboxOptions, refusal: NoSeat) -> Response:
    """The answer where no seat is left: an error, or a redirect to the page that shows it."""
    if options.seat_refusal == "page":
        words = quote(f"Error: {refusal}")
        page = f"{options.prefix}/Frames/Error.aspx?typeID=error&errorcode=110&message={words}"
        return Response(status_code=302, headers={"Location": page})
    return http_error(options.login_limit_status, f"Error: {refusal}", refusal.kind)


async def _form(request: Request) -> dict[str, str]:
    """The parameters of a form.

    Raises:
        Refused: it is no form, or names a parameter twice.
    """
    kind = request.headers.get("Content-Type", "application/x-www-form-urlencoded")
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise Refused("invalid_request") from None
    if "form-urlencoded" not in kind or len(dict(pairs)) < len(pairs):
        raise Refused("invalid_request")
    return dict(pairs)


def _token(directory: Directory, form: Mapping[str, str], issuer: str) -> dict[str, object]:
    kind = form.get("grant_type")
    if not kind:
        raise Refused("invalid_request")
    if kind not in ("password", "refresh_token", "authorization_code"):
        raise Refused("unsupported_grant_type")
    tenant = authenticate(directory, form, issuer)
    if kind == "password":
        scopes = scopes_of(form.get("scope", "api"))
        try:
            user = directory.sessions.check(form.get("username"), form.get("password"))
        except SignInRefused:
            raise Refused("invalid_grant") from None
        return _issue(directory, Grant(scopes, tenant, user))
    if kind == "refresh_token":
        return _issue(directory, _refreshed(directory, form, tenant))
    code = _exchanged(directory, form, tenant)
    document = _issue(directory, code.grant)
    if "openid" in code.grant.scopes:
        access = str(document["access_token"])
        document["id_token"] = id_token(
            directory, issuer, code.grant, nonce=code.nonce, access_token=access
        )
    return document


def _refreshed(directory: Directory, form: Mapping[str, str], tenant: str) -> Grant:
    """The grant that a refresh token goes on with; its session lives on."""
    issued = directory.tokens.refreshed(form.get("refresh_token", ""))
    if issued is None or issued.grant.tenant != tenant:
        raise Refused("invalid_grant")
    if "scope" in form and not scopes_of(form["scope"]) <= issued.grant.scopes:
        raise Refused("invalid_scope")
    session = directory.sessions.find(issued.grant.session_id)
    if session is not None and session.ends is not None:
        directory.sessions.prolong(session, LIFETIME)
    return issued.grant


def _exchanged(directory: Directory, form: Mapping[str, str], tenant: str) -> Code:
    """What a code was for, if it comes back in the way it was given."""
    code = directory.tokens.exchanged(form.get("code", ""))
    if code is None or code.grant.tenant != tenant or code.redirect != form.get("redirect_uri"):
        raise Refused("invalid_grant")
    verifier = form.get("code_verifier", "")
    if code.method == "S256":
        verifier = signed_json.encoded(hashlib.sha256(verifier.encode()).digest())
    if code.challenge and not secrets.compare_digest(verifier.encode(), code.challenge.encode()):
        raise Refused("invalid_grant")
    return code


def _issue(directory: Directory, grant: Grant) -> dict[str, object]:
    document: dict[str, object] = {
        "access_token": directory.tokens.access(grant),
        "expires_in": LIFETIME,
        "token_type": "Bearer",
        "scope": " ".join(sorted(grant.scopes)),
    }
    if "offline_access" in grant.scopes:
        document["refresh_token"] = directory.tokens.refresh(grant)
    return document


def _userinfo(directory: Directory, request: Request) -> Response:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
    issued = directory.tokens.accessed(token.strip())
    if issued is None:
        refusal = 'Bearer error="invalid_token"'
        return Response(status_code=401, headers={"WWW-Authenticate": refusal})
    if "openid" not in issued.grant.scopes:
        refusal = 'Bearer error="insufficient_scope", scope="openid"'
        return Response(status_code=403, headers={"WWW-Authenticate": refusal})
    return json_answer(claims_of(issued.grant))


def _discovery(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks",
        "authorization_endpoint": f"{issuer}/connect/authorize",
        "token_endpoint": f"{issuer}/connect/token",
        "userinfo_endpoint": f"{issuer}/connect/userinfo",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": RESPONSE_TYPES,
        "response_modes_supported": MODES,
        "grant_types_supported": ["authorization_code", "implicit", "password", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signed_json.ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": [signed_json.ALGORITHM],
        "code_challenge_methods_supported": CHALLENGES,
    }
