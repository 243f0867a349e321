"""The slow, forgiving path: a page that the fast parser refuses, value by value.

It converts what has one meaning (a number in quotes, `5.0` where an integer is due), keeps as text
what has none, and raises where a number does not fit. It is never silently wrong.
"""

import contextlib
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import NoneType
from typing import Any

import pyarrow as pa

from acumatica_source.arrow.errors import PageError, ValueOutOfRange
from acumatica_source.arrow.finish import Finished, keep_text, moments
from acumatica_source.arrow.selections import BETWEEN, member_of, members_of
from acumatica_source.arrow.shape import Column, TableShape
from acumatica_source.arrow.types import PRECISION
from acumatica_source.contract.model import FieldType

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_INT64 = range(-(2**63), 2**63)
_TRUTHS: dict[object, bool] = {True: True, False: False, "true": True, "false": False}
OPENING = b'{"value":'
"""What an array of records is wrapped into, to be one JSON object."""

NUL, REPLACEMENT = "\0", "\ufffd"

NOTHING: tuple[Any, ...] = (None, [], {}, "")
"""What stands where an object or a list has nothing."""
_AS_DECLARED: dict[FieldType, set[type]] = {
    FieldType.TEXT: {str, NoneType},
    FieldType.GUID: {str, NoneType},
    FieldType.INTEGER: {int, NoneType},
    FieldType.BOOLEAN: {bool, NoneType},
}
"""What a column consists of that needs no second look; decimals always do, as Arrow lets some that
overflow wrap around unnoticed."""

_NOT_KEPT = object()

_FURTHEST = 10**17
"""An exponent that Python's decimals hold and no column does."""


class WrittenNumber(str):
    """A number with a fraction or an exponent, as it stands in a page."""

    __slots__ = ()


def decoded(page: bytes, entity: str) -> Any:
    """The page of an entity as Python values; numbers that are no plain integers as written.

    Raises:
        PageError: it is not JSON.
    """
    try:
        return json.loads(page, parse_float=WrittenNumber, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise PageError(
            f"The answer for {entity} is not JSON ({error}). It begins: {beginning(page)}"
        ) from error


def beginning(page: bytes) -> str:
    """The first characters of an answer, for messages."""
    return repr(page.removeprefix(OPENING)[:200].decode("utf-8", "replace"))


@dataclass(slots=True)
class TolerantColumn:
    """Converts the values of one column of one table."""

    table: TableShape
    column: Column
    ids: list[Any]
    """What names each row in messages."""
    keep_placeholders: bool = False
    _notes: dict[str, None] = field(default_factory=dict)

    def convert(self, rows: list[Any]) -> Finished:
        """The column of these rows' objects, but for what `finish` does."""
        raw = [self._raw(row, place) for place, row in enumerate(rows)]
        if self._is_moment():
            texts = [None if one is None else self._text(one) for one in raw]
            finished = moments(self.column, texts, keep_placeholders=self.keep_placeholders)
        else:
            finished = self._converted(raw)
        finished.notes[:0] = self._notes
        return finished

    def _is_moment(self) -> bool:
        return self.column.field.type in (FieldType.DATE, FieldType.INSTANT)

    def _converted(self, raw: list[Any]) -> Finished:
        arrow_type = self.table.schema.field(self.column.name).type
        if self._is_as_declared(raw):
            with contextlib.suppress(pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
                return Finished(pa.array(raw, arrow_type))
        values: list[Any] = []
        rest: list[str | None] = []
        for place, one in enumerate(raw):
            value = None if one is None or self._is_blank(one) else self._value(one, place)
            values.append(None if value is _NOT_KEPT else value)
            rest.append(self._text(one) if value is _NOT_KEPT else None)
        finished = Finished(pa.array(values, arrow_type))
        keep_text(self.column, rest, finished)
        return finished

    def _is_as_declared(self, raw: list[Any]) -> bool:
        declared = _AS_DECLARED.get(self.column.field.type, set())
        if not set(map(type, raw)) <= declared:
            return False
        return str not in declared or not any(NUL in text for text in raw if text)

    def _is_blank(self, raw: Any) -> bool:
        is_text = self.column.field.type in (FieldType.TEXT, FieldType.GUID)
        return not is_text and isinstance(raw, str) and not raw.strip()

    def _raw(self, row: Any, place: int) -> Any:
        """The value at the column's path, whether or not it is wrapped."""
        for part in self.column.path:
            if not isinstance(row, dict):
                if row in NOTHING:
                    return None
                raise PageError(
                    f"{'.'.join(self.table.path)} of record {self.ids[place]} has something else "
                    f"than an object where {'/'.join(self.column.path)} should be."
                )
            row = row.get(part)
        if self.column.wrapped and isinstance(row, list) and not row:
            return None
        if self.column.wrapped and isinstance(row, dict):
            row = row.get("value")
        return row if self.column.member is None else self._member(row, self.column.member)

    def _member(self, value: Any, member: str) -> Any:
        """The label or code of what is chosen."""
        if not self.column.several:
            return member_of(value, member)
        chosen = members_of(value, member)
        return BETWEEN.join(map(self._text, chosen)) if chosen else None

    def _value(self, raw: Any, place: int) -> Any:
        match self.column.field.type:
            case FieldType.DECIMAL:
                return self._decimal(raw, place)
            case FieldType.INTEGER:
                return self._integer(raw, place)
            case FieldType.BOOLEAN:
                return self._boolean(raw)
        if not isinstance(raw, str) or isinstance(raw, WrittenNumber):
            self._note("has values that are no text: they are kept as they are written.")
        return self._text(raw)

    def _decimal(self, raw: Any, place: int) -> Any:
        number = self._number(raw)
        if number is None:
            return _NOT_KEPT
        scale = self.table.schema.field(self.column.name).type.scale
        number = _without_end_zeros(number)
        if number and (_decimals(number) > scale or number.adjusted() >= PRECISION - scale):
            raise self._out_of_range(raw, place, f"decimal({PRECISION}, {scale})")
        return number

    def _integer(self, raw: Any, place: int) -> Any:
        number = self._number(raw)
        if number is not None and not number:
            number = Decimal(0)  # whatever its exponent
        if number is None or (number.adjusted() < 40 and number != number.to_integral_value()):
            return _NOT_KEPT
        if number.adjusted() > 20 or int(number) not in _INT64:
            raise self._out_of_range(raw, place, "a 64-bit integer")
        if isinstance(raw, WrittenNumber):
            self._note("has integers written with a fraction of zero.")
        return int(number)

    def _number(self, raw: Any) -> Decimal | None:
        if isinstance(raw, bool):
            return None
        if isinstance(raw, int):
            return Decimal(raw)
        if isinstance(raw, WrittenNumber):
            return _exact(raw)
        if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()):
            self._note("has numbers written as text: they are read as numbers.")
            return _exact(raw.strip())
        return None

    def _boolean(self, raw: Any) -> Any:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.strip().lower() in _TRUTHS:
            self._note("has booleans written as text: they are read as booleans.")
            return _TRUTHS[raw.strip().lower()]
        return _NOT_KEPT

    def _text(self, raw: Any) -> str:
        if isinstance(raw, str):
            try:
                raw.encode()
            except UnicodeEncodeError:
                self._note("has broken characters: each is replaced by U+FFFD.")
                raw = raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if NUL in raw:
                self._note("has NUL characters: each is replaced by U+FFFD.")
                raw = raw.replace(NUL, REPLACEMENT)
            return str(raw)
        return json.dumps(raw, default=str, ensure_ascii=False)

    def _note(self, what: str) -> None:
        self._notes[f"{self.column.name} {what}"] = None

    def _out_of_range(self, raw: Any, place: int, fits: str) -> ValueOutOfRange:
        return ValueOutOfRange(
            f"{'.'.join(self.table.path)}.{self.column.name} of record {self.ids[place]} is "
            f"{_shortened(raw)}, which does not fit {fits}; it is not rounded. "
            "Give decimal columns another number of decimals, or leave the field out."
        )


def _exact(text: str) -> Decimal:
    """The number that a text writes; an exponent beyond Python's decimals is the furthest one."""
    try:
        return Decimal(text)
    except InvalidOperation:
        mantissa, _, exponent = text.lower().partition("e")
        furthest = -_FURTHEST if exponent.startswith("-") else _FURTHEST
        return Decimal(f"{mantissa}e{furthest}")


def _shortened(raw: Any) -> str:
    text = str(raw)
    return text if len(text) <= 100 else f"{text[:60]}…{text[-20:]}"


def _decimals(number: Decimal) -> int:
    """Digits after the point as written."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def _without_end_zeros(number: Decimal) -> Decimal:
    """The same number without zeros at the end of what stands after the point."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if not number:
        return Decimal(0)
    if exponent >= 0 or digits[-1]:
        return number
    zeros = next(count for count, digit in enumerate(reversed(digits)) if digit)
    zeros = min(zeros, -exponent)
    return Decimal((sign, digits[:-zeros], exponent + zeros))
