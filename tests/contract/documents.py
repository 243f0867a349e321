"""Contract documents for tests: small ones made here, and real ones where they are at hand."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

REAL_CONTRACTS = Path(__file__).parents[3] / "shared" / "data" / "contracts"

VALUES: dict[str, dict[str, Any]] = {
    "StringValue": {"type": "string"},
    "DecimalValue": {"type": "number", "format": "double"},
    "DoubleValue": {"type": "number", "format": "double"},
    "IntValue": {"type": "integer", "format": "int32"},
    "LongValue": {"type": "integer", "format": "int64"},
    "ShortValue": {"type": "integer", "format": "int32"},
    "BooleanValue": {"type": "boolean"},
    "GuidValue": {"type": "string", "format": "uuid"},
    "DateTimeValue": {"type": "string", "format": "date-time"},
    "DateOnlyValue": {"type": "string", "format": "date", "nullable": True},
    "StringSingleSelectValue": {
        "anyOf": [{"$ref": "#/components/schemas/StringSelectInnerValue"}],
        "nullable": True,
    },
    "IntSingleSelectValue": {
        "anyOf": [{"$ref": "#/components/schemas/IntSelectInnerValue"}],
        "nullable": True,
    },
    "StringMultiSelectValue": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/StringSelectInnerValue"},
        "nullable": True,
    },
}
OPTIONS = {
    name: {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": code}, "description": {"type": "string", "nullable": True}},
    }
    for name, code in (("StringSelectInnerValue", "string"), ("IntSelectInnerValue", "integer"))
}
"""One option of a drop-down, as contract version 5 declares it."""


def contract_document(
    schemas: Mapping[str, Any],
    top_level: Iterable[str] | None = None,
    *,
    swagger: int = 3,
    title: str = "Test/1.0",
    version: str = "4",
    nullable: bool = False,
    actions: Mapping[str, Iterable[str]] | None = None,
) -> dict[str, Any]:
    """A contract document; all schemas are top-level entities unless some are named.

    A property is given by the name of its schema, or of that of its rows in a list of one, or by a
    schema.

    Args:
        schemas: Properties of each schema.
        top_level: Names of the entities.
        swagger: The version of the document's form.
        title: Name and version of the endpoint.
        version: The contract version.
        nullable: Whether references stand in an `anyOf`, as servers of 2026 R2 write them.
        actions: Names of actions by entity.
    """
    root = "#/components/schemas/" if swagger == 3 else "#/definitions/"

    def refer(target: str | list[str] | dict[str, Any]) -> dict[str, Any]:
        if isinstance(target, dict):
            return target
        if isinstance(target, list):
            rows = {"type": "array", "items": {"$ref": root + target[0]}}
            return {**rows, "nullable": True} if nullable else rows
        if nullable and target in schemas:
            return {"anyOf": [{"$ref": root + target}], "nullable": True}
        return {"$ref": root + target}

    base = {
        "id": {"type": "string", "format": "uuid"},
        "rowNumber": {"type": "integer", "format": "int64"},
        "note": refer("StringValue"),
        "custom": {"type": "object", "additionalProperties": {"type": "object"}},
        "error": {"type": "string"},
        "files": {"type": "array", "items": {"$ref": root + "FileLink"}},
    }
    named: dict[str, Any] = {
        "Entity": {"type": "object", "properties": base},
        "FileLink": {"type": "object", "properties": {"filename": {"type": "string"}}},
    }
    if swagger == 3:
        named |= OPTIONS
    for name, value in VALUES.items():
        if swagger == 2 and "Select" in name:
            continue
        properties = {"value": value, "error": {"type": "string"}}
        named[name] = {"type": "object", "properties": properties}
    for name, entity in schemas.items():
        own = {prop: refer(target) for prop, target in entity.items()}
        named[name] = {"allOf": [refer("Entity"), {"type": "object", "properties": own}]}
    names = list(schemas) if top_level is None else list(top_level)
    paths: dict[str, Any] = {}
    for name in names:
        answer = {"type": "array", "items": refer(name)}
        content = {"content": {"application/json": {"schema": answer}}}
        responses = {"200": content if swagger == 3 else {"schema": answer}}
        paths[f"/{name}"] = {"get": {"tags": [name], "responses": responses}}
        paths[f"/{name}/{{id}}"] = {"get": {"tags": [name]}}
        for action in (actions or {}).get(name, ()):
            paths[f"/{name}/{action}"] = {"post": {"tags": [name]}}
    document: dict[str, Any] = {
        "info": {"title": title, "version": version},
        "paths": paths,
        "tags": [{"name": name, "description": f"{name} (XX000000)"} for name in names],
    }
    if swagger == 3:
        return {"openapi": "3.0.1", **document, "components": {"schemas": named}}
    return {"swagger": "2.0", **document, "definitions": named}


def real_contract(version: str) -> bytes:
    """The contract of a real Default endpoint; the test is skipped where it is not at hand."""
    path = REAL_CONTRACTS / f"Default_{version}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand")
    return path.read_bytes()


def encoded(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps(document)
