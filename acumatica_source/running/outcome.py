"""What became of one resource in a run."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resource."""

    resource: str
    rows: dict[str, int] = field(default_factory=dict)
    """Rows loaded in this run, by table."""
    requests: int = 0
    seconds: float = 0.0
    error: str | None = None
    skipped: str | None = None
    """Why it was left out, where that is no failure."""
    fatal: bool = False
    """Whether the error stands in the way of every other resource too."""
    unreadable: bool = False
    """Whether the instance does not offer it to this user."""
    deleted: int = 0
    """Records taken out because the source does not have them any more."""
    pending: str | None = None
    """What its records do not have yet, and what that will cost, in words; it is no failure."""

    def skipping(self, reason: str) -> "Outcome":
        """The same, left out for that reason."""
        return replace(self, error=None, skipped=reason)

    def failing(self, error: str) -> "Outcome":
        """The same, failed."""
        return replace(self, error=error, skipped=None)

    def __str__(self) -> str:
        """One line."""
        pending = f"; {self.pending}" if self.pending else ""
        if self.error:
            return f"{self.resource}: failed: {self.error}{pending}"
        if self.skipped:
            return f"{self.resource}: skipped: {self.skipped}"
        deleted = f", {self.deleted:,} deleted" if self.deleted else ""
        return f"{self.resource}: {sum(self.rows.values()):,} rows{deleted}{pending}"
