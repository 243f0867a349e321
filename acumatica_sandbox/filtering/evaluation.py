"""Evaluates expressions: what every dialect does alike; the rest is for it to say."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from acumatica_sandbox.filtering.expressions import (
    Comparison,
    Expression,
    Junction,
    Literal,
    Membership,
    Negation,
    bare,
)
from acumatica_sandbox.filtering.kinds import family


class Typed(Protocol):
    """What an expression becomes, whatever that is: it has a type."""

    @property
    def kind(self) -> str:
        """The letter of a type; n for null, e for a row, c for rows."""

    @property
    def edm(self) -> str:
        """The type as messages name it."""


V = TypeVar("V", bound=Typed)


class Evaluator(ABC, Generic[V]):
    """Walks an expression and puts together what its parts become."""

    def value(self, expression: Expression, depth: int = 0) -> V:
        """What an expression becomes."""
        match bare(expression):
            case Junction() as junction:
                parts = [self.condition(part, depth + 1) for part in junction.chain()]
                return self.joined(junction.word, parts)
            case Negation(inner=inner):
                return self.negation(bare(inner), depth + 1)
            case Comparison() as comparison:
                return self.comparison(comparison)
            case Membership(parts=parts):
                first, *others = (self.value(part) for part in parts)
                return self.joined("or", [self.compared(first, "eq", one) for one in others])
            case Literal() as literal:
                return self.literal(literal)
            case other:
                return self.other(other)

    def condition(self, expression: Expression, depth: int) -> V:
        """What an expression becomes that must be true or false."""
        value = self.value(expression, depth)
        if value.kind != "b":
            self.fail(
                "A binary operator with incompatible types was detected. Found operand type "
                f"'{value.edm}' where 'Edm.Boolean' is expected."
            )
        return value

    def negation(self, inner: Expression, depth: int) -> V:
        """What `not` makes of a condition."""
        return self.negated(self.condition(inner, depth))

    def comparison(self, comparison: Comparison) -> V:
        """What a comparison becomes."""
        left, right = self.value(comparison.left), self.value(comparison.right)
        return self.compared(left, comparison.operator, right)

    def compared(self, a: V, operator: str, b: V) -> V:
        """The comparison of two values: with null, or of one type."""
        if "n" in (a.kind, b.kind) and "c" not in (a.kind, b.kind):
            other = a if b.kind == "n" else b
            if operator not in ("eq", "ne"):
                return self.ordered_with_null()
            return self.compared_with_null(other, equal=operator == "eq")
        if family(a.kind) != family(b.kind) or a.kind in "ec":
            self.fail(
                "A binary operator with incompatible types was detected. Found operand types "
                f"'{a.edm}' and '{b.edm}' for operator kind '{operator}'."
            )
        return self.related(a, operator, b)

    def literal(self, literal: Literal) -> V:
        """The value that is written; numbers are given on as text, without their suffix."""
        text = literal.text
        match literal.form:
            case "true" | "false":
                return self.constant("b", literal.form == "true")
            case "null":
                return self.constant("n", None)
            case "text":
                return self.constant("s", text[1:-1].replace("''", "'"))
            case "number":
                return self.constant("d", text.rstrip("mMdDfFlL"))
            case "typed_guid" | "bare_guid":
                return self.constant("g", text.removeprefix("guid").strip("'").lower())
        return self.instant(literal)

    @abstractmethod
    def fail(self, message: str) -> NoReturn:
        """End with an error that the server answers."""

    @abstractmethod
    def joined(self, word: str, conditions: Sequence[V]) -> V:
        """Conditions that must hold all (`and`), or one of which must (`or`)."""

    @abstractmethod
    def negated(self, condition: V) -> V:
        """A condition that must not hold."""

    @abstractmethod
    def related(self, a: V, operator: str, b: V) -> V:
        """Two values of one type, compared."""

    @abstractmethod
    def compared_with_null(self, value: V, *, equal: bool) -> V:
        """Whether a value is null, or is not."""

    @abstractmethod
    def ordered_with_null(self) -> V:
        """What `gt null` and the like become."""

    @abstractmethod
    def constant(self, kind: str, value: Any) -> V:
        """A value that is written down."""

    @abstractmethod
    def instant(self, literal: Literal) -> V:
        """A time that is written down."""

    @abstractmethod
    def other(self, expression: Expression) -> V:
        """A path, a call, or what else the dialect knows."""
