"""Details that lists leave empty although their records have some.

Some builds are reported to answer `$expand=X` with an empty X unless `$select` names X too, while
the same request for one record shows its rows. So where an expanded detail has no row at all in the
first page of a list, a few of the page's records are asked for by themselves: once for each entity,
since what was found is remembered. What another build, endpoint or selection of details was found
to do proves nothing, so after an upgrade it is done again.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.shape import JOINT, PageShape
from acumatica_source.contract.model import Entity
from acumatica_source.reading.record_query import RecordQuery

logger = logging.getLogger(__name__)

EVERYTHING = "*"
"""Stands for all details: no list shows them, so that records are read one by one."""

COMPARED = "compared "
"""What stands for the comparison itself begins with this, whatever it found; what it was made with
follows."""

MOST_CHARACTERS = 1_800
"""Characters of a `$select` that a URL has room for beside the rest."""


class LeftOut:
    """What lists of one entity leave out, and how they are asked for instead."""

    def __init__(self, query: RecordQuery) -> None:
        self._query = query
        self._lock = threading.Lock()
        self._mark = _mark(query)
        self._compared = self._mark in query.left_out
        self.tables = set(query.left_out) if self._compared else set[str]()
        """Tables of details that lists leave empty unless they are selected; or EVERYTHING."""

    @property
    def select(self) -> list[str]:
        """What to name in `$select`; nothing where lists leave nothing out."""
        if self.tables <= {self._mark, EVERYTHING}:
            return []
        return _selection(self._query.entity, self._query.expand) or []

    def compared(
        self,
        page: ParsedPage,
        singly: Callable[[Sequence[int]], ParsedPage],
        again: Callable[[], ParsedPage],
    ) -> ParsedPage | None:
        """The page; listed in another way where it leaves something out, None if none helps.

        Args:
            page: The first page of a list, whichever records were asked for.
            singly: Gets the records at some places of the page by themselves.
            again: Gets the page anew, with `select`.
        """
        with self._lock:
            if self._compared or not page.rows:
                return page
            self._compared = True
        suspects = _without_rows(page, self._query.shape)
        shown = singly(_places_to_compare(page.rows)) if suspects else page
        left_out = [name for name in suspects if shown.tables[name].num_rows]
        self.tables.update([self._mark, *left_out])
        if not left_out:
            return page
        name, tables = self._query.entity.name, ", ".join(left_out)
        if self.select:
            page = again()
            if all(page.tables[table].num_rows for table in left_out):
                logger.warning("%s: lists show %s only if selected; selecting them.", name, tables)
                return page
        logger.warning(
            "%s: lists leave out %s, which its records have; they are read one by one.",
            name,
            tables,
        )
        self.tables = {self._mark, EVERYTHING}
        return None


def _mark(query: RecordQuery) -> str:
    """What stands for a comparison that was made with these answers."""
    made_with = "\n".join((query.build, query.path, *sorted(query.expand)))
    return COMPARED + hashlib.sha256(made_with.encode()).hexdigest()[:12]


def _without_rows(page: ParsedPage, shape: PageShape) -> list[str]:
    """The tables of records' own details that have no row in a page, by name."""
    return [
        table.name
        for table in shape.tables[1:]
        if not page.tables[table.name].num_rows and _holder_has_rows(page, table.path)
    ]


def _holder_has_rows(page: ParsedPage, path: Sequence[str]) -> bool:
    """Whether the table above has rows that could have had some here; that of records has."""
    holders = (JOINT.join(path[:end]) for end in range(len(path) - 1, 0, -1))
    nearest = next(name for name in holders if name in page.tables)
    return bool(page.tables[nearest].num_rows)


def _places_to_compare(rows: int) -> list[int]:
    """Where in a page the records stand that are looked at: first, middle and last."""
    return sorted({0, rows // 2, rows - 1})


def _selection(entity: Entity, expand: Iterable[str]) -> list[str] | None:
    """What `$select` has to name for an entity whole, with what is expanded; None if too long."""
    fields = [one.name for one in entity.shape.fields if one.custom is None]
    parts = [path.partition("/")[0] for path in expand]
    names = list(dict.fromkeys([*fields, *parts]))
    return names if len(",".join(names)) <= MOST_CHARACTERS else None
