"""Which contract version an endpoint speaks, and what it declares as drop-downs.

Only the contract document tells (`info.version`); the number of the endpoint does not. For the
system endpoints of which the documentation says that they speak version 4, nothing is asked.
"""

import logging
import re
import threading
from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from acumatica_source.client.dialects import Dialect, dialect_of
from acumatica_source.client.errors import AcumaticaError, UnexpectedAnswer

logger = logging.getLogger(__name__)

_HEAD = 1 << 18
"""Bytes of a contract document in which its title stands."""

_INFO = re.compile(rb'"info"\s*:\s*\{[^{}]*?"version"\s*:\s*"(\d+)')
_KNOWN_4 = re.compile(r"Default/(1[78]|2[0-5])\.|DeviceHub/26\.100\.001$")
"""System endpoints of contract version 4 (Integration Development Guide of 2026 R2: Comparison of
Contract Versions); nobody can change these."""


class Streams(Protocol):
    """What contract documents are asked for through."""

    def stream(self, method: str, path: str, /) -> Any:
        """An answer, piece by piece, as a context manager."""
        ...


class Spoken:
    """What the endpoints of one instance speak, each asked once. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._versions: dict[str, int] = {}
        self._selections: dict[str, dict[str, dict[str, Any]]] = {}

    def dialect(self, session: Streams, endpoint: str) -> Dialect:
        """The language of an endpoint.

        Args:
            session: What to ask through.
            endpoint: Name and version, with a slash between.

        Raises:
            ConfigurationError: it speaks a contract version that is not known here.
        """
        return dialect_of(self.version(session, endpoint))

    def with_codes(self, session: Streams, endpoint: str, entity: str, body: Any) -> Any:
        """A record's body with drop-downs as the endpoint takes them: plain values become codes.

        Args:
            session: What to ask through.
            endpoint: Name and version, with a slash between.
            entity: The entity.
            body: Values wrapped in `{"value": ...}`, nested ones included.
        """
        if self.version(session, endpoint) < 5:
            return body
        with self._lock:
            if endpoint not in self._selections:
                self._selections[endpoint] = _properties(_document(session, endpoint))
            return _coded(body, entity, self._selections[endpoint])

    def version(self, session: Streams, endpoint: str) -> int:
        """The contract version of an endpoint; arguments as for `dialect`."""
        with self._lock:
            if endpoint not in self._versions:
                known = _KNOWN_4.match(endpoint) is not None
                self._versions[endpoint] = 4 if known else _asked(session, endpoint)
            return self._versions[endpoint]


def _asked(session: Streams, endpoint: str) -> int:
    """The version that the contract names; 4 where there is no contract to be had.

    A request in the wrong language is refused by the server, so such a guess is never silent.
    """
    try:
        return _told(session, endpoint)
    except AcumaticaError as error:
        logger.warning("%s: %s It is taken to speak contract version 4.", endpoint, error)
        return 4


def _told(session: Streams, endpoint: str) -> int:
    head = b""
    with session.stream("GET", f"entity/{endpoint}/swagger.json") as pieces:
        for piece in pieces:
            head += piece
            found = _INFO.search(head)
            if found:
                return int(found[1])
            if len(head) > _HEAD:
                break
    raise UnexpectedAnswer(
        f"The contract of {endpoint} does not say which version it speaks, so that nothing can be "
        "asked of it in the right way."
    )


def _document(session: Streams, endpoint: str) -> Mapping[str, Any]:
    with session.stream("GET", f"entity/{endpoint}/swagger.json") as pieces:
        body = b"".join(pieces)
    try:
        document = orjson.loads(body)
        return dict(document["components"]["schemas"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer(f"The contract of {endpoint} cannot be read: {error!r}.") from None


def _properties(schemas: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By schema, the name of the schema of each property."""
    found: dict[str, dict[str, Any]] = {}
    for name, schema in schemas.items():
        parts = [schema, *(schema.get("allOf") or ())] if isinstance(schema, dict) else []
        for part in parts:
            given = part.get("properties") if isinstance(part, dict) else None
            for field, declared in given.items() if isinstance(given, dict) else ():
                found.setdefault(name, {})[field] = _target(declared)
    return found


def _target(declared: Any) -> str:
    if not isinstance(declared, dict):
        return ""
    if isinstance(declared.get("$ref"), str):
        return str(declared["$ref"]).rpartition("/")[2]
    if isinstance(declared.get("items"), dict):
        return _target(declared["items"])
    for way in ("anyOf", "allOf", "oneOf"):
        parts = declared.get(way)
        if isinstance(parts, list) and parts:
            return _target(parts[0])
    return ""


def _coded(body: Any, schema: str, known: Mapping[str, Mapping[str, str]]) -> Any:
    if isinstance(body, list):
        return [_coded(one, schema, known) for one in body]
    if not isinstance(body, Mapping):
        return body
    targets = known.get(schema, {})
    coded = {}
    for name, value in body.items():
        target = targets.get(name, "")
        if target.endswith("SelectValue") and isinstance(value, Mapping) and "value" in value:
            coded[name] = {**value, "value": _options(value["value"], target)}
        else:
            coded[name] = _coded(value, target, known) if target in known else value
    return coded


def _options(value: Any, target: str) -> Any:
    if value is None:
        return None
    if "Multi" in target:
        several = value if isinstance(value, list | tuple) else [value]
        return [one if isinstance(one, Mapping) else {"id": one} for one in several]
    return value if isinstance(value, Mapping) else {"id": value}
