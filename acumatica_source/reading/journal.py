"""The batches of the general ledger by their modification stamps: what tells which periods changed.

A light list: keys, period, ledger and stamp of every batch that was written since some instant. Its
answers are held to what is known already, as a list that is cut short, filtered wrongly or emptied
by a lost right would look like a ledger in which nothing happens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow as pa

from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
from acumatica_source.client.errors import InvalidQuery, OptimizationError, ServerError
from acumatica_source.client.query import Dialect, F, Filter
from acumatica_source.contract.model import Entity
from acumatica_source.paging.errors import Incomplete
from acumatica_source.paging.model import Answer, PageRequest, RowKey
from acumatica_source.paging.offset import OffsetPaging
from acumatica_source.paging.walk import walk
from acumatica_source.paging.whole import WholeRead
from acumatica_source.reading.errors import PagingStuck, ReadingError
from acumatica_source.reading.record_keys import rows_of
from acumatica_source.reading.record_query import RecordQuery, RecordRequests
from acumatica_source.reading.seats import Connection

JOURNAL = "JournalTransaction"
NUMBER, MODULE, PERIOD, LEDGER = "BatchNbr", "Module", "PostPeriod", "LedgerID"

BATCHES_AT_ONCE = 5_000
"""Batches that an answer may hold; each is some 300 bytes."""

FEW_BATCHES = 25
"""Batches that no limit of a server is as low as: so many, and fewer, are not cut short without a
word."""

_BEGINNINGS = (timedelta(days=1), timedelta(days=32), timedelta(days=366))
"""How far back the newest stamp is looked for, one after the other."""


class JournalUnusable(ReadingError):
    """The list of batches does not tell what has changed; the message says why."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the list shows of a batch."""

    number: str
    module: str | None
    period: str | None
    """As the server writes it (`012025`)."""
    ledger: str | None
    stamp: datetime


class Journal:
    """Lists batches by stamp."""

    def __init__(self, connection: Connection, query: RecordQuery, shown: int) -> None:
        self._requests = RecordRequests(connection, query)
        self._query = query
        self._table = query.shape.tables[0]
        declared = {field.name for field in query.entity.shape.fields}
        columns = (column.path[0] for column in self._table.columns)
        self._fields = [name for name in columns if name in declared]
        self._takes_select = True
        self.shown = shown
        """Batches up to which answers have proved not to be cut short: one with fewer is whole."""
        self.ledgers: set[str] = set()
        """Ledgers that batches were seen to be of."""

    @property
    def started(self) -> datetime | None:
        """The server's clock at the first answer, UTC; None if it did not tell."""
        return self._requests.started

    def newest(self) -> datetime:
        """The newest stamp, by which the list can be followed from then on.

        Raises:
            JournalUnusable: there are none, or the server does not compare stamps.
            AcumaticaError: the list could not be read.
        """
        sample = self._batches(self.page(None, BATCHES_AT_ONCE, 0))
        if not sample:
            raise JournalUnusable(f"{JOURNAL} shows no batch with a stamp")
        clock = self.started
        if clock is None:
            raise JournalUnusable("the server does not tell its time")
        known = max(batch.stamp for batch in sample)
        for since in (*(clock - back for back in _BEGINNINGS), known):
            found = self.since(since)
            if found:
                return max(batch.stamp for batch in found)
        raise JournalUnusable(f"{JOURNAL} shows no batch by its stamp, although there are some")

    def since(self, since: datetime, known: int | None = None) -> list[Batch]:
        """All batches stamped at or after an instant.

        An answer with fewer than the server has shown before is whole, if it has few, or as many as
        are known to be there: the server may have got a limit meanwhile. Otherwise one more request
        asks for the batch behind it.

        Args:
            since: The instant.
            known: How many there were when it was last asked for.

        Raises:
            AcumaticaError: the list could not be read completely.
        """
        assert self._query.entity.watermark is not None
        condition = F[self._query.entity.watermark] >= since
        page = self.page(condition, BATCHES_AT_ONCE, 0)
        count = page.num_rows
        whole = count < min(self.shown, BATCHES_AT_ONCE) and (
            count <= FEW_BATCHES or count == known
        )
        if not whole and count < BATCHES_AT_ONCE:
            whole = not self.page(condition, 1, count).num_rows
            if whole:
                self.shown = max(self.shown, count + 1)
        if whole:
            found = self._batches(page)
        else:
            listed = walk(_Listed(self, condition, self._query), _strategies())
            try:
                found = [batch for page in listed for batch in self._batches(page)]
            except Incomplete as error:
                raise PagingStuck(f"{JOURNAL} could not be read completely: {error}") from error
        # a server that takes no notice of the condition shows more
        return [batch for batch in found if batch.stamp >= since]

    def page(self, condition: Filter | None, top: int | None, skip: int) -> pa.Table:
        """A window of the list under a condition."""
        rows = parse_page(self._body(condition, (top, skip)), self._query.shape).tables
        page = rows[self._table.name]
        self.shown = max(self.shown, page.num_rows)
        return page

    def _body(self, condition: Filter | None, window: tuple[int | None, int]) -> bytes:
        if self._takes_select:
            try:
                return self._requests.list(condition, window, select=self._fields)
            except (InvalidQuery, OptimizationError, ServerError) as refused:
                try:
                    body = self._requests.list(condition, window)
                except (InvalidQuery, OptimizationError, ServerError):
                    raise refused from None
                self._takes_select = False  # some forms refuse to select at all
                return body
        return self._requests.list(condition, window)

    def _batches(self, page: pa.Table) -> list[Batch]:
        """Those that have a stamp; others can only be found by asking for all periods."""
        columns = [self._values(page, name) for name in (NUMBER, MODULE, PERIOD, LEDGER)]
        stamps = self._values(page, self._query.entity.watermark or "")
        found = [
            Batch(_plain(number) or "", _plain(module), _plain(period), _plain(ledger), stamp)
            for number, module, period, ledger, stamp in zip(*columns, stamps, strict=True)
            if isinstance(stamp, datetime)
        ]
        self.ledgers.update(batch.ledger for batch in found if batch.ledger)
        return found

    def _values(self, page: pa.Table, field: str) -> list[object]:
        if field not in self._fields:
            return [None] * page.num_rows
        values: list[object] = page.column(self._table.column_of(field)).to_pylist()
        return values


class _Listed:
    """The list under a condition, as the walker reads it."""

    seats = 1
    named_at_once = 0
    gives_next_links = False
    size = light_size = BATCHES_AT_ONCE

    def __init__(self, journal: Journal, condition: Filter, query: RecordQuery) -> None:
        self._journal = journal
        self._condition = condition
        self._columns = query.key_columns
        self.name = query.entity.name
        self.keys = query.entity.keys

    def fetch(self, request: PageRequest) -> Answer[pa.Table]:
        page = self._journal.page(self._condition, request.top, request.skip)
        return Answer(page, *rows_of(page, self._columns))

    def fetch_keys(self, request: PageRequest) -> Answer[pa.Table]:
        return self.fetch(request)

    def named(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> Iterator[Answer[pa.Table]]:
        yield from ()

    def pick(self, page: pa.Table, places: Sequence[int]) -> pa.Table:
        return page.take(pa.array(places, pa.int64()))


def journal_query(path: str, entity: Entity, dialect: Dialect) -> RecordQuery:
    """The light list of batches.

    Args:
        path: Path of the entity below the instance.
        entity: The entity by its contract, with its keys.
        dialect: The language of the contract's version.

    Raises:
        JournalUnusable: it lacks what is needed.
    """
    if entity.watermark is None:
        raise JournalUnusable(f"{JOURNAL} has no modification stamp")
    lacking = [name for name in (NUMBER, PERIOD) if entity.shape.field(name) is None]
    if lacking:
        raise JournalUnusable(f"{JOURNAL} has no {' and no '.join(lacking)}")
    keys = [key.name for key in entity.keys]
    wanted = dict.fromkeys([*keys, NUMBER, MODULE, PERIOD, LEDGER, entity.watermark])
    fields = [name for name in wanted if entity.shape.field(name) is not None]
    narrow = replace(entity, shape=replace(entity.shape, linked={}, details={}))
    return RecordQuery(
        path=path,
        entity=narrow,
        expand=(),
        shape=shape_of(narrow, expand=(), select=fields),
        page_size=BATCHES_AT_ONCE,
        dialect=dialect,
    )


def _strategies() -> list[OffsetPaging | WholeRead]:
    return [OffsetPaging(BATCHES_AT_ONCE), WholeRead()]


def _plain(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None
