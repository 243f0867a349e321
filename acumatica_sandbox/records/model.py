"""What an entity is to the sandbox: its fields and their types, keys, views and quirks.

A type is one letter: s text, d decimal, i int, h short, l long, b boolean, t date and time of day,
D business date, g guid. Contract version 5 has four more: see `records.version_5`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class ShapeModel:
    """Fields of an object, and the objects and lists inside it."""

    name: str
    fields: Mapping[str, str]
    linked: Mapping[str, "ShapeModel"] = field(default_factory=dict)
    details: Mapping[str, "ShapeModel"] = field(default_factory=dict)

    @cached_property
    def nested(self) -> dict[str, "ShapeModel"]:
        """Linked objects and details by name, in the order of answers."""
        both = {**self.linked, **self.details}
        return {name: both[name] for name in sorted(both, key=str.lower)}

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names of fields, linked objects and details, in the order of answers."""
        return tuple(sorted([*self.fields, *self.linked, *self.details], key=str.lower))

    def paths(self, above: str = "") -> Iterator[str]:
        """Every path that can be expanded, parents first."""
        for name, inner in self.nested.items():
            yield above + name
            yield from inner.paths(f"{above}{name}/")

    def all(self) -> Iterator["ShapeModel"]:
        """This shape and those inside it, to full depth."""
        yield self
        for inner in (*self.linked.values(), *self.details.values()):
            yield from inner.all()

    def at(self, path: tuple[str, ...]) -> "ShapeModel":
        """The shape at a path of nested names; KeyError where there is none."""
        return self.nested[path[0]].at(path[1:]) if path else self


@dataclass(frozen=True)
class EntityModel:
    """A top-level entity."""

    name: str
    screen: str
    shape: ShapeModel
    keys: tuple[str, ...] = ()
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Drop-down fields: the stored code of every label. Rows sort by code, answers show labels."""
    stamps: tuple[str, ...] = ()
    """Fields that hold the last modification."""
    sought: tuple[str, ...] = ()
    """More fields that records are looked up by."""
    views: Mapping[str, str] = field(default_factory=dict)
    """Fields that come from another view than the entity's first."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Fields and `$expand` paths that a list query cannot be optimised for, with the view."""
    custom: Mapping[str, str] = field(default_factory=dict)
    """Custom fields as `View.Field`, with their types; those of nested members as
    `Details/View.Field`."""
    actions: tuple[str, ...] = ()
    inquiry: bool = False
    """Asked by PUT; it has no records."""

    @property
    def title(self) -> str:
        """The name of its form, without the number in brackets."""
        return self.screen.partition(" (")[0]

    @cached_property
    def path_numbers(self) -> dict[str, int]:
        """A number for every path that can be expanded."""
        return {path: number for number, path in enumerate(self.shape.paths())}

    @cached_property
    def custom_by_path(self) -> dict[str, dict[str, str]]:
        """The custom fields of every nested member that has some, as `View.Field`; "" for own."""
        found: dict[str, dict[str, str]] = {"": {}}
        for place, kind in self.custom.items():
            path, _, field = place.rpartition("/")
            found.setdefault(path, {})[field] = kind
        return found

    @cached_property
    def layered(self) -> frozenset[str]:
        """Nested members that answers show in part: with members or custom fields inside."""
        custom = {path.partition("/")[0] for path in self.custom_by_path if path}
        return frozenset(n for n, inner in self.shape.nested.items() if inner.nested or n in custom)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Fields that have an SQL column of their own: keys, the stamp, those sought."""
        return tuple(dict.fromkeys((*self.keys, *self.stamps[:1], *self.sought)))


def shape(name: str, fields: str, **nested: ShapeModel | list[ShapeModel]) -> ShapeModel:
    """A shape from `Name:type` words; a nested list of one shape is a detail."""
    pairs = (word.partition(":") for word in fields.split())
    return ShapeModel(
        name,
        {field: kind for field, _, kind in pairs},
        {key: value for key, value in nested.items() if isinstance(value, ShapeModel)},
        {key: value[0] for key, value in nested.items() if isinstance(value, list)},
    )
