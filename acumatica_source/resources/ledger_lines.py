"""The transactions of a ledger line by line: from the lines of batches, or from their class.

Rows have a key, unlike those of the inquiry form, so they are loaded as records are. Columns that
mean what one of the form's means have its name.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import dlt
import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.shape import Node, PageShape, TableShape
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.query import F
from acumatica_source.paging.keyset import Position
from acumatica_source.paging.model import RowKey
from acumatica_source.paging.ranges import always
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.journal import JOURNAL, LEDGER
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.records import RecordReader
from acumatica_source.reading.rhythm import Rhythm
from acumatica_source.reading.seats import Connection
from acumatica_source.reading.single_records import Unreadable
from acumatica_source.resources.dac import DacTable, class_named, class_rows
from acumatica_source.resources.ledger_columns import LineColumns
from acumatica_source.resources.ledger_options import LedgerSource, LedgerTransactions
from acumatica_source.resources.loading.evolution import fitted_rows
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.run import load
from acumatica_source.resources.loading.state import ResourceState
from acumatica_source.resources.options import CustomFields, EntityOptions
from acumatica_source.resources.plan import query_of

CLASS = "GLTran"
BATCHES = "batches"
"""What the table of batches is called behind the name of that of their lines."""

OF_CLASS = {
    "BatchNbr": "BatchNumber",
    "RefNbr": "RefNumber",
    "TranDate": "TransactionDate",
    "TranDesc": "TransactionDescription",
    "TranType": "TransactionType",
    "CuryDebitAmt": "DebitAmount",
    "CuryCreditAmt": "CreditAmount",
    "DebitAmt": "DebitAmountInBaseCurrency",
    "CreditAmt": "CreditAmountInBaseCurrency",
}
"""What columns of the class are called. Its numbers of accounts, subaccounts, branches and ledgers
are no names of theirs, so they keep their own."""


def loaded_from(name: str, tenant: str | None, *, anew: bool) -> LedgerSource | None:
    """What a table of ledger transactions was loaded from; None if it was not loaded yet.

    Args:
        name: Name of the resource.
        tenant: Whose rows are meant, where tenants share tables.
        anew: Whether all is loaded anew, even if the state is damaged.

    Raises:
        ConfigurationError: the state is damaged.
    """
    try:
        state = ResourceState.read(name, tenant=tenant)
    except ConfigurationError:
        if not anew:
            raise
        return None
    if state.contents is None:
        return LedgerSource.INQUIRY if state.parts else None
    journal = str(state.contents[0]).startswith(LedgerSource.JOURNAL)
    return LedgerSource.JOURNAL if journal else LedgerSource.DAC


def journal_lines(
    instance: Instance, connection: Connection, wanted: LedgerTransactions, rhythm: Rhythm
) -> Iterator[Any]:
    """The dlt items of one run, from the lines of batches.

    Args:
        instance: The instance, for its contract.
        connection: Its seats.
        wanted: Which transactions.
        rhythm: How often all is compared.
    """
    options = EntityOptions(JOURNAL, expand=("Details",), custom_fields=CustomFields.NONE)
    query = query_of(instance, connection, options, dlt.current.source_schema())
    whose = instance.tenant if instance.terms.tenant_column else None
    state = ResourceState.read(wanted.name, anew=wanted.full, tenant=whose)
    query = replace(
        query,
        undeclared=frozenset(state.undeclared),
        left_out=frozenset(state.left_out),
        filter=None if wanted.ledger is None else F[LEDGER] == wanted.ledger,
    )
    instance.report.lacks(wanted.name, query.not_understood)
    how = _how(instance, wanted, rhythm, f"{LedgerSource.JOURNAL} {wanted.ledger}")
    reader = _Lines(RecordReader(connection, query), wanted.name)
    yield from load(reader, connection.executor, how, instance.report)


def class_lines(
    instance: Instance, connection: Connection, wanted: LedgerTransactions, rhythm: Rhythm
) -> Iterator[Any]:
    """The dlt items of one run, from the class.

    Args:
        instance: The instance, for its metadata.
        connection: Its seats.
        wanted: Which transactions.
        rhythm: How often all is compared.
    """
    feed = class_named(instance, CLASS)
    asked = (("Posted", wanted.include_unposted), ("Released", wanted.include_unreleased))
    kept = [
        f"{name} eq true" for name, all_of_them in asked if feed.field(name) and not all_of_them
    ]
    table = DacTable(
        CLASS,
        filter=" and ".join(kept) or None,
        lag=wanted.lag,
        verify=wanted.verify,
        full=wanted.full,
        table_name=wanted.name,
    )
    names = OF_CLASS
    if feed.field("CuryDebitAmt") is None:  # then there is one amount, whatever its currency
        names = {**OF_CLASS, "DebitAmt": "DebitAmount", "CreditAmt": "CreditAmount"}
    yield from class_rows(instance, connection, table, names)


def _how(
    instance: Instance, wanted: LedgerTransactions, rhythm: Rhythm, row_options: str
) -> LoadOptions:
    return LoadOptions(
        resource=wanted.name,
        terms=instance.terms,
        lost=instance.lost,
        tenant=instance.tenant,
        lag=wanted.lag,
        rhythm=rhythm,
        full=wanted.full,
        row_options=row_options,
    )


class _Lines:
    """Reads batches; their lines are the table, and say of which batch they are."""

    def __init__(self, batches: RecordReader, name: str) -> None:
        self._batches = batches
        self._name = name
        parents, lines, *_ = batches.shape.tables
        self._parents = parents
        self._columns = LineColumns(parents, lines)
        self._fitted: dict[str, dict[str, str]] = {}
        """What columns are called that were loaded with another type, by table."""
        empty = self._formed({t.name: t.schema.empty_table() for t in (parents, lines)})
        for table, rows in empty.items():  # in extraction; pages come in threads that know no table
            names = fitted_rows(rows, table).column_names
            self._fitted[table] = dict(zip(rows.column_names, names, strict=True))
            empty[table] = rows.rename_columns(names)
        shapes = [
            TableShape((name, BATCHES), empty[f"{name}__{BATCHES}"].schema, parents.columns),
            TableShape((name,), empty[name].schema),
        ]
        root = Node(shapes[0], {("Details",): Node(shapes[1])})
        self.shape: PageShape = replace(batches.shape, root=root)
        """The tables of batches and of their lines."""
        self.name, self.identity = batches.name, batches.identity
        self.keys, self.stamp, self.page_size = batches.keys, batches.stamp, batches.page_size
        self.listed_at_once = batches.listed_at_once

    @property
    def named_at_once(self) -> int:
        return self._batches.named_at_once

    @property
    def is_limited(self) -> bool:
        return self._batches.is_limited

    @property
    def started(self) -> datetime | None:
        return self._batches.started

    @property
    def unreadable(self) -> Sequence[Unreadable]:
        return self._batches.unreadable

    @property
    def undeclared(self) -> set[str]:
        return self._batches.undeclared

    @property
    def left_out(self) -> set[str]:
        return self._batches.left_out

    def pages(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
        more: Callable[[], bool] = always,
    ) -> Generator[ParsedPage, None, None]:
        for page in self._batches.pages(since, until, after, loaded, more):
            yield replace(page, tables=self._formed(page.tables))

    def position(self, before: Position | None, page: ParsedPage) -> Position | None:
        batches = page.tables[f"{self._name}__{BATCHES}"]
        return self._batches.position(before, replace(page, tables={self._parents.name: batches}))

    def stamps(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
    ) -> Generator[pa.Table, None, None]:
        yield from self._batches.stamps(since, until, after, loaded)

    def rows(self, keys: pa.Table) -> Generator[ParsedPage, None, None]:
        for page in self._batches.rows(keys):
            yield replace(page, tables=self._formed(page.tables))

    def existing(self, keys: pa.Table) -> set[RowKey]:
        return self._batches.existing(keys)

    def archived(self, keys: pa.Table) -> set[RowKey]:
        return self._batches.archived(keys)

    def without_keys(self) -> "_Lines":
        return _Lines(self._batches.without_keys(), self._name)

    def _formed(self, tables: Any) -> dict[str, pa.Table]:
        """Batches and lines as they are loaded."""
        formed = {
            f"{self._name}__{BATCHES}": tables[self._parents.name],
            self._name: self._columns.joined(tables),
        }
        return {
            name: rows.rename_columns([self._fitted[name].get(n, n) for n in rows.column_names])
            if name in self._fitted
            else rows
            for name, rows in formed.items()
        }
