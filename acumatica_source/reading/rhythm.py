"""How often what is loaded is held against all of the source, beyond what stamps tell.

Stamps tell what changed; they do not tell what was deleted, what was written past them, or what a
destination has lost. A comparison with everything does, and costs requests with the size of the
source, so it has a rhythm of its own, which goes by the source's clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from acumatica_source.client.errors import ConfigurationError

NOW, NEVER = "now", "never"

VERIFY_REQUESTS = 10
"""Requests of one run for a comparison unless somebody says otherwise."""

DAILY = timedelta(days=1)
"""How much time lies between two comparisons unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often everything is compared."""

    every: timedelta | None = DAILY
    """Time from the beginning of one comparison to that of the next; None for never."""
    now: bool = False
    """Whether all is to be compared in this run, whenever and however far that was done before."""

    @property
    def is_never(self) -> bool:
        """Whether nothing is ever compared."""
        return self.every is None and not self.now

    @classmethod
    def of(cls, wanted: timedelta | str, option: str = "verify") -> "Rhythm":
        """The rhythm that an option asks for.

        Args:
            wanted: Time between two comparisons, `"now"` or `"never"`.
            option: What messages call it.

        Raises:
            ConfigurationError: it is none of these, or the time is negative.
        """
        if isinstance(wanted, timedelta) and wanted >= timedelta():
            return cls(wanted)
        if wanted == NOW:
            return cls(None, now=True)
        if wanted == NEVER:
            return cls(None)
        raise ConfigurationError(
            f"{option} must be a timedelta that is not negative, {NOW!r} or {NEVER!r}, "
            f"not {wanted!r}."
        )

    def due(self, begun: datetime | None, clock: datetime | None) -> bool:
        """Whether a comparison is to begin.

        Where the source does not tell its time, or its clock was set back behind the last
        comparison, nobody knows how long ago that was, and it is due.

        Args:
            begun: When the last one began, by the source's clock; None if there was none.
            clock: The source's clock now; None if it does not tell.
        """
        if self.now:
            return True
        if self.every is None:
            return False
        if begun is None or clock is None or clock < begun:
            return True
        return clock - begun >= self.every
