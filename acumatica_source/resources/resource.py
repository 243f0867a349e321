"""What the resources of all kinds have in common."""

from collections.abc import Callable, Iterator
from typing import Any

import dlt
from dlt.extract import DltResource

from acumatica_source.resources.local_folder import check_here

Rows = Callable[[], Iterator[Any]]
"""Gives the dlt items of one run, in extraction."""


def resource_of(rows: Rows, name: str, *, checked: bool = False) -> DltResource:
    """A resource that refuses to load into a folder that nobody has named.

    Args:
        rows: Gives its items.
        name: Name of the resource.
        checked: Whether the folder is known to be the right one.
    """

    def items() -> Iterator[Any]:
        if not checked:
            check_here(dlt.current.pipeline())
        yield from rows()

    return dlt.resource(items, name=name)
