"""Dates and times as the web services write them."""

import re
from dataclasses import dataclass
from datetime import date

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(?:([Zz])|([+-])(\d\d):?(\d\d)?)?)?"
)
_US = re.compile(
    r"(\d\d?)/(\d\d?)/(\d{4})(?:\s+(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d+))?)?\s*([AaPp][Mm])?)?"
)
_EPOCH = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as written: a local date, a time of day and an offset."""

    day: date
    time_of_day: int
    """Microseconds since midnight, digits beyond them cut."""
    offset: int
    """Microseconds ahead of UTC; 0 where none is written."""
    finer: bool = False
    """More digits were written than microseconds hold, and they are not zero."""

    @property
    def is_midnight(self) -> bool:
        """Whether it is nothing but a date."""
        return self.time_of_day == 0 and not self.finer

    @property
    def instant(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return (self.day.toordinal() - _EPOCH) * _DAY + self.time_of_day - self.offset


def parse_iso(text: str) -> Moment | None:
    """A moment of ISO 8601, a date alone being its midnight; None if it is none."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, ahead_h, ahead_m = match.groups()
    offset = (int(ahead_h or 0) * 3600 + int(ahead_m or 0) * 60) * _SECOND
    return _moment(
        (year, month, day), (hour, minute, second, fraction), -offset if sign == "-" else offset
    )


def parse_stamp(text: str) -> Moment | None:
    """A moment that a text field holds: ISO 8601, or `MM/dd/yyyy HH:mm:ss` in UTC.

    With slashes the month stands first, always: it is how the system writes a date-time as text,
    whatever the language of the session. A value that this order makes impossible (a thirteenth
    month) is no moment, rather than one in another order.
    """
    match = _US.fullmatch(text.strip())
    if match is None:
        return parse_iso(text)
    month, day, year, hour, minute, second, fraction, half = match.groups()
    if half:
        if not 1 <= int(hour) <= 12:
            return None
        hour = str(int(hour) % 12 + (12 if half.lower() == "pm" else 0))
    return _moment((year, month, day), (hour, minute, second, fraction), 0)


def _moment(
    ymd: tuple[str, str, str],
    time: tuple[str | None, str | None, str | None, str | None],
    offset: int,
) -> Moment | None:
    hour, minute, second = (int(part or 0) for part in time[:3])
    fraction = time[3] or ""
    if hour > 23 or minute > 59 or second > 59:
        return None
    try:
        day = date(*(int(part) for part in ymd))
    except ValueError:
        return None
    micros = int(fraction[:6].ljust(6, "0"))
    time_of_day = (hour * 3600 + minute * 60 + second) * _SECOND + micros
    return Moment(day, time_of_day, offset, finer=fraction[6:].strip("0") != "")
