"""The query parameters of the contract REST API, checked against an entity."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from acumatica_sandbox.answers import Failure, http_error, unknown_key
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.views import form_field
from acumatica_sandbox.rest.pages import Projection

TRANSLATIONS = "Translations"
"""What brings the translations of texts, though it is no member of a contract."""
ALWAYS = {"id", "rowNumber", "note", "custom", "_links", "files"}


@dataclass(frozen=True)
class Query:
    """What a request asks for."""

    projection: Projection
    filter: str | None
    top: int | None
    skip: int
    orderby: str | None
    light: bool
    """Whether it asks for plain fields by name only, which takes no form of a record."""


def parse(entity: EntityModel, parameters: Mapping[str, str], projection: Projection) -> Query:
    """Read the parameters of a request; `projection` brings what they do not say.

    Raises:
        Failure: a name is unknown or a number is none.
    """
    expand = _expand(entity, parameters.get("$expand"))
    select, inner = _select(entity, parameters.get("$select"))
    files = {path for path in expand if path.rpartition("/")[2] == "files"}
    return Query(
        replace(
            projection,
            expand=frozenset(expand - files),
            files=frozenset(path.rpartition("/")[0] for path in files),
            select=select,
            inner_select=inner,
            named=frozenset(path.partition("/")[0] for path in select or ()),
            custom=_custom(entity, parameters.get("$custom")),
            translations=TRANSLATIONS in expand and TRANSLATIONS not in entity.shape.nested,
        ),
        parameters.get("$filter") or None,
        whole_number(parameters.get("$top"), "$top"),
        whole_number(parameters.get("$skip"), "$skip") or 0,
        parameters.get("$orderby"),
        select is not None and not parameters.get("$expand") and not parameters.get("$custom"),
    )


def _names(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _expand(entity: EntityModel, text: str | None) -> set[str]:
    """Paths of nested members, of files, and `Translations`, which is no member of a contract."""
    wanted: set[str] = set()
    for path in _names(text):
        steps = path.split("/")
        shape: ShapeModel | None = entity.shape
        for number, step in enumerate(steps, 1):
            shape = shape.nested.get(step) if shape else None
            if shape is None and step != "files" and path != TRANSLATIONS:
                raise Failure(unknown_key())
            wanted.add("/".join(steps[:number]))
    return wanted


def _select(entity: EntityModel, text: str | None) -> tuple[frozenset[str] | None, frozenset[str]]:
    names = _names(text)
    if not names:
        return None, frozenset()
    inner = set()
    for path in names:
        *outer, name = path.split("/")
        try:
            shape = entity.shape.at(tuple(outer))
        except KeyError:
            raise Failure(unknown_key()) from None
        known = name in shape.fields or name in shape.nested or name in ALWAYS
        if not known and path != TRANSLATIONS and not path.startswith("custom."):
            raise Failure(unknown_key())
        if outer:
            inner.add(path)
    return frozenset(names), frozenset(inner)


def _custom(entity: EntityModel, text: str | None) -> tuple[str, ...]:
    places = _names(text)
    for place in places:
        if not re.fullmatch(r"(\w+/)*\w+\.\w+", place):
            raise Failure(
                http_error(500, f"The custom field {place[:80]!r} is not written as View.Field.")
            )
        if place not in entity.custom and form_field(entity, place) is None:
            raise Failure(unknown_key())
    return tuple(places)


def whole_number(text: str | None, name: str) -> int | None:
    """A number of a parameter; nothing where it is not given.

    Raises:
        Failure: it is none.
    """
    if text is None or text == "":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Failure(
            http_error(
                400, f"The value {text[:40]!r} of {name} is not valid.", "System.FormatException"
            )
        )
    return int(text)
