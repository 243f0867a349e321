"""The rows that inquiry forms show."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.store import Condition, Window
from acumatica_sandbox.rest.ledger_rows import ledger_rows
from acumatica_sandbox.seeding.generic import complete
from acumatica_sandbox.site import Site

LEDGER = "JournalTransaction LedgerID:s PostPeriod:s Status:s"
LINES = "JournalTransaction/Details Account:s CreditAmount:d DebitAmount:d"
NEEDS = {
    "AccountDetailsForPeriodInquiry": (LEDGER, LINES),
    "AccountSummaryInquiry": (
        LEDGER,
        LINES,
        "Account AccountCD:s AccountClass:s Description:s Type:s",
    ),
    "InventorySummaryInquiry": (
        "StockItem InventoryID:s AverageCost:d BaseUOM:s",
        "StockItem/WarehouseDetails QtyOnHand:d WarehouseID:s",
    ),
}
"""What the rows of forms are made of: records or their parts, with fields and types.

Where a contract does not have that, rows are made up, as those of any other form.
"""


def answer_of(site: Site, inquiry: EntityModel, parameters: Record) -> Record:
    """The form with its parameters echoed and its rows."""
    record: Record = {"id": site.chance.guid(), **parameters}
    for name in inquiry.shape.fields:
        record.setdefault(name, None)
    for name in inquiry.shape.linked:
        record.setdefault(name, None)
    true = _has_all(site, inquiry)
    if true:
        record[next(iter(inquiry.shape.details))] = _true_rows(site, inquiry, parameters)
    for name, detail_shape in inquiry.shape.details.items():
        rows = record.setdefault(name, [{} for _ in range(3)])
        if isinstance(rows, bytes):
            continue
        for row in rows:
            row["id"] = site.chance.guid()
            if true:
                row |= {field: row.get(field) for field in detail_shape.fields}
                row |= {field: row.get(field) for field in detail_shape.linked}
            complete(detail_shape, row, site.chance)
    return record


def _has_all(site: Site, inquiry: EntityModel) -> bool:
    """Whether the rows of a form can be made of the instance's records."""
    needs = NEEDS.get(inquiry.name)
    if needs is None or len(inquiry.shape.details) != 1:
        return False
    for need in needs:
        place, *fields = need.split()
        name, *path = place.split("/")
        entity = site.entities.get(name)
        if entity is None or entity.inquiry:
            return False
        details = entity.shape.details
        if path and path[0] not in details:
            return False
        known = details[path[0]].fields if path else entity.shape.fields
        if any(known.get(field.partition(":")[0]) != field[-1] for field in fields):
            return False
    return True


def _true_rows(site: Site, inquiry: EntityModel, parameters: Record) -> list[Record] | bytes:
    if inquiry.name == "AccountSummaryInquiry":
        return list(_balance_rows(site, parameters))
    if inquiry.name == "InventorySummaryInquiry":
        return list(_stock_rows(site, parameters))
    first, last = (_sortable(parameters.get(name)) for name in ("FromPeriod", "ToPeriod"))
    window = _window(site, first, last) if first and last else Window(Condition("0"))
    return ledger_rows(site, inquiry, window, parameters)


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
        amounts = {
            "BeginningBalance": before.get(code, zero),
            "DebitTotal": debits.get(code, zero),
            "CreditTotal": credits.get(code, zero),
            "PtdTotal": net,
            "EndingBalance": before.get(code, zero) + net,
        }
        yield {
            "Account": code,
            "AccountClass": account["AccountClass"],
            "Description": account["Description"],
            "Type": account["Type"],
            "Branch": "HQ",
            "Subaccount": "000-000",
            "LedgerID": 1,
            "CurrencyID": "USD",
            **amounts,
            **{f"Currency{name}": amount for name, amount in amounts.items()},
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
