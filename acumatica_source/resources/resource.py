"""What the resources of all kinds have in common."""

from collections.abc import Callable, Iterator
from typing import Any

import dlt
from dlt.extract import DltResource

from acumatica_source.resources.local_folder import check_here


def resource_of(items: Callable[[], Iterator[Any]], name: str) -> DltResource:
    """A resource that refuses to load into a folder that nobody has named.

    Args:
        items: Gives the dlt items of one run.
        name: Name of the resource.
    """

    def rows() -> Iterator[Any]:
        check_here(dlt.current.pipeline())
        yield from items()

    return dlt.resource(rows, name=name)
