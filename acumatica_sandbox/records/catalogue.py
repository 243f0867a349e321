"""What is offered over OData: the generic inquiries, and the data access classes (DACs).

Names, keys and relations of DACs are those of Acumatica ERP; of their hundreds of fields the
sandbox has some. A column is `Name` or `Name=path of the field`, after the name:

* `#`: the stored code is shown, not the label;
* `!`: computed, so that it can be neither filtered by nor, in a DAC, selected;
* `@Entity`: the number of the record of that entity which the field names.
"""

from dataclasses import dataclass

DELETED = "DeletedDatabaseRecord"
KEEPS_DELETED = ("Customer", "StockItem")
WIDTHS = {"CustomerID": 10, "VendorID": 10, "AcctCD": 10, "InventoryID": 30, "InventoryCD": 30}
"""Fixed-width texts come padded to this many characters."""


@dataclass(frozen=True)
class InquirySpec:
    """A generic inquiry."""

    name: str
    entity: str
    columns: str
    keys: str
    parameter: str | None = None


@dataclass(frozen=True)
class ClassSpec:
    """A data access class."""

    names: str
    """Its entity sets: by full name, by display name and by class name, where these differ."""
    entity: str
    columns: str
    keys: str
    detail: str | None = None
    base: str | None = None
    """The class that it adds fields to."""
    filterable: bool = True
    """Whether a request may filter it."""
    singleton: bool = False
    """Whether it is one row without a key, not a set."""


INQUIRIES = (
    InquirySpec(
        "BI-Customers",
        "Customer",
        "CustomerID CustomerName CustomerClass Status CreditLimit City=MainContact/Address/City "
        "Terms LastModifiedDateTime NameAndID!=CustomerName",
        "CustomerID",
    ),
    InquirySpec(
        "Sales Orders",
        "SalesOrder",
        "OrderType OrderNbr CustomerID Status Date OrderTotal OrderedQty Description "
        "LastModifiedDateTime=LastModified",
        "OrderType OrderNbr",
    ),
    InquirySpec(
        "InvoicesOfCustomer",
        "Invoice",
        "Type ReferenceNbr Customer Date DueDate Amount Balance Status LastModifiedDateTime",
        "Type ReferenceNbr",
        "Customer",
    ),
    InquirySpec(
        "Stock by Item",
        "StockItem",
        "InventoryID Description ItemStatus DefaultPrice AverageCost LastModifiedDateTime",
        "InventoryID",
    ),
    InquirySpec(
        "DB-StorageDetails",
        "StockItem",
        "InventoryID Description Warehouse=DefaultWarehouseID ItemStatus LastModifiedDateTime",
        "InventoryID",
        "Warehouse",
    ),
    InquirySpec(
        "Item Availability Data",
        "StockItem",
        "InventoryID Description ItemStatus ItemClass DefaultPrice LastModifiedDateTime",
        "InventoryID",
        "ItemClass",
    ),
)

BUSINESS_ACCOUNT = "PX_Objects_CR_BAccount"
BUSINESS_ACCOUNT_NAMES = f"{BUSINESS_ACCOUNT} BusinessAccount BAccount"
BUSINESS_ACCOUNT_COLUMNS = (
    "AcctCD AcctName BAccountID Status NoteID LastModifiedDateTime CreatedDateTime tstamp ViewInCrm"
)
CLASSES = (
    ClassSpec(
        "PX_Objects_AR_Customer Customer",
        "Customer",
        "AcctCD=CustomerID AcctName=CustomerName BAccountID@Customer=CustomerID "
        "CustomerClassID=CustomerClass Status#=Status CreditLimit TermsID=Terms NoteID=id "
        "LastModifiedDateTime CreatedDateTime tstamp=LastModifiedDateTime "
        "IsBillSameAsMain!=PrintInvoices ViewInCrm!=PrintInvoices",
        "AcctCD",
        base=BUSINESS_ACCOUNT,
    ),
    ClassSpec(
        "PX_Objects_AP_Vendor Vendor",
        "Vendor",
        "AcctCD=VendorID AcctName=VendorName BAccountID@Vendor=VendorID VendorClassID=VendorClass "
        "Status#=Status TermsID=Terms NoteID=id LastModifiedDateTime CreatedDateTime "
        "tstamp=LastModifiedDateTime ViewInCrm!=F1099Vendor",
        "AcctCD",
        base=BUSINESS_ACCOUNT,
    ),
    ClassSpec(
        "PX_Objects_SO_SOOrder SalesOrder SOOrder",
        "SalesOrder",
        "OrderType OrderNbr CustomerID@Customer=CustomerID Status#=Status OrderDate=Date "
        "OrderDesc=Description CuryID=CurrencyID CuryOrderTotal=OrderTotal OrderQty=OrderedQty "
        "CuryTaxTotal=TaxTotal Hold NoteID=id LastModifiedDateTime=LastModified "
        "CreatedDateTime=CreatedDate tstamp=LastModified CuryDocBal!=OrderTotal",
        "OrderType OrderNbr",
    ),
    ClassSpec(
        "PX_Objects_SO_SOLine SOLine",
        "SalesOrder",
        "OrderType=../OrderType OrderNbr=../OrderNbr LineNbr InventoryID@StockItem=InventoryID "
        "OrderQty CuryUnitPrice=UnitPrice CuryLineAmt=Amount UOM SiteID@Warehouse=WarehouseID "
        "ShipDate=ShipOn Completed tstamp=../LastModified",
        "OrderType OrderNbr LineNbr",
        detail="Details",
    ),
    ClassSpec(
        "PX_Objects_IN_InventoryItem InventoryItem",
        "StockItem",
        "InventoryCD=InventoryID InventoryID@StockItem=InventoryID Descr=Description "
        "ItemStatus#=ItemStatus BaseUnit=BaseUOM BasePrice=DefaultPrice ItemClassID=ItemClass "
        "NoteID=id LastModifiedDateTime tstamp=LastModifiedDateTime",
        "InventoryCD",
    ),
    ClassSpec(
        "PX_Objects_AR_ARInvoice ARInvoiceMemo ARInvoice",
        "Invoice",
        "DocType#=Type RefNbr=ReferenceNbr CustomerID@Customer=Customer DocDate=Date DueDate "
        "FinPeriodID=PostPeriod CuryOrigDocAmt=Amount CuryDocBal=Balance Status#=Status NoteID=id "
        "LastModifiedDateTime CreatedDateTime",
        "DocType RefNbr",
    ),
    ClassSpec(
        "PX_Objects_AR_ARPayment ARPayment",
        "Payment",
        "DocType#=Type RefNbr=ReferenceNbr CustomerID@Customer=CustomerID AdjDate=ApplicationDate "
        "CuryOrigDocAmt=PaymentAmount Status#=Status NoteID=id LastModifiedDateTime",
        "DocType RefNbr",
    ),
    ClassSpec(
        "PX_Objects_AP_APInvoice APdocument APInvoice",
        "Bill",
        "DocType#=Type RefNbr=ReferenceNbr VendorID@Vendor=Vendor DocDate=Date DueDate "
        "FinPeriodID=PostPeriod CuryOrigDocAmt=Amount CuryDocBal=Balance Status#=Status NoteID=id "
        "LastModifiedDateTime",
        "DocType RefNbr",
    ),
    ClassSpec(
        "PX_Objects_GL_Batch GLBatch Batch",
        "JournalTransaction",
        "Module BatchNbr LedgerID@Ledger=LedgerID FinPeriodID=PostPeriod "
        "DateEntered=TransactionDate Status#=Status Description NoteID=id LastModifiedDateTime "
        "CreatedDateTime",
        "Module BatchNbr",
    ),
    ClassSpec(
        "PX_Objects_GL_GLTran GLTransaction GLTran",
        "JournalTransaction",
        "Module=../Module BatchNbr=../BatchNbr LineNbr AccountID@Account=Account "
        "SubID@Subaccount=Subaccount DebitAmt=DebitAmount CreditAmt=CreditAmount "
        "TranDesc=TransactionDescription FinPeriodID=../PostPeriod TranDate=../TransactionDate "
        "RefNbr=ReferenceNbr tstamp=../LastModifiedDateTime",
        "Module BatchNbr LineNbr",
        detail="Details",
    ),
    ClassSpec(
        "PX_Objects_GL_Account Account",
        "Account",
        "AccountCD AccountID@Account=AccountCD Description Type#=Type Active "
        "AccountClassID=AccountClass NoteID=id LastModifiedDateTime CreatedDateTime",
        "AccountCD",
    ),
    ClassSpec(
        "PX_Objects_IN_INSiteStatus INSiteStatus",
        "StockItem",
        "InventoryID@StockItem=../InventoryID SiteID@Warehouse=WarehouseID QtyOnHand",
        "InventoryID SiteID",
        detail="WarehouseDetails",
    ),
    ClassSpec(
        "PX_Objects_IN_InventorySummaryEnquiryResult InventorySummaryEnquiryResult",
        "StockItem",
        "InventoryID@StockItem=../InventoryID SiteID@Warehouse=WarehouseID QtyOnHand "
        "LastModifiedDateTime=../LastModifiedDateTime",
        "InventoryID SiteID",
        detail="WarehouseDetails",
        filterable=False,
    ),
    ClassSpec(
        "PX_Objects_AR_ARStatementDetailInfo ARStatementDetailInfo",
        "Invoice",
        "DocType!=Type RefNbr=ReferenceNbr CustomerID@Customer=Customer DocDate=Date DueDate "
        "CuryOrigDocAmt=Amount CuryDocBal=Balance LastModifiedDateTime",
        "DocType RefNbr",
    ),
    ClassSpec(
        "PX_Objects_AM_AMBomItem BOMItem AMBomItem",
        "BillOfMaterial",
        "BOMID RevisionID RevisionID=Revision Descr=Description NoteID=id LastModifiedDateTime",
        "BOMID RevisionID",
    ),
    ClassSpec(
        "PX_Objects_AR_ARSetup AccountsReceivablePreferences ARSetup",
        "Customer",
        "DfltCustomerClassID=CustomerClass DefaultTermsID=Terms NoteID=id CreatedDateTime "
        "LastModifiedDateTime",
        "",
        singleton=True,
    ),
)

NAVIGATION = (
    ("SO_SOOrder", "BAccountByCustomerID", "CR_BAccount", "CustomerID=BAccountID"),
    ("SO_SOOrder", "CustomerByCustomerID", "AR_Customer", "CustomerID=BAccountID"),
    ("SO_SOOrder", "SOLineCollection", "SO_SOLine", "OrderType OrderNbr"),
    ("SO_SOLine", "SOOrderByOrderNbr", "SO_SOOrder", "OrderType OrderNbr"),
    ("SO_SOLine", "InventoryItemByInventoryID", "IN_InventoryItem", "InventoryID"),
    ("IN_InventoryItem", "SOLineCollection", "SO_SOLine", "InventoryID"),
    ("AR_Customer", "SOOrderCollection", "SO_SOOrder", "BAccountID=CustomerID"),
    ("AR_Customer", "ARInvoiceCollection", "AR_ARInvoice", "BAccountID=CustomerID"),
    ("AR_ARInvoice", "BAccountByCustomerID", "CR_BAccount", "CustomerID=BAccountID"),
    ("AR_ARInvoice", "CustomerByCustomerID", "AR_Customer", "CustomerID=BAccountID"),
    ("AR_ARPayment", "CustomerByCustomerID", "AR_Customer", "CustomerID=BAccountID"),
    ("AP_Vendor", "APInvoiceCollection", "AP_APInvoice", "BAccountID=VendorID"),
    ("AP_APInvoice", "BAccountByVendorID", "CR_BAccount", "VendorID=BAccountID"),
    ("AP_APInvoice", "VendorByVendorID", "AP_Vendor", "VendorID=BAccountID"),
    ("GL_Batch", "GLTranCollection", "GL_GLTran", "Module BatchNbr"),
    ("GL_GLTran", "BatchByBatchNbr", "GL_Batch", "Module BatchNbr"),
    ("GL_GLTran", "AccountByAccountID", "GL_Account", "AccountID"),
    ("GL_Account", "GLTranCollection", "GL_GLTran", "AccountID"),
)
"""Class, property, class it leads to, and the fields that are equal; all below `PX_Objects_`."""


def class_names() -> frozenset[str]:
    """The names of all data access classes, aliases included."""
    names = " ".join([BUSINESS_ACCOUNT_NAMES, *(spec.names for spec in CLASSES)])
    return frozenset(names.split())


def inquiry_names() -> frozenset[str]:
    """The names of all generic inquiries."""
    return frozenset(spec.name for spec in INQUIRIES)
