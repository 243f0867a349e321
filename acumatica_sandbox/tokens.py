"""What OAuth hands out: codes, access tokens and refresh tokens."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

LIFETIME = 3600
"""Seconds that an access token is good for."""
REFRESH_LIFETIME = 30 * 86_400
"""Seconds that a refresh token is good for; using it starts them anew."""
CLIENT_ID = "4b5d7a2c-0e1f-4c3b-9a8d-7f6e5d4c3b2a"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the emulated ERP has nothing to protect


@dataclass
class Grant:
    """One consent: its tokens share a session, unless they may have several."""

    scopes: frozenset[str]
    tenant: str
    user: str
    session_id: str | None = None
    session_ids: set[str] = field(default_factory=set)
    """Sessions by cookie, with the scope `api:concurrent_access`."""


@dataclass
class Issued:
    """A token or code, and what it stands for."""

    grant: Grant
    expires: datetime
    challenge: str | None = None
    redirect: str | None = None


class Tokens:
    """All tokens that are out."""

    def __init__(self) -> None:
        self.access: dict[str, Issued] = {}
        self.refresh: dict[str, Issued] = {}
        self.codes: dict[str, Issued] = {}

    @staticmethod
    def new() -> str:
        """43 characters that fit into an address."""
        return secrets.token_urlsafe(32)
