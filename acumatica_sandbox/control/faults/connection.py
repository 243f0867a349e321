"""The connection below an answer, to break it off."""

import socket
import struct
from collections.abc import MutableMapping
from typing import Any

from starlette.responses import Response

from acumatica_sandbox.control.faults.kind import Wire


def close(wire: Wire) -> None:
    """End the connection, as a server or proxy does that gives up."""
    _transport(wire).close()


def reset(wire: Wire) -> None:
    """End the connection at once; the client sees a reset."""
    transport = _transport(wire)
    connection = transport.get_extra_info("socket")
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


async def send_half(wire: Wire, answer: Response) -> MutableMapping[str, Any]:
    """Send the first half of an answer; returns the message that sends the rest."""
    body = bytes(answer.body)
    half = len(body) // 2
    start = {"type": "http.response.start", "status": answer.status_code}
    await wire.send({**start, "headers": answer.raw_headers})
    await wire.send({"type": "http.response.body", "body": body[:half], "more_body": True})
    return {"type": "http.response.body", "body": body[half:]}


def _transport(wire: Wire) -> Any:
    """The connection below an ASGI send function of the server."""
    return wire.send.__self__.transport  # type: ignore[attr-defined]
