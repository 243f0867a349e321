"""Answers of the OData services: JSON of versions 3 and 4, and Atom of version 3."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from acumatica_sandbox.odata import atom
from acumatica_sandbox.odata.rows import Row
from acumatica_sandbox.odata.selection import Selection
from acumatica_sandbox.odata.values import BARE, Dialect

_VERSIONS = {3: {"DataServiceVersion": "3.0"}, 4: {"OData-Version": "4.0"}}
_MINIMAL = {3: "odata=minimalmetadata", 4: "odata.metadata=minimal"}
_PREFIXES = {3: "odata.", 4: "@odata."}
_NUMBER = re.compile(f'"{json.dumps(BARE)[1:-1]}'.replace("\\", "\\\\") + r'([^"]*)"')


@dataclass(frozen=True)
class Page:
    """What comes with rows."""

    context: str
    count: int | None
    following: str | None
    """Address of the next page."""


@dataclass(frozen=True)
class Refusal:
    """Makes error answers of one version and form."""

    version: int
    atom: bool

    def __call__(self, status: int, message: str) -> Response:
        """An error answer."""
        return error(status, message, self.version, self.atom)


def error(status: int, message: str, version: int, in_atom: bool) -> Response:
    """What went wrong, in the words of the library behind the service."""
    if in_atom:
        return xml(atom.error(message), version, status)
    if version == 3:
        inner = {"lang": "en-US", "value": message}
        return _json({"odata.error": {"code": "", "message": inner}}, 3, status)
    return _json({"error": {"code": "", "message": message}}, 4, status)


def service(kinds: Mapping[str, str], base: str, version: int, in_atom: bool) -> Response:
    """The entity sets and singletons that there are, by name."""
    if in_atom:
        return xml(atom.service(kinds, base), version)
    sets = [
        {"name": name, **({} if version == 3 else {"kind": kind}), "url": name}
        for name, kind in kinds.items()
    ]
    context = "odata.metadata" if version == 3 else "@odata.context"
    return _json({context: f"{base}/$metadata", "value": sets}, version)


def collection(page: Page, members: Sequence[Mapping[str, Any]], version: int) -> Response:
    """Rows as JSON."""
    found = _head(page, version)
    if page.count is not None:
        found[f"{_PREFIXES[version]}count"] = page.count
    found["value"] = members
    if page.following is not None:
        found[f"{_PREFIXES[version]}nextLink"] = page.following
    return _json(found, version)


def entity(page: Page, members: Mapping[str, Any], version: int) -> Response:
    """One row as JSON."""
    return _json({**_head(page, version), **members}, version)


def atom_rows(
    wanted: Selection,
    rows: Iterable[Row],
    dialect: Dialect,
    around: tuple[str, datetime, str | None],
) -> Response:
    """Rows as Atom."""
    place = atom.Place(*around)
    body = atom.rows_feed(wanted.feed, wanted.columns, rows, dialect, place)
    return Response(body, media_type="application/atom+xml;type=feed", headers=_VERSIONS[3])


def xml(body: bytes, version: int, status: int = 200) -> Response:
    """A document that is XML already."""
    return Response(body, status, media_type="application/xml", headers=_VERSIONS[version])


def text(body: str) -> Response:
    """A bare value."""
    return Response(body.encode(), media_type="text/plain", headers=_VERSIONS[4])


def _head(page: Page, version: int) -> dict[str, Any]:
    return {"odata.metadata" if version == 3 else "@odata.context": page.context}


def _json(document: Any, version: int, status: int = 200) -> Response:
    body = _NUMBER.sub(r"\1", json.dumps(document, ensure_ascii=False))
    media = f"application/json; {_MINIMAL[version]}"
    return Response(
        body.encode(errors="replace"), status, media_type=media, headers=_VERSIONS[version]
    )
