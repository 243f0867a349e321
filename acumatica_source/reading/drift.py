"""Tells whether records have members that the contract at hand does not declare: schema drift."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from acumatica_source.contract.model import Shape
from acumatica_source.contract.schemas import SYSTEM_PROPERTIES

SAMPLE = 20
"""Records looked at."""


def undeclared(body: bytes, shape: Shape) -> set[str]:
    """Names in the first records of a list answer that the contract does not declare.

    None where only the tolerant path can read the answer at all.
    """
    try:
        records = orjson.loads(body)
    except orjson.JSONDecodeError:
        return set()
    return set(_undeclared(records[:SAMPLE] if isinstance(records, list) else [], shape))


def _undeclared(rows: list[Any], shape: Shape) -> Iterator[str]:
    known = {field.name for field in shape.fields} | SYSTEM_PROPERTIES
    nested = {**shape.linked, **shape.details}
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        for name, value in row.items():
            if name in nested:
                below = value if isinstance(value, list) else [value]
                yield from _undeclared(below, nested[name])
            elif name not in known and not name.startswith("_"):
                yield name
