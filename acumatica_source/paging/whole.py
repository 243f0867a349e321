"""Everything in one answer: slow, but it presumes no order at all."""

from collections.abc import Sequence

from acumatica_source.paging.model import PageRequest, RowKey


class WholeRead:
    """Asks once, without a window."""

    def first(self) -> PageRequest:
        """Ask for all rows."""
        return PageRequest(None, None)

    def receive(self, keys: Sequence[RowKey]) -> PageRequest | None:
        """There is no further page."""
        return None

    def shorten(self, rows: int) -> None:
        """One answer has no pages that could be shorter."""

    def go_on(self) -> PageRequest | None:
        """There is nothing behind one answer."""
        return None
