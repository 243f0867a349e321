"""One fault, and when it happens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from acumatica_sandbox.options import SandboxError


@dataclass
class Rule:
    """One fault and when it happens."""

    kind: str
    path: str = ""
    """Regular expression that is searched in the path."""
    method: str | None = None
    after: int = 0
    """Matching requests that pass first."""
    times: int = 1
    """Matching requests it applies to then; 0 for all."""
    status: int | None = None
    html: bool = False
    retry_after: int | None = None
    seconds: float = 1.0
    megabytes: int = 64
    changes: int = 5
    entities: Sequence[str] | None = None
    """What random changes are about; None for what users change."""
    kinds: Sequence[str] | None = None
    """Of `update`, `insert`, `delete` and `lines`, those that random changes are; None for all."""
    tenant: str | None = None
    """Whose records random changes are about; None for the first tenant."""
    seed: int | None = None
    """Makes the same random changes whenever the same requests come."""
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        try:
            re.compile(self.path)
        except (re.error, TypeError):
            raise SandboxError(f"path must be a regular expression, not {self.path!r}.") from None
        if self.method is not None and self.method not in METHODS:
            raise SandboxError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}.")
        if not isinstance(self.html, bool):
            raise SandboxError(f"html must be true or false, not {self.html!r}.")
        for name, (least, most) in NUMBERS.items():
            value = getattr(self, name)
            if value is None and name in ("status", "retry_after"):
                continue
            whole = name != "seconds"
            kinds = int if whole else int | float
            if (
                isinstance(value, bool)
                or not isinstance(value, kinds)
                or not least <= value <= most
            ):
                kind = "whole number" if whole else "number"
                raise SandboxError(
                    f"{name} must be a {kind} from {least:,} to {most:,}, not {value!r}."
                )

    def due(self, method: str, path: str) -> bool:
        """Whether it applies to a request; counts those that it is about."""
        if self.method not in (None, method) or not re.search(self.path, path):
            return False
        self.seen += 1
        due = self.seen > self.after and (self.times == 0 or self.hits < self.times)
        self.hits += due
        return due


METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
NUMBERS = {
    "after": (0, 1_000_000),
    "times": (0, 1_000_000),
    "status": (200, 599),
    "retry_after": (0, 100_000),
    "seconds": (0, 100_000),
    "megabytes": (0, 4_000),
    "changes": (0, 100_000),
}
"""The least and the most of settings that are numbers."""
