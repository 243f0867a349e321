"""Files that are attached to records: up, down and listed."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import Failure, missing, not_found
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import UUID, EntityModel
from acumatica_sandbox.records.store import Condition, Window
from acumatica_sandbox.rest.entity_api import Call, entity_of, find
from acumatica_sandbox.site import LARGEST_FILE


async def answer(call: Call, request: Request, parts: Sequence[str]) -> Response:
    """`files/{id}` to read, `files/{graph}/{view}/{record}/{filename}` to attach."""
    if request.method == "GET" and len(parts) == 1:
        file = call.site.files.get(parts[0].lower())
        if file is None:
            return not_found("/".join(parts))
        return Response(
            file.content,
            media_type="application/octet-stream",
            headers={"Content-Disposition": "attachment"},
        )
    if request.method == "PUT" and len(parts) == 4 and UUID.fullmatch(parts[2]):
        entity = entity_of(call.site, parts[0].removeprefix("PX.Objects.").removesuffix("Maint"))
        owner, name = parts[2].lower(), parts[3]
        if not entity.inquiry:
            return await _keep(
                call, request, owner, listed_name(entity, _of(call, entity, owner), name)
            )
    return not_found("/".join(parts))


def listed_name(entity: EntityModel, record: Record, name: str) -> str:
    """A file's name as lists show it: after the form and the keys of its record."""
    keys = ", ".join(str(record[key]) for key in entity.keys)
    return f"{entity.title} ({keys})\\{name}"


def _of(call: Call, entity: EntityModel, owner: str) -> Record:
    """The record of that id, or with the row of that id: their ends are the same."""
    where = Condition("substr(_id, 25) = ?", (owner[24:],))
    record = next(call.site.store.records(entity, Window(where, top=1)), None)
    if record is None:
        raise Failure(missing())
    return record


async def attach(
    call: Call, request: Request, entity: EntityModel, keys: Sequence[str]
) -> Response:
    """`{Entity}/{keys}/files/{filename}`."""
    record = find(call, entity, keys[:-2])
    return await _keep(call, request, record["id"], listed_name(entity, record, keys[-1]))


async def _keep(call: Call, request: Request, owner: str, name: str) -> Response:
    content = await request.body()
    if len(content) > LARGEST_FILE:
        return Response(b"Request Entity Too Large", 413, media_type="text/html")
    file = call.site.attach(owner, name, content, request.headers.get("PX-CbFileComment"))
    return Response(status_code=204, headers={"Location": f"{call.endpoint}/files/{file.id}"})
