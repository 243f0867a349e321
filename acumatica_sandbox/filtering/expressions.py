"""Expressions as the grammar reads them, and what of them a dialect knows."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """Any part of an expression, or all of it."""

    @property
    def parts(self) -> tuple["Expression", ...]:
        """The expressions right inside this one."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Brackets(Expression):
    """`( … )`, which mean nothing to most."""

    inner: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What is in brackets."""
        return (self.inner,)


@dataclass(frozen=True, slots=True, eq=False)
class Junction(Expression):
    """`… and …` or `… or …`."""

    word: str
    parts: tuple[Expression, ...]

    def chain(self) -> Iterator[Expression]:
        """The parts of `a or b or c`, however they are put in brackets."""
        rest = [*reversed(self.parts)]
        while rest:
            part = bare(rest.pop())
            if isinstance(part, Junction) and part.word == self.word:
                rest += reversed(part.parts)
            else:
                yield part


@dataclass(frozen=True, slots=True, eq=False)
class Negation(Expression):
    """`not …`."""

    inner: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What is negated."""
        return (self.inner,)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Expression):
    """`… eq …` and the like."""

    left: Expression
    operator: str
    right: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        """Both sides."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False)
class Membership(Expression):
    """`… in (…, …)`: the first of the parts is looked for among the others."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Expression):
    """`name(…, …)`."""

    written: str
    """The name with the blanks behind it."""
    parts: tuple[Expression, ...]

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.written.rstrip()


@dataclass(frozen=True, slots=True, eq=False)
class Lambda(Expression):
    """`path/any(variable: …)` or `path/all(…)`."""

    path: str
    word: str
    variable: str | None = None
    condition: Expression | None = None

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The condition, if there is one."""
        return () if self.condition is None else (self.condition,)


@dataclass(frozen=True, slots=True, eq=False)
class Count(Expression):
    """`path/$count`."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Path(Expression):
    """`Name` or `Name/Name`."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class CustomField(Expression):
    """`cf.Type(f='View.Field')`, or without the name of the argument."""

    text: str

    @property
    def type(self) -> str:
        """The type that is named."""
        return self.text.partition("(")[0].removeprefix("cf.")

    @property
    def named(self) -> bool:
        """Whether the argument is named."""
        return "(f=" in self.text

    @property
    def place(self) -> str:
        """The view and the field."""
        return self.text.partition("'")[2][:-2]


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Expression):
    """A value."""

    form: str
    """text, number, typed_instant, bare_instant, typed_guid, bare_guid, true, false or null."""
    text: str


def bare(expression: Expression) -> Expression:
    """An expression without the brackets around it."""
    while isinstance(expression, Brackets):
        expression = expression.inner
    return expression


@dataclass(frozen=True, slots=True)
class Syntax:
    """What of the grammar a dialect knows."""

    expressions: tuple[type[Expression], ...]
    literals: frozenset[str]
    """Forms of literals."""
    strict: bool
    """Whether conditions and values are told apart by their form: no value is a condition, nor the
    other way round, and brackets are for conditions."""
    reserved: frozenset[str] = frozenset()
    """Words that no name begins with."""
    blanks_before_arguments: bool = False
    """Whether there may be blanks between the name of a function and its brackets."""
    longest_exponent: int | None = None
    """Digits of a number's exponent; None for any."""
    suffixed_numbers: bool = True
    """Whether the type of a number may be said by a letter behind it."""
    named_arguments: bool = True
    """Whether the argument of a custom field has its name before it, or must not have it."""

    def knows(self, expression: Expression) -> bool:
        """Whether an expression is in this dialect as far as its form goes."""
        rest = [(expression, True)]
        while rest:
            part, as_condition = rest.pop()
            if not isinstance(part, self.expressions) or not self._is_sound(part):
                return False
            if self.strict and not isinstance(part, _CONDITIONS if as_condition else _VALUES):
                return False
            inside = not isinstance(part, Comparison | Call)
            rest += [(one, inside) for one in part.parts]
        return True

    def _is_sound(self, part: Expression) -> bool:
        match part:
            case Literal(form=form, text=text):
                exponent = text.lower().partition("e")[2].lstrip("+-").rstrip("mdfl")
                most = self.longest_exponent
                long = form == "number" and most is not None and len(exponent) > most
                plain = self.suffixed_numbers or form != "number" or text[-1] not in "mMdDfFlL"
                return form in self.literals and plain and not long
            case CustomField(named=named):
                return named == self.named_arguments
            case Call(written=written, name=name):
                blanks = self.blanks_before_arguments or written == name
                return blanks and name not in self.reserved
            case Path(text=text):
                own = self.strict and text.startswith("$")
                return not own and text.partition("/")[0] not in self.reserved
        return True


_CONDITIONS = (Brackets, Junction, Negation, Comparison, Call)
_VALUES = (Literal, Path, CustomField, Call)
