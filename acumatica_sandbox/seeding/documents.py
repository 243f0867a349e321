"""Invoices, payments that apply to them, bills, and the ledger batches that post them all."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from acumatica_sandbox.clock import on_sql_grain
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.seeding.calendar import period_of
from acumatica_sandbox.seeding.generic import Chance

TAX_RATE = Decimal("8.875")


def days_in_order(count: int, chance: Chance) -> list[date]:
    """Business days of the history, oldest first."""
    return sorted(chance.day() for _ in range(count))


def lines(chance: Chance, items: Sequence[Record], most: int) -> list[Record]:
    """One or more lines: item, quantity, price, amount."""
    rows = []
    for number in range(1, chance.random.randrange(1, most + 1) + 1):
        item = chance.pick(items) if items else {"InventoryID": None, "DefaultPrice": Decimal(10)}
        quantity = Decimal(chance.random.randrange(1, 20))
        price = item["DefaultPrice"] or Decimal("1.0")
        rows.append(
            {
                "LineNbr": number,
                "InventoryID": item["InventoryID"],
                "Quantity": quantity,
                "Price": price,
                "Amount": (quantity * price).quantize(Decimal("0.01")),
            }
        )
    return rows


def invoices(
    count: int, chance: Chance, customers: Sequence[Record], items: Sequence[Record]
) -> list[Record]:
    """Invoices and credit memos whose totals are their lines plus tax."""
    records = []
    for number, day in enumerate(days_in_order(count, chance), 1):
        customer = chance.pick(customers)
        kind = "Credit Memo" if number % 12 == 0 else "Invoice"
        rows = lines(chance, items, 4)
        taxable = sum((row["Amount"] for row in rows), Decimal(0))
        tax = (taxable * TAX_RATE / 100).quantize(Decimal("0.01"))
        modified = modified_after(day, chance)
        records.append(
            {
                "Type": kind,
                "ReferenceNbr": f"{number:06}",
                "Customer": customer["CustomerID"],
                "CustomerOrder": None,
                "Description": None if number % 5 else "Größe L / naïve résumé",
                "Date": day,
                "DueDate": day + timedelta(days=30),
                "PostPeriod": period_of(day),
                "Amount": taxable + tax,
                "Balance": taxable + tax,
                "TaxTotal": tax,
                "Status": "Open",
                "Hold": False,
                "Terms": "30D",
                "Project": "X",
                "LinkARAccount": "11000",
                "LinkBranch": "HQ",
                "LocationID": "MAIN",
                "CreatedDateTime": on_sql_grain(modified - timedelta(hours=1)),
                "LastModifiedDateTime": modified,
                "BillToContact": {"BusinessName": customer["CustomerName"], "Attention": None},
                "ApplicationsDefault": [],
                "Details": [
                    {
                        "LineNbr": row["LineNbr"],
                        "InventoryID": row["InventoryID"],
                        "Account": "40000",
                        "Subaccount": "000-000",
                        "Branch": "HQ",
                        "Qty": row["Quantity"],
                        "UOM": "EA",
                        "UnitPrice": row["Price"],
                        "ExtendedPrice": row["Amount"],
                        "Amount": row["Amount"],
                        "DiscountAmount": Decimal("0.0"),
                        "TransactionDescription": None,
                        "LastModifiedDateTime": modified,
                    }
                    for row in rows
                ],
                "TaxDetails": tax_rows(taxable, tax),
            }
        )
    return records


def payments(share: float, chance: Chance, invoices: Sequence[Record]) -> list[Record]:
    """Payments in part or whole of nearly all invoices older than 60 days, and a share of others.

    Lowers the invoices' balances.
    """
    records: list[Record] = []
    due = chance.now.date() - timedelta(days=60)
    for invoice in invoices:
        old = invoice["Date"] < due
        if invoice["Type"] != "Invoice" or chance.random.random() > (0.985 if old else share):
            continue
        whole = chance.random.random() < (0.99 if old else 0.7)
        paid = invoice["Amount"] if whole else (invoice["Amount"] / 2).quantize(Decimal("0.01"))
        number = f"{len(records) + 1:06}"
        day = min(invoice["Date"] + timedelta(days=20), chance.now.date() - timedelta(days=1))
        invoice["Balance"] -= paid
        invoice["Status"] = "Closed" if whole else "Open"
        modified = modified_after(day, chance)
        kind = "Prepayment" if len(records) % 15 == 14 else "Payment"
        invoice["ApplicationsDefault"] = [
            {
                "DocType": kind,
                "ReferenceNbr": number,
                "AmountPaid": paid,
                "Balance": Decimal("0.0"),
                "PaymentDate": day,
                "Status": "Closed",
                "CashDiscountTaken": Decimal("0.0"),
            }
        ]
        application = {
            "AmountPaid": paid,
            "CashDiscountTaken": Decimal("0.0"),
            "CustomerOrder": None,
            "Description": None,
            "DocType": "Invoice",
            "ReferenceNbr": invoice["ReferenceNbr"],
        }
        records.append(
            {
                "id": (identity := chance.guid()),
                "NoteID": identity,
                "Type": kind,
                "ReferenceNbr": number,
                "CustomerID": invoice["Customer"],
                "ApplicationDate": day,
                "PaymentAmount": paid,
                "AppliedToDocuments": paid,
                "AvailableBalance": Decimal("0.0"),
                "BranchID": "HQ",
                "CashAccount": "10100",
                "CurrencyID": "USD",
                "Description": None,
                "ExternalRef": f"CHK{chance.random.randrange(10**6):06}",
                "PaymentRef": number,
                "PaymentMethod": chance.pick(("CHECK", "WIRE")),
                "Hold": False,
                "IsCCPayment": False,
                "Status": "Closed",
                "LastModifiedDateTime": modified,
                "DocumentsToApply": [application],
                "ApplicationHistory": [
                    {
                        "AdjustedDocType": "Invoice",
                        "AdjustedRefNbr": invoice["ReferenceNbr"],
                        "AdjustmentNbr": 1,
                        "AmountPaid": paid,
                        "Balance": invoice["Balance"],
                        "Customer": invoice["Customer"],
                        "Date": invoice["Date"],
                        "DisplayDocType": "Invoice",
                        "DisplayRefNbr": invoice["ReferenceNbr"],
                    }
                ],
            }
        )
    return records


def bills(
    count: int, chance: Chance, vendors: Sequence[Record], items: Sequence[Record]
) -> list[Record]:
    """Bills of vendors whose amounts are their lines."""
    records = []
    for number, day in enumerate(days_in_order(count, chance), 1):
        vendor = chance.pick(vendors)
        rows = lines(chance, items, 4)
        total = sum((row["Amount"] for row in rows), Decimal(0))
        paid = chance.random.random() < 0.5
        records.append(
            {
                "Type": "Debit Adj." if number % 14 == 0 else "Bill",
                "ReferenceNbr": f"{number:06}",
                "Vendor": vendor["VendorID"],
                "VendorRef": f"INV-{chance.random.randrange(10**5)}",
                "Description": None,
                "Date": day,
                "DueDate": day + timedelta(days=30),
                "PostPeriod": period_of(day),
                "Amount": total,
                "Balance": Decimal("0.0") if paid else total,
                "TaxTotal": Decimal("0.0"),
                "Status": "Closed" if paid else "Open",
                "Hold": False,
                "BranchID": "HQ",
                "CurrencyID": "USD",
                "CashAccount": "10100",
                "LocationID": "MAIN",
                "Terms": "30D",
                "Project": "X",
                "LastModifiedDateTime": modified_after(day, chance),
                "TaxDetails": [],
                "Details": [
                    {
                        "LineNbr": row["LineNbr"],
                        "InventoryID": row["InventoryID"],
                        "Account": "50000",
                        "Subaccount": "000-000",
                        "Branch": "HQ",
                        "Qty": row["Quantity"],
                        "UOM": "EA",
                        "UnitCost": row["Price"],
                        "ExtendedCost": row["Amount"],
                        "Amount": row["Amount"],
                        "Description": None,
                        "TransactionDescription": None,
                    }
                    for row in rows
                ],
            }
        )
    return records


def batches(
    chance: Chance,
    invoices: Sequence[Record],
    payments: Sequence[Record],
    bills: Sequence[Record],
) -> Iterator[Record]:
    """A ledger batch for every document; debits equal credits in each."""
    for number, invoice in enumerate(invoices, 1):
        net = invoice["Amount"] - invoice["TaxTotal"]
        entries = [("11000", invoice["Amount"]), ("40000", -net), ("22000", -invoice["TaxTotal"])]
        sign = -1 if invoice["Type"] == "Credit Memo" else 1
        yield _batch("AR", f"{number:06}", invoice, invoice["Date"], sign, entries, chance)
    for number, payment in enumerate(payments, len(invoices) + 1):
        entries = [("10100", payment["PaymentAmount"]), ("11000", -payment["PaymentAmount"])]
        yield _batch("AR", f"{number:06}", payment, payment["ApplicationDate"], 1, entries, chance)
    for number, bill in enumerate(bills, 1):
        sign = -1 if bill["Type"] == "Debit Adj." else 1
        entries = [("50000", bill["Amount"]), ("20000", -bill["Amount"])]
        yield _batch("AP", f"{number:06}", bill, bill["Date"], sign, entries, chance)


def _batch(
    module: str,
    number: str,
    document: Record,
    day: date,
    sign: int,
    entries: Sequence[tuple[str, Decimal]],
    chance: Chance,
) -> Record:
    party = document.get("Customer") or document.get("CustomerID") or document.get("Vendor")
    modified = document["LastModifiedDateTime"]
    return {
        "Module": module,
        "BatchNbr": number,
        "BranchID": "HQ",
        "CurrencyID": "USD",
        "Description": f"{document['Type']} {document['ReferenceNbr']}",
        "Hold": False,
        "LedgerID": "ACTUAL",
        "PostPeriod": period_of(day),
        "Status": "Posted",
        "TransactionDate": day,
        "CreatedDateTime": modified,
        "LastModifiedDateTime": modified,
        "Details": [
            {
                "LineNbr": line,
                "Account": account,
                "Subaccount": "000-000",
                "BranchID": "HQ",
                "DebitAmount": max(sign * amount, Decimal("0.0")),
                "CreditAmount": max(-sign * amount, Decimal("0.0")),
                "Description": None,
                "TransactionDescription": f"{document['Type']} {document['ReferenceNbr']}",
                "ReferenceNbr": document["ReferenceNbr"],
                "VendorOrCustomer": party,
                "NonBillable": False,
                "Project": "X",
                "Qty": Decimal("0.0"),
                "UOM": None,
            }
            for line, (account, amount) in enumerate(entries, 1)
        ],
    }


def tax_rows(taxable: Decimal, tax: Decimal) -> list[Record]:
    """The tax of a document."""
    return [
        {
            "LineNbr": 1,
            "TaxID": "NYSTATETAX",
            "TaxRate": TAX_RATE,
            "TaxableAmount": taxable,
            "TaxAmount": tax,
        }
    ]


def modified_after(day: date, chance: Chance) -> datetime:
    """A stamp within three weeks of the day, and not of the last two hours."""
    start = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    latest = min(start + timedelta(days=21), chance.now - timedelta(hours=2))
    return on_sql_grain(start + (latest - start) * chance.random.random())
