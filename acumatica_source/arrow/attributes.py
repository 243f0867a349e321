"""Attributes in a row: one column for each, instead of one row for each."""

import pyarrow as pa

from acumatica_source.arrow.shape import JOINT
from acumatica_source.arrow.types import TEXT

_NAMES = ("AttributeID", "Attribute")
"""The field that names an attribute; which of them depends on the entity."""


def is_attributes(schema: pa.Schema) -> bool:
    """Whether a table holds attributes of records: a name and a value in each row."""
    return "Value" in schema.names and any(name in schema.names for name in _NAMES)


def pivoted(attributes: pa.Table) -> pa.Table:
    """One row per record that has attributes, with a text column `attribute__<name>` for each.

    Columns are those that occur, sorted by name, so pages may differ in them. If a record has an
    attribute twice, the last one counts.

    Args:
        attributes: A table for which `is_attributes` holds and which has `_parent_id`.
    """
    name_column = next(name for name in _NAMES if name in attributes.column_names)
    by_record: dict[str, dict[str, str | None]] = {}
    for record, name, value in zip(
        *(attributes.column(c).to_pylist() for c in ("_parent_id", name_column, "Value")),
        strict=True,
    ):
        values = by_record.setdefault(record, {})
        if name is not None:
            values[name.strip()] = value
    names = sorted({name for values in by_record.values() for name in values})
    fields = [pa.field("_parent_id", TEXT, nullable=False)]
    columns = [pa.array(list(by_record), TEXT)]
    for name in names:
        fields.append(pa.field(f"attribute{JOINT}{name}", TEXT))
        columns.append(pa.array([values.get(name) for values in by_record.values()], TEXT))
    return pa.table(columns, schema=pa.schema(fields))
