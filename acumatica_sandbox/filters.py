"""`$filter` of the contract REST API: a grammar, and its translation into SQL.

Supported and failing constructs follow the Integration Development Guide (Filter Parameter) and
what integrators report of instances: some unsupported things answer 500, others an empty list.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from acumatica_sandbox.known import UNRELIABLE
from acumatica_sandbox.model import EntityModel, ShapeModel
from acumatica_sandbox.store import Condition, column_text

GRAMMAR = r"""
    ?start: or
    ?or: and | or "or" and -> or
    ?and: not | and "and" not -> and
    ?not: "not" not -> not
        | test
    ?test: "(" or ")"
         | call
         | term OPERATOR term -> compare
    call: NAME "(" [term ("," term)*] ")"
    ?term: STRING -> text
         | INSTANT -> instant
         | GUID -> guid
         | NUMBER -> number
         | "true" -> true
         | "false" -> false
         | "null" -> null
         | CUSTOM -> custom
         | PATH -> path
         | call
    OPERATOR.3: /(eq|ne|gt|ge|lt|le)(?=[\s(])/
    CUSTOM.4: /cf\.\w+\(f='[^']*'\)/
    INSTANT.4: /(datetimeoffset|datetime|date)'[^']*'/
    GUID.4: /guid'[^']*'/
    NUMBER.3: /-?\d+(\.\d+)?([eE][+-]?\d+)?[mMdDfFlL]?(?![\w-])/
    STRING.4: /'([^']|'')*'/
    NAME.2: /(?!(and|or|not)\b)[A-Za-z_]\w*(?=\s*\()/
    PATH: /(?!(and|or|not|true|false|null)\b)[A-Za-z_]\w*(\/\w+)*/
    %ignore /\s+/
"""

_PARSER = Lark(GRAMMAR, parser="lalr")

_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
DEEPEST = 24
"""Conditions inside one another, for a change of `and`, `or` and `not` each; SQL takes no more."""
_TEXT_TESTS = {"substringof": "%{}%", "startswith": "{}%", "endswith": "%{}"}


class FilterError(Exception):
    """The filter fails on a real server too; carries the exception type and message to answer."""

    def __init__(self, message: str, kind: str = "Microsoft.Data.OData.ODataException") -> None:
        super().__init__(message)
        self.kind = kind


class SilentlyEmpty(Exception):
    """A real server answers this filter with an empty list although rows exist."""


def condition_of(entity: EntityModel, text: str, silent: Collection[str]) -> Condition:
    """The SQL condition that a `$filter` means for an entity.

    `silent` are the kinds of filters that match nothing, as reported of instances (see the option
    `silent_empties`).

    Raises:
        FilterError: the server answers 500.
        SilentlyEmpty: the server answers an empty list.
    """
    try:
        tree = _parse(text)
        condition, _ = _Translator(entity, silent).test(tree)
    except LarkError:
        raise FilterError(f"Syntax error in '{text[:200]}'.") from None
    return condition


@lru_cache(maxsize=512)
def _parse(text: str) -> Any:
    return _PARSER.parse(text)


@dataclass(frozen=True, slots=True)
class _Operand:
    """One side of a comparison."""

    kind: str
    """Type letter of a field, or of a literal; n for null."""
    sql: str
    parameters: tuple[Any, ...] = ()
    field: str | None = None


class _Translator:
    def __init__(self, entity: EntityModel, silent: Collection[str]) -> None:
        self._entity = entity
        self._silent = silent

    def test(self, tree: Any, depth: int = 0) -> tuple[Condition, frozenset[str]]:
        """The condition, and the views whose fields it is about."""
        if depth > DEEPEST:
            raise FilterError("The filter is too deep.")
        if not isinstance(tree, Tree):
            raise FilterError("A Boolean expression is expected.")
        if tree.data == "call":
            return self._text_test(tree)
        if tree.data == "not":
            if tree.children[0].data == "call":
                raise FilterError("Type conversions not supported", "System.NotSupportedException")
            inner, views = self.test(tree.children[0], depth + 1)
            return Condition(f"NOT ({inner.sql})", inner.parameters), views
        if tree.data in ("and", "or"):
            tests = [self.test(part, depth + 1) for part in _chain(tree)]
            views = frozenset[str]().union(*(one for _, one in tests))
            if tree.data == "and" and len(views) > 1 and "views" in self._silent:
                raise SilentlyEmpty
            sql = f" {tree.data.upper()} ".join(f"({one.sql})" for one, _ in tests)
            parameters = tuple(value for one, _ in tests for value in one.parameters)
            return Condition(sql, parameters), views
        if tree.data == "compare":
            return self._comparison(tree)
        raise FilterError("A Boolean expression is expected.")

    def _text_test(self, tree: Any) -> tuple[Condition, frozenset[str]]:
        name, *terms = (child for child in tree.children if child is not None)
        if name not in _TEXT_TESTS:
            raise FilterError(f"An unknown function with name '{name}' was found.")
        if len(terms) != 2:
            raise FilterError(f"No function signature for the function '{name}' matches.")
        operands = [self._operand(term) for term in terms]
        if name == "substringof":
            operands.reverse()
        field, needle = operands
        if field.field is None or needle.kind != "s" or needle.field is not None:
            raise FilterError("Type conversions not supported", "System.NotSupportedException")
        escaped = needle.parameters[0].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        unreliable = self._entity.name in UNRELIABLE and field.field not in self._entity.keys
        if unreliable and "text" in self._silent:
            raise SilentlyEmpty
        pattern = _TEXT_TESTS[name].format(escaped)
        sql = f"{field.sql} LIKE ? ESCAPE '\\'"
        return Condition(sql, (*field.parameters, pattern)), self._views(field)

    def _comparison(self, tree: Any) -> tuple[Condition, frozenset[str]]:
        left, operator, right = tree.children
        for call, other in ((left, right), (right, left)):
            if isinstance(call, Tree) and call.data == "call":
                return self._compared_test(call, operator, other)
        a, b = self._operand(left), self._operand(right)
        if a.field is None:
            a, b, operator = b, a, _mirrored(operator)
        if "n" in (a.kind, b.kind):
            if operator not in ("eq", "ne"):
                raise FilterError("A comparison with null must be eq or ne.")
            sql = f"{a.sql} IS {'NOT ' if operator == 'ne' else ''}NULL"
            return Condition(sql, a.parameters), self._views(a)
        if _family(a.kind) != _family(b.kind):
            raise FilterError(
                "A binary operator with incompatible types was detected. Found operand types "
                f"'{_edm(a.kind)}' and '{_edm(b.kind)}' for operator kind '{operator}'."
            )
        if b.kind == "s" and b.field is None:
            b = replace(b, parameters=(b.parameters[0].rstrip(" "),))
        codes = self._entity.codes.get(a.field or "")
        if codes is not None and b.field is None:
            wanted = str(b.parameters[0]).lower()
            code = next((c for label, c in codes.items() if label.lower() == wanted), "")
            return self._compared(f'"_code_{a.field}"', (), operator, (code,)), self._views(a)
        return self._compared(a.sql, a.parameters, operator, b.parameters, b.sql), self._views(a)

    def _compared_test(
        self, call: Tree[Any], operator: str, other: Any
    ) -> tuple[Condition, frozenset[str]]:
        name = call.children[0]
        if name not in _TEXT_TESTS:
            raise FilterError(f"An unknown function with name '{name}' was found.")
        if "compared" in self._silent:
            raise SilentlyEmpty
        if getattr(other, "data", "") not in ("true", "false") or operator not in ("eq", "ne"):
            raise FilterError("Type conversions not supported", "System.NotSupportedException")
        test, views = self._text_test(call)
        if (other.data == "true") != (operator == "eq"):
            test = Condition(f"NOT ({test.sql})", test.parameters)
        return test, views

    def _compared(
        self,
        left: str,
        before: Sequence[Any],
        operator: str,
        after: Sequence[Any],
        right: str = "?",
    ) -> Condition:
        if operator == "ne":
            return Condition(f"{left} IS NOT {right}", (*before, *after))
        return Condition(f"{left} {_OPERATORS[operator]} {right}", (*before, *after))

    def _views(self, operand: _Operand) -> frozenset[str]:
        """Linked objects are views of their own, whatever else the contract says."""
        name, inside, _ = (operand.field or "").partition("/")
        return frozenset({self._entity.views.get(name, name if inside else "")})

    def _operand(self, tree: Any) -> _Operand:
        if not isinstance(tree, Tree) or tree.data == "call":
            raise FilterError("Type conversions not supported", "System.NotSupportedException")
        if tree.data in ("true", "false"):
            return _Operand("b", "?", (int(tree.data == "true"),))
        if tree.data == "null":
            return _Operand("n", "NULL")
        token = str(tree.children[0])
        if tree.data == "text":
            return _Operand("s", "?", (token[1:-1].replace("''", "'"),))
        if tree.data == "number":
            return _Operand("d", "?", (float(token.rstrip("mMdDfFlL")),))
        if tree.data == "guid":
            return _Operand("g", "?", (token[5:-1].lower(),))
        if tree.data == "instant":
            return _Operand("t", "?", (_moment(token),))
        if tree.data == "custom":
            return self._custom(token)
        return self._field(token)

    def _custom(self, token: str) -> _Operand:
        place = token.partition("'")[2][:-2]
        kind = self._entity.custom_by_path[""].get(place)
        if kind is None:
            _unknown()
        return _Operand(str(kind), "custom_field(_custom, ?) COLLATE NOCASE", (place,), field=token)

    def _field(self, path: str) -> _Operand:
        *outer, name = path.split("/")
        shape: ShapeModel = self._entity.shape
        for step in outer:
            if step in shape.details:
                raise FilterError(
                    f"The parent value for a property access of a property '{name}' is not a "
                    "single value."
                )
            shape = shape.linked.get(step) or _unknown()
        kind = shape.fields.get(name)
        if kind is None:
            if name in shape.details or name in shape.linked:
                raise FilterError("Type conversions not supported", "System.NotSupportedException")
            _unknown()
        if outer:
            sql = f'inner_field("n_{outer[0]}", ?) COLLATE NOCASE'
            return _Operand(str(kind), sql, (path,), field=path)
        if name in self._entity.columns:
            return _Operand(str(kind), f'"{name}"', field=name)
        return _Operand(str(kind), f"field(_flat, '{name}') COLLATE NOCASE", field=name)


def _chain(tree: Tree[Any]) -> list[Any]:
    """The parts of `a or b or c`, however they are put in brackets."""
    parts, rest = [], [tree]
    while rest:
        part = rest.pop()
        if isinstance(part, Tree) and part.data == tree.data:
            rest += reversed(part.children)
        else:
            parts.append(part)
    return parts


def _unknown() -> Any:
    raise FilterError(
        "The given key was not present in the dictionary.",
        "System.Collections.Generic.KeyNotFoundException",
    )


def _moment(token: Token | str) -> str:
    text = token.partition("'")[2][:-1]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise FilterError(f"Unrecognized 'Edm.DateTimeOffset' literal '{token}'.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return column_text(moment)


def _family(kind: str) -> str:
    return {"i": "d", "h": "d", "l": "d", "D": "t"}.get(kind, kind)


def _edm(kind: str) -> str:
    names = {"s": "String", "d": "Decimal", "i": "Int32", "h": "Int16", "b": "Boolean"}
    return "Edm." + names.get(kind, {"g": "Guid"}.get(kind, "DateTimeOffset"))


def _mirrored(operator: str) -> str:
    return {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}.get(operator, operator)
