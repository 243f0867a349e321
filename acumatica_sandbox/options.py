"""What a sandbox can be told before it starts.

Where public documents leave a behaviour open, an option chooses among the variants.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acumatica_sandbox.throttle import LICENSES


class SandboxError(ValueError):
    """The sandbox was asked for something it cannot do; the message says what it accepts."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How the emulated ERP is set up; every setting has a default.

    Raises:
        SandboxError: a value makes no sense.
    """

    port: int = 0
    """TCP port on the loopback interface; 0 for a free one."""
    records: int = 2_000
    """About how many top-level records it holds."""
    seed: int = 1
    """The same seed makes the same data."""
    license: str = "trial"
    """Sessions and requests allowed: `trial` (2 sessions, no other limit), `small` (3 sessions,
    6 concurrent requests, 50 a minute) or `unlimited`."""
    seats: int | None = None
    """API sessions that can be open at once; the licence's number if not given."""
    seats_per_user: int | None = None
    """API sessions that one user can have open at once, if fewer than the licence's."""
    concurrent_users: int | None = None
    """Conventional users (Basic on OData) at once; one more signs out the first. None: any."""
    root: str = "AcumaticaERP"
    """Virtual directory that the site lives under; empty for none."""
    contract: str | Path | None = None
    """A swagger document whose entities are served instead of the built-in ones."""
    tenants: tuple[str, ...] = ("Company",)
    """Login names of tenants, which share their data; with one only, any name signs in."""
    username: str = "admin"
    password: str = "sandbox"  # noqa: S105 - the emulated ERP has nothing to protect
    other_users: tuple[str, ...] = ()
    """More names that sign in, with the same password."""
    idle_seconds: int = 600
    """An idle session's seat is freed after this time."""
    now: datetime = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
    """Where the virtual clock starts."""
    latency: float = 0.0
    """Seconds that every request for data takes longer."""
    login_limit_status: int = 500
    """Status of a sign-in beyond the limit: 500 or 429."""
    orderby: str = "ignored"
    """What `$orderby` does in the contract REST API: `ignored`, `honoured` or `refused`."""
    silent_empties: bool = True
    """Some filters answer an empty list although rows match, as reported of instances."""
    lines_touch_header: bool = True
    """Whether a change of detail lines stamps the record they belong to."""
    max_url: int = 8_000
    """Characters of an address; longer ones answer 414."""
    not_optimisable: tuple[str, ...] = ()
    """More fields and parts that lists fail on, as `Entity.Field`."""
    features_off: tuple[str, ...] = ()
    """Entities that answer 403."""
    not_set_up: tuple[str, ...] = ()
    """Entities that answer 500 because their module is not set up."""
    odata_page: int = 0
    """Rows after which OData answers end with a nextLink; 0 for none."""
    odata_text_decimals: bool = False
    """Whether OData writes decimals as text, as in an official sample."""
    odata_bare_dates: bool = True
    """Whether inquiries of OData 4 write instants without an offset, as in an official sample."""
    dac_role: bool = True
    """Whether the user may read data access classes over OData."""
    dac_refused: tuple[str, ...] = ()
    """Data access classes that answer 403, by any of their names."""
    dac_untracked: tuple[str, ...] = ()
    """Data access classes whose deletions the instance does not track."""
    contract_5: bool = False
    """Whether an endpoint of contract version 5 is listed too."""
    offset_minutes: int = 0
    """Offset from UTC that instants are written with, in minutes."""
    unstable_order: bool = False
    """Whether lists come in an order that differs from request to request."""

    def __post_init__(self) -> None:
        limits = {
            "port": (self.port, 0, 65_535),
            "records": (self.records, 0, 20_000_000),
            "seats": (1 if self.seats is None else self.seats, 1, 1_000),
            "seats_per_user": (
                1 if self.seats_per_user is None else self.seats_per_user,
                1,
                1_000,
            ),
            "concurrent_users": (
                1 if self.concurrent_users is None else self.concurrent_users,
                1,
                100_000,
            ),
            "idle_seconds": (self.idle_seconds, 1, 86_400),
            "max_url": (self.max_url, 200, 60_000),
            "odata_page": (self.odata_page, 0, 1_000_000),
            "offset_minutes": (self.offset_minutes, -840, 840),
        }
        for name, (value, least, most) in limits.items():
            if not isinstance(value, int) or not least <= value <= most:
                raise SandboxError(
                    f"{name} must be a whole number from {least:,} to {most:,}, not {value!r}."
                )
        self._one_of("license", self.license, tuple(LICENSES))
        self._one_of("login_limit_status", self.login_limit_status, (500, 429))
        self._one_of("orderby", self.orderby, ("ignored", "honoured", "refused"))
        if not isinstance(self.latency, int | float) or not 0 <= self.latency <= 600:
            raise SandboxError(f"latency must be from 0 to 600 seconds, not {self.latency!r}.")
        if not self.tenants or not all(self.tenants) or isinstance(self.tenants, str):
            raise SandboxError("tenants must be a tuple with at least one tenant's name.")
        if self.now.tzinfo is None:
            raise SandboxError("now must have a time zone.")
        if not isinstance(self.root, str) or set(self.root) & set("/?#% "):
            raise SandboxError("root must be one plain path segment, or empty.")

    @staticmethod
    def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
        if value not in known:
            raise SandboxError(
                f"{name} must be one of {', '.join(map(str, known))}, not {value!r}."
            )

    def changed(self, changes: Mapping[str, Any]) -> "SandboxOptions":
        """These options with some others.

        Raises:
            SandboxError: there is no such option, or its value makes no sense.
        """
        known = {field.name for field in fields(self)}
        for name in changes:
            if name not in known:
                raise SandboxError(f"There is no option {name!r}. There are: {sorted(known)}.")
        return SandboxOptions(**{name: getattr(self, name) for name in known} | dict(changes))
