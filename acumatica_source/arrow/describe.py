"""Describes what a contract becomes, in plain values that fit JSON."""

from collections.abc import Iterable
from typing import Any

from acumatica_source.arrow.shape import Node, odata_shape, shape_of
from acumatica_source.contract.edmx import Feed
from acumatica_source.contract.keys import line_key_of
from acumatica_source.contract.model import Contract, DeclaredField, Entity, Shape

SINGLETON = "singleton"
"""The kind of a class that is one row, as the preferences of a module are."""


def describe_contract(contract: Contract, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Every entity of a contract, or those named, with the tables it becomes.

    Returns:
        `endpoint`, `version`, `contract_version` (4 or 5) and `entities`, a list of what
        `describe_entity` returns.
    """
    wanted = sorted(contract.entities) if names is None else list(names)
    return {
        "endpoint": contract.endpoint,
        "version": contract.version,
        "contract_version": contract.spoken,
        "entities": [describe_entity(contract.entities[name]) for name in wanted],
    }


def describe_entity(entity: Entity) -> dict[str, Any]:
    """One entity with the tables it becomes.

    Returns:
        `name`, `description`, `kind`, `keys` (names in path order), `watermark` (a name or None),
        `columns` (a list of `name` and Arrow `type`) and `children`: for every detail at any depth
        `name` of its table, `path` as `$expand` takes it, `line_key`, `columns`.
    """
    nodes = iter(shape_of(entity).root.walk())
    return {
        "name": entity.name,
        "description": entity.description,
        "kind": entity.kind.value,
        "keys": [key.name for key in entity.keys],
        "watermark": entity.watermark,
        "columns": _columns(next(nodes)),
        "children": [_child(entity.shape, node) for node in nodes],
    }


def describe_inquiry(feed: Feed) -> dict[str, Any]:
    """One generic inquiry with the table it becomes.

    Returns:
        `name`, `kind`, `keys`, `watermark` (None: inquiries are replaced), `parameters` and
        `columns` (lists of `name` and Arrow `type`).
    """
    return {
        "name": feed.name,
        "kind": "generic inquiry",
        "keys": list(feed.keys),
        "watermark": None,
        "parameters": _feed_columns(feed.parameters),
        "columns": _feed_columns(feed.fields),
        "children": [],
    }


def describe_class(feed: Feed, aliases: Iterable[str]) -> dict[str, Any]:
    """One data access class with the table it becomes; columns that cannot be selected left out.

    Returns:
        `name`, `kind`, `aliases`, `keys`, `watermark` (a name, or None where the table is replaced)
        and `columns` (a list of `name` and Arrow `type`).
    """
    return {
        "name": feed.name,
        "kind": SINGLETON if feed.singleton else "data access class",
        "aliases": list(aliases),
        "keys": list(feed.usable_keys),
        "watermark": feed.stamp if feed.usable_keys else None,
        "columns": _feed_columns(f for f in feed.fields if f.name not in feed.unfilterable),
        "children": [],
    }


def _feed_columns(fields: Iterable[DeclaredField]) -> list[dict[str, str]]:
    return _columns(odata_shape("feed", tuple(fields)).root)


def _child(top: Shape, node: Node) -> dict[str, Any]:
    path = node.table.path[1:]
    return {
        "name": node.table.name,
        "path": "/".join(path),
        "line_key": line_key_of(_below(top, path)),
        "columns": _columns(node),
    }


def _below(shape: Shape, path: tuple[str, ...]) -> Shape:
    for name in path:
        shape = shape.details[name] if name in shape.details else shape.linked[name]
    return shape


def _columns(node: Node) -> list[dict[str, str]]:
    return [{"name": column.name, "type": str(column.type)} for column in node.table.schema]
