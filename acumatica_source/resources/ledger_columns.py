"""The lines of batches with what they have of their batch, under the names of the inquiry form."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.shape import TableShape

OF_LINE = {
    "BranchID": "Branch",
    "ReferenceNbr": "RefNumber",
    "VendorOrCustomer": "CustomerVendor",
}
"""What columns of lines are called, by their fields in the contract; others by these."""

OF_BATCH = {
    "Module": "Module",
    "BatchNbr": "BatchNumber",
    "LedgerID": "Ledger",
    "PostPeriod": "PeriodID",
    "TransactionDate": "TransactionDate",
    "CurrencyID": "Currency",
    "Status": "Status",
    "LastModifiedDateTime": "LastModifiedDateTime",
}
"""What lines show of their batch, and what that is called."""


class LineColumns:
    """Joins lines with their batches, and calls the columns as the form does."""

    def __init__(self, batches: TableShape, lines: TableShape) -> None:
        self._batches, self._lines = batches.name, lines.name
        shown = {one.path[0]: one.name for one in batches.columns if one.member is None}
        taken = {OF_LINE.get(name, name) for name in lines.schema.names}
        self._shown = {
            shown[field]: name
            for field, name in OF_BATCH.items()
            if field in shown and name not in taken
        }

    def joined(self, tables: Mapping[str, pa.Table]) -> pa.Table:
        """The lines of a page.

        Args:
            tables: Batches and lines as they were read.
        """
        batches, lines = tables[self._batches], tables[self._lines]
        lines = lines.rename_columns([OF_LINE.get(name, name) for name in lines.column_names])
        places = pc.index_in(lines.column("_parent_id"), value_set=batches.column("id"))
        for field, name in self._shown.items():
            values = batches.column(field).take(places)
            lines = lines.append_column(pa.field(name, values.type), values)
        return lines
