"""Lists whose rows are not as they should be; OData has them in an envelope."""

from typing import Any

from acumatica_sandbox.control.faults.kind import ChangedBody


class _Rows(ChangedBody):
    def rows(self, rows: list[Any]) -> list[Any]:
        raise NotImplementedError

    def changed(self, document: Any) -> Any:
        if isinstance(document, dict):
            return {**document, "value": self.rows(document["value"])}
        return self.rows(document)


class DuplicateRow(_Rows):
    """One row too many."""

    name = "duplicate_row"
    text = "the last record of a list comes twice"

    def rows(self, rows: list[Any]) -> list[Any]:
        """All of them, and the last again."""
        return [*rows, rows[-1]]


class MissingRow(_Rows):
    """One row too few."""

    name = "missing_row"
    text = "the first record of a list is left out"

    def rows(self, rows: list[Any]) -> list[Any]:
        """All but the first."""
        return rows[1:]


class Shuffle(_Rows):
    """Another order."""

    name = "shuffle"
    text = "the records of a list come in another order"

    def rows(self, rows: list[Any]) -> list[Any]:
        """Backwards."""
        return rows[::-1]
