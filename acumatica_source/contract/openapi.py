"""Reads a contract from an endpoint's `swagger.json`, in OpenAPI 3.0 or Swagger 2.0."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from acumatica_source.contract.errors import ContractError, UnsupportedContract
from acumatica_source.contract.keys import keys_of
from acumatica_source.contract.kinds import kind_of
from acumatica_source.contract.model import (
    Contract,
    Entity,
    EntityKind,
)
from acumatica_source.contract.names import watermark_of
from acumatica_source.contract.schemas import Schemas, items_of, referred

SUPPORTED_VERSIONS = ("4", "5")
"""The contract versions understood here. Which one an endpoint speaks, only `info.version` tells:
an instance of 2026 R2 has new endpoints of version 4 beside those of version 5."""

_TOP_LEVEL = re.compile(r"^(?:/[^{}$]*)?/([^/{}$]+)$")
_ACTION = re.compile(r"/([^/{}$]+)/([^/{}$]+)$")


def parse_contract(document: bytes | Mapping[str, Any]) -> Contract:
    """Read a contract document.

    Entities may refer to each other in circles (an order's shipment's order); such a reference is
    cut where a schema would come to lie below itself.

    Args:
        document: The body of `GET /entity/{name}/{version}/swagger.json`, or that body decoded.

    Raises:
        UnsupportedContract: the contract version is neither 4 nor 5.
        ContractError: the document is not a contract, or refers to what it does not define.
    """
    root = _decoded(document)
    endpoint, version, spoken = _checked_title(root)
    try:
        entities = _entities(root)
    except RecursionError:
        raise ContractError("The contract's schemas nest too deep to be read.") from None
    return Contract(endpoint=endpoint, version=version, entities=entities, spoken=spoken)


def _entities(root: Mapping[str, Any]) -> dict[str, Entity]:
    named = _section(_section(root, "components"), "schemas") or _section(root, "definitions")
    schemas = Schemas(named)
    paths = _section(root, "paths")
    screens = _screens(root)
    actions = _actions(paths)
    entities = {}
    for name, schema in _top_level(paths):
        shape = schemas.shape(schema)
        kind = kind_of(name, shape, actions.get(name, ()))
        is_record = kind is EntityKind.RECORD
        entities[name] = Entity(
            name=name,
            shape=shape,
            kind=kind,
            keys=keys_of(name, shape) if is_record else (),
            watermark=watermark_of(shape.fields) if is_record else None,
            description=screens.get(name, ""),
        )
    return entities


def _decoded(document: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    root: Any = document
    if isinstance(document, bytes):
        try:
            root = orjson.loads(document.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise ContractError(f"The contract document is not JSON: {error}.") from error
    if not isinstance(root, Mapping):
        raise ContractError("The contract document is not a JSON object.")
    return root


def _checked_title(root: Mapping[str, Any]) -> tuple[str, str, int]:
    info = _section(root, "info")
    if "openapi" not in root and "swagger" not in root:
        raise ContractError("The document is neither OpenAPI 3 nor Swagger 2: not a contract.")
    spoken = str(info.get("version", ""))
    title = str(info.get("title", ""))
    endpoint, _, version = title.rpartition("/")
    if spoken.partition(".")[0] not in SUPPORTED_VERSIONS:
        known = " and ".join(SUPPORTED_VERSIONS)
        raise UnsupportedContract(
            f"Endpoint {title or '(untitled)'} speaks contract version {spoken or '(unknown)'}, "
            f"only {known} are supported. Use an endpoint of these, such as Default/24.200.001."
        )
    number = int(spoken.partition(".")[0])
    return endpoint or version, version if endpoint else "", number


def _section(root: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = root.get(name)
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        raise ContractError(f"The contract's {name!r} is not an object.")
    return section


def _screens(root: Mapping[str, Any]) -> dict[str, str]:
    """Screen title and id of each entity, where the tags tell."""
    tags = root.get("tags")
    return {
        tag["name"]: str(tag.get("description") or "")
        for tag in (tags if isinstance(tags, list) else ())
        if isinstance(tag, Mapping) and isinstance(tag.get("name"), str)
    }


def _actions(paths: Mapping[str, Any]) -> dict[str, set[str]]:
    """Names of the actions of each entity."""
    actions: dict[str, set[str]] = {}
    for path, item in paths.items():
        if (match := _ACTION.search(path)) and isinstance(item, Mapping) and "post" in item:
            actions.setdefault(match[1], set()).add(match[2])
    return actions


def _top_level(paths: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and schema name of every top-level entity, sorted by name."""
    found: dict[str, str] = {}
    for path, item in paths.items():
        match = _TOP_LEVEL.match(path)
        if match is None or not isinstance(item, Mapping):
            continue
        operation = item.get("get") or item.get("put")
        if isinstance(operation, Mapping):
            found[match[1]] = _answered_schema(operation) or match[1]
    yield from sorted(found.items())


def _answered_schema(operation: Mapping[str, Any]) -> str | None:
    """Name of the schema that a successful answer consists of, if the operation tells."""
    answer: Any = operation.get("responses")
    answer = answer.get("200") if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping):
        return None
    schema: Any = answer.get("schema")
    if schema is None:
        content = answer.get("content")
        bodies = content.values() if isinstance(content, Mapping) else ()
        schema = next((b.get("schema") for b in bodies if isinstance(b, Mapping)), None)
    if not isinstance(schema, Mapping):
        return None
    return referred(items_of(schema) or schema)
