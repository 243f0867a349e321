"""Whatever a contract declares and a record holds comes back: decode(render(record)) = record."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acumatica_source.arrow.errors import ValueOutOfRange
from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
from acumatica_source.contract.model import Entity, FieldType, Selection, Shape
from acumatica_source.contract.openapi import parse_contract
from tests.contract.documents import contract_document

WRAPPERS = [
    "StringValue",
    "DecimalValue",
    "LongValue",
    "BooleanValue",
    "GuidValue",
    "DateTimeValue",
    "DateOnlyValue",
    "StringSingleSelectValue",
    "IntSingleSelectValue",
    "StringMultiSelectValue",
]
Draw = Callable[[st.SearchStrategy[Any]], Any]
FIELDS = ["Alpha", "Beta", "Gamma", "DueDate", "ShipOn", "CreatedDateTime", "LastModified", "Type"]

properties = {
    4: st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(WRAPPERS[:6]), max_size=6),
    5: st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(WRAPPERS), max_size=6),
}
"""By contract version."""


@st.composite
def entities(draw: st.DrawFn) -> Entity:
    """An entity parsed from a random contract, with children up to three levels below."""
    schemas: dict[str, Any] = {}
    version = draw(st.sampled_from([4, 5]))

    def schema(name: str, depth: int) -> None:
        own: dict[str, Any] = dict(draw(properties[version]))
        if depth < 3:
            for kind in draw(
                st.lists(st.sampled_from(["Linked", "Lines"]), max_size=2, unique=True)
            ):
                child = f"{name}{kind}"
                own[kind] = child if kind == "Linked" else [child]
                schema(child, depth + 1)
        schemas[name] = own

    schema("Top", 0)
    document = contract_document(
        schemas,
        ["Top"],
        swagger=draw(st.sampled_from([2, 3])) if version == 4 else 3,
        version=str(version),
        nullable=draw(st.booleans()),
    )
    entity = parse_contract(document).entities["Top"]
    return Entity("Top", entity.shape)


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
decimals = st.decimals(
    min_value=-(10**28) + 1, max_value=10**28 - 1, places=10, allow_nan=False, allow_infinity=False
)
offsets = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(
    datetime(1753, 1, 1), datetime(9998, 12, 31), timezones=offsets
).filter(lambda at: abs(at - datetime(1900, 1, 1, tzinfo=UTC)) > timedelta(hours=14))  # fmt: skip
dates = st.dates(date(1753, 1, 1)).filter(lambda day: day != date(1900, 1, 1))
VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.TEXT: text,
    FieldType.DECIMAL: decimals,
    FieldType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.GUID: st.uuids().map(str),
    FieldType.INSTANT: instants,
    FieldType.DATE: dates,
}
options = st.tuples(text.filter(bool), text.filter(bool))
SELECTIONS: dict[Selection, st.SearchStrategy[Any]] = {
    Selection.TEXT: options,
    Selection.INTEGER: st.tuples(text, st.integers(-(2**31), 2**31 - 1)),
    Selection.SEVERAL: st.lists(options, min_size=1, max_size=3),
}
"""Label and code of an option, or of each of several."""


@st.composite
def objects(draw: st.DrawFn, shape: Shape) -> dict[str, Any]:
    """The meaning of a row: values by field, nested objects and lists below."""
    found: dict[str, Any] = {}
    for field in shape.fields:
        known = VALUES[field.type] if field.selection is None else SELECTIONS[field.selection]
        found[field.name] = draw(st.none() | known)
    for name, linked in shape.linked.items():
        found[name] = draw(st.none() | objects(linked))
    for name, lines in shape.details.items():
        found[name] = draw(st.lists(objects(lines), max_size=3))
    return found


def render(draw: Draw, shape: Shape, meant: dict[str, Any]) -> str:
    """The JSON of a row, written in one of the ways a server may choose."""
    parts = [
        '"rowNumber":1',
        draw(st.sampled_from(['"note":null', '"note":{"value":""}', '"note":{}'])),
    ]
    for field in shape.fields:
        value = meant[field.name]
        if value is None:
            empty = ["{}", '{"value":null}', "null", ""]
            if field.selection is Selection.SEVERAL:
                empty.append('{"value":[]}')
            wire = draw(st.sampled_from(empty))
        elif field.selection is not None:
            wire = f'{{"value":{chosen(field.selection, value)}}}'
        else:
            wire = f'{{"value":{written(draw, field.type, value)}}}'
        if wire:
            parts.append(f'"{field.name}":{wire}')
    for name, linked in shape.linked.items():
        if meant[name] is not None:
            parts.append(f'"{name}":{{{render(draw, linked, meant[name])}}}')
    for name, lines in shape.details.items():
        rows = ",".join(f"{{{render(draw, lines, row)}}}" for row in meant[name])
        parts.append(f'"{name}":[{rows}]')
    parts.append(draw(st.sampled_from(['"custom":{}', '"_links":{"self":"/x"}', '"error":"no"'])))
    return ",".join(parts)


def chosen(selection: Selection, value: Any) -> str:
    """The options as contract version 5 writes them."""
    several = value if selection is Selection.SEVERAL else [value]
    found = [{"id": code, "description": label} for label, code in several]
    return orjson.dumps(found if selection is Selection.SEVERAL else found[0]).decode()


def written(draw: Draw, field_type: FieldType, value: Any) -> str:
    match field_type:
        case FieldType.DECIMAL:
            plain = f"{value:f}"
            return str(draw(st.sampled_from([plain, f'"{plain}"', f"{value:E}"])))
        case FieldType.INTEGER:
            return str(draw(st.sampled_from([str(value), f"{value}.0", f'"{value}"'])))
        case FieldType.INSTANT:
            return orjson.dumps(value.isoformat()).decode()
        case FieldType.DATE:
            rest = draw(st.sampled_from(["T00:00:00+00:00", "T00:00:00-08:00", "T00:00:00", ""]))
            return f'"{value.isoformat()}{rest}"'
    return orjson.dumps(value).decode()


def read_back(
    tables: dict[str, pa.Table], shape: Shape, name: str, places: dict[str, Any]
) -> list[Any]:
    """The rows of a table that lie at these places, as nested meanings."""
    return [
        row_meaning(tables, shape, name, "", row)
        for row in tables[name].to_pylist()
        if all(row[column] == value for column, value in places.items())
    ]


def row_meaning(tables: dict[str, pa.Table], shape: Shape, name: str, way: str, row: Any) -> Any:
    found: dict[str, Any] = {}
    for field in shape.fields:
        value = row[way + field.name]
        if field.selection is not None:
            code = row[f"{way}{field.name}__id"]
            value = None if (value, code) == (None, None) else (value, code)
        found[field.name] = value
    for below, linked in shape.linked.items():
        found[below] = row_meaning(tables, linked, name, f"{way}{below}__", row)
    for below, lines in shape.details.items():
        own_list = name.rpartition("__")[2]
        places = {
            "_parent_id": row.get("id", row.get("_parent_id")),
            **{c: v for c, v in row.items() if c.endswith("_position") and c != "_position"},
        }
        if "_position" in row:
            columns = tables[f"{name}__{way}{below}"].column_names
            placing = [c for c in columns if c.endswith("_position") and c not in places]
            mine = next(c for c in placing if c != "_position" and own_list in c)
            places[mine] = row["_position"]
        found[below] = read_back(tables, lines, f"{name}__{way}{below}", places)
    return found


def filled(shape: Shape, meant: dict[str, Any] | None) -> dict[str, Any]:
    """The meaning as tables can tell it: an absent linked entity is one without values."""
    whole: dict[str, Any] = {f.name: meant[f.name] if meant else None for f in shape.fields}
    for f in shape.fields:
        if f.selection is Selection.SEVERAL and whole[f.name]:
            whole[f.name] = tuple(", ".join(parts) for parts in zip(*whole[f.name], strict=True))
    for name, linked in shape.linked.items():
        whole[name] = filled(linked, meant[name] if meant else None)
    for name, lines in shape.details.items():
        whole[name] = [filled(lines, row) for row in (meant[name] if meant else [])]
    return whole


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_records_of_any_contract_come_back(data: st.DataObject) -> None:
    entity = data.draw(entities())
    meant = data.draw(st.lists(objects(entity.shape), max_size=3))
    bodies = [
        f'{{"id":"r{i}",{render(data.draw, entity.shape, one)}}}' for i, one in enumerate(meant)
    ]
    answer = parse_page(f"[{','.join(bodies)}]".encode(), shape_of(entity))
    tables = dict(answer.tables)
    assert answer.rows == len(meant)
    assert read_back(tables, entity.shape, "Top", {}) == [filled(entity.shape, m) for m in meant]
    assert not [n for n in answer.notes if "__text" in n]
    for table in shape_of(entity).tables:
        assert tables[table.name].schema == table.schema
        tables[table.name].validate(full=True)


digits = st.integers(0, 10**45).map(lambda n: tuple(map(int, str(n))))
long_decimals = st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.integers(0, 1),
    digits,
    st.integers(-45, 30),
)
"""Around the limits of the type, where Arrow's own conversions go wrong."""


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(long_decimals, st.booleans())
def test_a_decimal_is_exact_or_refused(number: Decimal, fast: bool) -> None:
    shape = parse_contract(contract_document({"Top": {"Amount": "DecimalValue"}})).entities["Top"]
    wire = str(number) if fast else f'"{number}","error":[]'
    body = f'[{{"id":"a","Amount":{{"value":{wire}}},"note":{{"value":{"null" if fast else 5}}}}}]'
    entity = Entity("Top", shape.shape)
    fits = abs(number) < 10**28 and (Fraction(number) * 10**10).denominator == 1
    if not fits:
        with pytest.raises(ValueOutOfRange, match=r"does not fit decimal\(38, 10\)"):
            parse_page(body.encode(), shape_of(entity))
        return
    table = parse_page(body.encode(), shape_of(entity)).tables["Top"]
    table.validate(full=True)
    assert table.column("Amount")[0].as_py() == number
