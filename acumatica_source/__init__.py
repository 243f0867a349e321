"""A dlt source for Acumatica ERP.

What it offers is imported when first used: the session client alone needs neither dlt nor Arrow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acumatica_source.credentials import AcumaticaCredentials
    from acumatica_source.resources.dac import DacTable
    from acumatica_source.resources.generic_inquiry import GenericInquiry
    from acumatica_source.resources.inquiry_form import InquiryForm
    from acumatica_source.resources.ledger import LedgerTransactions
    from acumatica_source.resources.options import CustomFields, EntityOptions
    from acumatica_source.running.outcome import Outcome
    from acumatica_source.running.report import Report, RunFailed
    from acumatica_source.running.run import run
    from acumatica_source.source import acumatica

__all__ = [
    "AcumaticaCredentials",
    "CustomFields",
    "DacTable",
    "EntityOptions",
    "GenericInquiry",
    "InquiryForm",
    "LedgerTransactions",
    "Outcome",
    "Report",
    "RunFailed",
    "acumatica",
    "run",
]

_HOMES = {
    "AcumaticaCredentials": "credentials",
    "CustomFields": "resources.options",
    "DacTable": "resources.dac",
    "EntityOptions": "resources.options",
    "GenericInquiry": "resources.generic_inquiry",
    "InquiryForm": "resources.inquiry_form",
    "LedgerTransactions": "resources.ledger",
    "Outcome": "running.outcome",
    "Report": "running.report",
    "RunFailed": "running.report",
    "acumatica": "source",
    "run": "running.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
