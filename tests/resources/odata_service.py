"""A small OData service over real HTTP, whose only entity set a test can change as it likes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from acumatica_source import AcumaticaCredentials
from acumatica_source.reading.instance import Instance
from acumatica_source.source import connect
from tests.client.server import Reply, ScriptedServer, Seen, data, failure, scripted_server

SET = "Order"
KEY = "Nbr"
STAMP = "LastModifiedDateTime"

EDMX = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="PX" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="T">{key}{properties}</EntityType>
<EntityContainer Name="C"><EntitySet Name="Order" EntityType="PX.T"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


@dataclass
class Service:
    """The same set as a generic inquiry and as a data access class."""

    server: ScriptedServer
    types: dict[str, str]
    """Columns and their types without `Edm.`."""
    rows: list[dict[str, Any]]
    keys: tuple[str, ...] = (KEY,)
    cap: int | None = None
    """Rows that an answer has at most, of which the server does not say a word."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The query of each request for rows."""

    def instance(self) -> Instance:
        """A new start: nothing is remembered but what is kept on disk."""
        credentials = AcumaticaCredentials(
            base_url=self.server.base_url, username="u", password="p", tenant="T"
        )
        return connect(credentials, "Default", None, 2, None)

    def answer(self, seen: Seen) -> Reply:
        """Answer one request."""
        path = unquote(urlsplit(seen.path).path)
        if path.endswith("/entity"):
            listed = [{"name": "Default", "version": "24.200.001"}]
            return data({"version": {"acumaticaBuildVersion": "1"}, "endpoints": listed})
        if path.endswith("$metadata"):
            return Reply(200, self._metadata().encode(), {"Content-Type": "application/xml"})
        if path.endswith(f"/{SET}"):
            query = {n: v[0] for n, v in parse_qs(urlsplit(seen.path).query).items()}
            self.asked.append(query)
            return self._rows(query)
        return failure("No such thing.", 404)

    def _metadata(self) -> str:
        key = "".join(f'<PropertyRef Name="{name}"/>' for name in self.keys)
        properties = "".join(
            f'<Property Name="{name}" Type="Edm.{kind}"/>' for name, kind in self.types.items()
        )
        return EDMX.format(key=f"<Key>{key}</Key>" if key else "", properties=properties)

    def _rows(self, query: dict[str, str]) -> Reply:
        rows = self.rows
        if "$orderby" in query:
            rows = sorted(rows, key=lambda row: [row[n] for n in query["$orderby"].split(",")])
        rows = [row for row in rows if _meets(row, query.get("$filter", ""))]
        skip = int(query.get("$skip", 0))
        rows = rows[skip:][: int(query.get("$top", len(rows)))][: self.cap]
        names = query["$select"].split(",") if "$select" in query else list(self.types)
        return data({"value": [{name: row.get(name) for name in names} for row in rows]})


def _meets(row: dict[str, Any], condition: str) -> bool:
    after = re.search(rf"{KEY} gt '([^']*)'", condition)
    since = re.search(rf"{STAMP} ge (\S+Z)", condition)
    named = re.findall(rf"{KEY} eq '([^']*)'", condition)
    return (
        (after is None or row[KEY] > after[1])
        and (
            since is None or datetime.fromisoformat(row[STAMP]) >= datetime.fromisoformat(since[1])
        )
        and (not named or row[KEY] in named)
    )


@contextmanager
def odata_service(types: dict[str, str], rows: list[dict[str, Any]]) -> Iterator[Service]:
    """A service for as long as the block runs."""
    with scripted_server() as server:
        service = Service(server, types, rows)
        server.script = service.answer
        yield service
