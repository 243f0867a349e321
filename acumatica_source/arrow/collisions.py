"""Numbers names that the destination would take for one (`ABTest` and `AbTest`)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from acumatica_source.arrow.selections import CODE
from acumatica_source.arrow.shape import Node, PageShape

RESERVED = ("_deleted", "_deleted_at", "_pending", "_tenant", "_dlt_id", "_dlt_load_id")
"""Columns that loading adds to tables."""


def with_distinct_names(
    shape: PageShape, normalize: Callable[[str], str]
) -> tuple[PageShape, tuple[str, ...]]:
    """The shape with columns and tables renamed where their names would collide.

    The first of several keeps its name, the next ones get a number (`AbTest_2`), in the order of
    the contract. Columns that place a row (`id`, `_parent_id`, positions) come first, so they keep
    theirs, and so do those that loading adds. Codes of drop-downs come last, for the other columns
    had their names before there were codes.

    Args:
        shape: The tables of an entity.
        normalize: The destination's naming convention.

    Returns:
        The shape, the same one if nothing collides, and what was renamed, to be told once.
    """
    notes: list[str] = []
    root = _with_distinct_names(shape.root, shape.root.table.path, normalize, notes)
    return (replace(shape, root=root) if notes else shape), tuple(notes)


def _with_distinct_names(
    node: Node, path: tuple[str, ...], normalize: Callable[[str], str], notes: list[str]
) -> Node:
    table = node.table
    codes = {column.name for column in table.columns if column.member == CODE}
    names = _distinct(table.schema.names, normalize, RESERVED, codes)
    for old, new in zip(table.schema.names, names, strict=True):
        if old != new:
            notes.append(f"Column {old!r} of {'.'.join(path)} is named {new!r}: it would collide.")
    lists = {}
    tails = ["/".join(way) for way in node.lists]
    for (way, child), tail, new in zip(
        node.lists.items(), tails, _distinct(tails, normalize), strict=True
    ):
        if tail != new:
            notes.append(f"Table {new!r} of {'.'.join(path)} was {tail!r}: it would collide.")
        below = (*path, *new.split("/"))
        lists[way] = _with_distinct_names(child, below, normalize, notes)
    return Node(replace(table.named(names), path=path), lists)


def _distinct(
    names: Sequence[str],
    normalize: Callable[[str], str],
    reserved: Collection[str] = (),
    last: Collection[str] = (),
) -> list[str]:
    """The names, later ones numbered where an earlier one is the same after normalisation.

    Args:
        names: The names.
        normalize: The destination's naming convention.
        reserved: Names that are taken.
        last: Those of the names that are later than all others.
    """
    taken = {normalize(name) for name in reserved}
    distinct = list(names)
    for place in sorted(range(len(names)), key=lambda at: names[at] in last):
        candidate, number = names[place], 1
        while normalize(candidate) in taken:
            number += 1
            candidate = f"{names[place]}_{number}"
        taken.add(normalize(candidate))
        distinct[place] = candidate
    return distinct
