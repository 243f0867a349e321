"""Another status than the site's."""

import json

from starlette.responses import Response

from acumatica_sandbox.control.faults.kind import Kind
from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.options import SandboxError
from acumatica_sandbox.site import Site


class Status(Kind):
    """A status, with or without a header that says when to come again."""

    name = "status"
    text = "another status: `status`, `html`, `retry_after` (seconds)"

    def check(self, rule: Rule, site: Site) -> None:
        """A status must be given."""
        if rule.status is None:
            raise SandboxError("The fault 'status' needs a status from 200 to 599.")

    def instead(self, rule: Rule, site: Site) -> Response:
        """That status, with a body of the form that is asked for."""
        headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
        if rule.html:
            text = f"<html><body><h1>{rule.status}</h1></body></html>"
            return Response(text, rule.status or 500, headers, "text/html")
        text = json.dumps({"message": "An error has occurred."})
        return Response(text, rule.status or 500, headers, "application/json")


class LongOperation(Kind):
    """409 without a body, as builds from 2025 R2 on answer while a form is busy."""

    name = "long_operation"
    text = "409 without a body: a long operation runs for the form in the session"

    def instead(self, rule: Rule, site: Site) -> Response:
        """The status alone."""
        return Response(status_code=409)
