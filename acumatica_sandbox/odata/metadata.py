"""`$metadata` of the feeds."""

from collections.abc import Collection, Iterable, Mapping
from xml.sax.saxutils import quoteattr

from acumatica_sandbox.filtering.kinds import EDM
from acumatica_sandbox.odata.feeds import Column, Feed, Link

_EDMX = {
    3: "http://schemas.microsoft.com/ado/2007/06/edmx",
    4: "http://docs.oasis-open.org/odata/ns/edmx",
}
_EDM = {
    3: "http://schemas.microsoft.com/ado/2009/11/edm",
    4: "http://docs.oasis-open.org/odata/ns/edm",
}
_CAPABILITIES = (
    '<edmx:Reference Uri="http://docs.oasis-open.org/odata/odata/v4.0/errata03/os/complete/'
    'vocabularies/Org.OData.Capabilities.V1.xml">'
    '<edmx:Include Namespace="Org.OData.Capabilities.V1" Alias="Cap"/></edmx:Reference>'
)


def metadata(feeds: Mapping[str, Feed], version: int) -> bytes:
    """The types of all sets, as EDMX.

    Inquiries share a schema with their container `Default`; of DACs every namespace is a schema,
    and the container is `Default.Container`.
    """
    sets = "".join(_sets(feed, feeds, version) for feed in feeds.values())
    if any(feed.is_class for feed in feeds.values()):
        spaces: dict[str, list[Feed]] = {}
        for feed in feeds.values():
            spaces.setdefault(feed.space, []).append(feed)
        schemas = "".join(
            _schema(space, _types(inside, feeds, version), version)
            for space, inside in spaces.items()
        )
        container = f'<EntityContainer Name="Container">{sets}</EntityContainer>'
        schemas += _schema("Default", container, version)
        return _document(_CAPABILITIES, schemas, version)
    functions = "".join(_function(feed) for feed in feeds.values() if feed.parameter)
    content = _types(feeds.values(), feeds, version) + (functions if version == 4 else "")
    content += f'<EntityContainer Name="Default">{sets}</EntityContainer>'
    return _document("", _schema("GenericInquiry", content, version), version)


def edm_type(kind: str, version: int) -> str:
    """The type of a column in a version of the protocol."""
    return "Edm.DateTime" if version == 3 and kind in "tD" else EDM[kind]


def _document(references: str, schemas: str, version: int) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="{1 if version == 3 else 4}.0" '
        f'xmlns:edmx="{_EDMX[version]}">{references}<edmx:DataServices>{schemas}'
        "</edmx:DataServices></edmx:Edmx>"
    ).encode()


def _schema(space: str, content: str, version: int) -> str:
    return f'<Schema Namespace="{space}" xmlns="{_EDM[version]}">{content}</Schema>'


def _types(inside: Iterable[Feed], feeds: Mapping[str, Feed], version: int) -> str:
    return "".join(_type(feed, feeds, version) for feed in inside)


def _type(feed: Feed, feeds: Mapping[str, Feed], version: int) -> str:
    """A type; one that builds on another declares only what it adds. Keys come by the alphabet."""
    base = feeds[feed.base] if feed.base else None
    inherited = {column.name for column in base.columns} if base else set()
    keys = "".join(f'<PropertyRef Name="{key}"/>' for key in sorted(feed.keys))
    content = "" if base or not keys else f"<Key>{keys}</Key>"
    content += "".join(
        _property(feed, column, version) for column in feed.columns if column.name not in inherited
    )
    content += "".join(_navigation(link, feeds) for link in feed.links.values())
    builds_on = f' BaseType="{base.full_type}"' if base else ""
    return f'<EntityType Name="{feed.type_name}"{builds_on}>{content}</EntityType>'


def _property(feed: Feed, column: Column, version: int) -> str:
    facets = ' Nullable="false"' if column.name in feed.keys else ""
    if column.kind == "d":
        facets += ' Scale="Variable"' if feed.is_class else ' Scale="6"'
    return f'<Property Name="{column.name}" Type="{edm_type(column.kind, version)}"{facets}/>'


def _navigation(link: Link, feeds: Mapping[str, Feed]) -> str:
    target = feeds[link.target].full_type
    if link.many:
        return f'<NavigationProperty Name="{link.name}" Type="Collection({target})"/>'
    pairs = "".join(
        f'<ReferentialConstraint Property="{own}" ReferencedProperty="{other}"/>'
        for own, other in zip(link.own, link.other, strict=True)
    )
    return f'<NavigationProperty Name="{link.name}" Type="{target}">{pairs}</NavigationProperty>'


def _sets(feed: Feed, feeds: Mapping[str, Feed], version: int) -> str:
    base = feeds[feed.base] if feed.base else None
    inherited = {column.name for column in base.columns} if base else set()
    kind = quoteattr(feed.full_type)
    if feed.singleton:
        return "".join(f"<Singleton Name={quoteattr(n)} Type={kind}/>" for n in feed.names)
    sets = "".join(
        f"<EntitySet Name={quoteattr(name)} EntityType={kind}>"
        f"{_restrictions(feed, inherited)}</EntitySet>"
        for name in feed.names
    )
    if feed.parameter is None:
        return sets
    name = feed.function
    if version == 3:
        return sets + (
            f'<FunctionImport Name={quoteattr(name)} ReturnType="Collection({feed.full_type})" '
            f'EntitySet={quoteattr(feed.name)} m:HttpMethod="GET" '
            'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
            f"{_parameter(feed)}</FunctionImport>"
        )
    return sets + (
        f"<FunctionImport Name={quoteattr(name)} "
        f"Function={quoteattr(f'{feed.space}.{feed.name}')} "
        f"EntitySet={quoteattr(feed.name)}/>"
    )


def _restrictions(feed: Feed, inherited: Collection[str]) -> str:
    """What cannot be filtered; what the class that it builds on says holds for it too."""
    closed = [c.name for c in feed.columns if c.computed and c.name not in inherited]
    if not feed.is_class or (feed.filterable and not closed):
        return ""
    said = ""
    if not feed.filterable:
        said += '<PropertyValue Property="Filterable" Bool="false"/>'
    if closed:
        paths = "".join(f"<PropertyPath>{name}</PropertyPath>" for name in closed)
        said += (
            '<PropertyValue Property="NonFilterableProperties">'
            f"<Collection>{paths}</Collection></PropertyValue>"
        )
    return f'<Annotation Term="Cap.FilterRestrictions"><Record>{said}</Record></Annotation>'


def _function(feed: Feed) -> str:
    return (
        f"<Function Name={quoteattr(feed.name)}>{_parameter(feed)}"
        f'<ReturnType Type="Collection({feed.full_type})"/></Function>'
    )


def _parameter(feed: Feed) -> str:
    kind = next(column.kind for column in feed.columns if column.name == feed.parameter)
    return f'<Parameter Name="{feed.parameter}" Type="{EDM[kind]}"/>'
