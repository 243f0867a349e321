"""The rows that inquiry forms show."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from acumatica_sandbox.fragments import Record
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
    makers = {
        "AccountDetailsForPeriodInquiry": _ledger_rows,
        "AccountSummaryInquiry": _balance_rows,
        "InventorySummaryInquiry": _stock_rows,
    }
    if inquiry.name in makers:
        detail = next(iter(inquiry.shape.details))
        record[detail] = list(makers[inquiry.name](site, parameters))
    for name, detail_shape in inquiry.shape.details.items():
        rows = record.setdefault(name, [{} for _ in range(3)])
        for row in rows:
            row["id"] = site.chance.guid()
            if inquiry.name in makers:
                row |= {field: row.get(field) for field in detail_shape.fields}
                row |= {field: row.get(field) for field in detail_shape.linked}
            complete(detail_shape, row, site.chance)
    return record


def _ledger_rows(site: Site, parameters: Record) -> Iterator[Record]:
    first = _sortable(parameters.get("FromPeriod"))
    last = _sortable(parameters.get("ToPeriod"))
    if first is None or last is None:
        return
    for batch in _batches(site, first, last, parameters.get("Ledger") or "ACTUAL"):
        if batch["Status"] != "Posted" and not parameters.get("IncludeUnposted"):
            continue
        for line in batch["Details"]:
            yield {
                "Account": line["Account"],
                "BatchNumber": batch["BatchNbr"],
                "Branch": line["BranchID"],
                "CreditAmount": line["CreditAmount"],
                "CreditAmountInBaseCurrency": line["CreditAmount"],
                "Currency": batch["CurrencyID"],
                "CustomerVendor": line["VendorOrCustomer"],
                "DebitAmount": line["DebitAmount"],
                "DebitAmountInBaseCurrency": line["DebitAmount"],
                "LastModifiedDateTime": batch["LastModifiedDateTime"],
                "Ledger": batch["LedgerID"],
                "Module": batch["Module"],
                "PeriodID": batch["PostPeriod"],
                "Posted": batch["Status"] == "Posted",
                "Project": line["Project"],
                "RefNumber": line["ReferenceNbr"],
                "Released": True,
                "Subaccount": line["Subaccount"],
                "TransactionDate": batch["TransactionDate"],
                "TransactionDescription": line["TransactionDescription"],
                "TransactionType": batch["Module"],
            }


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
    entity = site.entities["JournalTransaction"]
    period, code = "field(_flat, 'PostPeriod')", "field(_flat, 'LedgerID')"
    order = f"substr({period}, 3) || substr({period}, 1, 2)"
    where = Condition(f"{order} BETWEEN ? AND ? AND {code} = ?", (first, last, ledger))
    return site.store.records(entity, Window(where))


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
