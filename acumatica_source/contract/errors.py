"""What can be wrong with a contract document."""


class ContractError(ValueError):
    """A contract document is broken, or not a contract at all; the message says where."""


class UnsupportedContract(ContractError):
    """A contract document is sound but speaks a contract version that is not known here."""
