"""What the engine needs of a source that is read in parts: their names, rows, and what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from acumatica_source.resources.loading.parts_state import PartsState


class Held(Protocol):
    """The rows of a table as the destination has them, all parts of it."""

    def having(
        self, by: str, values: Sequence[str], columns: Sequence[str]
    ) -> list[tuple[Any, ...]] | None:
        """What rows have in some columns that have one of these values in another, each once.

        Returns:
            None where that cannot be read.
        """

    def distinct(self, column: str) -> set[Any] | None:
        """The values of a column; None where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Which parts have changed since a run, as the source tells."""

    parts: frozenset[str] | None = None
    """Their names; None where it cannot be told, so that any may have."""
    watermark: datetime | None = None
    """From where on changes are still to be read in the next run."""
    recent: Mapping[str, str] = field(default_factory=dict)
    """A digest of the changes behind that, by what they belong to: what is known again."""
    shown: int = 0
    """How many changes the source shows in one answer at least."""
    owners: Sequence[str] = ()
    """What changes were ever seen to be of, be it what is loaded or something else."""


class PartSource(Protocol):
    """A source whose rows are asked for part by part."""

    @property
    def clock(self) -> datetime | None:
        """The source's clock at the first answer, UTC; None if it did not tell."""

    def names(self) -> Sequence[str]:
        """The parts that there are, in order; asks the source."""

    def changes(self, watermark: datetime | None, known: PartsState, held: Held) -> Changes | None:
        """What changed; None where the source does not tell, now or ever.

        Args:
            watermark: From where on; None for nothing but where to begin.
            known: What is known of the parts; the source may note which are large.
            held: What the destination has.
        """

    def read(self, part: str) -> pa.Table:
        """All rows of a part."""
