"""Sign-in, sign-out and the seats that sessions take."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from acumatica_sandbox.clock import Clock
from acumatica_sandbox.options import SandboxOptions

SESSION_COOKIE = "ASP.NET_SessionId"


class SignInRefused(Exception):
    """The sign-in fails; carries the exception type to answer."""

    def __init__(self, message: str, kind: str = "PX.Data.PXException") -> None:
        super().__init__(message)
        self.kind = kind


class NoSeat(SignInRefused):
    """All seats are taken."""


@dataclass
class ApiSession:
    """One open session: it takes a seat and handles one request at a time."""

    id: str
    tenant: str
    user: str
    last_used: datetime
    ends: datetime | None = None
    """When it ends whether used or not; for sessions of an access token."""
    salt: str = field(default_factory=lambda: secrets.token_hex(4))
    """Makes the ids of detail rows this session's own."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    inside: int = 0
    """Requests that are in the session or wait for their turn."""

    @classmethod
    def new(
        cls, tenant: str, user: str, now: datetime, ends: datetime | None = None
    ) -> "ApiSession":
        """A session that begins now."""
        return cls(secrets.token_hex(12), tenant, user, now, ends)


class Sessions:
    """All open sessions of the site."""

    def __init__(self, options: SandboxOptions, clock: Clock) -> None:
        self._clock = clock
        self.configure(options)
        self._open: dict[str, ApiSession] = {}
        self.logins = 0
        self.logouts = 0
        self.seats_max = 0
        self.inside_max = 0

    def configure(self, options: SandboxOptions) -> None:
        """Keep to these options from now on."""
        self._options = options
        self.seats = options.limits.sessions

    @property
    def seats_now(self) -> int:
        """Seats taken, idle ones that have expired not counted."""
        self._expire()
        return len(self._open)

    def check(self, name: object, password: object) -> str:
        """The user of these credentials.

        Raises:
            SignInRefused: they are wrong.
        """
        for user in (self._options.username, *self._options.other_users):
            if name == user and password == self._options.password:
                return user
        raise SignInRefused("Error: Invalid credentials. Please try again.")

    def tenant_of(self, tenant: object) -> str:
        """The tenant that a sign-in lands on; with one tenant only, any name does.

        Raises:
            SignInRefused: there are several, and none of that name.
        """
        tenants = self._options.tenants
        if tenant and len(tenants) > 1 and tenant not in tenants:
            raise SignInRefused(
                "A proper company ID cannot be determined.", "PX.Data.PXUndefinedCompanyException"
            )
        lost = self._options.lands_on_default or tenant not in tenants
        return tenants[0] if lost else str(tenant)

    def open(self, tenant: str, user: str, lifetime: float | None = None) -> ApiSession:
        """Take a seat.

        Raises:
            NoSeat: none is left, or none for this user.
        """
        taken = self.seats_now
        own = sum(session.user == user for session in self._open.values())
        most = self._options.seats_per_user
        if taken >= self.seats:
            raise NoSeat("API Login Limit")
        if most is not None and own >= most:
            raise NoSeat(
                f"The number of concurrent API logins for the {user} user has been reached. To "
                "increase it, use the Users (SM201010) form."
            )
        now = self._clock.now()
        ends = now + timedelta(seconds=lifetime) if lifetime else None
        session = ApiSession.new(tenant, user, now, ends)
        self._open[session.id] = session
        self.logins += 1
        self.seats_max = max(self.seats_max, len(self._open))
        return session

    def find(self, session_id: str | None) -> ApiSession | None:
        """The open session of that id; using it keeps it from expiring."""
        self._expire()
        session = self._open.get(session_id or "")
        if session is not None:
            session.last_used = self._clock.now()
        return session

    def prolong(self, session: ApiSession, lifetime: float) -> None:
        """Let a token's session last so many seconds from now."""
        session.ends = self._clock.now() + timedelta(seconds=lifetime)

    def sign_out(self, session_id: str | None) -> None:
        """Close a session and free its seat."""
        if self._open.pop(session_id or "", None) is not None:
            self.logouts += 1

    def sign_out_all(self) -> int:
        """Kill every session, as a restart of the site does; tells how many there were."""
        count = len(self._open)
        self._open.clear()
        return count

    def _expire(self) -> None:
        now = self._clock.now()
        oldest = now - timedelta(seconds=self._options.idle_seconds)
        for session in list(self._open.values()):
            if session.inside:
                continue
            idle = session.ends is None and session.last_used < oldest
            if idle or (session.ends is not None and session.ends < now):
                self._open.pop(session.id, None)
