"""The transactions of a ledger by period, as the inquiry form shows them.

The rows of the inquiry have no key of their own and cannot be paged, so the unit of loading is a
ledger's period: it is asked whole and replaces what was loaded of it, and only if it changed. Which
periods a run asks for is told by the stamps of the batches, and once a day it is all of them.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.shape import shape_of
from acumatica_source.client.dialects import dialect_of
from acumatica_source.client.errors import AcumaticaError
from acumatica_source.client.fiscal_calendar import Period, period_id, periods_of
from acumatica_source.contract.model import Contract
from acumatica_source.reading.contracts import EndpointVersion
from acumatica_source.reading.inquiries import InquiryQuery, InquiryReader, detail_of
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.journal import JOURNAL, Journal, JournalUnusable, journal_query
from acumatica_source.reading.record_query import RecordQuery
from acumatica_source.reading.records import RecordReader
from acumatica_source.reading.rhythm import Rhythm
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.ledger_changes import LEDGER as ROW_LEDGER
from acumatica_source.resources.ledger_changes import Followed, changes_of
from acumatica_source.resources.ledger_large import TOO_LARGE, UNANSWERED, from_journal
from acumatica_source.resources.ledger_options import CALENDAR, INQUIRY, LedgerTransactions
from acumatica_source.resources.loading.part_source import Changes, Held
from acumatica_source.resources.loading.parts import PartOptions, load_parts
from acumatica_source.resources.loading.parts_state import PartsState
from acumatica_source.resources.plan import as_record, contract_with, entity_of, keys_in_use

PERIOD, LEDGER = "_period", "_ledger"

logger = logging.getLogger(__name__)


def period_rows(
    instance: Instance, connection: Connection, wanted: LedgerTransactions, rhythm: Rhythm
) -> Iterator[Any]:
    """The dlt items of one run: the periods whose transactions have changed.

    Args:
        instance: The instance, for its contract.
        connection: Its seats.
        wanted: Which transactions.
        rhythm: How often all periods are compared.
    """
    source = _Periods(instance, connection, wanted)
    how = PartOptions(
        resource=wanted.name,
        asked=[wanted.ledger, wanted.include_unposted, wanted.include_unreleased],
        schema=source.schema,
        place={LEDGER: wanted.ledger or ""},
        part=PERIOD,
        full=wanted.full,
        covers=lambda part: _is_asked(wanted, part),
        rhythm=rhythm,
        terms=instance.terms,
        lost=instance.lost,
        tenant=instance.tenant,
    )
    yield from load_parts(source, connection.executor, how, instance.report)


class _Periods:
    """The periods of one ledger, as the inquiry shows their transactions."""

    def __init__(
        self, instance: Instance, connection: Connection, wanted: LedgerTransactions
    ) -> None:
        self._instance = instance
        self._connection = connection
        self._wanted = wanted
        self._endpoint, self._contract = contract_with(instance, INQUIRY)
        form = entity_of(self._contract, INQUIRY)
        query = InquiryQuery(f"{self._endpoint.path}/{form.name}", form, detail_of(form, None))
        instance.report.lacks(wanted.name, query.not_understood)
        self._reader = InquiryReader(connection, query)
        self._table = self._reader.shape.tables[-1]
        self._journal: Journal | None = None
        self._known = PartsState()
        self._held: Held | None = None
        self._ledger = wanted.ledger
        """The ledger, where it is known."""
        self._calendar_read: datetime | None = None

    @property
    def schema(self) -> pa.Schema:
        """The columns of a period's rows."""
        return self._table.schema

    @property
    def clock(self) -> datetime | None:
        """The server's clock at the first answer, UTC; None if it did not tell."""
        told = None if self._journal is None else self._journal.started
        return told or self._calendar_read

    def names(self) -> Sequence[str]:
        """The periods of the instance's calendar, in order of time."""
        reader = _calendar(self._connection, self._endpoint, self._contract)
        rows = [
            row
            for page in reader.pages()
            for row in page.tables[f"{CALENDAR}__Details"].to_pylist()
        ]
        self._calendar_read = reader.started
        return [period.id for period in periods_of(rows)]

    def changes(self, watermark: datetime | None, known: PartsState, held: Held) -> Changes | None:
        """The periods whose batches were modified; None where the journal does not tell."""
        wanted, self._known, self._held = self._wanted, known, held
        followed = Followed(
            wanted.ledger, PERIOD, wanted.lag, watermark, known.recent, known.owners
        )
        try:
            self._journal = self._open_journal(known.shown)
            return changes_of(self._journal, followed, held)
        except AcumaticaError as error:
            logger.warning(
                "%s: every period is asked for, as the journal does not tell which have changed: "
                "%s",
                wanted.name,
                error,
            )
            return None

    def read(self, part: str) -> pa.Table:
        """The transactions of a period; from the journal where they are too many for the form."""
        wanted, known = self._wanted, self._known
        plain = not (wanted.include_unposted or wanted.include_unreleased)
        if part in known.large and plain:
            return self._from_journal(part)
        try:
            rows = self._reader.ask(_parameters(wanted, part)).tables[self._table.name]
        except UNANSWERED as error:
            if not plain:
                raise
            try:
                rows = self._from_journal(part)
            except AcumaticaError as other:
                logger.warning(
                    "%s: %s cannot be read from the journal either: %s", wanted.name, part, other
                )
                raise error from None
            logger.warning(
                "%s: %s is read from the journal, as the form does not show it at once. Columns "
                "that the journal does not have are empty in it. %s",
                wanted.name,
                part,
                error,
            )
            if isinstance(error, TOO_LARGE):
                known.large = sorted({*known.large, part})
        if self._ledger is None and ROW_LEDGER in rows.column_names:
            ledgers = pc.unique(rows.column(ROW_LEDGER)).to_pylist()
            self._ledger = ledgers[0] if len(ledgers) == 1 else None
        return rows

    def _from_journal(self, part: str) -> pa.Table:
        if self._ledger is None and self._held is not None:
            ledgers = self._held.distinct(ROW_LEDGER) or set()
            self._ledger = ledgers.pop() if len(ledgers) == 1 else None
        where = (self._endpoint.path, self._contract)
        return from_journal(self._connection, where, (part, self._ledger), self.schema)

    def _open_journal(self, shown: int) -> Journal:
        if JOURNAL not in self._contract.entities:
            raise JournalUnusable(f"{self._endpoint.path} has no {JOURNAL}")
        entity = as_record(self._contract.entities[JOURNAL])
        entity = replace(entity, keys=keys_in_use(self._instance, entity))
        path = f"{self._endpoint.path}/{JOURNAL}"
        query = journal_query(path, entity, dialect_of(self._contract.spoken))
        return Journal(self._connection, query, shown)


def _calendar(
    connection: Connection, endpoint: EndpointVersion, contract: Contract
) -> RecordReader:
    calendar = entity_of(contract, CALENDAR)
    query = RecordQuery(
        path=f"{endpoint.path}/{CALENDAR}",
        entity=calendar,
        expand=("Details",),
        shape=shape_of(calendar, ("Details",)),
        page_size=100,
        dialect=dialect_of(contract.spoken),
    )
    return RecordReader(connection, query)


def _is_asked(wanted: LedgerTransactions, period: str) -> bool:
    """Whether a period is in the range that is wanted, the calendar aside."""
    first, last = (
        None if end is None else Period(period_id(end), None, None).order
        for end in (wanted.from_period, wanted.to_period)
    )
    order = Period(period, None, None).order
    return (first is None or order >= first) and (last is None or order <= last)


def _parameters(wanted: LedgerTransactions, period: str) -> dict[str, object]:
    parameters: dict[str, object] = {"FromPeriod": period, "ToPeriod": period}
    if wanted.ledger:
        parameters["Ledger"] = wanted.ledger
    if wanted.include_unposted:
        parameters["IncludeUnposted"] = True
    if wanted.include_unreleased:
        parameters["IncludeUnreleased"] = True
    return parameters
