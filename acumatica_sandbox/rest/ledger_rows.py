"""The rows of the ledger inquiry, put together from the kept pieces of batches.

A period has thousands of rows; taking their JSON from the batches spares reading and writing it.
"""

import re
from collections.abc import Iterator

from acumatica_sandbox.records.fragments import Record, shallow, to_fragments, value_text
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.store import Window
from acumatica_sandbox.site import Site

OF_BATCH = {
    "BatchNumber": "BatchNbr",
    "Currency": "CurrencyID",
    "LastModifiedDateTime": "LastModifiedDateTime",
    "Ledger": "LedgerID",
    "Module": "Module",
    "PeriodID": "PostPeriod",
    "TransactionDate": "TransactionDate",
    "TransactionType": "Module",
}
OF_LINE = {
    "Account": "Account",
    "Branch": "BranchID",
    "CreditAmount": "CreditAmount",
    "CreditAmountInBaseCurrency": "CreditAmount",
    "CustomerVendor": "VendorOrCustomer",
    "DebitAmount": "DebitAmount",
    "DebitAmountInBaseCurrency": "DebitAmount",
    "Project": "Project",
    "RefNumber": "ReferenceNbr",
    "Subaccount": "Subaccount",
    "TransactionDescription": "TransactionDescription",
}
_SCALAR = re.compile(rb',"(\w+)":(\{(?:"value":(?:"(?:[^"\\]|\\.)*"|[^"}]*))?\})')
_POSTED = b'{"value":"Posted"}'
Texts = dict[bytes, bytes]


def ledger_rows(site: Site, inquiry: EntityModel, window: Window, parameters: Record) -> bytes:
    """The JSON of the rows: the lines of the batches in the window.

    `parameters` tell the ledger, and whether batches count that are not posted.
    """
    name = next(iter(inquiry.shape.details))
    of_batch = _template(site, inquiry, name)
    ledger = value_text("s", parameters.get("Ledger") or "ACTUAL").encode()
    rows: list[bytes] = []
    for batch, lines in _batches(site, window):
        posted = batch.get(b"Status") == _POSTED
        if batch.get(b"LedgerID") != ledger or not (posted or parameters.get("IncludeUnposted")):
            continue
        batch[b"Posted"] = b'{"value":true}' if posted else b'{"value":false}'
        of_line = of_batch % {key: text.replace(b"%", b"%%") for key, text in batch.items()}
        for line in lines:
            line[b""] = site.chance.guid()[8:24].encode()
            line[b"#"] = b"%d" % (len(rows) + 1)
            rows.append(of_line % line)
    return b",".join(rows)


def _template(site: Site, inquiry: EntityModel, name: str) -> bytes:
    """A row with places for values of its batch, and in doubled signs for those of its line."""
    journal = site.entities["JournalTransaction"].shape
    blank: Record = {"id": "0" * 36, name: [{"id": "0" * 36}]}
    piece = to_fragments(inquiry, blank).nested[list(inquiry.shape.nested).index(name)]
    row = piece[piece.index(b"[") + 1 : -1].replace(b"0" * 16, b"%%()b")
    row = row.replace(b'"rowNumber":1,', b'"rowNumber":%%(#)b,', 1)
    for field in inquiry.shape.details[name].fields:
        text = "{}"
        if field == "Released":
            text = '{"value":true}'
        elif field == "Posted" or OF_BATCH.get(field) in journal.fields:
            text = f"%({OF_BATCH.get(field, field)})b"
        elif OF_LINE.get(field) in journal.details["Details"].fields:
            text = f"%%({OF_LINE[field]})b"
        row = row.replace(f',"{field}":{{}}'.encode(), f',"{field}":{text}'.encode(), 1)
    return row


def _batches(site: Site, window: Window) -> Iterator[tuple[Texts, list[Texts]]]:
    """The scalars of every batch and of its lines, as JSON by name."""
    entity = site.entities["JournalTransaction"]
    for _, _, _, flat, details in site.store.page(entity, window, ["n_Details"]):
        lines = shallow(details).split(b'"rowNumber":')[1:]
        yield dict(_SCALAR.findall(flat)), [dict(_SCALAR.findall(line)) for line in lines]
