"""What a comparison of source and destination has found, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass

KINDS = ("missing", "extra", "stale", "doubled", "different")
"""Rows that only the source has; that only the destination has; that it has as they were before;
that it has more than once; whose values differ although their stamps do not."""

NO_KEY = "Its rows have no key by which they could be compared."


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row that is not as it should be."""

    id: str | None
    """What identifies it, where that is one column."""
    key: str
    """The columns that name it, as a JSON object."""


@dataclass(frozen=True, slots=True)
class TableFindings:
    """How the table of one resource differs from the source."""

    resource: str
    """Name of the resource."""
    table: str
    """Its table, as the destination has it."""
    source_rows: int = 0
    loaded_rows: int = 0
    missing: tuple[FoundRow, ...] = ()
    extra: tuple[FoundRow, ...] = ()
    stale: tuple[FoundRow, ...] = ()
    doubled: tuple[FoundRow, ...] = ()
    different: tuple[FoundRow, ...] = ()
    departed: int = 0
    """How many loaded rows stay although the source does not have them any more."""
    remarks: tuple[str, ...] = ()
    """What was not compared, and why."""

    def rows(self) -> Iterator[tuple[str, tuple[FoundRow, ...]]]:
        """Each of `KINDS` with its rows."""
        for kind in KINDS:
            yield kind, getattr(self, kind)

    @property
    def count(self) -> int:
        """How many rows are not as they should be."""
        return sum(len(rows) for _, rows in self.rows())
