"""The last step from values to a finished column, the same for the fast and the tolerant path."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.moments import parse_iso, parse_stamp
from acumatica_source.arrow.shape import JOINT, Column
from acumatica_source.arrow.types import INSTANT, TEXT
from acumatica_source.contract.model import FieldType
from acumatica_source.contract.names import is_time_of_day

_MIDNIGHT = r"^(T00:00(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?)?$"
_US_STAMP = r"^\d\d/\d\d/\d{4} \d\d:\d\d:\d\d$"
_NO_DATES = pa.array([date(1, 1, 1), date(1900, 1, 1)], pa.date32())
_NO_INSTANTS = pa.array(
    [datetime(1900, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(-56, 57)], INSTANT
)
"""Every way to write 1900-01-01T00:00: offsets are quarters of an hour, fourteen hours at most."""
_FIRST_INSTANTS = pa.scalar(datetime(1, 1, 1, tzinfo=UTC) + timedelta(hours=14), INSTANT)
"""Every way to write 0001-01-01T00:00, whatever its offset, is at or before this."""

_CALENDAR = [pa.scalar(at.replace(tzinfo=UTC), INSTANT) for at in (datetime.min, datetime.max)]
"""The first and the last instant that destinations and Python have, in UTC."""
_FIRST_MICROS, _LAST_MICROS = (one.value for one in _CALENDAR)

_LAST_PLACEHOLDERS = {
    FieldType.DATE: pc.max(_NO_DATES).value,
    FieldType.INSTANT: pc.max(_NO_INSTANTS).value,
}
"""The latest dates that stand for none, as days and microseconds since 1970."""


@dataclass(slots=True)
class Finished:
    """A column, and what its type could not hold."""

    values: pa.Array
    extras: dict[str, pa.Array] = field(default_factory=dict)
    """Columns beside it by name: `<name>__instant`, `<name>__text`."""
    notes: list[str] = field(default_factory=list)
    """What to tell once about this column."""


def finish(
    column: Column, values: pa.Array, finished_type: pa.DataType, *, keep_placeholders: bool
) -> Finished:
    """Give values as read their final form: padding cut, dates and stamps understood.

    Raises:
        pyarrow.ArrowInvalid: a value does not fit the finished type, or is an instant that lies
            outside of the calendar in UTC.
    """
    if column.field.type is FieldType.DATE:
        finished = _dates(column, values, keep_placeholders)
    elif column.field.string_stamp:
        finished = _stamps(column, values, keep_placeholders)
    else:
        finished = Finished(values if values.type == finished_type else values.cast(finished_type))
    settle(column, finished, keep_placeholders=keep_placeholders)
    if column.field.type is FieldType.INSTANT:
        _check_calendar(finished.values)
    return finished


def settle(column: Column, finished: Finished, *, keep_placeholders: bool) -> Finished:
    """Null for the dates that stand for none, and no padding of keys."""
    if column.trim:
        finished.values = pc.utf8_rtrim(finished.values, characters=" ")
    if not keep_placeholders:
        finished.values = _without_placeholders(column, finished.values)
    return finished


def _check_calendar(instants: pa.Array) -> None:
    ends = pc.min_max(instants)
    if ends["min"].is_valid and (
        ends["min"].value < _FIRST_MICROS or ends["max"].value > _LAST_MICROS
    ):
        raise pa.ArrowInvalid("an instant outside of the calendar")


def _dates(column: Column, texts: pa.Array, keep_placeholders: bool) -> Finished:
    """Dates of texts: their first ten characters wherever the rest is a midnight."""
    encoded = texts.dictionary_encode()  # one day comes many times
    rests = pc.utf8_slice_codeunits(encoded.dictionary, 10)
    if pc.all(pc.match_substring_regex(rests, _MIDNIGHT), min_count=0).as_py():
        try:
            days = pc.utf8_slice_codeunits(encoded.dictionary, 0, 10).cast(pa.date32())
            return Finished(days.take(encoded.indices))
        except pa.ArrowInvalid:
            pass
    return moments(column, texts.to_pylist(), keep_placeholders=keep_placeholders)


def _stamps(column: Column, texts: pa.Array, keep_placeholders: bool) -> Finished:
    """Instants of texts, all at once where they are written the usual way."""
    encoded = texts.dictionary_encode()  # the lines of a document are saved together
    written = encoded.dictionary
    if pc.all(pc.match_substring_regex(written, _US_STAMP), min_count=0).as_py():
        year, month, day, time = (
            pc.utf8_slice_codeunits(written, start, stop)
            for start, stop in ((6, 10), (0, 2), (3, 5), (10, 19))
        )
        iso = pc.binary_join_element_wise(
            pc.binary_join_element_wise(year, month, day, "-"), time, ""
        )
        try:
            stamps = pc.assume_timezone(iso.cast(pa.timestamp("us")), "UTC")
            return Finished(stamps.take(encoded.indices))
        except pa.ArrowInvalid:
            pass
    return moments(column, texts.to_pylist(), keep_placeholders=keep_placeholders)


def moments(column: Column, texts: Iterable[str | None], *, keep_placeholders: bool) -> Finished:
    """Dates or instants of texts, one by one; nothing that a text says gets lost.

    An instant that in UTC is beyond the year 9999 or before the year 1 is null, its text kept.
    """
    parse = parse_stamp if column.field.string_stamp else parse_iso
    as_date = column.field.type is FieldType.DATE
    days: list[date | None] = []
    instants: list[int | None] = []
    midnights: list[bool] = []
    rest: list[str | None] = []
    for text in texts:
        moment = parse(text) if text and text.strip() else None
        days.append(moment.day if moment else None)
        midnights.append(moment is None or moment.is_midnight)
        lost = moment.finer if moment else bool(text and text.strip())
        instant = moment.instant if moment else None
        if instant is not None and not _FIRST_MICROS <= instant <= _LAST_MICROS:
            is_placeholder = instant < _FIRST_MICROS and not keep_placeholders
            lost |= not is_placeholder and not (as_date and midnights[-1])
            instant = None
        instants.append(instant)
        rest.append(text if lost else None)
    if as_date:
        finished = Finished(pa.array(days, pa.date32()))
        if not all(midnights):
            late = [
                None if midnight else i for midnight, i in zip(midnights, instants, strict=True)
            ]
            finished.extras[f"{column.name}{JOINT}instant"] = instants_of(late)
            finished.notes.append(
                f"{column.name} was taken for a date, but has times of day: "
                f"they are in {column.name}{JOINT}instant."
            )
    else:
        finished = Finished(instants_of(instants))
    keep_text(column, rest, finished)
    return finished


def keep_text(column: Column, rest: list[str | None], finished: Finished) -> None:
    """Put what a column could not hold beside it, as text."""
    if any(one is not None for one in rest):
        finished.extras[f"{column.name}{JOINT}text"] = pa.array(rest, TEXT)
        finished.notes.append(
            f"{column.name} has values that are no {column.field.type.value}, finer than its type "
            f"or beyond the years 1 to 9999: they are in {column.name}{JOINT}text."
        )


def instants_of(micros: list[int | None]) -> pa.Array:
    """Instants of microseconds since 1970."""
    return pa.array(micros, pa.int64()).view(INSTANT)


def _without_placeholders(column: Column, values: pa.Array) -> pa.Array:
    """Null for the dates that stand for none; a filler date of a time of day says nothing."""
    if column.field.type not in _LAST_PLACEHOLDERS:
        return values
    earliest = pc.min(values).value
    if earliest is None or earliest > _LAST_PLACEHOLDERS[column.field.type]:
        return values  # most columns, at a fraction of the cost of looking at each value
    if column.field.type is FieldType.DATE:
        blank = pc.is_in(values, value_set=_NO_DATES)
    else:
        blank = pc.less_equal(values, _FIRST_INSTANTS)
        if not is_time_of_day(column.field.name):
            blank = pc.or_(blank, pc.is_in(values, value_set=_NO_INSTANTS))
    if not pc.any(blank, min_count=0).as_py():
        return values
    return pc.if_else(blank, pa.scalar(None, values.type), values)
