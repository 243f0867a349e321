"""Views of forms: where fields of records are, for custom fields and filters to name them.

The views of headers are those that the definition of the endpoint Default/24.200.001 maps the
stamps of modification to; of the fields of one entity, `EntityModel.views` may know better.
"""

from acumatica_sandbox.records.model import EntityModel

HEADERS: dict[str, str] = {
    "Account": "AccountRecords",
    "AccountGroup": "AccountGroup",
    "Activity": "Activities",
    "Appointment": "AppointmentRecords",
    "AttributeDefinition": "Attributes",
    "BusinessAccount": "BAccount",
    "Carrier": "Plugin",
    "Case": "Case",
    "ChangeOrderClass": "Item",
    "Contact": "Contact",
    "CostCode": "Items",
    "Currency": "CuryListRecords",
    "Customer": "BAccount",
    "CustomerClass": "CustomerClassRecord",
    "CustomerLocation": "Location",
    "CustomerPaymentMethod": "CustomerPaymentMethod",
    "CustomerPriceClass": "Records",
    "Discount": "Sequence",
    "EarningTypeCode": "EarningTypes",
    "Email": "Message",
    "Employee": "Employee",
    "EmployeePayrollClass": "EmployeeClass",
    "EmployeePayrollSettings": "PayrollEmployee",
    "Event": "Events",
    "ExpenseClaim": "ExpenseClaim",
    "ExpenseReceipt": "ClaimDetails",
    "ExternalCommitment": "Commitments",
    "FinancialPeriod": "FiscalYear",
    "FinancialYear": "FiscalYearSetup",
    "InventoryAdjustment": "adjustment",
    "InventoryIssue": "issue",
    "InventoryReceipt": "receipt",
    "ItemClass": "itemclass",
    "ItemSalesCategory": "Folders",
    "ItemWarehouse": "itemsiterecord",
    "JournalTransaction": "BatchModule",
    "KitSpecification": "Hdr",
    "Lead": "Lead",
    "Ledger": "LedgerRecords",
    "NonStockItem": "Item",
    "Opportunity": "Opportunity",
    "PayGroup": "PayGroup",
    "PaymentMethod": "PaymentMethod",
    "PayPeriod": "PayrollYear",
    "PayrollUnionLocal": "UnionLocal",
    "Project": "Project",
    "ProjectBudget": "Items",
    "ProjectTask": "Task",
    "ProjectTemplate": "Project",
    "ProjectTemplateTask": "Task",
    "PTOBank": "Bank",
    "Salesperson": "Salesperson",
    "ServiceOrder": "ServiceOrderRecords",
    "StockItem": "Item",
    "Task": "Tasks",
    "Tax": "Tax",
    "TaxCategory": "TxCategory",
    "TaxZone": "TxZone",
    "TemplateItems": "Item",
    "TimeEntry": "Items",
    "TransferOrder": "transfer",
    "Vendor": "BAccount",
    "VendorClass": "VendorClassRecord",
    "Warehouse": "site",
    "WorkLocation": "Locations",
}
"""The first view of a form; of others, `Document`."""


def view_of(entity: EntityModel, name: str) -> str:
    """The view that a field of a record comes from."""
    return entity.views.get(name) or HEADERS.get(entity.name, "Document")


def form_field(entity: EntityModel, place: str) -> str | None:
    """The field of a record that `View.Field` names, if it is one of the contract's.

    The stamps of creation and modification go by the names that forms have for them, too.
    """
    view, _, name = place.partition(".")
    known = {
        "LastModifiedDateTime": next(iter(entity.stamps), name),
        "CreatedDateTime": next((n for n in CREATED if n in entity.shape.fields), name),
    }
    for field in (name, known.get(name, name)):
        if field in entity.shape.fields and view_of(entity, field) == view:
            return field
    return None


CREATED = ("CreatedDateTime", "CreatedDate")
"""Fields that hold when a record was made."""
