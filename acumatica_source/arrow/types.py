"""Which Arrow type holds which kind of field, in the finished table and while reading."""

import pyarrow as pa

from acumatica_source.contract.model import DeclaredField, FieldType

TEXT = pa.string()
INSTANT = pa.timestamp("us", "UTC")
POSITION = pa.int64()

DECIMALS = 10
"""Digits after the point of decimal columns unless others are asked for."""

PRECISION = 38
"""Digits of a decimal in all."""


def column_types(decimals: int = DECIMALS) -> dict[FieldType, pa.DataType]:
    """Types of the finished columns."""
    return {
        FieldType.TEXT: TEXT,
        FieldType.DECIMAL: pa.decimal128(PRECISION, decimals),
        FieldType.INTEGER: pa.int64(),
        FieldType.BOOLEAN: pa.bool_(),
        FieldType.GUID: TEXT,
        FieldType.INSTANT: INSTANT,
        FieldType.DATE: pa.date32(),
    }


def read_type(field: DeclaredField, finished: pa.DataType) -> pa.DataType:
    """Type to read a value as, where that is not the finished one.

    Dates and stamps in text need a look at how they are written. Decimals are read with room to
    spare, because Arrow's reader lets a number that overflows its type wrap around unnoticed.
    """
    if field.type is FieldType.DATE or field.string_stamp:
        return TEXT
    if field.type is FieldType.DECIMAL:
        return pa.decimal256(2 * PRECISION, finished.scale)
    return finished
