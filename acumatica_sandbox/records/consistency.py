"""What stays true of a record when its lines change."""

from collections.abc import Callable
from decimal import Decimal

from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import EntityModel

CENT = Decimal("0.01")
ZERO = Decimal("0.0")
NUMBERS = (
    *("Amount", "Balance", "ControlTotal", "ExtendedCost", "ExtendedPrice", "OrderQty"),
    *("OrderTotal", "OrderedQty", "Qty", "TaxAmount", "TaxRate", "TaxTotal", "TaxableAmount"),
    *("UnitCost", "UnitPrice"),
)
"""What is calculated with; a contract that declares one otherwise has no such totals."""


def recalculate(entity: EntityModel, record: Record) -> None:
    """Bring a record's totals in line with its rows."""
    rule = _RULES.get(entity.name)
    details = entity.shape.details
    shapes = (
        entity.shape,
        *(details[name] for name in ("Details", "TaxDetails") if name in details),
    )
    numbers = all(one.fields.get(name, "d") == "d" for one in shapes for name in NUMBERS)
    if rule is not None and "Details" in details and numbers:
        rule(record)


def _sum(rows: list[Record], name: str) -> Decimal:
    return sum((row.get(name) or ZERO for row in rows), ZERO)


def _order(record: Record) -> None:
    rows = record["Details"]
    for row in rows:
        amount = ((row.get("OrderQty") or ZERO) * (row.get("UnitPrice") or ZERO)).quantize(CENT)
        row["Amount"] = row["ExtendedPrice"] = amount
    net, tax = _sum(rows, "Amount"), _taxed(record, "Amount")
    record["OrderedQty"] = _sum(rows, "OrderQty")
    record["TaxTotal"] = tax
    record["OrderTotal"] = record["ControlTotal"] = net + tax
    if record.get("Totals"):
        record["Totals"] |= {"LineTotalAmount": net, "TaxTotal": tax, "UnpaidBalance": net + tax}


def _invoice(record: Record) -> None:
    paid = (record.get("Amount") or ZERO) - (record.get("Balance") or ZERO)
    for row in record["Details"]:
        amount = ((row.get("Qty") or ZERO) * (row.get("UnitPrice") or ZERO)).quantize(CENT)
        row["Amount"] = row["ExtendedPrice"] = amount
    tax = _taxed(record, "Amount")
    record["TaxTotal"] = tax
    record["Amount"] = _sum(record["Details"], "Amount") + tax
    record["Balance"] = record["Amount"] - paid


def _bill(record: Record) -> None:
    paid = (record.get("Amount") or ZERO) - (record.get("Balance") or ZERO)
    for row in record["Details"]:
        amount = ((row.get("Qty") or ZERO) * (row.get("UnitCost") or ZERO)).quantize(CENT)
        row["Amount"] = row["ExtendedCost"] = amount
    record["Amount"] = _sum(record["Details"], "Amount")
    record["Balance"] = record["Amount"] - paid


def _taxed(record: Record, name: str) -> Decimal:
    """The tax on all rows; brings the tax rows in line."""
    net, total = _sum(record["Details"], name), ZERO
    for row in record.get("TaxDetails") or ():
        row["TaxableAmount"] = net
        row["TaxAmount"] = (net * (row.get("TaxRate") or ZERO) / 100).quantize(CENT)
        total += row["TaxAmount"]
    return total


_RULES: dict[str, Callable[[Record], None]] = {
    "SalesOrder": _order,
    "Invoice": _invoice,
    "Bill": _bill,
}
