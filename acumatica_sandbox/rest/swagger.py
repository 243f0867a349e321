"""Writes an endpoint's contract as instances publish it, in OpenAPI 3.0.1 and in Swagger 2.0."""

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import Response

from acumatica_sandbox.answers import json_answer
from acumatica_sandbox.records.contract_style import rewritten
from acumatica_sandbox.records.model import EntityModel, ShapeModel
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
"""The schemas of values, by the letters of types."""

CREDENTIALS = ("name", "password", "tenant", "branch", "locale")


def answer(site: Site, name: str, version: str, base_url: str) -> Response:
    """The contract of an endpoint, in the form of the release that it came with."""
    address = f"{base_url}/entity/{name}/{version}"
    return json_answer(_readdressed(_document(site, name, version, address), address))


def _document(site: Site, name: str, version: str, address: str) -> dict[str, Any]:
    contract_version = site.endpoints[name, version]
    contract, style = site.contract, site.build.style
    own = contract is not None and (contract.name, contract.version) == (name, version)
    if contract is not None and own and style is None:
        return contract.document
    if contract is not None and own and contract.contract_version == 5:
        return contract.document
    if contract is not None and contract.contract_version == 4:
        document = contract.document
    else:
        write = swagger_2 if version < "24" and style is None else openapi_3
        document = write(tuple(site.entities.values()), f"{name}/{version}", address)
    if style is not None:
        document = rewritten(document, style, contract_version, site.version_5)
    title = {"title": f"{name}/{version}", "version": str(contract_version)}
    return {**document, "info": {**document["info"], **title}}


def of_instance(address: str) -> Response:
    """The interface of the instance itself, whatever its endpoints are."""
    done = {"responses": {"204": {"description": "Done."}}}
    given = {name: {"type": "string"} for name in CREDENTIALS}
    body = {"application/json": {"schema": {"type": "object", "properties": given}}}
    found = {"responses": {"200": {"description": "Endpoints."}}}
    return json_answer(
        {
            "openapi": "3.0.1",
            "info": {"title": "Instance", "version": "4"},
            "servers": [{"url": f"{address}/entity"}],
            "paths": {
                "/": {"get": found},
                "/auth/login": {"post": {"requestBody": {"content": body}, **done}},
                "/auth/logout": {"post": done},
            },
        }
    )


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
            {
                "parameters": [{**one, "schema": {"type": kind}} for one, kind in _options()],
                "responses": _answers(content=rows),
            },
            {
                "requestBody": {"content": body, "required": True},
                "responses": _answers(content=body),
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
            {
                "parameters": [{**one, "type": kind} for one, kind in _options()],
                "responses": _answers(schema=rows),
            },
            {
                "parameters": [
                    {"in": "body", "name": "entity", "required": True, "schema": record}
                ],
                "responses": _answers(schema=record),
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


def _options() -> Iterator[tuple[dict[str, str], str]]:
    """The query parameters that every list declares, with their types."""
    for name in ("$select", "$filter", "$expand", "$custom", "$skip", "$top"):
        yield {"name": name, "in": "query"}, "integer" if name in ("$skip", "$top") else "string"


def _answers(**content: Any) -> dict[str, Any]:
    refused = {"401": "Not signed in.", "500": "An error."}
    return {
        "200": {"description": "Success.", **content},
        **{status: {"description": text} for status, text in refused.items()},
    }


def _paths(entity: EntityModel, get: dict[str, Any], put: dict[str, Any]) -> dict[str, Any]:
    name = entity.name
    done = {"responses": {"204": {"description": "Done."}}}
    return {
        f"/{name}": {
            "get": {"tags": [name], "operationId": f"{name}_GetList", **get},
            "put": {"tags": [name], "operationId": f"{name}_PutEntity", **put},
        },
        **{
            f"/{name}/{{{key}}}": {
                "get": {"tags": [name], "operationId": f"{name}_GetBy{what}", **get},
                "delete": {"tags": [name], "operationId": f"{name}_DeleteBy{what}", **done},
            }
            for key, what in (("ids", "Keys"), ("id", "Id"))
        },
        f"/{name}/{{ids}}/files/{{filename}}": {
            "put": {"tags": [name], "operationId": f"{name}_PutFile", **done}
        },
        f"/{name}/$adHocSchema": {
            "get": {"tags": [name], "operationId": f"{name}_GetAdHocSchema", **get}
        },
        **{
            f"/{name}/{action}": {
                "post": {
                    "tags": [name],
                    "operationId": f"{name}_InvokeAction_{action}",
                    **done,
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
        for shape in entity.shape.all():
            schemas[shape.name] = _schema(shape, where)
    return schemas


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
