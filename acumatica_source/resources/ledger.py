"""Ledger transactions as a dlt resource: asked period by period on the instance's own calendar.

The rows of the inquiry have no key of their own and cannot be paged, so the unit of loading is a
ledger's period: it is asked whole and replaces what was loaded of it, and only if it changed.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from acumatica_source.arrow.shape import shape_of
from acumatica_source.client.dialects import dialect_of
from acumatica_source.client.fiscal_calendar import Period, period_id, periods_of
from acumatica_source.contract.model import Contract
from acumatica_source.reading.contracts import EndpointVersion
from acumatica_source.reading.inquiries import InquiryQuery, InquiryReader, detail_of
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.record_query import RecordQuery
from acumatica_source.reading.records import RecordReader
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.claim import enter
from acumatica_source.resources.loading.parts import PartOptions, load_parts
from acumatica_source.resources.plan import contract_with, entity_of
from acumatica_source.resources.resource import Rows

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


def ledger_rows(instance: Instance, wanted: LedgerTransactions) -> Rows:
    """A resource that loads the periods of a ledger whose transactions have changed."""

    def rows() -> Iterator[Any]:
        with instance.seats.opened() as connection:
            enter(instance, connection)
            endpoint, contract = contract_with(instance, INQUIRY)
            periods = _periods(connection, endpoint, contract, wanted)
            form = entity_of(contract, INQUIRY)
            query = InquiryQuery(f"{endpoint.path}/{form.name}", form, detail_of(form, None))
            instance.report.lacks(wanted.name, query.not_understood)
            reader = InquiryReader(connection, query)
            table = reader.shape.tables[-1]
            how = PartOptions(
                resource=wanted.name,
                asked=[wanted.ledger, wanted.include_unposted, wanted.include_unreleased],
                schema=table.schema,
                place={LEDGER: wanted.ledger or ""},
                part=PERIOD,
                full=wanted.full,
                covers=lambda part: _is_asked(wanted, part),
                terms=instance.terms,
                lost=instance.lost,
                tenant=instance.tenant,
            )

            def answers() -> Generator[tuple[str, pa.Table], None, None]:
                for period in periods:
                    answer = reader.ask(_parameters(wanted, period))
                    yield period.id, answer.tables[table.name]

            yield from load_parts(answers(), connection.executor, how, instance.report)

    return rows


def _periods(
    connection: Connection,
    endpoint: EndpointVersion,
    contract: Contract,
    wanted: LedgerTransactions,
) -> list[Period]:
    calendar = entity_of(contract, CALENDAR)
    query = RecordQuery(
        path=f"{endpoint.path}/{CALENDAR}",
        entity=calendar,
        expand=("Details",),
        shape=shape_of(calendar, ("Details",)),
        page_size=100,
        dialect=dialect_of(contract.spoken),
    )
    pages = RecordReader(connection, query).pages()
    rows = [row for page in pages for row in page.tables[f"{CALENDAR}__Details"].to_pylist()]
    return [period for period in periods_of(rows) if _is_asked(wanted, period.id)]


def _is_asked(wanted: LedgerTransactions, period: str) -> bool:
    """Whether a period is in the range that is wanted, the calendar aside."""
    first, last = (
        None if end is None else Period(period_id(end), None, None).order
        for end in (wanted.from_period, wanted.to_period)
    )
    order = Period(period, None, None).order
    return (first is None or order >= first) and (last is None or order <= last)


def _parameters(wanted: LedgerTransactions, period: Period) -> dict[str, object]:
    parameters: dict[str, object] = {"FromPeriod": period.id, "ToPeriod": period.id}
    if wanted.ledger:
        parameters["Ledger"] = wanted.ledger
    if wanted.include_unposted:
        parameters["IncludeUnposted"] = True
    if wanted.include_unreleased:
        parameters["IncludeUnreleased"] = True
    return parameters
