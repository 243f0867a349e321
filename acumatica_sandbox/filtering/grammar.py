"""The grammar of expressions: all that any dialect knows."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from lark import Lark
from lark.exceptions import LarkError

from acumatica_sandbox.filtering.expressions import (
    Brackets,
    Call,
    Comparison,
    Count,
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

GRAMMAR = r"""
    ?start: or
    ?or: and | or _OR and -> disjunction
    ?and: not | and _AND not -> conjunction
    ?not: _NOT not -> negation | test
    ?test: term
         | term OPERATOR term -> comparison
         | term _IN "(" term ("," term)* ")" -> membership
    ?term: STRING -> text
         | INSTANT -> typed_instant
         | DATETIME -> bare_instant
         | TYPED_GUID -> typed_guid
         | GUID -> bare_guid
         | NUMBER -> number
         | TRUE -> true
         | FALSE -> false
         | NULL -> null
         | NAME "(" [or ("," or)*] ")" -> call
         | LAMBDA "(" [VARIABLE or] ")" -> quantifier
         | COUNT -> count
         | CUSTOM -> custom_field
         | PATH -> path
         | "(" or ")" -> brackets
    _OR.6: /or(?=[\s(])/
    _AND.6: /and(?=[\s(])/
    _NOT.6: /not(?=[\s(])/
    _IN.6: /in(?=\s*\()/
    TRUE.6: /true(?![\w\/])/
    FALSE.6: /false(?![\w\/])/
    NULL.6: /null(?![\w\/])/
    OPERATOR.6: /(eq|ne|gt|ge|lt|le)(?=[\s(])/
    CUSTOM.5: /cf\.\w+\((f=)?'[^']*'\)/
    INSTANT.5: /(datetimeoffset|datetime|date)'[^']*'/
    DATETIME.5: /\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?(?![\w-])/
    TYPED_GUID.5: /guid'[^']*'/
    GUID.5: /[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/
    NUMBER.4: /-?\d+(\.\d+)?([eE][+-]?\d+)?[mMdDfFlL]?(?![\w-])/
    STRING.4: /'([^']|'')*'/
    VARIABLE.4: /[A-Za-z_]\w*\s*:/
    LAMBDA.4: /\$?[A-Za-z_]\w*(\/\w+)*\/([aA]ny|[aA]ll)(?=\()/
    COUNT.4: /\$?[A-Za-z_]\w*(\/\w+)*\/\$count(?!\w)/
    NAME.3: /[A-Za-z_]\w*\s*(?=\()/
    PATH.2: /\$?[A-Za-z_]\w*(\/\w+)*/
    %ignore /\s+/
"""


class SyntaxFault(Exception):
    """The text is no expression of the dialect."""


@lru_cache(maxsize=512)
def parse(text: str, syntax: Syntax) -> Expression:
    """The expression that a text is.

    Raises:
        SyntaxFault: it is none, or not one of the dialect.
    """
    try:
        expression = cast("Expression", _PARSER.parse(text))
    except LarkError:
        raise SyntaxFault from None
    if not syntax.knows(expression):
        raise SyntaxFault
    return expression


class _Maker:
    """Makes an expression of each rule that the parser has found."""

    def __getattr__(self, rule: str) -> Any:
        if rule in _LITERALS:
            return lambda found: Literal(rule, str(found[0]))
        raise AttributeError(rule)

    def disjunction(self, found: Sequence[Any]) -> Expression:
        return Junction("or", tuple(found))

    def conjunction(self, found: Sequence[Any]) -> Expression:
        return Junction("and", tuple(found))

    def negation(self, found: Sequence[Any]) -> Expression:
        return Negation(found[0])

    def comparison(self, found: Sequence[Any]) -> Expression:
        return Comparison(found[0], str(found[1]), found[2])

    def membership(self, found: Sequence[Any]) -> Expression:
        return Membership(tuple(found))

    def call(self, found: Sequence[Any]) -> Expression:
        return Call(str(found[0]), tuple(one for one in found[1:] if one is not None))

    def quantifier(self, found: Sequence[Any]) -> Expression:
        path, _, word = str(found[0]).rpartition("/")
        if found[1] is None:
            return Lambda(path, word)
        return Lambda(path, word, str(found[1]).rstrip(": \t"), found[2])

    def count(self, found: Sequence[Any]) -> Expression:
        return Count(str(found[0]).removesuffix("/$count"))

    def custom_field(self, found: Sequence[Any]) -> Expression:
        return CustomField(str(found[0]))

    def path(self, found: Sequence[Any]) -> Expression:
        return Path(str(found[0]))

    def brackets(self, found: Sequence[Any]) -> Expression:
        return Brackets(found[0])


_LITERALS = (
    *("text", "number", "true", "false", "null"),
    *("typed_instant", "bare_instant", "typed_guid", "bare_guid"),
)
_PARSER = Lark(GRAMMAR, parser="lalr", transformer=_Maker())
