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
from acumatica_source.contract.model import DeclaredField, FieldType
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
    fields: tuple[DeclaredField, ...]
    keys: tuple[str, ...] = ()
    """Fields that identify a row; empty where the service declares none."""
    parameters: tuple[DeclaredField, ...] = ()
    """Parameters of the inquiry, which `function` takes."""
    unfilterable: frozenset[str] = frozenset()
    """Fields that neither a filter nor a selection may name."""
    entity_type: str = ""
    """Name of the type of its rows with the namespace; aliases of one DAC share it."""
    function: str = ""
    """Name by which the inquiry is asked with parameters; empty where it takes none."""
    filterable: bool = True
    """Whether rows can be filtered at all."""
    singleton: bool = False
    """Whether it is one row without a key, as the preferences of a module are, and no set."""

    def field(self, name: str) -> DeclaredField | None:
        """The field of that exact name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    @property
    def usable_keys(self) -> tuple[str, ...]:
        """The keys, unless some of them can be neither filtered by nor selected; then none."""
        return () if self.unfilterable.intersection(self.keys) else self.keys

    @property
    def stamp(self) -> str | None:
        """The audit field with a row's last modification, if rows can be filtered by it."""
        stamps = (
            f.name
            for f in self.fields
            if f.name.lower() == "lastmodifieddatetime" and f.type is FieldType.INSTANT
        )
        if not self.filterable:
            return None
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
    fields: tuple[DeclaredField, ...]


@dataclass(frozen=True, slots=True)
class _Import:
    """A function that the service offers by name."""

    function: str
    """Qualified name of its declaration."""
    parameters: tuple[DeclaredField, ...]
    """Its parameters, where they are declared with it, as in version 3."""
    entity_set: str
    """Name of the set that its rows are of; empty where it does not say."""


@dataclass(frozen=True, slots=True)
class _Restriction:
    """What cannot be filtered: some properties, or anything."""

    properties: frozenset[str] = frozenset()
    filterable: bool = True

    def and_also(self, other: "_Restriction") -> "_Restriction":
        return _Restriction(
            self.properties | other.properties, self.filterable and other.filterable
        )


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
    functions: dict[str, tuple[DeclaredField, ...]] = field(default_factory=dict)
    imports: dict[str, "_Import"] = field(default_factory=dict)
    singletons: dict[str, str] = field(default_factory=dict)
    restrictions: dict[str, _Restriction] = field(default_factory=dict)
    """By the name of a set, or that of a type with its namespace."""

    def take(self, element: Element) -> None:
        match _local(element):
            case "Schema":
                self.seen_schema = True
                self.namespace = element.get("Namespace", "")
                self.namespaces[element.get("Alias", self.namespace)] = self.namespace
            case "EntityType":
                name = f"{self.namespace}.{element.get('Name', '')}"
                self.types[name] = _type(element)
                self._note_restrictions(name, element)
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
            case "Singleton":
                self.singletons[name] = element.get("Type", "")
                self._note_restrictions(name, element)
            case "FunctionImport":
                function = element.get("Function", name)
                own = _fields([p for p in element if _local(p) == "Parameter"])
                entity_set = re.split(r"[/.]", element.get("EntitySet", ""))[-1]
                self.imports[name] = _Import(function, own, entity_set)

    def _note_restrictions(self, name: str, element: Element) -> None:
        for annotation in element:
            if annotation.get("Term", "").endswith("FilterRestrictions"):
                known = self.restrictions.get(name, _Restriction())
                self.restrictions[name] = known.and_also(_restriction(annotation))

    def feeds(self) -> Iterator[tuple[str, Feed]]:
        of_types = self._of_types()
        for name, declared in (self.singletons | self.sets).items():
            type_name = self._full(declared)
            keys, fields = self._inherited(type_name)
            function = self._function(name)
            restricted = _Restriction()
            for base in self._line(type_name):
                restricted = restricted.and_also(of_types.get(base, _Restriction()))
            yield (
                name,
                Feed(
                    name=name,
                    fields=tuple(fields.values()),
                    keys=keys,
                    parameters=self._parameters(function),
                    unfilterable=restricted.properties,
                    entity_type=type_name,
                    function=function if self._parameters(function) else "",
                    filterable=restricted.filterable,
                    singleton=name not in self.sets,
                ),
            )

    def _inherited(self, type_name: str) -> tuple[tuple[str, ...], dict[str, DeclaredField]]:
        """Keys and fields of a type and of those it builds on, the basic ones first."""
        line = [self.types[name] for name in reversed(self._line(type_name)) if name in self.types]
        keys = next((t.keys for t in line if t.keys), ())
        return keys, {f.name: f for declared in line for f in declared.fields}

    def _line(self, type_name: str) -> list[str]:
        """The type and those it builds on, itself first."""
        line = [type_name]
        while (declared := self.types.get(line[-1])) is not None and declared.base:
            base = self._full(declared.base)
            if base in line:
                break
            line.append(base)
        return line

    def _function(self, name: str) -> str:
        """The function that takes an inquiry's parameters; empty where there is none.

        It says whose rows it returns. Its own name lacks the hyphens and blanks of the inquiry's,
        so that two inquiries may differ by these alone.
        """
        linked = [one for one, declared in self.imports.items() if declared.entity_set == name]
        plain = re.sub(r"[-\s]", "", name) + WITH_PARAMETERS
        alike = [
            one
            for one in (name + WITH_PARAMETERS, plain)
            if one in self.imports and not self.imports[one].entity_set
        ]
        named = (one for one in linked if one.endswith(WITH_PARAMETERS))
        return next(named, None) or next(iter([*linked, *alike]), "")

    def _parameters(self, function: str) -> tuple[DeclaredField, ...]:
        declared = self.imports.get(function, _Import("", (), ""))
        return declared.parameters or self.functions.get(self._full(declared.function), ())

    def _of_types(self) -> dict[str, _Restriction]:
        """What cannot be filtered of each type, whether that is said of it or of one of its sets.

        All sets of a type show the rows of one class: what is not in the database is not so under
        any of their names, nor in the types that build on it.
        """
        found = {name: one for name, one in self.restrictions.items() if name in self.types}
        for name, declared in (self.singletons | self.sets).items():
            if name in self.restrictions:
                type_name = self._full(declared)
                known = found.get(type_name, _Restriction())
                found[type_name] = known.and_also(self.restrictions[name])
        return found

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


def _restriction(annotation: Element) -> _Restriction:
    """What an annotation `FilterRestrictions` says (OData: Capabilities vocabulary)."""
    closed: set[str] = set()
    filterable = True
    for record in annotation:
        for one in record:
            match one.get("Property", "NonFilterableProperties"):
                case "NonFilterableProperties":
                    paths = [p.text or "" for p in one.iter() if _local(p) == "PropertyPath"]
                    closed.update(path.strip() for path in paths)
                case "Filterable":
                    said = one.get("Bool") or next((b.text for b in one if b.text), None)
                    filterable = (said or "").strip().lower() != "false"
    return _Restriction(frozenset(closed - {""}), filterable)


def _fields(elements: Collection[Element]) -> tuple[DeclaredField, ...]:
    found = (_field(e.get("Name", ""), e.get("Type", "Edm.String")) for e in elements)
    return tuple(one for one in found if one is not None)


def _field(name: str, declared: str) -> DeclaredField | None:
    if _COLLECTION.fullmatch(declared):
        return None
    kind = _unqualified(declared)
    if kind in _MOMENTS:
        return DeclaredField(name, type_of_moment(name))
    return DeclaredField(name, _TYPES.get(kind, FieldType.TEXT))


def _local(element: Element) -> str:
    """The element's name without its namespace, which differs between versions."""
    return str(element.tag).rpartition("}")[2]


def _unqualified(name: str) -> str:
    return name.rpartition(".")[2]
