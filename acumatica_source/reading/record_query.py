"""Which records of an entity to read, and how they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from acumatica_source.arrow.shape import PageShape
from acumatica_source.client.query import Dialect, Filter, QueryOptions
from acumatica_source.contract.custom_fields import DeclaredCustomField
from acumatica_source.contract.model import Entity
from acumatica_source.reading.seats import Connection

SHOW_ARCHIVED = {"PX-ApiArchive": "SHOW"}
"""Archived records are hidden from normal reads, so a sweep would take them for deleted."""


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which records to read, and how."""

    path: str
    """Path of the entity below the instance (`entity/Default/24.200.001/Customer`)."""
    entity: Entity
    expand: tuple[str, ...]
    """`$expand` paths of the linked entities, details and `files` to read."""
    shape: PageShape
    """The tables that pages become."""
    page_size: int
    """Records a list request asks for."""
    custom: tuple[DeclaredCustomField, ...] = ()
    """Custom fields to read; `entity` has them in its shapes."""
    contract_is_fresh: bool = True
    """Whether the contract was fetched in this run; the first page is held to a kept one."""
    undeclared: frozenset[str] = frozenset()
    """What did not fit the contract of the present before: that is no sign of another contract."""
    left_out: frozenset[str] = frozenset()
    """What lists were found before not to bring, or in another way only."""
    build: str = ""
    """The instance's build; with another one, lists may leave out other things."""
    archived: bool = True
    """Whether archived records are read too."""
    dialect: Dialect = Dialect.CONTRACT
    """The language of the contract's version."""
    filter: Filter | None = None
    """A condition that all records are to meet, on fields of the view that has keys and stamp."""

    @property
    def not_understood(self) -> tuple[str, ...]:
        """What the contract declares in a way unknown here, of all that is read."""
        return tuple(self.entity.shape.gaps(self.expand))

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns of the first table that hold the key fields, whatever they are called.

        Of a drop-down that shows its codes it is the codes that are compared and ordered.
        """
        return tuple(self.shape.tables[0].column_of(key.name) for key in self.entity.keys)

    @property
    def stamp_column(self) -> str | None:
        """The column of the first table that holds the modification stamp, if there is one."""
        stamp = self.entity.watermark
        return None if stamp is None else self.shape.tables[0].column_of(stamp)


class RecordRequests:
    """Sends the requests for the records of one entity."""

    def __init__(self, connection: Connection, query: RecordQuery) -> None:
        self._pool = connection.pool
        self._path = query.path
        self._dialect = query.dialect
        self._filter = query.filter
        self._headers = SHOW_ARCHIVED if query.archived else None
        self.seats = connection.seats
        self.started: datetime | None = None
        """The server's clock at the first answer, UTC; None if it did not tell."""

    def list(
        self,
        condition: Filter | None,
        window: tuple[int | None, int],
        *,
        select: Sequence[str] = (),
        expand: Sequence[str] = (),
        custom: Sequence[str] = (),
    ) -> bytes:
        """A list answer.

        Args:
            condition: Which records.
            window: `$top`, None for all, and `$skip`.
            select: Fields to show; all if there are none.
            expand: Linked entities and details to show.
            custom: Custom fields to show.
        """
        top, skip = window
        if self._filter is not None:
            condition = self._filter if condition is None else self._filter & condition
        options = QueryOptions(
            filter=condition,
            select=[*select] or None,
            expand=[*expand] or None,
            custom=[*custom] or None,
            top=top,
            skip=skip or None,
        )
        return self._get(self._path, options)

    def single(self, address: str, expand: Sequence[str], custom: Sequence[str]) -> bytes:
        """One record, by its id or keys as they stand in an address."""
        options = QueryOptions(expand=[*expand] or None, custom=[*custom] or None)
        return self._get(f"{self._path}/{address}", options)

    def _get(self, path: str, options: QueryOptions) -> bytes:
        params = options.to_params(self._dialect)
        body = self._pool.run(
            lambda session: session.get_bytes(path, params=params, headers=self._headers)
        )
        if self.started is None:
            self.started = body.server_time
        return body.content
