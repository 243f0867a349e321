"""Keys of entities, which no swagger document declares.

Those of the endpoint Default/24.200.001 are the key fields that the models of Acumatica's client
for C# are annotated with, in the order in which they address a record (Integration Development
Guide: Retrieve a Record by Key Fields): its type first. Not annotated there are CashTransaction,
ExternalCommitment, Subcontract and UnitsOfMeasure, whose keys are those of the tables behind
their forms. Those of the endpoint MANUFACTURING/24.200.001 are from the models of that endpoint,
where they have several key fields. Which of them an entity has is for its contract to say.
"""

KEYS: dict[str, str] = {
    "Account": "AccountCD",
    "AccountGroup": "AccountGroupID",
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
    "PhysicalInventoryCount": "ReferenceNbr",
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
    "BillOfMaterial": "BOMID Revision",
    "BomAttributes": "BOMID Revision",
    "ConfigurationMaintenance": "ConfigurationID Revision",
    "CostRollHistory": "BOMID Revision",
    "Estimate": "EstimateID Revision",
    "EstimateOperation": "EstimateID Revision OperationNbr",
    "LateAssignment": "OrderType ProductionNbr LotSerialNbr",
    "MasterProductionSchedule": "Type MPSID",
    "ProductionOrder": "OrderType ProductionNbr",
    "ProductionOrderDetail": "OrderType ProductionNbr",
    "ReleaseProductionOrders": "OrderType ProductionNbr",
}
"""FinancialYear has none: there is one record of it."""

KEY_ENDINGS = ("ID", "CD", "Nbr", "Code", "Number")


def keys_of(name: str, fields: list[str]) -> tuple[str, ...]:
    """The key fields of an entity: known, or the first that looks like one.

    A bill of material has two: its number and that of its revision.
    """
    known = tuple(KEYS.get(name, "").split())
    if name in KEYS and set(known) <= set(fields):
        return known
    likely = [field for field in (f"{name}{ending}" for ending in KEY_ENDINGS) if field in fields]
    for common in ("ReferenceNbr", "RefNbr", "OrderNbr", "ID"):
        if common in fields:
            likely.append(common)
    likely += [field for field in fields if field.endswith(KEY_ENDINGS)]
    if not likely:
        return ()
    kind = [field for field in ("Type", "OrderType", "DocType") if field in fields]
    revision = [field for field in ("RevisionID", "Revision") if field in fields]
    return (*kind[:1], likely[0]) if likely[0].endswith("Nbr") else (likely[0], *revision[:1])
