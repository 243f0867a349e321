"""A record as a caller of the control interface gives it, checked and as Python values.

Values may be Python's or JSON's, plain or wrapped as on the wire (`{"value": ...}`), so that what
has been read can be given back.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import UUID, EntityModel, ShapeModel

BITS = {"h": 15, "i": 31, "l": 63}
KINDS = {
    "s": "text",
    "d": "a decimal of at most 28 digits on either side of the point",
    "i": "a whole number of 32 bits",
    "h": "a whole number of 16 bits",
    "l": "a whole number of 64 bits",
    "b": "true or false",
    "t": "a time",
    "D": "a date",
    "g": "a guid",
}
ON_THE_WIRE = ("rowNumber", "_links", "files")
"""What answers carry besides; it cannot be given, and does no harm."""


def typed(entity: EntityModel, record: Mapping[str, Any]) -> Record:
    """The record's values by the types of the entity's contract.

    Raises:
        SandboxError: a name is unknown, or a value is not of its type.
    """
    values = _object(entity, entity.shape, record, "")
    for name, labels in entity.codes.items():
        if values.get(name) is not None and values[name] not in labels:
            raise _wrong(entity, name, f"one of {', '.join(labels)}", values[name])
    if "archived" in record:
        values["archived"] = _value(entity, "archived", "b", record["archived"])
    return values


def _object(entity: EntityModel, shape: ShapeModel, given: Any, path: str) -> Record:
    if not isinstance(given, Mapping):
        raise _wrong(entity, path.rstrip("/") or "the record", "an object", given)
    values: Record = {}
    for name, value in given.items():
        place = f"{path}{name}"
        if name in shape.fields:
            values[name] = _value(entity, place, shape.fields[name], value)
        elif name in shape.linked:
            if value is not None:
                values[name] = _object(entity, shape.linked[name], value, f"{place}/")
        elif name in shape.details:
            if not isinstance(value, list | tuple):
                raise _wrong(entity, place, "a list", value)
            rows = (_object(entity, shape.details[name], row, f"{place}/") for row in value)
            values[name] = list(rows)
        elif name == "id":
            values[name] = _value(entity, place, "g", value)
        elif name == "note":
            values[name] = _value(entity, place, "s", value)
        elif name == "custom":
            values[name] = _custom(entity, value, path)
        elif name not in ON_THE_WIRE and (path or name != "archived"):
            raise SandboxError(f"{entity.name} has no {place}.")
    return values


def _custom(entity: EntityModel, given: Any, path: str) -> dict[str, Any]:
    """Custom fields by `View.Field`, given like that or as objects inside objects."""
    if not isinstance(given, Mapping):
        raise _wrong(entity, f"{path}custom", "an object", given)
    flat: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(name, str) and "." in name:
            flat[name] = value
        elif isinstance(value, Mapping):
            flat |= {f"{name}.{field}": inner for field, inner in value.items()}
        else:
            raise _wrong(entity, f"{path}custom", "View.Field", name)
    kinds = entity.custom_by_path.get(path.rstrip("/"), {})
    for name in flat:
        if name not in kinds:
            raise SandboxError(f"{entity.name} has no custom field {path}{name}.")
    return {n: _value(entity, f"{path}{n}", kinds[n], value) for n, value in flat.items()}


def _value(entity: EntityModel, place: str, kind: str, given: Any) -> Any:
    """A scalar, unwrapped."""
    if isinstance(given, Mapping):
        if not set(given) <= {"value", "type", "error"}:
            raise _wrong(entity, place, KINDS[kind], given)
        given = given.get("value")
    if given is None:
        return None
    try:
        return of_kind(kind, given)
    except (ValueError, TypeError, ArithmeticError):
        raise _wrong(entity, place, KINDS[kind], given) from None


def of_kind(kind: str, given: Any) -> Any:
    """A value of a type, in the range that a database column of it holds.

    Raises:
        ValueError, TypeError, ArithmeticError: it is none.
    """
    if isinstance(given, bool) != (kind == "b"):
        raise TypeError
    if kind == "d" and isinstance(given, int | float | Decimal | str):
        number = Decimal(str(given))
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -28 or abs(number) >= Decimal(10) ** 28:
            raise ValueError
        return number
    if kind in BITS and isinstance(given, int):
        if not -(1 << BITS[kind]) <= given < 1 << BITS[kind]:
            raise ValueError
        return given
    if kind == "t":
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    if kind == "D":
        if isinstance(given, date):
            return given.date() if isinstance(given, datetime) else given
        return datetime.fromisoformat(given).date()
    if kind == "b":
        return given
    if kind in "sg" and isinstance(given, str):
        given.encode()  # no halves of characters
        if kind == "g" and not UUID.fullmatch(given):
            raise ValueError
        return given.lower() if kind == "g" else given
    raise TypeError


def _wrong(entity: EntityModel, place: str, wanted: str, given: Any) -> SandboxError:
    try:
        shown = repr(given)
    except ValueError:
        shown = "a number of thousands of digits"
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return SandboxError(f"{place} of {entity.name} must be {wanted}, not {shown}.")
