"""The vocabulary of a contract: what an instance says its data are, without any wire format.

A contract has top-level *entities* (one per screen). An entity has scalar *fields*, *linked*
entities (one nested object each) and *details* (lists of nested entities). Shapes below the top
level are plain `Shape`s; only a top-level `Entity` has keys, a watermark and a kind.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acumatica_source.contract.errors import ContractError, UnsupportedContract
from acumatica_source.paging.model import Key

__all__ = [
    "Contract",
    "ContractError",
    "DeclaredField",
    "Entity",
    "EntityKind",
    "FieldType",
    "Key",
    "Selection",
    "Shape",
    "UnsupportedContract",
]


class FieldType(StrEnum):
    """The type of a scalar field's value, as the contract and its names promise it."""

    TEXT = "text"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    GUID = "guid"
    INSTANT = "instant"
    """A moment: time of day and offset count; kept in UTC."""
    DATE = "date"
    """A business date: midnight with an offset on the wire; the date part counts, never shifted."""


class Selection(StrEnum):
    """What the options of a drop-down are stored as, where values name both code and label.

    Contract version 5 writes them as `{"id": ..., "description": ...}`; version 4 shows the label
    alone, as text.
    """

    TEXT = "StringSingleSelect"
    INTEGER = "IntSingleSelect"
    SEVERAL = "StringMultiSelect"
    """A list of options."""


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """One scalar field of a shape."""

    name: str
    """Name on the wire (`OrderNbr`)."""
    type: FieldType
    custom: str | None = None
    """For a custom field its address on the wire, `View.Field`; None for a contract field."""
    string_stamp: bool = False
    """The contract declares text, but the value is a date-time written as text."""
    selection: Selection | None = None
    """For a drop-down that shows its codes, what these are; its `type` is that of the label."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one (nested) object and what hangs below it."""

    name: str
    """Name of the schema that declares it (`SalesOrderDetail`)."""
    fields: tuple[DeclaredField, ...]
    linked: Mapping[str, "Shape"] = field(default_factory=dict)
    """Nested single objects by property name (`MainContact`)."""
    details: Mapping[str, "Shape"] = field(default_factory=dict)
    """Nested lists by property name (`Details`)."""
    not_understood: tuple[str, ...] = ()
    """Properties that are declared in a way unknown here, so that their values are not read."""

    def field(self, name: str) -> DeclaredField | None:
        """The field of that exact name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def expand_paths(self) -> Iterator[str]:
        """Every `$expand` path below this shape (`Details/Allocations`), parents first."""
        for children in (self.linked, self.details):
            for name, shape in children.items():
                yield name
                for path in shape.expand_paths():
                    yield f"{name}/{path}"

    def gaps(self, places: Collection[str] | None = None) -> Iterator[str]:
        """What is not understood of this shape and below, by paths (`MainContact/Address`).

        Args:
            places: `$expand` paths of the nested entities that matter; None for all.
        """
        yield from self.not_understood
        for name, shape in (*self.linked.items(), *self.details.items()):
            if places is None or name in places:
                inner = [p.removeprefix(f"{name}/") for p in places or () if p != name]
                for path in shape.gaps(None if places is None else inner):
                    yield f"{name}/{path}"


class EntityKind(StrEnum):
    """How the rows of a top-level entity are asked for."""

    RECORD = "record"
    """Listed and addressed by GET."""
    INQUIRY_FORM = "inquiry form"
    """Parameters go up by PUT, rows come back in a detail."""
    PROCESSING_FORM = "processing form"
    """A filter form in front of a mass action, or one that needs its parameters to show rows."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One top-level entity of a contract."""

    name: str
    shape: Shape
    kind: EntityKind = EntityKind.RECORD
    keys: tuple[Key, ...] = ()
    """Key fields in path order; empty when unknown."""
    watermark: str | None = None
    """Field that holds the last modification instant, or None."""
    description: str = ""
    """Screen title and id, as the contract gives them (`Sales Orders (SO301000)`)."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything one endpoint of an instance declares."""

    endpoint: str
    version: str
    entities: Mapping[str, Entity]
    spoken: int = 4
    """The contract version, 4 or 5: how requests are put and values written. It has nothing to do
    with the number of the endpoint."""
