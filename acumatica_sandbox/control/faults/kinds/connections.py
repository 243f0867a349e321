"""Connections that break."""

import asyncio

from starlette.responses import Response

from acumatica_sandbox.control.faults.connection import close, reset, send_half
from acumatica_sandbox.control.faults.kind import Kind, Wire
from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.site import Site


class Reset(Kind):
    """Before anything was answered."""

    name = "reset"
    text = "the connection is reset instead of an answer"

    async def before(self, rule: Rule, site: Site, wire: Wire) -> bool:
        """Reset it."""
        reset(wire)
        return True


class ResetDuring(Kind):
    """In the middle of the answer."""

    name = "reset_during"
    text = "the connection is reset within the body"

    async def send(self, rule: Rule, site: Site, answer: Response, wire: Wire) -> None:
        """Send half of it."""
        await send_half(wire, answer)
        await asyncio.sleep(0.02)
        reset(wire)


class Truncated(Kind):
    """In the middle of the answer, politely."""

    name = "truncated"
    text = "the body ends early and the connection closes"

    async def send(self, rule: Rule, site: Site, answer: Response, wire: Wire) -> None:
        """Send half of it."""
        await send_half(wire, answer)
        close(wire)
