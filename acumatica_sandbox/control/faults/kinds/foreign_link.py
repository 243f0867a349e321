"""A page that leads elsewhere."""

from typing import Any

from acumatica_sandbox.control.faults.kind import ChangedBody


class ForeignLink(ChangedBody):
    """The next page is said to be on another host."""

    name = "foreign_link"
    text = "an OData nextLink that leads to another host"

    def changed(self, document: Any) -> Any:
        """The page with that link."""
        return {**document, "@odata.nextLink": "http://198.51.100.7/odata/next"}
