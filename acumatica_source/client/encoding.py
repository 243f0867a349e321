"""Python values to JSON bodies, and answers back."""

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import requests

from acumatica_source.client.address import public_url
from acumatica_source.client.errors import ConfigurationError, UnexpectedAnswer


@runtime_checkable
class SupportsBuild(Protocol):
    """Anything that builds a body."""

    def build(self) -> Any:
        """The body as plain values."""
        ...


Payload = Mapping[str, Any] | SupportsBuild
"""A record's body: a mapping as it goes over the wire, or a builder."""


def body_of(payload: object, what: str = "record") -> dict[str, Any]:
    """The body that a payload stands for.

    Raises:
        ConfigurationError: it is neither a mapping nor a builder.
    """
    built = payload.build() if isinstance(payload, SupportsBuild) else payload
    if not isinstance(built, Mapping):
        raise ConfigurationError(
            f"The {what} is {type(payload).__name__}; use a RecordBuilder, or a dict such as "
            "{'CustomerID': {'value': 'ABC'}}."
        )
    return dict(built)


def required(value: object, what: str) -> str:
    """A text that must be given.

    Raises:
        ConfigurationError: it is empty, or no text.
    """
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"The {what} is {value!r}; it must be a non-empty text.")
    return value


def identifier(value: object) -> str:
    """A record's or file's id.

    Raises:
        ConfigurationError: it is not of the form of an id.
    """
    try:
        return str(value if isinstance(value, UUID) else UUID(str(value)))
    except ValueError:
        raise ConfigurationError(
            f"{value!r} is no id; it looks like 'a0f8594a-7de2-e811-b816-00155d408001'."
        ) from None


def wrapped(values: Mapping[str, object]) -> dict[str, Any]:
    """Plain values in the form of the contract: `{"value": ...}` around each."""
    if not isinstance(values, Mapping):
        raise ConfigurationError(f"{values!r} is no mapping of names to values.")
    return {name: {"value": value} for name, value in values.items()}


def to_json(value: Any) -> bytes:
    """Encode a body.

    Raises:
        ConfigurationError: a value has no form in JSON, such as a datetime without offset.
    """
    try:
        return json.dumps(value, default=_plain, allow_nan=False).encode()
    except ConfigurationError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"The body cannot be sent as JSON: {error}.") from None


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ConfigurationError(f"{value} is not a number that can be sent.")
        number = float(value)
        return number if Decimal(repr(number)) == value else format(value, "f")
    if isinstance(value, dt.datetime):
        if value.utcoffset() is None:
            raise ConfigurationError(
                f"{value!r} has no time zone; use datetime(..., tzinfo=timezone.utc), or a date."
            )
        return value.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise ConfigurationError(f"{value!r} ({type(value).__name__}) cannot be sent as JSON.")


def from_json(response: requests.Response) -> Any:
    """The answer's document; None if the answer is empty.

    Raises:
        UnexpectedAnswer: it is no JSON, or nested beyond reason.
    """
    if not response.content.strip():
        return None
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        url = public_url(str(response.url))
        raise UnexpectedAnswer(
            f"{response.request.method} {url} answered {response.status_code} with something "
            f"that is not JSON ({response.headers.get('Content-Type', 'no type')}).",
            status=response.status_code,
            method=response.request.method,
            url=url,
        ) from None
