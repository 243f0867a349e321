"""Ledger transactions as a dlt resource: asked period by period on the instance's own calendar.

The rows of the inquiry have no key of their own and cannot be paged, so the unit of loading is a
ledger's period: it is asked whole and replaces what was loaded of it, and only if it changed.
"""

import hashlib
import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from acumatica_source.arrow.shape import shape_of
from acumatica_source.contract.model import Contract
from acumatica_source.reading.fiscal_calendar import Period, period_id, periods_of
from acumatica_source.reading.inquiries import InquiryQuery, InquiryReader, detail_of
from acumatica_source.reading.instance import Connection, Endpoint, Instance
from acumatica_source.reading.read_ahead import ReadAhead
from acumatica_source.reading.records import RecordQuery, RecordReader
from acumatica_source.resources.evolution import fitted_rows
from acumatica_source.resources.plan import contract_with, entity_of
from acumatica_source.resources.tables import Target, WriteMode, blank, merging_mode

logger = logging.getLogger(__name__)

INQUIRY = "AccountDetailsForPeriodInquiry"
CALENDAR = "FinancialPeriod"
PERIOD, LEDGER = "_period", "_ledger"


@dataclass(frozen=True, slots=True)
class LedgerTransactions:
    """Which ledger transactions to load."""

    name: str = "ledger_transactions"
    """Name of the resource and its table."""
    ledger: str | None = None
    """Ledger id (`ACTUAL`); None for the instance's default."""
    from_period: str | None = None
    """First period, as number and financial year (`01-2025`); None for the calendar's first."""
    to_period: str | None = None
    """Last period; None for the calendar's last."""
    include_unposted: bool = False
    include_unreleased: bool = False
    full: bool = False
    """Whether to load every period anew, changed or not."""


def ledger_resource(instance: Instance, wanted: LedgerTransactions) -> DltResource:
    """A resource that loads the periods of a ledger whose transactions have changed."""

    def rows() -> Iterator[Any]:
        with instance.opened() as connection:
            endpoint, contract = contract_with(instance, INQUIRY)
            periods = _periods(connection, endpoint, contract, wanted)
            form = entity_of(contract, INQUIRY)
            query = InquiryQuery(f"{endpoint.path}/{form.name}", form, detail_of(form, None))
            load = _load(connection, InquiryReader(connection, query), wanted, periods)
            for rows_read, item in load:
                instance.rows_read[wanted.name] += rows_read
                yield item

    return dlt.resource(rows, name=wanted.name)


def _periods(
    connection: Connection, endpoint: Endpoint, contract: Contract, wanted: LedgerTransactions
) -> list[Period]:
    calendar = entity_of(contract, CALENDAR)
    query = RecordQuery(
        path=f"{endpoint.path}/{CALENDAR}",
        entity=calendar,
        expand=("Details",),
        shape=shape_of(calendar, ("Details",)),
        page_size=100,
    )
    pages = RecordReader(connection, query).pages()
    rows = [row for page in pages for row in page.tables[f"{CALENDAR}__Details"].to_pylist()]
    first = period_id(wanted.from_period) if wanted.from_period else None
    last = period_id(wanted.to_period) if wanted.to_period else None
    return [
        period
        for period in periods_of(rows)
        if (first is None or period.order >= Period(first, None, None).order)
        and (last is None or period.order <= Period(last, None, None).order)
    ]


def _load(
    connection: Connection,
    reader: InquiryReader,
    wanted: LedgerTransactions,
    periods: list[Period],
) -> Iterator[tuple[int, Any]]:
    """The tables to load, each with the number of transactions in it."""
    table = reader.shape.tables[-1]
    schema = table.schema
    state = dlt.current.resource_state(wanted.name)
    asked = [wanted.ledger, wanted.include_unposted, wanted.include_unreleased]
    loaded: dict[str, str] = state.get("periods", {})
    first = wanted.full or not loaded or state.get("asked") != asked
    target = Target(
        wanted.name,
        WriteMode.REPLACE if first else merging_mode(),
        merge_key=(LEDGER, PERIOD),
    )
    ledger = wanted.ledger or ""
    yield 0, target.carry(fitted_rows(_stamped(schema.empty_table(), ledger, ""), target.name))

    def answers() -> Generator[tuple[str, pa.Table], None, None]:
        for period in periods:
            yield period.id, reader.ask(_parameters(wanted, period)).tables[table.name]

    fingerprints = {} if first else dict(loaded)
    with ReadAhead(connection.executor, answers(), depth=2) as ahead:
        for period, rows in ahead:
            fingerprint = _fingerprint(rows)
            if fingerprints.get(period) == fingerprint:
                continue
            fingerprints[period] = fingerprint
            count = rows.num_rows
            if count == 0 and not first:
                rows = blank(schema, 1)
            rows = _stamped(rows, ledger, period)
            if rows.num_rows:
                yield count, target.carry(fitted_rows(rows, target.name))
    state.update(periods=fingerprints, asked=asked)


def _parameters(wanted: LedgerTransactions, period: Period) -> dict[str, object]:
    parameters: dict[str, object] = {"FromPeriod": period.id, "ToPeriod": period.id}
    if wanted.ledger:
        parameters["Ledger"] = wanted.ledger
    if wanted.include_unposted:
        parameters["IncludeUnposted"] = True
    if wanted.include_unreleased:
        parameters["IncludeUnreleased"] = True
    return parameters


def _stamped(rows: pa.Table, ledger: str, period: str) -> pa.Table:
    """The rows with the ledger and the period that they were asked for."""
    for name, value in ((LEDGER, ledger), (PERIOD, period)):
        column = pa.repeat(pa.scalar(value), rows.num_rows)
        rows = rows.append_column(pa.field(name, pa.string(), nullable=False), column)
    return rows


def _fingerprint(rows: pa.Table) -> str:
    """Equal for equal rows in equal order."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()
