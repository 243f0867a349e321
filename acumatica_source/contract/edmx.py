"""Reads OData `$metadata`: the fields, keys and parameters of generic inquiries and DACs.

Understands OData 4 and the older version 3. The document of all DACs has some 20 MB, so it is read
as a stream, of which only the declarations of types and sets are kept.
"""

import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import Field, FieldType
from acumatica_source.contract.names import type_of_moment

WITH_PARAMETERS = "_WithParameters"
"""What the name of a generic inquiry's function ends in, which takes the inquiry's parameters."""

_TYPES: dict[str, FieldType] = {
    "String": FieldType.TEXT,
    "Guid": FieldType.GUID,
    "Boolean": FieldType.BOOLEAN,
    "Decimal": FieldType.DECIMAL,
    "Double": FieldType.DECIMAL,
    "Single": FieldType.DECIMAL,
    "Byte": FieldType.INTEGER,
    "SByte": FieldType.INTEGER,
    "Int16": FieldType.INTEGER,
    "Int32": FieldType.INTEGER,
    "Int64": FieldType.INTEGER,
    "Date": FieldType.DATE,
}
_MOMENTS = frozenset({"DateTimeOffset", "DateTime"})
_COLLECTION = re.compile(r"Collection\(.*\)")


@dataclass(frozen=True, slots=True)
class Feed:
    """One entity set of an OData service: a generic inquiry or a DAC."""

    name: str
    fields: tuple[Field, ...]
    keys: tuple[str, ...] = ()
    """Fields that identify a row; empty where the service declares none."""
    parameters: tuple[Field, ...] = ()
    """Parameters of the inquiry, asked through the function of the same name that ends in
    `_WithParameters`."""
    unfilterable: frozenset[str] = frozenset()
    """Fields that neither a filter nor a selection may name."""
    entity_type: str = ""
    """Name of the type of its rows with the namespace; aliases of one DAC share it."""

    def field(self, name: str) -> Field | None:
        """The field of that exact name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    @property
    def stamp(self) -> str | None:
        """The audit field with a row's last modification, if rows can be filtered by it."""
        stamps = (
            f.name
            for f in self.fields
            if f.name.lower() == "lastmodifieddatetime" and f.type is FieldType.INSTANT
        )
        return next((name for name in stamps if name not in self.unfilterable), None)


@dataclass(frozen=True, slots=True)
class Feeds:
    """The entity sets of one OData service by name."""

    sets: Mapping[str, Feed]

    def aliases(self, name: str) -> tuple[str, ...]:
        """All names under which the rows of an entity set are served, that one included."""
        wanted = self.sets[name].entity_type
        return tuple(n for n, feed in self.sets.items() if feed.entity_type == wanted)

    def distinct(self) -> list[tuple[Feed, tuple[str, ...]]]:
        """Every feed once, under its shortest name, with its other names; by name."""
        names: dict[str, list[str]] = {}
        for name, feed in self.sets.items():
            names.setdefault(feed.entity_type or name, []).append(name)
        found = []
        for several in names.values():
            short, *others = sorted(several, key=lambda name: (len(name), name))
            found.append((self.sets[short], tuple(others)))
        return sorted(found, key=lambda one: one[0].name)


def parse_edmx(document: bytes, only: Collection[str] | None = None) -> Feeds:
    """Read a `$metadata` document.

    Args:
        document: The body of `GET .../$metadata`.
        only: Names of the entity sets to keep; None for all.

    Raises:
        ContractError: the document is not XML, tries to use entities, or is no OData metadata.
    """
    gathered = _Gathered()
    try:
        for element in _schema_children(document):
            gathered.take(element)
    except DefusedXmlException as error:
        raise ContractError(f"The OData metadata is not safe to read: {error!r}.") from error
    except ParseError as error:
        raise ContractError(f"The OData metadata is not XML: {error}.") from error
    if not gathered.seen_schema:
        raise ContractError("The document has no OData schema in it: not `$metadata`.")
    return Feeds({name: feed for name, feed in gathered.feeds() if only is None or name in only})


def _schema_children(document: bytes) -> Iterator[Element]:
    """The children of every schema, each complete and forgotten after use."""
    path: list[Element] = []
    for event, element in iterparse(io.BytesIO(document), events=("start", "end")):
        if event == "start":
            path.append(element)
            if _local(element) == "Schema":
                yield element
            continue
        path.pop()
        if path and _local(path[-1]) == "Schema":
            yield element
            path[-1].remove(element)


@dataclass(slots=True)
class _Type:
    base: str
    keys: tuple[str, ...]
    fields: tuple[Field, ...]


@dataclass(slots=True)
class _Gathered:
    """What the schemas declare, before it is put together."""

    seen_schema: bool = False
    namespace: str = ""
    """Of the schema that is being read: two namespaces may have types of the same name."""
    namespaces: dict[str, str] = field(default_factory=dict)
    """By the short names that schemas give themselves."""
    types: dict[str, _Type] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    functions: dict[str, tuple[Field, ...]] = field(default_factory=dict)
    imports: dict[str, tuple[str, tuple[Field, ...]]] = field(default_factory=dict)
    unfilterable: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, element: Element) -> None:
        match _local(element):
            case "Schema":
                self.seen_schema = True
                self.namespace = element.get("Namespace", "")
                self.namespaces[element.get("Alias", self.namespace)] = self.namespace
            case "EntityType":
                self.types[f"{self.namespace}.{element.get('Name', '')}"] = _type(element)
            case "Function":
                parameters = [p for p in element if _local(p) == "Parameter"]
                name = f"{self.namespace}.{element.get('Name', '')}"
                self.functions[name] = _fields(parameters)
            case "EntityContainer":
                for child in element:
                    self._take_contained(child)
            case "Annotations":
                target = element.get("Target", "")
                _, slash, contained = target.rpartition("/")
                self._note_restrictions(contained if slash else self._full(target), element)

    def _take_contained(self, element: Element) -> None:
        name = element.get("Name", "")
        match _local(element):
            case "EntitySet":
                self.sets[name] = element.get("EntityType", "")
                self._note_restrictions(name, element)
            case "FunctionImport":
                function = element.get("Function", name)
                own = _fields([p for p in element if _local(p) == "Parameter"])
                self.imports[name] = (function, own)

    def _note_restrictions(self, name: str, element: Element) -> None:
        for annotation in element:
            if annotation.get("Term", "").endswith("FilterRestrictions"):
                paths = (p.text for p in annotation.iter() if _local(p) == "PropertyPath")
                self.unfilterable[name] = frozenset(path for path in paths if path)

    def feeds(self) -> Iterator[tuple[str, Feed]]:
        for name, declared in self.sets.items():
            type_name = self._full(declared)
            keys, fields = self._inherited(type_name)
            yield (
                name,
                Feed(
                    name=name,
                    fields=tuple(fields.values()),
                    keys=keys,
                    parameters=self._parameters(name),
                    unfilterable=self._restricted(name) | self._restricted(type_name),
                    entity_type=type_name,
                ),
            )

    def _inherited(self, type_name: str) -> tuple[tuple[str, ...], dict[str, Field]]:
        """Keys and fields of a type and of those it builds on, the basic ones first."""
        line: list[_Type] = []
        while (declared := self.types.get(type_name)) is not None and declared not in line:
            line.append(declared)
            type_name = self._full(declared.base)
        keys = next((t.keys for t in reversed(line) if t.keys), ())
        return keys, {f.name: f for declared in reversed(line) for f in declared.fields}

    def _parameters(self, name: str) -> tuple[Field, ...]:
        function, own = self.imports.get(name + WITH_PARAMETERS, ("", ()))
        return own or self.functions.get(self._full(function), ())

    def _restricted(self, name: str) -> frozenset[str]:
        return self.unfilterable.get(name, frozenset())

    def _full(self, name: str) -> str:
        """A qualified name whose namespace is not abbreviated."""
        space, _, local = name.rpartition(".")
        return f"{self.namespaces.get(space, space)}.{local}"


def _type(element: Element) -> _Type:
    keys: tuple[str, ...] = ()
    for child in element:
        if _local(child) == "Key":
            keys = tuple(ref.get("Name", "") for ref in child if _local(ref) == "PropertyRef")
    return _Type(
        base=element.get("BaseType", ""),
        keys=keys,
        fields=_fields([child for child in element if _local(child) == "Property"]),
    )


def _fields(elements: Collection[Element]) -> tuple[Field, ...]:
    found = (_field(e.get("Name", ""), e.get("Type", "Edm.String")) for e in elements)
    return tuple(one for one in found if one is not None)


def _field(name: str, declared: str) -> Field | None:
    if _COLLECTION.fullmatch(declared):
        return None
    kind = _unqualified(declared)
    if kind in _MOMENTS:
        return Field(name, type_of_moment(name))
    return Field(name, _TYPES.get(kind, FieldType.TEXT))


def _local(element: Element) -> str:
    """The element's name without its namespace, which differs between versions."""
    return str(element.tag).rpartition("}")[2]


def _unqualified(name: str) -> str:
    return name.rpartition(".")[2]
