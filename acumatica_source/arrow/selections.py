"""Drop-downs that show their codes: a label under the field's name, and the code beside it.

Contract version 5 writes an option as `{"id": ..., "description": ...}`, and the options of a
drop-down with several as a list of these. Version 4 shows the label alone, so the label keeps the
old name: what analyses and merges know does not change when an instance is upgraded.
"""

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.types import TEXT
from acumatica_source.contract.model import DeclaredField, FieldType, Selection

LABEL, CODE = "description", "id"
"""The members of an option."""

CODE_SUFFIX = "id"
"""What the name of the code's column ends in, after the joint (`Status__id`)."""

BETWEEN = ", "
"""Stands between several options in one text."""

OPTIONS = pa.list_(pa.struct([(CODE, TEXT), (LABEL, TEXT)]))
"""What several options are read as."""


def code_of(field: DeclaredField) -> DeclaredField:
    """The code of a drop-down as a field of its own."""
    number = field.selection is Selection.INTEGER
    kind = FieldType.INTEGER if number else FieldType.TEXT
    return DeclaredField(field.name, kind, custom=field.custom, selection=field.selection)


def joined(options: pa.Array, member: str) -> pa.Array:
    """One text of each list of options; null where none is chosen.

    Args:
        options: Lists of options.
        member: LABEL or CODE. An option without a label shows its code.
    """
    chosen = options.flatten()
    texts = chosen.field(member)
    if member == LABEL:
        texts = pc.coalesce(texts, chosen.field(CODE))
    lengths = pc.fill_null(pc.list_value_length(options), 0)
    ends = pc.cumulative_sum(lengths)
    offsets = pa.concat_arrays([pa.array([0], ends.type), ends])
    lists = pa.ListArray.from_arrays(offsets.cast(pa.int32()), pc.fill_null(texts, ""))
    return pc.if_else(pc.equal(lengths, 0), None, pc.binary_join(lists, BETWEEN))


def member_of(value: object, member: str) -> object:
    """The label or code of an option; a plain value is a label."""
    if isinstance(value, dict):
        return value.get(member)
    return value if member == LABEL else None


def members_of(values: object, member: str) -> list[object]:
    """The same of several options; those without a label show their codes."""
    options = values if isinstance(values, list) else [values]
    found = [member_of(one, member) for one in options]
    if member == LABEL:
        codes = [member_of(one, CODE) for one in options]
        found = [
            label if label is not None else code for label, code in zip(found, codes, strict=True)
        ]
    return [one for one in found if one is not None]
