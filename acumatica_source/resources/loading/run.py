"""Loads one resource: all of it, or what changed; the one place that moves a watermark.

A run ends with the destination as the source is, as far as it can be known: what the stamps do not
tell, the sweep finds. Whatever comes twice is written once, and what is loaded as it is, is not
written again.
"""

import logging
from collections.abc import Generator, Iterator
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract.decorators import get_resource

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.errors import StampRefused
from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import Look, OnDelete
from acumatica_source.reading.watermark import lower_bound, next_watermark
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.carrier import Carrier
from acumatica_source.resources.loading.comparison import SourceComparison
from acumatica_source.resources.loading.departures import Departures
from acumatica_source.resources.loading.evolution import Contents, discard_mode
from acumatica_source.resources.loading.first_load import FirstLoadWindow
from acumatica_source.resources.loading.handed_on import HandedOn
from acumatica_source.resources.loading.mending import Mending
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.read_back import EVERY, NAMED, LoadedTables, Which
from acumatica_source.resources.loading.reader import Reader
from acumatica_source.resources.loading.reconcile import findings_of
from acumatica_source.resources.loading.state import FirstLoad, ResourceState
from acumatica_source.resources.loading.sweep import (
    Difference,
    Loaded,
    left_of,
)
from acumatica_source.resources.loading.tables import (
    DELETED_AT,
    WriteMode,
    blank,
    merging_mode,
)
from acumatica_source.resources.loading.verification import Verification
from acumatica_source.resources.loading.writing import Writing
from acumatica_source.warehouse.lost import make_again

logger = logging.getLogger(__name__)


def load(
    reader: Reader, executor: Executor, options: LoadOptions, report: RunReport
) -> Iterator[Any]:
    """The dlt items of one run.

    Args:
        reader: Reads the source.
        executor: Runs the reader ahead of dlt.
        options: How to load.
        report: What to tell whoever started the run.

    Raises:
        ConfigurationError: the state of the resource is damaged.
        AcumaticaError: the source could not be read.
    """
    run = _Load(reader, executor, options, report)
    if options.terms.look is not None:
        run.look(options.terms.look)
        return
    yield from run.run()


class _Load:
    def __init__(
        self, reader: Reader, executor: Executor, options: LoadOptions, report: RunReport
    ) -> None:
        self._executor = executor
        self._options = options
        self._report = report
        whose = options.tenant if options.terms.tenant_column else None
        self._writing = Writing(
            reader.shape.tables,
            reader.identity,
            options.form,
            whose,
            dated=options.terms.on_delete is OnDelete.FLAG,
        )
        self._parents, *self._children = reader.shape.tables
        self._departures = Departures(
            options.resource, options.terms, options.tenant, self._writing, report
        )
        self._state = ResourceState()
        self._window_reached: FirstLoad | None = None
        """Where the next package of a first load is to go on; None if there is none."""
        self._newest: datetime | None = None
        self._load_anew = False
        """Whether the next run is to load all anew."""
        self._carrier = Carrier(
            reader, executor, options.resource, self._writing, report, options.single_reads
        )
        self._mend = Mending(reader, self._carrier, self._departures)
        self._whose = whose
        self._compare = SourceComparison(executor, options, self._writing, self._mend, self._state)

    @property
    def _reader(self) -> Reader:
        return self._mend.reader

    def look(self, look: Look) -> None:
        """Report how the tables differ from the source."""
        name = self._options.resource
        stay = ResourceState.read(name, tenant=self._whose).kept
        self._report.findings[name] = findings_of(
            self._reader,
            self._executor,
            name,
            self._writing,
            values=look.values,
            kept=self._departures.kept if stay else None,
        )

    def run(self) -> Iterator[Any]:
        name = self._options.resource
        self._state = state = ResourceState.read(name, anew=self._options.full, tenant=self._whose)
        self._compare.state = state
        self._check_flags()
        contents = self._contents()
        watermark = None if self._reader.stamp is None else state.watermark
        first = state.first
        if self._made_again():
            watermark = first = None
        if watermark is not None or first is not None:
            reason = contents.reload_reason(state.contents, dlt.current.source_schema())
            if reason is not None:
                logger.warning("%s: %s; loading all anew.", name, reason)
                watermark = first = None
        if watermark is not None and not self._compare.can_follow():
            watermark = None
        changed = None if watermark is None else self._changes(watermark)
        if changed is not None:
            yield from changed
        else:
            watermark = None
            yield from self._all() if first is None else self._next_window(first)
        state.contents = contents.noted()
        in_windows = first is not None or self._window_reached is not None
        compared = (changed is None and not in_windows) or self._compare.found is not None
        if compared and (changed is None or self._compare.large):
            # small tables are compared in every run, so that they need not remember it
            state.verified, state.round = self._reader.started, None
        if self._options.terms.on_delete is OnDelete.KEEP:
            state.kept = state.kept or self._departures.stay
        elif compared:
            state.kept = False
        state.first = self._window_reached
        if state.first is not None:
            self._report.unfinished.add(name)
        elif first is not None:
            state.watermark = next_watermark(None, first.begun, self._newest)
        elif self._reader.stamp is not None:
            state.watermark = None if self._load_anew else self._reached(watermark)
        state.undeclared = set(getattr(self._reader, "undeclared", ()))
        state.limited = state.limited or self._reader.is_limited
        state.left_out = set(getattr(self._reader, "left_out", ()))
        state.write(name, tenant=self._whose)
        earlier = self._report.unreadable.get(name, ()) if first is not None else ()
        self._report.unreadable[name] = [*earlier, *self._reader.unreadable]

    def _reached(self, watermark: datetime | None) -> datetime | None:
        """The watermark after the run.

        What the source did not show is to be asked for again: by the next comparison, or else by
        the next run, which asks for all that this one has asked for.
        """
        if self._reader.unreadable:
            if self._options.rhythm.is_never or (self._compare.large and watermark is not None):
                return watermark
            self._state.verified = None
        return next_watermark(watermark, self._reader.started, self._carrier.newest)

    def _made_again(self) -> bool:
        """Make tables again that the destination has lost; whether there were any."""
        normalize = dlt.current.source_schema().naming.normalize_tables_path
        lost = {normalize(one.name) for one in self._writing.tables} & self._options.lost
        if lost:
            make_again(dlt.current.pipeline(), dlt.current.source_schema().name, lost)
        return bool(lost)

    def _check_flags(self) -> None:
        """Refuse to flag rows in a column that a schema contract discards.

        Raises:
            ConfigurationError: it does.
        """
        name, schema = self._parents.name, dlt.current.source_schema()
        if not self._writing.target(name).dated:
            return
        mode = discard_mode(name, DELETED_AT, schema, get_resource().schema_contract)
        if mode is not None:
            raise ConfigurationError(
                f"{self._options.resource}: rows that are gone cannot be flagged, as the schema "
                f"contract discards new columns ({mode}), and {DELETED_AT} is one. Load it once "
                "with a contract that lets it in, or with another on_delete."
            )

    def _contents(self) -> Contents:
        """What every row is to hold."""
        columns = self._options.expected
        if columns is None:
            columns = frozenset(
                (table.name, column)
                for table in self._reader.shape.tables
                for column in self._writing.empty(table).schema.names
            )
        return Contents.accepted(columns, self._options.row_options)

    def _all(self) -> Iterator[Any]:
        """Everything, in the place of what is loaded.

        Tables without rows come first: the destination has all columns even if no row comes. Where
        other rows of the table are to stay, those that came are merged, and those that are gone
        leave by name.
        """
        reader, tables = self._reader, LoadedTables(self._whose)
        # before the first item, from which on the schema has the table
        there = tables.has(self._parents.name)
        loaded = self._loaded_before(tables) if there and reader.identity else None
        limit, name = self._options.terms.deletions, self._parents.name
        count = tables.count(name, limit) if not reader.identity else 0
        if not there and self._whose is None and tables.stands(name):
            count = tables.rows_of_others(name)
        elif there and reader.identity and loaded is None:
            tables.check_readable(name, limit)
        parents = self._departures.parents_of_details(tables) if loaded is not None else {}
        self._mend.loaded = self._compare.found = None
        stay = bool(self._gone_stay and reader.identity)
        if self._whose is not None or (stay and (there or tables.stands(self._parents.name))):
            self._writing.mode = tables.mode
        elif self._gone_stay and not reader.identity:
            logger.warning("%s: its rows have no key, so all are replaced.", reader.name)
        if self._writing.mode is WriteMode.REPLACE:
            self._state.filled = set()
        else:
            self._state.filled = {child.name for child in self._children}
        for table in reader.shape.tables:
            rows = self._writing.empty(table)
            target = self._writing.target(table.name)
            if target.sweeps_tenant:  # a merge takes out what some row says to take out
                rows = blank(rows.schema, 1)
            yield target.carry(rows)
        names = loaded.naming.keys if loaded else ()
        noting = loaded is not None
        self._carrier.begin(reader, names, self._state.filled, before=loaded, noting=noting)
        before = self._report.rows_read[self._parents.name]
        as_one = loaded is not None or count or not reader.identity or reader.stamp is None
        as_one = as_one or self._options.full  # the next window would be asked to begin anew, too
        yield from self._window(None, None if as_one else self._options.terms.window)
        read = self._report.rows_read[self._parents.name] - before
        if loaded is not None:
            yield from self._not_read(loaded)
            if self._writing.mode is not WriteMode.REPLACE:
                yield from self._departures.take_out_strays(parents, loaded, self._handed_on)
        elif count:
            yield from self._departures.fewer(count, read, len(reader.unreadable))

    def _window(self, before: FirstLoad | None, most: timedelta | None) -> Iterator[Any]:
        """The pages of a window: all that are left, or as many as there is time for."""
        window = FirstLoadWindow(self._reader, self._carrier, before, most)
        yield from window.items()
        yield from self._carrier.rest()
        self._window_reached, self._newest = window.reached, window.newest

    def _next_window(self, before: FirstLoad) -> Iterator[Any]:
        """Go on with a first load; what comes once more is merged."""
        self._writing.mode = merging_mode()
        self._carrier.begin(self._reader, self._reader.keys, self._state.filled)
        yield from self._window(before, self._options.terms.window)

    @property
    def _handed_on(self) -> HandedOn:
        """The rows that were handed on so far."""
        return self._carrier.handed_on

    @property
    def _gone_stay(self) -> bool:
        return self._options.terms.on_delete is not OnDelete.REMOVE

    def _loaded_before(self, tables: LoadedTables) -> Loaded | None:
        """What is loaded of a table whose rows have an identity; None if nothing is."""
        loaded = self._compare.read_back(tables, None)
        if loaded is None or not (loaded.rows.num_rows or loaded.departed is not None):
            return None
        return loaded

    def _not_read(self, loaded: Loaded) -> Iterator[Any]:
        """Let go of the loaded rows that did not come."""
        named = [*dict.fromkeys([*loaded.naming.identity, *loaded.naming.keys])]
        none = pa.table({n: pa.array([], self._parents.schema.field(n).type) for n in named})
        read = self._handed_on.rows().select(named) if len(self._handed_on) else none
        left = left_of(loaded, read)
        nameless = self._reader.stamp is None and not left.keys
        if nameless and len(read) and left.gone.num_rows == loaded.rows.num_rows:
            # all ids are others, and nothing else tells a row: only numbers can be compared
            yield from self._departures.fewer(len(loaded.rows), len(read), 0)
            yield from self._mend.take_out([left.gone])
            return
        confirmed = self._mend.confirmed(left.gone, left.keys)
        there = left.gone.num_rows - confirmed.num_rows
        spared = max(0, len(self._reader.unreadable) - there)
        yield from self._mend.let_go(confirmed, loaded, left.keys, deletions.RELOAD, spared=spared)
        yield from self._mend.take_out([left.superseded])

    def _changes(self, watermark: datetime) -> Iterator[Any] | None:
        """What was modified since; None if the source cannot be asked for it."""
        since = lower_bound(watermark, self._options.lag)
        assert since is not None
        if self._compare.large:
            lacks = getattr(self._reader, "lacking", ())  # then rows that wait for it are told, too
            self._mend.loaded = self._loaded_whole() if lacks else self._loaded_since(since)
        loaded, known = self._mend.loaded, None
        if loaded is not None:
            count = pc.sum(_stamped_since(loaded.rows, since)).as_py() or 0
            known = self._compare.known(loaded, count)
        self._carrier.begin(self._reader, self._mend.names, self._state.filled, loaded=loaded)
        self._writing.mode = merging_mode()
        if self._compare.found is not None and not self._by_stamp(self._compare.found, since):
            return self._mended(self._compare.found)
        pages = self._reader.pages(since, loaded=known)
        try:
            first = [page for page in [next(pages, None)] if page is not None]
        except StampRefused as error:
            logger.warning("%s It is loaded whole.", error)
            self._writing.mode = WriteMode.REPLACE
            return None
        return self._merged(first, pages)

    def _loaded_whole(self) -> Loaded | None:
        return self._compare.read_back(LoadedTables(self._whose), self._reader.stamp)

    def _loaded_since(self, since: datetime) -> Loaded | None:
        """What is loaded of the rows stamped at or after an instant."""
        assert self._reader.stamp is not None
        # destinations may compare in the time zone of their session
        which = Which([(self._reader.stamp, "gte", since - timedelta(days=1))])
        loaded = self._compare.read_back(LoadedTables(self._whose), self._reader.stamp, which)
        return loaded and loaded.among(_stamped_since(loaded.rows, since))

    def _by_stamp(self, found: Difference, since: datetime) -> bool:
        """Whether the stamps lead to what is outdated in fewer requests than its names do."""
        if found.outdated.num_rows <= self._reader.named_at_once:
            return False
        return bool(pc.any(_stamped_since(found.outdated, since)).as_py())

    def _merged(
        self, first: list[ParsedPage], pages: Generator[ParsedPage, None, None]
    ) -> Iterator[Any]:
        for page in first:
            yield from self._carrier.page(page)
        yield from self._carrier.all_of(pages)
        if self._compare.found is not None:
            yield from self._mended(self._compare.found)
            return
        loaded = self._mend.loaded
        if loaded is None:
            return
        if not any(page.rows for page in first) and loaded.rows.num_rows:
            self._check_empty(loaded.rows.num_rows)
        if self._compare.large and self._mend.names:
            loaded = self._namesakes(loaded)
        yield from self._mend.take_out(self._mend.replaced(loaded, None))
        if self._compare.large:
            yield from self._verified()
        if self._compare.found is None:
            yield from self._mend.lacking(None)

    def _namesakes(self, loaded: Loaded) -> Loaded:
        """What is loaded, with the rows that may have a key of one that was handed on."""
        name = self._mend.names[-1]
        rows = self._handed_on.rows().column(name).to_pylist() if len(self._handed_on) else []
        values = list(dict.fromkeys(rows))
        if not values:
            return loaded
        which = Which([(name, "in", values)]) if len(values) <= NAMED else EVERY
        found = self._compare.read_back(LoadedTables(self._whose), self._reader.stamp, which)
        return found or loaded

    def _verified(self) -> Iterator[Any]:
        """Compare a few slices of a large table with the source, if that is due."""
        verification = Verification(
            self._reader, self._executor, self._options, self._mend, self._state
        )
        if not verification.is_due():
            return
        tables = LoadedTables(self._whose)
        loaded = self._compare.read_back(tables, self._reader.stamp)
        if loaded is None:
            return
        loaded = self._compare.with_cut_off(tables, loaded)
        if verification.goes_by_slices(loaded):
            yield from verification.of_slices(loaded)
        elif self._compare.of_all(loaded):
            assert self._compare.found is not None
            yield from self._mended(self._compare.found)
            return
        else:  # nothing that is loaded can be followed
            self._compare.found, self._load_anew = None, True
            return
        yield from self._departures.take_out_strays(self._compare.strays, loaded, self._handed_on)

    def _check_empty(self, loaded: int) -> None:
        """What changed was asked for from before the newest loaded row on, and nothing came.

        So even that is gone, or the list has turned empty: one more request tells.

        Raises:
            TooManyDeletions: the list has turned empty.
        """
        pages = self._reader.pages()
        if next((page for page in pages if page.rows), None) is None:
            self._options.terms.deletions.check(self._options.resource, loaded, loaded)

    def _mended(self, found: Difference) -> Iterator[Any]:
        loaded = self._mend.loaded
        assert loaded is not None
        yield from self._mend.outdated(found)
        yield from self._mend.lacking(found.gone)
        yield from self._mend.take_out(self._mend.replaced(loaded, found.present))
        yield from self._mend.gone(found, loaded)
        yield from self._departures.take_out_strays(self._compare.strays, loaded, self._handed_on)


def _stamped_since(rows: pa.Table, since: datetime) -> pa.ChunkedArray:
    """Which rows are stamped at or after an instant."""
    stamps = rows.column(STAMP)
    return pc.fill_null(pc.greater_equal(stamps, pa.scalar(since, stamps.type)), False)
