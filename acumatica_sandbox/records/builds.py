"""What comes with a build of Acumatica ERP: its number, and the endpoints of the system."""

from collections.abc import Mapping
from dataclasses import dataclass

Endpoints = Mapping[tuple[str, str], int]
"""The versions of the contract that endpoints speak, by their names and versions."""
CONTRACT_3 = ("Legacy", "17.200.001")
"""An endpoint of a contract version that instances do not serve any more."""
NEWEST = "26.200.001"
"""The version of endpoints that come in contract version 5."""


@dataclass(frozen=True)
class Build:
    """A build of the ERP."""

    number: str
    endpoints: tuple[tuple[str, str], ...]
    """In contract version 4; the newest first."""
    style: str | None = None
    """The build that contracts are written in the style of; None for that of the endpoint."""
    waits: bool = False
    """Whether it answers 409 while a long operation runs for the form in the session."""


BUILDS: dict[str | None, Build] = {
    None: Build("25.101.0153", (("Default", "24.200.001"), ("Default", "23.200.001"))),
    "24R2": Build(
        "24.201.0070", (("Default", "24.200.001"), ("Default", "23.200.001")), style="24R2"
    ),
    "25R2": Build(
        "25.201.0213",
        (("Default", "25.200.001"), ("Default", "24.200.001")),
        style="25R2",
        waits=True,
    ),
    "26R2": Build(
        "26.200.0117",
        (("Default", "25.200.001"), ("Default", "24.200.001"), ("DeviceHub", "26.100.001")),
        style="26R2",
        waits=True,
    ),
}
FEATURES = tuple(
    f"PX.Objects.CS.FeaturesSet+{name}"
    for name in ("FinancialModule", "DistributionModule", "Inventory", "MultipleBaseCurrencies")
)
"""What the list of endpoints says is switched on, from 2026 R2 on."""
