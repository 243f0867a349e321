"""What field names promise where the contract is silent: instants, business dates, stamps.

A contract declares every point in time alike, as `DateTimeValue`. Whether the time of day counts
only shows in the name. A wrong guess loses nothing: a date is checked against its values (a value
with a time of day is kept in full beside it), so whatever is in doubt is a business date.
"""

import re
from collections.abc import Callable, Iterable

from acumatica_source.contract.model import DeclaredField, FieldType

_INSTANT = re.compile(
    r"""
      ^(Last)?(Modified|Modification|Updated|Update|Changed|Synced|Sync)(?![a-z])
    | ^Creat(ed|ion)(?![a-z])
    | DateTime(?![a-z])
    | Time(UTC)?$
    | (?<=[a-z])At$
    | ^Last[A-Za-z]*Activity(Date)?$
    | ^SLA$
    """,
    re.VERBOSE,
)
_STAMP_IN_TEXT = re.compile(r"^(Last)?(Modified|Updated|Created)(Date|DateTime|Time|On|At)$")
_WATERMARKS = ("lastmodifieddatetime", "lastmodified", "lastmodifieddate")
"""Names that the system endpoints use, in lower case, the best first."""

_LIKE_A_WATERMARK = re.compile(
    r"^(last)?(modified|updated|changed)(date|time|datetime|on|at)?(utc)?$", re.IGNORECASE
)


def type_of_moment(name: str) -> FieldType:
    """Whether a field declared as date-time holds an instant or a business date."""
    return FieldType.INSTANT if _INSTANT.search(name) else FieldType.DATE


def is_time_of_day(name: str) -> bool:
    """Whether a date-time field means a time of day, so that its date is a mere filler."""
    return name.endswith("Time") and not name.endswith("DateTime")


def is_stamp_in_text(name: str) -> bool:
    """Whether a field declared as text holds a date-time (`SalesOrderDetail.LastModifiedDate`)."""
    return _STAMP_IN_TEXT.match(name) is not None


def watermark_of(fields: Iterable[DeclaredField]) -> str | None:
    """The header field that holds the record's last modification, or None."""
    stamps = {
        f.name.lower(): f.name
        for f in fields
        if f.type is FieldType.INSTANT and not f.string_stamp and f.custom is None
    }
    likely = (name for lower, name in stamps.items() if _LIKE_A_WATERMARK.match(lower))
    return next((stamps[name] for name in _WATERMARKS if name in stamps), next(likely, None))


def find_collisions(
    names: Iterable[str], normalize: Callable[[str], str]
) -> dict[str, tuple[str, ...]]:
    """Names that become one and the same after normalisation.

    Args:
        names: Column or table names as on the wire.
        normalize: The destination's naming convention.

    Returns:
        For each normalised name that several names share, those names in their order.
    """
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(normalize(name), []).append(name)
    return {to: tuple(several) for to, several in groups.items() if len(several) > 1}
