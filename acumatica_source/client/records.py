"""Bodies of records and inquiries, step by step."""

import copy
from collections.abc import Mapping
from typing import Any

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.query import CUSTOM_TYPES, checked_name


class RecordBuilder:
    """Builds the body of a record; every step returns a builder to go on with.

    >>> order = RecordBuilder().field("OrderType", "SO")
    >>> order.add_detail("Details").field("InventoryID", "AALEGO500").field("OrderQty", 3).build()
    {'OrderType': {'value': 'SO'}, 'Details': [{'InventoryID': {'value': 'AALEGO500'}, \
'OrderQty': {'value': 3}}]}
    """

    def __init__(self) -> None:
        self._body: dict[str, Any] = {}

    @classmethod
    def for_contact(cls) -> "RecordBuilder":
        """A builder for a contact; the same as `RecordBuilder()`."""
        return cls()

    def field(self, name: str, value: object) -> "RecordBuilder":
        """Set a field; None clears it."""
        self._body[checked_name(name)] = {"value": value}
        return self

    def system(self, name: str, value: object) -> "RecordBuilder":
        """Set a property that is not wrapped, such as `id`, `note` or `delete`."""
        self._body[checked_name(name)] = value
        return self

    def custom(
        self, view: str, field: str, *, value: object, type_: str = "CustomStringField"
    ) -> "RecordBuilder":
        """Set a field outside the contract.

        Args:
            view: the data view on the form, such as `Document`.
            field: the field in it, such as `AttributeCOLOR`.
            value: its value.
            type_: its type, `CustomStringField` unless it is another.
        """
        types = tuple(f"Custom{name}Field" for name in CUSTOM_TYPES)
        if type_ not in types:
            raise ConfigurationError(f"type_ is {type_!r}; use one of {', '.join(types)}.")
        views = self._body.setdefault("custom", {})
        fields = views.setdefault(checked_name(view, "view"), {})
        fields[checked_name(field)] = {"type": type_, "value": value}
        return self

    def link(self, name: str) -> "RecordBuilder":
        """Go into a linked entity; `up()` leads back."""
        part: dict[str, Any] = {}
        self._body[checked_name(name)] = part
        return _Part(self, part)

    def add_detail(self, name: str) -> "RecordBuilder":
        """Append a line to a detail and go into it; `up()` leads back."""
        lines = self._body.setdefault(checked_name(name), [])
        if not isinstance(lines, list):
            raise ConfigurationError(f"{name!r} is already set, and is not a detail.")
        line: dict[str, Any] = {}
        lines.append(line)
        return _Part(self, line)

    def up(self) -> "RecordBuilder":
        """Back to where this part was entered from.

        Raises:
            ConfigurationError: this is the record itself.
        """
        raise ConfigurationError("up() leads out of the record: this is its top.")

    def root(self) -> "RecordBuilder":
        """Back to the record itself."""
        return self

    def build(self, deep: bool = True) -> dict[str, Any]:
        """The whole record's body, from whichever part of it this is called on.

        Args:
            deep: return a copy of its own, unaffected by further steps.
        """
        return copy.deepcopy(self._body) if deep else self._body

    def __getitem__(self, name: str) -> Any:
        """What was set under the name here."""
        return self._body[name]


class _Part(RecordBuilder):
    """A linked entity or a line of a detail, within the record that it belongs to."""

    def __init__(self, parent: RecordBuilder, body: dict[str, Any]) -> None:
        super().__init__()
        self._parent = parent
        self._body = body

    def up(self) -> RecordBuilder:
        return self._parent

    def root(self) -> RecordBuilder:
        return self._parent.root()

    def build(self, deep: bool = True) -> dict[str, Any]:
        return self._parent.build(deep)


class InquiryBuilder:
    """Builds the request to an inquiry form: its parameters, and the parts to return."""

    def __init__(self) -> None:
        self._parameters: dict[str, Any] = {}
        self._expand: list[str] = []

    def param(self, name: str, value: object) -> "InquiryBuilder":
        """Set a parameter of the form."""
        self._parameters[checked_name(name, "parameter")] = {"value": value}
        return self

    def expand(self, *names: str) -> "InquiryBuilder":
        """Ask for parts of the answer; the rows of most inquiries are in `Results`."""
        for name in names:
            for part in name.split("/") if isinstance(name, str) else [name]:
                checked_name(part, "detail name")
            if name not in self._expand:
                self._expand.append(name)
        return self

    def to_query_params(self) -> dict[str, str]:
        """The query parameters."""
        return {"$expand": ",".join(self._expand)} if self._expand else {}

    def to_body(self) -> dict[str, Any]:
        """The body: the parameters of the form."""
        return copy.deepcopy(self._parameters)

    def build(self) -> Mapping[str, Any]:
        """The body, as every builder gives it."""
        return self.to_body()
