"""The records of an entity as a list that can be paged through, without knowing its keys."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from acumatica_source.client.encoding import to_json
from acumatica_source.client.query import QueryOptions
from acumatica_source.paging.model import Answer, Key, PageRequest, RowKey

Record = dict[str, Any]
"""A record as the server sends it, values wrapped in `{"value": ...}`."""


class RecordList:
    """A list whose rows are told by their ids, as one session shows them.

    Args:
        name: Name of the entity.
        options: Which records, and which of their fields; `skip` is where the list begins.
        read: Gets the records of one request.
        size: Records of a page.
    """

    keys: Sequence[Key] = ()
    seats = 1
    named_at_once = 0
    gives_next_links = False

    def __init__(
        self,
        name: str,
        options: QueryOptions,
        read: Callable[[QueryOptions], list[Record]],
        size: int,
    ) -> None:
        self.name = name
        self.size = self.light_size = size
        self._options = options
        self._read = read

    def fetch(self, request: PageRequest) -> Answer[list[Record]]:
        """A page of records."""
        return self._answer(self._options, request)

    def fetch_keys(self, request: PageRequest) -> Answer[list[Record]]:
        """A page of records without what belongs to them."""
        return self._answer(replace(self._options, expand=None, custom=None), request)

    def named(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> Iterator[Answer[list[Record]]]:
        """Nothing: ids cannot be asked for in a list."""
        yield from ()

    def pick(self, page: list[Record], places: Sequence[int]) -> list[Record]:
        """Some records of a page."""
        return [page[place] for place in places]

    def _answer(self, options: QueryOptions, request: PageRequest) -> Answer[list[Record]]:
        skip = (self._options.skip or 0) + request.skip
        page = self._read(replace(options, top=request.top, skip=skip))
        # what has no id is told by all that it holds
        return Answer(page, [(one.get("id") or to_json(one),) for one in page])
