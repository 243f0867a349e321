"""What identifies records: the values of their keys, or their ids."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pyarrow as pa

from acumatica_source.arrow.shape import TableShape
from acumatica_source.contract.model import Entity, FieldType
from acumatica_source.paging.model import RowKey


def rows_of(table: pa.Table, key_columns: Sequence[str]) -> tuple[list[RowKey], list[str] | None]:
    """The keys of records and their ids; where there are no keys, ids take their place.

    Args:
        table: Has `id` and the key columns.
        key_columns: Names of the columns that hold the key fields.
    """
    ids = table.column("id").to_pylist()
    if not key_columns:
        return [(one,) for one in ids], None
    values = (table.column(name).to_pylist() for name in key_columns)
    return list(zip(*values, strict=True)), ids


class KeyLabels:
    """The labels of the codes that keys hold.

    Where values tell codes, keys are compared by them, but the guide's addresses show labels
    (`Payment/Payment/000001`), so that a record may have to be asked for by these.
    """

    def __init__(self, entity: Entity) -> None:
        self._coded = {
            place: key.name
            for place, key in enumerate(entity.keys)
            if (field := entity.shape.field(key.name)) is not None and field.selection is not None
        }
        self._labels: dict[tuple[int, object], object] = {}

    def note(self, rows: pa.Table, shape: TableShape) -> None:
        """Remember those of a page.

        Args:
            rows: Has the columns of labels and codes.
            shape: What these are called.
        """
        for place, name in self._coded.items():
            columns = shape.options_of(name)
            if columns is not None:
                labels, codes = (rows.column(one).to_pylist() for one in columns)
                self._labels.update(zip(((place, code) for code in codes), labels, strict=True))

    def labelled(self, key: RowKey) -> RowKey | None:
        """The key with labels for its codes; None where it has no codes or they are not known."""
        shown = [self._labels.get((place, value), value) for place, value in enumerate(key)]
        return tuple(shown) if self._coded and tuple(shown) != key else None


def comparable(entity: Entity) -> Callable[[str, object], object]:
    """What to compare key fields of an entity with, for values as they are read."""
    ids = {f.name for f in entity.shape.fields if f.type is FieldType.GUID}
    return lambda name, value: UUID(str(value)) if name in ids and value else value
