"""The session client: one careful way to talk to an Acumatica instance."""

from acumatica_source.client.client import AcumaticaClient
from acumatica_source.client.query import CustomField, F, QueryOptions
from acumatica_source.client.records import InquiryBuilder, RecordBuilder

__all__ = [
    "AcumaticaClient",
    "CustomField",
    "F",
    "InquiryBuilder",
    "QueryOptions",
    "RecordBuilder",
]
