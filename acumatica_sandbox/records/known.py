"""What is known of the entities of Default endpoints beyond their swagger document.

Forms that are asked by PUT are from the guide's chapter on inquiries.
"""

from collections.abc import Mapping

from acumatica_sandbox.records.drop_downs import codes_of

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

CODES: dict[str, Mapping[str, str]] = {
    name: codes_of(f"{name}.Type")
    for name in (
        *("CashSale", "Check", "KitAssembly", "PurchaseOrder", "PurchaseReceipt", "SalesInvoice"),
    )
}
"""Drop-down key `Type`: the stored codes of its labels."""

REFUSED = {
    "VendorClass": {"Attributes": "Attributes"},
}
"""Parts that list queries fail on, as integrators report."""

UNRELIABLE = frozenset(["PhysicalInventoryCount", "PurchaseOrder", "Shipment"])
"""Entities on which text functions over other fields than keys find nothing, as reported."""
