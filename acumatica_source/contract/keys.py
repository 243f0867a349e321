"""Key fields of entities: a contract does not declare them, the documentation does.

For the entities of the system endpoints the keys are those of the forms, in the order in which
they address a record (Integration Development Guide: Retrieval of a Record by Key Fields). For
others there are the OData metadata of DACs, which do declare keys, but under the names of the
database; failing those, a guess is made from the field names. Whichever way they are found, they
are a claim to be checked while paging, never proof.
"""

import logging
from collections.abc import Sequence

from acumatica_source.contract.class_keys import FieldNames, evidence_of
from acumatica_source.contract.edmx import Feeds
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import Entity, FieldType, Key, Shape

logger = logging.getLogger(__name__)

LINE_KEYS = ("SplitLineNbr", "SplitLineNumber", "LineNbr", "LineNumber", "LineID", "RecordID")
"""Fields that number the lines of a list, the finest first."""

REVISIONS = ("RevisionID", "Revision", "RevisionNbr")
"""Fields that tell the revisions of a record apart."""

DROPDOWNS = frozenset({"Type", "DocType", "TranType", "Module", "Connector"})
"""Key fields shown as labels of a drop-down, whose order is not that of the stored codes; where
values tell the codes too, these are compared."""

_KEYS_BY_ENTITY = """
Account AccountCD
AccountGroup AccountGroupID
Activity NoteID
AmazonStore BindingName
Appointment ServiceOrderType AppointmentNbr
AttributeDefinition AttributeID
BigCommerceStores Connector StoreName
BillOfMaterial BOMID Revision
Bill Type ReferenceNbr
BusinessAccount BusinessAccountID
Carrier CarrierID
Case CaseID
CashSale Type ReferenceNbr
CashTransaction ReferenceNbr
ChangeOrder RefNbr
ChangeOrderClass ClassID
Check Type ReferenceNbr
CompanyFinancialPeriod Company FinancialYear
Contact ContactID
CostCode CostCodeID
Currency CurrencyID
Customer CustomerID
CustomerClass ClassID
CustomerLocation Customer LocationID
CustomerPaymentMethod CustomerID InstanceID
CustomerPriceClass PriceClassID
DeductionBenefitCode DeductionBenefitCodeID
Discount DiscountCode Sequence
DiscountCode DiscountCodeID
EarningTypeCode EarningTypeCodeID
Email NoteID
Employee EmployeeID
EmployeePayrollClass EmployeePayrollClassID
EmployeePayrollSettings EmployeeID
Event NoteID
ExpenseClaim RefNbr
ExpenseReceipt ReceiptID
ExternalCommitment CommitmentID
FinancialPeriod FinancialYear
FOBPoint FOBPointID
InventoryAdjustment ReferenceNbr
InventoryIssue ReferenceNbr
InventoryReceipt ReferenceNbr
Invoice Type ReferenceNbr
ItemClass ClassID
ItemSalesCategory CategoryID
ItemWarehouse InventoryID WarehouseID
JournalTransaction Module BatchNbr
KitAssembly Type ReferenceNbr
KitSpecification KitInventoryID RevisionID
Lead LeadID
Ledger LedgerID
LotSerialClass ClassID
NonStockItem InventoryID
Opportunity OpportunityID
PayGroup PayGroupID
Payment Type ReferenceNbr
PaymentMethod PaymentMethodID
PayPeriod PayGroup Year
PayrollBatch BatchID
PayrollUnionLocal PayrollUnionLocalID
PhysicalInventoryCount ReferenceNbr
PhysicalInventoryReview ReferenceNbr
ProductionOrder OrderType ProductionNbr
ProFormaInvoice RefNbr
Project ProjectID
ProjectBudget ProjectID ProjectTaskID AccountGroup CostCode InventoryID
ProjectTask ProjectID ProjectTaskID
ProjectTemplate ProjectTemplateID
ProjectTemplateTask ProjectTemplateID ProjectTemplateTaskID
ProjectTransaction Module ReferenceNbr
PTOBank PTOBankID
PurchaseOrder Type OrderNbr
PurchaseReceipt Type ReceiptNbr
SalesInvoice Type ReferenceNbr
SalesOrder OrderType OrderNbr
Salesperson SalespersonID
SalesPriceWorksheet ReferenceNbr
ServiceOrder ServiceOrderType ServiceOrderNbr
Shipment ShipmentNbr
ShippingBox BoxID
ShippingTerm TermID
ShippingZones ZoneID
ShipVia CarrierID
ShopifyStore Connector StoreName
StockItem InventoryID
Subaccount SubaccountCD
Subcontract SubcontractNbr
Task NoteID
Tax TaxID
TaxCategory TaxCategoryID
TaxReportingSettings TaxAgency
TaxZone TaxZoneID
TemplateItems InventoryID
TimeEntry TimeEntryID
TransferOrder ReferenceNbr
UnionLocal UnionLocalID
UnitsOfMeasure UnitID
Vendor VendorID
VendorClass ClassID
VendorPriceWorksheet ReferenceNbr
Warehouse WarehouseID
WorkCalendar WorkCalendarID
WorkClassCompensationCode WCCCode
WorkLocation WorkLocationID
"""

KNOWN_KEYS: dict[str, tuple[str, ...]] = {
    entity: tuple(keys)
    for entity, *keys in (line.split() for line in _KEYS_BY_ENTITY.strip().splitlines())
}
"""Key fields of the system endpoints' entities, in path order."""

_PAIRS = (
    ("Type", "ReferenceNbr"),
    ("Type", "RefNbr"),
    ("Type", "OrderNbr"),
    ("OrderType", "OrderNbr"),
    ("Module", "BatchNbr"),
)


def keys_of(entity: str, shape: Shape) -> tuple[Key, ...]:
    """The key fields of an entity in path order, as far as its name and fields tell; or none.

    A field is one that the table knows also with another ending (`RevisionID` for `Revision`).
    Entities the table does not know get, in this order: a known pair of document type and
    number; the field named after the entity with `ID`, `CD`, `Nbr` or `Code`; the only field
    among `ReferenceNbr` and `RefNbr`; the first field, if it is text and ends in `ID` or `CD`. To
    a single field, one that tells revisions apart is added.
    """
    fields = {f.name for f in shape.fields if f.custom is None}
    names = FieldNames(shape)
    known = [names.named(key) for key in KNOWN_KEYS.get(entity, ())]
    if known and None not in known:
        return _keys(shape, tuple(filter(None, known)))
    guess = _strong_guess(entity, fields) or _weak_guess(shape, fields)
    revision = next((name for name in REVISIONS if name in fields and name not in guess), None)
    return _keys(shape, (*guess, revision) if revision and len(guess) == 1 else guess)


def _strong_guess(entity: str, fields: set[str]) -> tuple[str, ...]:
    """Key fields that the entity's name, or a common pair, gives away; or none."""
    for pair in _PAIRS:
        if fields.issuperset(pair):
            return pair
    for suffix in ("ID", "CD", "Nbr", "Code"):
        if entity + suffix in fields:
            return (entity + suffix,)
    return ()


def _weak_guess(shape: Shape, fields: set[str]) -> tuple[str, ...]:
    """A field that looks like a key; or none."""
    numbers = fields & {"ReferenceNbr", "RefNbr"}
    if len(numbers) == 1:
        return tuple(numbers)
    first = shape.fields[0] if shape.fields else None
    if first and first.type is FieldType.TEXT and first.name.endswith(("ID", "CD")):
        return (first.name,)
    return ()


def are_documented(entity: Entity) -> bool:
    """Whether the keys of an entity are those of the documentation, not a guess."""
    fields = {f.name for f in entity.shape.fields if f.custom is None}
    return fields.issuperset(KNOWN_KEYS.get(entity.name, ("",)))


def keys_from(
    entity: Entity, hint: Sequence[str] | None = None, feeds: Feeds | None = None
) -> tuple[Key, ...]:
    """The key fields of an entity from the best source at hand.

    In this order: what the user says; the keys of the DAC of the same name, if the entity has
    fields for all of them; those of a DAC whose key holds the guess, and more fields of the
    entity; what the entity's name and fields tell. None where DACs give reason to doubt that.

    Args:
        entity: The entity as parsed from its contract.
        hint: Key fields named by the user, in path order.
        feeds: The DACs that the instance serves over OData.

    Raises:
        ContractError: the entity has no field that the hint names.
    """
    if hint is not None:
        for name in hint:
            if entity.shape.field(name) is None:
                known = ", ".join(f.name for f in entity.shape.fields)
                raise ContractError(f"{entity.name} has no field {name!r} to be a key: {known}.")
        return _keys(entity.shape, tuple(hint))
    if feeds is None:
        return entity.keys
    guess = tuple(key.name for key in entity.keys)
    fields = {f.name for f in entity.shape.fields if f.custom is None}
    evidence = evidence_of(entity, guess, feeds, weak=not _strong_guess(entity.name, fields))
    if evidence.keys is not None:
        order = sorted(evidence.keys, key=lambda name: (_place(name), name not in guess, name))
        return _keys(entity.shape, tuple(order))
    if evidence.doubt:
        logger.warning(
            "%s: %s looks like its key, but %s. It is read by offset; name its keys to have it "
            "read by them.",
            entity.name,
            ", ".join(guess),
            evidence.doubt,
        )
        return ()
    return entity.keys


def line_key_of(shape: Shape) -> str | None:
    """The field that numbers the lines of a list within their record, or None.

    Unlike a line's `id`, which is new in every session, it identifies the line for good.
    """
    integers = {f.name for f in shape.fields if f.type is FieldType.INTEGER}
    return next((name for name in LINE_KEYS if name in integers), None)


def _place(key: str) -> int:
    """Where a key stands in an address: types first, revisions and lines last.

    Metadata sort keys by their names.
    """
    if key in LINE_KEYS:
        return 3
    if key in REVISIONS:
        return 2
    return 0 if key in DROPDOWNS or key.endswith("Type") else 1


def _keys(shape: Shape, names: tuple[str, ...]) -> tuple[Key, ...]:
    coded = {field.name for field in shape.fields if field.selection is not None}
    return tuple(Key(name, dropdown=name in DROPDOWNS and name not in coded) for name in names)
