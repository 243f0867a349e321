"""Writes an endpoint's contract as instances publish it, in OpenAPI 3.0.1 and in Swagger 2.0."""

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import Response

from acumatica_sandbox.answers import json_answer
from acumatica_sandbox.model import EntityModel, ShapeModel
from acumatica_sandbox.site import Site

VALUES: dict[str, tuple[str, dict[str, str]]] = {
    "s": ("StringValue", {"type": "string"}),
    "d": ("DecimalValue", {"type": "number", "format": "double"}),
    "i": ("IntValue", {"type": "integer", "format": "int32"}),
    "h": ("ShortValue", {"type": "integer", "format": "int32"}),
    "l": ("LongValue", {"type": "integer", "format": "int64"}),
    "b": ("BooleanValue", {"type": "boolean"}),
    "t": ("DateTimeValue", {"type": "string", "format": "date-time"}),
    "D": ("DateTimeValue", {"type": "string", "format": "date-time"}),
    "g": ("GuidValue", {"type": "string", "format": "uuid"}),
}


def answer(site: Site, name: str, version: str, base_url: str) -> Response:
    """The contract of an endpoint, in the form of the release that it came with."""
    address = f"{base_url}/entity/{name}/{version}"
    entities = tuple(site.entities.values())
    if site.contract_document is not None:
        return json_answer(_readdressed(site.contract_document, address))
    write = swagger_2 if version < "24" else openapi_3
    document = write(entities, f"{name}/{version}", address)
    if version >= "26":
        document["info"]["version"] = "5"
    return json_answer(document)


def _readdressed(document: dict[str, Any], address: str) -> dict[str, Any]:
    """A document of another instance with this one's address."""
    if "swagger" not in document:
        return {**document, "servers": [{"url": address}]}
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    return {**document, "host": host, "basePath": f"/{path}", "schemes": [scheme]}


def openapi_3(entities: Sequence[EntityModel], title: str, address: str) -> dict[str, Any]:
    """The document that newer releases serve."""
    where = "#/components/schemas/"
    paths: dict[str, Any] = {}
    for entity in entities:
        record = {"$ref": where + entity.name}
        body = {"application/json": {"schema": record}}
        rows = {"application/json": {"schema": {"type": "array", "items": record}}}
        paths |= _paths(
            entity,
            {"responses": {"200": {"description": "Records.", "content": rows}}},
            {
                "requestBody": {"content": body, "required": True},
                "responses": {"200": {"description": "The record.", "content": body}},
            },
        )
    return {
        "openapi": "3.0.1",
        "info": {"title": title, "version": "4"},
        "servers": [{"url": address}],
        "paths": paths,
        "components": {"schemas": _schemas(entities, where)},
        "tags": _tags(entities),
    }


def swagger_2(entities: Sequence[EntityModel], title: str, address: str) -> dict[str, Any]:
    """The document that older releases serve."""
    where = "#/definitions/"
    paths: dict[str, Any] = {}
    for entity in entities:
        record = {"$ref": where + entity.name}
        rows = {"type": "array", "items": record}
        paths |= _paths(
            entity,
            {"responses": {"200": {"description": "Records.", "schema": rows}}},
            {
                "parameters": [
                    {"in": "body", "name": "entity", "required": True, "schema": record}
                ],
                "responses": {"200": {"description": "The record.", "schema": record}},
            },
        )
    document = {
        "swagger": "2.0",
        "info": {"title": title, "version": "4"},
        "paths": paths,
        "definitions": _schemas(entities, where),
        "tags": _tags(entities),
    }
    return _readdressed(document, address)


def _tags(entities: Sequence[EntityModel]) -> list[dict[str, str]]:
    return [{"name": entity.name, "description": entity.screen} for entity in entities]


def _paths(entity: EntityModel, get: dict[str, Any], put: dict[str, Any]) -> dict[str, Any]:
    name = entity.name
    return {
        f"/{name}": {
            "get": {"tags": [name], "operationId": f"{name}_GetList", **get},
            "put": {"tags": [name], "operationId": f"{name}_PutEntity", **put},
        },
        f"/{name}/{{ids}}": {"get": {"tags": [name], "operationId": f"{name}_GetByKeys", **get}},
        f"/{name}/{{id}}": {"get": {"tags": [name], "operationId": f"{name}_GetById", **get}},
        f"/{name}/$adHocSchema": {
            "get": {"tags": [name], "operationId": f"{name}_GetAdHocSchema", **get}
        },
        **{
            f"/{name}/{action}": {
                "post": {
                    "tags": [name],
                    "operationId": f"{name}_InvokeAction_{action}",
                    "responses": {"204": {"description": "The action is done."}},
                }
            }
            for action in entity.actions
        },
    }


def _schemas(entities: Sequence[EntityModel], where: str) -> dict[str, Any]:
    schemas: dict[str, Any] = {
        "Entity": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "rowNumber": {"type": "integer", "format": "int64"},
                "note": {"$ref": f"{where}StringValue"},
                "custom": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "additionalProperties": {"$ref": f"{where}CustomField"},
                    },
                },
                "error": {"type": "string"},
                "files": {"type": "array", "items": {"$ref": f"{where}FileLink"}},
            },
        },
        "CustomField": {
            "required": ["type"],
            "type": "object",
            "properties": {"type": {"type": "string"}},
        },
        "FileLink": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "filename": {"type": "string"},
                "href": {"type": "string", "format": "uri"},
                "comment": {"type": "string"},
            },
        },
    }
    for name, value in VALUES.values():
        schemas[name] = {
            "type": "object",
            "properties": {"value": value, "error": {"type": "string"}},
        }
    for entity in entities:
        for shape in _shapes(entity.shape):
            schemas[shape.name] = _schema(shape, where)
    return schemas


def _shapes(shape: ShapeModel) -> Iterator[ShapeModel]:
    yield shape
    for nested in (*shape.linked.values(), *shape.details.values()):
        yield from _shapes(nested)


def _schema(shape: ShapeModel, where: str) -> dict[str, Any]:
    return {
        "allOf": [
            {"$ref": f"{where}Entity"},
            {
                "type": "object",
                "properties": {name: _property(shape, name, where) for name in shape.members},
            },
        ]
    }


def _property(shape: ShapeModel, name: str, where: str) -> dict[str, Any]:
    if name in shape.fields:
        return {"$ref": where + VALUES[shape.fields[name]][0]}
    reference = {"$ref": where + shape.nested[name].name}
    return {"type": "array", "items": reference} if name in shape.details else reference
