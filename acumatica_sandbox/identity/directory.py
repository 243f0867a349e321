"""Who may come in and who is in: users, sessions and tokens of one instance."""

from acumatica_sandbox.clock import Clock
from acumatica_sandbox.identity.conventional import ConventionalUsers
from acumatica_sandbox.identity.sessions import Sessions
from acumatica_sandbox.identity.tokens import Tokens
from acumatica_sandbox.options import SandboxOptions


class Directory:
    """What the instance knows of its users."""

    def __init__(self, options: SandboxOptions, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.sessions = Sessions(options, clock)
        self.conventional = ConventionalUsers(options, clock)
        self.tokens = Tokens(clock)

    def configure(self, options: SandboxOptions) -> None:
        """Keep to these options from now on."""
        self.options = options
        self.sessions.configure(options)
        self.conventional.configure(options)

    def sign_out_all(self) -> int:
        """End every session, as a restart of the site does; tells how many there were."""
        return self.sessions.sign_out_all() + self.conventional.sign_out_all()
