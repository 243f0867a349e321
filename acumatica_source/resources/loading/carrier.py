"""Hands pages on to dlt: each row once, and none that is loaded as it is."""

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.pick import picked
from acumatica_source.paging.read_ahead import ReadAhead
from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import SINGLE_READS
from acumatica_source.resources.loading.handed_on import HandedOn, keys_in
from acumatica_source.resources.loading.listed import PAGES_AHEAD
from acumatica_source.resources.loading.pending import Carried, Pending
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.reader import Reader
from acumatica_source.resources.loading.sweep import Loaded
from acumatica_source.resources.loading.tables import (
    WriteMode,
    childless,
    concat_with_flag,
    tombstones,
)
from acumatica_source.resources.loading.writing import Writing

logger = logging.getLogger(__name__)


class Carrier:
    """Hands the pages of one resource on in one run."""

    def __init__(
        self,
        reader: Reader,
        executor: Executor,
        resource: str,
        writing: Writing,
        report: RunReport,
        single_reads: int | None = SINGLE_READS,
    ) -> None:
        self._reader = reader
        self._executor = executor
        self._resource = resource
        self._writing = writing
        self._report = report
        self._pending = Pending(reader, resource, writing, single_reads, report)
        self._loaded: Loaded | None = None
        self._noting = False
        self._said: set[str] = set()
        """Notes about columns; each is said once."""
        self.newest: datetime | None = None
        """The newest stamp of a row that came."""
        self.handed_on = HandedOn(reader.identity)
        """Rows that were handed on, where they are merged or compared."""
        self.filled: set[str] = set()
        """Tables of details that may hold rows."""

    def begin(
        self,
        reader: Reader,
        names: Sequence[str],
        filled: set[str],
        *,
        loaded: Loaded | None = None,
        before: Loaded | None = None,
        noting: bool = False,
    ) -> None:
        """Begin with nothing handed on.

        Args:
            reader: Whose pages come.
            names: The columns that name rows at the source and are loaded, if there are any.
            filled: Tables of details that may hold rows; those that rows come for are added.
            loaded: What need not be written again; None if everything is to be.
            before: What was loaded, where everything is written again.
            noting: Whether rows are noted although they are not merged.
        """
        self._reader, self._loaded, self._noting = reader, loaded, noting
        self.handed_on = HandedOn(reader.identity, names)
        self.filled = filled
        known = before or loaded
        tables = LoadedTables(self._writing.tenant) if known is not None else None
        self._pending.begin(reader, known, tables, anew=before is not None)

    def tell_by_identity(self, reader: Reader) -> None:
        """Tell rows by their identity alone from now on.

        Args:
            reader: Whose pages come now.
        """
        self._reader = reader
        self.handed_on.names = []

    def all_of(
        self,
        pages: Generator[ParsedPage, None, None],
        only: Set[tuple[object, ...]] | None = None,
        handed_on: Callable[[ParsedPage], None] = lambda page: None,
    ) -> Iterator[Any]:
        """The dlt items of pages, which are read ahead; see `page`.

        Args:
            pages: The pages.
            only: Which of their rows are wanted.
            handed_on: Called with each page after its items.
        """
        with ReadAhead(self._executor, pages, PAGES_AHEAD) as ahead:
            for page in ahead:
                yield from self.page(page, only)
                handed_on(page)

    def page(self, page: ParsedPage, only: Set[tuple[object, ...]] | None = None) -> Iterator[Any]:
        """The dlt items of the tables of a page.

        Args:
            page: The page.
            only: Keys of the rows that are wanted, or identities if keys name none; None for all
                that are not loaded as they are.
        """
        for note in page.notes:
            if note not in self._said:
                self._said.add(note)
                logger.warning("%s: %s", self._resource, note)
        self._note_newest(page.tables[self._writing.parents.name])
        merging = self._writing.mode is not WriteMode.REPLACE
        if merging and self._reader.identity:
            page = self._wanted(page, only)
            if not page.rows:
                return
        if self._noting and not merging:
            self.handed_on.note(self._named(page.tables[self._writing.parents.name]))
        yield from self._written(self._pending.let_through(page))

    def rest(self, gone: pa.Table | None = None) -> Iterator[Any]:
        """The dlt items of what is still to be read one by one, or was held back for that.

        Args:
            gone: The identity of loaded rows that are gone; None if that is not known.
        """
        yield from self._written(self._pending.rest(self.handed_on, gone))

    def listed(self, gone: pa.Table | None = None) -> pa.Table:
        """Identity, keys and `stamp` of loaded rows that lack nothing but what pages bring by now.

        Args:
            gone: The identity of loaded rows that are gone; None if that is not known.
        """
        return self._pending.listed(self.handed_on, gone)

    def _written(self, carried: Iterator[Carried]) -> Iterator[Any]:
        for one in carried:
            if self._noting or self._writing.mode is not WriteMode.REPLACE:
                self._note_others(one.page.tables[self._writing.parents.name])
            yield from self._write(one.page, one.kept)

    def _note_others(self, parents: pa.Table) -> None:
        """Note rows that have another identity than the list showed them with."""
        keys = keys_in(parents, list(self._reader.identity))
        new = [place for place, key in enumerate(keys) if key not in self.handed_on]
        if new:
            self.handed_on.note(self._named(parents).take(pa.array(new, pa.int64())))

    def _write(self, page: ParsedPage, kept: Mapping[str, pa.Table]) -> Iterator[Any]:
        merging = self._writing.mode is not WriteMode.REPLACE
        parents = page.tables[self._writing.parents.name]
        self._report.rows_read[self._writing.parents.name] += parents.num_rows
        yield self._writing.target(self._writing.parents.name).carry(parents)
        for child in self._writing.children:
            rows = self._writing.formed(child.name, page.tables[child.name])
            self._report.rows_read[child.name] += rows.num_rows
            if child.name in kept:
                rows = _with_kept(rows, kept[child.name])
            if merging:
                if child.name in self.filled:
                    bare = tombstones(rows.schema, childless(parents, rows))
                    rows = concat_with_flag([rows, bare])
                elif not rows.num_rows:
                    continue
            if rows.num_rows:
                self.filled.add(child.name)
            yield self._writing.target(child.name).carry(rows)

    def _wanted(self, page: ParsedPage, only: Set[tuple[object, ...]] | None) -> ParsedPage:
        """The page without what was handed on before, and noted."""
        rows = page.tables[self._writing.parents.name]
        identity = list(self._reader.identity)
        keys = keys_in(rows, identity)
        first = {key: place for place, key in reversed([*enumerate(keys)])}  # a page may double one
        places = sorted(at for key, at in first.items() if key not in self.handed_on)
        named = self._named(rows)
        if only is not None:
            names = keys_in(rows, self.handed_on.names or identity)
            unseen = self.handed_on.unseen(named)
            places = [place for place in places if unseen[place] and names[place] in only]
        elif self._loaded is not None and self._reader.stamp is not None:
            doubled = set(keys_in(self._loaded.doubled, identity))
            stamped = named.append_column(STAMP, rows.column(self._reader.stamp))
            held = self._loaded.holds(stamped).to_pylist()
            places = [place for place in places if not held[place] or keys[place] in doubled]
        self.handed_on.note(named.take(pa.array(places, pa.int64())))
        return page if len(places) == len(keys) else picked(page, places)

    def _named(self, rows: pa.Table) -> pa.Table:
        """Identity and keys of rows."""
        return rows.select([*dict.fromkeys([*self._reader.identity, *self._reader.keys])])

    def _note_newest(self, parents: pa.Table) -> None:
        stamp = self._reader.stamp
        if stamp is not None:
            stamps = (self.newest, pc.max(parents.column(stamp)).as_py())
            self.newest = max((one for one in stamps if one is not None), default=None)


def _with_kept(rows: pa.Table, kept: pa.Table) -> pa.Table:
    """Rows of details, and those that are loaded, with columns as the destination calls them."""
    normalize = dlt.current.source_schema().naming.normalize_path
    names = {normalize(name): name for name in rows.column_names}
    kept = kept.rename_columns([names.get(normalize(one), one) for one in kept.column_names])
    return pa.concat_tables([rows, kept], promote_options="permissive")
