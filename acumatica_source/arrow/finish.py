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
_NO_INSTANT = pa.scalar(datetime(1900, 1, 1, tzinfo=UTC), INSTANT)
_FIRST_INSTANTS = pa.scalar(datetime(1, 1, 1, tzinfo=UTC) + timedelta(hours=14), INSTANT)
"""Every way to write 0001-01-01T00:00, whatever its offset, is at or before this."""


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
        pyarrow.ArrowInvalid: a value does not fit the finished type.
    """
    if column.field.type is FieldType.DATE:
        finished = _dates(column, values)
    elif column.field.string_stamp:
        finished = _stamps(column, values)
    else:
        finished = Finished(values.cast(finished_type))
    return settle(column, finished, keep_placeholders=keep_placeholders)


def settle(column: Column, finished: Finished, *, keep_placeholders: bool) -> Finished:
    """Null for the dates that stand for none, and no padding of keys."""
    if column.trim:
        finished.values = pc.utf8_rtrim(finished.values, characters=" ")
    if not keep_placeholders:
        finished.values = _without_placeholders(column, finished.values)
    return finished


def _dates(column: Column, texts: pa.Array) -> Finished:
    """Dates of texts: their first ten characters wherever the rest is a midnight."""
    rests = pc.unique(pc.utf8_slice_codeunits(texts, 10)).drop_null()
    if pc.all(pc.match_substring_regex(rests, _MIDNIGHT), min_count=0).as_py():
        try:
            return Finished(pc.utf8_slice_codeunits(texts, 0, 10).cast(pa.date32()))
        except pa.ArrowInvalid:
            pass
    return moments(column, texts.to_pylist())


def _stamps(column: Column, texts: pa.Array) -> Finished:
    """Instants of texts, all at once where they are written the usual way."""
    if pc.all(pc.match_substring_regex(texts, _US_STAMP), min_count=0).as_py():
        year, month, day, time = (
            pc.utf8_slice_codeunits(texts, start, stop)
            for start, stop in ((6, 10), (0, 2), (3, 5), (10, 19))
        )
        iso = pc.binary_join_element_wise(
            pc.binary_join_element_wise(year, month, day, "-"), time, ""
        )
        try:
            return Finished(pc.assume_timezone(iso.cast(pa.timestamp("us")), "UTC"))
        except pa.ArrowInvalid:
            pass
    return moments(column, texts.to_pylist())


def moments(column: Column, texts: Iterable[str | None]) -> Finished:
    """Dates or instants of texts, one by one; nothing that a text says gets lost."""
    parse = parse_stamp if column.field.string_stamp else parse_iso
    as_date = column.field.type is FieldType.DATE
    days: list[date | None] = []
    instants: list[int | None] = []
    midnights: list[bool] = []
    rest: list[str | None] = []
    for text in texts:
        moment = parse(text) if text and text.strip() else None
        days.append(moment.day if moment else None)
        instants.append(moment.instant if moment else None)
        midnights.append(moment is None or moment.is_midnight)
        lost = moment.finer if moment else bool(text and text.strip())
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
            f"{column.name} has values that are no {column.field.type.value}, or finer than its "
            f"type: they are in {column.name}{JOINT}text."
        )


def instants_of(micros: list[int | None]) -> pa.Array:
    """Instants of microseconds since 1970."""
    return pa.array(micros, pa.int64()).view(INSTANT)


def _without_placeholders(column: Column, values: pa.Array) -> pa.Array:
    """Null for the dates that stand for none; a filler date of a time of day says nothing."""
    if column.field.type is FieldType.DATE:
        blank = pc.is_in(values, value_set=_NO_DATES)
    elif column.field.type is FieldType.INSTANT:
        blank = pc.less_equal(values, _FIRST_INSTANTS)
        if not is_time_of_day(column.field.name):
            blank = pc.or_(blank, pc.equal(values, _NO_INSTANT))
    else:
        return values
    if not pc.any(blank, min_count=0).as_py():
        return values
    return pc.if_else(blank, pa.scalar(None, values.type), values)
