"""Records as they are kept: ready pieces of JSON that answers are put together from.

A record's scalars are one piece of bytes and each of its nested members another, so that a page is
little more than a join, and numbers keep every digit. Bytes below 0x20 never occur in JSON text,
so they serve as marks inside the pieces of nested members:

    0x1a        where the files of the entity are, in the link of a nested row
    0x1d        the part of a nested row's id that differs between sessions
    0x19        the part of a nested row's id that is the record's, so that pieces can be shared
    0x1c, 0x1e  the start and the end of a nested row's custom fields, keyed by their whole places;
                those not asked for are left out
    0x10..0x17  the start and the end of members nested one to four levels deeper, which are cut out
                unless they are expanded; three bytes 0x01..0x08 after the start tell the path
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from acumatica_sandbox.records.model import EntityModel, ShapeModel

Record = dict[str, Any]
"""Scalars by name (str, int, bool, Decimal, date, datetime or None), nested records and lists
(or the JSON of a list's rows, ready, as bytes), `id`, and perhaps `note` (text), `custom` (values
by `View.Field`) and `archived`."""

SALT = b"\x1d"
OWNER = b"\x19"
FILES = b"\x1a"
CUSTOM = re.compile(rb"\x1c([^\x1e]*)\x1e")
MARKS = bytes(range(1, 9)) + bytes(range(0x10, 0x18)) + b"\x1c\x1e"
_dumps = json.JSONEncoder(ensure_ascii=False).encode


class Fragments(NamedTuple):
    """The pieces of one record."""

    flat: bytes
    nested: tuple[bytes, ...]
    """One a nested member, in the shape's order; empty for a linked object that is absent."""
    custom: bytes


def value_text(kind: str, value: Any) -> str:
    """A scalar as JSON, wrapped; nothing is an empty object."""
    if value is None:
        return "{}"
    return f'{{"value":{bare_text(kind, value)}}}'


def bare_text(kind: str, value: Any) -> str:
    """A scalar as JSON, in the way that answers write its type."""
    if kind == "d":
        text = format(value if isinstance(value, Decimal) else Decimal(str(value)), "f")
        return text if "." in text else f"{text}.0"
    if kind == "t":
        return f'"{instant_text(value)}"'
    if kind == "D":
        return f'"{value.isoformat()[:10]}T00:00:00+00:00"'
    return _dumps(value)


def instant_text(moment: datetime) -> str:
    """UTC with up to three digits of fraction, trailing zeros cut."""
    text = moment.isoformat()[:19]
    fraction = f"{moment.microsecond // 1000:03}".rstrip("0")
    return f"{text}.{fraction}+00:00" if fraction else f"{text}+00:00"


def to_fragments(entity: EntityModel, record: Mapping[str, Any]) -> Fragments:
    """A record's pieces."""
    fields = entity.shape.fields
    flat = f',"note":{{"value":{_dumps(record.get("note") or "")}}}' + "".join(
        _scalar(name, fields[name], record) for name in entity.shape.members if name in fields
    )
    nested = tuple(
        _member(entity, name, inner, record.get(name), name in entity.shape.details, 1).encode()
        for name, inner in entity.shape.nested.items()
    )
    own = entity.custom_by_path[""]
    custom = _dumps(_custom(own, record)).encode() if own else b""
    return Fragments(flat.encode(), nested, custom)


def _custom(kinds: Mapping[str, str], record: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """The JSON of a record's custom fields, by their places."""
    values = record.get("custom") or {}
    return {
        f"{path}{field}": f'{{"type":"{CUSTOM_TYPES[kind]}"'
        + (f',"value":{bare_text(kind, values[field])}}}' if values.get(field) is not None else "}")
        for field, kind in kinds.items()
    }


CUSTOM_TYPES = {
    "s": "CustomStringField",
    "d": "CustomDecimalField",
    "i": "CustomIntField",
    "h": "CustomShortField",
    "l": "CustomLongField",
    "b": "CustomBooleanField",
    "t": "CustomDateTimeField",
    "D": "CustomDateTimeField",
    "g": "CustomGuidField",
}


def _scalar(name: str, kind: str, record: Mapping[str, Any]) -> str:
    return f',"{name}":{value_text(kind, record.get(name))}'


def _member(
    entity: EntityModel, path: str, shape: ShapeModel, value: Any, many: bool, level: int
) -> str:
    name = path.rpartition("/")[2]
    if many:
        rows = (
            value.decode()
            if isinstance(value, bytes)
            else ",".join(
                _row(entity, path, shape, row, number, level)
                for number, row in enumerate(value or (), 1)
            )
        )
        return f',"{name}":[{rows}]'
    if value is None:
        return f',"{name}":null'
    return f',"{name}":{_inner(entity, path, shape, value, 1, level)}'


def _inner(
    entity: EntityModel, path: str, shape: ShapeModel, record: Any, number: int, level: int
) -> str:
    members = ""
    for name in shape.members:
        if name in shape.fields:
            members += _scalar(name, shape.fields[name], record)
        else:
            inside, many = f"{path}/{name}", name in shape.details
            member = _member(entity, inside, shape.nested[name], record.get(name), many, level + 1)
            members += f"{_opening(entity, inside, level)}{member}{chr(0x0F + 2 * level)}"
    note = f'"note":{{"value":{_dumps(record["note"])}}}' if record.get("note") else '"note":null'
    kinds = entity.custom_by_path.get(path)
    custom = f"\x1c{_dumps(_custom(kinds, record, f'{path}/'))}\x1e" if kinds else "{}"
    return (
        f'{{"id":"\x1d{record["id"][8:24]}\x19","rowNumber":{number},{note}'
        f'{members},"custom":{custom}}}'
    )


def _row(
    entity: EntityModel, path: str, shape: ShapeModel, record: Any, number: int, level: int
) -> str:
    """A row of a list, which unlike a linked object has a place to put files."""
    row = _inner(entity, path, shape, record, number, level)
    identity = f"\x1d{record['id'][8:24]}\x19"
    view = path.rpartition("/")[2]
    return f'{row[:-1]},"_links":{{"files:put":"\x1a{view}/{identity}/{{filename}}"}}}}'


def _opening(entity: EntityModel, path: str, level: int) -> str:
    number = entity.path_numbers[path]
    digits = (number >> 6, number >> 3 & 7, number & 7)
    return chr(0x0E + 2 * level) + "".join(chr(1 + digit) for digit in digits)


@lru_cache(maxsize=1024)
def _cut(number: int, level: int) -> re.Pattern[bytes]:
    digits = bytes(1 + digit for digit in (number >> 6, number >> 3 & 7, number & 7))
    start, end = bytes([0x0E + 2 * level]), bytes([0x0F + 2 * level])
    return re.compile(start + digits + b"[^" + end + b"]*" + end)


def shallow(piece: bytes) -> bytes:
    """A nested member's piece without the members and custom fields inside it."""
    return CUSTOM.sub(b"{}", _DEEPER.sub(b"", piece))


def whole(piece: bytes) -> bytes:
    """A nested member's piece with all the members inside it, without marks or custom fields."""
    return CUSTOM.sub(b"{}", piece).translate(None, MARKS)


_DEEPER = re.compile(rb"\x10[^\x11]*\x11")


def custom_text(pieces: bytes, places: Collection[str]) -> bytes:
    """The custom fields at some places, by view."""
    values = json.loads(pieces) if pieces else {}
    views: dict[str, list[str]] = {}
    for place in places:
        view, _, name = place.rpartition("/")[2].partition(".")
        if place in values:
            views.setdefault(view, []).append(f'"{name}":{values[place]}')
    inner = ",".join(f'"{view}":{{{",".join(fields)}}}' for view, fields in views.items())
    return f"{{{inner}}}".encode()


def finish(
    entity: EntityModel, page: bytes, expand: Collection[str], custom: Collection[str]
) -> bytes:
    """A page of marked pieces without its marks: what is not asked for is cut out."""
    page = CUSTOM.sub(lambda found: custom_text(found[1], custom), page)
    for path, number in entity.path_numbers.items():
        level = path.count("/")
        if level and path not in expand and path.rpartition("/")[0] in expand:
            page = _cut(number, level).sub(b"", page)
    return page.translate(None, MARKS)


def from_fragments(entity: EntityModel, identity: str, fragments: Fragments) -> Record:
    """The record of these pieces, as Python values."""
    text = b"{" + b"".join((fragments.flat, *fragments.nested))[1:] + b"}"
    owner = identity[24:].encode()
    text = text.replace(SALT, b"00000000").replace(OWNER, owner).translate(None, MARKS + FILES)
    wire = json.loads(text, parse_float=Decimal)
    record = parse_wire(entity.shape, wire, whole=True)
    record["id"] = identity
    record["note"] = wire["note"]["value"]
    if fragments.custom:
        record["custom"] = _custom_values(entity.custom_by_path[""], json.loads(fragments.custom))
    for path, kinds in entity.custom_by_path.items():
        for row in rows_at(record, path.split("/")) if path else ():
            row["custom"] = _custom_values(kinds, row["custom"])
    return record


def rows_at(record: Record, path: Sequence[str]) -> list[Record]:
    """The nested rows at a path."""
    rows = [record]
    for step in path:
        deeper: list[Record] = []
        for row in rows:
            inner = row.get(step)
            deeper += inner if isinstance(inner, list) else [inner] if inner else []
        rows = deeper
    return rows


def _custom_values(kinds: Mapping[str, str], pieces: Mapping[str, str]) -> dict[str, Any]:
    texts = {place.rpartition("/")[2]: text for place, text in pieces.items()}
    return {
        field: parse_value(kind, json.loads(texts[field], parse_float=Decimal).get("value"))
        for field, kind in kinds.items()
        if field in texts
    }


def parse_wire(shape: ShapeModel, body: Mapping[str, Any], *, whole: bool = False) -> Record:
    """The values of `{"Field": {"value": ...}}`; what the shape does not know is left out.

    With `whole`, fields that are absent are None, and custom fields are kept as they are.
    """
    record: Record = {"id": body["id"]} if "id" in body else {}
    if whole and body.get("custom"):
        record["custom"] = body["custom"]
    for name, kind in shape.fields.items():
        wrapped = body.get(name)
        if isinstance(wrapped, Mapping):
            record[name] = parse_value(kind, wrapped.get("value"))
        elif whole:
            record[name] = None
    for name, linked in shape.linked.items():
        if isinstance(body.get(name), Mapping):
            record[name] = parse_wire(linked, body[name], whole=whole)
        elif whole:
            record[name] = None
    for name, detail in shape.details.items():
        if isinstance(body.get(name), list):
            record[name] = [parse_wire(detail, row, whole=whole) for row in body[name]]
    return record


def parse_value(kind: str, value: Any) -> Any:
    """A JSON scalar as a Python value of its type.

    Raises:
        ValueError, TypeError, ArithmeticError: the value is not of that type.
    """
    if value is None:
        return None
    if kind == "d":
        return Decimal(str(value))
    if kind in "ihl":
        return int(value)
    if kind == "t":
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    if kind == "D":
        return date.fromisoformat(value[:10])
    if kind == "b" and not isinstance(value, bool):
        raise ValueError(f"{value!r} is not a Boolean value")
    if kind == "g":
        return str(value).lower()
    return value if kind in "b" else str(value)


def selected(flat: bytes, names: Collection[bytes]) -> bytes:
    """The note, and the scalars whose starts `,"Name":` are given."""
    parts = [flat[: _end(flat, 0)]]
    for start in names:
        at = flat.find(start)
        if at >= 0:
            parts.append(flat[at : _end(flat, at)])
    return b"".join(parts)


def emptied(flat: bytes, names: Collection[bytes]) -> bytes:
    """The scalars, with nothing as the values of those whose starts `,"Name":` are given."""
    for start in names:
        at = flat.find(start)
        if at >= 0:
            flat = flat[: at + len(start)] + b"{}" + flat[_end(flat, at) :]
    return flat


def field_text(flat: bytes, name: str) -> bytes:
    """One scalar's JSON, wrapped."""
    start = f',"{name}":'.encode()
    at = flat.find(start)
    return flat[at + len(start) : _end(flat, at)] if at >= 0 else b"{}"


def _end(flat: bytes, start: int) -> int:
    """Where a scalar ends: quotes within text are escaped, so `},"` is between scalars only."""
    end = flat.find(b'},"', start)
    return len(flat) if end < 0 else end + 1
