"""Which ledger transactions to load, and from what."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.rhythm import DAILY

INQUIRY = "AccountDetailsForPeriodInquiry"
CALENDAR = "FinancialPeriod"


class LedgerSource(StrEnum):
    """What ledger transactions are read from."""

    INQUIRY = "inquiry"
    """The form *Account Details*, period by period: rows as people see them, without a key."""
    JOURNAL = "journal"
    """The entity JournalTransaction: the lines of all batches, by batch and line."""
    DAC = "dac"
    """The data access class GLTran, over OData: the rows as stored."""


@dataclass(frozen=True, slots=True)
class LedgerTransactions:
    """Which ledger transactions to load."""

    name: str = "ledger_transactions"
    """Name of the resource and its table."""
    ledger: str | None = None
    """Ledger id (`ACTUAL`); None for the instance's default, and for all where rows are not read
    from the inquiry form."""
    from_period: str | None = None
    """First period, as number and financial year (`01-2025`); None for the calendar's first."""
    to_period: str | None = None
    """Last period; None for the calendar's last."""
    include_unposted: bool = False
    include_unreleased: bool = False
    full: bool = False
    """Whether to load every period anew, changed or not."""
    verify: timedelta | str = DAILY
    """How often all periods are asked for and compared with what is loaded, by the instance's
    clock: the time between, `"now"` for this run, or `"never"`. Other runs ask for the periods
    alone whose batches were modified, which does not tell of batches that were deleted."""
    lag: timedelta = timedelta(minutes=5)
    """How far before the last watermark a run looks for modified batches, for late commits."""
    source: str | None = None
    """What to read from: `"inquiry"`, `"journal"` or `"dac"`, whose columns differ; docs/ledger.md
    says how. None for what the table was loaded from, or the first of these that is offered."""

    def checked(self, source: LedgerSource) -> None:
        """Refuse options that a source cannot follow.

        Raises:
            ConfigurationError: there are some.
        """
        if source is LedgerSource.INQUIRY:
            return
        options = {
            "from_period": self.from_period,
            "to_period": self.to_period,
            "ledger": self.ledger if source is LedgerSource.DAC else None,
        }
        given = [name for name, value in options.items() if value is not None]
        if given:
            raise ConfigurationError(
                f"{self.name}: {' and '.join(given)} cannot be followed where transactions are "
                f"read from the {source}. Leave it out, and choose among the loaded rows."
            )


def source_named(name: str) -> LedgerSource:
    """The source of that name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return LedgerSource(name)
    except ValueError:
        raise ConfigurationError(
            f"source of ledger transactions must be one of {', '.join(LedgerSource)}, not {name!r}."
        ) from None
