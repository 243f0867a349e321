"""What a resource remembers from run to run: one typed record, kept in dlt's resource state.

It commits together with the rows it speaks of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dlt

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.paging.keyset import Position
from acumatica_source.resources.loading.parts_state import PartsState

VERSION = 2
"""Version 1, of releases before 0.2, had no number and called `undeclared` otherwise."""

_TENANTS = "tenants"
"""Where the records of tenants are kept that share tables, by their names."""

_FORMER = {"odd": "undeclared"}


@dataclass(frozen=True, slots=True)
class VerificationRound:
    """A comparison of all rows with the source that takes several runs."""

    begun: datetime
    """When it began, by the source's clock."""
    reached: datetime | None = None
    """The first stamp that is still to be compared; None if none has been."""
    gone: int = 0
    """Rows that were found gone so far."""
    rows: int = 0
    """Rows that were loaded when it began."""


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """A first load that takes several packages."""

    position: Position
    """How far it has come."""
    begun: datetime | None
    """When it began, by the source's clock."""
    newest: datetime | None
    """The newest stamp that has come."""


@dataclass(slots=True)
class ResourceState:
    """How far a resource has come."""

    watermark: datetime | None = None
    """From where on changes are still to be read; None before the first load."""
    contents: list[Any] | None = None
    """What loaded rows hold, in the short form of `evolution.Contents`; None if unknown."""
    filled: set[str] = field(default_factory=set)
    """Tables of details that have ever had rows; in the others there is nothing to delete."""
    undeclared: set[str] = field(default_factory=set)
    """What of the records does not fit their contract."""
    parts: dict[str, str] = field(default_factory=dict)
    """Fingerprints of the parts that are loaded, by their names."""
    asked: list[Any] | None = None
    """What the parts were asked for with."""
    known_parts: PartsState = field(default_factory=PartsState)
    """What else is known of the parts."""
    left_out: set[str] = field(default_factory=set)
    """Tables of details that lists leave empty unless they are asked for in another way."""
    kept: bool = False
    """Whether rows may be loaded that are on record as gone."""
    limited: bool = False
    """Whether the server was found to cut its answers short: then none is whole without a proof."""
    verified: datetime | None = None
    """When the last comparison of all rows began, by the source's clock; None for never."""
    round: VerificationRound | None = None
    """The comparison that is under way."""
    first: FirstLoad | None = None
    """The first load that is under way."""

    @classmethod
    def read(
        cls, resource: str, *, anew: bool = False, tenant: str | None = None
    ) -> "ResourceState":
        """The state of a resource in extraction.

        Args:
            resource: Its name.
            anew: Whether all is to be loaded anew, whatever the state says.
            tenant: Whose rows are meant, where tenants share tables.

        Raises:
            ConfigurationError: the state is damaged, or of a newer version than this one.
        """
        kept = _kept(resource, tenant)
        if anew:
            return cls(kept=kept.get("kept") is True)
        version = kept.get("version", 1)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise _damaged(resource, "version", version)
        if version > VERSION:
            raise ConfigurationError(
                f"The state of {resource} in this dataset was written by a newer version of "
                f"acumatica-source (state version {version}, this one knows {VERSION}). Update "
                "it, or load into another dataset."
            )
        return cls(**dict(_fields(resource, kept)))

    def write(self, resource: str, *, tenant: str | None = None) -> None:
        """Put the state of a resource in extraction in the place of what it was."""
        kept = _kept(resource, tenant)
        kept.clear()
        kept["version"] = VERSION
        for name, instant in (("watermark", self.watermark), ("verified", self.verified)):
            if instant is not None:
                kept[name] = instant.isoformat()
        if self.round is not None:
            kept["round"] = {
                "begun": self.round.begun.isoformat(),
                "reached": self.round.reached and self.round.reached.isoformat(),
                "gone": self.round.gone,
                "rows": self.round.rows,
            }
        if self.first is not None:
            kept["first"] = {
                "last": list(self.first.position.last),
                "labels": [[list(k), list(v)] for k, v in self.first.position.labels.items()],
                "begun": self.first.begun and self.first.begun.isoformat(),
                "newest": self.first.newest and self.first.newest.isoformat(),
            }
        for name, value in (
            ("contents", self.contents),
            ("filled", sorted(self.filled)),
            ("undeclared", sorted(self.undeclared)),
            ("left_out", sorted(self.left_out)),
            ("periods", self.parts),
            ("asked", self.asked),
            ("known_parts", self.known_parts.noted()),
            ("kept", self.kept),
            ("limited", self.limited),
        ):
            if value:
                kept[name] = value


def _kept(resource: str, tenant: str | None) -> dict[str, Any]:
    kept: dict[str, Any] = dlt.current.resource_state(resource)
    if tenant is None:
        return kept
    whose = kept.setdefault(_TENANTS, {})
    if not isinstance(whose, dict) or not isinstance(whose.get(tenant, {}), dict):
        raise _damaged(resource, _TENANTS, whose)
    own: dict[str, Any] = whose.setdefault(tenant, {})
    return own


def _fields(resource: str, kept: Mapping[str, Any]) -> Any:
    for stored, value in kept.items():
        name = _FORMER.get(stored, stored)
        if name in ("watermark", "verified"):
            yield name, _instant(resource, name, value)
        elif name == "first":
            yield name, _first(resource, value)
        elif name == "round":
            yield name, _round(resource, value)
        elif name in ("filled", "undeclared", "left_out"):
            if not _are_texts(value):
                raise _damaged(resource, stored, value)
            yield name, set(value)
        elif name in ("kept", "limited"):
            if not isinstance(value, bool):
                raise _damaged(resource, stored, value)
            yield name, value
        elif name == "contents":
            if not isinstance(value, list) or len(value) != 3 or not isinstance(value[1], int):
                raise _damaged(resource, stored, value)
            yield name, list(value)
        elif name == "periods":
            if not isinstance(value, Mapping) or not _are_texts([*value, *value.values()]):
                raise _damaged(resource, stored, value)
            yield "parts", dict(value)
        elif name == "known_parts":
            try:
                yield name, PartsState.of(value)
            except ValueError:
                raise _damaged(resource, stored, value) from None
        elif name == "asked":
            if not isinstance(value, list):
                raise _damaged(resource, stored, value)
            yield name, list(value)


def _first(resource: str, value: Any) -> FirstLoad:
    try:
        last = tuple(value["last"])
        labels = {tuple(prefix): list(found) for prefix, found in value["labels"]}
        begun, newest = value["begun"], value["newest"]
    except (KeyError, TypeError, ValueError):
        raise _damaged(resource, "first", value) from None
    if not last:
        raise _damaged(resource, "first", value)
    return FirstLoad(
        Position(last, labels),
        None if begun is None else _instant(resource, "first", begun),
        None if newest is None else _instant(resource, "first", newest),
    )


def _round(resource: str, value: Any) -> VerificationRound:
    if not isinstance(value, Mapping):
        raise _damaged(resource, "round", value)
    begun, reached, gone, rows = (value.get(one) for one in ("begun", "reached", "gone", "rows"))
    if type(gone) is not int or type(rows) is not int or gone < 0 or rows < 0:
        raise _damaged(resource, "round", value)
    first = None if reached is None else _instant(resource, "round", reached)
    return VerificationRound(_instant(resource, "round", begun), first, gone, rows)


def _instant(resource: str, name: str, value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _damaged(resource, name, value) from None
    if instant.tzinfo is None:
        raise _damaged(resource, name, value)
    return instant


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _damaged(resource: str, name: str, value: object) -> ConfigurationError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return ConfigurationError(
        f"The state of {resource} in this dataset is damaged: {name} is {shown}. Load {resource} "
        "anew: with full=True in its options, or with --full on the command line."
    )
