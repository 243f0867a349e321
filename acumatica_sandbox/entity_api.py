"""Reading records by the contract REST API: lists, single records, custom fields, inquiries."""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, timezone
from typing import Any

from starlette.responses import Response

from acumatica_sandbox import pages, query
from acumatica_sandbox.answers import Failure, http_error, json_bytes, missing, not_found
from acumatica_sandbox.filters import FilterError, SilentlyEmpty, condition_of
from acumatica_sandbox.fragments import CUSTOM_TYPES, Record
from acumatica_sandbox.model import EntityModel, ShapeModel
from acumatica_sandbox.sessions import ApiSession
from acumatica_sandbox.site import Site
from acumatica_sandbox.store import EVERYTHING, Condition, Window, keys_condition

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Call:
    """A request of a session to an endpoint."""

    site: Site
    session: ApiSession
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    endpoint: str
    """Address of the endpoint below the server's root."""

    def query(self, entity: EntityModel) -> query.Query:
        """The query parameters, checked."""
        minutes = self.site.options.offset_minutes
        projection = pages.Projection(
            files_of=_files(self),
            salt=self.session.salt.encode(),
            base=self.endpoint,
            offset=timezone(timedelta(minutes=minutes)) if minutes else UTC,
        )
        return query.parse(entity, self.parameters, projection)

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
    if entity.inquiry and call.site.options.blank_forms:
        blank = pages.row_of(entity, _new(call.site, entity), asked.projection)
        return json_bytes(pages.list_body(entity, [blank], asked.projection))
    if entity.inquiry:
        detail = next(iter(entity.shape.details), entity.name)
        raise Failure(_not_optimisable({detail: "Filter"}))
    fields = set(entity.shape.fields)
    if asked.projection.select is not None:
        fields = set(asked.projection.select)
    added = (one.partition(".") for one in call.site.options.not_optimisable)
    refused = {
        name: view
        for name, view in (
            *entity.refused.items(),
            *((name, f"{name}View") for owner, _, name in added if owner == entity.name),
        )
        if name in fields | asked.projection.expand
    }
    if refused:
        raise Failure(_not_optimisable(refused))
    site = call.site
    order = _order(site, entity, asked)
    try:
        where = (
            condition_of(entity, asked.filter, site.options.silent) if asked.filter else EVERYTHING
        )
    except FilterError as error:
        return http_error(500, str(error), error.kind)
    except SilentlyEmpty:
        return json_bytes(b"[]")
    if keys:
        own = _place(entity, keys)
        parameters = (*where.parameters, *own.parameters)
        where = Condition(f"({where.sql}) AND {own.sql}", parameters)
    window = Window(where, asked.top, asked.skip, call.shows_archived, order)
    if asked.projection.inner_select:
        return json_bytes(_narrow_list(site, entity, window, asked.projection))
    rows = site.store.page(entity, window, asked.projection.nested(entity))
    if site.options.unstable_order:
        random.shuffle(rows)
    return json_bytes(pages.list_body(entity, rows, asked.projection))


def _new(site: Site, entity: EntityModel) -> Record:
    """What a form shows before anything is entered."""
    first = next((name for name, kind in entity.shape.fields.items() if kind == "s"), "")
    return {"id": site.chance.guid(), first: "<NEW>"}


def read_record(call: Call, entity: EntityModel, keys: Sequence[str]) -> Response:
    """One record by its id or keys; this way bypasses the query optimiser."""
    asked = call.query(entity)
    record = find(call.site, entity, keys)
    return answer_record(entity, record, asked.projection)


def answer_record(
    entity: EntityModel, record: Record, projection: pages.Projection, status: int = 200
) -> Response:
    """A record as the answer."""
    if projection.inner_select:
        entity = _narrowed(entity, projection)
    return json_bytes(pages.record_body(entity, record, projection), status)


def find(site: Site, entity: EntityModel, keys: Sequence[str]) -> Record:
    """The record of that id or these keys.

    Raises:
        Failure: there is none.
    """
    record = next(site.store.records(entity, Window(_place(entity, keys))), None)
    if record is None:
        raise Failure(missing())
    return record


def _place(entity: EntityModel, keys: Sequence[str]) -> Condition:
    """The condition that a record has that id or these keys."""
    if len(keys) == 1 and UUID.fullmatch(keys[0]):
        return Condition("_id = ?", (keys[0].lower(),))
    values = [one for key in keys for one in key.split("|")]
    return keys_condition(entity, values) or Condition("0")


def ad_hoc_schema(entity: EntityModel) -> Response:
    """The custom fields of an entity, with their types, in the entity's shape."""
    document = _blank(entity, entity.shape, "")
    document["_workflowActions"] = []
    return json_bytes(json.dumps(document).encode())


def _blank(entity: EntityModel, shape: ShapeModel, path: str) -> dict[str, Any]:
    document: dict[str, Any] = {"id": None, "rowNumber": 1, "note": None}
    for name in shape.members:
        if name in shape.fields:
            document[name] = {}
            continue
        blank = _blank(entity, shape.nested[name], f"{path}/{name}".lstrip("/"))
        document[name] = [blank] if name in shape.details else blank
    document["custom"] = {}
    for place, kind in entity.custom_by_path.get(path, {}).items():
        view, _, name = place.partition(".")
        field = {"type": CUSTOM_TYPES[kind], "value": None}
        document["custom"].setdefault(view, {})[name] = field
    return document


def _narrow_list(
    site: Site, entity: EntityModel, window: Window, projection: pages.Projection
) -> bytes:
    narrow = _narrowed(entity, projection)
    rows = [
        pages.row_of(narrow, record, projection) for record in site.store.records(entity, window)
    ]
    return pages.list_body(narrow, rows, projection)


def _narrowed(entity: EntityModel, projection: pages.Projection) -> EntityModel:
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
        return None
    if site.options.orderby == "refused":
        raise Failure(http_error(500, "The query option $orderby is not supported."))
    terms = []
    for term in asked.orderby.split(","):
        name, _, direction = term.strip().partition(" ")
        if name not in entity.shape.fields or direction not in ("", "asc", "desc"):
            raise Failure(http_error(500, f"The term {term[:80]!r} cannot be ordered by."))
        terms.append(f"field(_flat, '{name}') COLLATE NOCASE {direction}")
    return ", ".join(terms)


def _not_optimisable(refused: Mapping[str, str]) -> Response:
    lines = "".join(f"\r\n{name}: View {view} has BQL delegate" for name, view in refused.items())
    return http_error(
        500,
        f"Optimization cannot be performed.The following fields cause the error:{lines}",
        "PX.Api.ContractBased.OptimizedExport.CannotOptimizeException",
    )


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
