"""`$metadata` and service documents of the feeds."""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from acumatica_sandbox.odata.feeds import Feed

EDM = {
    "s": "Edm.String",
    "d": "Edm.Decimal",
    "i": "Edm.Int32",
    "h": "Edm.Int16",
    "l": "Edm.Int64",
    "b": "Edm.Boolean",
    "t": "Edm.DateTimeOffset",
    "D": "Edm.DateTimeOffset",
    "g": "Edm.Guid",
    "x": "Edm.Binary",
}


def service_document(feeds: Mapping[str, Feed], base: str, version: int) -> dict[str, Any]:
    """The entity sets that there are."""
    names = [name for feed in feeds.values() for name in (feed.name, *feed.aliases)]
    if version == 3:
        sets = [{"name": name, "url": name} for name in names]
        return {"odata.metadata": f"{base}/$metadata", "value": sets}
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
    return {"@odata.context": f"{base}/$metadata", "value": sets}


def metadata(feeds: Mapping[str, Feed], space: str, version: int) -> bytes:
    """The types of all sets, as EDMX."""
    types = "".join(_type(feed, space, version) for feed in feeds.values())
    container = "".join(_sets(feed, space) for feed in feeds.values())
    functions = "".join(_function(feed, space) for feed in feeds.values() if feed.parameter)
    edmx, edm = (
        ("http://schemas.microsoft.com/ado/2007/06/edmx", "http://schemas.microsoft.com/ado/2009/11/edm")
        if version == 3
        else ("http://docs.oasis-open.org/odata/ns/edmx", "http://docs.oasis-open.org/odata/ns/edm")
    )  # fmt: skip
    release = "1.0" if version == 3 else "4.0"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="{release}"'
        f' xmlns:edmx="{edmx}"><edmx:DataServices><Schema Namespace="{space}" xmlns="{edm}">'
        f'{types}{functions if version == 4 else ""}<EntityContainer Name="Default">{container}'
        f"</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


def type_name(feed: Feed) -> str:
    """The name of a feed's type: without the characters that names cannot have."""
    return "".join(c if c.isalnum() or c == "_" else "_" for c in feed.name)


def _type(feed: Feed, space: str, version: int) -> str:
    keys = "".join(f'<PropertyRef Name="{key}"/>' for key in feed.keys)
    properties = "".join(
        f'<Property Name="{column.name}" Type="{_edm(column.kind, version)}"'
        f"{' Nullable=' + chr(34) + 'false' + chr(34) if column.name in feed.keys else ''}"
        f"{' Scale=' + chr(34) + '6' + chr(34) if column.kind == 'd' else ''}/>"
        for column in feed.columns
    )
    navigation = "".join(
        f'<NavigationProperty Name="{name}" Type="Collection({space}.{type_name(child)})"/>'
        for name, child in feed.children.items()
    )
    return (
        f'<EntityType Name="{type_name(feed)}"><Key>{keys}</Key>{properties}{navigation}'
        "</EntityType>"
    )


def _edm(kind: str, version: int) -> str:
    return "Edm.DateTime" if version == 3 and kind in "tD" else EDM[kind]


def _sets(feed: Feed, space: str) -> str:
    formulas = [column.name for column in feed.columns if column.formula]
    closed = "".join(f"<PropertyPath>{name}</PropertyPath>" for name in formulas)
    restrictions = (
        '<Annotation Term="Org.OData.Capabilities.V1.FilterRestrictions"><Record>'
        f'<PropertyValue Property="NonFilterableProperties"><Collection>{closed}</Collection>'
        "</PropertyValue></Record></Annotation>"
        if formulas
        else ""
    )
    sets = "".join(
        f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr(space + '.' + type_name(feed))}>"
        f"{restrictions}</EntitySet>"
        for name in (feed.name, *feed.aliases)
    )
    if feed.parameter:
        name = f"{feed.name}_WithParameters"
        sets += (
            f'<FunctionImport Name="{name}" Function="{space}.{type_name(feed)}_WithParameters" '
            f"EntitySet={quoteattr(feed.name)}/>"
        )
    return sets


def _function(feed: Feed, space: str) -> str:
    kind = next(column.kind for column in feed.columns if column.name == feed.parameter)
    return (
        f'<Function Name="{type_name(feed)}_WithParameters">'
        f'<Parameter Name="{feed.parameter}" Type="{EDM[kind]}"/>'
        f'<ReturnType Type="Collection({space}.{type_name(feed)})"/></Function>'
    )
