"""What can go wrong while paging.

PagingError
├── OrderNotTrusted    the order of the list is not the one that a strategy needs
├── ConditionRefused   the server does not take a condition on the keys
└── Incomplete         no strategy can read the list as a whole
"""


class PagingError(Exception):
    """A list could not be paged through."""


class OrderNotTrusted(PagingError):
    """Rows do not come in the order that a strategy needs, so it could lose some."""


class ConditionRefused(PagingError):
    """The server does not take a condition on the keys of the list."""


class Incomplete(PagingError):
    """No strategy can tell that all rows have come."""
