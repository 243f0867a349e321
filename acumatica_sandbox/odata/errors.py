"""What ends an OData request before there are rows."""


class ODataError(Exception):
    """The request is wrong; the message is what the server answers."""


class FormulaUsed(Exception):
    """A computed column is used where the server then answers 200 with an empty body."""
