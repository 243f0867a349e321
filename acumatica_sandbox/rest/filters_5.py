"""`$filter` of contract version 5: OData 4.01's literals, drop-downs by what is stored.

Supported and failing constructs follow the 2026 R2 edition of the guide (Query Parameters).
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, NoReturn

from acumatica_sandbox.filtering.evaluation import Evaluator
from acumatica_sandbox.filtering.expressions import (
    Brackets,
    Call,
    Comparison,
    CustomField,
    Expression,
    Junction,
    Lambda,
    Literal,
    Membership,
    Negation,
    Path,
    Syntax,
)
from acumatica_sandbox.filtering.grammar import SyntaxFault, parse
from acumatica_sandbox.options import SandboxOptions
from acumatica_sandbox.records.drop_downs import codes_of
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.shares import NOBODY, Share
from acumatica_sandbox.records.store import Condition
from acumatica_sandbox.records.version_5 import kept_name
from acumatica_sandbox.records.views import form_field
from acumatica_sandbox.rest.filters import (
    FilterError,
    Piece,
    Translator,
    not_converted,
    unknown,
)

_KNOWN = (Brackets, Junction, Negation, Comparison, Call, Path, CustomField, Literal, Lambda)
_LITERALS = frozenset(["text", "number", "bare_instant", "bare_guid", "true", "false", "null"])
SYNTAX = Syntax(
    _KNOWN,
    _LITERALS,
    strict=False,
    reserved=frozenset(["and", "or", "not", "true", "false", "null"]),
    blanks_before_arguments=True,
    suffixed_numbers=False,
    named_arguments=False,
)
WITH_MORE = replace(SYNTAX, expressions=(*_KNOWN, Membership))
TEXT_TESTS = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}
CASES = {"tolower": "lower", "toupper": "upper"}
CUSTOM_TYPES = {
    "String": "sSM",
    "Decimal": "dihl",
    "DateTime": "tDo",
    "StringSingleSelect": "S",
    "IntSingleSelect": "I",
}
"""The types that custom fields are compared as, and the letters of those that they are for."""


def condition_of(
    entity: EntityModel,
    wire: EntityModel,
    text: str,
    options: SandboxOptions,
    null_stamps: Share = NOBODY,
) -> Condition:
    """The SQL condition that a `$filter` means for an entity.

    Args:
        entity: the entity as its records are kept.
        wire: the same in version 5.
        text: the filter.
        options: what is known beyond the guide, and what of dates.
        null_stamps: the records that have no stamp of modification.

    Raises:
        FilterError: the server refuses it.
        SilentlyEmpty: the server answers an empty list.
    """
    syntax = WITH_MORE if options.more_functions else SYNTAX
    try:
        expression = parse(text, syntax)
    except SyntaxFault:
        raise FilterError(
            f"Syntax error in '{text[:200]}'.", "Microsoft.OData.ODataException"
        ) from None
    found = _Translator5(entity, wire, options.silent, null_stamps, options).condition(
        expression, 0
    )
    return Condition(found.sql, found.parameters)


class _Translator5(Translator):
    text_tests = TEXT_TESTS

    def __init__(
        self,
        entity: EntityModel,
        wire: EntityModel,
        silent: Collection[str],
        null_stamps: Share,
        options: SandboxOptions,
    ) -> None:
        super().__init__(entity, silent, null_stamps)
        self._wire = wire
        self._options = options
        self._variable = ""

    def fail(self, message: str) -> NoReturn:
        raise FilterError(message, "Microsoft.OData.ODataException")

    def negation(self, inner: Expression, depth: int) -> Piece:
        return self.negated(self.condition(inner, depth))

    def compared(self, a: Piece, operator: str, b: Piece) -> Piece:
        kinds = {a.kind, b.kind}
        if "M" in kinds:
            if kinds != {"M", "n"} or operator not in ("eq", "ne"):
                not_converted()
            many = a if a.kind == "M" else b
            return self.compared_with_null(many, equal=operator == "eq")
        if self._options.mixed_dates == "refused" and kinds in ({"o", "t"}, {"D", "o"}):
            self.fail(
                "A binary operator with incompatible types was detected. Found operand types "
                f"'{a.edm}' and '{b.edm}' for operator kind '{operator}'."
            )
        return super().compared(a, operator, b)

    def comparison(self, comparison: Comparison) -> Piece:
        sides = (comparison.left, comparison.right)
        if any(isinstance(side, Call) and side.name in CASES for side in sides):
            return Evaluator.comparison(self, comparison)
        return super().comparison(comparison)

    def as_stored(self, a: Piece, b: Piece) -> tuple[Piece, Piece]:
        return a, b  # fields are codes already, and so are the values that they are compared with

    def instant(self, literal: Literal) -> Piece:
        piece = super().instant(replace(literal, text=f"'{literal.text}'"))
        return piece if "T" in literal.text else replace(piece, kind="o")

    def other(self, expression: Expression) -> Piece:
        match expression:
            case Lambda() as quantifier:
                return self._quantifier(quantifier)
            case Call(name=name, parts=parts) if name in CASES and self._options.more_functions:
                if len(parts) != 1:
                    self.fail(f"No function signature for the function '{name}' matches.")
                inner = self.value(parts[0])
                return replace(inner, sql=f"{CASES[name]}({inner.sql})")
        return super().other(expression)

    def field(self, path: str) -> Piece:
        if path == self._variable:
            return Piece("s", "value", field=path)
        wire, kept, steps = self._wire.shape, self.entity.shape, path.split("/")
        for step in steps[:-1]:
            if step in wire.details:
                self.fail(
                    f"The parent value for a property access of a property '{steps[-1]}' is not "
                    "a single value."
                )
            if step not in wire.linked:
                unknown()
            wire, kept = wire.linked[step], kept.linked[step]
        letter = wire.fields.get(steps[-1])
        if letter is None:
            if steps[-1] in wire.nested:
                not_converted()
            unknown()
        name = kept_name(kept, steps[-1])
        piece = self.kept_field("/".join([*steps[:-1], name]), letter)
        if len(steps) == 1 and name in self.entity.codes and letter == "S":
            return replace(piece, kind="s", sql=f'"_code_{name}"')
        place = f"{kept.name}.{name}"
        by_code = self._options.plain_drop_downs == "code" and codes_of(place)
        if kept.fields[name] in "ihl":
            return replace(piece, kind="i")
        return _by_code(piece, place, "S" if letter == "s" and by_code else letter)

    def _quantifier(self, quantifier: Lambda) -> Piece:
        """Whether some or all values of a drop-down of several meet a condition."""
        many = self.field(quantifier.path)
        if many.kind != "M":
            not_converted()
        inner = Piece("b", "1")
        if quantifier.condition is not None:
            before, self._variable = self._variable, quantifier.variable or ""
            inner = self.condition(quantifier.condition, 0)
            self._variable = before
        every = quantifier.word.lower() == "all"
        test = f"NOT ({inner.sql})" if every else inner.sql
        sql = f"EXISTS (SELECT 1 FROM json_each({many.sql}) WHERE {test})"
        sql = f"NOT {sql}" if every else sql
        return Piece("b", sql, (*many.parameters, *inner.parameters), views=many.views)

    def custom(self, custom: CustomField) -> Piece:
        letters = CUSTOM_TYPES.get(custom.type)
        letter = self._wire.custom_by_path[""].get(custom.place)
        name = form_field(self.entity, custom.place)
        if letters is not None and letter is None and name is not None:
            return self._of_form(name, letters)
        if letters is None or letter is None or letter not in letters:
            unknown()
        kept = self.entity.custom_by_path[""][custom.place]
        piece = Piece(
            letter, "custom_field(_custom, ?) COLLATE NOCASE", (custom.place,), field=custom.text
        )
        if kept in "ih" and letter == "I":
            return replace(piece, kind="i")
        piece = _by_code(piece, custom.place, letter)
        return replace(piece, kind="s") if letter == "M" else piece

    def _of_form(self, name: str, letters: str) -> Piece:
        """A field of the contract that is named as one of the form."""
        shape = self._wire.shape
        wire = next((n for n in shape.fields if kept_name(self.entity.shape, n) == name), None)
        if wire is None or shape.fields[wire] not in letters:
            unknown()
        return self.field(wire)


def _by_code(piece: Piece, place: str, letter: str) -> Piece:
    """A drop-down as what is stored; what is kept are labels."""
    forms: dict[str, tuple[str, Any]] = {
        "S": ("s", f"drop_down_code('{place}', {piece.sql}) COLLATE NOCASE"),
        "I": ("i", f"drop_down_number('{place}', {piece.sql})"),
        "M": ("M", f"drop_down_codes('{place}', {piece.sql})"),
    }
    kind, sql = forms.get(letter, (letter, piece.sql))
    return replace(piece, kind=kind, sql=sql)
