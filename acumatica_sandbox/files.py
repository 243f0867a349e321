"""Files that are attached to records: up, down and listed."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import not_found
from acumatica_sandbox.entity_api import UUID, Call, find
from acumatica_sandbox.model import EntityModel
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
        return await _keep(call, request, parts[2].lower(), parts[3])
    return not_found("/".join(parts))


async def attach(
    call: Call, request: Request, entity: EntityModel, keys: Sequence[str]
) -> Response:
    """`{Entity}/{keys}/files/{filename}`."""
    record = find(call.site, entity, keys[:-2])
    return await _keep(call, request, record["id"], keys[-1])


async def _keep(call: Call, request: Request, owner: str, name: str) -> Response:
    content = await request.body()
    if len(content) > LARGEST_FILE:
        return Response(b"Request Entity Too Large", 413, media_type="text/html")
    file = call.site.attach(owner, name, content, request.headers.get("PX-CbFileComment"))
    return Response(status_code=204, headers={"Location": f"{call.endpoint}/files/{file.id}"})
