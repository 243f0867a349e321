"""What can be wrong with a page of data."""

from acumatica_source.client.errors import AcumaticaError


class PageError(AcumaticaError, ValueError):
    """An answer is not a page of records; the message says of what, and how it begins."""


class ValueOutOfRange(PageError):
    """A value does not fit its column's type without loss; the message names its place."""
