"""Paths of expressions: from a row over navigation properties to a value, a row or rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acumatica_sandbox.filtering.kinds import EDM, family
from acumatica_sandbox.odata.errors import FormulaUsed, ODataError
from acumatica_sandbox.odata.feeds import Column, Feed, Link
from acumatica_sandbox.odata.rows import Row, Tables

Scope = Mapping[str, Row]
"""The rows that names stand for: `$it` for the row in question, range variables of lambdas."""
Variables = Mapping[str, Feed]
"""The feeds that those rows are of."""


@dataclass(frozen=True)
class Value:
    """Part of an expression: its type and what it is for the rows in scope."""

    kind: str
    """s, d (any number), t (date or instant), b, g, x, n for null, e for a row, c for rows."""
    of: Callable[[Scope], Any]
    feed: Feed | None = None
    """The feed of the row or rows."""

    @property
    def edm(self) -> str:
        """The type as messages name it."""
        if self.feed is not None:
            name = self.feed.full_type
            return f"Collection({name})" if self.kind == "c" else name
        return EDM.get(self.kind, "<null>")


def follow(tables: Tables, variables: Variables, path: str, option: str) -> Value:
    """The value that a path leads to.

    Args:
        tables: the rows there are.
        variables: what the path may start from; with none of these, it starts from `$it`.
        path: names with slashes between them.
        option: the query option that it is used in.

    Raises:
        ODataError: there is no such property, or it cannot be used there.
        FormulaUsed: it is a formula of a generic inquiry.
    """
    steps = path.split("/")
    start = steps.pop(0) if steps[0] in variables else "$it"
    feed = variables[start]
    value = Value("e", lambda scope: scope[start], feed)
    for step in steps:
        if value.feed is None:
            raise ODataError(f"Could not find a property named '{step}' on type '{value.edm}'.")
        if value.kind == "c":
            raise ODataError(
                f"The parent value for a property access of a property '{step}' is not a single "
                "value. Property access can only be applied to a single value."
            )
        link = value.feed.links.get(step)
        value = _linked(tables, value, link) if link else _column(value, value.feed, step, option)
    return value


def column_of(feed: Feed, name: str) -> Column:
    """The column of that name.

    Raises:
        ODataError: there is none.
    """
    for column in feed.columns:
        if column.name == name:
            return column
    raise ODataError(f"Could not find a property named '{name[:100]}' on type '{feed.full_type}'.")


def usable(feed: Feed, name: str, option: str) -> Column:
    """The column of that name, unless it may not be used in a query option.

    Raises:
        ODataError: there is none, or it is one of the NonFilterableProperties of a DAC.
        FormulaUsed: it is a formula of a generic inquiry.
    """
    column = column_of(feed, name)
    if column.computed and feed.is_class:
        raise ODataError(f"The property '{name}' cannot be used in the {option} query option.")
    if column.computed and option != "$select":
        raise FormulaUsed
    return column


def _linked(tables: Tables, parent: Value, link: Link) -> Value:
    of, target = parent.of, tables.feeds[link.target]

    def rows(scope: Scope) -> list[Row]:
        row = of(scope)
        return [] if row is None else tables.linked(link, row)

    if link.many:
        return Value("c", rows, target)
    return Value("e", lambda scope: next(iter(rows(scope)), None), target)


def _column(parent: Value, feed: Feed, name: str, option: str) -> Value:
    column, of = usable(feed, name, option), parent.of

    def value(scope: Scope) -> Any:
        row = of(scope)
        return None if row is None else row[name]

    return Value(family(column.kind), value)
