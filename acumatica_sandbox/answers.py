"""Answers in the forms that instances use."""

import json
from typing import Any

from starlette.responses import Response


class Failure(Exception):
    """The request ends here, with this answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def http_error(status: int, message: str, kind: str = "PX.Data.PXException") -> Response:
    """The error document that nearly every failure carries."""
    return json_answer(
        {
            "message": "An error has occurred.",
            "exceptionMessage": message,
            "exceptionType": kind,
            "stackTrace": "   at PX.Api.ContractBased.Soap.SoapFacadeBase",
        },
        status,
    )


def not_found(what: str) -> Response:
    """The answer for an address that leads nowhere."""
    return json_answer({"message": f"No HTTP resource was found that matches {what!r}."}, 404)


def missing() -> Response:
    """The answer where there is no such record."""
    return http_error(
        500,
        "No entity satisfies the condition.",
        "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException",
    )


def broken() -> Response:
    """The answer where something fails that nobody has thought of."""
    return http_error(
        500,
        "Object reference not set to an instance of an object.",
        "System.NullReferenceException",
    )


def unknown_key() -> Response:
    """The answer for a field that the entity does not have."""
    return http_error(
        500,
        "The given key was not present in the dictionary.",
        "System.Collections.Generic.KeyNotFoundException",
    )


def json_answer(document: Any, status: int = 200) -> Response:
    """A document as JSON."""
    return json_bytes(json.dumps(document, ensure_ascii=False).encode(), status)


def json_bytes(text: bytes, status: int = 200) -> Response:
    """JSON that is bytes already."""
    return Response(text, status, media_type="application/json; charset=utf-8")
