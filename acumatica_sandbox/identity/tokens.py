"""What OAuth hands out: codes, access tokens and refresh tokens."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from acumatica_sandbox.clock import Clock

LIFETIME = 3600
"""Seconds that an access token is good for."""
REFRESH_LIFETIME = 30 * 86_400
"""Seconds that a refresh token is good for; using it starts them anew."""
CODE_LIFETIME = 300
"""Seconds that a code can be exchanged in."""
CLIENT_ID = "4b5d7a2c-0e1f-4c3b-9a8d-7f6e5d4c3b2a"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the emulated ERP has nothing to protect
SCOPES = frozenset(
    ["api", "offline_access", "api:concurrent_access", "openid", "profile", "email", "phone"]
)


class Refused(Exception):
    """The protocol's error code."""


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
    """A token, and what it stands for."""

    grant: Grant
    expires: datetime


@dataclass
class Code(Issued):
    """A code, and what its exchange must prove."""

    redirect: str
    challenge: str | None
    method: str
    """How the challenge is made of the verifier: `plain` or `S256`."""
    nonce: str | None


Kind = TypeVar("Kind", bound=Issued)


class Tokens:
    """All tokens that are out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._access: dict[str, Issued] = {}
        self._refresh: dict[str, Issued] = {}
        self._codes: dict[str, Code] = {}
        self.assertions: set[str] = set()
        """Ids of assertions that clients have signed: each is good for once."""

    def access(self, grant: Grant) -> str:
        """A new access token."""
        return self._kept(self._access, Issued(grant, self._in(LIFETIME)))

    def refresh(self, grant: Grant) -> str:
        """A new refresh token."""
        return self._kept(self._refresh, Issued(grant, self._in(REFRESH_LIFETIME)))

    def code(
        self, grant: Grant, redirect: str, proof: tuple[str | None, str], nonce: str | None
    ) -> str:
        """A new code; `proof` is the challenge, if there is one, and its method."""
        return self._kept(
            self._codes, Code(grant, self._in(CODE_LIFETIME), redirect, *proof, nonce)
        )

    def accessed(self, token: str) -> Issued | None:
        """What an access token stands for, if it is good."""
        return self._good(self._access.get(token))

    def refreshed(self, token: str) -> Issued | None:
        """What a refresh token stands for, if it is good; it is used up."""
        return self._good(self._refresh.pop(token, None))

    def exchanged(self, code: str) -> Code | None:
        """What a code stands for, if it is good; it is used up."""
        return self._good(self._codes.pop(code, None))

    def _in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _good(self, issued: Kind | None) -> Kind | None:
        return issued if issued is not None and issued.expires > self._clock.now() else None

    @staticmethod
    def _kept(place: dict[str, Kind], issued: Kind) -> str:
        token = secrets.token_urlsafe(32)  # 43 characters that fit into an address
        place[token] = issued
        return token


def scopes_of(text: str) -> frozenset[str]:
    """The scopes asked for.

    Raises:
        Refused: there is none, or one is unknown.
    """
    scopes = frozenset(text.split())
    if not scopes or not scopes <= SCOPES:
        raise Refused("invalid_scope")
    return scopes
