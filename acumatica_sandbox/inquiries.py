"""The rows that inquiry forms show."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from acumatica_sandbox.fragments import Record
from acumatica_sandbox.ledger_rows import ledger_rows
from acumatica_sandbox.model import EntityModel
from acumatica_sandbox.seeding.generic import complete
from acumatica_sandbox.site import Site
from acumatica_sandbox.store import Condition, Window


def answer_of(site: Site, inquiry: EntityModel, parameters: Record) -> Record:
    """The form with its parameters echoed and its rows."""
    record: Record = {"id": site.chance.guid(), **parameters}
    for name in inquiry.shape.fields:
        record.setdefault(name, None)
    for name in inquiry.shape.linked:
        record.setdefault(name, None)
    if inquiry.name == "AccountDetailsForPeriodInquiry":
        detail = next(iter(inquiry.shape.details))
        first, last = (_sortable(parameters.get(name)) for name in ("FromPeriod", "ToPeriod"))
        window = _window(site, first, last) if first and last else Window(Condition("0"))
        record[detail] = ledger_rows(site, inquiry, window, parameters)
    makers = {
        "AccountSummaryInquiry": _balance_rows,
        "InventorySummaryInquiry": _stock_rows,
    }
    if inquiry.name in makers:
        detail = next(iter(inquiry.shape.details))
        record[detail] = list(makers[inquiry.name](site, parameters))
    for name, detail_shape in inquiry.shape.details.items():
        rows = record.setdefault(name, [{} for _ in range(3)])
        if isinstance(rows, bytes):
            continue
        for row in rows:
            row["id"] = site.chance.guid()
            if inquiry.name in makers:
                row |= {field: row.get(field) for field in detail_shape.fields}
                row |= {field: row.get(field) for field in detail_shape.linked}
            complete(detail_shape, row, site.chance)
    return record


def _balance_rows(site: Site, parameters: Record) -> Iterator[Record]:
    period = _sortable(parameters.get("Period"))
    if period is None:
        return
    before: dict[str, Decimal] = {}
    debits: dict[str, Decimal] = {}
    credits: dict[str, Decimal] = {}
    for batch in _batches(site, "000000", period, parameters.get("Ledger") or "ACTUAL"):
        now = _sortable(batch["PostPeriod"]) == period
        for line in batch["Details"]:
            code = line["Account"]
            if now:
                debits[code] = debits.get(code, Decimal(0)) + line["DebitAmount"]
                credits[code] = credits.get(code, Decimal(0)) + line["CreditAmount"]
            else:
                net = line["DebitAmount"] - line["CreditAmount"]
                before[code] = before.get(code, Decimal(0)) + net
    for account in site.store.records(site.entities["Account"]):
        code = account["AccountCD"]
        if code not in before and code not in debits:
            continue
        zero = Decimal("0.0")
        net = debits.get(code, zero) - credits.get(code, zero)
        yield {
            "Account": code,
            "AccountClass": account["AccountClass"],
            "Description": account["Description"],
            "Type": account["Type"],
            "Branch": "HQ",
            "Subaccount": "000-000",
            "LedgerID": 1,
            "BeginningBalance": before.get(code, zero),
            "DebitTotal": debits.get(code, zero),
            "CreditTotal": credits.get(code, zero),
            "PtdTotal": net,
            "EndingBalance": before.get(code, zero) + net,
        }


def _batches(site: Site, first: str, last: str, ledger: str) -> Iterator[Record]:
    for batch in site.store.records(
        site.entities["JournalTransaction"], _window(site, first, last)
    ):
        if batch["LedgerID"] == ledger:
            yield batch


def _window(site: Site, first: str, last: str) -> Window:
    """The batches of some periods."""
    entity = site.entities["JournalTransaction"]
    period = '"PostPeriod"' if "PostPeriod" in entity.columns else "field(_flat, 'PostPeriod')"
    if first == last:
        return Window(Condition(f"{period} = ?", (first[4:] + first[:4],)))
    sortable = f"substr({period}, 3) || substr({period}, 1, 2)"
    periods = f'SELECT DISTINCT {period} FROM "{entity.name}" WHERE {sortable} BETWEEN ? AND ?'
    return Window(Condition(f"{period} IN ({periods})", (first, last)))


def _sortable(text: Any) -> str | None:
    """A period `MMYYYY` (or `MM-YYYY`) as text that sorts by time."""
    digits = "".join(c for c in str(text or "") if c.isdigit())
    return digits[2:] + digits[:2] if len(digits) == 6 else None


def _stock_rows(site: Site, parameters: Record) -> Iterator[Record]:
    """Stock of one item; without an item the form shows nothing, and rows do not repeat it."""
    item = parameters.get("InventoryID")
    record = site.store.by_keys(site.entities["StockItem"], [item]) if item else None
    for place in record["WarehouseDetails"] if record else ():
        if parameters.get("WarehouseID") not in (None, place["WarehouseID"]):
            continue
        quantity = place["QtyOnHand"] or Decimal(0)
        cost = (record or {}).get("AverageCost") or Decimal(0)
        yield {
            "BaseUOM": (record or {}).get("BaseUOM"),
            "EstimatedTotalCost": quantity * cost,
            "EstimatedUnitCost": cost,
            "LocationID": "MAIN",
            "QtyAvailable": quantity,
            "QtyAvailableForShipment": quantity,
            "QtyOnHand": quantity,
            "WarehouseID": place["WarehouseID"],
        }
