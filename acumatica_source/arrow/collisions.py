"""Tells names apart that the destination would take for one (`ABTest` and `AbTest`)."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from acumatica_source.arrow.shape import Node, PageShape

RESERVED = ("_deleted", "_dlt_id", "_dlt_load_id")
"""Columns that loading adds to every table."""


def told_apart(
    shape: PageShape, normalize: Callable[[str], str]
) -> tuple[PageShape, tuple[str, ...]]:
    """The shape with columns and tables renamed where their names would collide.

    The first of several keeps its name, the next ones get a number (`AbTest_2`), in the order of
    the contract. Columns that place a row (`id`, `_parent_id`, positions) come first, so they keep
    theirs, and so do those that loading adds.

    Args:
        shape: The tables of an entity.
        normalize: The destination's naming convention.

    Returns:
        The shape, the same one if nothing collides, and what was renamed, to be told once.
    """
    notes: list[str] = []
    root = _told_apart(shape.root, shape.root.table.path, normalize, notes)
    return (replace(shape, root=root) if notes else shape), tuple(notes)


def _told_apart(
    node: Node, path: tuple[str, ...], normalize: Callable[[str], str], notes: list[str]
) -> Node:
    table = node.table
    names = _distinct(table.schema.names, normalize, RESERVED)
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
        lists[way] = _told_apart(child, below, normalize, notes)
    return Node(replace(table.named(names), path=path), lists)


def _distinct(
    names: Iterable[str], normalize: Callable[[str], str], reserved: Iterable[str] = ()
) -> list[str]:
    """The names, later ones numbered where an earlier one is the same after normalisation."""
    taken = {normalize(name) for name in reserved}
    distinct = []
    for name in names:
        candidate, number = name, 1
        while normalize(candidate) in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(normalize(candidate))
        distinct.append(candidate)
    return distinct
