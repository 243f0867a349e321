"""What a source in extraction remembers of one resource, taken down and put back."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import dlt

_RESOURCES = "resources"
"""What dlt calls the states of resources in the state of their source."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What there is by the name of a resource in the state of the source."""

    resource: str
    values: dict[str, Any]
    """By the part of the source's state that it is in, the states of resources among them."""

    @classmethod
    def of(cls, resource: str) -> "Remembered":
        """What is remembered of a resource now."""
        state = dlt.current.source_state()
        parts = {name: part for name, part in state.items() if isinstance(part, dict)}
        found = {name: deepcopy(part[resource]) for name, part in parts.items() if resource in part}
        if found.get(_RESOURCES) == {}:
            del found[_RESOURCES]  # dlt makes an empty one for whoever looks
        return cls(resource, found)

    def put_back(self) -> None:
        """Let this be what is remembered."""
        state = dlt.current.source_state()
        for name in [*{*state, *self.values}]:
            part = state.get(name)
            if name in self.values:
                state.setdefault(name, {})[self.resource] = deepcopy(self.values[name])
            elif isinstance(part, dict):
                part.pop(self.resource, None)
                if not part:
                    del state[name]
