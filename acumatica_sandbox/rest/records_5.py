"""Records in contract version 5, made of those of version 4: the store keeps one truth."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from acumatica_sandbox.options import SandboxOptions
from acumatica_sandbox.records.drop_downs import (
    code_of,
    codes_of,
    labels_in,
    number_of,
)
from acumatica_sandbox.records.fragments import CUSTOM_TYPES, instant_text
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.version_5 import kept_name
from acumatica_sandbox.records.views import form_field

HEAD = ("id", "rowNumber", "note")
"""What records begin with."""
CUSTOM_TYPES_5 = {
    **CUSTOM_TYPES,
    "o": "CustomDateTimeField",
    "S": "CustomStringSingleSelectField",
    "I": "CustomIntSingleSelectField",
    "M": "CustomStringMultiSelectField",
}
_TEXT_STAMP = "%m/%d/%Y %H:%M:%S"
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def answer_of(
    entity: EntityModel, wire: EntityModel, body: bytes, options: SandboxOptions
) -> bytes:
    """An answer with one or several records, from the one of version 4."""
    document = json.loads(body, parse_float=lambda text: f"{_DIGITS}{text}")
    maker = _Wire(entity, wire, options)
    several = isinstance(document, list)
    made = [maker.record(one) for one in document] if several else maker.record(document)
    return _NUMBER.sub(r"\1", _dumps(made)).encode()


_DIGITS = "\0\1"
_NUMBER = re.compile(r'"\\u0000\\u0001([-+.0-9eE]+)"')
"""Numbers with a point stay the text that they are, so that none of their digits changes."""


def truth_of(
    entity: EntityModel, wire: EntityModel, record: Mapping[str, Any], options: SandboxOptions
) -> dict[str, Any]:
    """A record of the store as version 5 has it: Python values, drop-downs as on the wire."""
    return _Truth(entity, wire, options).converted(record)


def typed(letter: str, place: str, value: Any) -> Any:
    """A value in version 5: drop-downs with their codes, and dates without a time."""
    if value is None:
        return None
    if letter == "S":
        return {"id": code_of(place, value), "description": value}
    if letter == "I" and isinstance(value, int):
        return {"id": value, "description": str(value)}
    if letter == "I":
        return {"id": number_of(place, value), "description": value}
    if letter == "M":
        labels = labels_in(value)
        return [{"id": code_of(place, label), "description": label} for label in labels]
    if letter == "t" and isinstance(value, str):
        return _instant_of(value)
    return value


def stamp_text(text: str) -> str:
    """A stamp as version 4 has it where it is text there; what is none stays."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.strftime(_TEXT_STAMP)


def _instant_of(text: str) -> datetime | None:
    """The instant of a stamp that version 4 has as text."""
    try:
        return datetime.strptime(text, _TEXT_STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


class _Converter:
    """Gives records the names and types of version 5."""

    def __init__(self, kept: EntityModel, wire: EntityModel, options: SandboxOptions) -> None:
        self._kept = kept
        self._entity = wire
        self._options = options
        self._plain = "dihlbg" if options.plain_drop_downs == "code" else "dihlbgs"
        """The letters of types whose values are those of version 4."""
        self._plans: dict[str, list[tuple[str, str, str, str]]] = {}

    def scalar(self, letter: str, place: str, value: Any) -> Any:
        """A field's value, by the letter of its type and its place."""
        raise NotImplementedError

    def custom(self, record: Mapping[str, Any], letters: Mapping[str, str], path: str) -> Any:
        """The custom fields of a record, by the letters of their types."""
        raise NotImplementedError

    def converted(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record; what is no member of its contract stays."""
        return self._converted(self._entity.shape, self._kept.shape, record, "")

    def _converted(
        self, wire: ShapeModel, kept: ShapeModel, record: Mapping[str, Any], path: str
    ) -> dict[str, Any]:
        result = {name: record[name] for name in HEAD if name in record}
        for name, old, letter, place in self._plan(wire, kept, path):
            if old not in record:
                continue
            value = record[old]
            if letter:
                result[name] = self.scalar(letter, place, value)
                continue
            inside = wire.nested[name], kept.nested[name]
            if isinstance(value, list):
                result[name] = [self._converted(*inside, one, place) for one in value]
            else:
                result[name] = value and self._converted(*inside, value, place)
        for name, value in record.items():
            if name == "custom" and value:
                letters = self._entity.custom_by_path.get(path, {})
                result[name] = self.custom(record, letters, path)
            elif name not in kept.fields and name not in kept.nested:
                result.setdefault(name, value)
        return result

    def _plan(
        self, wire: ShapeModel, kept: ShapeModel, path: str
    ) -> list[tuple[str, str, str, str]]:
        """The members at a path: new name, kept name, and the letter and place, or the path."""
        if path not in self._plans:
            plan = self._plans[path] = []
            for name in wire.members:
                if name in wire.fields:
                    old = kept_name(kept, name)
                    plan.append((name, old, wire.fields[name], f"{kept.name}.{old}"))
                else:
                    plan.append((name, name, "", f"{path}/{name}".lstrip("/")))
        return self._plans[path]


class _Truth(_Converter):
    """Records of the store."""

    def scalar(self, letter: str, place: str, value: Any) -> Any:
        if letter in self._plain or value is None:
            return value
        return codes_of(place).get(value, value) if letter == "s" else typed(letter, place, value)

    def custom(self, record: Mapping[str, Any], letters: Mapping[str, str], path: str) -> Any:
        return {
            place: typed(letters.get(place, "s"), place, value)
            for place, value in record["custom"].items()
        }


class _Wire(_Converter):
    """Answers of version 4."""

    def record(self, record: Any) -> Any:
        """A record or form as an answer has it."""
        if not isinstance(record, dict):
            return record
        made = self.converted(record)
        return _bared(made) if self._options.null_form == "bare" else made

    def scalar(self, letter: str, place: str, wrapped: Any) -> Any:
        if letter in self._plain and wrapped:
            return wrapped
        given = wrapped if isinstance(wrapped, dict) else {"value": wrapped}
        value = self._value(letter, place, given.get("value"))
        if value is not None:
            return {**given, "value": value}
        if "error" in given or self._options.null_form == "value":
            return {**given, "value": None}
        return {} if self._options.null_form == "empty" else None

    def _value(self, letter: str, place: str, value: Any) -> Any:
        if letter == "t" and isinstance(value, str) and value[2:3] == "/":
            moment = _instant_of(value)
            value = moment and instant_text(moment)
        elif letter == "s" and letter not in self._plain and value is not None:
            return codes_of(place).get(value, value)
        elif letter in "SIM":
            return typed(letter, place, value)
        if letter == "o" and isinstance(value, str):
            return value if self._options.date_only_form == "timestamp" else value[:10]
        if letter in "tD" and isinstance(value, str):
            return self._instant(value)
        return value

    def _instant(self, text: str) -> str:
        form = self._options.instant_form
        if form == "z":
            return f"{text[:-6]}Z" if text.endswith("+00:00") else text
        return text[:-6] if form == "bare" else text

    def _of_form(self, place: str) -> tuple[str, str]:
        """The type and the place of a field of the contract that is named as one of the form."""
        name = form_field(self._kept, place) or ""
        shape = self._kept.shape
        wire = (n for n in self._entity.shape.fields if kept_name(shape, n) == name)
        letter = next((self._entity.shape.fields[n] for n in wire), shape.fields.get(name, "s"))
        return letter, f"{shape.name}.{name}"

    def custom(self, record: Mapping[str, Any], letters: Mapping[str, str], path: str) -> Any:
        views: dict[str, Any] = {}
        for view, fields in record["custom"].items():
            views[view] = {}
            for name, field in fields.items():
                place = f"{view}.{name}"
                letter, at = letters.get(place, "s"), place
                if not path and place not in letters:
                    letter, at = self._of_form(place)
                value = self._value("D" if letter == "o" else letter, at, field.get("value"))
                views[view][name] = {"type": CUSTOM_TYPES_5.get(letter, field["type"])}
                if value is not None or self._options.null_form != "empty":
                    views[view][name]["value"] = value
        return views


def _bared(record: dict[str, Any]) -> dict[str, Any]:
    """A record with null in the place of whatever is empty."""
    for name, value in record.items():
        if name == "note" and value == {"value": ""}:
            record[name] = None
        elif isinstance(value, list):
            rows = [_bared(one) if isinstance(one, dict) else one for one in value]
            record[name] = rows or None
        elif name == "custom":
            record[name] = value or None
        elif isinstance(value, dict) and "rowNumber" in value:
            record[name] = _bared(value)
    return record
