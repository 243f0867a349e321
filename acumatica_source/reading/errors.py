"""What can go wrong while reading, beyond what the client reports.

AcumaticaError
└── ReadingError
    ├── OrderNotTrusted    the server's order is not the one paging needs
    ├── PagingStuck        paging does not advance
    ├── ContractOutdated   records do not look like their contract
    └── NotARecord         what was listed is a form, not records
"""

from acumatica_source.client.errors import AcumaticaError


class ReadingError(AcumaticaError):
    """An entity could not be read completely."""


class OrderNotTrusted(ReadingError):
    """Rows do not come in the order of a unique key, so paging by that key could lose some."""


class PagingStuck(ReadingError):
    """Pages repeat or rows cannot be found again, so the end would never be reached."""


class ContractOutdated(ReadingError):
    """Records have members that the contract at hand does not declare, or of other types."""


class NotARecord(ReadingError):
    """An entity has no records of its own: it is a form that shows rows for parameters."""
