"""Actions on records, done at once or as long operations, and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import Failure, http_error, json_answer, not_found
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.rest.entity_api import Call, find
from acumatica_sandbox.rest.writes import stamp_now

REPORTS = ("CustomerStatementReport",)
LONG = ("Release", "Prepare", "Create", "Process", "Post")
"""Actions with these words run in the background."""
OF_SCREENS = frozenset(
    [
        *("Approve", "Assign", "Cancel", "Close", "Hold", "Open", "Reject", "Release"),
        *("ReleaseFromHold", "Reopen", "Reverse", "Void"),
    ]
)
"""Actions of screens that may be called though no contract has them, as official request
collections do."""
EFFECTS: dict[str, dict[str, Any]] = {
    "CancelSalesOrder": {"Status": "Canceled"},
    "OpenSalesOrder": {"Status": "Open", "Hold": False},
    "ReopenSalesOrder": {"Status": "Open"},
    "Cancel": {"Status": "Canceled"},
    "Close": {"Status": "Closed"},
    "Hold": {"Status": "On Hold", "Hold": True},
    "Open": {"Status": "Open", "Hold": False},
    "Release": {"Status": "Open", "Hold": False},
    "ReleaseFromHold": {"Status": "Open", "Hold": False},
    "Reopen": {"Status": "Open"},
    "ReleaseInvoice": {"Status": "Open", "Hold": False},
    "ReleaseBill": {"Status": "Open", "Hold": False},
    "ReleasePayment": {"Status": "Closed", "Hold": False},
}
POLLS = 2
"""How often a long operation is still running when asked."""


@dataclass
class Operation:
    """A long operation: how often it will still say that it runs, and what then."""

    polls: int
    session: str = ""
    """The session that it runs in."""
    screen: str = ""
    """The form that it runs for."""


def start(call: Call, entity: EntityModel, name: str, body: Mapping[str, Any]) -> Response:
    """Run an action on the record that the body names."""
    if name not in entity.actions and (name not in OF_SCREENS or entity.inquiry):
        return not_found(f"{entity.name}/{name}")
    record = _subject(call, entity, body)
    effect = {k: v for k, v in EFFECTS.get(name, {}).items() if k in entity.shape.fields}
    if record is not None and effect:
        record |= effect
        stamp_now(call.site, entity, record)
        call.site.store.replace(entity, record)
    identity = call.site.chance.guid()
    place = f"{call.endpoint}/{entity.name}/{name}/status/{identity}"
    if not any(word in name for word in LONG):
        # instances name a place then too, and there is nothing
        return Response(status_code=204, headers={"Location": place})
    call.site.operations[identity] = Operation(POLLS, call.session.id, entity.screen)
    return Response(status_code=202, headers={"Location": place})


def is_busy(call: Call, entity: EntityModel) -> bool:
    """Whether a long operation of the session runs for the form; asking brings it to its end."""
    for operation in call.site.operations.values():
        own = (operation.session, operation.screen) == (call.session.id, entity.screen)
        if own and operation.polls > 0:
            operation.polls -= 1
            return True
    return False


def status(call: Call, identity: str) -> Response:
    """202 while a long operation runs, then 204."""
    operation = call.site.operations.get(identity.lower())
    if operation is None:
        return not_found(f"status/{identity}")
    operation.polls -= 1
    return Response(status_code=202 if operation.polls >= 0 else 204)


async def report(call: Call, request: Request, parts: Sequence[str]) -> Response:
    """POST starts a report, GET of the place it names brings the file."""
    if request.method == "POST" and len(parts) == 1:
        identity = call.site.chance.guid()
        call.site.operations[identity] = Operation(POLLS)
        place = f"{call.endpoint}/{parts[0]}/report/PDF/{identity}"
        return Response(status_code=202, headers={"Location": place})
    if request.method == "GET" and len(parts) == 4 and parts[1] == "report":
        operation = call.site.operations.get(parts[3].lower())
        if operation is None:
            return not_found("/".join(parts))
        operation.polls -= 1
        if operation.polls >= 0:
            return Response(status_code=202)
        return Response(b"%PDF-1.4\n%%EOF\n", media_type="application/pdf")
    return json_answer({"message": "The requested resource does not support it."}, 405)


def _subject(call: Call, entity: EntityModel, body: Mapping[str, Any]) -> Record | None:
    given = next((given for name, given in body.items() if name.lower() == "entity"), None)
    if not isinstance(given, Mapping):
        raise Failure(http_error(400, "The body must have an entity."))
    given = call.dialect.body(entity, given)
    if entity.inquiry:
        return None
    if given.get("id"):
        return find(call, entity, [str(given["id"])])
    keys = [given.get(key) for key in entity.keys]
    if all(isinstance(key, Mapping) and key.get("value") is not None for key in keys):
        return find(call, entity, [str(key["value"]) for key in keys if key])
    return None
