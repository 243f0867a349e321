"""What can go wrong while reading, beyond what the client reports.

AcumaticaError
└── ReadingError
    ├── PagingStuck        it cannot be told that all rows have come
    ├── StampRefused       the modification stamp cannot be asked for
    ├── ContractOutdated   records do not look like their contract
    └── NotARecord         what was listed is a form, not records
"""

from acumatica_source.client.errors import AcumaticaError


class ReadingError(AcumaticaError):
    """An entity could not be read completely."""


class PagingStuck(ReadingError):
    """No way of paging could tell that all rows have come."""


class StampRefused(ReadingError):
    """The server does not show or compare the modification stamp of these records."""


class ContractOutdated(ReadingError):
    """Records have members that the contract at hand does not declare, or of other types."""


class NotARecord(ReadingError):
    """An entity has no records of its own: it is a form that shows rows for parameters."""
