"""What the versions of the contract do differently: one dialect each, chosen by the endpoint."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acumatica_sandbox.answers import Failure, json_answer
from acumatica_sandbox.options import SandboxOptions
from acumatica_sandbox.records.drop_downs import (
    code_of,
    joined,
    label_of,
    labels_in,
    number_of,
)
from acumatica_sandbox.records.fragments import CUSTOM_TYPES, rows_at
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.store import Condition
from acumatica_sandbox.records.version_5 import kept_name
from acumatica_sandbox.rest import filters, filters_5, query, query_5, records_5
from acumatica_sandbox.rest.pages import Projection
from acumatica_sandbox.site import Site

NOT_ALLOWED = "The value is not in the list of allowed values."


@dataclass(frozen=True)
class Dialect:
    """Contract version 4, which is the one that records are kept in."""

    site: Site

    @property
    def options(self) -> SandboxOptions:
        """The options in force."""
        return self.site.options

    @property
    def custom_types(self) -> Mapping[str, str]:
        """The names of the types of custom fields, by the letters of types."""
        return CUSTOM_TYPES

    def wire(self, entity: EntityModel) -> EntityModel:
        """An entity as the contract declares it."""
        return entity

    def query(
        self, entity: EntityModel, parameters: Mapping[str, str], projection: Projection
    ) -> query.Query:
        """The query parameters, checked; `projection` brings what they do not say.

        Raises:
            Failure: they are not in order.
        """
        return query.parse(entity, parameters, projection)

    def condition(self, entity: EntityModel, text: str) -> Condition:
        """The SQL condition that a `$filter` means.

        Raises:
            FilterError: the server refuses it.
            SilentlyEmpty: the server answers an empty list.
        """
        return filters.condition_of(entity, text, self.options.silent, self.site.null_stamps)

    @property
    def refused_filter_status(self) -> int:
        """The status of a filter that is refused."""
        return 500

    def keys(self, entity: EntityModel, values: Sequence[str]) -> list[str]:
        """The values of keys of an address, drop-downs as labels."""
        return list(values)

    def body(self, entity: EntityModel, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A record that is written, as version 4 writes it.

        Raises:
            Failure: a value is not one of its drop-down.
        """
        return body

    def answer(self, entity: EntityModel, body: bytes) -> bytes:
        """An answer with one or several records, from the one of version 4."""
        return body


@dataclass(frozen=True)
class Dialect5(Dialect):
    """Contract version 5."""

    @property
    def custom_types(self) -> Mapping[str, str]:
        """Those of version 4, and drop-downs."""
        return records_5.CUSTOM_TYPES_5

    def wire(self, entity: EntityModel) -> EntityModel:
        """The entity with the types and names of version 5."""
        return self.site.in_version_5(entity)

    def query(
        self, entity: EntityModel, parameters: Mapping[str, str], projection: Projection
    ) -> query.Query:
        """The query parameters with the nested options of OData 4.01."""
        wire = self.wire(entity).shape
        return query_5.parse(entity, wire, parameters, projection, self.options)

    def condition(self, entity: EntityModel, text: str) -> Condition:
        """The condition that OData 4.01 means; drop-downs are compared by what is stored."""
        wire, stamps = self.wire(entity), self.site.null_stamps
        return filters_5.condition_of(entity, wire, text, self.options, stamps)

    @property
    def refused_filter_status(self) -> int:
        """What no document settles."""
        return self.options.wrong_dialect_status

    def keys(self, entity: EntityModel, values: Sequence[str]) -> list[str]:
        """The values of keys; codes of drop-downs as labels, where these are understood."""
        if not self.options.codes_in_urls or len(values) != len(entity.keys):
            return list(values)
        found = []
        for key, value in zip(entity.keys, values, strict=True):
            labels = entity.codes.get(key, {})
            is_label = value.lower() in map(str.lower, labels)
            label = next((one for one, code in labels.items() if code == value), value)
            found.append(value if is_label else label)
        return found

    def body(self, entity: EntityModel, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record with the labels of its drop-downs.

        Raises:
            Failure: a code is not known.
        """
        reader = _Reader(self.site, entity, self.wire(entity))
        kept, echo = reader.record(entity.shape, reader.wire.shape, body, ())
        if reader.wrong:
            text = "The record raised at least one error. Please review the errors."
            head = {"id": body.get("id"), "rowNumber": 1, "error": text}
            raise Failure(json_answer(head | echo, 422))
        return kept

    def answer(self, entity: EntityModel, body: bytes) -> bytes:
        """The answer with the types and names of version 5."""
        return records_5.answer_of(entity, self.wire(entity), body, self.options)


def dialect_of(site: Site, name: str, version: str) -> Dialect:
    """The dialect that an endpoint is spoken to in."""
    return Dialect5(site) if site.endpoints[name, version] == 5 else Dialect(site)


class _Reader:
    """Reads a record that is written in version 5, into one of version 4."""

    def __init__(self, site: Site, entity: EntityModel, wire: EntityModel) -> None:
        self._site = site
        self._entity = entity
        self.wire = wire
        self.wrong = False
        """Whether a value is not one of its drop-down."""

    def record(
        self, kept: ShapeModel, wire: ShapeModel, body: Mapping[str, Any], path: tuple[str, ...]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The record as version 4 writes it, and its echo with what is wrong at the fields."""
        result: dict[str, Any] = {}
        echo: dict[str, Any] = {}
        for name, given in body.items():
            echo[name] = given
            if name in wire.fields:
                old = kept_name(kept, name)
                result[old], echo[name] = self._field(kept, wire.fields[name], (*path, old), given)
            elif name in wire.nested and isinstance(given, Mapping):
                inside = kept.nested[name], wire.nested[name]
                result[name], echo[name] = self.record(*inside, given, (*path, name))
            elif name in wire.nested and isinstance(given, list):
                inside = kept.nested[name], wire.nested[name]
                rows = [
                    self.record(*inside, r, (*path, name)) for r in given if isinstance(r, dict)
                ]
                result[name], echo[name] = [row[0] for row in rows], [row[1] for row in rows]
            elif name == "custom" and isinstance(given, Mapping):
                result[name] = self._custom("/".join(path), given)
            elif name not in kept.fields and name not in kept.nested:
                result[name] = given
        return result, echo

    def _field(
        self, kept: ShapeModel, letter: str, path: tuple[str, ...], given: Any
    ) -> tuple[Any, Any]:
        value = given.get("value") if isinstance(given, Mapping) else given
        if letter == "t" and kept.fields[path[-1]] == "s" and isinstance(value, str):
            return {"value": records_5.stamp_text(value)}, given
        if letter not in "SIM" or value is None:
            return given, given
        if letter == "I" and kept.fields[path[-1]] in "ihl":
            return self._number(value, given)
        place = f"{kept.name}.{path[-1]}"
        labels = [self._label(place, letter, path, one) for one in _choices(letter, value)]
        if labels and None not in labels:
            return {"value": joined(label for label in labels if label is not None)}, given
        if value == []:
            return {"value": ""}, given
        self.wrong = True
        return given, {"value": value, "error": NOT_ALLOWED}

    def _number(self, choice: Any, given: Any) -> tuple[Any, Any]:
        """A drop-down that is kept as its number."""
        code = choice.get("id") if isinstance(choice, Mapping) else None
        if isinstance(code, int) and not isinstance(code, bool):
            return {"value": code}, given
        self.wrong = True
        return given, {"value": choice, "error": NOT_ALLOWED}

    def _label(self, place: str, letter: str, path: tuple[str, ...], choice: Any) -> str | None:
        code = choice.get("id") if isinstance(choice, Mapping) else None
        if not isinstance(code, int if letter == "I" else str) or isinstance(code, bool):
            return None
        return label_of(place, code) or self._label_in_use(place, letter, path, code)

    def _label_in_use(
        self, place: str, letter: str, path: tuple[str, ...], code: str | int
    ) -> str | None:
        """The label of a code that is not known by itself, from a record that has it."""
        if self._entity.inquiry:
            return None
        for record in self._site.store.records(self._entity):
            for node in rows_at(record, path[:-1]):
                text = node.get(path[-1])
                for label in _labels(letter, text) if isinstance(text, str) else ():
                    stored = number_of(place, label) if letter == "I" else code_of(place, label)
                    if stored == code:
                        return label
        return None

    def _custom(self, path: str, given: Mapping[str, Any]) -> dict[str, Any]:
        letters = self.wire.custom_by_path.get(path, {})
        views: dict[str, Any] = {}
        for view, fields in given.items():
            views[view] = {}
            for name, field in fields.items() if isinstance(fields, Mapping) else ():
                place = f"{view}.{name}"
                letter = letters.get(place, "s")
                value = field.get("value") if isinstance(field, Mapping) else None
                if letter in "SIM" and value is not None:
                    choices = _choices(letter, value)
                    codes = [one.get("id") for one in choices if isinstance(one, Mapping)]
                    kept = [label_of(place, one) or str(one) for one in codes if one is not None]
                    value = codes[0] if letter == "I" and codes else joined(kept)
                views[view][name] = {"value": value}
        return views


def _choices(letter: str, value: Any) -> list[Any]:
    return value if letter == "M" and isinstance(value, list) else [value]


def _labels(letter: str, text: str) -> Iterable[str]:
    return labels_in(text) if letter == "M" else [text]
