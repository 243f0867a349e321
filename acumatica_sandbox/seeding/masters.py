"""Accounts, ledgers, the calendar, customers, vendors and items."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.seeding import words
from acumatica_sandbox.seeding.calendar import periods, year_of
from acumatica_sandbox.seeding.generic import Chance

ACCOUNTS = (
    ("10100", "Checking account", "Asset", "CASHASSET"),
    ("11000", "Accounts receivable", "Asset", "AR"),
    ("12000", "Inventory", "Asset", "INVENTORY"),
    ("20000", "Accounts payable", "Liability", "AP"),
    ("22000", "Sales tax payable", "Liability", "TAX"),
    ("31000", "Retained earnings", "Liability", "EQUITY"),
    ("40000", "Sales revenue", "Income", "SALES"),
    ("41000", "Service revenue", "Income", "SALES"),
    ("50000", "Cost of goods sold", "Expense", "COGS"),
    ("61000", "Office expense", "Expense", "EXSGA"),
    ("62000", "Freight expense", "Expense", "EXSGA"),
)
WAREHOUSES = ("MAIN", "WEST")


def accounts(chance: Chance) -> Iterator[Record]:
    """The chart of accounts."""
    for number, (code, description, kind, group) in enumerate(ACCOUNTS, 1):
        created = chance.moment()
        yield {
            "AccountCD": code,
            "AccountID": 1000 + number,
            "Description": description,
            "Type": kind,
            "AccountClass": group,
            "AccountGroup": None,
            "Active": True,
            "CashAccount": code == "10100",
            "ChartOfAccountsOrder": number,
            "CurrencyID": None,
            "PostOption": "Detail",
            "CreatedDateTime": created,
            "LastModifiedDateTime": chance.moment(created),
        }


def ledgers(chance: Chance) -> Iterator[Record]:
    """The ledgers: one of actual postings, and one of a budget."""
    for code, description, kind in (
        ("ACTUAL", "Actual ledger", "Actual"),
        ("BUDGET", "Yearly budget", "Budget"),
    ):
        yield {
            "LedgerID": code,
            "Description": description,
            "Type": kind,
            "Currency": "USD",
            "ConsolidationSource": False,
            "LastModifiedDateTime": chance.moment(),
            "Branches": [
                {
                    "BranchID": "HQ",
                    "BranchName": "Headquarters",
                    "CompanyName": "Company",
                    "Active": True,
                }
            ],
        }


def financial_years(chance: Chance) -> Iterator[Record]:
    """The master calendar over the years of the history and the present one."""
    last = year_of(chance.now.date())
    for year in range(last - 3, last + 1):
        rows: list[Record] = []
        for number, (period, first, end) in enumerate(periods(year), 1):
            closed = end < chance.now.date() - timedelta(days=60)
            rows.append(
                {
                    "FinancialPeriodID": period,
                    "PeriodNbr": f"{number:02}",
                    "Description": f"{first:%B %Y}",
                    "StartDate": first,
                    "EndDate": end,
                    "LengthInDays": (end - first).days + 1,
                    "Status": "Closed" if closed else "Open",
                    "AdjustmentPeriod": False,
                    **{f"ClosedIn{module}": closed for module in ("AP", "AR", "CA", "FA", "IN")},
                }
            )
        created = chance.moment()
        yield {
            "FinancialYear": str(year),
            "StartDate": rows[0]["StartDate"],
            "NbrOfPeriods": 12,
            "UserDefinedPeriods": False,
            "CreatedDateTime": created,
            "LastModifiedDateTime": chance.moment(created),
            "Details": rows,
        }


def customers(count: int, chance: Chance) -> Iterator[Record]:
    """Customers with their main contacts."""
    for number in range(1, count + 1):
        name = company_name(chance)
        contact = _contact(number, name, chance)
        created = chance.moment()
        yield {
            "id": chance.guid(),
            "note": words.NOTES[number % 40] if number % 40 < len(words.NOTES) else None,
            "CustomerID": f"C{number:06}",
            "CustomerName": name,
            "BAccountID": 5000 + number,
            "CustomerClass": chance.pick(("DEFAULT", "LOCAL", "KEY")),
            "Status": "Active" if chance.random.random() < 0.9 else "On Hold",
            "Email": contact["Email"],
            "CreditLimit": Decimal(chance.random.randrange(0, 50) * 1000),
            "WriteOffLimit": Decimal("0.0"),
            "CurrencyID": "USD",
            "LocationName": "Primary Location",
            "StatementCycleID": "MONTHLY",
            "Terms": chance.pick(("30D", "15D", "COD")),
            "TaxZone": chance.pick(("NYSTATE", None)),
            "PriceClassID": None,
            "WarehouseID": chance.pick(WAREHOUSES),
            "NoteID": None,
            "CreatedDateTime": created,
            "LastModifiedDateTime": chance.moment(created),
            "MainContact": contact,
            "Contacts": [
                {
                    "ContactID": contact["ContactID"],
                    "Contact": _contact(number, name, chance),
                    "LastModifiedDateTime": contact["LastModifiedDateTime"],
                }
            ],
        }


def vendors(count: int, chance: Chance) -> Iterator[Record]:
    """Vendors with their main contacts."""
    for number in range(1, count + 1):
        name = company_name(chance)
        created = chance.moment()
        yield {
            "VendorID": f"V{number:06}",
            "VendorName": name,
            "LegalName": name,
            "VendorClass": chance.pick(("DEFAULT", "SUPPLIER")),
            "Status": "Active",
            "CurrencyID": "USD",
            "CashAccount": "10100",
            "PaymentMethod": "CHECK",
            "LocationName": "Primary Location",
            "Terms": "30D",
            "F1099Vendor": False,
            "CreatedDateTime": created,
            "LastModifiedDateTime": chance.moment(created),
            "MainContact": _contact(90_000 + number, name, chance),
        }


def stock_items(count: int, chance: Chance) -> Iterator[Record]:
    """Items with their quantities in the warehouses."""
    for number in range(1, count + 1):
        thing = chance.pick(words.THINGS)
        cost = chance.money(400)
        modified = chance.moment()
        yield {
            "id": (identity := chance.guid()),
            "NoteID": identity,
            "InventoryID": f"{thing.upper()[:6]}{number:05}",
            "Description": f"{chance.pick(words.QUALITIES)} {thing}",
            "ItemClass": "STOCKITEM",
            "ItemStatus": chance.pick(("Active", "Active", "Active", "No Purchases", "Inactive")),
            "ItemType": "Finished Good",
            "BaseUOM": "EA",
            "SalesUOM": "EA",
            "DefaultPrice": (cost * Decimal("1.4")).quantize(Decimal("0.0001")),
            "AverageCost": cost,
            "LastCost": cost,
            "CurrentStdCost": Decimal("0.0"),
            "DefaultWarehouseID": "MAIN",
            "ValuationMethod": "Average",
            "PostingClass": "AOL",
            "TaxCategory": "TAXABLE",
            "IsAKit": False,
            "LastModified": modified,
            "LastModifiedDateTime": modified,
            "custom": {
                "Item.AttributeSEASON": chance.pick(("SUMMER", "WINTER", None)),
                "ItemSettings.UsrWeightLimit": chance.money(90),
            },
            "WarehouseDetails": [
                {
                    "WarehouseID": warehouse,
                    "QtyOnHand": Decimal(chance.random.randrange(0, 900)),
                    "IsDefault": warehouse == "MAIN",
                    "Status": "Active",
                }
                for warehouse in WAREHOUSES
            ],
        }


def ship_vias(chance: Chance) -> Iterator[Record]:
    """Carriers; an entity without a modification stamp."""
    for code, description in (
        ("FEDEX", "FedEx ground"),
        ("LOCAL", "Own van"),
        ("UPS", "UPS ground"),
    ):
        yield {"CarrierID": code, "Description": description, "CommonCarrier": code != "LOCAL"}


def company_name(chance: Chance) -> str:
    """A company's name."""
    return f"{chance.pick(words.PLACES)} {chance.pick(words.TRADES)} {chance.pick(words.FORMS)}"


def address(chance: Chance) -> Record:
    """A postal address."""
    city, state, country, code = chance.pick(words.CITIES)
    return {
        "AddressLine1": f"{chance.random.randrange(1, 999)} {chance.pick(words.STREETS)}",
        "AddressLine2": None,
        "City": city,
        "State": state,
        "Country": country,
        "PostalCode": code,
        "Validated": False,
    }


def _contact(number: int, company: str, chance: Chance) -> Record:
    first, last = chance.pick(words.FIRST), chance.pick(words.LAST)
    host = "".join(letter for letter in company.lower() if letter.isascii() and letter.isalpha())
    return {
        "ContactID": 100_000 + number,
        "FirstName": first,
        "LastName": last,
        "DisplayName": f"{last}, {first}",
        "CompanyName": company,
        "Email": f"info{number}@{host}.example.com",
        "Phone1": f"+1 555 {chance.random.randrange(10**7):07}",
        "Phone1Type": "Business 1",
        "Title": None,
        "Type": "Contact",
        "WebSite": None,
        "Active": True,
        "LastModifiedDateTime": chance.moment(),
        "Address": address(chance),
    }
