"""One endpoint of the contract-based REST API: every operation it has, for any entity.

Integration Development Guide: Contract-Based REST API.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import IO, Any
from urllib.parse import quote
from uuid import UUID

import requests

from acumatica_source.client.address import segment
from acumatica_source.client.encoding import Payload, body_of, from_json, identifier, wrapped
from acumatica_source.client.errors import (
    AcumaticaError,
    ConfigurationError,
    EndpointNotFound,
    UnexpectedAnswer,
)
from acumatica_source.client.listing import Record, RecordList
from acumatica_source.client.operations import Waiting, wait_until_done
from acumatica_source.client.query import QueryOptions, checked_name
from acumatica_source.client.session import Session
from acumatica_source.paging.errors import Incomplete
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.walk import walk
from acumatica_source.paging.whole import WholeRead

_CHUNK = 1 << 16


class Endpoint:
    """An endpoint of one version, such as Default 24.200.001.

    Args:
        session: what requests go through.
        name: the endpoint's name.
        version: its version.

    Raises:
        ConfigurationError: name or version have the wrong form.
    """

    def __init__(self, session: Session, name: str, version: str) -> None:
        if not isinstance(version, str) or not re.match(r"\d+(\.\d+)*\Z", version):
            raise ConfigurationError(
                f"{version!r} is no endpoint version; it looks like '24.200.001'. "
                "get_endpoint_info() lists those of the instance."
            )
        if not isinstance(name, str) or not re.match(r"[\w.-]+\Z", name):
            raise ConfigurationError(f"{name!r} is no endpoint name; it looks like 'Default'.")
        self.session = session
        self.name = name
        self.version = version
        self.path = f"entity/{quote(name, safe='')}/{version}"
        self._title = f"{quote(name, safe='')}/{version}"

    def __repr__(self) -> str:
        return f"<Endpoint {self.name}/{self.version}>"

    # -- reading ------------------------------------------------------------------------------

    def read(
        self, entity: str, options: QueryOptions | None = None, *, archived: bool = False
    ) -> Any:
        """The records of an entity in one request: all of them, unless `options` say less.

        Args:
            entity: name of a top-level entity.
            options: which records, and which of their fields.
            archived: include archived records.

        Returns:
            A list of records.
        """
        return self._json(
            "GET",
            _name(entity),
            options=options,
            headers={"PX-ApiArchive": "SHOW"} if archived else None,
        )

    def records(
        self,
        entity: str,
        options: QueryOptions | None = None,
        *,
        page_size: int = 500,
        archived: bool = False,
    ) -> Iterator[Record]:
        """The records of an entity, page by page, each once.

        Pages are cut by `$top` and `$skip` and overlap by one record, which shows whether any has
        slipped through; a list in no stable order is asked for at once. The data source pages by
        key instead.

        Args:
            entity: name of a top-level entity.
            options: which records; `top` and `skip` count over all pages.
            page_size: records in one request, at least two.
            archived: include archived records.

        Raises:
            UnexpectedAnswer: it cannot be told that all records have come.
        """
        options = _checked(options)
        if isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1:
            raise ConfigurationError(f"page_size is {page_size!r}; use a whole number from 1.")
        most = options.top
        size = max(2, page_size if most is None else min(page_size, most))

        def read(one: QueryOptions) -> list[Record]:
            return list(self.read(entity, one, archived=archived))

        pages = walk(RecordList(entity, options, read, size), [OffsetPaging(size), WholeRead()])
        with self.session.visit(), contextlib.closing(pages):
            try:
                yield from islice(chain.from_iterable(pages), most)
            except Incomplete as error:
                raise UnexpectedAnswer(
                    f"{entity} could not be read completely: {error} Ask for fewer at once, by a "
                    "filter."
                ) from error

    def get(self, entity: str, *keys: str | int, options: QueryOptions | None = None) -> Any:
        """One record by its key values, in the order of the form.

        Raises:
            RecordNotFound: there is none.
            ConfigurationError: a key contains `/`, or `options` hold a filter.
        """
        return self._json("GET", _name(entity), *_keys(keys), options=_unfiltered(options))

    def get_by_id(
        self, entity: str, record_id: str | UUID, options: QueryOptions | None = None
    ) -> Any:
        """One record by its id."""
        return self._json("GET", _name(entity), identifier(record_id), options=_unfiltered(options))

    def schema(self, entity: str) -> Any:
        """The custom fields that an entity's form has, by view."""
        return self._json("GET", _name(entity), "$adHocSchema")

    def inquiry(self, form: str, parameters: Payload, params: Mapping[str, str]) -> Any:
        """The answer of an inquiry form: its parameters and the expanded rows."""
        body = self._body(form, parameters, "inquiry")
        return self._json("PUT", _name(form), body=body, params=params, idempotent=True)

    # -- writing ------------------------------------------------------------------------------

    def put(
        self,
        entity: str,
        record: Payload,
        options: QueryOptions | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Create or update a record. Never repeated by itself.

        Returns:
            The record as saved.

        Raises:
            ValidationError: refused; `field_errors` say why.
        """
        return self._json(
            "PUT", _name(entity), body=self._body(entity, record), options=options, headers=headers
        )

    def patch(self, entity: str, record: Payload, options: QueryOptions | None = None) -> Any:
        """Change only the given fields of a record, which its keys or id in the body name.

        Never repeated by itself.
        """
        return self._json("PATCH", _name(entity), body=self._body(entity, record), options=options)

    def delete(self, entity: str, *keys: str | int) -> None:
        """Delete a record by its key values."""
        self._send("DELETE", _name(entity), *_keys(keys))

    def delete_by_id(self, entity: str, record_id: str | UUID) -> None:
        """Delete a record by its id."""
        self._send("DELETE", _name(entity), identifier(record_id))

    # -- long operations ----------------------------------------------------------------------

    def action(
        self, entity: str, action: str, body: Mapping[str, Any], waiting: Waiting | None = None
    ) -> None:
        """Run an action of a form and wait until it is done."""
        with self.session.visit():
            path = (_name(entity), checked_name(action, "action"))
            if isinstance(body.get("entity"), Mapping):
                body = {**body, "entity": self._body(entity, body["entity"])}
            wait_until_done(
                self.session, self._send("POST", *path, body=body), waiting or Waiting()
            )

    def report(
        self,
        report: str,
        parameters: Mapping[str, object] | None = None,
        accept: str = "application/pdf",
        waiting: Waiting | None = None,
    ) -> requests.Response:
        """Have a report made and fetch it."""
        with self.session.visit():
            answer = self._send(
                "POST",
                _name(report, "report"),
                body=wrapped(parameters or {}),
                headers={"Accept": accept},
            )
            return wait_until_done(self.session, answer, waiting or Waiting(), accept)

    # -- files --------------------------------------------------------------------------------

    def file(self, file_id: str | UUID) -> bytes:
        """The content of a file."""
        path, accept = f"{self.path}/files/{identifier(file_id)}", {"Accept": "*/*"}
        return self.session.get_bytes(path, headers=accept).content

    def download(self, file_id: str | UUID, target: IO[bytes]) -> int:
        """Write the content of a file to an open binary file, piece by piece.

        Returns:
            Its length in bytes.
        """
        path, size = f"{self.path}/files/{identifier(file_id)}", 0
        with (
            self.session.visit(),
            self.session.stream("GET", path, headers={"Accept": "*/*"}) as pieces,
        ):
            for piece in pieces:
                size += target.write(piece)
        return size

    def delete_file(self, file_id: str | UUID) -> None:
        """Delete a file."""
        self._send("DELETE", "files", identifier(file_id))

    # -- the contract's version ---------------------------------------------------------------

    @property
    def contract_version(self) -> int:
        """4 or 5: how requests and answers are written; asked for if it is not known."""
        return self.session.spoken.version(self.session, self._title)

    def params_of(self, options: QueryOptions) -> dict[str, str]:
        """The query parameters as this endpoint's contract version writes them."""
        if not options.depends_on_dialect:
            return options.to_params()
        return options.to_params(self.session.spoken.dialect(self.session, self._title))

    def _body(self, entity: str, payload: Payload, what: str = "record") -> dict[str, Any]:
        """A body in which drop-downs are given as this endpoint's contract version takes them."""
        body = body_of(payload, what)
        return dict(self.session.spoken.with_codes(self.session, self._title, entity, body))

    # -- requests -----------------------------------------------------------------------------

    def _json(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        options: QueryOptions | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> Any:
        return from_json(
            self._send(
                method,
                *path,
                body=body,
                params=params or self.params_of(_checked(options)),
                headers=headers,
                idempotent=idempotent,
            )
        )

    def _send(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> requests.Response:
        try:
            return self.session.request(
                method,
                "/".join((self.path, *path)),
                params=params,
                json=body,
                headers=headers,
                idempotent=idempotent,
            )
        except EndpointNotFound as error:
            self._explain(error, path[0])
            raise

    def _explain(self, error: EndpointNotFound, entity: str) -> None:
        """Say which part of the address is unknown, as far as the instance tells."""
        try:
            listed = from_json(self.session.request("GET", "entity"))
            known = [
                (str(e["name"]), str(e["version"]))
                for e in (listed["endpoints"] if isinstance(listed, dict) else listed)
            ]
        except (AcumaticaError, KeyError, TypeError):
            return
        if (self.name, self.version) in known:
            text = f"{self.name}/{self.version} exists, but has no entity or action {entity!r}."
        else:
            offered = ", ".join(f"{name}/{version}" for name, version in known)
            text = f"The instance has no endpoint {self.name}/{self.version}; it offers {offered}."
        error.args = (f"{error.args[0]} {text}",)


def _name(entity: object, what: str = "entity name") -> str:
    return checked_name(entity, what)


def _keys(keys: tuple[object, ...]) -> tuple[str, ...]:
    if not keys:
        raise ConfigurationError("At least one key value is needed.")
    return tuple(segment(key) for key in keys)


def _checked(options: object) -> QueryOptions:
    if options is None:
        return QueryOptions()
    if not isinstance(options, QueryOptions):
        raise ConfigurationError(
            f"options is {type(options).__name__}; use QueryOptions(filter=..., select=[...])."
        )
    return options


def _unfiltered(options: object) -> QueryOptions:
    checked = _checked(options)
    if checked.filtered:
        raise ConfigurationError("A record read by its keys or id takes no filter.")
    return checked
