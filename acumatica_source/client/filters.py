"""Filters: conditions written as Python expressions, rendered in the dialect of an interface.

The contract-based REST API accepts a small subset of OData 3 (Integration Development
Guide: $filter); what it does not accept is refused here, when the text is built:

    >>> str((F.Status == "Active") & F.MainContact.Email.endswith("@example.com"))
    "((Status eq 'Active') and endswith(MainContact/Email,'@example.com'))"

A plain string is accepted wherever a filter is, and is sent as it stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.literals import Dialect, checked_name, literal


class _Term:
    """A value inside a filter: a field, or a function of one."""

    __slots__ = ()
    __iter__ = None

    def render(self, dialect: Dialect) -> str:
        raise NotImplementedError

    def __eq__(self, other: object) -> "Filter":  # type: ignore[override]
        return _Comparison(self, "eq", other)

    def __ne__(self, other: object) -> "Filter":  # type: ignore[override]
        return _Comparison(self, "ne", other)

    def __gt__(self, other: object) -> "Filter":
        return _Comparison(self, "gt", other)

    def __ge__(self, other: object) -> "Filter":
        return _Comparison(self, "ge", other)

    def __lt__(self, other: object) -> "Filter":
        return _Comparison(self, "lt", other)

    def __le__(self, other: object) -> "Filter":
        return _Comparison(self, "le", other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __bool__(self) -> NoReturn:
        raise ConfigurationError("A field has no truth value; compare it, as in F.Hold == True.")

    def __contains__(self, other: object) -> NoReturn:
        raise ConfigurationError("`in` cannot be used here; use .contains('text') or .isin([...]).")

    def __add__(self, other: object) -> "_Term":
        return _Arithmetic("add", self, other)

    def __radd__(self, other: object) -> "_Term":
        return _Arithmetic("add", other, self)

    def __sub__(self, other: object) -> "_Term":
        return _Arithmetic("sub", self, other)

    def __rsub__(self, other: object) -> "_Term":
        return _Arithmetic("sub", other, self)

    def __mul__(self, other: object) -> "_Term":
        return _Arithmetic("mul", self, other)

    def __rmul__(self, other: object) -> "_Term":
        return _Arithmetic("mul", other, self)

    def __truediv__(self, other: object) -> "_Term":
        return _Arithmetic("div", self, other)

    def __rtruediv__(self, other: object) -> "_Term":
        return _Arithmetic("div", other, self)

    def __mod__(self, other: object) -> "_Term":
        return _Arithmetic("mod", self, other)

    def __rmod__(self, other: object) -> "_Term":
        return _Arithmetic("mod", other, self)

    def isin(self, values: Iterable[object]) -> "Filter":
        """True where the field equals one of the values (at least one, as `eq` joined by `or`)."""
        terms = [_Comparison(self, "eq", value) for value in values]
        if not terms:
            raise ConfigurationError("isin() needs at least one value.")
        return terms[0] if len(terms) == 1 else _Joined("or", tuple(terms))

    def contains(self, text: object) -> "Filter":
        """True where the text occurs in the field; case as the database's collation has it."""
        return _Test("contains", self, text)

    def startswith(self, text: object) -> "Filter":
        """True where the field starts with the text."""
        return _Test("startswith", self, text)

    def endswith(self, text: object) -> "Filter":
        """True where the field ends with the text."""
        return _Test("endswith", self, text)

    def any(self, code: object = None) -> "Filter":
        """True where an option is chosen, or that with this code: drop-downs with several options.

        Contract version 5 only.
        """
        return _Chosen(self, "any", code)

    def none(self, code: object) -> "Filter":
        """True where the option with this code is not chosen. Contract version 5 only."""
        return _Chosen(self, "all", code)

    def isof(self, type_name: str) -> "Filter":
        """Type test; no interface of Acumatica documents it."""
        return _Test("isof", self, type_name)

    def length(self) -> "_Term":
        """Number of characters. OData only."""
        return _Function("length", (self,))

    def indexof(self, text: object) -> "_Term":
        """Position of the text. OData only."""
        return _Function("indexof", (self, text))

    def replace(self, find: object, replacement: object) -> "_Term":
        """The field with one text put for another. OData 3 only."""
        return _Function("replace", (self, find, replacement))

    def substring(self, position: int, length: int | None = None) -> "_Term":
        """A part of the field. OData only."""
        bounds = (position,) if length is None else (position, length)
        return _Function("substring", (self, *bounds))

    def tolower(self) -> "_Term":
        """The field in lower case. OData only."""
        return _Function("tolower", (self,))

    def toupper(self) -> "_Term":
        """The field in upper case. OData only."""
        return _Function("toupper", (self,))

    def trim(self) -> "_Term":
        """The field without outer blanks. OData only."""
        return _Function("trim", (self,))

    def concat(self, other: object) -> "_Term":
        """The field followed by another. OData only."""
        return _Function("concat", (self, other))

    def day(self) -> "_Term":
        """Day of the month. OData only."""
        return _Function("day", (self,))

    def hour(self) -> "_Term":
        """Hour. OData only."""
        return _Function("hour", (self,))

    def minute(self) -> "_Term":
        """Minute. OData only."""
        return _Function("minute", (self,))

    def month(self) -> "_Term":
        """Month. OData only."""
        return _Function("month", (self,))

    def second(self) -> "_Term":
        """Second. OData only."""
        return _Function("second", (self,))

    def year(self) -> "_Term":
        """Year. OData only."""
        return _Function("year", (self,))

    def round(self) -> "_Term":
        """Rounded to a whole number. OData only."""
        return _Function("round", (self,))

    def floor(self) -> "_Term":
        """Rounded down. OData only."""
        return _Function("floor", (self,))

    def ceiling(self) -> "_Term":
        """Rounded up. OData only."""
        return _Function("ceiling", (self,))


@dataclass(frozen=True, eq=False, slots=True)
class Field(_Term):
    """A field by its path; attributes lead into linked entities: `F.MainContact.Email`."""

    path: tuple[str, ...]

    def __getattr__(self, name: str) -> "Field":
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "Field":
        return Field((*self.path, checked_name(name)))

    def render(self, dialect: Dialect) -> str:
        """The path as every dialect writes it."""
        return "/".join(self.path)


@dataclass(frozen=True, eq=False, slots=True)
class _Custom(_Term):
    type: str
    view_field: str

    def render(self, dialect: Dialect) -> str:
        return dialect.custom(self.type, self.view_field)


@dataclass(frozen=True, eq=False, slots=True)
class _Function(_Term):
    name: str
    arguments: tuple[Any, ...]

    def render(self, dialect: Dialect) -> str:
        if dialect.is_contract:
            raise ConfigurationError(
                f"{self.name}() is not accepted by the contract-based REST API, which knows "
                "contains(), startswith() and endswith() only."
            )
        if dialect is Dialect.ODATA4 and self.name == "replace":
            raise ConfigurationError("replace() does not exist in OData 4.")
        return f"{self.name}({','.join(_written(part, dialect) for part in self.arguments)})"


@dataclass(frozen=True, eq=False, slots=True)
class _Arithmetic(_Term):
    operator: str
    left: Any
    right: Any

    def render(self, dialect: Dialect) -> str:
        if dialect.is_contract:
            raise ConfigurationError(
                f"Arithmetic ({self.operator}) is not accepted by the contract-based REST API; "
                "compute the value before comparing."
            )
        return f"({_written(self.left, dialect)} {self.operator} {_written(self.right, dialect)})"


class Filter:
    """A condition. Combine with `&`, `|` and `~`; `build()` or `str()` give the text."""

    __slots__ = ()

    def render(self, dialect: Dialect) -> str:
        """The text of the condition; see `build`."""
        raise NotImplementedError

    def build(self, dialect: Dialect = Dialect.CONTRACT) -> str:
        """Render the condition.

        Args:
            dialect: the interface it is for; the contract-based REST API unless said otherwise.

        Raises:
            ConfigurationError: the interface cannot express the condition, or a value has a type
                it does not know, such as a datetime without offset.
        """
        return self.render(dialect)

    def __str__(self) -> str:
        return self.build()

    def __repr__(self) -> str:
        try:
            return f"<Filter {self.build()}>"
        except ConfigurationError:
            return f"<Filter {self.build(Dialect.ODATA3)}>"

    def __and__(self, other: object) -> "Filter":
        return _joined("and", self, other)

    def __or__(self, other: object) -> "Filter":
        return _joined("or", self, other)

    def __invert__(self) -> "Filter":
        return _Not(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (bool, str)) or other is None:
            # `substringof(...) eq true` silently finds nothing: refuse to write it.
            raise ConfigurationError(
                f"A condition cannot be compared with {other!r}; use it as it is, or ~condition."
            )
        return type(other) is type(self) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __bool__(self) -> NoReturn:
        raise ConfigurationError(
            "A condition has no truth value here. Write & for and, | for or, ~ for not, "
            "each side in parentheses: (F.A == 1) & (F.B == 2)."
        )


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class _Comparison(Filter):
    left: Any
    operator: str
    right: Any

    def render(self, dialect: Dialect) -> str:
        if self.right is None and self.operator not in ("eq", "ne"):
            raise ConfigurationError("null can only be compared with == and !=.")
        left, right = _written(self.left, dialect), _written(self.right, dialect)
        return f"({left} {self.operator} {right})"


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class _Test(Filter):
    function: str
    subject: Any
    text: Any

    def render(self, dialect: Dialect) -> str:
        if self.function == "isof":
            raise ConfigurationError("isof() is not accepted by any interface of Acumatica.")
        if not isinstance(self.text, (str, _Term)):
            raise ConfigurationError(f"{self.function}() takes a text, not {self.text!r}.")
        subject, text = _written(self.subject, dialect), _written(self.text, dialect)
        if self.function == "contains":
            return dialect.contains(subject, text)
        return f"{self.function}({subject},{text})"


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class _Chosen(Filter):
    subject: Any
    lambda_name: str
    code: Any

    def render(self, dialect: Dialect) -> str:
        if not dialect.asks_options:
            raise ConfigurationError(
                f"Options of a drop-down cannot be asked for in {dialect.title}; use contains()."
            )
        subject = _written(self.subject, dialect)
        if self.code is None:
            return f"{subject}/any()"
        operator = "eq" if self.lambda_name == "any" else "ne"
        code = _written(self.code, dialect)
        return f"{subject}/{self.lambda_name}(x: x {operator} {code})"


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class _Joined(Filter):
    operator: str
    parts: tuple[Any, ...]

    def render(self, dialect: Dialect) -> str:
        return "(" + f" {self.operator} ".join(part.render(dialect) for part in self.parts) + ")"


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class _Not(Filter):
    part: Filter

    def render(self, dialect: Dialect) -> str:
        if not dialect.negates_tests and isinstance(self.part, _Test):
            raise ConfigurationError(
                f"`not {self.part.function}(...)` is not accepted by the {dialect.title} API. "
                "Read without it and drop the rows afterwards."
            )
        return f"not ({self.part.render(dialect)})"


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class _Text(Filter):
    text: str

    def render(self, dialect: Dialect) -> str:
        return f"({self.text})"


def _joined(operator: str, left: Filter, right: object) -> Filter:
    if isinstance(right, str) and right.strip():
        right = _Text(right)
    if not isinstance(right, Filter):
        raise ConfigurationError(
            f"Cannot join a condition and {right!r}. Put each comparison in parentheses: "
            "(F.A == 1) & (F.B == 2)."
        )
    return _Joined(operator, (left, right))


def _written(value: object, dialect: Dialect) -> str:
    if isinstance(value, (_Term, Filter)):
        return value.render(dialect)
    return literal(value, dialect)


class _Fields:
    """`F.Name` is a field, `F["Name"]` likewise, `F.cf(...)` a custom field."""

    def __getattr__(self, name: str) -> Field:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Field:
        """A field by its path; `/` leads into a linked entity."""
        if not isinstance(name, str):
            raise ConfigurationError(f"{name!r} is not a field name.")
        return Field(tuple(checked_name(part) for part in name.split("/")))

    def cf(self, type_name: str, view: str, field_name: str) -> _Term:
        """A custom field.

        Args:
            type_name: String, Decimal, Int, Short, Long, Byte, Double, Boolean, DateTime or Guid;
                in contract version 5 StringSingleSelect and IntSingleSelect too.
            view: the data view, such as `Document`.
            field_name: the field in it, such as `AttributeCOLOR`.
        """
        if type_name not in CUSTOM_TYPES:
            raise ConfigurationError(
                f"{type_name!r} is no type of custom field; use one of {', '.join(CUSTOM_TYPES)}."
            )
        return _Custom(type_name, f"{checked_name(view, 'view')}.{checked_name(field_name)}")


CUSTOM_TYPES = (
    *("String", "Decimal", "Int", "Short", "Long", "Byte", "Double", "Boolean"),
    *("DateTime", "Guid", "StringSingleSelect", "IntSingleSelect", "StringMultiSelect"),
)

F = _Fields()
