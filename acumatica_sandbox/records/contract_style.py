"""Rewrites the swagger document of an endpoint as later builds write it, and into version 5.

By rule and always in the same way: what a build changes is the style of documents, of both versions
of the contract; what version 5 changes are types and names of fields (`records.version_5`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from acumatica_sandbox.records.version_5 import WRAPPERS, Version5

Document = dict[str, Any]
WHERE = "#/components/schemas/"
LATER_BUILDS = ("25R2", "26R2")
"""Those that declare PATCH and 409."""
_OF_ENTITIES = ("id", "note", "custom", "files", "_links")


def rewritten(
    document: Mapping[str, Any],
    build: str = "26R2",
    contract_version: int = 4,
    version_5: Version5 | None = None,
) -> Document:
    """A contract as an instance of another build, or in contract version 5, would write it.

    Args:
        document: a swagger document in OpenAPI 3 or, of old releases, Swagger 2; it stays as it is.
        build: `24R2`, `25R2` or `26R2`. Later builds declare PATCH and the status 409; from 2026 R2
            on linked entities are `anyOf` with one reference and nullable, as values, lists and
            `_links` are.
        contract_version: 4, or 5 for the types of that version.
        version_5: what version 5 makes of fields; with the seed 1 if not given.

    Returns:
        An OpenAPI 3.0.1 document.
    """
    result = openapi_3_of(document)
    if contract_version == 5:
        _into_version_5(result, version_5 or Version5())
    if build in LATER_BUILDS:
        for path in result["paths"].values():
            _declare_operations(path)
    if build == "26R2":
        _declare_nullable(result)
    return result


def openapi_3_of(document: Mapping[str, Any]) -> Document:
    """A copy of a document, in OpenAPI 3 if it is not."""
    if "swagger" not in document:
        copy: Document = _copied(document, str)
        return copy
    result: Document = _copied(document, lambda text: text.replace("#/definitions/", WHERE))
    address = f"{result.pop('host', 'localhost')}{result.pop('basePath', '')}"
    (scheme, *_) = result.pop("schemes", None) or ["http"]
    schemas = result.pop("definitions", {})
    for name in ("swagger", "consumes", "produces"):
        result.pop(name, None)
    for path in result["paths"].values():
        for operation in path.values():
            _convert_operation(operation)
    return {
        "openapi": "3.0.1",
        "servers": [{"url": f"{scheme}://{address}"}],
        **result,
        "components": {"schemas": schemas},
    }


def properties_of(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties that a schema declares itself, in its parts."""
    for part in (schema, *(schema.get("allOf") or ())):
        if isinstance(part.get("properties"), dict):
            yield part["properties"]


def _copied(node: Any, text: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _copied(value, text) for key, value in node.items()}
    if isinstance(node, list):
        return [_copied(value, text) for value in node]
    return text(node) if isinstance(node, str) else node


def _convert_operation(operation: Any) -> None:
    """An operation of Swagger 2 in the form of OpenAPI 3."""
    if not isinstance(operation, dict):
        return
    operation.pop("consumes", None)
    operation.pop("produces", None)
    parameters = []
    for one in operation.pop("parameters", ()):
        if one.get("in") == "body":
            content = {"application/json": {"schema": one.get("schema", {})}}
            operation["requestBody"] = {"content": content, "required": True}
        else:
            kept = {key: one[key] for key in ("name", "in", "required") if key in one}
            given = {key: one[key] for key in ("type", "format", "items") if key in one}
            parameters.append({**kept, "schema": given} if given else one)
    if parameters:
        operation["parameters"] = parameters
    for answer in operation.get("responses", {}).values():
        if isinstance(answer, dict) and "schema" in answer:
            answer["content"] = {"application/json": {"schema": answer.pop("schema")}}


def _declare_operations(path: Any) -> None:
    """PATCH beside every PUT of an entity, and 409 without a body everywhere."""
    if not isinstance(path, dict):
        return
    put = path.get("put")
    if isinstance(put, dict) and "get" in path and "patch" not in path:
        name = str(put.get("operationId", "")).replace("_PutEntity", "_PatchEntity")
        path["patch"] = {**_copied(put, str), **({"operationId": name} if name else {})}
    for operation in path.values():
        if isinstance(operation, dict) and isinstance(operation.get("responses"), dict):
            text = "A long operation is running for this screen in the current session."
            operation["responses"].setdefault("409", {"description": text})


def _into_version_5(document: Document, version_5: Version5) -> None:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        for properties in properties_of(schema):
            _retype(version_5, name, properties)
    schemas.update(_version_5_schemas())
    document["info"] = {**document.get("info", {}), "version": "5"}


def _retype(version_5: Version5, name: str, properties: dict[str, Any]) -> None:
    wrappers = {
        field: str(declared.get("$ref", "")).rpartition("/")[2]
        for field, declared in properties.items()
        if isinstance(declared, Mapping)
    }
    fields = {field: wrapper for field, wrapper in wrappers.items() if wrapper.endswith("Value")}
    wanted = version_5.fields(name, fields)
    old = dict(properties)
    properties.clear()
    for field, declared in old.items():
        if field not in fields:
            properties[field] = declared
    for new, (field, letter) in wanted.items():
        changed = {"$ref": f"{WHERE}{WRAPPERS[letter]}"} if letter else old[field]
        properties[new] = changed
    ordered = sorted(properties.items(), key=lambda item: item[0].lower())
    properties.clear()
    properties.update(ordered)


def _version_5_schemas() -> Document:
    schemas: Document = {"DateOnlyValue": _value({"type": "string", "format": "date"})}
    for kind, inner in (("String", {"type": "string"}), ("Int", {"type": "integer"})):
        name = f"{kind}SelectInnerValue"
        reference = {"$ref": f"{WHERE}{name}"}
        schemas[name] = {
            "required": ["id"],
            "type": "object",
            "properties": {"id": inner, "description": {"type": "string", "nullable": True}},
        }
        schemas[f"{kind}SingleSelectValue"] = _value({"anyOf": [reference]})
        custom = [{"$ref": f"{WHERE}CustomField"}, _value({"anyOf": [reference]})]
        schemas[f"Custom{kind}SingleSelectField"] = {"allOf": custom}
    many = {"type": "array", "items": {"$ref": f"{WHERE}StringSelectInnerValue"}}
    schemas["StringMultiSelectValue"] = _value(many)
    schemas["CustomStringMultiSelectField"] = {
        "allOf": [{"$ref": f"{WHERE}CustomField"}, _value(dict(many))]
    }
    return schemas


def _value(declared: Document) -> Document:
    error = {"type": "string", "nullable": True}
    return {
        "type": "object",
        "properties": {"value": {**declared, "nullable": True}, "error": error},
    }


def _declare_nullable(document: Document) -> None:
    """The style of 2026 R2, in which nearly everything can be null."""
    schemas = document["components"]["schemas"]
    schemas.setdefault("DateOnlyValue", _value({"type": "string", "format": "date"}))
    wrappers = {name for name in schemas if name.endswith("Value") and _is_wrapper(schemas[name])}
    for name, schema in schemas.items():
        if name in wrappers:
            schema["nullable"] = True
            for declared in schema["properties"].values():
                declared["nullable"] = True
            continue
        for properties in properties_of(schema):
            for field, declared in properties.items():
                properties[field] = _nullable(name, field, declared, wrappers)
    entity = schemas.get("Entity")
    if isinstance(entity, dict) and isinstance(entity.get("properties"), dict):
        links = {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
        entity["properties"].setdefault("_links", {**links, "nullable": True})


def _nullable(schema: str, field: str, declared: Any, wrappers: set[str]) -> Any:
    if not isinstance(declared, dict):
        return declared
    reference = str(declared.get("$ref", ""))
    if reference.startswith(WHERE) and reference.removeprefix(WHERE) not in wrappers:
        return {"anyOf": [declared], "nullable": True}
    if not reference and (declared.get("type") == "array" or _is_of_entity(schema, field)):
        return {**declared, "nullable": True}
    return declared


def _is_of_entity(schema: str, field: str) -> bool:
    return schema == "Entity" and field in _OF_ENTITIES


def _is_wrapper(schema: Any) -> bool:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(properties, dict) and set(properties) <= {"value", "error"}
