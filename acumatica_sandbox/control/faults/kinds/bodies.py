"""Bodies that are too much, or not what they are said to be."""

import gzip

from starlette.responses import Response

from acumatica_sandbox.control.faults.kind import Kind, Wire
from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.site import Site


class WrongType(Kind):
    """JSON under another name."""

    name = "wrong_type"
    text = "the content type is text/html"

    async def send(self, rule: Rule, site: Site, answer: Response, wire: Wire) -> None:
        """Send it as HTML."""
        answer.headers["Content-Type"] = "text/html"
        await wire.answer(answer)


class Oversized(Kind):
    """A body that is large on the wire."""

    name = "oversized"
    text = "a body of `megabytes`"

    def instead(self, rule: Rule, site: Site) -> Response:
        """An empty list with much space in it."""
        return Response(_list(rule), media_type="application/json")


class Bomb(Kind):
    """A body that is large only when it is unpacked."""

    name = "bomb"
    text = "a compressed body that unpacks to `megabytes`"

    def instead(self, rule: Rule, site: Site) -> Response:
        """The same, packed."""
        packed = gzip.compress(_list(rule))
        return Response(packed, 200, {"Content-Encoding": "gzip"}, "application/json")


def _list(rule: Rule) -> bytes:
    return b"[" + b" " * (rule.megabytes << 20) + b"]"
