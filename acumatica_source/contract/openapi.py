"""Reads a contract from an endpoint's `swagger.json`, in OpenAPI 3.0 or Swagger 2.0."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from acumatica_source.contract.errors import ContractError, UnsupportedContract
from acumatica_source.contract.keys import keys_of
from acumatica_source.contract.kinds import kind_of
from acumatica_source.contract.model import Contract, Entity, EntityKind, Field, FieldType, Shape
from acumatica_source.contract.names import is_stamp_in_text, type_of_moment, watermark_of

SUPPORTED_VERSION = "4"
"""The contract version understood here; later ones write values and filters differently."""

MOST_LEVELS = 40
"""Levels of entities inside entities; real contracts have about four."""

MOST_SHAPES = 20_000
"""Nested shapes one entity may have; a contract beyond that refers to itself without end."""

SYSTEM_PROPERTIES = frozenset(
    {"id", "rowNumber", "note", "custom", "error", "files", "delete", "_links"}
)
"""Properties of every record that are not fields of its contract."""

_TOP_LEVEL = re.compile(r"^(?:/[^{}$]*)?/([^/{}$]+)$")
_PLAIN = ("string", "number", "integer", "boolean")
_ACTION = re.compile(r"/([^/{}$]+)/([^/{}$]+)$")


def parse_contract(document: bytes | Mapping[str, Any]) -> Contract:
    """Read a contract document.

    Entities may refer to each other in circles (an order's shipment's order); such a reference is
    cut where a schema would come to lie below itself.

    Args:
        document: The body of `GET /entity/{name}/{version}/swagger.json`, or that body decoded.

    Raises:
        UnsupportedContract: the contract version is not 4.
        ContractError: the document is not a contract, or refers to what it does not define.
    """
    root = _decoded(document)
    endpoint, version = _checked_title(root)
    try:
        entities = _entities(root)
    except RecursionError:
        raise ContractError("The contract's schemas nest too deep to be read.") from None
    return Contract(endpoint=endpoint, version=version, entities=entities)


def _entities(root: Mapping[str, Any]) -> dict[str, Entity]:
    named = _section(_section(root, "components"), "schemas") or _section(root, "definitions")
    schemas = _Schemas(named)
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


def _checked_title(root: Mapping[str, Any]) -> tuple[str, str]:
    info = _section(root, "info")
    if "openapi" not in root and "swagger" not in root:
        raise ContractError("The document is neither OpenAPI 3 nor Swagger 2: not a contract.")
    spoken = str(info.get("version", ""))
    title = str(info.get("title", ""))
    endpoint, _, version = title.rpartition("/")
    if spoken.partition(".")[0] != SUPPORTED_VERSION:
        raise UnsupportedContract(
            f"Endpoint {title or '(untitled)'} speaks contract version {spoken or '(unknown)'}, "
            f"only {SUPPORTED_VERSION} is supported. Use an endpoint of contract version "
            f"{SUPPORTED_VERSION}, such as Default/24.200.001."
        )
    return endpoint or version, version if endpoint else ""


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
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
        schema = schema["items"]
    return _referred(schema)


def _referred(schema: Mapping[str, Any]) -> str | None:
    """The name that a schema refers to: by `$ref`, or by an `allOf` of nothing else."""
    target = schema.get("$ref")
    if target is None:
        parts = schema.get("allOf")
        if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], Mapping):
            target = parts[0].get("$ref")
    return target.rpartition("/")[2] if isinstance(target, str) else None


@dataclass(slots=True)
class _Built:
    """A shape, and the names of all schemas in it: where none of these encloses it, it is final."""

    shape: Shape
    names: frozenset[str]
    size: int
    cut: bool


@dataclass(slots=True)
class _Schemas:
    """Resolves the named schemas of one document."""

    named: Mapping[str, Any]
    _properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    _scalars: dict[str, FieldType | None] = field(default_factory=dict)
    _built: dict[str, _Built] = field(default_factory=dict)

    def shape(self, name: str) -> Shape:
        return self._build(name, ()).shape

    def _build(self, name: str, above: tuple[str, ...]) -> _Built:
        if len(above) > MOST_LEVELS:
            raise ContractError(f"Schema {above[0]} nests entities too deep: {MOST_LEVELS} levels.")
        known = self._built.get(name)
        if known is not None and known.names.isdisjoint(above):
            return known
        built = self._assemble(name, self._properties_of(name), above)
        if not built.cut:
            self._built[name] = built
        return built

    def _assemble(self, name: str, properties: Mapping[str, Any], above: tuple[str, ...]) -> _Built:
        fields: list[Field] = []
        linked: dict[str, Shape] = {}
        details: dict[str, Shape] = {}
        names = {name}
        size, cut = 1, False
        for wire_name, schema in properties.items():
            if wire_name in SYSTEM_PROPERTIES:
                continue
            if not isinstance(schema, Mapping):
                raise ContractError(f"Property {wire_name} of schema {name} is not an object.")
            items = schema.get("items") if schema.get("type") == "array" else None
            target = items if isinstance(items, Mapping) else schema
            scalar = None if items is not None else self._scalar(wire_name, target)
            if scalar is not None:
                fields.append(scalar)
                continue
            child = self._child(f"{name}.{wire_name}", target, (*above, name))
            if child is None:
                cut = cut or _referred(target) in (*above, name)
                continue
            (linked if items is None else details)[wire_name] = child.shape
            names |= child.names
            size += child.size
            cut = cut or child.cut
            if size > MOST_SHAPES:
                raise ContractError(
                    f"Schema {name} nests more than {MOST_SHAPES} entities below itself."
                )
        shape = Shape(name=name, fields=tuple(fields), linked=linked, details=details)
        return _Built(shape, frozenset(names), size, cut)

    def _child(
        self, place: str, schema: Mapping[str, Any], above: tuple[str, ...]
    ) -> _Built | None:
        """The nested entity at a place, or None where there is none or it would repeat."""
        name = _referred(schema)
        if name is not None:
            if name in above or self._scalar(place, schema) or not self._properties_of(name):
                return None
            return self._build(name, above)
        properties = self._merged(place, schema, ())
        return self._assemble(place, properties, above) if properties else None

    def _scalar(self, wire_name: str, schema: Mapping[str, Any]) -> Field | None:
        """The field that a property is if its schema is a value wrapper, told by structure."""
        name = _referred(schema)
        if name is None:
            declared = _wrapped_type(self._merged(wire_name, schema, ()))
        else:
            if name not in self._scalars:
                self._scalars[name] = _wrapped_type(self._properties_of(name))
            declared = self._scalars[name]
        if declared is None:
            return None
        if declared is FieldType.INSTANT:
            return Field(wire_name, type_of_moment(wire_name))
        if declared is FieldType.TEXT and is_stamp_in_text(wire_name):
            return Field(wire_name, FieldType.INSTANT, string_stamp=True)
        return Field(wire_name, declared)

    def _properties_of(self, name: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
        """All properties of a named schema, inherited ones first."""
        if name in self._properties:
            return self._properties[name]
        if name in above:
            raise ContractError(f"Schema {name} inherits from itself: {' -> '.join(above)}.")
        schema = self.named.get(name)
        if not isinstance(schema, Mapping):
            raise ContractError(
                f"The contract refers to schema {name!r}, which it does not define."
            )
        self._properties[name] = self._merged(name, schema, (*above, name))
        return self._properties[name]

    def _merged(
        self, place: str, schema: Mapping[str, Any], above: tuple[str, ...]
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        target = schema.get("$ref")
        if isinstance(target, str):
            merged.update(self._properties_of(target.rpartition("/")[2], above))
        parts = schema.get("allOf") or ()
        own = schema.get("properties") or {}
        if not isinstance(parts, list | tuple) or not isinstance(own, Mapping):
            raise ContractError(f"Schema {place} is malformed: `allOf` or `properties`.")
        for part in parts:
            if not isinstance(part, Mapping):
                raise ContractError(f"Schema {place} inherits from something that is no schema.")
            merged.update(self._merged(place, part, above))
        merged.update(own)
        return merged


def _wrapped_type(properties: Mapping[str, Any]) -> FieldType | None:
    """The type inside a wrapper `{"value": ..., "error": ...}`; None if it is no wrapper."""
    value = properties.get("value")
    if not isinstance(value, Mapping):
        return None
    declared = value.get("type")
    if isinstance(declared, list):  # OpenAPI 3.1 declares null as one of several types
        declared = next((one for one in declared if one != "null"), None)
    # A record may have a field named "value", but then it is wrapped itself, and there is an id.
    is_plain = declared in _PLAIN and "id" not in properties
    if not is_plain and not properties.keys() <= {"value", "error"}:
        return None
    match declared, value.get("format"):
        case "string", "date-time":
            return FieldType.INSTANT
        case "string", "date":
            return FieldType.DATE
        case "string", "uuid":
            return FieldType.GUID
        case "number", _:
            return FieldType.DECIMAL
        case "integer", _:
            return FieldType.INTEGER
        case "boolean", _:
            return FieldType.BOOLEAN
    return FieldType.TEXT
