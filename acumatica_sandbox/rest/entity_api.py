"""Reading records by the contract REST API: lists, single records, custom fields, inquiries."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, timezone
from typing import Any

from starlette.responses import Response

from acumatica_sandbox.answers import (
    Failure,
    broken,
    http_error,
    json_bytes,
    missing,
    not_found,
    unknown_key,
)
from acumatica_sandbox.identity.sessions import ApiSession
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import UUID, EntityModel, ShapeModel
from acumatica_sandbox.records.shares import seen_as
from acumatica_sandbox.records.store import EVERYTHING, Condition, Window, keys_condition
from acumatica_sandbox.rest import pages, query
from acumatica_sandbox.rest.dialect import Dialect
from acumatica_sandbox.rest.filters import FilterError, SilentlyEmpty
from acumatica_sandbox.site import Site


@dataclass(frozen=True)
class Call:
    """A request of a session to an endpoint."""

    site: Site
    session: ApiSession
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    endpoint: str
    """Address of the endpoint below the server's root."""
    dialect: Dialect
    """What the version of the contract does its own way."""

    def query(self, entity: EntityModel) -> query.Query:
        """The query parameters, checked."""
        minutes = self.site.options.offset_minutes
        projection = pages.Projection(
            files_of=_files(self),
            salt=self.session.salt,
            session_ids=self.site.session_ids,
            null_stamps=self.site.null_stamps,
            base=self.endpoint,
            offset=timezone(timedelta(minutes=minutes)) if minutes else UTC,
        )
        asked = self.dialect.query(entity, self.parameters, projection)
        refused = self.site.options.custom_refused
        if any(f"{entity.name}.{place}" in refused for place in asked.projection.custom):
            text = "Specified cast is not valid."
            raise Failure(http_error(500, text, "System.InvalidCastException"))
        return asked

    @property
    def shows_archived(self) -> bool:
        """Whether archived records are asked for."""
        return self.headers.get("PX-ApiArchive", "").upper() == "SHOW"


def entity_of(site: Site, name: str) -> EntityModel:
    """The entity of that name.

    Raises:
        Failure: there is none, or its feature is off, or it is not set up.
    """
    entity = site.entities.get(name)
    if entity is None:
        raise Failure(not_found(name))
    if name in site.options.features_off:
        raise Failure(
            http_error(
                403,
                f"You have insufficient rights to access the object ({entity.screen}).",
                "PX.Data.PXNotEnoughRightsException",
            )
        )
    if name in site.options.not_set_up:
        raise Failure(
            http_error(
                500,
                f"The required configuration data is not entered on the {entity.title} form.",
                "PX.Data.PXSetupNotEnteredException",
            )
        )
    return entity


def read_list(call: Call, entity: EntityModel, keys: Sequence[str] = ()) -> Response:
    """The records that satisfy the conditions, and have that id or these keys if any are given."""
    asked = call.query(entity)
    if call.site.options.empty_details:
        asked = _without_details(entity, asked)
    if entity.inquiry and call.site.options.blank_forms:
        blank = pages.row_of(entity, _new(call.site, entity), asked.projection)
        return _listed(call, entity, pages.list_body(entity, [blank], asked.projection))
    if entity.inquiry:
        detail = next(iter(entity.shape.details), entity.name)
        raise Failure(_not_optimisable(call.site, {detail: "Filter"}))
    refused = _refused(call.site, entity, asked)
    if refused:
        raise Failure(_not_optimisable(call.site, refused))
    site = call.site
    selected = asked.projection.select or frozenset()
    if entity.name in site.options.stamp_not_selectable and selected & {*entity.stamps}:
        raise Failure(unknown_key())
    order = _order(site, entity, asked)
    try:
        where = call.dialect.condition(entity, asked.filter) if asked.filter else EVERYTHING
    except FilterError as error:
        return http_error(call.dialect.refused_filter_status, str(error), error.kind)
    except SilentlyEmpty:
        return json_bytes(b"[]")
    if keys:
        own = _place(call, entity, keys)
        parameters = (*where.parameters, *own.parameters)
        where = Condition(f"({where.sql}) AND {own.sql}", parameters)
    cap = site.options.cap_stamps if asked.light else site.options.cap_records
    top = min(cap, cap if asked.top is None else asked.top) if cap else asked.top
    window = Window(where, top, asked.skip, call.shows_archived, order)
    if asked.projection.inner_select:
        return _listed(call, entity, _narrow_list(site, entity, window, asked))
    rows = site.store.page(entity, window, asked.projection.nested(entity))
    if not asked.light:
        _check_readable(site, (row[0].decode() for row in rows))
    if site.options.unstable_order:
        random.shuffle(rows)
    return _listed(call, entity, pages.list_body(entity, rows, asked.projection))


def _listed(call: Call, entity: EntityModel, body: bytes) -> Response:
    """A list as the answer, in the version of the contract."""
    return json_bytes(call.dialect.answer(entity, body))


def _without_details(entity: EntityModel, asked: query.Query) -> query.Query:
    """The same with details left empty that `$select` does not name."""
    empty = frozenset(entity.shape.details) - asked.projection.named
    return replace(asked, projection=replace(asked.projection, empty=empty))


def _new(site: Site, entity: EntityModel) -> Record:
    """What a form shows before anything is entered."""
    first = next((name for name, kind in entity.shape.fields.items() if kind == "s"), "")
    return {"id": site.chance.guid(), first: "<NEW>"}


def read_record(call: Call, entity: EntityModel, keys: Sequence[str]) -> Response:
    """One record by its id or keys; this way bypasses the query optimiser."""
    asked = call.query(entity)
    record = find(call, entity, keys)
    _check_readable(call.site, [record["id"]])
    return answer_record(call, entity, record, asked.projection)


def _check_readable(site: Site, identities: Iterable[str]) -> None:
    if site.unreadable and not site.unreadable.isdisjoint(identities):
        raise Failure(broken())


def answer_record(
    call: Call, entity: EntityModel, record: Record, projection: pages.Projection
) -> Response:
    """A record as the answer."""
    narrow = narrowed(entity, projection) if projection.inner_select else entity
    body = pages.record_body(narrow, record, projection)
    return json_bytes(call.dialect.answer(entity, body))


def find(call: Call, entity: EntityModel, keys: Sequence[str]) -> Record:
    """The record of that id or these keys.

    Raises:
        Failure: there is none.
    """
    window = Window(_place(call, entity, keys))
    record = next(call.site.store.records(entity, window), None)
    if record is None:
        raise Failure(missing())
    return record


def _place(call: Call, entity: EntityModel, keys: Sequence[str]) -> Condition:
    """The condition that a record has that id or these keys."""
    if len(keys) == 1 and UUID.fullmatch(keys[0]):
        return by_id(call, keys[0])
    values = [one for key in keys for one in key.split("|")]
    return keys_condition(entity, call.dialect.keys(entity, values)) or Condition("0")


def by_id(call: Call, identity: str) -> Condition:
    """The condition that a record has that id, or is known by it in the session that asks."""
    given, fleeting = identity.lower(), call.site.session_ids
    if not fleeting or not UUID.fullmatch(given):
        return Condition("_id = ?", (given,))
    meant = seen_as(given, call.session.salt)
    # an id that does not last is of no use as it is kept
    ids = (*([meant] if fleeting.has(meant) else []), *([] if fleeting.has(given) else [given]))
    return Condition(f"_id IN ({', '.join('?' * len(ids))})", ids)


def ad_hoc_schema(call: Call, entity: EntityModel) -> Response:
    """The custom fields of an entity, with their types, in the entity's shape."""
    wire = call.dialect.wire(entity)
    document = _blank(wire, wire.shape, "", call.dialect.custom_types)
    document["_workflowActions"] = []
    return json_bytes(json.dumps(document).encode())


def _blank(
    entity: EntityModel, shape: ShapeModel, path: str, types: Mapping[str, str]
) -> dict[str, Any]:
    document: dict[str, Any] = {"id": None, "rowNumber": 1, "note": None}
    for name in shape.members:
        if name in shape.fields:
            document[name] = {}
            continue
        blank = _blank(entity, shape.nested[name], f"{path}/{name}".lstrip("/"), types)
        document[name] = [blank] if name in shape.details else blank
    document["custom"] = {}
    for place, kind in entity.custom_by_path.get(path, {}).items():
        view, _, name = place.partition(".")
        field = {"type": types[kind], "value": None}
        document["custom"].setdefault(view, {})[name] = field
    return document


def _narrow_list(site: Site, entity: EntityModel, window: Window, asked: query.Query) -> bytes:
    projection = asked.projection
    narrow = narrowed(entity, projection)
    records = list(site.store.records(entity, window))
    if not asked.light:
        _check_readable(site, (record["id"] for record in records))
    rows = [pages.row_of(narrow, record, projection) for record in records]
    return pages.list_body(narrow, rows, projection)


def narrowed(entity: EntityModel, projection: pages.Projection) -> EntityModel:
    """The entity with those fields of nested members only that are chosen."""
    return replace(entity, shape=_narrow_shape(entity.shape, "", projection.inner_select))


def _narrow_shape(shape: ShapeModel, path: str, select: frozenset[str]) -> ShapeModel:
    own = {name.removeprefix(path) for name in select if path and name.startswith(path)}
    own = {name for name in own if "/" not in name}
    kept = {n: k for n, k in shape.fields.items() if n in own} if own else shape.fields
    return replace(
        shape,
        fields=kept,
        linked={n: _narrow_shape(s, f"{path}{n}/", select) for n, s in shape.linked.items()},
        details={n: _narrow_shape(s, f"{path}{n}/", select) for n, s in shape.details.items()},
    )


def _order(site: Site, entity: EntityModel, asked: query.Query) -> str | None:
    if not asked.orderby or site.options.orderby == "ignored":
        return _own_order(site, entity)
    if site.options.orderby == "refused":
        raise Failure(http_error(500, "The query option $orderby is not supported."))
    terms = []
    for term in asked.orderby.split(","):
        name, _, direction = term.strip().partition(" ")
        if name not in entity.shape.fields or direction not in ("", "asc", "desc"):
            raise Failure(http_error(500, f"The term {term[:80]!r} cannot be ordered by."))
        terms.append(f"field(_flat, '{name}') COLLATE NOCASE {direction}")
    return ", ".join(terms)


def _own_order(site: Site, entity: EntityModel) -> str | None:
    """The order that lists of an entity come in by themselves; nothing for that of the keys."""
    kind = site.options.list_order
    if kind == "modified" and entity.stamps:
        stamp = f'"{entity.stamps[0]}"'
        if site.null_stamps:
            stamp = f"CASE WHEN {site.null_stamps.sql} THEN NULL ELSE {stamp} END"
        return f'{stamp}, "{entity.name}".rowid'
    return {"hashed": site.permutation, "random": "random()"}.get(kind)


def _refused(site: Site, entity: EntityModel, asked: query.Query) -> dict[str, str]:
    """The fields and parts asked for that a list cannot be optimised for, with their views."""
    shown = set(entity.shape.fields)
    if asked.projection.select is not None:
        shown = set(asked.projection.select)
    expanded = asked.projection.expand
    if site.options.optimised_alone and asked.projection.select is not None:
        outer = {path.partition("/")[0] for path in expanded}
        if len(outer) + len(shown - expanded - set(entity.keys)) <= 1:
            return {}
    shown |= expanded
    refused = {name: view for name, view in entity.refused.items() if name in shown}
    for one in site.options.not_optimisable:
        owner, _, members = one.partition(".")
        names = members.split("+")
        if owner == entity.name and shown.issuperset(names):
            refused |= {name: f"{name.replace('/', '')}View" for name in names}
    return refused


def _not_optimisable(site: Site, refused: Mapping[str, str]) -> Response:
    lines = "".join(f"\r\n{name}: View {view} has BQL delegate" for name, view in refused.items())
    first = next(iter(refused.values()))
    words = {
        "fields": f"Optimization cannot be performed.The following fields cause the error:{lines}",
        "views": f"There is a BqlDelegate in view {first}",
        "bare": "Optimization cannot be performed.",
    }
    said = words.get(site.options.optimisation_words)
    if said is None:
        return http_error(500, "Object reference not set to an instance of an object.")
    kind = "PX.Api.ContractBased.OptimizedExport.CannotOptimizeException"
    return http_error(500, said, kind)


def _files(call: Call) -> Mapping[bytes, bytes]:
    files: dict[str, list[dict[str, Any]]] = {}
    for file in call.site.files.values():
        files.setdefault(file.owner[8:], []).append(
            {
                "id": file.id,
                "filename": file.name,
                "href": f"{call.endpoint}/files/{file.id}",
                "comment": file.comment,
            }
        )
    return {owner.encode(): json.dumps(entries).encode() for owner, entries in files.items()}
