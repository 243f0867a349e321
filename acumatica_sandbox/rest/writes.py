"""Writing records by the contract REST API: insert, update, delete."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from acumatica_sandbox.answers import Failure, http_error, json_bytes
from acumatica_sandbox.bodies import as_typed
from acumatica_sandbox.records.consistency import recalculate
from acumatica_sandbox.records.fragments import Record, parse_value
from acumatica_sandbox.records.given_record import KINDS, of_kind
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.store import Condition, Window
from acumatica_sandbox.records.views import CREATED
from acumatica_sandbox.rest.entity_api import Call, answer_record, by_id, find, narrowed
from acumatica_sandbox.rest.filters import FilterError, SilentlyEmpty
from acumatica_sandbox.rest.inquiries import answer_of
from acumatica_sandbox.site import Site

ERRORS = (ValueError, TypeError, ArithmeticError)


def put(call: Call, entity: EntityModel, body: Mapping[str, Any], *, update_only: bool) -> Response:
    """Insert or update a record; of an inquiry, its rows for the parameters given."""
    asked = call.query(entity)
    body = call.dialect.body(entity, body)
    values = _values(call, entity, body)
    if entity.inquiry:
        record = answer_of(call.site, narrowed(entity, asked.projection), values)
        return answer_record(call, entity, record, asked.projection)
    existing = _existing(call, entity, values, asked.filter)
    if existing is None and update_only:
        return http_error(404, "No entity satisfies the condition.")
    _check_preconditions(call.headers, existing)
    record = write(call.site, entity, existing, values)
    projection = asked.projection
    if projection.select is not None:
        projection = replace(projection, select=projection.select | set(body))
    return answer_record(call, entity, record, projection)


def write(site: Site, entity: EntityModel, existing: Record | None, values: Record) -> Record:
    """Merge values into a record, or make a new one; details by id, line number, or appended."""
    record: Record = existing or _blank(entity.shape, site)
    if existing is None and "NoteID" in entity.shape.fields:
        record["NoteID"] = record["id"]
    for name in CREATED if existing is None else ():
        if entity.shape.fields.get(name) == "t":
            record[name] = site.clock.stamp()
    before = {name: record.get(name) for name in entity.shape.fields}
    _merge(entity.shape, record, values, site)
    for key in entity.keys:
        known = before[key]
        if isinstance(known, str) and _same(known, record[key]):
            record[key] = known  # keys find records in any case, and stay as they are
    for position, key in enumerate(entity.keys):
        if record.get(key) is None:
            record[key] = _numbered(site, entity, key, position)
    recalculate(entity, record)
    only_lines = all(before[name] == record.get(name) for name in entity.shape.fields)
    if existing is None or not only_lines or site.options.lines_touch_header:
        stamp_now(site, entity, record)
    site.store.replace(entity, record)
    return record


def _same(one: str, other: object) -> bool:
    return isinstance(other, str) and one.rstrip(" ").lower() == other.rstrip(" ").lower()


def stamp_now(site: Site, entity: EntityModel, record: Record) -> None:
    """Stamp a record as modified at the present."""
    moment = site.clock.stamp()
    for name in entity.stamps:
        record[name] = moment if entity.shape.fields[name] == "t" else moment.date()


def delete(call: Call, entity: EntityModel, keys: list[str]) -> Response:
    """Delete a record."""
    call.site.delete(entity, find(call, entity, keys)["id"])
    return Response(status_code=204)


def _existing(
    call: Call, entity: EntityModel, values: Record, condition: str | None
) -> Record | None:
    store = call.site.store
    if values.get("id"):
        return next(store.records(entity, Window(by_id(call, str(values["id"])))), None)
    if condition:
        try:
            where = call.dialect.condition(entity, condition)
        except FilterError as error:
            status = call.dialect.refused_filter_status
            raise Failure(http_error(status, str(error), error.kind)) from None
        except SilentlyEmpty:
            return None
        return next(store.records(entity, Window(where, top=1)), None)
    keys = [values.get(key) for key in entity.keys]
    if not keys or any(key is None for key in keys):
        return None
    return store.by_keys(entity, keys)


def _check_preconditions(headers: Mapping[str, str], existing: Record | None) -> None:
    if existing is not None and headers.get("If-None-Match") == "*":
        raise Failure(http_error(412, "The record exists already."))
    if existing is None and headers.get("If-Match") == "*":
        raise Failure(http_error(412, "The record does not exist."))


def _values(call: Call, entity: EntityModel, body: Mapping[str, Any]) -> Record:
    """The body's values, checked.

    Raises:
        Failure: 422 with the body echoed and errors at the fields.
    """
    values, echo, wrong = _node(entity, entity.shape, body, "")
    if wrong:
        fields = {"note": {"value": ""}, **echo}
        head = {"id": fields.pop("id", None) or str(uuid4()), "rowNumber": 1}
        verb = "Updating" if "id" in echo else "Inserting"
        head["error"] = (
            f"{verb}  '{entity.title}' record raised at least one error. Please review the errors."
        )
        text = json.dumps(head | fields, ensure_ascii=False).encode()
        raise Failure(json_bytes(call.dialect.answer(entity, text), 422))
    return values


def _custom_values(kinds: Mapping[str, str], custom: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for view, fields in custom.items():
        for name, field in fields.items() if isinstance(fields, Mapping) else ():
            kind = kinds.get(f"{view}.{name}")
            if kind and isinstance(field, Mapping):
                try:
                    values[f"{view}.{name}"] = _value(kind, field.get("value"))
                except ERRORS:
                    text = f"{view}.{name} must be {KINDS[kind]}."
                    raise Failure(http_error(500, text)) from None
    return values


def _node(
    entity: EntityModel, shape: ShapeModel, body: Mapping[str, Any], path: str
) -> tuple[Record, dict[str, Any], bool]:
    codes = {} if path else entity.codes
    values: Record = {}
    echo: dict[str, Any] = {}
    wrong = False
    for name in ("id", "delete", "note"):
        if name in body:
            values[name] = echo[name] = body[name]
    if isinstance(body.get("note"), Mapping):
        values["note"] = body["note"].get("value")
    if not isinstance(values.get("note", ""), str):
        del values["note"]
    if isinstance(body.get("custom"), Mapping):
        values["custom"] = _custom_values(entity.custom_by_path.get(path, {}), body["custom"])
    for name, given in body.items():
        below = f"{path}/{name}".lstrip("/")
        if name in shape.fields:
            value = given.get("value") if isinstance(given, Mapping) else given
            echo[name] = {"value": value}
            try:
                values[name] = _value(shape.fields[name], value)
                if name in codes and values[name] is not None and values[name] not in codes[name]:
                    del values[name]
                    echo[name]["error"] = f"'{name}' must be one of {', '.join(codes[name])}."
                    wrong = True
            except ERRORS:
                echo[name]["error"] = f"'{name}' must be {KINDS[shape.fields[name]]}."
                wrong = True
        elif name in shape.linked and isinstance(given, Mapping):
            values[name], echo[name], inner = _node(entity, shape.linked[name], given, below)
            wrong = wrong or inner
        elif name in shape.details and isinstance(given, list):
            inner_shape, rows = shape.details[name], [row for row in given if isinstance(row, dict)]
            nodes = [_node(entity, inner_shape, row, below) for row in rows]
            values[name] = [node[0] for node in nodes]
            echo[name] = [node[1] for node in nodes]
            wrong = wrong or any(node[2] for node in nodes)
    return values, echo, wrong


def _value(kind: str, given: Any) -> Any:
    """A value as JSON has it: numbers may be text and text may be a number, but nothing nested.

    Raises:
        ValueError, TypeError, ArithmeticError: it is not of that type, or out of its range.
    """
    if isinstance(given, Mapping | list):
        raise TypeError
    value = parse_value(kind, as_typed(kind, given) if isinstance(given, str) else given)
    return None if value is None else of_kind(kind, value)


def _merge(shape: ShapeModel, record: Record, values: Record, site: Site) -> None:
    for name, value in values.items():
        if name in shape.fields or name == "note":
            record[name] = value
        elif name == "custom":
            record[name] = {**(record.get(name) or {}), **value}
        elif name in shape.linked:
            inner = record.get(name) or _blank(shape.linked[name], site)
            _merge(shape.linked[name], inner, value, site)
            record[name] = inner
        elif name in shape.details:
            record[name] = _merged_rows(shape.details[name], record.get(name) or [], value, site)


def _merged_rows(
    shape: ShapeModel, rows: list[Record], changes: list[Record], site: Site
) -> list[Record]:
    rows = list(rows)
    for change in changes:
        row = _row_of(rows, change)
        if change.get("delete") is True:
            if row is not None:
                rows.remove(row)
            continue
        if row is None:
            row = _blank(shape, site)
            if "LineNbr" in shape.fields:
                row["LineNbr"] = max((int(one["LineNbr"] or 0) for one in rows), default=0) + 1
            rows.append(row)
        _merge(shape, row, change, site)
    return rows


def _row_of(rows: list[Record], change: Record) -> Record | None:
    """The row that a change is about: ids differ between sessions in their first part."""
    if change.get("id"):
        tail = str(change["id"])[8:]
        return next((row for row in rows if row["id"][8:] == tail), None)
    if change.get("LineNbr") is not None:
        return next((row for row in rows if row["LineNbr"] == change["LineNbr"]), None)
    return None


def _blank(shape: ShapeModel, site: Site) -> Record:
    record: Record = {"id": site.chance.guid()}
    record |= dict.fromkeys(shape.fields)
    record |= dict.fromkeys(shape.linked)
    record |= {name: [] for name in shape.details}
    return record


def _numbered(site: Site, entity: EntityModel, key: str, position: int) -> Any:
    """A key value for a new record that has none: drop-downs their first label, others count."""
    if key in entity.codes:
        return next(iter(entity.codes[key]))
    kind = entity.shape.fields[key]
    number = site.store.count(entity) + 1
    if kind == "g":
        return site.chance.guid()
    if kind in "ihl":
        return number
    if position + 1 < len(entity.keys):
        return "SO" if key == "OrderType" else "NEW"
    while True:
        text = f"{number:06}"
        like = next(iter(site.store.records(entity, Window(top=1))), {})
        prefix = str(like.get(key) or "")[:1]
        text = f"{prefix}{text}" if prefix.isalpha() else text
        found = _taken(site, entity, text)
        if not found:
            return text
        number += 1


def _taken(site: Site, entity: EntityModel, text: str) -> bool:
    where = Condition(f'"{entity.keys[-1]}" = ?', (text,))
    return bool(site.store.page(entity, Window(where, top=1)))
