"""Every entity of the real contracts: what both paths of the parser make of its records."""

import random
from typing import Any

import orjson
import pytest

from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
from acumatica_source.contract.model import DeclaredField, Entity, EntityKind, FieldType, Shape
from acumatica_source.contract.openapi import parse_contract
from tests.contract.documents import real_contract

WRITTEN: dict[FieldType, list[Any]] = {
    FieldType.TEXT: ["", "text", "  padded ", "é 漢 😀", '"quoted"\n'],
    FieldType.DECIMAL: [0.0, 100.0, -1065.27725, 123456789012345.67, 5],
    FieldType.INTEGER: [0, -1, 2**53 + 1],
    FieldType.BOOLEAN: [True, False],
    FieldType.GUID: ["a0f8594a-7de2-e811-b816-00155d408001"],
    FieldType.INSTANT: ["2024-12-18T17:07:45.43+00:00", "2024-12-18T17:07:45+03:00"],
    FieldType.DATE: ["2025-01-17T00:00:00+00:00", "2025-01-17T00:00:00+03:00"],
}


def value(chance: random.Random, field: DeclaredField) -> dict[str, Any]:
    if chance.random() < 0.3:
        return {}
    choices = ["07/04/2026 00:09:02"] if field.string_stamp else WRITTEN[field.type]
    return {"value": chance.choice(choices)}


def row(chance: random.Random, shape: Shape) -> dict[str, Any]:
    return {
        "id": f"{chance.getrandbits(64):016x}",
        "rowNumber": 1,
        "note": chance.choice([None, {}, {"value": "n"}]),
        **{field.name: value(chance, field) for field in shape.fields},
        **{name: row(chance, linked) for name, linked in shape.linked.items()},
        **{
            name: [row(chance, lines) for _ in range(chance.randint(0, 2))]
            for name, lines in shape.details.items()
        },
        "custom": {},
        "_links": {"self": "/x"},
    }


def count(shape: Shape, rows: list[dict[str, Any]], table: str) -> dict[str, int]:
    """Rows by table, counted in the records themselves."""
    found = {table: len(rows)}
    nested: list[tuple[Shape, list[dict[str, Any]], str]] = [(shape, rows, table)]
    while nested:
        linking, objects, way = nested.pop()
        for name, linked in linking.linked.items():
            nested.append((linked, [one[name] for one in objects], f"{way}__{name}"))
        for name, lines in linking.details.items():
            below = [line for one in objects for line in one[name]]
            found |= count(lines, below, f"{way}__{name}")
    return found


@pytest.mark.parametrize("version", ["23.200.001", "24.200.001"])
def test_both_paths_agree_on_every_entity(version: str) -> None:
    chance = random.Random(version)
    for entity in parse_contract(real_contract(version)).entities.values():
        records = [row(chance, entity.shape) for _ in range(3)]
        shape = shape_of(entity)
        body = orjson.dumps(records)
        twice_the_same_key = body.replace(b'{"id":', b'{"id":"","id":')
        fast, slow = parse_page(body, shape), parse_page(twice_the_same_key, shape)
        assert fast.notes == slow.notes == ()
        assert fast.tables == slow.tables, entity.name
        rows = {name: table.num_rows for name, table in fast.tables.items()}
        assert rows == count(entity.shape, records, entity.name)
        _check_top(entity, records, fast.tables[entity.name].to_pylist())


def _check_top(entity: Entity, records: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    keys = {key.name for key in entity.keys}
    for record, found in zip(records, rows, strict=True):
        if entity.kind is EntityKind.RECORD:
            assert found["id"] == record["id"]
        for field in entity.shape.fields:
            if field.type in (FieldType.TEXT, FieldType.INTEGER, FieldType.BOOLEAN):
                wire = record[field.name].get("value")
                trimmed = field.name in keys and isinstance(wire, str)
                expected = wire.rstrip(" ") if trimmed else wire
                assert found[field.name] == expected
