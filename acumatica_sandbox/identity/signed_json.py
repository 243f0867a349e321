"""JSON Web Tokens signed with a shared secret (RFC 7519, HS256), made and read."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

ALGORITHM = "HS256"


def sign(claims: Mapping[str, Any], secret: str) -> str:
    """A token with these claims."""
    header = {"alg": ALGORITHM, "typ": "JWT"}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_signature(signed, secret)}"


def read(token: str, secret: str) -> dict[str, Any]:
    """The claims of a token.

    Raises:
        ValueError: it is no such token, or the signature is not that of the secret.
    """
    signed, _, signature = token.rpartition(".")
    header, claims = (_object(part) for part in signed.split("."))
    if header.get("alg") != ALGORITHM:
        raise ValueError(f"The algorithm must be {ALGORITHM}.")
    if not hmac.compare_digest(signature.encode(), _signature(signed, secret).encode()):
        raise ValueError("The signature is wrong.")
    return claims


def encoded(content: bytes) -> str:
    """Bytes in the alphabet of addresses, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _signature(signed: str, secret: str) -> str:
    return encoded(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))


def _object(part: str) -> dict[str, Any]:
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(found, dict):
        raise ValueError("A token is made of JSON objects.")
    return found
