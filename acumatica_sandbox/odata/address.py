"""Addresses of the OData services, and what they say about the answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from acumatica_sandbox.odata.errors import ODataError
from acumatica_sandbox.odata.selection import split

_CALL = re.compile(r"([^(]+)\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """Where a request goes."""

    tenant: str | None
    """None where the instance has several and none is named."""
    dac: bool
    """Data access classes, rather than generic inquiries."""
    version: int
    base: str
    """Path of the service."""
    rest: tuple[str, ...]
    """What follows it, segment by segment."""


def address_of(path: str, tenants: Sequence[str]) -> Address | None:
    """What a path below the site means; None where no service is.

    The older addresses `/odata` and `/odatav4` go without a tenant where there is only one.
    """
    raw = path.rstrip("/").split("/")
    segments = [unquote(one) for one in raw]
    lower = [one.lower() for one in segments]
    tenant: str | None
    if lower[0] == "t" and lower[2:4] == ["api", "odata"] and lower[4:5] in (["gi"], ["dac"]):
        used, tenant, dac, version = 5, segments[1], lower[4] == "dac", 4
    elif lower[0] in ("odata", "odatav4"):
        dac = lower[0] == "odatav4"
        version = 4 if dac else 3
        named = len(segments) > 1 and (segments[1] in tenants or len(tenants) > 1)
        used = 2 if named else 1
        tenant = segments[1] if named else tenants[0] if len(tenants) == 1 else None
    else:
        return None
    return Address(tenant, dac, version, "/".join(raw[:used]), tuple(segments[used:]))


def called(segment: str) -> tuple[str, str | None]:
    """The name of a segment, and the arguments behind it in parentheses."""
    found = _CALL.fullmatch(segment)
    return (found[1], found[2]) if found else (segment, None)


def arguments(text: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """`Name='x',Other=@1` as values; an alias is looked up in the query. A lone value is under "".

    Raises:
        ODataError: it cannot be understood.
    """
    found: dict[str, str] = {}
    for part in split(text, ","):
        name, equals, value = part.strip().partition("=")
        if not equals or name.startswith("'"):
            name, value = "", part.strip()
        if name in found:
            raise ODataError(f"Syntax error in '{text[:100]}'.")
        value = value.strip()
        found[name.strip()] = plain(parameters.get(value, "") if value[:1] == "@" else value)
    return found


def plain(literal: str) -> str:
    """A literal without the quotes of text."""
    if len(literal) > 1 and literal[0] == literal[-1] == "'":
        return literal[1:-1].replace("''", "'")
    return literal
