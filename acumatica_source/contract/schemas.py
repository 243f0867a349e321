"""Resolves the schemas of a contract document: which are fields, linked entities and details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import DeclaredField, FieldType, Selection, Shape
from acumatica_source.contract.names import is_stamp_in_text, type_of_moment

MOST_LEVELS = 40
"""Levels of entities inside entities; real contracts have about four."""

MOST_SHAPES = 20_000
"""Nested shapes one entity may have; a contract beyond that refers to itself without end."""

SYSTEM_PROPERTIES = frozenset(
    {"id", "rowNumber", "note", "custom", "error", "files", "delete", "_links", "_workflowActions"}
)
"""Properties of every record that are not fields of its contract."""

_PLAIN = ("string", "number", "integer", "boolean")


def referred(schema: Mapping[str, Any]) -> str | None:
    """The name that a schema refers to: by `$ref`, or by a composition of nothing else.

    Servers write a linked entity as a plain `$ref`, those of 2026 R2 as `anyOf` beside `nullable`;
    OpenAPI 3.1 would add an alternative of type null.
    """
    target = schema.get("$ref")
    if target is None and not schema.get("properties"):
        target = (_only_part(schema) or {}).get("$ref")
    return target.rpartition("/")[2] if isinstance(target, str) else None


def items_of(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a list consists of, also where it is the only alternative to null; None if no list."""
    part = _only_part(schema)
    if part is not None:
        return items_of(part)
    declared = schema.get("type")
    is_list = declared == "array" or (isinstance(declared, list) and "array" in declared)
    items = schema.get("items")
    return items if is_list and isinstance(items, Mapping) else None


def _only_part(
    schema: Mapping[str, Any], ways: Sequence[str] = ("allOf", "anyOf", "oneOf")
) -> Mapping[str, Any] | None:
    """What a composition of one part, beside null, consists of; None if it is no such one."""
    for way in ways:
        parts = schema.get(way)
        if isinstance(parts, list):
            parts = [one for one in parts if not _is_null(one)]
            if len(parts) == 1 and isinstance(parts[0], Mapping):
                return parts[0]
    return None


def _is_null(schema: Any) -> bool:
    """Whether an alternative stands for nothing (`{"type": "null"}`, `{"enum": [null]}`)."""
    if not isinstance(schema, Mapping):
        return False
    return schema.get("type") in ("null", ["null"]) or schema.get("enum") == [None]


@dataclass(slots=True)
class _Built:
    """A shape, and the names of all schemas in it: where none of these encloses it, it is final."""

    shape: Shape
    names: frozenset[str]
    size: int
    cut: bool


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """The type of the value inside a wrapper."""

    type: FieldType
    selection: Selection | None = None


@dataclass(slots=True)
class Schemas:
    """Resolves the named schemas of one document."""

    named: Mapping[str, Any]
    _properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    _scalars: dict[str, "_Wrapped | None"] = field(default_factory=dict)
    _built: dict[str, _Built] = field(default_factory=dict)

    def shape(self, name: str) -> Shape:
        """The shape that a named schema declares."""
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
        fields: list[DeclaredField] = []
        linked: dict[str, Shape] = {}
        details: dict[str, Shape] = {}
        unknown: list[str] = []
        names = {name}
        size, cut = 1, False
        for wire_name, schema in properties.items():
            if wire_name in SYSTEM_PROPERTIES:
                continue
            if not isinstance(schema, Mapping):
                raise ContractError(f"Property {wire_name} of schema {name} is not an object.")
            items = items_of(schema)
            target = schema if items is None else items
            scalar = None if items is not None else self._scalar(wire_name, target)
            if scalar is not None:
                fields.append(scalar)
                continue
            child = self._child(f"{name}.{wire_name}", target, (*above, name))
            if child is None:
                if referred(target) in (*above, name):
                    cut = True
                elif not wire_name.startswith("_"):  # as of `_links`: no part of the record
                    unknown.append(wire_name)
                continue
            (linked if items is None else details)[wire_name] = child.shape
            names |= child.names
            size += child.size
            cut = cut or child.cut
            if size > MOST_SHAPES:
                raise ContractError(
                    f"Schema {name} nests more than {MOST_SHAPES} entities below itself."
                )
        shape = Shape(name, tuple(fields), linked, details, tuple(unknown))
        return _Built(shape, frozenset(names), size, cut)

    def _child(
        self, place: str, schema: Mapping[str, Any], above: tuple[str, ...]
    ) -> _Built | None:
        """The nested entity at a place, or None where there is none or it would repeat."""
        name = referred(schema)
        if name is not None:
            if name in above or self._scalar(place, schema) or not self._properties_of(name):
                return None
            return self._build(name, above)
        properties = self._merged(place, schema, ())
        return self._assemble(place, properties, above) if properties else None

    def _scalar(self, wire_name: str, schema: Mapping[str, Any]) -> DeclaredField | None:
        """The field that a property is if its schema is a value wrapper, told by structure."""
        name = referred(schema)
        if name is None:
            wrapped = self._wrapped(wire_name, self._merged(wire_name, schema, ()))
        else:
            if name not in self._scalars:
                self._scalars[name] = self._wrapped(name, self._properties_of(name))
            wrapped = self._scalars[name]
        if wrapped is None:
            return None
        if wrapped.type is FieldType.INSTANT:
            return DeclaredField(wire_name, type_of_moment(wire_name))
        if wrapped.selection is not None:
            return DeclaredField(wire_name, FieldType.TEXT, selection=wrapped.selection)
        if wrapped.type is FieldType.TEXT and is_stamp_in_text(wire_name):
            return DeclaredField(wire_name, FieldType.INSTANT, string_stamp=True)
        return DeclaredField(wire_name, wrapped.type)

    def _wrapped(self, place: str, properties: Mapping[str, Any]) -> "_Wrapped | None":
        """What a wrapper `{"value": ..., "error": ...}` holds; None if it is no wrapper."""
        value = properties.get("value")
        if not isinstance(value, Mapping):
            return None
        is_alone = properties.keys() <= {"value", "error"}
        items = items_of(value)
        if is_alone and self._is_option(place, value if items is None else items):
            options = self._option(place, value if items is None else items)
            number = _plain_type(options["id"]) == "integer"
            single = Selection.INTEGER if number else Selection.TEXT
            return _Wrapped(FieldType.TEXT, single if items is None else Selection.SEVERAL)
        value = _only_part(value) or value
        declared = _plain_type(value)
        # A record may have a field named "value", but then it is wrapped itself, with an id beside.
        if not is_alone and (declared not in _PLAIN or "id" in properties):
            return None
        match declared, value.get("format"):
            case "string", "date-time":
                return _Wrapped(FieldType.INSTANT)
            case "string", "date":
                return _Wrapped(FieldType.DATE)
            case "string", "uuid":
                return _Wrapped(FieldType.GUID)
            case "number", _:
                return _Wrapped(FieldType.DECIMAL)
            case "integer", _:
                return _Wrapped(FieldType.INTEGER)
            case "boolean", _:
                return _Wrapped(FieldType.BOOLEAN)
        return _Wrapped(FieldType.TEXT)

    def _is_option(self, place: str, schema: Mapping[str, Any]) -> bool:
        """Whether a schema is that of one option of a drop-down: a code and its label."""
        properties = self._option(place, schema)
        return isinstance(properties.get("id"), Mapping) and (
            "description" in properties or len(properties) == 1
        )

    def _option(self, place: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        name = referred(schema)
        return self._merged(place, schema, ()) if name is None else self._properties_of(name)

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
        alternative = _only_part(schema, ("anyOf", "oneOf"))
        own = schema.get("properties") or {}
        if not isinstance(parts, list | tuple) or not isinstance(own, Mapping):
            raise ContractError(f"Schema {place} is malformed: `allOf` or `properties`.")
        for part in parts if alternative is None else (*parts, alternative):
            if not isinstance(part, Mapping):
                raise ContractError(f"Schema {place} inherits from something that is no schema.")
            merged.update(self._merged(place, part, above))
        merged.update(own)
        return merged


def _plain_type(schema: Mapping[str, Any]) -> Any:
    """The JSON type of a value; OpenAPI 3.1 declares null as one of several types."""
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((one for one in declared if one != "null"), None)
    return declared
