"""`$filter` and `$orderby` of OData, as functions of rows in memory.

Version 4 has bare dates and `contains`; version 3 `datetime'...'` and `substringof`. Errors use
the words of Microsoft's library, which instances answer with.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from acumatica_sandbox.filtering.evaluation import Evaluator
from acumatica_sandbox.filtering.expressions import (
    Brackets,
    Call,
    Comparison,
    Count,
    Expression,
    Junction,
    Lambda,
    Literal,
    Membership,
    Negation,
    Path,
    Syntax,
    bare,
)
from acumatica_sandbox.filtering.grammar import SyntaxFault, parse
from acumatica_sandbox.odata.errors import ODataError
from acumatica_sandbox.odata.feeds import Feed
from acumatica_sandbox.odata.functions import function
from acumatica_sandbox.odata.navigation import Scope, Value, Variables, follow
from acumatica_sandbox.odata.rows import Row, Tables
from acumatica_sandbox.odata.values import Dialect, comparable

SYNTAX = Syntax(
    (
        *(Brackets, Junction, Negation, Comparison, Membership),
        *(Call, Lambda, Count, Path, Literal),
    ),
    frozenset(
        [
            *("text", "number", "true", "false", "null"),
            *("typed_instant", "bare_instant", "typed_guid", "bare_guid"),
        ]
    ),
    strict=False,
    longest_exponent=3,
)
"""What versions 3 and 4 know; which of them writes instants how is seen when they are read."""
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
        expression = parse(text, SYNTAX)
        if _too_deep(expression):
            raise RecursionError
        return _Compiler(tables, dialect, option, {"$it": feed}).value(expression)
    except SyntaxFault:
        raise ODataError(f"Syntax error in '{text[:100]}'.") from None
    except RecursionError:
        raise ODataError("The recursion limit has been exceeded.") from None


def _too_deep(expression: Expression) -> bool:
    level = [bare(expression)]
    for _ in range(_DEEPEST):
        level = [bare(part) for one in level for part in one.parts]
        if not level:
            return False
    return True


class _Compiler(Evaluator[Value]):
    """Turns an expression into a function of the rows in scope."""

    def __init__(self, tables: Tables, dialect: Dialect, option: str, variables: Variables) -> None:
        self._tables = tables
        self._dialect = dialect
        self._option = option  # the query option that the expression is of
        self._variables = variables
        """The feeds of the rows that names stand for; `$it` is the row in question."""

    def fail(self, message: str) -> NoReturn:
        raise ODataError(message)

    def joined(self, word: str, conditions: Sequence[Value]) -> Value:
        ofs, decided = [one.of for one in conditions], word == "or"

        def found(scope: Scope) -> Any:
            value = None
            for of in ofs:
                value = of(scope)
                if bool(value) == decided:
                    break
            return value

        return Value("b", found)

    def negated(self, condition: Value) -> Value:
        of = condition.of
        return Value("b", lambda scope: not of(scope))

    def related(self, a: Value, operator: str, b: Value) -> Value:
        test, left, right, zone = _COMPARED[operator], a.of, b.of, self._dialect.zone

        def compared(scope: Scope) -> bool:
            x, y = left(scope), right(scope)
            if x is None or y is None:
                return operator == "ne" and x is not y
            return test(comparable(x, zone), comparable(y, zone))

        return Value("b", compared)

    def compared_with_null(self, value: Value, *, equal: bool) -> Value:
        of = value.of
        return Value("b", lambda scope: (of(scope) is None) == equal)

    def ordered_with_null(self) -> Value:
        return Value("b", lambda scope: False)

    def constant(self, kind: str, value: Any) -> Value:
        plain = Decimal(value) if kind == "d" else value
        return Value(kind, lambda scope: plain)

    def instant(self, literal: Literal) -> Value:
        text = literal.text
        if literal.form == "typed_instant":
            if self._dialect.version != 3:
                self.fail(f"Unrecognized 'Edm.String' literal '{text}'.")
            text = text.partition("'")[2][:-1]
        elif self._dialect.version == 3:
            self.fail(f"Syntax error in '{text}'.")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"Unrecognized 'Edm.DateTimeOffset' literal '{text}'.")
        instant = moment if moment.tzinfo else moment.replace(tzinfo=self._dialect.zone)
        return Value("t", lambda scope: instant)

    def other(self, expression: Expression) -> Value:
        match expression:
            case Call() as call:
                return self._call(call)
            case Lambda() as quantifier:
                return self._quantified(quantifier)
            case Count(path=path):
                rows, _ = self._collection(path, "$count may only be used following a collection.")
                return Value("d", lambda scope: len(rows(scope)))
            case Path(text=path):
                return follow(self._tables, self._variables, path, self._option)
        raise TypeError(expression)  # its syntax knows no more

    def _call(self, call: Call) -> Value:
        terms = [self.value(part) for part in call.parts]
        called = function(call.name, self._dialect.version)
        if called is None:
            self.fail(
                f"An unknown function with name '{call.name}' was found. This may also be a "
                "function import or a key lookup on a navigation property, which is not allowed."
            )
        if "".join(term.kind for term in terms) != called.takes:
            self.fail(
                f"No function signature for the function with name '{call.name}' matches the "
                "specified arguments."
            )
        made, ofs, zone = called.call, [term.of for term in terms], self._dialect.zone

        def result(scope: Scope) -> Any:
            values = [of(scope) for of in ofs]
            if None in values:
                return None
            return made(*(comparable(v, zone) if isinstance(v, date) else v for v in values))

        return Value(called.gives, result)

    def _quantified(self, quantifier: Lambda) -> Value:
        every = quantifier.word.lower() == "all"
        rows, target = self._collection(
            quantifier.path, "Any/All may only be used following a collection."
        )
        name, condition = quantifier.variable, quantifier.condition
        if name is None or condition is None:
            if every:
                self.fail("Syntax error: 'all' needs a range variable and a condition.")
            return Value("b", lambda scope: bool(rows(scope)))
        if name in self._variables:
            self.fail(f"The range variable '{name}' has already been declared.")
        variables = {**self._variables, name: target}
        inside = _Compiler(self._tables, self._dialect, self._option, variables)
        of, decide = inside.condition(condition, 0).of, all if every else any
        return Value("b", lambda scope: decide(of({**scope, name: row}) for row in rows(scope)))

    def _collection(self, path: str, problem: str) -> tuple[Callable[[Scope], list[Row]], Feed]:
        value = follow(self._tables, self._variables, path, self._option)
        if value.kind != "c" or value.feed is None:
            self.fail(problem)
        return value.of, value.feed
