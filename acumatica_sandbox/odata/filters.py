"""`$filter` and `$orderby` of OData, as tests on rows in memory.

Version 4 has bare dates and `contains`; version 3 `datetime'...'` and `substringof`. Errors use
the words of Microsoft's library, which instances answer with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark
from lark.exceptions import LarkError

from acumatica_sandbox.odata.feeds import Column, Feed

GRAMMAR = r"""
    ?start: or
    ?or: and | or "or" and -> or
    ?and: not | and "and" not -> and
    ?not: "not" not -> not | test
    ?test: term | term OPERATOR term -> compare
    ?term: STRING -> text
         | INSTANT -> instant
         | DATETIME -> bare_instant
         | GUID -> guid
         | NUMBER -> number
         | "true" -> true
         | "false" -> false
         | "null" -> null
         | NAME "(" [or ("," or)*] ")" -> call
         | PATH -> path
         | "(" or ")"
    OPERATOR.5: /(eq|ne|gt|ge|lt|le)(?=[\s(])/
    INSTANT.5: /(datetimeoffset|datetime|date)'[^']*'/
    DATETIME.5: /\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?/
    GUID.5: /guid'[^']*'|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/
    NUMBER.4: /-?\d+(\.\d+)?([eE][+-]?\d+)?[mMdDfFlL]?(?![\w-])/
    STRING.4: /'([^']|'')*'/
    NAME.2: /(?!(and|or|not)\b)[A-Za-z_]\w*(?=\()/
    PATH: /(?!(and|or|not|true|false|null)\b)[A-Za-z_]\w*(\/\w+)*/
    %ignore /\s+/
"""

_PARSER = Lark(GRAMMAR, parser="lalr")
TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}
TEXT_CHANGES: dict[str, Callable[[str], Any]] = {
    "tolower": str.lower,
    "toupper": str.upper,
    "length": len,
    "trim": str.strip,
}
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
Row = Mapping[str, Any]


class ODataError(Exception):
    """The request is wrong; the message is what the server answers."""


class FormulaUsed(Exception):
    """A computed column is filtered by: the server answers 200 with an empty body."""


@dataclass(frozen=True)
class Value:
    """Part of an expression: its type and what it is for a row."""

    kind: str
    """s, d (any number), t (date or instant), b, g, or n for null."""
    of: Callable[[Row], Any]


def predicate(feed: Feed, text: str, version: int) -> Callable[[Row], bool]:
    """The test that a `$filter` means.

    Raises:
        ODataError: it cannot be understood.
        FormulaUsed: it is about a computed column.
    """
    try:
        value = _Compiler(feed, version).value(_parse(text))
    except LarkError:
        raise ODataError(f"Syntax error in '{text[:100]}'.") from None
    except RecursionError:
        raise ODataError("The recursion limit has been exceeded.") from None
    if value.kind != "b":
        raise ODataError("The $filter expression must evaluate to a single boolean value.")
    of = value.of
    return lambda row: bool(of(row))


def ordered(feed: Feed, rows: list[Row], text: str) -> list[Row]:
    """Rows in the order of an `$orderby`.

    Raises:
        ODataError: a property is unknown.
        FormulaUsed: one is computed.
    """
    for term in reversed(text.split(",")):
        name, _, direction = term.strip().partition(" ")
        column = column_of(feed, name)
        if direction.strip() not in ("", "asc", "desc"):
            raise ODataError(f"Syntax error in '{text[:100]}'.")
        if column.formula:
            raise FormulaUsed
        key = column.name
        rows = sorted(
            rows,
            key=lambda row, key=key: (row[key] is not None, _comparable(row[key])),  # type: ignore[misc]
            reverse=direction.strip() == "desc",
        )
    return rows


def column_of(feed: Feed, name: str) -> Column:
    """The column of that name.

    Raises:
        ODataError: there is none.
    """
    for column in feed.columns:
        if column.name == name:
            return column
    raise ODataError(
        f"Could not find a property named '{name[:100]}' on type 'GenericInquiry.{feed.name}'."
    )


def _comparable(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, str):
        return value.rstrip(" ").lower()
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


@lru_cache(maxsize=256)
def _parse(text: str) -> Any:
    return _PARSER.parse(text)


class _Compiler:
    def __init__(self, feed: Feed, version: int) -> None:
        self._feed = feed
        self._version = version

    def value(self, tree: Any) -> Value:
        method = getattr(self, f"_{tree.data}")
        result: Value = method(tree.children)
        return result

    def _or(self, children: Sequence[Any]) -> Value:
        a, b = (self._boolean(child) for child in children)
        return Value("b", lambda row: a(row) or b(row))

    def _and(self, children: Sequence[Any]) -> Value:
        a, b = (self._boolean(child) for child in children)
        return Value("b", lambda row: a(row) and b(row))

    def _not(self, children: Sequence[Any]) -> Value:
        inner = self._boolean(children[0])
        return Value("b", lambda row: not inner(row))

    def _boolean(self, tree: Any) -> Callable[[Row], Any]:
        value = self.value(tree)
        if value.kind != "b":
            raise ODataError("A binary operator with incompatible types was detected.")
        return value.of

    def _compare(self, children: Sequence[Any]) -> Value:
        a, b = self.value(children[0]), self.value(children[2])
        operator = str(children[1])
        if "n" in (a.kind, b.kind):
            if operator not in ("eq", "ne"):
                return Value("b", lambda row: False)
            other = a if b.kind == "n" else b
            return Value("b", lambda row: (other.of(row) is None) == (operator == "eq"))
        if a.kind != b.kind:
            names = {"s": "String", "d": "Decimal", "t": "DateTimeOffset", "g": "Guid"}
            found = [f"Edm.{names.get(value.kind, 'Boolean')}" for value in (a, b)]
            raise ODataError(
                "A binary operator with incompatible types was detected. Found operand types "
                f"'{found[0]}' and '{found[1]}' for operator kind '{operator}'."
            )
        test, left, right = _COMPARED[operator], a.of, b.of

        def compared(row: Row) -> bool:
            x, y = left(row), right(row)
            if x is None or y is None:
                return operator == "ne" and x is not y
            return test(_comparable(x), _comparable(y))

        return Value("b", compared)

    def _call(self, children: Sequence[Any]) -> Value:
        name = str(children[0])
        terms = [self.value(child) for child in children[1:] if child is not None]
        tests = dict(TEXT_TESTS)
        if self._version == 3:
            tests["substringof"] = tests.pop("contains")
        if name not in tests and name not in TEXT_CHANGES:
            raise ODataError(
                f"An unknown function with name '{name}' was found. This may also be a function "
                "import or a key lookup on a navigation property, which is not allowed."
            )
        wanted = 1 if name in TEXT_CHANGES else 2
        if [term.kind for term in terms] != ["s"] * wanted:
            raise ODataError(
                f"No function signature for the function with name '{name}' matches the "
                "specified arguments."
            )
        if wanted == 1:
            change, only = TEXT_CHANGES[name], terms[0].of
            kind = "d" if name == "length" else "s"
            return Value(kind, lambda row: None if only(row) is None else change(only(row)))
        if name == "substringof":
            terms.reverse()
        test, first, second = tests[name], terms[0].of, terms[1].of

        def tested(row: Row) -> bool:
            x, y = first(row), second(row)
            return x is not None and y is not None and test(x.lower(), y.lower())

        return Value("b", tested)

    def _path(self, children: Sequence[Any]) -> Value:
        column = column_of(self._feed, str(children[0]))
        if column.formula:
            raise FormulaUsed
        name = column.name
        kind = {"i": "d", "h": "d", "l": "d", "D": "t", "x": "s"}.get(column.kind, column.kind)
        return Value(kind, lambda row: row[name])

    def _text(self, children: Sequence[Any]) -> Value:
        text = str(children[0])[1:-1].replace("''", "'")
        return Value("s", lambda row: text)

    def _number(self, children: Sequence[Any]) -> Value:
        number = Decimal(str(children[0]).rstrip("mMdDfFlL"))
        return Value("d", lambda row: number)

    def _instant(self, children: Sequence[Any]) -> Value:
        if self._version != 3:
            raise ODataError(f"Unrecognized 'Edm.String' literal '{children[0]}'.")
        return self._moment(str(children[0]).partition("'")[2][:-1])

    def _bare_instant(self, children: Sequence[Any]) -> Value:
        if self._version == 3:
            raise ODataError(f"Syntax error in '{children[0]}'.")
        return self._moment(str(children[0]))

    def _moment(self, text: str) -> Value:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ODataError(f"Unrecognized 'Edm.DateTimeOffset' literal '{text}'.") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return Value("t", lambda row: moment)

    def _guid(self, children: Sequence[Any]) -> Value:
        text = str(children[0]).removeprefix("guid").strip("'").lower()
        return Value("g", lambda row: text)

    def _true(self, children: Sequence[Any]) -> Value:
        return Value("b", lambda row: True)

    def _false(self, children: Sequence[Any]) -> Value:
        return Value("b", lambda row: False)

    def _null(self, children: Sequence[Any]) -> Value:
        return Value("n", lambda row: None)
