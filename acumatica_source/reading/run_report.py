"""What a run has come to know while reading."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from acumatica_source.reading.findings import TableFindings
from acumatica_source.reading.single_records import Unreadable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StillPending:
    """Records that do not have yet what no list brings."""

    records: int
    parts: Sequence[str]
    """What they lack, by path."""
    outlook: str
    """When they get it, in words."""

    def of(self, resource: str) -> str:
        """What is pending of a resource, in words, and what it costs."""
        return (
            f"{self.records:,} records of {resource} lack {', '.join(self.parts)} yet, which lists "
            f"do not bring: about {self.records:,} requests, {self.outlook}."
        )


@dataclass(slots=True)
class RunReport:
    """What resources note for whoever started the run."""

    rows_read: Counter[str] = field(default_factory=Counter)
    """Rows handed on so far, by table; rows that only say that others are gone do not count."""
    deleted: Counter[str] = field(default_factory=Counter)
    """Rows taken out because the source does not have them any more, by resource."""
    unreadable: dict[str, Sequence[Unreadable]] = field(default_factory=dict)
    """The rows that the source did not show in the last run, by resource."""
    not_understood: dict[str, Sequence[str]] = field(default_factory=dict)
    """What contracts declare in a way unknown here, so that tables lack it, by resource."""
    pending: dict[str, StillPending] = field(default_factory=dict)
    """What records do not have yet after the last run, by resource."""

    unfinished: set[str] = field(default_factory=set)
    """Resources whose first load goes on in the next package."""
    findings: dict[str, TableFindings] = field(default_factory=dict)
    """How tables differ from the source, by resource, where they were only compared."""

    is_shown: bool = False
    """Whether somebody shows what is pending; otherwise it is logged."""

    def lacks(self, resource: str, parts: Sequence[str]) -> None:
        """Note what a resource lacks, as its contract declares that in a way unknown here."""
        self.not_understood[resource] = parts
        if parts:
            logger.error("%s lacks %s.", resource, ", ".join(parts))

    def is_pending(self, resource: str, still: StillPending | None) -> None:
        """Note what is pending of a resource after a run; None if nothing is."""
        self.pending.pop(resource, None)
        if still is not None:
            self.pending[resource] = still
            logger.log(logging.INFO if self.is_shown else logging.WARNING, still.of(resource))
