"""What a sandbox can be told before it starts.

Where public documents leave a behaviour open, an option chooses among the variants.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acumatica_sandbox.throttle import LICENSES, License


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
    concurrent_requests: int | None = None
    """Requests that are handled at once; the licence's number if not given."""
    requests_per_minute: int | None = None
    """Requests a minute, from half of which on they are delayed; the licence's if not given."""
    seats_per_user: int | None = None
    """API sessions that one user can have open at once, if fewer than the licence's."""
    concurrent_users: int | None = None
    """Conventional users (Basic on OData) at once; one more signs out the first. None: any."""
    root: str = "AcumaticaERP"
    """Virtual directory that the site lives under; empty for none."""
    contract: str | Path | None = None
    """A swagger document whose entities are served instead of the built-in ones."""
    tenants: tuple[str, ...] = ("Company",)
    """Login names of tenants; with one only, any name signs in."""
    tenant_data: str = "shared"
    """What tenants hold: the same records, which they share (`shared`); records of their `own`; or
    the same records and ids at the start, which go their own ways (`snapshot`)."""
    lands_on_default: bool = False
    """Whether signing in to any tenant ends in the first one without a word, as reported of
    instances that do not know their tenants any more."""
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
    silent_empties: bool | tuple[str, ...] = True
    """Some filters answer an empty list although rows match, as reported of instances: all kinds
    of them, none, or those named: `compared` (a text function with `eq true`), `views` (fields of
    several views joined by `and`), `text` (text functions on some entities)."""
    lines_touch_header: bool = True
    """Whether a change of detail lines stamps the record they belong to."""
    max_url: int = 8_000
    """Characters of an address; longer ones answer 414."""
    blank_forms: bool = False
    """Whether a list of an inquiry form is one blank record, as reported of some, not refused."""
    not_optimisable: tuple[str, ...] = ()
    """More fields and parts that lists fail on, as `Entity.Field`; `Entity.Field+Other` for what
    they fail on only where both are asked for."""
    optimised_alone: bool = False
    """Whether a list shows a part that it fails on otherwise, where `$select` leaves out most
    fields, and nothing else is expanded."""
    optimisation_words: str = "fields"
    """What a list says that cannot be optimised: the `fields` line by line; the `views` alone; what
    it is (`bare`); or nothing that tells it from another failure (`none`)."""
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
    inquiries_refused: tuple[str, ...] = ()
    """Generic inquiries that are listed, but answer 403 for want of rights."""
    dac_role: bool = True
    """Whether the user may read data access classes over OData."""
    dac_refused: tuple[str, ...] = ()
    """Data access classes that answer 403, by any of their names."""
    dac_untracked: tuple[str, ...] = ()
    """Data access classes whose deletions the instance does not track."""
    endpoint_list: str = "relative"
    """How the list of endpoints is written: with `relative` or `absolute` addresses, or as a `bare`
    list without the versions of the instance."""
    build: str | None = None
    """The build whose endpoints, contracts and answers it has: `24R2`, `25R2` or `26R2`; None for
    one between the first two."""
    contract_version: int = 4
    """The newest version of the contract that it speaks: 4, or 5, which comes with `26R2` and is
    spoken by an endpoint beside those of version 4."""
    contract_3: bool = False
    """Whether an endpoint of contract version 3 is listed, which is not served any more."""
    null_form: str = "empty"
    """How version 5 writes nothing: as `{}` (`empty`), `{"value": null}` (`value`) or `null`
    (`bare`)."""
    instant_form: str = "offset"
    """How version 5 ends instants: with the `offset`, with `Z` in UTC (`z`), or with nothing
    (`bare`)."""
    date_only_form: str = "date"
    """How version 5 writes dates without a time: as a `date`, or as a `timestamp` at midnight."""
    plain_drop_downs: str = "label"
    """What drop-downs hold in version 5 that are declared as text: the `label` or the `code`."""
    wrong_dialect_status: int = 500
    """The status of a request to version 5 that is written as in version 4: 500 or 400."""
    custom_parameter: str = "ignored"
    """What `$custom` does in version 5: `ignored` or `refused`."""
    more_functions: bool = False
    """Whether filters of version 5 know `in`, `tolower` and `toupper`."""
    mixed_dates: str = "accepted"
    """Whether version 5 compares dates without a time with instants, and the other way round:
    `accepted` or `refused`."""
    codes_in_urls: bool = True
    """Whether version 5 finds records by the codes of drop-down keys too, not only by labels."""
    empty_details: bool = False
    """Whether lists show details as empty that are expanded, but not named in `$select`."""
    offset_minutes: int = 0
    """Offset from UTC that instants are written with, in minutes."""
    unstable_order: bool = False
    """Whether lists come in an order that differs from request to request."""
    list_order: str = "key"
    """What lists of the contract REST API are in the order of: their `key`, a fixed permutation
    (`hashed`), the stamp of modification (`modified`), or another with every request (`random`)."""
    cap_records: int = 0
    """Records that a list without `$select`, or with parts expanded, shows at most, without saying
    so; 0 for all."""
    cap_stamps: int = 0
    """The same of lists of plain fields by `$select`."""
    cap_feeds: int = 0
    """The same of answers of OData that end without a nextLink."""
    session_ids: float = 0.0
    """The share of records whose id is new in every session, from 0 to 1."""
    null_stamps: float = 0.0
    """The share of records that have no stamp of modification, from 0 to 1."""
    stamp_not_selectable: tuple[str, ...] = ()
    """Entities whose lists refuse a `$select` of the stamp of modification."""
    seat_refusal: str = "answer"
    """How a session beyond the limit is refused: by an `answer` with `login_limit_status`, or by a
    redirect to the error `page`, which has the words in its address."""
    odata_links: str = "absolute"
    """How next links of OData are written: `absolute`, `relative` to the address that was asked,
    or with the address of a node behind a load balancer that ends TLS (`behind`)."""
    custom_refused: tuple[str, ...] = ()
    """Custom fields, as `Entity.View.Field`, that are declared, but answer 500 where they are asked
    for, whatever else is."""

    # data access classes of 2026 R2
    dac_unfilterable: str = "select"
    """What classes that cannot be filtered refuse: `filter` alone, `select` too, or `orderby` as
    well."""

    def __post_init__(self) -> None:
        for option in fields(self):
            name, value = option.name, getattr(self, option.name)
            if value is None and option.default is None:
                continue
            if name in NUMBERS:
                _check_number(name, value, option.type is int or option.default is None)
            elif name in CHOICES:
                if isinstance(value, bool) or value not in CHOICES[name]:
                    known = ", ".join(map(str, CHOICES[name]))
                    raise SandboxError(f"{name} must be one of {known}, not {value!r}.")
            elif name == "silent_empties":
                _check_silent(value)
            elif option.type is bool:
                if not isinstance(value, bool):
                    raise SandboxError(f"{name} must be true or false, not {value!r}.")
            elif isinstance(option.default, tuple):
                _check_names(name, value, at_least=len(option.default))
            elif option.type is str and (not isinstance(value, str) or _unprintable(value)):
                raise SandboxError(f"{name} must be plain text, not {value!r}.")
        if not isinstance(self.now, datetime) or not 2000 <= self.now.year <= 2999:
            raise SandboxError(f"now must be a time from the years 2000 to 2999, not {self.now!r}.")
        if self.now.tzinfo is None:
            raise SandboxError("now must have a time zone.")
        if self.contract is not None and not isinstance(self.contract, str | Path):
            raise SandboxError(f"contract must be the path of a file, not {self.contract!r}.")
        if set(self.root) & set("/?#% ") or not self.root.isascii():
            raise SandboxError("root must be one plain path segment, or empty.")
        if self.contract_version == 5 and self.build in ("24R2", "25R2"):
            raise SandboxError(f"contract_version 5 comes with the build 26R2, not {self.build}.")
        if not self.username:
            raise SandboxError("username must not be empty.")

    @property
    def limits(self) -> License:
        """What the licence allows, with the numbers that are given instead of its own."""
        license = LICENSES[self.license]
        return replace(
            license,
            sessions=self.seats or license.sessions,
            concurrent=self.concurrent_requests or license.concurrent,
            per_minute=self.requests_per_minute or license.per_minute,
        )

    @property
    def prefix(self) -> str:
        """The path that the site lives under, with a slash before it and none behind it."""
        return f"/{self.root}" if self.root else ""

    @property
    def silent(self) -> frozenset[str]:
        """The kinds of filters that silently find nothing."""
        given = self.silent_empties
        return frozenset(given if isinstance(given, tuple) else SILENT_EMPTIES if given else ())

    def changed(self, changes: Mapping[str, Any]) -> "SandboxOptions":
        """These options with some others; values may be as JSON has them: lists, and time as text.

        Raises:
            SandboxError: there is no such option, or its value makes no sense.
        """
        known = {field.name for field in fields(self)}
        for name in changes:
            if name not in known:
                raise SandboxError(
                    f"There is no option {name!r}. There are: {', '.join(sorted(known))}."
                )
        given: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in changes.items()
        }
        if isinstance(given.get("now"), str):
            with contextlib.suppress(ValueError):  # what is no time is refused as what it is
                given["now"] = datetime.fromisoformat(given["now"])
        return replace(self, **given)


SILENT_EMPTIES = ("compared", "views", "text")
"""The kinds of filters that find nothing without saying so."""
NUMBERS: dict[str, tuple[int, int]] = {
    "port": (0, 65_535),
    "records": (0, 20_000_000),
    "seed": (-(10**18), 10**18),
    "seats": (1, 1_000),
    "concurrent_requests": (1, 100_000),
    "requests_per_minute": (1, 1_000_000),
    "seats_per_user": (1, 1_000),
    "concurrent_users": (1, 100_000),
    "idle_seconds": (1, 86_400),
    "latency": (0, 600),
    "max_url": (200, 60_000),
    "odata_page": (0, 1_000_000),
    "cap_records": (0, 1_000_000),
    "cap_stamps": (0, 1_000_000),
    "cap_feeds": (0, 1_000_000),
    "session_ids": (0, 1),
    "null_stamps": (0, 1),
    "offset_minutes": (-840, 840),
}
"""The least and the most of options that are numbers: whole, unless the default has a point."""
CHOICES: dict[str, tuple[Any, ...]] = {
    "license": tuple(LICENSES),
    "tenant_data": ("shared", "own", "snapshot"),
    "build": ("24R2", "25R2", "26R2"),
    "contract_version": (4, 5),
    "null_form": ("empty", "value", "bare"),
    "instant_form": ("offset", "z", "bare"),
    "date_only_form": ("date", "timestamp"),
    "plain_drop_downs": ("label", "code"),
    "wrong_dialect_status": (500, 400),
    "custom_parameter": ("ignored", "refused"),
    "mixed_dates": ("accepted", "refused"),
    "login_limit_status": (500, 429),
    "orderby": ("ignored", "honoured", "refused"),
    "endpoint_list": ("relative", "absolute", "bare"),
    "list_order": ("key", "hashed", "modified", "random"),
    "dac_unfilterable": ("filter", "select", "orderby"),
    "seat_refusal": ("answer", "page"),
    "odata_links": ("absolute", "relative", "behind"),
    "optimisation_words": ("fields", "views", "bare", "none"),
}


def _check_number(name: str, value: Any, whole: bool) -> None:
    least, most = NUMBERS[name]
    kinds = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        kind = "whole number" if whole else "number"
        raise SandboxError(f"{name} must be a {kind} from {least:,} to {most:,}, not {value!r}.")


def _check_names(name: str, value: Any, at_least: int) -> None:
    names = value if isinstance(value, tuple) else ()
    sound = all(isinstance(one, str) and one and not _unprintable(one) for one in names)
    if not isinstance(value, tuple) or not sound or len(names) < at_least:
        least = f" with at least {at_least}" if at_least else ""
        raise SandboxError(f"{name} must be a tuple of names{least}, not {value!r}.")


def _check_silent(value: Any) -> None:
    if isinstance(value, bool):
        return
    if not isinstance(value, tuple) or not all(one in SILENT_EMPTIES for one in value):
        known = ", ".join(SILENT_EMPTIES)
        raise SandboxError(f"silent_empties must be true, false or some of {known}, not {value!r}.")


def _unprintable(text: str) -> bool:
    return not text.isprintable()


UNKNOWNS: dict[str, tuple[Any, ...]] = {
    **{
        name: CHOICES[name]
        for name in (
            *("null_form", "instant_form", "date_only_form", "plain_drop_downs"),
            *("wrong_dialect_status", "custom_parameter", "mixed_dates"),
        )
    },
    "offset_minutes": (0, 180, -330),
    "more_functions": (False, True),
    "codes_in_urls": (True, False),
    "empty_details": (False, True),
}
"""Options about what no public document settles of contract version 5, with all their values, the
default first: what works with it must work with each of them."""
