"""What is offered over OData: generic inquiries, and data access classes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from acumatica_sandbox.model import EntityModel
from acumatica_sandbox.site import Site


@dataclass(frozen=True)
class Column:
    """One property of a feed."""

    name: str
    source: str
    """Path of the field in the entity, or in the detail that the feed is of."""
    kind: str
    codes: Mapping[str, str] = field(default_factory=dict)
    """Stored codes of labels, where the feed shows codes."""
    formula: bool = False
    """Computed: it cannot be filtered or ordered by."""
    width: int = 0
    """Fixed-width text comes padded to this."""


@dataclass(frozen=True)
class Feed:
    """One entity set."""

    name: str
    entity: EntityModel
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    detail: str | None = None
    """The detail whose rows it shows, if not the records themselves."""
    parameter: str | None = None
    """A column that must be given by `_WithParameters`."""
    aliases: tuple[str, ...] = ()
    children: Mapping[str, "Feed"] = field(default_factory=dict)
    keeps_deleted: bool = False
    """Deleted rows stay, with DeletedDatabaseRecord set."""


WIDTHS = {"CustomerID": 10, "VendorID": 10, "AcctCD": 10, "InventoryID": 30, "InventoryCD": 30}
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
ITEM_STATUSES = {"Active": "AC", "Inactive": "IN", "No Purchases": "NP"}
ACCOUNT_TYPES = {"Asset": "A", "Liability": "L", "Income": "I", "Expense": "E"}

_INQUIRIES: tuple[tuple[str, str, str, str, str | None], ...] = (
    (
        "BI-Customers",
        "Customer",
        "CustomerID CustomerName CustomerClass Status CreditLimit City=MainContact/Address/City "
        "Terms LastModifiedDateTime NameAndID!=CustomerName",
        "CustomerID",
        None,
    ),
    (
        "Sales Orders",
        "SalesOrder",
        "OrderType OrderNbr CustomerID Status Date OrderTotal OrderedQty Description "
        "LastModifiedDateTime=LastModified",
        "OrderType OrderNbr",
        None,
    ),
    (
        "InvoicesOfCustomer",
        "Invoice",
        "Type ReferenceNbr Customer Date DueDate Amount Balance Status LastModifiedDateTime",
        "Type ReferenceNbr",
        "Customer",
    ),
    (
        "Stock by Item",
        "StockItem",
        "InventoryID Description ItemStatus DefaultPrice AverageCost LastModifiedDateTime",
        "InventoryID",
        None,
    ),
)
"""Name, entity, columns (`Name=path`; with ! a formula), keys, parameter."""

_CLASSES: tuple[tuple[str, str, str | None, str, str], ...] = (
    (
        "PX_Objects_SO_SOOrder SalesOrder SOOrder",
        "SalesOrder",
        None,
        "OrderType OrderNbr CustomerID Status#=Status OrderDate=Date OrderDesc=Description "
        "CuryID=CurrencyID CuryOrderTotal=OrderTotal OrderQty=OrderedQty CuryTaxTotal=TaxTotal "
        "Hold NoteID LastModifiedDateTime=LastModified CreatedDateTime=CreatedDate "
        "tstamp!=OrderNbr",
        "OrderType OrderNbr",
    ),
    (
        "PX_Objects_SO_SOLine SOLine",
        "SalesOrder",
        "Details",
        "OrderType=../OrderType OrderNbr=../OrderNbr LineNbr InventoryID OrderQty "
        "CuryUnitPrice=UnitPrice CuryLineAmt=Amount UOM SiteID=WarehouseID",
        "OrderType OrderNbr LineNbr",
    ),
    (
        "PX_Objects_AR_Customer Customer ARCustomer",
        "Customer",
        None,
        "AcctCD=CustomerID AcctName=CustomerName BAccountID CustomerClassID=CustomerClass "
        "Status#=Status CreditLimit TermsID=Terms NoteID LastModifiedDateTime CreatedDateTime",
        "AcctCD",
    ),
    (
        "PX_Objects_AP_Vendor Vendor APVendor",
        "Vendor",
        None,
        "AcctCD=VendorID AcctName=VendorName VendorClassID=VendorClass Status#=Status "
        "TermsID=Terms LastModifiedDateTime CreatedDateTime",
        "AcctCD",
    ),
    (
        "PX_Objects_IN_InventoryItem InventoryItem INInventoryItem",
        "StockItem",
        None,
        "InventoryCD=InventoryID Descr=Description ItemStatus#=ItemStatus BaseUnit=BaseUOM "
        "BasePrice=DefaultPrice ItemClassID=ItemClass NoteID LastModifiedDateTime",
        "InventoryCD",
    ),
    (
        "PX_Objects_AR_ARInvoice ARInvoice",
        "Invoice",
        None,
        "DocType#=Type RefNbr=ReferenceNbr CustomerID=Customer DocDate=Date DueDate "
        "FinPeriodID=PostPeriod CuryOrigDocAmt=Amount CuryDocBal=Balance Status#=Status "
        "LastModifiedDateTime CreatedDateTime",
        "DocType RefNbr",
    ),
    (
        "PX_Objects_AR_ARPayment ARPayment",
        "Payment",
        None,
        "DocType#=Type RefNbr=ReferenceNbr CustomerID AdjDate=ApplicationDate "
        "CuryOrigDocAmt=PaymentAmount Status#=Status NoteID LastModifiedDateTime",
        "DocType RefNbr",
    ),
    (
        "PX_Objects_AP_APInvoice APInvoice Bill",
        "Bill",
        None,
        "DocType#=Type RefNbr=ReferenceNbr VendorID=Vendor DocDate=Date DueDate "
        "FinPeriodID=PostPeriod CuryOrigDocAmt=Amount CuryDocBal=Balance Status#=Status "
        "LastModifiedDateTime",
        "DocType RefNbr",
    ),
    (
        "PX_Objects_GL_Batch Batch JournalTransaction",
        "JournalTransaction",
        None,
        "Module BatchNbr LedgerID FinPeriodID=PostPeriod DateEntered=TransactionDate "
        "Status#=Status Description LastModifiedDateTime CreatedDateTime",
        "Module BatchNbr",
    ),
    (
        "PX_Objects_GL_GLTran GLTran",
        "JournalTransaction",
        "Details",
        "Module=../Module BatchNbr=../BatchNbr LineNbr AccountID=Account SubID=Subaccount "
        "DebitAmt=DebitAmount CreditAmt=CreditAmount TranDesc=TransactionDescription "
        "FinPeriodID=../PostPeriod TranDate=../TransactionDate RefNbr=ReferenceNbr",
        "Module BatchNbr LineNbr",
    ),
    (
        "PX_Objects_GL_Account Account GLAccount",
        "Account",
        None,
        "AccountCD Description Type#=Type Active AccountClassID=AccountClass "
        "LastModifiedDateTime CreatedDateTime",
        "AccountCD",
    ),
)
"""Set names (type first), entity, detail, columns (`Name=path`; with # codes), keys."""

DELETED = "DeletedDatabaseRecord"
KEEPS_DELETED = ("Customer", "StockItem")


def inquiries(site: Site) -> dict[str, Feed]:
    """The generic inquiries that are exposed, by name."""
    feeds = {}
    for name, entity_name, words, keys, parameter in _INQUIRIES:
        entity = site.entities.get(entity_name)
        if entity is None or entity.inquiry:
            continue
        columns = _columns(entity, None, words)
        if set(keys.split()) <= {column.name for column in columns}:
            feeds[name] = Feed(name, entity, columns, tuple(keys.split()), parameter=parameter)
    return feeds


def classes(site: Site) -> dict[str, Feed]:
    """The data access classes, by the name of their type."""
    feeds: dict[str, Feed] = {}
    for names, entity_name, detail, words, keys in _CLASSES:
        entity = site.entities.get(entity_name)
        if entity is None or entity.inquiry or (detail and detail not in entity.shape.details):
            continue
        name, *aliases = names.split()
        columns = _columns(entity, detail, words)
        if not set(keys.split()) <= {column.name for column in columns}:
            continue
        if entity_name in KEEPS_DELETED:
            columns = (*columns, Column(DELETED, DELETED, "b"))
        feeds[name] = Feed(
            name,
            entity,
            columns,
            tuple(keys.split()),
            detail,
            aliases=tuple(aliases),
            keeps_deleted=entity_name in KEEPS_DELETED,
        )
    for feed in [one for one in feeds.values() if one.detail]:
        parent = next(f for f in feeds.values() if f.entity is feed.entity and not f.detail)
        collection = f"{feed.aliases[-1]}Collection"
        feeds[parent.name] = Feed(
            **{**parent.__dict__, "children": {**parent.children, collection: feed}}
        )
    return feeds


def _columns(entity: EntityModel, detail: str | None, words: str) -> tuple[Column, ...]:
    columns = []
    for word in words.split():
        name, _, source = word.partition("=")
        plain = name.rstrip("!#")
        source = source or plain
        kind = _kind(entity, detail, source)
        if kind is None:
            continue
        codes = _codes(entity, source) if name.endswith("#") else {}
        formula = name.endswith("!")
        if plain == "tstamp":
            kind = "x"
        columns.append(Column(plain, source, kind, codes, formula, WIDTHS.get(plain, 0)))
    return tuple(columns)


def _kind(entity: EntityModel, detail: str | None, source: str) -> str | None:
    path = source.split("/")
    shape = entity.shape
    if path[0] == "..":
        path = path[1:]
    elif detail:
        shape = shape.details[detail]
    for step in path[:-1]:
        if step not in shape.linked:
            return None
        shape = shape.linked[step]
    return shape.fields.get(path[-1])


def _codes(entity: EntityModel, source: str) -> Mapping[str, str]:
    if source in entity.codes:
        return entity.codes[source]
    if source == "ItemStatus":
        return ITEM_STATUSES
    return ACCOUNT_TYPES if source == "Type" else STATUSES
