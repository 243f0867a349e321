"""What the engine needs of a reader: its pages, its keys and stamps, and rows by name."""

from collections.abc import Callable, Collection, Generator, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.shape import PageShape
from acumatica_source.paging.keyset import Position
from acumatica_source.paging.model import RowKey
from acumatica_source.paging.ranges import always
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.single_records import Unreadable


class Reader(Protocol):
    """Reads the rows of one table at the source, and of the tables below it."""

    @property
    def name(self) -> str:
        """What it is called at the source."""

    @property
    def shape(self) -> PageShape:
        """The tables that pages consist of, the main one first."""

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns that identify a row in the destination; none if nothing does."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that name a row at the source as well; none where there are no such columns.

        Its identity may be another one in every session, its keys are not.
        """

    @property
    def stamp(self) -> str | None:
        """The column with the modification stamp; None where there is none."""

    @property
    def page_size(self) -> int:
        """Rows that a request asks for."""

    @property
    def listed_at_once(self) -> int:
        """Rows that one request of `stamps` asks for."""

    @property
    def is_limited(self) -> bool:
        """Whether the server was found to cut its answers short."""

    @property
    def named_at_once(self) -> int:
        """Rows that one request of `rows` brings, about."""

    @property
    def started(self) -> datetime | None:
        """The source's clock at the first answer, UTC; None if it did not tell."""

    @property
    def unreadable(self) -> Sequence[Unreadable]:
        """The rows that the source did not show so far."""

    def pages(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
        more: Callable[[], bool] = always,
    ) -> Generator[ParsedPage, None, None]:
        """All rows, or some of them, each once.

        Args:
            since: Only those stamped at or after this instant.
            until: Only those stamped before this instant.
            after: Only those behind this position in the order of their keys.
            loaded: What is loaded of them. It may be left out where that saves requests, and an
                answer that is just that needs no proof that there is no more.
            more: Whether to ask for more; if not, the read ends early.

        Raises:
            StampRefused: the source does not take a condition on the stamp.
        """

    def position(self, before: Position | None, page: ParsedPage) -> Position | None:
        """How far `pages` has come with a page; None where it cannot go on behind it another day.

        Args:
            before: How far it had come with the page before; None if there was none.
            page: The page.
        """

    def stamps(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
    ) -> Generator[pa.Table, None, None]:
        """`identity`, `keys` and `stamp` of rows, in pages.

        Args:
            since: Only those stamped at or after this instant.
            until: Only those stamped before this instant.
            after: Only those behind this position in the order of their keys.
            loaded: What is loaded of them; an answer that is just that needs no proof.

        Raises:
            StampRefused: the source does not show the stamp.
        """

    def rows(self, keys: pa.Table) -> Generator[ParsedPage, None, None]:
        """The rows with these `identity` and `keys`, in pages, without those that do not exist."""

    def existing(self, keys: pa.Table) -> set[RowKey]:
        """Which of these rows are listed now, by `keys`, or by `identity` where there are none."""

    def archived(self, keys: pa.Table) -> set[RowKey]:
        """Which of these rows are there, but archived, where the reader leaves such rows out."""

    def without_keys(self) -> "Reader":
        """A reader of the same rows that does not name them by `keys`: they have shared some."""


@runtime_checkable
class SinglyReader(Protocol):
    """A reader whose pages may lack parts of rows, which come where these are read one by one."""

    @property
    def lacking(self) -> Collection[str]:
        """What pages do not bring, by path, as far as is known.

        Each row that lacks something names it in the column `_pending` of the first table.
        """

    @property
    def parts(self) -> Collection[str]:
        """What is asked for of rows, by path."""

    def whole(self, keys: pa.Table) -> Generator[ParsedPage, None, None]:
        """The rows with these identities and keys, whole, in one request each.

        Those that are not shown are left out.
        """
