"""What a table that is loaded in parts remembers beside their fingerprints.

Namely which parts there are to ask for, and what was seen of the changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class PartsState:
    """How far the parts of a table are known."""

    names: list[str] = field(default_factory=list)
    """All parts that the source has, in order, as it said when it was last asked."""
    columns: str = ""
    """A digest of the columns that they were loaded with."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many rows of each are loaded."""
    recent: dict[str, str] = field(default_factory=dict)
    """A digest of the latest changes that were seen, by what they belong to."""
    shown: int = 0
    """How many changes the source shows in one answer at least."""
    owners: list[str] = field(default_factory=list)
    """What changes were ever seen to be of, be it what is loaded or something else."""
    large: list[str] = field(default_factory=list)
    """The parts that the source cannot answer at once, so that they are read in another way."""
    begun: datetime | None = None
    """When the last comparison of all parts began, by the source's clock."""
    left: list[str] = field(default_factory=list)
    """The parts that it has not come to yet."""

    def noted(self) -> dict[str, Any]:
        """As the state of a resource keeps it."""
        kept: dict[str, Any] = {
            "names": self.names,
            "columns": self.columns,
            "counts": self.counts,
            "recent": self.recent,
            "shown": self.shown,
            "owners": self.owners,
            "large": self.large,
            "begun": None if self.begun is None else self.begun.isoformat(),
            "left": self.left,
        }
        return {name: value for name, value in kept.items() if value}

    @classmethod
    def of(cls, kept: object) -> "PartsState":
        """What `noted` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(kept, Mapping):
            raise ValueError(kept)
        begun = kept.get("begun")
        state = cls(
            names=_texts(kept.get("names", [])),
            columns=_of(kept.get("columns", ""), str),
            counts=_by_name(kept.get("counts", {}), int),
            recent=_by_name(kept.get("recent", {}), str),
            shown=_of(kept.get("shown", 0), int),
            owners=_texts(kept.get("owners", [])),
            large=_texts(kept.get("large", [])),
            begun=None if begun is None else datetime.fromisoformat(_of(begun, str)),
            left=_texts(kept.get("left", [])),
        )
        if state.begun is not None and state.begun.tzinfo is None:
            raise ValueError(begun)
        return state


def _of(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(value)
    return value


def _texts(value: Any) -> list[str]:
    return [_of(one, str) for one in _of(value, list)]


def _by_name(value: Any, kind: type) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    return {_of(name, str): _of(one, kind) for name, one in value.items()}
