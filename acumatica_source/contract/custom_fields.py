"""Custom fields: which an entity has, how to ask for them, and where their values go.

A contract does not declare them. An entity's `$adHocSchema` lists, for itself and for each entity
inside it, the fields of its views that the contract leaves out, user-defined ones among them
(Integration Development Guide: Retrieval of the List of Custom Fields). Those named `Usr...` were
added by a customization, those named `Attribute...` are user-defined fields of the form.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import orjson

from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import DeclaredField, Entity, FieldType, Selection, Shape
from acumatica_source.contract.names import type_of_moment

MOST_CHARACTERS = 1_500
"""Characters of one `$custom` parameter once it is encoded: URLs have limits, servers differ."""

_TYPES = {
    "String": FieldType.TEXT,
    "Decimal": FieldType.DECIMAL,
    "Double": FieldType.DECIMAL,
    "Int": FieldType.INTEGER,
    "Short": FieldType.INTEGER,
    "Long": FieldType.INTEGER,
    "Byte": FieldType.INTEGER,
    "Boolean": FieldType.BOOLEAN,
    "Guid": FieldType.GUID,
}
_SELECTIONS = {selection.value: selection for selection in Selection}


@dataclass(frozen=True, slots=True)
class DeclaredCustomField:
    """A field outside the contract, and where it belongs."""

    place: tuple[str, ...]
    """The nested entities that lead to it; empty for the record itself."""
    view: str
    name: str
    type: FieldType
    selection: Selection | None = None
    """For a drop-down that shows its codes, what these are."""

    @property
    def address(self) -> str:
        """How `$custom` names it (`Document.UsrColor`, `Details/Transactions.UsrColor`)."""
        return "/".join((*self.place, f"{self.view}.{self.name}"))

    @property
    def is_user_defined(self) -> bool:
        """Whether a customization or a user made it, rather than the product."""
        return self.name.startswith(("Usr", "Attribute"))

    def as_field(self) -> DeclaredField:
        """The field as part of its shape."""
        address = f"{self.view}.{self.name}"
        return DeclaredField(self.name, self.type, custom=address, selection=self.selection)


def parse_ad_hoc_schema(body: bytes) -> tuple[DeclaredCustomField, ...]:
    """All custom fields that an entity's `$adHocSchema` lists, in its order.

    Raises:
        ContractError: the body is not JSON, or not an entity.
    """
    try:
        entity = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ContractError(f"The ad-hoc schema is not JSON: {error}.") from error
    if not isinstance(entity, dict):
        raise ContractError("The ad-hoc schema is not an entity.")
    return tuple(_found(entity, ()))


def with_custom_fields(entity: Entity, custom: Iterable[DeclaredCustomField]) -> Entity:
    """The entity with these fields in its shapes; those of places it does not have are left out."""
    shape = entity.shape
    for one in custom:
        shape = _planted(shape, one.place, one.as_field())
    return replace(entity, shape=shape)


def custom_parameters(
    custom: Iterable[DeclaredCustomField], most_characters: int = MOST_CHARACTERS
) -> list[str]:
    """Values for `$custom` that ask for all these fields, one request each.

    A field whose address alone is longer than the limit gets a request of its own.
    """
    parameters: list[str] = []
    length = 0
    for address in dict.fromkeys(one.address for one in custom):
        cost = len(quote(address, safe="")) + len("%2C")
        if parameters and length + cost <= most_characters:
            parameters[-1] += f",{address}"
            length += cost
        else:
            parameters.append(address)
            length = cost
    return parameters


def _found(entity: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[DeclaredCustomField]:
    views = entity.get("custom")
    for view, fields in views.items() if isinstance(views, Mapping) else ():
        for name, declared in fields.items() if isinstance(fields, Mapping) else ():
            if isinstance(declared, Mapping):
                kind = str(declared.get("type")).removeprefix("Custom").removesuffix("Field")
                selection = _SELECTIONS.get(kind)
                yield DeclaredCustomField(place, view, name, _type_of(name, kind), selection)
    for name, nested in entity.items():
        rows = nested if isinstance(nested, list) else [nested]
        if name not in ("custom", "_links") and rows and isinstance(rows[0], Mapping):
            yield from _found(rows[0], (*place, name))


def _type_of(name: str, kind: str) -> FieldType:
    if kind == "DateTime":
        return type_of_moment(name)
    return _TYPES.get(kind, FieldType.TEXT)


def _planted(shape: Shape, place: tuple[str, ...], one: DeclaredField) -> Shape:
    if not place:
        known = {f.custom for f in shape.fields}
        return shape if one.custom in known else replace(shape, fields=(*shape.fields, one))
    head, rest = place[0], place[1:]
    if head in shape.linked:
        below = {**shape.linked, head: _planted(shape.linked[head], rest, one)}
        return replace(shape, linked=below)
    if head in shape.details:
        below = {**shape.details, head: _planted(shape.details[head], rest, one)}
        return replace(shape, details=below)
    return shape
