"""What a kind of faults may do to a request: all that it does not say goes on as without it."""

import contextlib
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.site import Site


@dataclass(frozen=True, slots=True)
class Wire:
    """The request and the way back."""

    scope: Scope
    receive: Receive
    send: Send

    async def answer(self, answer: Response) -> None:
        """Send an answer whole."""
        await answer(self.scope, self.receive, self.send)


class Kind:
    """A kind of faults; a subclass with a name is one, wherever it is in `kinds`."""

    name: ClassVar[str] = ""
    text: ClassVar[str] = ""
    """What it does, with the settings that matter to it."""

    def check(self, rule: Rule, site: Site) -> None:
        """Refuse a rule that lacks what this kind needs.

        Raises:
            SandboxError: it does.
        """

    async def before(self, rule: Rule, site: Site, wire: Wire) -> bool:
        """Do what comes before the answer; True if the request is done with."""
        instead = self.instead(rule, site)
        if instead is None:
            return False
        await wire.answer(instead)
        return True

    def instead(self, rule: Rule, site: Site) -> Response | None:
        """An answer instead of the site's."""
        return None

    async def send(self, rule: Rule, site: Site, answer: Response, wire: Wire) -> None:
        """Send the site's answer."""
        await wire.answer(answer)


class ChangedBody(Kind):
    """A kind that changes the JSON of answers that are no errors."""

    def changed(self, document: Any) -> Any:
        """The document instead of the one that the site answers.

        Raises:
            ValueError, KeyError, TypeError, IndexError: it is not for documents like that.
        """
        raise NotImplementedError

    async def send(self, rule: Rule, site: Site, answer: Response, wire: Wire) -> None:
        """Send the answer, changed."""
        if answer.status_code == 200:
            body = bytes(answer.body)
            with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
                document = self.changed(json.loads(body))
                body = json.dumps(document, ensure_ascii=False).encode()
            answer.body = body
            answer.headers["Content-Length"] = str(len(body))
        await wire.answer(answer)
