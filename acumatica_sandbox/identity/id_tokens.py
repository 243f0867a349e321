"""Who a user is, as OpenID Connect tells clients: id tokens and claims.

Id tokens are signed with the client's secret, so that a client can check them without a key set.
"""

import hashlib
from typing import Any

from acumatica_sandbox.identity import signed_json
from acumatica_sandbox.identity.directory import Directory
from acumatica_sandbox.identity.tokens import CLIENT_ID, CLIENT_SECRET, Grant

LIFETIME = 300
"""Seconds that an id token is good for."""


def claims_of(grant: Grant) -> dict[str, Any]:
    """What the scopes of a grant let a client know of the user."""
    user = grant.user
    claims: dict[str, Any] = {"sub": user}
    if "profile" in grant.scopes:
        claims |= {"name": user, "preferred_username": user}
    if "email" in grant.scopes:
        claims |= {"email": f"{user}@example.com", "email_verified": True}
    if "phone" in grant.scopes:
        claims |= {"phone_number": "+1 202 555 0100"}
    return claims


def id_token(directory: Directory, issuer: str, grant: Grant, **bound: str | None) -> str:
    """An id token.

    Args:
        directory: whose clock dates it.
        issuer: the address of the identity server.
        grant: the consent it tells of.
        bound: what it belongs to, as far as there is one: `nonce`, `code`, `access_token`.
    """
    now = int(directory.clock.now().timestamp())
    claims = {
        "iss": issuer,
        "aud": f"{CLIENT_ID}@{grant.tenant}",
        "iat": now,
        "exp": now + LIFETIME,
        **claims_of(grant),
    }
    for name, claim in (("code", "c_hash"), ("access_token", "at_hash")):
        value = bound.get(name)
        if value is not None:
            half = hashlib.sha256(value.encode()).digest()[:16]
            claims[claim] = signed_json.encoded(half)
    if bound.get("nonce") is not None:
        claims["nonce"] = bound["nonce"]
    return signed_json.sign(claims, CLIENT_SECRET)
