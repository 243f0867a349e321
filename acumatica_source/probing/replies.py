"""Answers of a server, reduced to words of a fixed vocabulary."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from acumatica_source.client.classify import looks_like_sign_in_page

FORMS = ("nothing", "array", "object", "text", "sign-in page", "html", "xml", "other")
MEMBERS = (
    *("message", "messageDetail", "exceptionMessage", "exceptionType", "stackTrace"),
    *("innerException", "modelState", "error", "error.code", "error.message", "error.innererror"),
    *("error_description", "odata.error", "id", "name", "version", "href", "endpoints", "value"),
    "other",
)
"""Members of objects that are told by name."""

_PHRASES: tuple[tuple[str, str], ...] = (
    ("no seat", r"API\s*Login\s*Limit|concurrent API logins|CheckApiUsersLimits"),
    ("wrong credentials", r"invalid credentials"),
    ("no record", r"No entity satisfies the condition|NoEntitySatisfiesTheCondition"),
    ("not optimisable", r"Optimization cannot be performed|CannotOptimize|Bql ?Delegate"),
    ("unknown key", r"given key was not present|KeyNotFoundException"),
    ("unknown property", r"Could not find a property named"),
    ("unknown function", r"unknown function with name"),
    ("incompatible types", r"incompatible types"),
    ("not a single value", r"not a single value"),
    ("no conversion", r"Type conversions? not supported"),
    ("literal", r"Unrecognized '?Edm|Unrecognized .{1,40} literal"),
    ("syntax", r"[Ss]yntax error|ODataException|Microsoft\.(Data\.)?OData|Microsoft\.OData"),
    ("option not allowed", r"query option .{1,80} is not allowed|cannot be used in the \$"),
    ("no rights", r"insufficient rights|access rights|not authorized|Access denied"),
    ("not set up", r"PXSetupNotEntered|required configuration data is not entered"),
    ("unknown segment", r"Resource not found for the segment"),
    ("unknown address", r"No HTTP resource was found|No type was found that matches"),
    ("contract version", r"contract version|not supported"),
    ("long operation", r"long operation|PXLongOperation|in progress"),
    ("throttled", r"custom error module does not recognize this error|too many requests"),
    ("not signed in", r"not logged in|NotLoggedIn|Authorization has been denied|unauthorized"),
    ("not found", r"not found|cannot be found"),
    ("null reference", r"Object reference not set|NullReferenceException"),
    ("an error", r"An error has occurred"),
)
PHRASES = (*(name for name, _ in _PHRASES), "nothing", "something else")
_KNOWN_PHRASES = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PHRASES)

MOMENT_FORMS = ("date", "+00:00", "other offset", "Z", "no offset")
NULL_FORMS = ("{}", "value null", "null")

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:\d\d)?)?"
)
_LONGEST_TEXT = 65_536


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    @cached_property
    def document(self) -> Any:
        """The body as JSON, whose numbers with a point stay text; None if it is none."""
        try:
            return json.loads(self.content, parse_float=RealText)
        except (ValueError, RecursionError):
            return None

    @property
    def ok(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status < 300

    @property
    def rows(self) -> list[dict[str, Any]] | None:
        """The records of a list, bare or in an envelope; None if it is no list."""
        listed = self.document
        if isinstance(listed, dict):
            listed = listed.get("value")
        if not self.ok or not isinstance(listed, list):
            return None
        return [row for row in listed if isinstance(row, dict)]

    @property
    def record(self) -> dict[str, Any] | None:
        """The single record that it is."""
        found = self.document
        return found if self.ok and isinstance(found, dict) else None

    @property
    def outcome(self) -> str:
        """`rows`, `empty` or `refused`."""
        rows = self.rows
        if rows is None:
            return "refused"
        return "rows" if rows else "empty"

    @property
    def form(self) -> str:
        """What kind of body it is, of `FORMS`."""
        start = self.content[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if not start:
            return "nothing"
        if self.document is not None:
            kinds: Mapping[type, str] = {list: "array", dict: "object"}
            return kinds.get(type(self.document), "text")
        if start.startswith((b"<!doctype", b"<html")):
            return "sign-in page" if looks_like_sign_in_page(self.content) else "html"
        if start.startswith(b"<"):
            return "xml"
        return "text" if "text" in self.headers.get("Content-Type", "").lower() else "other"

    @property
    def says(self) -> str:
        """What its text is about, of `PHRASES`."""
        text = self.content[:_LONGEST_TEXT].decode("utf-8", "replace")
        if not text.strip():
            return "nothing"
        found = (name for name, pattern in _KNOWN_PHRASES if pattern.search(text))
        return next(found, "something else")

    @property
    def shape(self) -> dict[str, Any]:
        """Status, form and subject: what can be told of it without telling what it says."""
        members = {name if name in MEMBERS else "other" for name in _members(self.document)}
        return {
            "status": min(max(self.status, 100), 599),
            "form": self.form,
            "says": "nothing" if self.ok else self.says,
            "members": [name for name in MEMBERS if name in members],
        }


class RealText(str):
    """A number with a point or an exponent, as it was written."""

    __slots__ = ()


def _members(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield str(name)
            if name == "error" and isinstance(value, dict):
                yield from (f"error.{inner}".lower() for inner in value)


def form_of_moment(text: object) -> str | None:
    """How a moment is written, of `MOMENT_FORMS`; None if it is no moment."""
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    if "T" not in found[0]:
        return "date"
    zone = found["zone"]
    if zone is None:
        return "no offset"
    return zone if zone in ("Z", "+00:00") else "other offset"


def minutes_of_offset(text: object) -> int | None:
    """How many minutes a moment is written away from UTC."""
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None or found["zone"] in (None, "Z"):
        return None
    hours, minutes = found["zone"][1:].split(":")
    away = int(hours) * 60 + int(minutes)
    return -away if found["zone"][0] == "-" else away


def fraction_digits(text: object) -> int | None:
    """Digits of a moment's seconds behind the point; None if it has no time."""
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None or "T" not in found[0]:
        return None
    return len(found["fraction"] or "")


def is_midnight(text: str) -> bool:
    """Whether a moment has no time of the day."""
    return "T" not in text or "T00:00:00" in text


def value_of(field: Any) -> Any:
    """What a field of a record holds: within `value`, or within the `id` of a drop-down."""
    return field.get("value") if isinstance(field, dict) else None


def null_form(field: Any) -> str | None:
    """How a field says that it has no value, of `NULL_FORMS`; None if it has one."""
    if field is None:
        return "null"
    if field == {}:
        return "{}"
    if isinstance(field, dict) and "value" in field and field["value"] is None:
        return "value null"
    return None
