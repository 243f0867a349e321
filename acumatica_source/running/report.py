"""What a run has done, and what has failed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from acumatica_source.client.errors import AcumaticaError
from acumatica_source.running.outcome import Outcome


class RunFailed(AcumaticaError):
    """Resources of a run failed; the others are loaded."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every resource of a run; as text, one line for each."""

    outcomes: Sequence[Outcome]
    """In the order in which they were loaded."""
    not_tried: Sequence[str] = ()
    """Resources that were not tried any more, as what failed stands in the way of them too."""

    @property
    def failed(self) -> list[Outcome]:
        """The outcomes that are failures."""
        return [outcome for outcome in self.outcomes if outcome.error]

    @property
    def rows(self) -> dict[str, int]:
        """Rows loaded in this run, by table."""
        rows: Counter[str] = Counter()
        for outcome in self.outcomes:
            rows.update(outcome.rows)
        return dict(rows)

    @property
    def deleted(self) -> int:
        """Records taken out because the source does not have them any more."""
        return sum(outcome.deleted for outcome in self.outcomes)

    def raise_on_failure(self) -> "Report":
        """The report itself, unless something failed.

        Raises:
            RunFailed: something did; the message says what.
        """
        if self.failed:
            named = "\n".join(f"{one.resource}: {one.error}" for one in self.failed)
            raise RunFailed(f"{named}{self._rest()}")
        return self

    def __str__(self) -> str:
        """One line for each resource."""
        return "\n".join(map(str, self.outcomes)) + self._rest()

    def _rest(self) -> str:
        return f"\nNot tried any more: {', '.join(self.not_tried)}." if self.not_tried else ""
