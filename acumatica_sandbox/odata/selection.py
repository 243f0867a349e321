"""What a request wants of a feed: `$select`, `$expand`, `$filter`, `$orderby`, `$top`, `$skip`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from acumatica_sandbox.odata.errors import ODataError
from acumatica_sandbox.odata.feeds import Column, Feed, Link
from acumatica_sandbox.odata.filters import order_key, predicate
from acumatica_sandbox.odata.navigation import usable
from acumatica_sandbox.odata.rows import Row, Tables
from acumatica_sandbox.odata.values import Dialect, shown

DEEPEST_EXPAND = 3
OF_COLLECTIONS = ("$filter", "$orderby", "$top", "$skip", "$count")
OF_RECORDS = ("$select", "$expand")
_ITEM = re.compile(r"([^()]*?)\s*(?:\((.*)\))?", re.DOTALL)


@dataclass(frozen=True)
class Selection:
    """Which rows of a feed are wanted, and what of each."""

    feed: Feed
    columns: tuple[Column, ...]
    chosen: bool
    """Whether the columns were named."""
    expanded: tuple[tuple[Link, "Selection"], ...]
    test: Callable[[Row], bool] | None
    order: tuple[tuple[Callable[[Row], Any], bool], ...]
    """Sort keys, and whether each is descending."""
    top: int | None
    skip: int
    count: bool

    def matching(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that the filter finds, in order."""
        found = [row for row in rows if self.test is None or self.test(row)]
        for key, descending in reversed(self.order):
            found.sort(key=key, reverse=descending)
        return found

    def window(self, rows: list[Row]) -> list[Row]:
        """The rows that are wanted of those that match."""
        return rows[self.skip :] if self.top is None else rows[self.skip : self.skip + self.top]

    def described(self) -> str:
        """What a context address says of it: `(OrderNbr,SOLineCollection(LineNbr))`."""
        if not self.chosen and not self.expanded:
            return ""
        names = [column.name for column in self.columns] if self.chosen else []
        inner = [f"{link.name}{one.described() or '()'}" for link, one in self.expanded]
        return f"({','.join([*names, *inner])})"


def selection(
    tables: Tables, feed: Feed, options: Mapping[str, str], dialect: Dialect, level: int = 0
) -> Selection:
    """What query options mean for a feed.

    Args:
        tables: the rows there are.
        feed: what the options are about.
        options: values by names such as `$top`.
        dialect: how literals are written.
        level: how many navigation properties led here.

    Raises:
        ODataError: they make no sense.
        FormulaUsed: they are about a computed column of an inquiry.
    """
    condition, order = options.get("$filter", ""), options.get("$orderby", "")
    columns, chosen = _columns(feed, options.get("$select", ""))
    return Selection(
        feed,
        columns,
        chosen,
        tuple(_expanded(tables, feed, options.get("$expand", ""), dialect, level)),
        predicate(tables, feed, condition, dialect) if condition.strip() else None,
        tuple(_order(tables, feed, order, dialect)),
        _whole(options, "$top"),
        _whole(options, "$skip") or 0,
        _flag(options.get("$count", "false")),
    )


def document(tables: Tables, wanted: Selection, row: Row, dialect: Dialect) -> dict[str, Any]:
    """A row with what was selected and expanded, as JSON shows it."""
    members = {c.name: shown(c, row[c.name], dialect) for c in wanted.columns}
    for link, inner in wanted.expanded:
        rows = inner.matching(tables.linked(link, row))
        if inner.count:
            members[f"{link.name}@odata.count"] = len(rows)
        found = [document(tables, inner, one, dialect) for one in inner.window(rows)]
        members[link.name] = found if link.many else next(iter(found), None)
    return members


def _columns(feed: Feed, text: str) -> tuple[tuple[Column, ...], bool]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    wanted = [name for name in names if name not in feed.links]
    if not names or "*" in names:
        return feed.columns, False
    return tuple(usable(feed, name, "$select") for name in dict.fromkeys(wanted)), True


def _expanded(
    tables: Tables, feed: Feed, text: str, dialect: Dialect, level: int
) -> Iterator[tuple[Link, Selection]]:
    if text.strip() and level == DEEPEST_EXPAND:
        raise ODataError(
            "The request includes a $expand path which is too deep. The maximum depth allowed is "
            f"{DEEPEST_EXPAND}. To increase the limit, set the 'MaxExpansionDepth' property on "
            "EnableQueryAttribute or ODataValidationSettings."
        )
    seen = set()
    for item in split(text, ","):
        found = _ITEM.fullmatch(item.strip())
        if found is None:
            raise ODataError(f"Syntax error in '{item[:100]}'.")
        names = list(feed.links) if found[1] == "*" else [found[1].strip()]
        for name in names:
            if name in seen:
                raise ODataError(f"The $expand clause names '{name[:100]}' more than once.")
            seen.add(name)
            link = _link(feed, name)
            options = _inner_options(link, found[2])
            target = tables.feeds[link.target]
            yield link, selection(tables, target, options, dialect, level + 1)


def _link(feed: Feed, name: str) -> Link:
    if name in feed.links:
        return feed.links[name]
    if any(column.name == name for column in feed.columns):
        raise ODataError(
            f"Property '{name}' on type '{feed.full_type}' is not a navigation property or "
            "complex property. Only navigation properties can be expanded."
        )
    raise ODataError(f"Could not find a property named '{name[:100]}' on type '{feed.full_type}'.")


def _inner_options(link: Link, text: str | None) -> dict[str, str]:
    options: dict[str, str] = {}
    for one in split(text or "", ";"):
        name, equals, value = one.strip().partition("=")
        if name not in (*OF_COLLECTIONS, *OF_RECORDS) or not equals or name in options:
            raise ODataError(f"Syntax error in '{one[:100]}': not an option of $expand.")
        if name in OF_COLLECTIONS and not link.many:
            raise ODataError(
                "The requested resource is not a collection. Query options $filter, $orderby, "
                "$count, $skip, and $top can be applied only on collections."
            )
        options[name] = value
    return options


def split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that are outside quotes and parentheses.

    Raises:
        ODataError: a quote or parenthesis is not closed.
    """
    parts, level, quoted = [""], 0, False
    for c in text:
        if c == "'":
            quoted = not quoted
        elif not quoted:
            level += {"(": 1, ")": -1}.get(c, 0)
        if c == separator and level == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += c
        if level < 0:
            break
    if level or quoted:
        raise ODataError(f"Syntax error in '{text[:100]}'.")
    return [part for part in parts if part.strip()]


def _order(
    tables: Tables, feed: Feed, text: str, dialect: Dialect
) -> Iterator[tuple[Callable[[Row], Any], bool]]:
    for term in split(text, ","):
        plain, _, word = term.strip().rpartition(" ")
        expression = plain if plain and word in ("asc", "desc") else term
        yield order_key(tables, feed, expression, dialect), word == "desc" and bool(plain)


def _flag(text: str) -> bool:
    if text.strip().lower() not in ("true", "false"):
        raise ODataError(f"Invalid value '{text[:40]}' for $count query option found.")
    return text.strip().lower() == "true"


def _whole(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise ODataError(f"Invalid value '{text[:40]}' for {name} query option found.")
    return int(text)
