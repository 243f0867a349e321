"""Answers of OData 3 in Atom XML, which it gives unless JSON is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from acumatica_sandbox.odata.feeds import Column, Feed
from acumatica_sandbox.odata.metadata import edm_type
from acumatica_sandbox.odata.rows import Row
from acumatica_sandbox.odata.values import BARE, Dialect, shown

_START = '<?xml version="1.0" encoding="utf-8"?>'
_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
_SPACES = (
    f'xmlns="http://www.w3.org/2005/Atom" xmlns:d="{_DATA}" xmlns:m="{_DATA}/metadata" xml:base='
)
_FORBIDDEN = dict.fromkeys(
    [
        *(code for code in range(32) if code not in (9, 10, 13)),
        *range(0xD800, 0xE000),
        0xFFFE,
        0xFFFF,
    ]
)
"""Characters that XML cannot have."""


def service(names: Iterable[str], base: str) -> bytes:
    """The entity sets that there are."""
    sets = "".join(
        f"<collection href={quoteattr(quote(name))}><atom:title>{escape(name)}</atom:title>"
        "</collection>"
        for name in names
    )
    return (
        f'{_START}<service xmlns="http://www.w3.org/2007/app" '
        f'xmlns:atom="http://www.w3.org/2005/Atom" xml:base={quoteattr(base + "/")}><workspace>'
        f"<atom:title>Default</atom:title>{sets}</workspace></service>"
    ).encode()


@dataclass(frozen=True)
class Place:
    """Where and when a feed is served."""

    base: str
    """Address of the service."""
    now: datetime
    next: str | None = None
    """Address of the next page."""


def rows_feed(
    feed: Feed, columns: Sequence[Column], rows: Iterable[Row], dialect: Dialect, place: Place
) -> bytes:
    """Rows as entries of a feed."""
    updated = f"<updated>{place.now.astimezone(UTC).isoformat()[:19]}Z</updated>"
    entries = "".join(_entry(feed, columns, row, dialect, (place.base, updated)) for row in rows)
    following = f'<link rel="next" href={quoteattr(place.next)}/>' if place.next else ""
    return (
        f"{_START}<feed {_SPACES}{quoteattr(place.base + '/')}><id>{escape(place.base)}/"
        f'{escape(quote(feed.name))}</id><title type="text">{escape(feed.name)}</title>{updated}'
        f'<link rel="self" title={quoteattr(feed.name)} href={quoteattr(quote(feed.name))}/>'
        f"{entries}{following}</feed>"
    ).encode()


def error(message: str) -> bytes:
    """What went wrong."""
    text = escape(message.translate(_FORBIDDEN))
    return (
        f'{_START}<m:error xmlns:m="{_DATA}/metadata"><m:code/>'
        f'<m:message xml:lang="en-US">{text}</m:message></m:error>'
    ).encode()


def _entry(
    feed: Feed, columns: Sequence[Column], row: Row, dialect: Dialect, around: tuple[str, str]
) -> str:
    base, updated = around
    keys = ",".join(f"{name}='{row[name]}'" for name in feed.keys)
    address = escape(f"{base}/{quote(feed.name)}({quote(keys)})".translate(_FORBIDDEN))
    properties = "".join(
        _property(column, shown(column, row[column.name], dialect)) for column in columns
    )
    return (
        f"<entry><id>{address}</id><category term={quoteattr(feed.full_type)} "
        f'scheme="{_DATA}/scheme"/><title/>{updated}<author><name/></author>'
        f'<content type="application/xml"><m:properties>{properties}</m:properties></content>'
        "</entry>"
    )


def _property(column: Column, value: object) -> str:
    kind = edm_type(column.kind, 3)
    typed = "" if kind == "Edm.String" else f' m:type="{kind}"'
    if value is None:
        return f'<d:{column.name}{typed} m:null="true"/>'
    text = str(value).lower() if isinstance(value, bool) else str(value).removeprefix(BARE)
    return f"<d:{column.name}{typed}>{escape(text.translate(_FORBIDDEN))}</d:{column.name}>"
