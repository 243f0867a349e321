"""The last step from values to a finished column, the same for the fast and the tolerant path."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.moments import Moment, parse_iso, parse_stamp
from acumatica_source.arrow.shape import JOINT, Column
from acumatica_source.arrow.types import INSTANT, TEXT
from acumatica_source.contract.model import FieldType
from acumatica_source.contract.names import is_time_of_day

_MIDNIGHT = r"^(T00:00(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?)?$"
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


def finish(column: Column, values: pa.Array, *, keep_placeholders: bool) -> Finished:
    """Give values as read their final form: padding cut, dates and stamps understood."""
    if column.field.type is FieldType.DATE:
        finished = _dates(column, values)
    elif column.field.string_stamp:
        finished = moments(column, values.to_pylist())
    else:
        finished = Finished(values)
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


def moments(column: Column, texts: Iterable[str | None]) -> Finished:
    """Dates or instants of texts, one by one; nothing that a text says gets lost."""
    parse = parse_stamp if column.field.string_stamp else parse_iso
    as_date = column.field.type is FieldType.DATE
    values: list[date | int | None] = []
    instants: list[int | None] = []
    rest: list[str | None] = []
    for text in texts:
        moment = None if text is None or not text.strip() else parse(text)
        values.append(_value(moment, as_date))
        late = moment is not None and as_date and not moment.is_midnight
        instants.append(moment.instant if moment is not None and late else None)
        lost = bool(text and text.strip()) if moment is None else moment.finer
        rest.append(text if lost else None)
    plain = pa.array(values, pa.date32()) if as_date else instants_of(values)
    finished = Finished(plain)
    if any(one is not None for one in instants):
        finished.extras[f"{column.name}{JOINT}instant"] = instants_of(instants)
        finished.notes.append(
            f"{column.name} was taken for a date, but has times of day: "
            f"they are in {column.name}{JOINT}instant."
        )
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


def _value(moment: Moment | None, as_date: bool) -> date | int | None:
    if moment is None:
        return None
    return moment.day if as_date else moment.instant


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
