"""What can be wrong with a contract document."""

from acumatica_source.client.errors import AcumaticaError


class ContractError(AcumaticaError, ValueError):
    """A contract document is broken, or not a contract at all; the message says where."""


class UnsupportedContract(ContractError):
    """A contract document is sound but speaks a contract version that is not known here."""
