"""The query parameters of contract version 5: OData 4.01's nested options.

They are read into what the parameters of version 4 are read into, under the names that records are
kept by (Integration Development Guide of 2026 R2: Query Parameters).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from acumatica_sandbox.answers import Failure, http_error, unknown_key
from acumatica_sandbox.options import SandboxOptions
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.version_5 import kept_name
from acumatica_sandbox.records.views import form_field
from acumatica_sandbox.rest.pages import Projection
from acumatica_sandbox.rest.query import ALWAYS, TRANSLATIONS, Query, whole_number

_NAME = re.compile(r"[A-Za-z_]\w*")
_FIELD_OF_VIEW = re.compile(r"\w+\.\w+")


@dataclass
class _Wanted:
    """What is asked for, as paths of the names that records are kept by."""

    expand: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    custom: list[str] = field(default_factory=list)
    translations: bool = False


def parse(
    entity: EntityModel,
    wire: ShapeModel,
    parameters: Mapping[str, str],
    projection: Projection,
    options: SandboxOptions,
) -> Query:
    """Read the parameters of a request; `projection` brings what they do not say.

    Args:
        entity: the entity as its records are kept.
        wire: its shape in version 5.
        parameters: of the request.
        projection: what they do not say.
        options: what is done about parameters of version 4.

    Raises:
        Failure: a name is unknown, a number is none, or a parameter is written as in version 4.
    """
    if parameters.get("$custom") and options.custom_parameter == "refused":
        raise wrong_dialect(options, "The query parameter $custom is not supported.")
    wanted = _Wanted()
    reader = _Reader(entity, wanted, options)
    for item in split(parameters.get("$expand") or "", ","):
        reader.expand(item, wire, entity.shape, "")
    names = [name.strip() for name in split(parameters.get("$select") or "", ",") if name.strip()]
    select = reader.select(names, wire, entity.shape, "") if names else None
    return Query(
        replace(
            projection,
            expand=frozenset(wanted.expand),
            files=frozenset(wanted.files),
            select=select,
            inner_select=frozenset(wanted.inner),
            named=frozenset(wanted.named),
            custom=tuple(dict.fromkeys(wanted.custom)),
            translations=wanted.translations,
        ),
        parameters.get("$filter") or None,
        whole_number(parameters.get("$top"), "$top"),
        whole_number(parameters.get("$skip"), "$skip") or 0,
        parameters.get("$orderby"),
        bool(names) and select is not None and not wanted.custom and not parameters.get("$expand"),
    )


def wrong_dialect(options: SandboxOptions, message: str) -> Failure:
    """How a request is refused that is written as in version 4."""
    status = options.wrong_dialect_status
    return Failure(http_error(status, message, "Microsoft.OData.ODataException"))


def split(text: str, separator: str) -> Iterator[str]:
    """The parts of a text between separators that are not in brackets or quotes."""
    depth, quoted, start = 0, False, 0
    for at, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == separator and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


class _Reader:
    def __init__(self, entity: EntityModel, wanted: _Wanted, options: SandboxOptions) -> None:
        self._entity = entity
        self._wanted = wanted
        self._options = options

    def expand(self, item: str, wire: ShapeModel, kept: ShapeModel, above: str) -> None:
        """One member of `$expand`, perhaps with options of its own in brackets."""
        name, bracket, rest = item.strip().partition("(")
        if not name and not bracket:
            return
        if "/" in name:
            self._refuse(f"The expand path {name[:80]!r} is not supported; nest the options.")
        if bracket and not rest.endswith(")"):
            self._refuse(f"Syntax error in {item[:80]!r}.")
        if name == "files":
            self._wanted.files.add(above.rstrip("/"))
            return
        if name not in wire.nested:
            if name != TRANSLATIONS or above:
                raise Failure(unknown_key())
            self._wanted.translations = True
            return
        path = f"{above}{name}"
        self._wanted.expand.add(path)
        for option in split(rest[:-1], ";") if bracket else ():
            key, _, value = option.strip().partition("=")
            inside = wire.nested[name], kept.nested[name], f"{path}/"
            if key == "$expand":
                for one in split(value, ","):
                    self.expand(one, *inside)
            elif key == "$select":
                names = [one.strip() for one in value.split(",") if one.strip()]
                self._select_inside(names, *inside)
            else:
                self._refuse(f"The option {key[:80]!r} is not supported in $expand.")

    def _select_inside(
        self, names: list[str], wire: ShapeModel, kept: ShapeModel, above: str
    ) -> None:
        self._wanted.named.add(above.partition("/")[0])
        chosen = self.select(names, wire, kept, above)
        if chosen is not None:
            self._wanted.inner |= {f"{above}{name}" for name in chosen or {""}}

    def select(
        self, names: list[str], wire: ShapeModel, kept: ShapeModel, above: str
    ) -> frozenset[str] | None:
        """The fields that are chosen, by the names they are kept under; None for all."""
        chosen: set[str] = set()
        everything = False
        for name in names:
            if name == "*":
                everything = True
            elif _FIELD_OF_VIEW.fullmatch(name):
                self._choose_custom(f"{above}{name}")
            elif not _NAME.fullmatch(name):
                self._refuse(f"The term {name[:80]!r} of $select is not supported.")
            elif name in wire.fields:
                chosen.add(kept_name(kept, name))
            elif name in wire.nested or name in ALWAYS or name == TRANSLATIONS:
                chosen.add(name)
                self._wanted.named.add(f"{above}{name}")
            else:
                raise Failure(unknown_key())
        return None if everything else frozenset(chosen)

    def _choose_custom(self, place: str) -> None:
        if place not in self._entity.custom and form_field(self._entity, place) is None:
            raise Failure(unknown_key())
        self._wanted.custom.append(place)

    def _refuse(self, message: str) -> None:
        raise wrong_dialect(self._options, message)
