"""Types of values in expressions, by the letters of contracts."""

EDM = {
    "s": "Edm.String",
    "d": "Edm.Decimal",
    "i": "Edm.Int32",
    "h": "Edm.Int16",
    "l": "Edm.Int64",
    "b": "Edm.Boolean",
    "t": "Edm.DateTimeOffset",
    "D": "Edm.DateTimeOffset",
    "g": "Edm.Guid",
    "x": "Edm.Binary",
    "o": "Edm.Date",
    "M": "Collection(Edm.String)",
}
_FAMILIES = {"i": "d", "h": "d", "l": "d", "D": "t", "o": "t"}


def family(kind: str) -> str:
    """One letter for all types that compare with each other."""
    return _FAMILIES.get(kind, kind)
