"""Feeds as a compact JSON document: what is kept of metadata that have twenty megabytes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from acumatica_source.contract.edmx import Feed, Feeds
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import DeclaredField, FieldType


def feeds_to_json(feeds: Feeds) -> bytes:
    """The document; sets that share a type are written once."""
    by_content: dict[Feed, list[str]] = {}
    for name, feed in feeds.sets.items():
        by_content.setdefault(replace(feed, name=""), []).append(name)
    return orjson.dumps([[names, *_written(feed)] for feed, names in by_content.items()])


def feeds_from_json(document: bytes) -> Feeds:
    """The feeds of a document written by `feeds_to_json`.

    Raises:
        ContractError: it is no such document.
    """
    try:
        return Feeds(dict(_read(orjson.loads(document))))
    except (orjson.JSONDecodeError, TypeError, ValueError) as error:
        raise ContractError(f"What is kept of the OData metadata is broken: {error!r}.") from error


def _written(feed: Feed) -> list[Any]:
    return [
        feed.entity_type,
        list(feed.keys),
        sorted(feed.unfilterable),
        [[field.name, field.type.value] for field in feed.fields],
        [[field.name, field.type.value] for field in feed.parameters],
        feed.filterable,
        feed.singleton,
        feed.function,
    ]


def _read(listed: Any) -> Iterable[tuple[str, Feed]]:
    for names, entity_type, keys, unfilterable, fields, parameters, *kind in listed:
        filterable, singleton, function = kind
        feed = Feed(
            name="",
            fields=_fields(fields),
            keys=tuple(map(str, keys)),
            parameters=_fields(parameters),
            unfilterable=frozenset(map(str, unfilterable)),
            entity_type=str(entity_type),
            filterable=bool(filterable),
            singleton=bool(singleton),
            function=str(function),
        )
        yield from ((str(name), replace(feed, name=str(name))) for name in names)


def _fields(listed: Any) -> tuple[DeclaredField, ...]:
    return tuple(DeclaredField(str(name), FieldType(kind)) for name, kind in listed)
