"""`$filter` and `$orderby` of OData, as functions of rows in memory.

Version 4 has bare dates and `contains`; version 3 `datetime'...'` and `substringof`. Errors use
the words of Microsoft's library, which instances answer with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from acumatica_sandbox.odata.errors import ODataError
from acumatica_sandbox.odata.feeds import Feed
from acumatica_sandbox.odata.functions import function
from acumatica_sandbox.odata.navigation import Scope, Value, Variables, follow
from acumatica_sandbox.odata.rows import Row, Tables
from acumatica_sandbox.odata.values import Dialect, comparable

GRAMMAR = r"""
    ?start: or
    ?or: and | or _OR and -> or
    ?and: not | and _AND not -> and
    ?not: _NOT not -> not | test
    ?test: term
         | term OPERATOR term -> compare
         | term _IN "(" term ("," term)* ")" -> among
    ?term: STRING -> text
         | INSTANT -> instant
         | DATETIME -> bare_instant
         | GUID -> guid
         | NUMBER -> number
         | TRUE -> true
         | FALSE -> false
         | NULL -> null
         | NAME "(" [or ("," or)*] ")" -> call
         | LAMBDA "(" [VARIABLE or] ")" -> lambda
         | COUNT -> count
         | PATH -> path
         | "(" or ")"
    _OR.6: /or(?=[\s(])/
    _AND.6: /and(?=[\s(])/
    _NOT.6: /not(?=[\s(])/
    _IN.6: /in(?=\s*\()/
    TRUE.6: /true(?![\w\/])/
    FALSE.6: /false(?![\w\/])/
    NULL.6: /null(?![\w\/])/
    OPERATOR.6: /(eq|ne|gt|ge|lt|le)(?=[\s(])/
    INSTANT.5: /(datetimeoffset|datetime|date)'[^']*'/
    DATETIME.5: /\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?(?![\w-])/
    GUID.5: /guid'[^']*'|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/
    NUMBER.4: /-?\d+(\.\d+)?([eE][+-]?\d{1,3})?[mMdDfFlL]?(?![\w-])/
    STRING.4: /'([^']|'')*'/
    VARIABLE.4: /[A-Za-z_]\w*\s*:/
    LAMBDA.4: /\$?[A-Za-z_]\w*(\/\w+)*\/([aA]ny|[aA]ll)(?=\()/
    COUNT.4: /\$?[A-Za-z_]\w*(\/\w+)*\/\$count(?!\w)/
    NAME.3: /[A-Za-z_]\w*(?=\()/
    PATH.2: /\$?[A-Za-z_]\w*(\/\w+)*/
    %ignore /\s+/
"""
_PARSER = Lark(GRAMMAR, parser="lalr")
_DEEPEST = 100
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


def predicate(tables: Tables, feed: Feed, text: str, dialect: Dialect) -> Callable[[Row], bool]:
    """The test that a `$filter` means.

    Raises:
        ODataError: it cannot be understood.
        FormulaUsed: it is about a computed column.
    """
    value = _compiled(tables, feed, text, dialect, "$filter")
    if value.kind != "b":
        raise ODataError(
            "The $filter expression must evaluate to a single boolean value."
            if value.kind != "n"
            else "Syntax error: a Boolean expression is expected in $filter."
        )
    of = value.of
    return lambda row: bool(of({"$it": row}))


def order_key(tables: Tables, feed: Feed, text: str, dialect: Dialect) -> Callable[[Row], Any]:
    """What a term of `$orderby` sorts by; nulls come first.

    Raises:
        ODataError: it cannot be understood.
        FormulaUsed: it is about a computed column.
    """
    value = _compiled(tables, feed, text, dialect, "$orderby")
    if value.kind in ("e", "c"):
        raise ODataError(
            "The $orderby expression must evaluate to a single value of primitive type."
        )
    of, zone = value.of, dialect.zone

    def key(row: Row) -> tuple[bool, Any]:
        found = of({"$it": row})
        return (found is not None, 0 if found is None else comparable(found, zone))

    return key


def _compiled(tables: Tables, feed: Feed, text: str, dialect: Dialect, option: str) -> Value:
    try:
        tree = _parse(text)
        return _Compiler(tables, dialect, option, {"$it": feed}).value(tree)
    except LarkError:
        raise ODataError(f"Syntax error in '{text[:100]}'.") from None
    except RecursionError:
        raise ODataError("The recursion limit has been exceeded.") from None


@lru_cache(maxsize=256)
def _parse(text: str) -> "Tree[Token]":
    tree = _PARSER.parse(text)
    if _too_deep(tree):
        raise ODataError("The recursion limit has been exceeded.")
    return tree


def _too_deep(tree: "Tree[Token]") -> bool:
    level: list[Tree[Token]] = [tree]
    for _ in range(_DEEPEST):
        level = [child for one in level for child in one.children if isinstance(child, Tree)]
        if not level:
            return False
    return True


@dataclass(frozen=True)
class _Compiler:
    """Turns the tree of an expression into a function of the rows in scope."""

    tables: Tables
    dialect: Dialect
    option: str
    """The query option that the expression is of."""
    variables: Variables
    """The feeds of the rows that names stand for; `$it` is the row in question."""

    def value(self, tree: "Tree[Token]") -> Value:
        method: Callable[[Sequence[Any]], Value] = getattr(self, f"_{tree.data}")
        return method(tree.children)

    def _or(self, children: Sequence[Any]) -> Value:
        a, b = (self._boolean(child) for child in children)
        return Value("b", lambda scope: a(scope) or b(scope))

    def _and(self, children: Sequence[Any]) -> Value:
        a, b = (self._boolean(child) for child in children)
        return Value("b", lambda scope: a(scope) and b(scope))

    def _not(self, children: Sequence[Any]) -> Value:
        inner = self._boolean(children[0])
        return Value("b", lambda scope: not inner(scope))

    def _boolean(self, tree: "Tree[Token]") -> Callable[[Scope], Any]:
        value = self.value(tree)
        if value.kind != "b":
            raise ODataError(
                "A binary operator with incompatible types was detected. Found operand type "
                f"'{value.edm}' where 'Edm.Boolean' is expected."
            )
        return value.of

    def _compare(self, children: Sequence[Any]) -> Value:
        a, b = self.value(children[0]), self.value(children[2])
        return self._compared(a, str(children[1]), b)

    def _among(self, children: Sequence[Any]) -> Value:
        first, *rest = (self.value(child) for child in children)
        tests = [self._compared(first, "eq", one).of for one in rest]
        return Value("b", lambda scope: any(test(scope) for test in tests))

    def _compared(self, a: Value, operator: str, b: Value) -> Value:
        with_null = "n" in (a.kind, b.kind) and "c" not in (a.kind, b.kind)
        if with_null:
            if operator not in ("eq", "ne"):
                return Value("b", lambda scope: False)
            other = a if b.kind == "n" else b
            return Value("b", lambda scope: (other.of(scope) is None) == (operator == "eq"))
        if a.kind != b.kind or a.kind in "ec":
            raise ODataError(
                "A binary operator with incompatible types was detected. Found operand types "
                f"'{a.edm}' and '{b.edm}' for operator kind '{operator}'."
            )
        test, left, right, zone = _COMPARED[operator], a.of, b.of, self.dialect.zone

        def compared(scope: Scope) -> bool:
            x, y = left(scope), right(scope)
            if x is None or y is None:
                return operator == "ne" and x is not y
            return test(comparable(x, zone), comparable(y, zone))

        return Value("b", compared)

    def _call(self, children: Sequence[Any]) -> Value:
        name = str(children[0])
        terms = [self.value(child) for child in children[1:] if child is not None]
        called = function(name, self.dialect.version)
        if called is None:
            raise ODataError(
                f"An unknown function with name '{name}' was found. This may also be a function "
                "import or a key lookup on a navigation property, which is not allowed."
            )
        if "".join(term.kind for term in terms) != called.takes:
            raise ODataError(
                f"No function signature for the function with name '{name}' matches the "
                "specified arguments."
            )
        call, ofs, zone = called.call, [term.of for term in terms], self.dialect.zone

        def result(scope: Scope) -> Any:
            values = [of(scope) for of in ofs]
            if None in values:
                return None
            return call(*(comparable(v, zone) if isinstance(v, date) else v for v in values))

        return Value(called.gives, result)

    def _lambda(self, children: Sequence[Any]) -> Value:
        path, _, word = str(children[0]).rpartition("/")
        rows, target = self._collection(path, "Any/All may only be used following a collection.")
        if children[1] is None:
            if word.lower() == "all":
                raise ODataError("Syntax error: 'all' needs a range variable and a condition.")
            return Value("b", lambda scope: bool(rows(scope)))
        name = str(children[1]).rstrip(": \t")
        if name in self.variables:
            raise ODataError(f"The range variable '{name}' has already been declared.")
        inner = _Compiler(
            self.tables, self.dialect, self.option, {**self.variables, name: target}
        )._boolean(children[2])
        decide = any if word.lower() == "any" else all
        return Value("b", lambda scope: decide(inner({**scope, name: row}) for row in rows(scope)))

    def _count(self, children: Sequence[Any]) -> Value:
        path = str(children[0]).removesuffix("/$count")
        rows, _ = self._collection(path, "$count may only be used following a collection.")
        return Value("d", lambda scope: len(rows(scope)))

    def _collection(self, path: str, problem: str) -> tuple[Callable[[Scope], list[Row]], Feed]:
        value = follow(self.tables, self.variables, path, self.option)
        if value.kind != "c" or value.feed is None:
            raise ODataError(problem)
        return value.of, value.feed

    def _path(self, children: Sequence[Any]) -> Value:
        return follow(self.tables, self.variables, str(children[0]), self.option)

    def _text(self, children: Sequence[Any]) -> Value:
        text = str(children[0])[1:-1].replace("''", "'")
        return Value("s", lambda scope: text)

    def _number(self, children: Sequence[Any]) -> Value:
        number = Decimal(str(children[0]).rstrip("mMdDfFlL"))
        return Value("d", lambda scope: number)

    def _instant(self, children: Sequence[Any]) -> Value:
        if self.dialect.version != 3:
            raise ODataError(f"Unrecognized 'Edm.String' literal '{children[0]}'.")
        return self._moment(str(children[0]).partition("'")[2][:-1])

    def _bare_instant(self, children: Sequence[Any]) -> Value:
        if self.dialect.version == 3:
            raise ODataError(f"Syntax error in '{children[0]}'.")
        return self._moment(str(children[0]))

    def _moment(self, text: str) -> Value:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ODataError(f"Unrecognized 'Edm.DateTimeOffset' literal '{text}'.") from None
        instant = moment if moment.tzinfo else moment.replace(tzinfo=self.dialect.zone)
        return Value("t", lambda scope: instant)

    def _guid(self, children: Sequence[Any]) -> Value:
        text = str(children[0]).removeprefix("guid").strip("'").lower()
        return Value("g", lambda scope: text)

    def _true(self, children: Sequence[Any]) -> Value:
        return Value("b", lambda scope: True)

    def _false(self, children: Sequence[Any]) -> Value:
        return Value("b", lambda scope: False)

    def _null(self, children: Sequence[Any]) -> Value:
        return Value("n", lambda scope: None)
