"""Answers that take their time, or never come."""

import asyncio

from starlette.responses import Response

from acumatica_sandbox.control.faults.connection import close, send_half
from acumatica_sandbox.control.faults.kind import Kind, Wire
from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.site import Site


class Slow(Kind):
    """A body that trickles in."""

    name = "slow"
    text = "the body takes `seconds`"

    async def send(self, rule: Rule, site: Site, answer: Response, wire: Wire) -> None:
        """Send half of it, wait, and send the rest."""
        rest = await send_half(wire, answer)
        await asyncio.sleep(rule.seconds)
        await wire.send(rest)


class Delay(Kind):
    """An answer that comes late, but whole."""

    name = "delay"
    text = "the answer comes `seconds` later"

    async def before(self, rule: Rule, site: Site, wire: Wire) -> bool:
        """Wait."""
        await asyncio.sleep(rule.seconds)
        return False


class Hang(Kind):
    """An answer that never comes."""

    name = "hang"
    text = "no answer for `seconds`, then the connection closes"

    async def before(self, rule: Rule, site: Site, wire: Wire) -> bool:
        """Wait, and give up."""
        await asyncio.sleep(rule.seconds)
        close(wire)
        return True
