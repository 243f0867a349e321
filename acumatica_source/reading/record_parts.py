"""Parts of records, by path: fields, linked entities, details, and fields outside the contract.

A path is written as in `$expand` (`Details/Allocations`), for a field as its name, and for one
outside the contract as in `$custom` (`Details/Transactions.UsrColor`).
"""

from collections.abc import Collection, Iterable, Sequence

from acumatica_source.arrow.shape import TableShape

PENDING = "_pending"
"""The column of the first table that names the parts which a row does not have yet."""

_BETWEEN = ","


def written(parts: Iterable[str]) -> str:
    """Parts as the column `_pending` has them."""
    return _BETWEEN.join(sorted(parts))


def parts_in(text: str) -> list[str]:
    """The parts that the column `_pending` names."""
    return [part for part in text.split(_BETWEEN) if part]


def is_within(part: str, other: str) -> bool:
    """Whether a part is another one, or lies inside it."""
    return part == other or part.startswith(f"{other}/")


def without(parts: Iterable[str], others: Collection[str]) -> list[str]:
    """The parts that are not among others, nor inside one of them."""
    return [part for part in parts if not any(is_within(part, other) for other in others)]


def outermost(parts: Iterable[str]) -> list[str]:
    """The parts that lie inside none of the others, each once."""
    known = list(dict.fromkeys(parts))
    return [one for one in known if not any(one != o and is_within(one, o) for o in known)]


def columns_of(table: TableShape, parts: Iterable[str]) -> list[str]:
    """The columns of a table that hold values of parts."""
    ways = [_way(part) for part in parts]
    return [
        column.name
        for column in table.columns
        if any((*table.path[1:], *column.path)[: len(way)] == way for way in ways)
    ]


def is_table_of(table: TableShape, part: str) -> bool:
    """Whether all rows of a table lie inside a part."""
    way = _way(part)
    return table.path[1:][: len(way)] == way


def path_of(table: TableShape) -> str:
    """The part whose rows a table of details has."""
    return "/".join(table.path[1:])


def beside(columns: Iterable[str], names: Sequence[str]) -> list[str]:
    """The columns that hold what others could not (`Date__text`), or in another type than before.

    Args:
        columns: All columns of a table.
        names: Those others.
    """
    ends = ("__text", "__instant")
    known = set(names)
    return [
        column
        for column in columns
        if column not in known
        and any(
            column in (name + end for end in ends) or column.startswith(f"{name}__v_")
            for name in known
        )
    ]


def _way(part: str) -> tuple[str, ...]:
    """The properties that lead to a part."""
    *above, last = part.split("/")
    view, dot, name = last.partition(".")
    return (*above, "custom", view, name) if dot else (*above, last)
