"""Tells records, inquiry forms and processing forms apart.

A contract declares the same operations for all of them, so this goes by what their shapes have in
common: a form shows rows for parameters, and is nothing by itself. Where that is no proof, the
answer to a list request is: a form refuses it, or shows one blank record.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acumatica_source.contract.keys import KNOWN_KEYS
from acumatica_source.contract.model import Entity, EntityKind, Shape
from acumatica_source.contract.names import watermark_of

_RESULTS = frozenset({"Result", "Results"})
_PROCESS = re.compile(r"^Process(All)?([A-Z]|$)")
_NUMBER = re.compile(r"(Nbr|Number|CD)$")
_OF_A_THING = frozenset({"Active", "Descr", "Description", "Hold", "Name", "NoteID", "Status"})
"""Fields that a thing has and a form has not."""

MOST_PARAMETERS = 10
"""Fields that a form may have if nothing else tells."""

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
    return EntityKind.RECORD if _has_substance(name, shape) else EntityKind.INQUIRY_FORM


def _has_substance(name: str, shape: Shape) -> bool:
    """Whether fields describe a thing, rather than what to look for."""
    names = {f.name for f in shape.fields}
    return (
        len(names) > MOST_PARAMETERS
        or not _OF_A_THING.isdisjoint(names)
        or any(one.startswith(name) or _NUMBER.search(one) for one in names)
    )


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What an entity answered when its records were listed."""

    records: Sequence[Mapping[str, Any]] = ()
    """The first records, as on the wire."""
    refused: bool = False
    """The server could not put the list into one query, fields of the header being to blame."""


def kind_by_evidence(entity: Entity, answer: ListAnswer) -> EntityKind:
    """The kind of an entity once its records were listed.

    A form of either kind stays one unless it lists several records of substance. A record becomes
    a form if it lists nothing but one blank record, or if it refuses to be listed while it has
    neither keys nor a modification stamp; either only if it has a detail to show rows in. An
    empty list says nothing.
    """
    ids = {record.get("id") for record in answer.records}
    blank = any(map(_is_blank, answer.records))
    if entity.kind is not EntityKind.RECORD:
        return EntityKind.RECORD if len(ids) > 1 and not blank else entity.kind
    only_blank = blank and len(answer.records) == 1
    hopeless = answer.refused and not entity.keys and entity.watermark is None
    is_form = bool(entity.shape.details) and (only_blank or hopeless)
    return EntityKind.INQUIRY_FORM if is_form else entity.kind


def _is_blank(record: Mapping[str, Any]) -> bool:
    """Whether a record has no value but the `<NEW>` of a number not yet given."""
    wrappers = (field for field in record.values() if isinstance(field, Mapping))
    values = [wrapper.get("value") for wrapper in wrappers]
    return all(value in (None, "", "<NEW>", False, 0) for value in values)
