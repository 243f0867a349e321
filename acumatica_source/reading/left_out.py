"""What lists of an entity do not bring, and how it is asked for instead.

A list refuses some parts of records, which single records show all the same. And some builds are
reported to answer `$expand=X` with an empty X unless `$select` names X too: so where an expanded
detail has no row at all in the first page of a list, a few of the page's records are asked for by
themselves. A part that another list brings, which shows keys and that part alone, comes from there.
What no list brings is lacking: it takes a request for each record.

Both are found once for each entity and remembered. What another build, endpoint or selection of
parts was found to do proves nothing, so after an upgrade it is done again.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.shape import JOINT, PageShape
from acumatica_source.contract.custom_fields import DeclaredCustomField, custom_parameters
from acumatica_source.reading.custom import places_of
from acumatica_source.reading.record_parts import (
    columns_of,
    is_within,
    outermost,
    path_of,
    without,
)
from acumatica_source.reading.record_query import RecordQuery

logger = logging.getLogger(__name__)

COMPARED = "compared "
"""What stands for the comparison itself begins with this, whatever it found; what it was made with
follows."""

APART, LACKING = "apart ", "lacking "
"""What stands for a part begins with these; what it was found with and the part follow."""

_ONE_BY_ONE = "*"
"""With this, earlier releases noted that they read records one by one, and not why."""

MOST_CHARACTERS = 1_800
"""Characters of a `$select` that a URL has room for beside the rest."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a list is asked to show."""

    select: Sequence[str] = ()
    """Fields, linked entities and details; all fields if there are none."""
    expand: Sequence[str] = ()
    custom: Sequence[str] = ()
    parts: Sequence[str] = ()
    """What is taken from its answer beside the page, where that is not all of it."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What lists bring."""

    selected: bool = False
    """Whether details come only if `$select` names them."""
    apart: frozenset[str] = frozenset()
    """Parts that come from lists of their own, by path."""
    lacking: frozenset[str] = frozenset()
    """Parts that no list brings."""

    @property
    def out(self) -> frozenset[str]:
        """What the list of records does not show."""
        return self.apart | self.lacking


class LeftOut:
    """What lists of one entity leave out, and how they are asked for instead."""

    def __init__(self, query: RecordQuery) -> None:
        self._query = query
        self.lock = threading.RLock()
        """Held while something is found out."""
        self._mark = _mark(query)
        known = query.left_out
        self._compared = COMPARED + self._mark in known and _ONE_BY_ONE not in known
        self._unproven: set[str] = set()
        """Parts with lists of their own that have brought nothing yet."""
        self._selected = {
            one for one in known if self._compared and one in {t.name for t in query.shape.tables}
        }
        self.brought = Brought(
            bool(self._selected), frozenset(self._of(APART)), frozenset(self._of(LACKING))
        )
        """What lists bring, as far as is known; one value after the other, never changed."""

    def _of(self, kind: str) -> Iterator[str]:
        start = f"{kind}{self._mark} "
        for one in self._query.left_out:
            if one.startswith(start):
                yield one.removeprefix(start)

    @property
    def noted(self) -> set[str]:
        """What was found, to be remembered."""
        kinds = ((APART, self.brought.apart), (LACKING, self.brought.lacking))
        parts = {f"{kind}{self._mark} {part}" for kind, found in kinds for part in found}
        compared = {COMPARED + self._mark, *self._selected}
        return parts | (compared if self._compared and not self._unproven else set())

    @property
    def fields(self) -> list[str]:
        """The contract's fields of the records themselves, but for those that name them."""
        always = self._always
        fields = self._query.entity.shape.fields
        return [one.name for one in fields if one.custom is None and one.name not in always]

    @property
    def _always(self) -> list[str]:
        """Fields that every list shows."""
        keys = [key.name for key in self._query.entity.keys]
        return keys or [one.name for one in self._query.entity.shape.fields[:1]]

    def shown(self, custom: Sequence[DeclaredCustomField], brought: Brought) -> list[Shown]:
        """What lists are asked for: the one of records first, then those that bring the rest.

        Args:
            custom: The custom fields that are asked for.
            brought: What lists bring.
        """
        expand = without(self._query.expand, brought.out)
        addresses = {one.address for one in custom}
        listed = set(without(addresses, brought.out))
        params = custom_parameters([one for one in custom if one.address in listed])
        select, more = self._selection(expand, brought)
        shown = [Shown(select, expand, params[:1])]
        shown += [Shown([*self._always, *names], parts=names) for names in more]
        light = [*self._always, *self._stamp]
        shown += [Shown(light, places_of(one), [one], one.split(",")) for one in params[1:]]
        shown += [self.apart(part) for part in sorted(brought.apart)]
        return shown

    def only(self, parts: Sequence[str]) -> list[Shown]:
        """Lists that show keys and these parts, and none of the others."""
        names, expand = set(parts), [one for one in self._query.expand if one in set(parts)]
        fields = [one for one in self.fields if one in names]
        custom = [one for one in self._query.custom if one.address in names]
        params = custom_parameters(custom)
        select: list[str] = []
        if len(fields) < len(self.fields) or self.brought.selected:
            tops = (path.partition("/")[0] for path in expand)
            select = list(dict.fromkeys([*self._always, *fields, *tops]))
        more = [Shown(self._always, places_of(one), [one]) for one in params[1:]]
        return [Shown(select, expand, params[:1]), *more]

    def apart(self, part: str) -> Shown:
        """A list of the keys and one part."""
        if part in self.fields:
            return Shown([*self._always, part], parts=[part])
        if part not in self._query.expand:  # a custom field
            light = [*self._always, *self._stamp]
            return Shown(light, places_of(part), [part], [part])
        expand = [p for p in self._query.expand if is_within(p, part) or is_within(part, p)]
        return Shown([*self._always, part.partition("/")[0]], expand, parts=[part])

    @property
    def _stamp(self) -> list[str]:
        stamp = self._query.entity.watermark
        return [] if stamp is None or stamp in self.brought.out else [stamp]

    def _selection(
        self, expand: Sequence[str], brought: Brought
    ) -> tuple[list[str], list[list[str]]]:
        """What `$select` has to name, and what is left for further lists; nothing for all."""
        out = brought.out
        fields = [one for one in self.fields if one not in out]
        tops = list(dict.fromkeys(path.partition("/")[0] for path in expand))
        if len(fields) == len(self.fields):
            names = [*self._always, *fields, *tops]
            fits = len(",".join(names)) <= MOST_CHARACTERS
            return (names if brought.selected and fits else []), []
        names, more = [*self._always, *tops], list[list[str]]()
        for name in fields:
            if len(",".join([*names, name])) <= MOST_CHARACTERS:
                names.append(name)
            elif more and len(",".join([*self._always, *more[-1], name])) <= MOST_CHARACTERS:
                more[-1].append(name)
            else:
                more.append([name])
        return names, more

    def leave_out(self, apart: Sequence[str], lacking: Sequence[str]) -> None:
        """From now on lists are not asked for these parts, or only for lists of their own."""
        with self.lock:
            before = self.brought
            none = outermost([*before.lacking, *lacking])
            own = without(outermost([*before.apart, *apart]), none)
            self.brought = replace(before, apart=frozenset(own), lacking=frozenset(none))
            self._compared = self._compared and not apart

    def compared(
        self,
        page: ParsedPage,
        singly: Callable[[Sequence[int]], ParsedPage],
        again: Callable[[], ParsedPage],
    ) -> None:
        """Compare the first page of a list with some of its records; `brought` tells what is found.

        Args:
            page: The page, whichever records were asked for.
            singly: Gets the records at some places of the page by themselves.
            again: Gets the page anew, as `brought` says now.
        """
        if self._compared or not page.rows:
            return
        with self.lock:
            if self._compared:
                return
            self._compare(page, singly, again)
            self._compared = True

    def _compare(
        self,
        page: ParsedPage,
        singly: Callable[[Sequence[int]], ParsedPage],
        again: Callable[[], ParsedPage],
    ) -> None:
        name, before = self._query.entity.name, self.brought
        self._unproven = {part for part in before.apart if not self._has(page, part)}
        empty = _without_rows(page, self._query.shape, before.out)
        suspects = [*empty, *sorted(self._unproven)]
        if not suspects:
            return
        shown = singly(_places_to_compare(page.rows))
        left_out = [part for part in suspects if self._has(shown, part)]
        tables = {path_of(table): table.name for table in self._query.shape.tables[1:]}
        details = [part for part in left_out if part not in before.apart]
        if details and not before.selected:
            self.brought = replace(before, selected=True)
            if self.shown((), self.brought)[0].select:
                page = again()
                helped = [part for part in details if self._has(page, part)]
                self._selected = {tables[part] for part in helped}
                left_out = [part for part in left_out if part not in helped]
            if self._selected:
                said = ", ".join(sorted(self._selected))
                logger.warning("%s: lists show %s only if selected; selecting them.", name, said)
            self.brought = replace(before, selected=bool(self._selected))
        if left_out:
            lacking = outermost([*before.lacking, *left_out])
            apart = frozenset(without(before.apart, lacking))
            self._unproven &= apart
            self.brought = replace(self.brought, apart=apart, lacking=frozenset(lacking))
            said = ", ".join(tables.get(part, part) for part in left_out)
            logger.warning("%s: lists leave out %s, which its records have.", name, said)

    def _has(self, page: ParsedPage, part: str) -> bool:
        """Whether a page has rows or values of a part."""
        for table in self._query.shape.tables:
            rows = page.tables[table.name]
            if path_of(table) == part and rows.num_rows:
                return True
            for column in columns_of(table, [part]):
                if rows.column(column).null_count < rows.num_rows:
                    return True
        return False


def _mark(query: RecordQuery) -> str:
    """What stands for what was found with these answers."""
    made_with = "\n".join((query.build, query.path, *sorted(query.expand)))
    return hashlib.sha256(made_with.encode()).hexdigest()[:12]


def _without_rows(page: ParsedPage, shape: PageShape, out: frozenset[str]) -> list[str]:
    """The records' own details that have no row in a page, but for those that are not asked for."""
    return [
        path_of(table)
        for table in shape.tables[1:]
        if not page.tables[table.name].num_rows
        and _holder_has_rows(page, table.path)
        and without([path_of(table)], out)
    ]


def _holder_has_rows(page: ParsedPage, path: Sequence[str]) -> bool:
    """Whether the table above has rows that could have had some here; that of records has."""
    holders = (JOINT.join(path[:end]) for end in range(len(path) - 1, 0, -1))
    nearest = next(name for name in holders if name in page.tables)
    return bool(page.tables[nearest].num_rows)


def _places_to_compare(rows: int) -> list[int]:
    """Where in a page the records stand that are looked at: first, middle and last."""
    return sorted({0, rows // 2, rows - 1})
