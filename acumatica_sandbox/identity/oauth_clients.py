"""Who a client application is: its id, and its secret or an assertion signed with it."""

import secrets
import time
from collections.abc import Mapping

from acumatica_sandbox.identity import signed_json
from acumatica_sandbox.identity.directory import Directory
from acumatica_sandbox.identity.tokens import CLIENT_ID, CLIENT_SECRET, Refused

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def tenant_of(directory: Directory, client_id: str) -> str | None:
    """The tenant that a client is registered in; None if there is no such client."""
    identity, _, tenant = client_id.partition("@")
    return tenant if identity.lower() == CLIENT_ID and tenant in directory.options.tenants else None


def authenticate(directory: Directory, form: Mapping[str, str], issuer: str) -> str:
    """The tenant of the client that a form is from.

    Raises:
        Refused: there is no such client, or it does not prove that it is the one.
    """
    client_id = form.get("client_id", "")
    tenant = tenant_of(directory, client_id)
    if tenant is None:
        raise Refused("invalid_client")
    if "client_assertion" in form:
        if form.get("client_assertion_type") != ASSERTION:
            raise Refused("invalid_client")
        _check_assertion(directory, form["client_assertion"], client_id, issuer)
    elif not secrets.compare_digest(form.get("client_secret", "").encode(), CLIENT_SECRET.encode()):
        raise Refused("invalid_client")
    return tenant


def _check_assertion(directory: Directory, assertion: str, client_id: str, issuer: str) -> None:
    """Check what RFC 7523 asks of an assertion; its times are of the real clock."""
    try:
        claims = signed_json.read(assertion, CLIENT_SECRET)
    except (ValueError, RecursionError):
        raise Refused("invalid_client") from None
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    ends, begins, used = claims.get("exp"), claims.get("nbf", 0), claims.get("jti")
    good = (
        claims.get("iss") == claims.get("sub") == client_id
        and (f"{issuer}/connect/token" in audiences or issuer in audiences)
        and isinstance(ends, int | float)
        and isinstance(begins, int | float)
        and begins - 60 <= time.time() < ends
        and (used is None or (isinstance(used, str) and used not in directory.tokens.assertions))
    )
    if not good:
        raise Refused("invalid_client")
    if used is not None:
        directory.tokens.assertions.add(used)
