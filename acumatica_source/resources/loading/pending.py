"""Parts of records that no list brings: read one by one, within a budget, the newest first.

A row says in the column `_pending` what it does not have yet, so nothing is to be remembered: it
commits with the row, leaves with it, and what is still to be read is read back with the keys. Where
the row was loaded before, it keeps what it had of such parts until they are read.
"""

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.pick import joined, picked
from acumatica_source.arrow.shape import TableShape
from acumatica_source.client.errors import InvalidQuery
from acumatica_source.reading.filling import renamed_values
from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.record_parts import (
    PENDING,
    beside,
    columns_of,
    is_table_of,
    is_within,
    parts_in,
)
from acumatica_source.reading.run_report import RunReport, StillPending
from acumatica_source.reading.single_records import FAILURES
from acumatica_source.resources.loading.evolution import lets_in
from acumatica_source.resources.loading.handed_on import HandedOn, keys_in
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.reader import Reader, SinglyReader
from acumatica_source.resources.loading.sweep import Loaded
from acumatica_source.resources.loading.writing import Writing

logger = logging.getLogger(__name__)

TO_END = 6
"""As many times its usual single reads a run makes where that leaves nothing pending."""

MOST_TO_END = 300
"""Single reads beyond which a run does not go for that, if fewer are usual."""

_NAMED = 500
"""Rows that are read back by one query."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Rows to be written, and details to be written again as they are loaded."""

    page: ParsedPage
    kept: Mapping[str, pa.Table] = field(default_factory=dict)
    """Loaded details of the page's records, by table, in the form in which they are loaded."""


_Rank = tuple[bool, float]
"""Which rows are read first: those of the least."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Records that are held back, and their ranks."""

    page: ParsedPage
    ranks: Sequence[_Rank]


class Pending:
    """What of the records of one resource is still to be read one by one."""

    def __init__(
        self, reader: Reader, resource: str, writing: Writing, limit: int | None, report: RunReport
    ) -> None:
        self._reader = reader
        self._resource = resource
        self._writing = writing
        self._limit = limit
        self._report = report
        self._loaded: Loaded | None = None
        self._tables: LoadedTables | None = None
        self._held: list[_Held] = []
        self._anew = False
        self._passed = 0
        """Rows that were let through without what they lack."""
        self._unshown = 0
        """Loaded rows that could not be read."""
        self._parts: set[str] = set()
        self._marks = True
        self._ids: set[str] | None = None
        self._by_key: dict[tuple[object, ...], str] = {}

    def begin(
        self,
        reader: Reader,
        loaded: Loaded | None,
        tables: LoadedTables | None,
        *,
        anew: bool = False,
    ) -> None:
        """Begin with nothing held back.

        Args:
            reader: Whose pages come.
            loaded: What was loaded before; None if that is not known.
            tables: Where it is.
            anew: Whether everything is loaded anew. If every run did so, none would get beyond the
                newest, so any are read.
        """
        self._anew = anew
        self._reader, self._loaded, self._tables = reader, loaded, tables
        self._held, self._passed, self._unshown, self._parts = [], 0, 0, set()
        self._ids, self._by_key = None, {}
        self._marks = lets_in(self._writing.parents.name, PENDING)

    @property
    def _most(self) -> int | None:
        """Rows that may be read one by one in this run; None for all.

        Where a schema contract does not let the column in that would say what they lack, all are.
        """
        if self._limit is None or not self._marks:
            return None
        return min(self._limit * TO_END, max(self._limit, MOST_TO_END))

    def let_through(self, page: ParsedPage) -> Iterator[Carried]:
        """What of a page is to be written now; the newest of what lacks something is held back."""
        parents = page.tables[self._writing.parents.name]
        if PENDING not in parents.column_names:
            yield Carried(page)
            return
        whole = pc.is_null(parents.column(PENDING)).to_pylist()
        lacking = picked(page, [at for at, done in enumerate(whole) if not done])
        if any(whole):
            yield Carried(picked(page, [at for at, done in enumerate(whole) if done]))
        if not lacking.rows:
            return
        if self._most is None:
            yield from self._read(self._main(lacking), lacking)
            return
        self._held.append(_Held(lacking, self._ranks(self._main(lacking), self._reader.stamp)))
        if sum(held.page.rows for held in self._held) > 2 * self._most:
            held = _together(self._held)
            order = _in_order(held.ranks)
            first, rest = order[: self._most], sorted(order[self._most :])
            ranks = [held.ranks[at] for at in first]
            self._held = [_Held(picked(held.page, first), ranks)] if first else []
            yield from self._as_it_is(picked(held.page, rest))

    def listed(self, handed_on: HandedOn, gone: pa.Table | None) -> pa.Table:
        """Identity, keys and `stamp` of loaded rows that lack nothing but what lists bring by now.

        Args:
            handed_on: Rows that the run has brought.
            gone: The identity of loaded rows that are gone; None if that is not known.
        """
        rows, texts = self._waiting(handed_on, gone)
        lacking = self._reader.lacking if isinstance(self._reader, SinglyReader) else ()
        brought = [
            not any(is_within(part, one) for part in parts_in(text) for one in lacking)
            for text in texts
        ]
        return rows.filter(pa.array(brought, pa.bool_()))

    def rest(self, handed_on: HandedOn, gone: pa.Table | None) -> Iterator[Carried]:
        """What was held back, and loaded rows that lack something: read, as far as may be.

        Args:
            handed_on: Rows that the run has brought.
            gone: The identity of loaded rows that are gone; None if that is not known.
        """
        waiting, texts = self._waiting(handed_on, gone)
        held = _together(self._held) if self._held else None
        self._held = []
        ranks = [] if held is None else [*held.ranks]
        fresh = len(ranks)
        order = _in_order([*ranks, *self._ranks(waiting, STAMP)])
        count, left = self._limit, self._passed + len(order)
        if count is None or self._most is None or left <= self._most:
            count = len(order)
        chosen = order[:count]
        if held is not None:
            mine = [at for at in chosen if at < fresh]
            others = sorted({*range(fresh)}.difference(mine))
            yield from self._as_it_is(picked(held.page, others))
            rows = self._main(held.page).take(pa.array(mine, pa.int64()))
            yield from self._read(rows, held.page)
        theirs = [at - fresh for at in chosen if at >= fresh]
        yield from self._read(waiting.take(pa.array(theirs, pa.int64())), None)
        still = waiting.num_rows - len(theirs) + self._unshown
        for text in set(texts) if still else ():
            self._parts.update(parts_in(text))
        self._tell(self._passed + still)

    def _waiting(self, handed_on: HandedOn, gone: pa.Table | None) -> tuple[pa.Table, list[str]]:
        """Identity, keys and `stamp` of loaded rows that lack something, and what it is."""
        loaded = self._loaded
        if loaded is None or self._anew or not isinstance(self._reader, SinglyReader):
            return pa.table({STAMP: pa.array([], pa.timestamp("us", "UTC"))}), []
        asked = set(self._reader.parts)
        identity = list(self._reader.identity)
        texts = (
            [""] * loaded.rows.num_rows if loaded.pending is None else loaded.pending.to_pylist()
        )
        if not any(texts):
            return loaded.rows.slice(0, 0), []
        away = set() if gone is None else set(keys_in(gone, identity))
        named = keys_in(loaded.rows, identity)
        wanted = [
            at
            for at, text in enumerate(texts)
            if text and named[at] not in away and any(part in asked for part in parts_in(text))
        ]
        rows = loaded.rows.take(pa.array(wanted, pa.int64()))
        unseen = handed_on.unseen(rows)
        rows = rows.filter(pa.array(unseen, pa.bool_()))
        return rows, [texts[at] for at, new in zip(wanted, unseen, strict=True) if new]

    def _read(self, rows: pa.Table, page: ParsedPage | None) -> Iterator[Carried]:
        """These rows, each read by itself.

        What is not shown so is written as a list has shown it, or stays as it is.

        Args:
            rows: Their identity and keys, among other columns.
            page: What lists have shown of them, and perhaps of others; None where they are loaded.
        """
        if not rows.num_rows:
            return
        reader = self._reader
        if not {*reader.keys} <= {*rows.column_names}:  # they are not loaded
            reader = reader.without_keys()
        assert isinstance(reader, SinglyReader)
        named = list(reader.keys or reader.identity)
        columns = [*dict.fromkeys([*reader.identity, *reader.keys])]
        whole = reader.whole(rows.select(columns))
        shown: set[tuple[object, ...]] = set()
        try:
            for got in whole:
                shown.update(keys_in(self._main(got), named))
                yield Carried(got)
        except (InvalidQuery, *FAILURES) as error:
            logger.warning("%s: no more is read one by one in this run: %s", self._resource, error)
        wanted = {*keys_in(rows, named)}.difference(shown)
        if page is None:
            self._unshown += len(wanted)
            return
        keys = keys_in(self._main(page), named)
        yield from self._as_it_is(
            picked(page, [at for at, key in enumerate(keys) if key in wanted])
        )

    def _as_it_is(self, page: ParsedPage) -> Iterator[Carried]:
        """A page of rows that lack something, with what is loaded of that."""
        if not page.rows:
            return
        self._passed += page.rows
        rows = self._main(page)
        texts = rows.column(PENDING).to_pylist()
        self._parts.update(part for text in set(texts) for part in parts_in(text))
        for text in dict.fromkeys(texts):
            some = picked(page, [at for at, one in enumerate(texts) if one == text])
            carried = self._with_known(some, parts_in(text))
            if not self._marks:
                main = self._main(carried.page).drop_columns([PENDING])
                carried = replace(carried, page=self._with_main(carried.page, main))
            yield carried

    def _with_known(self, page: ParsedPage, parts: Sequence[str]) -> Carried:
        """The page with the loaded values and details of these parts."""
        ids = self._main(page).column("id").to_pylist()
        former = self._former(page, ids)
        if not former or self._tables is None:
            return Carried(page)
        try:
            main, kept = self._values(former, parts), self._lines(former, parts)
        except Exception as error:  # a destination may refuse in its own words
            logger.warning(
                "%s: what is loaded of %s cannot be read back, and gets lost until it is read "
                "anew: %s",
                self._resource,
                ", ".join(parts),
                error,
            )
            return Carried(page)
        rows = self._main(page)
        places = pc.index_in(rows.column("id"), value_set=main.column("id"))
        for name in main.column_names:
            values = main.column(name).take(places)
            if name not in rows.column_names:
                rows = rows.append_column(pa.field(name, values.type), values)
            elif name != "id":
                at = rows.schema.get_field_index(name)
                values = pc.coalesce(rows.column(at), values.cast(rows.schema.field(at).type))
                rows = rows.set_column(at, rows.schema.field(at), values)
        page = self._with_main(page, rows)
        for name, lines in kept.items():
            mine = pc.is_in(
                page.tables[name].column("_parent_id"), value_set=lines.column("_parent_id")
            )
            others = page.tables[name].filter(pc.invert(mine))
            page = replace(page, tables={**page.tables, name: others})
        return Carried(page, kept)

    def _former(self, page: ParsedPage, ids: Sequence[str]) -> dict[str, str]:
        """The ids of a page's records by those they are loaded with, where they are."""
        if self._loaded is None:
            return {}
        if self._ids is None:
            self._ids = set(self._loaded.rows.column("id").to_pylist())
            names = self._loaded.naming.keys
            if names:
                keys = keys_in(self._loaded.rows, names)
                self._by_key = dict(
                    zip(keys, self._loaded.rows.column("id").to_pylist(), strict=True)
                )
        former = {one: one for one in ids if one in self._ids}
        if self._by_key and len(former) < len(ids):
            keys = keys_in(self._main(page), self._loaded.naming.keys)
            for one, key in zip(ids, keys, strict=True):
                if one not in former and key in self._by_key:
                    former[self._by_key[key]] = one
        return former

    def _values(self, former: Mapping[str, str], parts: Sequence[str]) -> pa.Table:
        """The loaded values of parts in the rows of records, with the ids that these have now."""
        parents = self._writing.parents
        own = columns_of(parents, parts)
        rows = self._loaded_rows(parents, "id", former)
        stored = [self._normalized(name) for name in own]
        names = [name for name in own if name in rows.column_names]
        names += beside(rows.column_names, stored)
        return renamed_values(rows.select(["id", *names]), "id", former)

    def _lines(self, former: Mapping[str, str], parts: Sequence[str]) -> dict[str, pa.Table]:
        """The loaded details of records that hold something of parts, by table."""
        kept = {}
        for child in self._writing.children:
            own = columns_of(child, parts)
            inside = any(is_table_of(child, part) for part in parts)
            if not (own or inside) or not self._known_tables.has(child.name):
                continue
            lines = self._loaded_rows(child, "_parent_id", former)
            if not inside:  # the rows are listed; those that are loaded may know more
                told = [name for name in own if name in lines.column_names]
                full = [any(row.values()) for row in lines.select(told).to_pylist()]
                ids = lines.column("_parent_id").filter(pa.array(full, pa.bool_()))
                lines = lines.filter(pc.is_in(lines.column("_parent_id"), value_set=ids))
            if lines.num_rows:
                kept[child.name] = renamed_values(lines, "_parent_id", former)
        return kept

    def _loaded_rows(self, table: TableShape, by: str, former: Mapping[str, str]) -> pa.Table:
        ids = list(former)
        found = [
            self._known_tables.whole(table, pa.table({by: ids[at : at + _NAMED]}), [by])
            for at in range(0, len(ids), _NAMED)
        ]
        return pa.concat_tables(found, promote_options="permissive")

    @property
    def _known_tables(self) -> LoadedTables:
        assert self._tables is not None
        return self._tables

    def _normalized(self, name: str) -> str:
        return str(self._known_tables.schema.naming.normalize_path(name))

    def _ranks(self, rows: pa.Table, stamp: str | None) -> list[_Rank]:
        """The ranks of rows, by their stamps or by lot; those without a stamp come last."""
        if stamp is None or self._anew:
            return [(False, random.random()) for _ in range(rows.num_rows)]  # noqa: S311
        stamps = rows.column(stamp).to_pylist()
        return [(True, 0.0) if one is None else (False, -one.timestamp()) for one in stamps]

    def _main(self, page: ParsedPage) -> pa.Table:
        return page.tables[self._writing.parents.name]

    def _with_main(self, page: ParsedPage, rows: pa.Table) -> ParsedPage:
        return replace(page, tables={**page.tables, self._writing.parents.name: rows})

    def _tell(self, records: int) -> None:
        """Note what is pending after this run."""
        still = None
        if records:
            still = StillPending(records, sorted(self._parts), self._outlook(records))
        self._report.is_pending(self._resource, still)

    def _outlook(self, records: int) -> str:
        """When so many records are read, in words."""
        if self._limit == 0:
            return "and single_reads is 0, so that none is made"
        if self._limit is None or self._most is None:
            return "made by the next run"
        if self._anew:  # perhaps in every run
            return f"of which a run makes {self._limit:,}"
        runs = 1 + max(0, -(-(records - self._most) // self._limit))
        count = "run" if runs == 1 else f"{runs:,} runs"
        return f"made by the next {count}, newest first"


def _together(held: Sequence[_Held]) -> _Held:
    pages = joined([one.page for one in held])
    return _Held(pages, [rank for one in held for rank in one.ranks])


def _in_order(ranks: Sequence[_Rank]) -> list[int]:
    """Places in the order of their ranks."""
    return sorted(range(len(ranks)), key=lambda at: ranks[at])
