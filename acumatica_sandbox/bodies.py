"""Bodies of requests."""

import contextlib
import json
from datetime import datetime
from typing import Any

from acumatica_sandbox.answers import Failure, http_error


def parse_body(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request's body.

    Raises:
        Failure: it is none.
    """
    try:
        body = json.loads(raw or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Failure(http_error(400, "The request body is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise Failure(http_error(400, "The request body must be a JSON object."))
    return body


DATES = ("%m/%d/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")
"""How people write dates and times in requests, besides ISO 8601."""


def as_typed(kind: str, text: str) -> str | bool:
    """A text in the place of a date or a boolean as what it says, if it can be told.

    Args:
        kind: the letter of the type that is wanted.
        text: such as `6/7/2024` or `false`, as official request collections send.
    """
    if kind == "b":
        return {"true": True, "false": False}.get(text.lower(), text)
    for form in DATES if kind in "tD" else ():
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form).isoformat()
    return text


def _no_number(text: str) -> None:
    raise ValueError(text)  # Python's parser would take NaN and Infinity
