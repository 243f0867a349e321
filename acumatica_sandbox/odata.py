"""OData."""

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import not_found
from acumatica_sandbox.site import Site


async def answer(site: Site, request: Request, path: str) -> Response:
    """One request."""
    return not_found(path)
