"""The authorization endpoint: codes and tokens that a browser carries back to the client.

Which of them come back is the flow: authorization code, implicit or hybrid (OpenID Connect Core).
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from acumatica_sandbox.answers import json_answer
from acumatica_sandbox.identity.directory import Directory
from acumatica_sandbox.identity.id_tokens import id_token
from acumatica_sandbox.identity.oauth_clients import tenant_of
from acumatica_sandbox.identity.tokens import LIFETIME, Grant, Refused, scopes_of

RESPONSE_TYPES = (
    "code",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
)
MODES = ("query", "fragment")
CHALLENGES = ("plain", "S256")


def authorize(directory: Directory, parameters: Mapping[str, str], issuer: str) -> Response:
    """Consents at once, as the sandbox's user, where a server shows a page to sign in."""
    tenant = tenant_of(directory, parameters.get("client_id", ""))
    target = parameters.get("redirect_uri", "")
    if tenant is None:
        return json_answer({"error": "unauthorized_client"}, 400)
    if not _is_absolute(target):
        return json_answer({"error": "invalid_request"}, 400)
    wanted = frozenset(parameters.get("response_type", "").split())
    in_query = wanted <= {"code"} and parameters.get("response_mode") != "fragment"
    try:
        found = _granted(directory, parameters, issuer, tenant)
    except Refused as refusal:
        found = {"error": str(refusal)}
    if "state" in parameters:
        found["state"] = parameters["state"]
    return _back(target, "query" if in_query else "fragment", found)


def _is_absolute(target: str) -> bool:
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    sound = target.isascii() and target.isprintable() and " " not in target
    return sound and parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment


def _granted(
    directory: Directory, parameters: Mapping[str, str], issuer: str, tenant: str
) -> dict[str, str]:
    """What goes back to the client."""
    wanted = _response_type(parameters)
    scopes = scopes_of(parameters.get("scope", "api"))
    if "code" not in wanted:
        scopes -= {"offline_access"}  # refresh tokens are for clients that prove who they are
    grant = Grant(scopes, tenant, directory.options.username)
    nonce = parameters.get("nonce")
    if "id_token" in wanted:
        if "openid" not in scopes:
            raise Refused("invalid_scope")
        if nonce is None:
            raise Refused("invalid_request")
    found = {}
    if "code" in wanted:
        proof = _proof(parameters)
        found["code"] = directory.tokens.code(grant, parameters["redirect_uri"], proof, nonce)
    if "token" in wanted:
        found |= {
            "access_token": directory.tokens.access(grant),
            "token_type": "Bearer",
            "expires_in": str(LIFETIME),
            "scope": " ".join(sorted(scopes)),
        }
    if "id_token" in wanted:
        bound = {"code": found.get("code"), "access_token": found.get("access_token")}
        found["id_token"] = id_token(directory, issuer, grant, nonce=nonce, **bound)
    return found


def _response_type(parameters: Mapping[str, str]) -> frozenset[str]:
    """The parts of an answer that are asked for, in any order."""
    text = parameters.get("response_type")
    if not text:
        raise Refused("invalid_request")
    wanted = frozenset(text.split())
    if wanted not in [frozenset(known.split()) for known in RESPONSE_TYPES]:
        raise Refused("unsupported_response_type")
    mode = parameters.get("response_mode")
    if mode not in (None, *MODES) or (mode == "query" and wanted != {"code"}):
        raise Refused("invalid_request")  # an address is no place for tokens
    return wanted


def _proof(parameters: Mapping[str, str]) -> tuple[str | None, str]:
    challenge = parameters.get("code_challenge")
    method = parameters.get("code_challenge_method", "plain")
    if method not in CHALLENGES or challenge == "":
        raise Refused("invalid_request")
    return challenge, method


def _back(target: str, mode: str, parameters: Mapping[str, str]) -> Response:
    joint = "#" if mode == "fragment" else "&" if "?" in target else "?"
    place = f"{target}{joint}{urlencode(parameters)}"
    return Response(status_code=302, headers={"Location": place, "Cache-Control": "no-store"})
