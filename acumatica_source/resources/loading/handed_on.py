"""The rows that a run has handed on to dlt: none of them is written twice."""

from collections.abc import Sequence

import pyarrow as pa


class HandedOn:
    """Which rows were handed on, by identity and by the keys that name them at the source."""

    def __init__(self, identity: Sequence[str], names: Sequence[str] = ()) -> None:
        self.identity = list(identity)
        self.names = list(names)
        """The columns that name rows at the source and are loaded; none if nothing does."""
        self._ids: set[tuple[object, ...]] = set()
        self._named: set[tuple[object, ...]] = set()
        self._tables: list[pa.Table] = []

    def __contains__(self, identity: tuple[object, ...]) -> bool:
        return identity in self._ids

    def __len__(self) -> int:
        return len(self._tables)

    def note(self, rows: pa.Table) -> None:
        """These rows, given by identity and keys, are handed on."""
        self._tables.append(rows)
        self._ids.update(keys_in(rows, self.identity))
        if self.names:
            self._named.update(keys_in(rows, self.names))

    def unseen(self, rows: pa.Table) -> list[bool]:
        """Which rows, given by identity and keys, were not handed on, whatever their identity."""
        unseen = [key not in self._ids for key in keys_in(rows, self.identity)]
        if self.names:
            for place, key in enumerate(keys_in(rows, self.names)):
                unseen[place] &= key not in self._named
        return unseen

    def rows(self) -> pa.Table:
        """Identity and keys of all rows; there must be some."""
        return pa.concat_tables(self._tables)


def keys_in(rows: pa.Table, columns: Sequence[str]) -> list[tuple[object, ...]]:
    """The values of these columns, row by row."""
    values = (rows.column(name).to_pylist() for name in columns)
    return list(zip(*values, strict=True))
