"""The session client: one careful way to talk to an Acumatica instance."""

from acumatica_source.client.client import AcumaticaClient
from acumatica_source.client.query import CustomField, F, QueryOptions

__all__ = ["AcumaticaClient", "CustomField", "F", "QueryOptions"]
