"""How each interface writes conditions and what to show: all their differences, in one place.

The contract-based REST API speaks a subset of OData 3 up to contract version 4 (Integration
Development Guide: Parameters for Retrieving Records), and one of OData 4.01 from version 5 on
(Integration Development Guide of 2026 R2, same chapter). Generic inquiries and data access classes
speak OData 4, their legacy interface OData 3.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from acumatica_source.client.errors import ConfigurationError


class Dialect:
    """The language of an interface: OData 4 where nothing else is said."""

    CONTRACT: ClassVar["Dialect"]
    """The contract-based REST API of contract version 4."""
    CONTRACT5: ClassVar["Dialect"]
    """The contract-based REST API of contract version 5."""
    ODATA4: ClassVar["Dialect"]
    ODATA3: ClassVar["Dialect"]

    title = "OData 4"
    is_contract = False
    """Whether it is that of the contract-based REST API, which knows few functions."""
    negates_tests = True
    """Whether `not` may stand before a function."""
    asks_options = False
    """Whether options of a drop-down with several can be asked about by `any` and `all`."""

    def __repr__(self) -> str:
        return f"<Dialect {self.title}>"

    def number(self, digits: str) -> str:
        """A decimal number."""
        return digits

    def instant(self, value: dt.datetime) -> str:
        """A moment that has an offset."""
        return f"{value.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z"

    def day(self, value: dt.date) -> str:
        """A date."""
        return value.isoformat()

    def guid(self, value: UUID) -> str:
        """An id."""
        return str(value)

    def contains(self, subject: str, text: str) -> str:
        """The condition that a text occurs in another."""
        return f"contains({subject},{text})"

    def custom(self, type_name: str, address: str) -> str:
        """A field outside the contract, by its address `View.Field`.

        Raises:
            ConfigurationError: the interface has none.
        """
        raise ConfigurationError(f"cf.{type_name}() exists in contract-based REST only.")

    def shown(
        self, select: Sequence[str], expand: Iterable[str], custom: Iterable[str]
    ) -> dict[str, str]:
        """The parameters that say what to show.

        Args:
            select: Fields by path (`MainContact/Email`); all if there are none.
            expand: Linked entities and details by path.
            custom: Fields outside the contract by address (`Details/Transactions.UsrX`).
        """
        params = {}
        if select:
            params["$select"] = ",".join(select)
        custom = list(custom)
        if custom:
            params["$custom"] = ",".join(custom)
        paths = ",".join(dict.fromkeys(expand))
        if paths:
            params["$expand"] = paths
        return params


class _OData3(Dialect):
    title = "OData 3"

    def number(self, digits: str) -> str:
        return f"{digits}m"

    def instant(self, value: dt.datetime) -> str:
        return f"datetime'{value.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}'"

    def day(self, value: dt.date) -> str:
        return f"datetime'{value.isoformat()}T00:00:00'"

    def guid(self, value: UUID) -> str:
        return f"guid'{value}'"

    def contains(self, subject: str, text: str) -> str:
        return f"substringof({text},{subject})"  # the needle comes first


class _Contract4(_OData3):
    title = "contract-based REST"
    is_contract = True
    negates_tests = False

    def instant(self, value: dt.datetime) -> str:
        # Offsets of historic zones have seconds, which the format has not.
        whole = (value.utcoffset() or dt.timedelta()) % dt.timedelta(minutes=1) == dt.timedelta()
        return f"datetimeoffset'{(value if whole else value.astimezone(dt.UTC)).isoformat()}'"

    def day(self, value: dt.date) -> str:
        return f"datetimeoffset'{value.isoformat()}'"

    def custom(self, type_name: str, address: str) -> str:
        return f"cf.{type_name}(f='{address}')"


class _Contract5(Dialect):
    title = "contract-based REST, contract version 5"
    is_contract = True
    asks_options = True

    def custom(self, type_name: str, address: str) -> str:
        return f"cf.{type_name}('{address}')"

    def shown(
        self, select: Sequence[str], expand: Iterable[str], custom: Iterable[str]
    ) -> dict[str, str]:
        """Nested options in parentheses; fields outside the contract are selected beside all."""
        root = _Shown()
        for path in expand:
            root.below(path.split("/"))
        for path in select:
            *places, name = path.split("/")
            root.below(places).select.append(name)
        for address in custom:
            *places, name = address.split("/")
            root.below(places).custom.append(name)
        return root.params()


@dataclass(slots=True)
class _Shown:
    """What to show of an entity and of those inside it."""

    select: list[str] = field(default_factory=list)
    custom: list[str] = field(default_factory=list)
    parts: dict[str, "_Shown"] = field(default_factory=dict)

    def below(self, places: Sequence[str]) -> "_Shown":
        here = self
        for name in places:
            here = here.parts.setdefault(name, _Shown())
        return here

    def params(self) -> dict[str, str]:
        params = {}
        fields = self.select or (["*"] if self.custom else [])
        if fields:
            params["$select"] = ",".join(dict.fromkeys([*fields, *self.custom]))
        if self.parts:
            params["$expand"] = ",".join(name + part.inside() for name, part in self.parts.items())
        return params

    def inside(self) -> str:
        options = ";".join(f"{name}={value}" for name, value in self.params().items())
        return f"({options})" if options else ""


Dialect.CONTRACT, Dialect.CONTRACT5 = _Contract4(), _Contract5()
Dialect.ODATA4, Dialect.ODATA3 = Dialect(), _OData3()

_BY_CONTRACT = {4: Dialect.CONTRACT, 5: Dialect.CONTRACT5}


def dialect_of(contract_version: int) -> Dialect:
    """The language of the contract-based REST API by contract version.

    Raises:
        ConfigurationError: no such version is known.
    """
    try:
        return _BY_CONTRACT[contract_version]
    except KeyError:
        known = " and ".join(map(str, _BY_CONTRACT))
        raise ConfigurationError(
            f"Contract version {contract_version} is unknown; {known} are spoken."
        ) from None
