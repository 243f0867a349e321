"""Reads a swagger document of an endpoint into entities that the sandbox can serve."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.records.builtin import ENTITIES
from acumatica_sandbox.records.keys import keys_of
from acumatica_sandbox.records.known import CODES, FORMS, REFUSED
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.version_5 import is_timed, kept_shape

VALUES = {
    "StringValue": "s",
    "DecimalValue": "d",
    "DoubleValue": "d",
    "IntValue": "i",
    "ShortValue": "h",
    "ByteValue": "h",
    "LongValue": "l",
    "BooleanValue": "b",
    "DateTimeValue": "t",
    "DateOnlyValue": "o",
    "GuidValue": "g",
    "StringSingleSelectValue": "S",
    "IntSingleSelectValue": "I",
    "StringMultiSelectValue": "M",
}
DEEPEST = 5
MOST_MEMBERS = 500
BASE = ("Entity", "FileLink")


@dataclass(frozen=True)
class Contract:
    """An endpoint: its name, version and entities, and the document they are from."""

    name: str
    version: str
    entities: tuple[EntityModel, ...]
    """As their records are kept, with the types of contract version 4."""
    document: dict[str, Any]
    contract_version: int = 4
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The letters of types by schema and field, where the document is of version 5."""


def read_contract(path: str | Path) -> Contract:
    """The contract in a file.

    Raises:
        SandboxError: the file cannot be read, or is not a swagger document of an endpoint, or of
            a version that instances do not serve any more.
    """
    try:
        document = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise SandboxError(f"The contract {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise SandboxError(f"The contract {path} is not a JSON document.") from None
    if not isinstance(document, dict):
        raise SandboxError(f"The contract {path} is not a swagger document.")
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    schemas = schemas if schemas is not None else document.get("definitions")
    paths, info = document.get("paths"), document.get("info")
    if not (isinstance(schemas, dict) and isinstance(paths, dict) and isinstance(info, dict)):
        raise SandboxError(
            f"The contract {path} is not a swagger document: it needs info, paths and schemas."
        )
    name, _, version = str(info.get("title", "")).partition("/")
    if not name or not version:
        raise SandboxError(f"The title of the contract {path} must be like Default/24.200.001.")
    contract_version = str(info.get("version", "4")).partition(".")[0]
    if contract_version not in ("4", "5"):
        raise SandboxError(
            f"The contract {path} is of contract version {info['version']!r}. Instances serve the "
            "versions 4 and 5; earlier ones are gone since 2023 R2."
        )
    try:
        entities = _entities(document, schemas, paths)
    except (AttributeError, TypeError, KeyError) as error:
        raise SandboxError(f"The contract {path} is broken: {error!r}.") from None
    if not entities:
        raise SandboxError(f"The contract {path} has no entities.")
    kept = tuple(replace(entity, shape=kept_shape(entity.shape)) for entity in entities)
    types: dict[str, dict[str, str]] = {}
    for entity in entities if contract_version == "5" else ():
        for one in entity.shape.all():
            types.setdefault(one.name, {}).update(one.fields)
    return Contract(name, version, kept, document, int(contract_version), types)


def _entities(
    document: Mapping[str, Any], schemas: Mapping[str, Any], paths: Mapping[str, Any]
) -> list[EntityModel]:
    screens = {tag["name"]: tag.get("description", "") for tag in document.get("tags") or ()}
    known = {entity.name: entity for entity in ENTITIES}
    entities = []
    for path in paths:
        name = path.strip("/")
        if "/" in name or "{" in name or name not in schemas:
            continue
        shape = _shape(name, schemas, (name,))
        fields = list(shape.fields)
        actions = tuple(
            other.rpartition("/")[2]
            for other in paths
            if other.startswith(f"/{name}/") and re.fullmatch(r"/\w+/\w+", other)
        )
        keys = keys_of(name, fields)
        form = name in FORMS or _looks_like_a_form(name, shape, keys)
        codes = CODES.get(name, {})
        entity = EntityModel(
            name,
            screens.get(name) or name,
            shape,
            () if form else keys,
            codes={"Type": codes} if codes and "Type" in keys else {},
            stamps=tuple(
                field
                for field in ("LastModified", "LastModifiedDateTime", "LastModifiedDate")
                if shape.fields.get(field) == "t"
            ),
            actions=actions,
            refused={k: v for k, v in REFUSED.get(name, {}).items() if k in shape.nested},
            inquiry=form,
        )
        entities.append(_with_known(entity, known.get(name)))
    return entities


def _with_known(entity: EntityModel, known: EntityModel | None) -> EntityModel:
    """The entity with what the built-in contract knows of it."""
    if known is None:
        return entity
    paths = set(entity.shape.paths())
    members = {*entity.shape.fields, *entity.shape.nested}
    return replace(
        entity,
        codes={k: v for k, v in known.codes.items() if k in members},
        sought=tuple(name for name in known.sought if name in entity.shape.fields),
        views={k: v for k, v in known.views.items() if k in members},
        refused={k: v for k, v in known.refused.items() if k in members},
        custom={
            place: kind
            for place, kind in known.custom.items()
            if "/" not in place or place.rpartition("/")[0] in paths
        },
    )


def _looks_like_a_form(name: str, shape: ShapeModel, keys: tuple[str, ...]) -> bool:
    if name.endswith("Inquiry"):
        return True
    return not keys and set(shape.details) in ({"Results"}, {"Result"})


def _shape(name: str, schemas: Mapping[str, Any], above: tuple[str, ...]) -> ShapeModel:
    fields: dict[str, str] = {}
    linked: dict[str, ShapeModel] = {}
    details: dict[str, ShapeModel] = {}
    for member, declared in _properties(schemas.get(name) or {}, schemas, 0).items():
        many = declared.get("type") == "array"
        target = _target(declared["items"] if many and "items" in declared else declared)
        if target is None:
            continue
        if not many and target in VALUES:
            fields[member] = _kind(member, target)
        elif target in schemas and target not in BASE and target not in VALUES:
            if target in above or len(above) >= DEEPEST:
                continue
            (details if many else linked)[member] = _shape(target, schemas, (*above, target))
    return ShapeModel(name, fields, linked, details)


def _properties(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int
) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for part in (schema, *(schema.get("allOf") or ())):
        target = _target({"$ref": part.get("$ref")})
        if target is not None and target not in BASE and depth < DEEPEST:
            found |= _properties(schemas.get(target) or {}, schemas, depth + 1)
        found |= part.get("properties") or {}
    return found


def _target(declared: Mapping[str, Any]) -> str | None:
    """The schema that a declaration refers to, perhaps as the one choice of `anyOf` or `allOf`."""
    choices = declared.get("anyOf") or declared.get("allOf") or [declared]
    reference = choices[0].get("$ref") if len(choices) == 1 else None
    return reference.rpartition("/")[2] if isinstance(reference, str) else None


def _kind(field: str, target: str) -> str:
    if target != "DateTimeValue":
        return VALUES[target]
    return "t" if is_timed(field) else "D"
