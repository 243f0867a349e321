"""`$filter` of the contract REST API: OData 3 in the server's own way, translated into SQL.

Supported and failing constructs follow the Integration Development Guide (Filter Parameter) and
what integrators report of instances: some unsupported things answer 500, others an empty list.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NoReturn

from acumatica_sandbox.filtering.evaluation import Evaluator
from acumatica_sandbox.filtering.expressions import (
    Brackets,
    Call,
    Comparison,
    CustomField,
    Expression,
    Junction,
    Literal,
    Negation,
    Path,
    Syntax,
)
from acumatica_sandbox.filtering.grammar import SyntaxFault, parse
from acumatica_sandbox.filtering.kinds import EDM
from acumatica_sandbox.records.known import UNRELIABLE
from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.shares import NOBODY, Share
from acumatica_sandbox.records.store import Condition, column_text
from acumatica_sandbox.records.views import form_field

SYNTAX = Syntax(
    (Brackets, Junction, Negation, Comparison, Call, Path, CustomField, Literal),
    frozenset(["text", "number", "typed_instant", "typed_guid", "true", "false", "null"]),
    strict=True,
    reserved=frozenset(["and", "or", "not", "true", "false", "null"]),
    blanks_before_arguments=True,
)
_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MIRRORED = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}
DEEPEST = 24
"""Conditions inside one another, for a change of `and`, `or` and `not` each; SQL takes no more."""
TEXT_TESTS = {"substringof": "%{}%", "startswith": "{}%", "endswith": "%{}"}
OWN_VIEW = frozenset([""])


class FilterError(Exception):
    """The filter fails on a real server too; carries the exception type and message to answer."""

    def __init__(self, message: str, kind: str = "Microsoft.Data.OData.ODataException") -> None:
        super().__init__(message)
        self.kind = kind


class SilentlyEmpty(Exception):
    """A real server answers this filter with an empty list although rows exist."""


def condition_of(
    entity: EntityModel, text: str, silent: Collection[str], null_stamps: Share = NOBODY
) -> Condition:
    """The SQL condition that a `$filter` means for an entity.

    `silent` are the kinds of filters that match nothing, as reported of instances (see the option
    `silent_empties`), `null_stamps` the records that have no stamp of modification.

    Raises:
        FilterError: the server answers 500.
        SilentlyEmpty: the server answers an empty list.
    """
    try:
        expression = parse(text, SYNTAX)
    except SyntaxFault:
        raise FilterError(f"Syntax error in '{text[:200]}'.") from None
    found = Translator(entity, silent, null_stamps).condition(expression, 0)
    return Condition(found.sql, found.parameters)


@dataclass(frozen=True, slots=True)
class Piece:
    """What an expression becomes in SQL."""

    kind: str
    """Type letter of a field, or of a literal; n for null; b for a condition."""
    sql: str
    parameters: tuple[Any, ...] = ()
    field: str | None = None
    views: frozenset[str] = OWN_VIEW
    """The views whose fields it is about."""

    @property
    def edm(self) -> str:
        """The type as messages name it."""
        return EDM.get(self.kind, "<null>")


class Translator(Evaluator[Piece]):
    """Makes SQL of expressions about an entity."""

    text_tests: Mapping[str, str] = TEXT_TESTS
    """The functions that look for a text in another, with what SQL looks for."""

    def __init__(self, entity: EntityModel, silent: Collection[str], null_stamps: Share) -> None:
        self.entity = entity
        self._silent = silent
        self._null_stamps = null_stamps

    def fail(self, message: str) -> NoReturn:
        """Refuse the filter with this message."""
        raise FilterError(message)

    def condition(self, expression: Expression, depth: int) -> Piece:
        """What an expression becomes that must be true or false, not too deep inside others."""
        if depth > DEEPEST:
            self.fail("The filter is too deep.")
        return super().condition(expression, depth)

    def joined(self, word: str, conditions: Sequence[Piece]) -> Piece:
        """Conditions by `and` or `or`; of several views, `and` may find nothing."""
        views = frozenset[str]().union(*(one.views for one in conditions))
        if word == "and" and len(views) > 1 and "views" in self._silent:
            raise SilentlyEmpty
        sql = f" {word.upper()} ".join(f"({one.sql})" for one in conditions)
        parameters = tuple(value for one in conditions for value in one.parameters)
        return Piece("b", sql, parameters, views=views)

    def negation(self, inner: Expression, depth: int) -> Piece:
        """What `not` makes of a condition; functions cannot be negated."""
        if isinstance(inner, Call):
            not_converted()
        return super().negation(inner, depth)

    def negated(self, condition: Piece) -> Piece:
        """The condition with `NOT`."""
        return replace(condition, sql=f"NOT ({condition.sql})")

    def comparison(self, comparison: Comparison) -> Piece:
        """What a comparison becomes; functions are compared with true and false."""
        left, right = comparison.left, comparison.right
        for call, other in ((left, right), (right, left)):
            if isinstance(call, Call):
                return self._compared_test(call, comparison.operator, other)
        return super().comparison(comparison)

    def compared(self, a: Piece, operator: str, b: Piece) -> Piece:
        """The comparison with a field on the left."""
        if a.field is None:
            a, operator, b = b, _MIRRORED.get(operator, operator), a
        return super().compared(a, operator, b)

    def related(self, a: Piece, operator: str, b: Piece) -> Piece:
        """The comparison in SQL."""
        if b.kind == "s" and b.field is None:
            b = replace(b, parameters=(b.parameters[0].rstrip(" "),))
        a, b = self.as_stored(a, b)
        sign = "IS NOT" if operator == "ne" else _OPERATORS[operator]
        parameters = (*a.parameters, *b.parameters)
        return Piece("b", f"{a.sql} {sign} {b.sql}", parameters, views=a.views)

    def as_stored(self, a: Piece, b: Piece) -> tuple[Piece, Piece]:
        """A drop-down and the label that it is compared with, both as codes."""
        codes = self.entity.codes.get(a.field or "")
        if codes is None or b.field is not None:
            return a, b
        wanted = str(b.parameters[0]).lower()
        code = next((c for label, c in codes.items() if label.lower() == wanted), "")
        return replace(a, sql=f'"_code_{a.field}"'), replace(b, parameters=(code,))

    def compared_with_null(self, value: Piece, *, equal: bool) -> Piece:
        """Whether a field is null, or is not."""
        sql = f"{value.sql} IS {'' if equal else 'NOT '}NULL"
        return Piece("b", sql, value.parameters, views=value.views)

    def ordered_with_null(self) -> Piece:
        """Refuse to order with null."""
        self.fail("A comparison with null must be eq or ne.")

    def constant(self, kind: str, value: Any) -> Piece:
        """A literal as a parameter of SQL."""
        if kind == "n":
            return Piece(kind, "NULL")
        plain = float(value) if kind == "d" else int(value) if kind == "b" else value
        return Piece(kind, "?", (plain,))

    def instant(self, literal: Literal) -> Piece:
        """An instant as filter columns hold it."""
        text = literal.text.partition("'")[2][:-1]
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"Unrecognized 'Edm.DateTimeOffset' literal '{literal.text}'.")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return Piece("t", "?", (column_text(moment),))

    def other(self, expression: Expression) -> Piece:
        """A function, a custom field or a path."""
        match expression:
            case Call() as call:
                return self._text_test(call)
            case CustomField() as custom:
                return self.custom(custom)
            case Path(text=path):
                return self.field(path)
        raise TypeError(expression)  # its syntax knows no more

    def _text_test(self, call: Call) -> Piece:
        """Whether a text has another in it; nothing else can be called."""
        name = call.name
        if name not in self.text_tests:
            self.fail(f"An unknown function with name '{name}' was found.")
        if len(call.parts) != 2:
            self.fail(f"No function signature for the function '{name}' matches.")
        operands = [self._argument(part) for part in call.parts]
        if name == "substringof":
            operands.reverse()
        field, needle = operands
        if field.field is None or needle.kind != "s" or needle.field is not None:
            not_converted()
        escaped = needle.parameters[0].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        unreliable = self.entity.name in UNRELIABLE and field.field not in self.entity.keys
        if unreliable and "text" in self._silent:
            raise SilentlyEmpty
        parameters = (*field.parameters, self.text_tests[name].format(escaped))
        return Piece("b", f"{field.sql} LIKE ? ESCAPE '\\'", parameters, views=field.views)

    def _argument(self, expression: Expression) -> Piece:
        if isinstance(expression, Call):
            not_converted()
        return self.value(expression)

    def _compared_test(self, call: Call, operator: str, other: Expression) -> Piece:
        if call.name not in self.text_tests:
            self.fail(f"An unknown function with name '{call.name}' was found.")
        if "compared" in self._silent:
            raise SilentlyEmpty
        form = other.form if isinstance(other, Literal) else ""
        if form not in ("true", "false") or operator not in ("eq", "ne"):
            not_converted()
        test = self._text_test(call)
        return test if (form == "true") == (operator == "eq") else self.negated(test)

    def custom(self, custom: CustomField) -> Piece:
        """A custom field of the record."""
        place = custom.place
        kind = self.entity.custom_by_path[""].get(place)
        name = form_field(self.entity, place)
        if kind is None and name is not None:
            return self.kept_field(name, self.entity.shape.fields[name])
        if kind is None:
            unknown()
        sql = "custom_field(_custom, ?) COLLATE NOCASE"
        return Piece(kind, sql, (place,), field=custom.text)

    def field(self, path: str) -> Piece:
        """A field by the name, or the path, that is asked about."""
        *outer, name = path.split("/")
        shape: ShapeModel = self.entity.shape
        for step in outer:
            if step in shape.details:
                self.fail(
                    f"The parent value for a property access of a property '{name}' is not a "
                    "single value."
                )
            shape = shape.linked.get(step) or unknown()
        kind = shape.fields.get(name)
        if kind is None:
            if name in shape.details or name in shape.linked:
                not_converted()
            unknown()
        return self.kept_field(path, kind)

    def kept_field(self, path: str, kind: str) -> Piece:
        """A field of the record, or of an object linked to it."""
        *outer, name = path.split("/")
        # linked objects are views of their own, whatever else the contract says
        own = outer[0] if outer else ""
        views = frozenset([self.entity.views.get(path.partition("/")[0], own)])
        if outer:
            sql = f'inner_field("n_{outer[0]}", ?) COLLATE NOCASE'
            return Piece(kind, sql, (path,), field=path, views=views)
        column = name in self.entity.columns
        sql = f'"{name}"' if column else f"field(_flat, '{name}') COLLATE NOCASE"
        if self._null_stamps and name in self.entity.stamps:
            sql = f"CASE WHEN {self._null_stamps.sql} THEN NULL ELSE {sql} END"
        return Piece(kind, sql, field=name, views=views)


def unknown() -> NoReturn:
    """End with the error for a field that there is not.

    Raises:
        FilterError: always.
    """
    raise FilterError(
        "The given key was not present in the dictionary.",
        "System.Collections.Generic.KeyNotFoundException",
    )


def not_converted() -> NoReturn:
    """End with the error for what cannot be made SQL of.

    Raises:
        FilterError: always.
    """
    raise FilterError("Type conversions not supported", "System.NotSupportedException")
