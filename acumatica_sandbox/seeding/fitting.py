"""Known records in the shape of a contract that declares their members otherwise."""

from datetime import date, datetime
from decimal import Decimal

from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import ShapeModel

TYPES: dict[str, tuple[type, ...]] = {
    "s": (str,),
    "d": (Decimal, int),
    "i": (int,),
    "h": (int,),
    "l": (int,),
    "b": (bool,),
    "t": (datetime,),
    "D": (date,),
    "g": (str,),
}


def fit(shape: ShapeModel, record: Record) -> None:
    """Take out what is not of the type that the contract declares; it can then be made up."""
    for name, kind in shape.fields.items():
        value = record.get(name)
        sound = isinstance(value, TYPES[kind]) and isinstance(value, bool) == (kind == "b")
        if value is not None and not sound:
            del record[name]
    for name, inner in shape.nested.items():
        value = record.get(name)
        many = name in shape.details
        if isinstance(value, list) and many:
            for row in value:
                fit(inner, row)
        elif isinstance(value, dict) and not many:
            fit(inner, value)
        elif value is not None or many:
            record.pop(name, None)
