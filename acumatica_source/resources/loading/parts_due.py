"""Comparing all parts of a table with the source, a share in each run."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from acumatica_source.reading.rhythm import Rhythm


@dataclass(frozen=True, slots=True)
class Round:
    """A comparison of all parts, which may take several runs."""

    begun: datetime | None = None
    """When it began, by the source's clock; None if there was none."""
    left: tuple[str, ...] = ()
    """The parts that it has not come to yet, the next ones first."""

    def is_due(self, rhythm: Rhythm, clock: datetime | None) -> bool:
        """Whether another one is to begin: not before this one has ended.

        Args:
            rhythm: How often all is compared.
            clock: The source's clock; None if it does not tell.
        """
        return not self.left and rhythm.due(self.begun, clock)

    def after(self, asked: Collection[str], most: int) -> tuple[list[str], "Round"]:
        """What to ask for in this run beside what is asked for anyway, and what is left then.

        Args:
            asked: Parts that are asked for anyway; they are compared by that.
            most: Parts to ask for in one run, those included. One is asked for in any case, or a
                table that never rests would not be compared at all.
        """
        left = [part for part in self.left if part not in asked]
        share = max(1, most - len(asked))
        return left[:share], Round(self.begun, tuple(left[share:]))
