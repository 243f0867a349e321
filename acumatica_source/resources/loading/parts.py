"""Loads a table part by part: each is replaced as a whole, and only if it is not what is loaded.

For rows that have no key of their own, such as those of inquiries about a financial period. A run
asks for the parts that have changed, as the source tells or the destination shows, and for a share
of the others, so that each is compared once in a while. Parts that are not asked for stay.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from acumatica_source.paging.read_ahead import ReadAhead
from acumatica_source.reading.findings import FoundRow, TableFindings
from acumatica_source.reading.rhythm import Rhythm
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import USUAL_TERMS, LoadingTerms
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.evolution import fitted_rows
from acumatica_source.resources.loading.part_source import Changes, PartSource
from acumatica_source.resources.loading.parts_due import Round
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.state import ResourceState
from acumatica_source.resources.loading.tables import (
    Target,
    WriteMode,
    blank,
)
from acumatica_source.warehouse.lost import make_again

logger = logging.getLogger(__name__)

PARTS_AHEAD = 2

COMPARED_AT_ONCE = 60
"""Parts that one run asks for while it compares all of them, unless more have changed."""


@dataclass(frozen=True, slots=True)
class PartOptions:
    """How a table is loaded part by part."""

    resource: str
    """Name of the resource and its table."""
    asked: Sequence[Any]
    """What the parts are asked for with. If it changes, all is loaded anew."""
    schema: pa.Schema
    """The columns of a part."""
    place: dict[str, str]
    """Values of the columns that say where all parts belong (`{"_ledger": "ACTUAL"}`)."""
    part: str
    """The column that says which part a row belongs to."""
    full: bool
    """Whether to load every part anew, changed or not."""
    covers: Callable[[str], bool] = lambda part: True
    """Whether a part is wanted. Others stay as they are, and count as unknown if they change."""
    rhythm: Rhythm = field(default_factory=Rhythm)
    """How often all parts are compared."""
    compared_at_once: int = COMPARED_AT_ONCE
    """Parts that one run asks for while it compares all of them, unless more have changed."""
    terms: LoadingTerms = USUAL_TERMS
    """On what terms rows leave the table."""
    tenant: str = ""
    """Whose rows they are."""
    lost: Set[str] = frozenset()
    """Tables that the destination had lost, as it names them."""


def load_parts(
    source: PartSource, executor: Executor, options: PartOptions, report: RunReport
) -> Iterator[Any]:
    """The dlt items of one run.

    Args:
        source: Has the parts.
        executor: Reads them ahead of dlt.
        options: How to load.
        report: What to tell whoever started the run.
    """
    if options.terms.look is not None:
        report.findings[options.resource] = _compared(source, options)
        return
    yield from _Load(source, executor, options, report).run()


class _Load:
    def __init__(
        self, source: PartSource, executor: Executor, options: PartOptions, report: RunReport
    ) -> None:
        self._source = source
        self._executor = executor
        self._options = options
        self._report = report
        self._whose = options.tenant if options.terms.tenant_column else None
        self._tables = LoadedTables(self._whose)
        self._state = ResourceState.read(options.resource, anew=options.full, tenant=self._whose)
        self._fresh = False
        """Whether the source has said in this run which parts it has."""

    def run(self) -> Iterator[Any]:
        options, state, tables = self._options, self._state, self._tables
        name = options.resource
        stored = tables.schema.naming.normalize_tables_path(name)
        lost = stored in options.lost
        if lost:
            make_again(tables.pipeline, tables.schema.name, {stored})
        asked = list(options.asked)
        first = options.full or lost or not state.parts or state.asked != asked
        loaded = self._loaded(first)
        target = Target(
            name,
            WriteMode.REPLACE if first and self._whose is None else tables.mode,
            merge_key=(*options.place, options.part),
            tenant=self._whose,
        )

        def placed(rows: pa.Table, part: str, place: Mapping[str, str] = options.place) -> Any:
            for column, value in (*place.items(), (options.part, part)):
                values = pa.repeat(pa.scalar(value), rows.num_rows)
                rows = rows.append_column(pa.field(column, pa.string(), nullable=False), values)
            return target.carry(fitted_rows(rows, name))

        # before the first item, from which on the schema has the table
        changes = self._changes(first, loaded)
        others = (
            tables.places(name, (*options.place, options.part)) if first and self._whose else []
        )
        yield placed(options.schema.empty_table(), "")
        for *place, part in others:  # what came before is merged away, as others share the table
            where = dict(zip(options.place, place, strict=True))
            yield placed(blank(options.schema, 1), part, where)
        if first:
            state.parts = {}
        prints, counts = state.parts, state.known_parts.counts
        fewer: dict[str, int] = {}
        seen: set[str] = set()
        wanted = self._due(changes, loaded)
        with ReadAhead(self._executor, self._answers(wanted), PARTS_AHEAD) as ahead:
            for part, rows in ahead:
                printed = _fingerprint(rows)
                missing = loaded is not None and loaded.get(part, 0) != rows.num_rows
                seen.add(part)
                counts[part] = rows.num_rows
                if (loaded or {}).get(part, 0) > rows.num_rows:
                    fewer[part] = (loaded or {})[part] - rows.num_rows
                if prints.get(part) == printed and not missing:
                    continue
                if missing and prints.get(part) == printed:
                    logger.warning(
                        "%s: of %s %d rows are loaded, not %d; loading it again.",
                        name,
                        part,
                        (loaded or {}).get(part, 0),
                        rows.num_rows,
                    )
                prints[part] = printed
                self._report.rows_read[name] += rows.num_rows
                if rows.num_rows:
                    yield placed(rows, part)
                elif not first:
                    yield placed(blank(options.schema, 1), part)
        for part in self._vanished(loaded or {}, seen, target.mode):
            fewer[part] = (loaded or {})[part]
            prints.pop(part, None)
            counts.pop(part, None)
            if target.mode is not WriteMode.REPLACE:
                yield placed(blank(options.schema, 1), part)
        options.terms.deletions.check(name, sum(fewer.values()), sum((loaded or {}).values()))
        self._report.deleted[name] += sum(fewer.values())
        for part, count in fewer.items():
            key = {**options.place, options.part: part}
            yield deletions.counted(stored, key, count, options.tenant, deletions.PERIOD)
        state.asked = asked
        state.write(name, tenant=self._whose)

    def _loaded(self, first: bool) -> dict[str, int] | None:
        """How many rows of each part are loaded; None where that is not needed or not to be had."""
        options, tables, name = self._options, self._tables, self._options.resource
        loaded = None
        if not first or (options.full and tables.has(name)):
            loaded = tables.counts_of_parts(name, options.part, options.place)
        if loaded is None and options.full and tables.has(name):
            tables.check_readable(name, options.terms.deletions)
        return loaded

    def _changes(self, first: bool, loaded: Mapping[str, int] | None) -> Changes:
        """What the source tells; it is told nothing of what is loaded where all is loaded anew."""
        state = self._state
        if first:
            state.watermark = None
            state.known_parts = replace(
                state.known_parts, columns="", counts={}, recent={}, begun=None, left=[]
            )
        held = _Held(self._tables, self._options.resource)
        told = self._source.changes(state.watermark, state.known_parts, held)
        if told is None:
            return Changes()
        known = state.known_parts
        state.watermark, known.recent, known.shown = told.watermark, dict(told.recent), told.shown
        known.owners = list(told.owners)
        return told

    def _due(self, changes: Changes, loaded: Mapping[str, int] | None) -> list[str]:
        """The parts to ask for, in their order; notes what is left to compare in later runs."""
        options, known, prints = self._options, self._state.known_parts, self._state.parts
        columns = _columns(options.schema)
        whole = changes.parts is None or options.rhythm.now or columns != known.columns
        touched = changes.parts or frozenset()
        clock = self._source.clock
        this = Round(known.begun, tuple(known.left))
        begins = whole or not known.names or this.is_due(options.rhythm, clock)
        if begins or not touched <= set(known.names):
            known.names, self._fresh = list(self._source.names()), True
        known.columns = columns
        covered = [part for part in known.names if options.covers(part)]
        for part in touched.difference(known.names):
            logger.warning(
                "%s: %s has changed, which is none of the parts that there are; it is left out.",
                options.resource,
                part,
            )
        for part in touched.difference(covered):  # to be asked for as soon as it is wanted
            prints.pop(part, None)
        if whole:
            known.begun, known.left = self._source.clock, []
            return covered
        if begins:
            this = Round(clock, tuple(reversed(covered)))  # what is recent changes most
        now = {part for part in covered if part in touched or part not in prints}
        now |= {part for part in covered if self._is_damaged(part, loaded)}
        if this.left and options.rhythm.every is not None:
            share, this = this.after(now, options.compared_at_once)
            now |= set(share)
        known.begun, known.left = this.begun, list(this.left)
        return [part for part in covered if part in now]

    def _is_damaged(self, part: str, loaded: Mapping[str, int] | None) -> bool:
        """Whether the destination does not hold as many rows as were loaded."""
        counted = self._state.known_parts.counts.get(part)
        return loaded is not None and counted is not None and loaded.get(part, 0) != counted

    def _answers(self, wanted: Sequence[str]) -> Generator[tuple[str, pa.Table], None, None]:
        for part in wanted:
            yield part, self._source.read(part)

    def _vanished(
        self, loaded: Mapping[str, int], seen: Set[str], mode: WriteMode
    ) -> Iterator[str]:
        """The loaded parts that the source does not have any more."""
        names = set(self._state.known_parts.names)
        for part in sorted(set(loaded) - seen):
            gone = self._fresh and part not in names and self._options.covers(part)
            if mode is WriteMode.REPLACE or gone:
                yield part


@dataclass(frozen=True, slots=True)
class _Held:
    """The rows of the table, as the destination has them."""

    tables: LoadedTables
    name: str

    def having(
        self, by: str, values: Sequence[str], columns: Sequence[str]
    ) -> list[tuple[Any, ...]] | None:
        return self.tables.having(self.name, by, values, columns)

    def distinct(self, column: str) -> set[Any] | None:
        found = self.tables.having(self.name, column, None, [column])
        return None if found is None else {value for (value,) in found}


def _compared(source: PartSource, options: PartOptions) -> TableFindings:
    """How the parts differ from the source: each that has changed counts as a stale row."""
    name, whose = options.resource, options.tenant if options.terms.tenant_column else None
    tables, state = LoadedTables(whose), ResourceState.read(options.resource, tenant=whose)
    counts = {}
    if tables.has(name):
        counts = tables.counts_of_parts(name, options.part, options.place) or {}
    rows, stale, asked = 0, [], set()
    for part in filter(options.covers, source.names()):
        answer = source.read(part)
        asked.add(part)
        rows += answer.num_rows
        if counts.get(part, 0) != answer.num_rows or state.parts.get(part) != _fingerprint(answer):
            stale.append(FoundRow(None, json.dumps({**options.place, options.part: part})))
    stored = tables.schema.naming.normalize_tables_path(name)
    extra = [
        FoundRow(None, json.dumps({**options.place, options.part: part}))
        for part in sorted(set(counts) - asked)
        if options.covers(part)
    ]
    loaded = sum(counts.values())
    return TableFindings(name, stored, rows, loaded, stale=tuple(stale), extra=tuple(extra))


def _columns(schema: pa.Schema) -> str:
    """A digest of columns: where others come, what is known of the rows is out of date."""
    text = "\n".join(f"{one.name} {one.type}" for one in schema)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Digest:
    """A file that keeps nothing but the hash of what is written to it."""

    closed = False

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """There is nothing to write."""


def _fingerprint(rows: pa.Table) -> str:
    """Equal for equal rows in equal order."""
    digest = _Digest()
    with pa.ipc.new_stream(pa.PythonFile(digest, "w"), rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return digest.hash.hexdigest()
