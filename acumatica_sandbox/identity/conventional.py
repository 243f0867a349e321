"""Users that sign in by Basic on OData: conventional users, who take no API seat.

When there are more of them than the licence's concurrent users, the one who signed in first is
signed out (User Guide: License Monitoring Console).
"""

from datetime import timedelta

from acumatica_sandbox.clock import Clock
from acumatica_sandbox.identity.sessions import ApiSession
from acumatica_sandbox.options import SandboxOptions


class ConventionalUsers:
    """The conventional users who are signed in, the first to sign in first."""

    def __init__(self, options: SandboxOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._open: dict[str, ApiSession] = {}
        self.most = 0
        self.displaced = 0
        """How many have been signed out for another."""

    def configure(self, options: SandboxOptions) -> None:
        """Keep to these options from now on."""
        self._options = options
        self._displace()

    @property
    def now(self) -> int:
        """How many are signed in, idle ones that have expired not counted."""
        self._expire()
        return len(self._open)

    def find(self, session_id: str | None) -> ApiSession | None:
        """The user of that cookie, unless signed out since."""
        self._expire()
        session = self._open.get(session_id or "")
        if session is not None:
            session.last_used = self._clock.now()
        return session

    def open(self, tenant: str, user: str) -> ApiSession:
        """Sign a user in; whoever signed in first is signed out if there are too many."""
        self._expire()
        session = ApiSession.new(tenant, user, self._clock.now())
        self._open[session.id] = session
        self._displace()
        self.most = max(self.most, len(self._open))
        return session

    def sign_out(self, session_id: str) -> None:
        """Sign one out, if there is one of that cookie."""
        self._open.pop(session_id, None)

    def sign_out_all(self) -> int:
        """Sign out everyone; tells how many there were."""
        count = len(self._open)
        self._open.clear()
        return count

    def _displace(self) -> None:
        limit = self._options.concurrent_users
        while limit is not None and len(self._open) > limit:
            del self._open[next(iter(self._open))]
            self.displaced += 1

    def _expire(self) -> None:
        oldest = self._clock.now() - timedelta(seconds=self._options.idle_seconds)
        for session in list(self._open.values()):
            if not session.inside and session.last_used < oldest:
                del self._open[session.id]
