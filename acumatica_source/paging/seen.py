"""Which rows of a list have come already, so that none is handed on twice."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from uuid import UUID

from acumatica_source.paging.model import RowKey


@dataclass(frozen=True, slots=True)
class Sorted:
    """What the rows of a page are, by their places in it."""

    new: list[int]
    """Those that have not come before."""
    other_id: list[int]
    """Those whose key has come before, but with another id."""
    repeated: int
    """How many have come before, in another page."""
    doubled: list[int]
    """Those that the page holds already."""
    shared: int | None
    """One whose key the page holds already, with another id: so keys do not tell rows."""


class Seen:
    """Remembers rows by hashes of their keys, and of their ids.

    A key tells a row. Only where keys turn out not to be unique, ids do: an id may be another one
    in every session.
    """

    def __init__(self) -> None:
        self.by_id = False
        """Whether ids tell rows, because keys have proved not to be unique."""
        self._keys: set[int] = set()
        self._ids = array("q")
        self._known_ids: set[int] | None = None
        """The same as a set; made when it is first needed, for most lists never repeat a row."""

    def __len__(self) -> int:
        return len(self._ids) if self.by_id else len(self._keys)

    def add(self, keys: Sequence[RowKey], ids: Sequence[str] | None) -> Sorted:
        """Tell new rows from those that have come, and remember them.

        Raises:
            ValueError: there are other numbers of keys and ids.
        """
        if ids is not None and len(ids) != len(keys):
            raise ValueError(f"{len(keys)} keys and {len(ids)} ids of one page")
        hashes = _hashes(keys)
        distinct = set(hashes)
        if len(distinct) == len(hashes) and distinct.isdisjoint(self._keys):
            self._keys |= distinct
            self._remember_ids([] if ids is None else [*map(hash, ids)])
            return Sorted([*range(len(hashes))], [], 0, [], None)
        return self._sorted(hashes, ids)

    def _sorted(self, hashes: Sequence[int], ids: Sequence[str] | None) -> Sorted:
        """Row by row, because some have come before or come twice."""
        identities = [None] * len(hashes) if ids is None else [hash(one) for one in ids]
        mine: dict[int, int | None] = {}
        sorted_rows = Sorted([], [], 0, [], None)
        repeated, shared = 0, None
        for place, (key, identity) in enumerate(zip(hashes, identities, strict=True)):
            in_page = key in mine
            if in_page and identity != mine[key]:
                shared = place
            mine.setdefault(key, identity)
            if key in self._keys:
                another = identity is not None and not self._has_id(identity)
                if another and not self.by_id:
                    sorted_rows.other_id.append(place)
                    continue
                if not another:
                    if in_page:
                        sorted_rows.doubled.append(place)
                    else:
                        repeated += 1
                    continue
            sorted_rows.new.append(place)
            self._keys.add(key)
            self._remember_ids([] if identity is None else [identity])
        return replace(sorted_rows, repeated=repeated, shared=shared)

    def unseen(self, keys: Sequence[RowKey], ids: Sequence[str] | None) -> list[int]:
        """The places of rows that have not come, without remembering them."""
        places = []
        for place, key in enumerate(_hashes(keys)):
            known = key in self._keys
            if known and self.by_id and ids is not None:
                known = self._has_id(hash(ids[place]))
            if not known:
                places.append(place)
        return places

    def other_ids(self, keys: Sequence[RowKey], ids: Sequence[str] | None) -> list[int]:
        """The places of rows whose key has come, but with another id."""
        if ids is None:
            return []
        return [
            place
            for place, key in enumerate(_hashes(keys))
            if key in self._keys and not self._has_id(hash(ids[place]))
        ]

    def _remember_ids(self, identities: Sequence[int]) -> None:
        self._ids.extend(identities)
        if self._known_ids is not None:
            self._known_ids.update(identities)

    def _has_id(self, identity: int) -> bool:
        if self._known_ids is None:
            self._known_ids = set(self._ids)
        return identity in self._known_ids


def _hashes(keys: Sequence[RowKey]) -> list[int]:
    """Hashes that also tell -1 from -2, for which Python has one and the same."""
    texts = {str, UUID}.issuperset(map(type, chain.from_iterable(keys)))
    if not texts and -1 in chain.from_iterable(keys):
        return [hash(repr(key) if -1 in key else key) for key in keys]
    return [*map(hash, keys)]
