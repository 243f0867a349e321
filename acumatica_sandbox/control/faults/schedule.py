"""The rules in force, and the kinds that there are."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

from acumatica_sandbox.control.faults import kinds
from acumatica_sandbox.control.faults.kind import Kind
from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.tenants import Tenants


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.kinds = {kind.name: kind for kind in _found()}
        """The kinds of faults by name."""
        self.rules: list[Rule] = []

    def add(self, tenants: Tenants, kind: str, settings: Mapping[str, Any]) -> None:
        """Put a rule in force.

        Raises:
            SandboxError: it makes no sense.
        """
        if not isinstance(kind, str) or kind not in self.kinds:
            known = ", ".join(self.kinds)
            raise SandboxError(f"There is no fault {kind!r}. There are: {known}.")
        try:
            rule = Rule(kind, **settings)
        except TypeError:
            known = ", ".join(n for n in Rule.__dataclass_fields__ if n not in ("seen", "hits"))
            raise SandboxError(f"A fault has only these settings: {known}.") from None
        self.kinds[kind].check(rule, tenants.named(rule.tenant))
        self.rules.append(rule)

    def due(self, method: str, path: str) -> tuple[Kind, Rule] | None:
        """The rule that applies to a request, if any, with its kind."""
        for rule in self.rules:
            if rule.due(method, path):
                return self.kinds[rule.kind], rule
        return None


def _found() -> Iterator[Kind]:
    """The kinds of all modules in `kinds`."""
    for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."):
        for member in vars(importlib.import_module(module.name)).values():
            if isinstance(member, type) and issubclass(member, Kind) and member.name:
                yield member()
