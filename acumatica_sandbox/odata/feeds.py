"""Entity sets: what the catalogue offers, as far as the instance's contract has the fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from acumatica_sandbox.records import catalogue
from acumatica_sandbox.records.catalogue import ClassSpec
from acumatica_sandbox.records.drop_downs import ACCOUNT_TYPES, ITEM_STATUSES, STATUSES
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.site import Site


@dataclass(frozen=True)
class Column:
    """One property of a feed."""

    name: str
    source: str
    """Path of the field in the entity, or in the detail that the feed is of; `id` for its id."""
    kind: str
    """Type letter; x for binary."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Stored codes of labels, where the feed shows codes."""
    computed: bool = False
    """It cannot be filtered or ordered by."""
    width: int = 0
    """Fixed-width text comes padded to this."""
    number_of: str | None = None
    """The entity whose record the field names; shown is the number of that record."""


@dataclass(frozen=True)
class Link:
    """A navigation property: leads to the rows of another feed that agree in some columns."""

    name: str
    target: str
    """Name of the other feed."""
    own: tuple[str, ...]
    other: tuple[str, ...]
    many: bool


@dataclass(frozen=True)
class Feed:
    """The rows of one type, served under one or more names of entity sets."""

    name: str
    space: str
    """Namespace of its type."""
    entity: EntityModel
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    """In the order that rows come in."""
    detail: str | None = None
    """The detail whose rows it shows, if not the records themselves."""
    parameter: str | None = None
    """A column that must be given by `_WithParameters`."""
    aliases: tuple[str, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)
    base: str | None = None
    """The feed whose type this one's builds on."""
    parts: tuple[str, ...] = ()
    """The feeds that it puts together, if it has no rows of its own."""
    filterable: bool = True
    """Whether a request may filter it."""
    singleton: bool = False
    """Whether it is one row without a key, the first there is, and no set."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its entity sets."""
        return (self.name, *self.aliases)

    @property
    def function(self) -> str:
        """The name by which it is asked with parameters: without hyphens and blanks."""
        return re.sub(r"[-\s]", "", self.name) + "_WithParameters"

    @property
    def type_name(self) -> str:
        """The name of its type, without the characters that names cannot have."""
        plain = "".join(c if c.isalnum() or c == "_" else "_" for c in self.name)
        return plain.removeprefix(self.space.replace(".", "_") + "_")

    @property
    def full_type(self) -> str:
        """The name of its type with the namespace."""
        return f"{self.space}.{self.type_name}"

    @property
    def is_class(self) -> bool:
        """Whether it is a data access class."""
        return self.space.startswith("PX.")

    @property
    def keeps_deleted(self) -> bool:
        """Deleted rows stay, with DeletedDatabaseRecord set."""
        return any(column.name == catalogue.DELETED for column in self.columns)


def inquiries(site: Site) -> dict[str, Feed]:
    """The generic inquiries that are exposed, by name."""
    feeds = {}
    for spec in catalogue.INQUIRIES:
        entity = site.entities.get(spec.entity)
        if entity is None or entity.inquiry:
            continue
        columns = _columns(entity, None, spec.columns)
        keys = tuple(spec.keys.split())
        if set(keys) <= {column.name for column in columns}:
            feeds[spec.name] = Feed(
                spec.name, "GenericInquiry", entity, columns, keys, parameter=spec.parameter
            )
    return feeds


def classes(site: Site) -> dict[str, Feed]:
    """The data access classes, by the full name of their type."""
    found = (_class(site, spec) for spec in catalogue.CLASSES)
    feeds = {feed.name: feed for feed in found if feed is not None}
    parts = [feed for feed in feeds.values() if feed.base]
    if parts:
        feeds[catalogue.BUSINESS_ACCOUNT] = _business_accounts(parts)
    for short, name, to, pairs in catalogue.NAVIGATION:
        feed, target = (feeds.get(f"PX_Objects_{one}") for one in (short, to))
        if feed is None or target is None:
            continue
        own, other = zip(*(_pair(word) for word in pairs.split()), strict=True)
        if {*own} <= _names(feed) and {*other} <= _names(target):
            link = Link(name, target.name, own, other, name.endswith("Collection"))
            feeds[feed.name] = replace(feed, links={**feed.links, name: link})
    return feeds


def by_name(feeds: Mapping[str, Feed]) -> dict[str, Feed]:
    """The feeds by every name of their entity sets."""
    return {name: feed for feed in feeds.values() for name in feed.names}


def _class(site: Site, spec: ClassSpec) -> Feed | None:
    entity = site.entities.get(spec.entity)
    if entity is None or entity.inquiry:
        return None
    if spec.detail and spec.detail not in entity.shape.details:
        return None
    columns = _columns(entity, spec.detail, spec.columns)
    keys = tuple(spec.keys.split())
    if not {*keys} <= {column.name for column in columns}:
        return None
    if spec.entity in catalogue.KEEPS_DELETED and not (spec.detail or spec.singleton):
        columns = (*columns, Column(catalogue.DELETED, catalogue.DELETED, "b"))
    name, *aliases = spec.names.split()
    space = name.rpartition("_")[0].replace("_", ".")
    return Feed(
        name,
        space,
        entity,
        columns,
        keys,
        spec.detail,
        aliases=tuple(aliases),
        base=spec.base,
        filterable=spec.filterable,
        singleton=spec.singleton,
    )


def _business_accounts(parts: list[Feed]) -> Feed:
    """What customers and vendors have in common."""
    names = catalogue.BUSINESS_ACCOUNT_NAMES.split()
    wanted = catalogue.BUSINESS_ACCOUNT_COLUMNS.split()
    shared = [name for name in wanted if all(name in _names(part) for part in parts)]
    of_first = {column.name: column for column in parts[0].columns}
    return Feed(
        names[0],
        "PX.Objects.CR",
        parts[0].entity,
        tuple(of_first[name] for name in shared),
        ("AcctCD",),
        aliases=tuple(names[1:]),
        parts=tuple(part.name for part in parts),
    )


def _names(feed: Feed) -> set[str]:
    return {column.name for column in feed.columns}


def _pair(word: str) -> tuple[str, str]:
    own, _, other = word.partition("=")
    return own, other or own


def _columns(entity: EntityModel, detail: str | None, words: str) -> tuple[Column, ...]:
    found = (_column(entity, detail, word) for word in words.split())
    return tuple(column for column in found if column is not None)


def _column(entity: EntityModel, detail: str | None, word: str) -> Column | None:
    marked, _, source = word.partition("=")
    name, _, number_of = marked.rstrip("!#").partition("@")
    source = source or name
    kind = _kind(entity, detail, source)
    if kind is None:
        return None
    if number_of:
        kind = "i"
    elif name == "tstamp":
        kind = "x"
    codes = _codes(entity, source) if marked.endswith("#") else {}
    width = 0 if number_of else catalogue.WIDTHS.get(name, 0)
    return Column(name, source, kind, codes, marked.endswith("!"), width, number_of or None)


def _kind(entity: EntityModel, detail: str | None, source: str) -> str | None:
    if source == "id":
        return "g"
    path = source.split("/")
    shape = entity.shape
    if path[0] == "..":
        path = path[1:]
    elif detail:
        shape = shape.details[detail]
    for step in path[:-1]:
        if step not in shape.linked:
            return None
        shape = shape.linked[step]
    return shape.fields.get(path[-1])


def _codes(entity: EntityModel, source: str) -> Mapping[str, str]:
    if source in entity.codes:
        return entity.codes[source]
    if source == "ItemStatus":
        return ITEM_STATUSES
    return ACCOUNT_TYPES if source == "Type" else STATUSES
