"""The built-in contract: the entities of a Default endpoint that the sandbox knows by itself.

Names and types are those that instances publish in the swagger documents of their Default
endpoints.
"""

from dataclasses import replace

from acumatica_sandbox.records.drop_downs import (
    BILL_TYPES,
    DOC_TYPES,
    MODULES,
    PAYMENT_TYPES,
)
from acumatica_sandbox.records.keys import keys_of
from acumatica_sandbox.records.model import EntityModel, shape

ADDRESS = shape(
    "Address", "AddressLine1:s AddressLine2:s City:s Country:s PostalCode:s State:s Validated:b"
)
CONTACT = shape(
    "Contact",
    "Active:b Attention:s CompanyName:s ContactID:i DisplayName:s Email:s FirstName:s JobTitle:s "
    "LastModifiedDateTime:t LastName:s Phone1:s Phone1Type:s Title:s Type:s WebSite:s",
    Address=ADDRESS,
)
DOC_CONTACT = shape("DocContact", "Attention:s BusinessName:s Email:s Phone1:s")
ATTRIBUTE = shape(
    "AttributeValue",
    "AttributeID:s AttributeDescription:s IsActive:b RefNoteID:g Required:b Value:s "
    "ValueDescription:s",
)

_ENTITIES = (
    EntityModel(
        "Account",
        "Chart of Accounts (GL202500)",
        shape(
            "Account",
            "AccountCD:s AccountClass:s AccountGroup:s AccountID:i Active:b CashAccount:b "
            "ChartOfAccountsOrder:i CreatedDateTime:t CurrencyID:s Description:s "
            "LastModifiedDateTime:t PostOption:s RequireUnits:b Secured:b TaxCategory:s Type:s "
            "UseDefaultSubaccount:b",
        ),
        stamps=("LastModifiedDateTime",),
    ),
    EntityModel(
        "AccountDetailsForPeriodInquiry",
        "Account Details for Period (GL404001)",
        shape(
            "AccountDetailsForPeriodInquiry",
            "FromPeriod:s Ledger:s ToPeriod:s IncludeUnposted:b IncludeUnreleased:b",
            Results=[
                shape(
                    "AccountDetailsForPeriodInquiryDetail",
                    "Account:s BatchNumber:s Branch:s CreditAmount:d CreditAmountInBaseCurrency:d "
                    "Currency:s CustomerVendor:s DebitAmount:d DebitAmountInBaseCurrency:d "
                    "LastModifiedDateTime:t Ledger:s Module:s PeriodID:s Project:s ProjectTask:s "
                    "RefNumber:s Subaccount:s TransactionDate:D TransactionDescription:s "
                    "TransactionType:s Posted:b Released:b",
                )
            ],
        ),
        inquiry=True,
    ),
    EntityModel(
        "AccountSummaryInquiry",
        "Account Summary (GL401000)",
        shape(
            "AccountSummaryInquiry",
            "AccountClass:s Branch:s Ledger:s Period:s Subaccount:s",
            Results=[
                shape(
                    "AccountSummaryRow",
                    "Account:s AccountClass:s BeginningBalance:d Branch:s ConsolidationAccount:s "
                    "CreditTotal:d CurrencyBeginningBalance:d CurrencyCreditTotal:d "
                    "CurrencyDebitTotal:d CurrencyEndingBalance:d CurrencyID:s CurrencyPtdTotal:d "
                    "DebitTotal:d Description:s EndingBalance:d LastActivity:s LedgerID:i "
                    "PtdTotal:d Subaccount:s Type:s",
                )
            ],
        ),
        inquiry=True,
    ),
    EntityModel(
        "Bill",
        "Bills and Adjustments (AP301000)",
        shape(
            "Bill",
            "Amount:d ApprovedForPayment:b Balance:d BranchID:s CashAccount:s CurrencyID:s Date:D "
            "Description:s DueDate:D Hold:b LocationID:s PostPeriod:s Project:s ReferenceNbr:s "
            "Status:s TaxTotal:d Terms:s Type:s Vendor:s VendorRef:s IsTaxValid:b "
            "LastModifiedDateTime:t",
            Details=[
                shape(
                    "BillDetail",
                    "Account:s Amount:d Branch:s Description:s ExtendedCost:d InventoryID:s "
                    "Project:s Qty:d Subaccount:s TaxCategory:s TransactionDescription:s "
                    "UnitCost:d UOM:s",
                )
            ],
            TaxDetails=[shape("BillTaxDetail", "TaxableAmount:d TaxAmount:d TaxID:s TaxRate:d")],
        ),
        codes={"Type": BILL_TYPES},
        stamps=("LastModifiedDateTime",),
    ),
    EntityModel(
        "Customer",
        "Customers (AR303000)",
        shape(
            "Customer",
            "AutoApplyPayments:b BAccountID:i CreatedDateTime:t CreditLimit:d CurrencyID:s "
            "CustomerClass:s CustomerID:s CustomerName:s Email:s LastModifiedDateTime:t "
            "LocationName:s NoteID:g PriceClassID:s PrintInvoices:b ShippingTerms:s ShipVia:s "
            "StatementCycleID:s Status:s TaxRegistrationID:s TaxZone:s Terms:s WarehouseID:s "
            "WriteOffLimit:d",
            CreditVerificationRules=shape(
                "CreditVerificationRules",
                "CreditDaysPastDue:h CreditLimit:d CreditVerification:s FirstDueDate:D "
                "OpenOrdersBalance:d RemainingCreditLimit:d UnreleasedBalance:d",
            ),
            MainContact=CONTACT,
            Attributes=[ATTRIBUTE],
            Contacts=[
                shape("CustomerContact", "ContactID:i LastModifiedDateTime:t", Contact=CONTACT)
            ],
        ),
        stamps=("LastModifiedDateTime",),
        views={
            "LastModifiedDateTime": "CurrentCustomer",
            "CreatedDateTime": "CurrentCustomer",
            "CustomerClass": "CurrentCustomer",
            "Terms": "CurrentCustomer",
        },
        refused={"CreditVerificationRules": "CustomerBalance"},
    ),
    EntityModel(
        "FinancialPeriod",
        "Master Financial Calendar (GL201000)",
        shape(
            "FinancialPeriod",
            "CreatedDateTime:t FinancialYear:s LastModifiedDateTime:t NbrOfPeriods:h StartDate:D "
            "UserDefinedPeriods:b",
            Details=[
                shape(
                    "FinancialPeriodDetail",
                    "AdjustmentPeriod:b ClosedInAP:b ClosedInAR:b ClosedInCA:b ClosedInFA:b "
                    "ClosedInIN:b Description:s EndDate:D FinancialPeriodID:s LengthInDays:i "
                    "PeriodNbr:s StartDate:D Status:s",
                )
            ],
        ),
        stamps=("LastModifiedDateTime",),
    ),
    EntityModel(
        "InventorySummaryInquiry",
        "Inventory Summary (IN401000)",
        shape(
            "InventorySummaryInquiry",
            "ExpandByLotSerialNbr:b InventoryID:s LocationID:s Subitem:s WarehouseID:s",
            Results=[
                shape(
                    "InventorySummaryRow",
                    "BaseUOM:s EstimatedTotalCost:d EstimatedUnitCost:d LocationID:s "
                    "LotSerialNbr:s QtyAvailable:d QtyAvailableForShipment:d QtyOnHand:d "
                    "Subitem:s WarehouseID:s",
                )
            ],
        ),
        inquiry=True,
    ),
    EntityModel(
        "Invoice",
        "Invoices and Memos (AR301000)",
        shape(
            "Invoice",
            "Amount:d Balance:d BillingPrinted:b CreatedDateTime:t Customer:s CustomerOrder:s "
            "Date:D Description:s DueDate:D Hold:b LastModifiedDateTime:t LinkARAccount:s "
            "LinkBranch:s LocationID:s PostPeriod:s Project:s ReferenceNbr:s Status:s "
            "IsTaxValid:b TaxTotal:d Terms:s Type:s",
            BillToContact=DOC_CONTACT,
            ApplicationsDefault=[
                shape(
                    "InvoiceApplicationsDefault",
                    "AmountPaid:d Balance:d CashDiscountTaken:d DocType:s PaymentDate:D "
                    "ReferenceNbr:s Status:s",
                )
            ],
            Details=[
                shape(
                    "InvoiceDetail",
                    "Account:s Amount:d Branch:s DiscountAmount:d ExtendedPrice:d InventoryID:s "
                    "LastModifiedDateTime:t LineNbr:i Qty:d Subaccount:s "
                    "TransactionDescription:s UnitPrice:d UOM:s TaxCategory:s",
                )
            ],
            TaxDetails=[shape("InvoiceTaxDetail", "TaxableAmount:d TaxAmount:d TaxID:s TaxRate:d")],
        ),
        codes={"Type": DOC_TYPES},
        stamps=("LastModifiedDateTime",),
        actions=("ReleaseInvoice",),
    ),
    EntityModel(
        "JournalTransaction",
        "Journal Transactions (GL301000)",
        shape(
            "JournalTransaction",
            "BatchNbr:s BranchID:s CreatedDateTime:t CurrencyID:s Description:s Hold:b "
            "LastModifiedDateTime:t LedgerID:s Module:s PostPeriod:s Status:s TransactionDate:D",
            Details=[
                shape(
                    "JournalTransactionDetail",
                    "Account:s BranchID:s CreditAmount:d DebitAmount:d Description:s LineNbr:i "
                    "NonBillable:b Project:s Qty:d ReferenceNbr:s Subaccount:s "
                    "TransactionDescription:s UOM:s VendorOrCustomer:s",
                )
            ],
        ),
        codes={"Module": MODULES},
        stamps=("LastModifiedDateTime",),
        sought=("PostPeriod",),
    ),
    EntityModel(
        "Ledger",
        "Ledgers (GL201500)",
        shape(
            "Ledger",
            "ConsolidationSource:b Currency:s Description:s LastModifiedDateTime:t LedgerID:s "
            "Type:s",
            Branches=[shape("LedgerBranches", "Active:b BranchID:s BranchName:s CompanyName:s")],
        ),
        stamps=("LastModifiedDateTime",),
    ),
    EntityModel(
        "Payment",
        "Payments and Applications (AR302000)",
        shape(
            "Payment",
            "ApplicationDate:D AppliedToDocuments:d AvailableBalance:d BranchID:s CashAccount:s "
            "CurrencyID:s CustomerID:s Description:s ExternalRef:s Hold:b IsCCPayment:b "
            "LastModifiedDateTime:t NoteID:g PaymentAmount:d PaymentMethod:s PaymentRef:s "
            "ReferenceNbr:s Status:s Type:s",
            ApplicationHistory=[
                shape(
                    "PaymentApplicationHistoryDetail",
                    "AdjustedDocType:s AdjustedRefNbr:s AdjustmentNbr:i AmountPaid:d Balance:d "
                    "Customer:s Date:D DisplayDocType:s DisplayRefNbr:s",
                )
            ],
            DocumentsToApply=[
                shape(
                    "PaymentDetail",
                    "AmountPaid:d CashDiscountTaken:d CustomerOrder:s Description:s DocType:s "
                    "ReferenceNbr:s",
                )
            ],
        ),
        codes={"Type": PAYMENT_TYPES},
        stamps=("LastModifiedDateTime",),
        refused={"ApplicationHistory": "ARPost"},
    ),
    EntityModel(
        "SalesOrder",
        "Sales Orders (SO301000)",
        shape(
            "SalesOrder",
            "Approved:b Branch:s ContactID:s ControlTotal:d CreatedDate:t CreditHold:b "
            "CurrencyID:s CurrencyRate:d CustomerID:s CustomerOrder:s Date:D Description:s "
            "EffectiveDate:D ExternalRef:s Hold:b IsTaxValid:b LastModified:t LocationID:s "
            "NoteID:g OrderedQty:d OrderNbr:s OrderTotal:d OrderType:s PaymentMethod:s "
            "Project:s RequestedOn:D ShipVia:s Status:s TaxTotal:d WillCall:b",
            BillToAddress=ADDRESS,
            Details=[
                shape(
                    "SalesOrderDetail",
                    "Account:s Amount:d Branch:s Completed:b DiscountAmount:d DiscountPercent:d "
                    "ExtendedPrice:d FreeItem:b InventoryID:s LastModifiedDate:s "
                    "LineDescription:s LineNbr:i LineType:s OpenQty:d OrderQty:d RequestedOn:D "
                    "ShipOn:D TaxCategory:s UnitCost:d UnitPrice:d UOM:s WarehouseID:s",
                    Allocations=[
                        shape(
                            "SalesOrderDetailAllocation",
                            "Allocated:b Completed:b LineNbr:i Qty:d SplitLineNbr:i UOM:s",
                        )
                    ],
                )
            ],
            ShipToAddress=ADDRESS,
            TaxDetails=[
                shape("TaxDetail", "LineNbr:i TaxableAmount:d TaxAmount:d TaxID:s TaxRate:d")
            ],
            Totals=shape("Totals", "DiscountTotal:d LineTotalAmount:d TaxTotal:d UnpaidBalance:d"),
        ),
        stamps=("LastModified",),
        custom={
            "Document.AttributeCHANNEL": "s",
            "Document.UsrPriority": "i",
            "Details/Transactions.UsrPackaging": "s",
            "Details/Transactions.UsrInsuredValue": "d",
        },
        actions=("OpenSalesOrder", "CancelSalesOrder", "ReopenSalesOrder"),
    ),
    EntityModel(
        "ShipVia",
        "Ship via Codes (CS207500)",
        shape(
            "ShipVia",
            "Calendar:s CarrierID:s CommonCarrier:b Description:s TaxCategory:s",
            FreightRates=[shape("FreightRate", "LineNbr:i Rate:d Volume:d Weight:d ZoneID:s")],
        ),
    ),
    EntityModel(
        "StockItem",
        "Stock Items (IN202500)",
        shape(
            "StockItem",
            "AverageCost:d BaseUOM:s CountryOfOrigin:s CurrentStdCost:d DefaultPrice:d "
            "DefaultWarehouseID:s Description:s DimensionVolume:d DimensionWeight:d InventoryID:s "
            "IsAKit:b ItemClass:s ItemStatus:s ItemType:s LastCost:d LastModified:t "
            "LastModifiedDateTime:t MSRP:d NoteID:g PostingClass:s SalesUOM:s TaxCategory:s "
            "ValuationMethod:s",
            Attributes=[ATTRIBUTE],
            WarehouseDetails=[
                shape(
                    "StockItemWarehouseDetail",
                    "IsDefault:b QtyOnHand:d Status:s WarehouseID:s",
                )
            ],
        ),
        stamps=("LastModified", "LastModifiedDateTime"),
        custom={"Item.AttributeSEASON": "s", "ItemSettings.UsrWeightLimit": "d"},
    ),
    EntityModel(
        "Vendor",
        "Vendors (AP303000)",
        shape(
            "Vendor",
            "CashAccount:s CreatedDateTime:t CurrencyID:s F1099Vendor:b LastModifiedDateTime:t "
            "LegalName:s LocationName:s MaxReceipt:d PaymentMethod:s Status:s "
            "TaxRegistrationID:s TaxZone:s Terms:s VendorClass:s VendorID:s VendorName:s",
            MainContact=CONTACT,
            Attributes=[ATTRIBUTE],
        ),
        stamps=("LastModifiedDateTime",),
    ),
)

ENTITIES: tuple[EntityModel, ...] = tuple(
    entity
    if entity.inquiry
    else replace(entity, keys=keys_of(entity.name, list(entity.shape.fields)))
    for entity in _ENTITIES
)
CUSTOM_OF_VERSION_5 = {
    "SalesOrder": {
        "Document.AttributePRODUCT": "s",
        "Document.AttributeTAGS": "s",
        "Document.UsrPickup": "D",
        "Document.UsrWeight": "d",
    }
}
"""Custom fields that instances with contract version 5 have besides: of its new types."""


def with_custom_of_version_5(entity: EntityModel) -> EntityModel:
    """An entity of an instance that speaks contract version 5."""
    more = CUSTOM_OF_VERSION_5.get(entity.name, {})
    return replace(entity, custom={**entity.custom, **more}) if more else entity
