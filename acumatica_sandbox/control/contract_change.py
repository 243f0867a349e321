"""Changes an entity's contract, as a customization or an upgrade does, and carries records over."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.records.fragments import Record, parse_value, rows_at
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.version_5 import GIVEN
from acumatica_sandbox.seeding.generic import Chance, complete, maker_of
from acumatica_sandbox.site import Site

LETTERS = "sdihlbtDg"
Member = TypeVar("Member")
CHANGES: dict[str, type[Mapping[Any, Any]] | type[Sequence[Any]]] = {
    "add": Mapping,
    "remove": Sequence,
    "retype": Mapping,
    "rename": Mapping,
    "custom": Mapping,
    "version_5": Mapping,
}
"""The changes, and the form that each is given in."""


def change_contract(site: Site, entity: EntityModel, changes: Mapping[str, Any]) -> None:
    """Change an entity's contract and carry its records over.

    Raises:
        SandboxError: a change is unknown, or about something that is not there, or about a key.
    """
    fresh = _changed(entity, changes)
    with site.store.lock:
        if not entity.inquiry:
            records = [
                _carried_over(fresh, record, changes, site.chance)
                for record in site.store.records(entity)
            ]
            site.store.create(fresh)
            site.store.add(fresh, (complete(fresh.shape, one, site.chance) for one in records))
            site.store.index(fresh)
        site.entities[entity.name] = fresh
        site.index_orders()
    for path, letter in changes.get("version_5", {}).items():
        *outer, name = path.split("/")
        site.version_5.given[fresh.shape.at(tuple(outer)).name, name] = letter
    site.contract_changed()


def _changed(entity: EntityModel, changes: Mapping[str, Any]) -> EntityModel:
    """The entity with its contract changed."""
    _check_forms(changes)
    shape = entity.shape
    custom = {**entity.custom, **changes.get("custom", {})}
    fixed = {*entity.keys, *entity.stamps}
    for path, letter in changes.get("add", {}).items():
        shape = _edited(shape, path.split("/"), "add", letter)
    for path, letter in changes.get("retype", {}).items():
        _check_free(entity, path, fixed)
        shape = _edited(shape, path.split("/"), "retype", letter)
    for path in changes.get("remove", ()):
        _check_free(entity, path, fixed)
        shape = _edited(shape, path.split("/"), "remove", "s")
    for path, name in changes.get("rename", {}).items():
        _check_free(entity, path, fixed)
        shape = _edited(shape, path.split("/"), "rename", name)
    for path, letter in changes.get("version_5", {}).items():
        _check_version_5(shape, path, letter)
    for place, letter in changes.get("custom", {}).items():
        if letter is None and place in entity.custom:
            continue
        _check_letter(letter)
        if not _has(shape, place):
            raise SandboxError(f"{entity.name} has no member for the custom field {place!r}.")
    custom = {place: kind for place, kind in custom.items() if kind and _has(shape, place)}
    return replace(entity, shape=shape, custom=custom)


def _check_forms(changes: Mapping[str, Any]) -> None:
    for change, given in changes.items():
        if change not in CHANGES:
            known = ", ".join(CHANGES)
            raise SandboxError(f"A contract has no change {change!r}. There are: {known}.")
        if isinstance(given, str) or not isinstance(given, CHANGES[change]):
            form = "an object by path" if CHANGES[change] is Mapping else "a list of paths"
            raise SandboxError(f"{change} must be {form}, not {given!r}.")
        for path in given:
            view = r"(\w+/)*\w+\.\w+" if change == "custom" else r"\w+(/\w+)*"
            if not isinstance(path, str) or not re.fullmatch(view, path):
                raise SandboxError(f"{path!r} of {change} is no path of a field.")


def _has(shape: ShapeModel, place: str) -> bool:
    """Whether there is the member that a custom field is in."""
    path = place.rpartition("/")[0]
    return not path or path in set(shape.paths())


def _carried_over(
    entity: EntityModel, record: Record, changes: Mapping[str, Any], chance: Chance
) -> Record:
    """A record of the entity before the change, in its shape afterwards."""
    for path, letter in changes.get("retype", {}).items():
        for node, name in _nodes(record, path.split("/")):
            node[name] = _converted(letter, node.get(name), name, chance)
    for path, name in changes.get("rename", {}).items():
        for node, old in _nodes(record, path.split("/")):
            node[name] = node.pop(old, None)
    for path, letter in changes.get("add", {}).items():
        for node, name in _nodes(record, path.split("/")):
            node[name] = maker_of(name, letter)(chance)
    for place, letter in changes.get("custom", {}).items():
        for node, field in _nodes(record, place.split("/")):
            known = dict(node.get("custom") or {})
            known.pop(field, None)
            if letter is not None:
                known[field] = maker_of(place.rpartition(".")[2], letter)(chance)
            node["custom"] = known
    return record


def _check_free(entity: EntityModel, path: str, fixed: set[str]) -> None:
    if path in fixed:
        raise SandboxError(f"{path} is a key or stamp of {entity.name}: it stays as it is.")


def _check_version_5(shape: ShapeModel, path: str, letter: Any) -> None:
    *outer, name = path.split("/")
    try:
        kind = shape.at(tuple(outer)).fields[name]
    except KeyError:
        raise SandboxError(f"{shape.name} has no field {path!r}.") from None
    known = {one for one, kinds in GIVEN.items() if kind in kinds}
    if not isinstance(letter, str) or letter not in {"", *known}:
        letters = ", ".join(sorted(known)) or "none"
        raise SandboxError(
            f"In version 5 {path} can have the letters {letters}, or an empty text for the type "
            f"that it has; not {letter!r}."
        )


def _check_letter(letter: Any) -> None:
    if not isinstance(letter, str) or len(letter) != 1 or letter not in LETTERS:
        raise SandboxError(f"A type is one of the letters {LETTERS}, not {letter!r}.")


def _edited(shape: ShapeModel, path: Sequence[str], change: str, value: Any) -> ShapeModel:
    name, *deeper = path
    if deeper:
        if name in shape.linked:
            inner = _edited(shape.linked[name], deeper, change, value)
            return replace(shape, linked={**shape.linked, name: inner})
        if name in shape.details:
            inner = _edited(shape.details[name], deeper, change, value)
            return replace(shape, details={**shape.details, name: inner})
        raise SandboxError(f"{shape.name} has no member {name!r}.")
    known = {**shape.fields, **shape.nested}
    if (name in known) == (change == "add"):
        there = "already has" if change == "add" else "has no"
        raise SandboxError(f"{shape.name} {there} {name!r}.")
    if change in ("add", "retype"):
        _check_letter(value)
        if name in shape.nested:
            raise SandboxError(f"{name} of {shape.name} is no field.")
        return replace(shape, fields={**shape.fields, name: value})
    if change == "rename" and (not isinstance(value, str) or not value.isidentifier()):
        raise SandboxError(f"A name must be an identifier, not {value!r}.")
    if change == "rename" and value in {*known, "id", "note", "custom", "rowNumber"}:
        raise SandboxError(f"{shape.name} already has {value!r}.")
    new = value if change == "rename" else None
    return replace(
        shape,
        fields=_renamed(shape.fields, name, new),
        linked=_renamed(shape.linked, name, new),
        details=_renamed(shape.details, name, new),
    )


def _renamed(members: Mapping[str, Member], name: str, new: str | None) -> dict[str, Member]:
    """The members with one renamed, or left out."""
    if name not in members:
        return dict(members)
    if new is None:
        return {n: member for n, member in members.items() if n != name}
    return {new if n == name else n: member for n, member in members.items()}


def _nodes(record: Record, path: Sequence[str]) -> list[tuple[Record, str]]:
    return [(node, path[-1]) for node in rows_at(record, path[:-1])]


def _converted(letter: str, value: Any, name: str, chance: Chance) -> Any:
    if value is None:
        return None
    try:
        return parse_value(letter, value if letter == "b" else str(value))
    except (ValueError, TypeError, ArithmeticError):
        return maker_of(name, letter)(chance)
