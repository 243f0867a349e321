"""The control interface over HTTP: JSON below `/_sandbox/` of the site, a call a name.

`POST /_sandbox/mutate` with the arguments as an object; bytes are given in base64.
"""

import base64
import inspect
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import json_answer
from acumatica_sandbox.control.interface import Control
from acumatica_sandbox.options import SandboxError

CALLS = tuple(name for name, _ in inspect.getmembers(Control, callable) if name[0] != "_")


async def answer(control: Control, request: Request, verb: str) -> Response:
    """One call of the control interface."""
    if verb not in CALLS:
        return json_answer({"error": f"No call {verb!r}. There are: {', '.join(CALLS)}."}, 404)
    call = getattr(control, verb)
    try:
        arguments = dict(request.query_params) | _arguments(await request.body(), verb)
        try:
            inspect.signature(call).bind(**arguments)
        except TypeError as error:
            raise SandboxError(f"The call {verb!r} cannot be made like that: {error}.") from None
        return json_answer(_plain(call(**arguments)))
    except SandboxError as error:
        return json_answer({"error": str(error)}, 400)


def _arguments(body: bytes, verb: str) -> dict[str, Any]:
    try:
        # a record's decimals keep all their digits
        found = json.loads(body or b"{}", parse_float=Decimal if verb == "put" else None)
    except (ValueError, RecursionError):
        raise SandboxError("The arguments are not valid JSON.") from None
    if not isinstance(found, dict):
        raise SandboxError("The arguments must be a JSON object.")
    if verb == "attach" and "content" in found:
        try:
            found["content"] = base64.b64decode(found["content"], validate=True)
        except (ValueError, TypeError):
            raise SandboxError("content must be text in base64.") from None
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
