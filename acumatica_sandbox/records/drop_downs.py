"""Drop-downs: the labels that people see, and the codes that are stored.

Contracts of version 4 and generic inquiries show labels, data access classes and contracts of
version 5 show codes. A place is `Schema.Field`, for custom fields `View.Field`. Which codes
Acumatica ERP stores for labels that are not listed here, the sandbox does not know: it draws one
for each.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b

DOC_TYPES = {"Invoice": "INV", "Credit Memo": "CRM", "Debit Memo": "DRM"}
BILL_TYPES = {"Bill": "INV", "Credit Adj.": "ACR", "Debit Adj.": "ADR"}
PAYMENT_TYPES = {"Payment": "PMT", "Prepayment": "PPM", "Customer Refund": "REF"}
PURCHASE_TYPES = {"Normal": "RO", "Drop-Ship": "DP", "Blanket": "BL"}
RECEIPT_TYPES = {"Receipt": "RT", "Return": "RN"}
MODULES = {name: name for name in ("AP", "AR", "GL", "IN")}
STATUSES = {
    "Open": "N",
    "Completed": "C",
    "On Hold": "H",
    "Back Order": "B",
    "Canceled": "L",
    "Closed": "C",
    "Posted": "P",
    "Active": "A",
    "Inactive": "I",
    "No Purchases": "NP",
}
ORDER_STATUSES = {label: code for label, code in STATUSES.items() if label != "Closed"}
DOCUMENT_STATUSES = {label: code for label, code in STATUSES.items() if label != "Completed"}
ITEM_STATUSES = {"Active": "AC", "Inactive": "IN", "No Purchases": "NP"}
ACCOUNT_TYPES = {"Asset": "A", "Liability": "L", "Income": "I", "Expense": "E"}

_BY_PLACE: dict[str, Mapping[str, str]] = {
    "Account.PostOption": {"Detail": "D", "Summary": "S"},
    "Account.Type": ACCOUNT_TYPES,
    "AccountSummaryRow.Type": ACCOUNT_TYPES,
    "Bill.Type": BILL_TYPES,
    "CashSale.Type": {"Cash Sale": "CSL", "Cash Return": "RCS"},
    "Check.Type": {"Check": "CHK", "Prepayment": "PPM", "Voided Check": "VCK"},
    "Invoice.Type": DOC_TYPES,
    "InvoiceApplicationsDefault.DocType": PAYMENT_TYPES,
    "JournalTransaction.Module": MODULES,
    "KitAssembly.Type": {"Disassembly": "D", "Production": "P"},
    "Payment.Type": PAYMENT_TYPES,
    "PaymentApplicationHistoryDetail.AdjustedDocType": DOC_TYPES,
    "PaymentApplicationHistoryDetail.DisplayDocType": DOC_TYPES,
    "PaymentDetail.DocType": DOC_TYPES,
    "PurchaseOrder.Type": PURCHASE_TYPES,
    "PurchaseReceipt.Type": RECEIPT_TYPES,
    "SalesInvoice.Type": DOC_TYPES,
    "SalesOrder.Status": ORDER_STATUSES,
    "SalesOrderDetail.LineType": {
        "Goods for Inventory": "GI",
        "Non-Inventory Goods": "GN",
        "Misc. Charge": "MI",
    },
    "StockItem.ItemStatus": ITEM_STATUSES,
    "StockItem.ItemType": {"Finished Good": "F", "Component Part": "M", "Subassembly": "A"},
    "StockItem.ValuationMethod": {"Average": "A", "FIFO": "F", "Specific": "S", "Standard": "T"},
    "Document.AttributeCHANNEL": {"WEB": "W", "PHONE": "P"},
    "Document.AttributePRODUCT": {"Pumps": "P1", "Motors": "P2", "Valves": "P3"},
    "Document.AttributeTAGS": {"Motor": "MO", "Electric": "EL", "Spare part": "SP"},
}
_BY_FIELD: dict[str, Mapping[str, str]] = {"Status": DOCUMENT_STATUSES, "ItemStatus": ITEM_STATUSES}
_NUMBERS: dict[str, Mapping[str, int]] = {
    "AttributeDefinition.ControlType": {"Text": 1, "Combo": 2, "Checkbox": 4, "Datetime": 5},
}
_DURATION = re.compile(r"(\d{1,4}):([0-5]\d)")
SEPARATOR = ", "
"""Between the labels of a drop-down of several values, as they are kept."""


def codes_of(place: str) -> Mapping[str, str]:
    """The codes of the labels that are known at a place."""
    return _BY_PLACE.get(place) or _BY_FIELD.get(place.partition(".")[2]) or {}


@lru_cache(maxsize=65_536)
def code_of(place: str, label: str) -> str:
    """The code that is stored for a label; two labels of a place have two codes."""
    return codes_of(place).get(label) or f"{label.strip()[:1].upper()}{_drawn(place, label):05X}"


@lru_cache(maxsize=65_536)
def number_of(place: str, label: str) -> int:
    """The number that is stored for a label; of a duration, its minutes."""
    if place in _NUMBERS and label in _NUMBERS[place]:
        return _NUMBERS[place][label]
    duration = _DURATION.fullmatch(label)
    if duration:
        return int(duration[1]) * 60 + int(duration[2])
    return 600_000 + _drawn(place, label)


def labels_in(text: str) -> list[str]:
    """The labels that a drop-down of several values is kept as."""
    return [label for label in (part.strip() for part in text.split(",")) if label]


def joined(labels: Iterable[str]) -> str:
    """Labels as they are kept."""
    return SEPARATOR.join(labels)


def label_of(place: str, code: str | int) -> str | None:
    """The label of a code, if it is known without looking at records."""
    if isinstance(code, int):
        known = (label for label, number in _NUMBERS.get(place, {}).items() if number == code)
        return next(known, f"{code // 60:02}:{code % 60:02}" if 0 <= code < 600_000 else None)
    wanted = code.lower()
    return next((label for label, one in codes_of(place).items() if one.lower() == wanted), None)


def _drawn(place: str, label: str) -> int:
    return int.from_bytes(blake2b(f"{place} {label}".encode(), digest_size=3).digest()) >> 4
