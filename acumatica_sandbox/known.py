"""What is known of the entities of Default endpoints beyond their swagger document.

Keys come from the key annotations of the official client's models, forms that are asked by PUT from
the guide's chapter on inquiries.
"""

KEYS: dict[str, str] = {
    "AccountGroup": "AccountGroupID",
    "Account": "AccountCD",
    "Activity": "NoteID",
    "AmazonStore": "BindingName",
    "Appointment": "ServiceOrderType AppointmentNbr",
    "AttributeDefinition": "AttributeID",
    "BigCommerceStores": "Connector StoreName",
    "Bill": "Type ReferenceNbr",
    "BusinessAccount": "BusinessAccountID",
    "Carrier": "CarrierID",
    "Case": "CaseID",
    "CashSale": "Type ReferenceNbr",
    "CashTransaction": "ReferenceNbr",
    "ChangeOrder": "RefNbr",
    "ChangeOrderClass": "ClassID",
    "Check": "Type ReferenceNbr",
    "CompanyFinancialPeriod": "Company FinancialYear",
    "Contact": "ContactID",
    "CostCode": "CostCodeID",
    "Currency": "CurrencyID",
    "Customer": "CustomerID",
    "CustomerClass": "ClassID",
    "CustomerLocation": "Customer LocationID",
    "CustomerPaymentMethod": "CustomerID InstanceID",
    "CustomerPriceClass": "PriceClassID",
    "DeductionBenefitCode": "DeductionBenefitCodeID",
    "Discount": "DiscountCode Sequence",
    "DiscountCode": "DiscountCodeID",
    "EarningTypeCode": "EarningTypeCodeID",
    "Email": "NoteID",
    "Employee": "EmployeeID",
    "EmployeePayrollClass": "EmployeePayrollClassID",
    "EmployeePayrollSettings": "EmployeeID",
    "Event": "NoteID",
    "ExpenseClaim": "RefNbr",
    "ExpenseReceipt": "ReceiptID",
    "ExternalCommitment": "CommitmentID",
    "FinancialPeriod": "FinancialYear",
    "FinancialYear": "",
    "FOBPoint": "FOBPointID",
    "InventoryAdjustment": "ReferenceNbr",
    "InventoryIssue": "ReferenceNbr",
    "InventoryReceipt": "ReferenceNbr",
    "Invoice": "Type ReferenceNbr",
    "ItemClass": "ClassID",
    "ItemSalesCategory": "CategoryID",
    "ItemWarehouse": "InventoryID WarehouseID",
    "JournalTransaction": "Module BatchNbr",
    "KitAssembly": "Type ReferenceNbr",
    "KitSpecification": "KitInventoryID RevisionID",
    "Lead": "LeadID",
    "Ledger": "LedgerID",
    "LotSerialClass": "ClassID",
    "NonStockItem": "InventoryID",
    "Opportunity": "OpportunityID",
    "PayGroup": "PayGroupID",
    "Payment": "Type ReferenceNbr",
    "PaymentMethod": "PaymentMethodID",
    "PayPeriod": "PayGroup Year",
    "PayrollBatch": "BatchID",
    "PayrollUnionLocal": "PayrollUnionLocalID",
    "PhysicalInventoryReview": "ReferenceNbr",
    "ProFormaInvoice": "RefNbr",
    "Project": "ProjectID",
    "ProjectBudget": "ProjectID ProjectTaskID AccountGroup CostCode InventoryID",
    "ProjectTask": "ProjectID ProjectTaskID",
    "ProjectTemplate": "ProjectTemplateID",
    "ProjectTemplateTask": "ProjectTemplateID ProjectTemplateTaskID",
    "ProjectTransaction": "Module ReferenceNbr",
    "PTOBank": "PTOBankID",
    "PurchaseOrder": "Type OrderNbr",
    "PurchaseReceipt": "Type ReceiptNbr",
    "SalesInvoice": "Type ReferenceNbr",
    "SalesOrder": "OrderType OrderNbr",
    "Salesperson": "SalespersonID",
    "SalesPriceWorksheet": "ReferenceNbr",
    "ServiceOrder": "ServiceOrderType ServiceOrderNbr",
    "Shipment": "ShipmentNbr",
    "ShippingBox": "BoxID",
    "ShippingTerm": "TermID",
    "ShippingZones": "ZoneID",
    "ShipVia": "CarrierID",
    "ShopifyStore": "Connector StoreName",
    "StockItem": "InventoryID",
    "Subaccount": "SubaccountCD",
    "Subcontract": "SubcontractNbr",
    "Task": "NoteID",
    "Tax": "TaxID",
    "TaxCategory": "TaxCategoryID",
    "TaxReportingSettings": "TaxAgency",
    "TaxZone": "TaxZoneID",
    "TemplateItems": "InventoryID",
    "TimeEntry": "TimeEntryID",
    "TransferOrder": "ReferenceNbr",
    "UnionLocal": "UnionLocalID",
    "UnitsOfMeasure": "UnitID",
    "Vendor": "VendorID",
    "VendorClass": "ClassID",
    "VendorPriceWorksheet": "ReferenceNbr",
    "Warehouse": "WarehouseID",
    "WorkCalendar": "WorkCalendarID",
    "WorkClassCompensationCode": "WCCCode",
    "WorkLocation": "WorkLocationID",
}

FORMS = frozenset(
    [
        "AccountDetailsForPeriodInquiry",
        "AccountSummaryInquiry",
        "CompaniesStructure",
        "InventoryAllocationInquiry",
        "InventoryQuantityAvailable",
        "InventorySummaryInquiry",
        "SalesPricesInquiry",
        "VendorPricesInquiry",
        "StorageDetailsInquiry",
        "StorageDetailsByLocationInquiry",
        "Budget",
        "LaborCostRate",
        "ContractUsage",
        "PayrollWCCCode",
        "PhysicalInventoryCount",
        "EmailProcessing",
    ]
)
"""Inquiries, and filter and processing forms: asked by PUT."""

CODES: dict[str, dict[str, str]] = {
    "CashSale": {"Cash Sale": "CSL", "Cash Return": "RCS"},
    "Check": {"Check": "CHK", "Prepayment": "PPM", "Voided Check": "VCK"},
    "KitAssembly": {"Disassembly": "D", "Production": "P"},
    "PurchaseOrder": {"Normal": "RO", "Drop-Ship": "DP", "Blanket": "BL"},
    "PurchaseReceipt": {"Receipt": "RT", "Return": "RN"},
    "SalesInvoice": {"Invoice": "INV", "Credit Memo": "CRM", "Debit Memo": "DRM"},
}
"""Drop-down key `Type`: the stored codes of its labels."""

REFUSED = {
    "VendorClass": {"Attributes": "Attributes"},
}
"""Parts that list queries fail on, as integrators report."""

UNRELIABLE = frozenset(["PhysicalInventoryCount", "PurchaseOrder", "Shipment"])
"""Entities on which text functions over other fields than keys find nothing, as reported."""

KEY_ENDINGS = ("ID", "CD", "Nbr", "Code", "Number")


def keys_of(name: str, fields: list[str]) -> tuple[str, ...]:
    """The key fields of an entity: known, or the first that looks like one."""
    if name in KEYS:
        keys = tuple(KEYS[name].split())
        return keys if set(keys) <= set(fields) else ()
    likely = [field for field in (f"{name}{ending}" for ending in KEY_ENDINGS) if field in fields]
    for common in ("ReferenceNbr", "RefNbr", "OrderNbr", "ID"):
        if common in fields:
            likely.append(common)
    likely += [field for field in fields if field.endswith(KEY_ENDINGS)]
    if not likely:
        return ()
    kind = [field for field in ("Type", "OrderType", "DocType") if field in fields]
    return (*kind[:1], likely[0]) if likely[0].endswith("Nbr") else (likely[0],)
