"""Tells records, inquiry forms and processing forms apart.

A contract declares the same operations for all of them, so this goes by what their shapes have in
common: a form shows rows for parameters, and is nothing by itself.
"""

import re
from collections.abc import Collection

from acumatica_source.contract.keys import KNOWN_KEYS
from acumatica_source.contract.model import EntityKind, Shape
from acumatica_source.contract.names import watermark_of

_RESULTS = frozenset({"Result", "Results"})
_PROCESS = re.compile(r"^Process(All)?([A-Z]|$)")
_KNOWN_FORMS = frozenset({"PhysicalInventoryCount"})
"""Forms that look like records: their parameters are named like a document's key."""


def kind_of(name: str, shape: Shape, actions: Collection[str] = ()) -> EntityKind:
    """The kind of an entity by its name, its shape and the names of its actions.

    Args:
        name: Name of the entity.
        shape: Its fields and what hangs below.
        actions: Names of the actions that the contract declares for it.
    """
    if not shape.details:
        return EntityKind.RECORD
    results = not _RESULTS.isdisjoint(shape.details)
    if results and (name.endswith("Processing") or any(map(_PROCESS.match, actions))):
        return EntityKind.PROCESSING_FORM
    if results or name.endswith("Inquiry") or name in _KNOWN_FORMS:
        return EntityKind.INQUIRY_FORM
    if name in KNOWN_KEYS or shape.linked or watermark_of(shape.fields):
        return EntityKind.RECORD
    named_after_itself = any(f.name.startswith(name) for f in shape.fields)
    return EntityKind.RECORD if named_after_itself else EntityKind.INQUIRY_FORM
