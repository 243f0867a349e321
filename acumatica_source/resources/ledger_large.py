"""A period that the inquiry form cannot answer at once, put together from the journal.

The form has no pages, so a period with millions of lines may be too much for it. The journal has
pages: the lines of the period's posted batches are what the form would have shown.
"""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.shape import shape_of
from acumatica_source.client.dialects import dialect_of
from acumatica_source.client.errors import (
    ConfigurationError,
    ResponseTooLarge,
    ServerError,
    TimedOut,
)
from acumatica_source.client.fiscal_calendar import period_id
from acumatica_source.client.query import F
from acumatica_source.contract.model import Contract
from acumatica_source.reading.errors import ReadingError
from acumatica_source.reading.journal import JOURNAL, LEDGER, PERIOD
from acumatica_source.reading.record_query import RecordQuery
from acumatica_source.reading.records import RecordReader
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.ledger_columns import LineColumns
from acumatica_source.resources.plan import as_record

TOO_LARGE = (ResponseTooLarge, TimedOut)
"""What tells that a period is too large, now and later."""

UNANSWERED = (*TOO_LARGE, ServerError)
"""What may come of a period that is too large: out of memory, or out of the database's time."""

BATCHES_AT_ONCE = 100

_POSTED = ("Posted", "P")
_NOT_POSTED = (
    *("Hold", "Balanced", "Unposted", "Completed", "Voided", "Released", "Partially Released"),
    *("Scheduled", "Pending Approval", "Rejected", "On Hold"),
    *("H", "B", "U", "C", "V", "R", "Q", "S", "D", "J"),
)
"""Labels and codes of a batch's status. Labels of other languages are none of them."""


class NotInJournal(ReadingError):
    """The journal does not show what the form would; the message says why."""


def from_journal(
    connection: Connection,
    where: tuple[str, Contract],
    which: tuple[str, str | None],
    schema: pa.Schema,
) -> pa.Table:
    """The posted lines of a period.

    Args:
        connection: Seats.
        where: Path of the endpoint below the instance, and its contract.
        which: Period and ledger.
        schema: The columns of the form's rows. What the journal does not have is empty.

    Raises:
        NotInJournal: there is no journal, or it leaves open what is of the ledger, or posted.
        AcumaticaError: it cannot be read.
    """
    (path, contract), (period, ledger) = where, which
    if JOURNAL not in contract.entities:
        raise NotInJournal(f"{path} has no {JOURNAL}.")
    if ledger is None:
        raise NotInJournal("It is not known which ledger is the default one; name it.")
    entity = as_record(contract.entities[JOURNAL])
    shape = shape_of(entity, ("Details",))
    lacking = {LEDGER, PERIOD, "Status"} - {field.name for field in entity.shape.fields}
    if lacking or len(shape.tables) != 2:
        raise NotInJournal(f"{JOURNAL} has no {', '.join(sorted(lacking)) or 'lines'}.")
    query = RecordQuery(
        path=f"{path}/{JOURNAL}",
        entity=replace(entity, watermark=None),
        expand=("Details",),
        shape=shape,
        page_size=BATCHES_AT_ONCE,
        dialect=dialect_of(contract.spoken),
        filter=(F[PERIOD] == period) & (F[LEDGER] == ledger),
    )
    columns, found = LineColumns(*shape.tables), []
    for page in RecordReader(connection, query).pages():
        batches = page.tables[JOURNAL]
        kept = _posted(batches.column(shape.tables[0].column_of("Status")))
        kept = pc.and_(kept, _of_period(batches.column(PERIOD), period))
        tables = {**page.tables, JOURNAL: batches.filter(kept)}
        lines = columns.joined(tables)
        found.append(_as_form(lines.filter(pc.is_valid(lines.column("BatchNumber"))), schema))
    rows = pa.concat_tables(found) if found else schema.empty_table()
    if not rows.num_rows:
        raise NotInJournal("The journal shows no batches of it.")
    return rows


def _posted(statuses: pa.ChunkedArray) -> pa.ChunkedArray:
    unknown = set(statuses.unique().to_pylist()) - {*_POSTED, *_NOT_POSTED}
    if unknown:
        raise NotInJournal(
            f"It cannot be told whether batches are posted whose status is {unknown.pop()!r}."
        )
    return pc.is_in(statuses, value_set=pa.array(_POSTED))


def _of_period(periods: pa.ChunkedArray, wanted: str) -> pa.Array:
    """Which are the wanted one; a server may have taken no notice of the condition."""
    return pa.array([_is_period(one, wanted) for one in periods.to_pylist()], pa.bool_())


def _is_period(text: object, wanted: str) -> bool:
    try:
        return period_id(str(text)) == wanted
    except ConfigurationError:
        return False


def _as_form(lines: pa.Table, schema: pa.Schema) -> pa.Table:
    known = {"Posted": True, "Released": True}
    columns = [
        lines.column(field.name).cast(field.type)
        if field.name in lines.column_names
        else pa.repeat(pa.scalar(known.get(field.name), field.type), lines.num_rows)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
