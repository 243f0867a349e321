"""What to ask for: the query parameters of a read (`QueryOptions`), with filters by `F`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.filters import CUSTOM_TYPES, F, Field, Filter
from acumatica_source.client.literals import Dialect, checked_name

__all__ = [
    "CUSTOM_TYPES",
    "CustomField",
    "Dialect",
    "F",
    "Field",
    "Filter",
    "QueryOptions",
    "checked_name",
]


@dataclass(frozen=True)
class CustomField:
    """A field that is not in the contract.

    Attributes:
        view: the data view on the form.
        field: the field in the view.
        entity: the detail or linked entity it belongs to; None for the record itself.
    """

    view: str
    field_name: str
    entity: str | None = None

    def __post_init__(self) -> None:
        checked_name(self.view, "view")
        checked_name(self.field_name)
        for part in (self.entity or "X").split("/"):
            checked_name(part, "entity name")

    @classmethod
    def field(cls, view: str, field_name: str, entity_name: str | None = None) -> "CustomField":
        """A predefined or customisation field."""
        return cls(view, field_name, entity_name)

    @classmethod
    def attribute(cls, view: str, attribute_id: str) -> "CustomField":
        """A user-defined field, by the attribute's identifier."""
        return cls(view, f"Attribute{attribute_id}")

    def __str__(self) -> str:
        name = f"{self.view}.{self.field_name}"
        return f"{self.entity}/{name}" if self.entity else name


@dataclass(frozen=True)
class QueryOptions:
    """The query parameters of a read.

    Attributes:
        filter: a condition, or its text.
        expand: names of details and linked entities to return; `/` leads deeper.
        select: names of fields to return.
        top: most rows to return, at least 1.
        skip: rows to pass over first.
        custom: fields outside the contract.

    Raises:
        ConfigurationError: a value of another type, an empty or ill-formed name.
    """

    filter: Filter | str | None = None
    expand: Sequence[str] | None = None
    select: Sequence[str] | None = None
    top: int | None = None
    skip: int | None = None
    custom: Sequence[CustomField | str] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.filter, (Filter, str, type(None))):
            raise ConfigurationError(
                f"filter is {self.filter!r}; use a condition such as F.Status == 'Active', or text."
            )
        _check_names("expand", self.expand)
        _check_names("select", self.select)
        _check_count("top", self.top, 1)
        _check_count("skip", self.skip, 0)
        if isinstance(self.custom, (str, CustomField)) or not all(
            isinstance(item, (CustomField, str)) for item in self.custom or ()
        ):
            raise ConfigurationError("custom takes a list of CustomField, or of 'View.Field'.")

    @property
    def filtered(self) -> bool:
        """Whether there is a filter."""
        return self.filter is not None and not (isinstance(self.filter, str) and not self.filter)

    @property
    def depends_on_dialect(self) -> bool:
        """Whether the interface's language matters for how this is written."""
        nested = any("/" in name for name in (*(self.expand or ()), *(self.select or ())))
        return isinstance(self.filter, Filter) or bool(self.custom) or nested

    def to_params(self, dialect: Dialect = Dialect.CONTRACT) -> dict[str, str]:
        """The parameters by their names on the wire; only those that are set."""
        params: dict[str, str] = {}
        if isinstance(self.filter, Filter):
            params["$filter"] = self.filter.build(dialect)
        elif self.filter:
            params["$filter"] = self.filter
        if self.top is not None:
            params["$top"] = str(self.top)
        if self.skip is not None:
            params["$skip"] = str(self.skip)
        custom = [one for item in self.custom or () for one in str(item).split(",")]
        expand = [*(self.expand or ())]
        # A custom field of a detail is returned only with the detail itself.
        expand += [c.entity for c in self.custom or () if isinstance(c, CustomField) and c.entity]
        params.update(dialect.shown(self.select or (), expand, custom))
        return params


_PATH = re.compile(r"[^\W\d][\w.]*(/[^\W\d][\w.]*)*\Z")


def _check_names(what: str, names: object) -> None:
    if names is None:
        return
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise ConfigurationError(f"{what} takes a list of names, not {names!r}.")
    for name in names:
        if not isinstance(name, str) or not (_PATH.match(name) or (name, what) == ("*", "select")):
            raise ConfigurationError(
                f"{what} contains {name!r}; a name looks like 'CustomerID' or 'MainContact/Email'."
            )


def _check_count(what: str, value: object, least: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"{what} is {value!r}; use a whole number of at least {least}.")
