"""Loads one resource: all of it, or what changed; the one place that moves a watermark.

A run ends with the destination as the source is, as far as it can be known: what the stamps do not
tell, the sweep finds. Whatever comes twice is written once, and what is loaded as it is, is not
written again.
"""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.extract.decorators import get_resource

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.errors import StampRefused
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import Look, OnDelete
from acumatica_source.reading.watermark import lower_bound, next_watermark
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.carrier import Carrier
from acumatica_source.resources.loading.departures import Departures
from acumatica_source.resources.loading.evolution import Contents, discard_mode
from acumatica_source.resources.loading.handed_on import HandedOn, keys_in
from acumatica_source.resources.loading.listed import listed
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.reader import Reader
from acumatica_source.resources.loading.reconcile import findings_of
from acumatica_source.resources.loading.state import ResourceState
from acumatica_source.resources.loading.sweep import (
    Difference,
    Loaded,
    Naming,
    changed_identity,
    difference,
    left_of,
    shared_keys,
)
from acumatica_source.resources.loading.tables import (
    DELETED_AT,
    WriteMode,
    blank,
    merging_mode,
)
from acumatica_source.resources.loading.unfinished import (
    strays,
    with_doubled_details,
    with_unfinished,
)
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
        self._reader = reader
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
        self._loaded: Loaded | None = None
        self._found: Difference | None = None
        self._carrier = Carrier(
            reader, executor, options.resource, self._writing, report, options.single_reads
        )
        self._whose = whose
        self._known: Set[tuple[object, ...]] = frozenset()
        """Identities of loaded rows that are on record as gone already."""
        self._strays: Mapping[str, Sequence[tuple[object, ...]]] = {}
        """Ids of records that are not loaded, and have details, by the table of these."""

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
        self._check_flags()
        contents = self._contents()
        watermark = None if self._reader.stamp is None else state.watermark
        if self._made_again():
            watermark = None
        if watermark is not None:
            reason = contents.reload_reason(state.contents, dlt.current.source_schema())
            if reason is not None:
                logger.warning("%s: %s; loading all anew.", name, reason)
                watermark = None
        if watermark is not None and not self._can_follow():
            watermark = None
        changed = None if watermark is None else self._changes(watermark)
        if changed is None:
            watermark = None
            yield from self._all()
        else:
            yield from changed
        state.contents = contents.noted()
        if self._options.terms.on_delete is OnDelete.KEEP:
            state.kept = state.kept or self._departures.stay
        elif changed is None or self._found is not None:
            state.kept = False
        if self._reader.unreadable and not self._options.sweep:
            # only a sweep would find again what was not shown; so the next run asks for it anew
            state.watermark = watermark
        elif self._reader.stamp is not None:
            state.watermark = next_watermark(watermark, self._reader.started, self._carrier.newest)
        state.undeclared = set(getattr(self._reader, "undeclared", ()))
        state.left_out = set(getattr(self._reader, "left_out", ()))
        state.write(name, tenant=self._whose)
        self._report.unreadable[name] = list(self._reader.unreadable)

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

    def _can_follow(self) -> bool:
        """Compare with the source; whether what is loaded can be brought up to date at all."""
        reader = self._reader
        assert reader.stamp is not None
        tables = LoadedTables(self._whose)
        self._loaded = self._read_back(tables, reader.stamp)
        if self._loaded is None and tables.is_gone(self._parents.name):
            logger.warning("%s: its table is gone; loading all anew.", self._options.resource)
            return False
        if self._loaded is None or not self._options.sweep:
            return True
        self._loaded = with_doubled_details(self._loaded, tables, self._writing, self._state.filled)
        self._loaded = with_unfinished(self._loaded, tables, self._writing)
        self._strays = strays(tables, self._writing, self._state.filled)
        try:
            source = listed(self._reader, self._executor, self._parents)
        except StampRefused as error:
            logger.warning("%s It is loaded whole.", error)
            return False
        if shared_keys(source, self._loaded.naming) and not self._told_by_identity(source):
            return False
        self._found = difference(self._loaded, source)
        if self._found.disjoint:
            self._options.terms.deletions.check_common(
                self._options.resource, self._loaded.rows.num_rows
            )
            logger.warning(
                "%s: no row has the identity it was loaded with; loading all anew.", reader.name
            )
        return not self._found.disjoint

    def _read_back(self, tables: LoadedTables, stamp: str | None) -> Loaded | None:
        """What is loaded; rows that are on record as gone do not count where they stay."""
        naming = Naming(self._reader.identity, self._reader.keys, stamp)
        loaded = tables.rows(self._parents.name, naming)
        if loaded is None or not self._state.kept:
            return loaded
        kept = self._departures.kept(loaded)
        if self._options.terms.on_delete is OnDelete.KEEP:
            return loaded.without(kept)
        self._known = set(keys_in(loaded.rows.filter(kept), list(naming.identity)))
        return loaded

    def _told_by_identity(self, source: pa.Table) -> bool:
        """Go on without the keys, which rows share; whether their identities are of use."""
        assert self._loaded is not None
        reader, loaded = self._reader, self._loaded
        shared = f"several rows share their {', '.join(reader.keys)}"
        if changed_identity(loaded, source):
            logger.warning("%s: %s, and identities differ; loading all anew.", reader.name, shared)
            return False
        logger.warning("%s: %s; they are told by their identity alone.", reader.name, shared)
        self._reader = reader.without_keys()
        self._loaded = replace(loaded, naming=replace(loaded.naming, keys=()))
        return True

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
        self._loaded = self._found = None
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
        yield from self._carrier.all_of(reader.pages())
        read = self._report.rows_read[self._parents.name] - before
        if loaded is not None:
            yield from self._not_read(loaded)
            if self._writing.mode is not WriteMode.REPLACE:
                yield from self._departures.take_out_strays(parents, loaded, self._handed_on)
        elif count:
            yield from self._departures.fewer(count, read, len(reader.unreadable))
        yield from self._carrier.rest()

    @property
    def _handed_on(self) -> HandedOn:
        """The rows that were handed on so far."""
        return self._carrier.handed_on

    @property
    def _gone_stay(self) -> bool:
        return self._options.terms.on_delete is not OnDelete.REMOVE

    def _loaded_before(self, tables: LoadedTables) -> Loaded | None:
        """What is loaded of a table whose rows have an identity; None if nothing is."""
        loaded = self._read_back(tables, None)
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
            yield from self._take_out([left.gone])
            return
        confirmed = self._confirmed(left.gone, left.keys)
        there = left.gone.num_rows - confirmed.num_rows
        spared = max(0, len(self._reader.unreadable) - there)
        yield from self._let_go(confirmed, loaded, left.keys, deletions.RELOAD, spared)
        yield from self._take_out([left.superseded])

    def _changes(self, watermark: datetime) -> Iterator[Any] | None:
        """What was modified since; None if the source cannot be asked for it."""
        since = lower_bound(watermark, self._options.lag)
        self._carrier.begin(self._reader, self._names, self._state.filled, loaded=self._loaded)
        self._writing.mode = merging_mode()
        held = None if self._loaded is None else self._loaded.holds
        pages = self._reader.pages(since, loaded=held)
        try:
            first = [page for page in [next(pages, None)] if page is not None]
        except StampRefused as error:
            logger.warning("%s It is loaded whole.", error)
            self._writing.mode = WriteMode.REPLACE
            return None
        return self._merged(first, pages, since)

    def _merged(
        self,
        first: list[ParsedPage],
        pages: Generator[ParsedPage, None, None],
        since: datetime | None,
    ) -> Iterator[Any]:
        for page in first:
            yield from self._carrier.page(page)
        yield from self._carrier.all_of(pages)
        if self._found is not None:
            yield from self._outdated(self._found, since)
        elif (
            not any(page.rows for page in first)
            and self._loaded is not None
            and self._loaded.rows.num_rows
        ):
            self._check_empty(self._loaded.rows.num_rows)
        yield from self._lacking()
        yield from self._gone()

    def _check_empty(self, loaded: int) -> None:
        """What changed was asked for from before the newest loaded row on, and nothing came.

        So even that is gone, or the list has turned empty: one more request tells.

        Raises:
            TooManyDeletions: the list has turned empty.
        """
        pages = self._reader.pages()
        if next((page for page in pages if page.rows), None) is None:
            self._options.terms.deletions.check(self._options.resource, loaded, loaded)

    def _outdated(self, found: Difference, since: datetime | None) -> Iterator[Any]:
        """What the stamps did not bring: by name, or all pages if that takes fewer requests."""
        unseen = self._handed_on.unseen(found.outdated)
        rest = found.outdated.filter(pa.array(unseen, pa.bool_()))
        if not rest.num_rows:
            return
        yield from self._again(rest, found.rows)

    def _lacking(self) -> Iterator[Any]:
        """Loaded rows that lack parts which lists did not bring: by lists if these do now."""
        gone = None if self._found is None else self._found.gone
        listed = self._carrier.listed(gone)
        if listed.num_rows:
            assert self._loaded is not None
            yield from self._again(listed, self._loaded.rows.num_rows)
        yield from self._carrier.rest(gone)

    def _again(self, rest: pa.Table, rows: int) -> Iterator[Any]:
        """Some of so many rows, by name, or all pages if that takes fewer requests."""
        by_name = rest.num_rows / self._reader.named_at_once
        only = set(keys_in(rest, self._names or list(self._reader.identity)))
        if by_name > max(1.0, rows / self._reader.page_size):
            logger.info(
                "%s: %d rows are read again; reading all pages.", self._reader.name, rest.num_rows
            )
            yield from self._carrier.all_of(self._reader.pages(), only=only)
        else:
            yield from self._carrier.all_of(self._reader.rows(rest), only=only)

    @property
    def _names(self) -> list[str]:
        """The columns that name rows at the source and are loaded, if there are any."""
        return [] if self._loaded is None else list(self._loaded.naming.keys)

    def _gone(self) -> Iterator[Any]:
        """Let go of what the source does not have any more."""
        yield from self._take_out(self._replaced())
        if self._found is None:
            return
        assert self._loaded is not None
        yield from self._take_out([self._found.superseded])
        confirmed = self._confirmed(self._found.gone, self._names)
        ids = keys_in(confirmed, self._handed_on.identity)
        unseen = [key not in self._handed_on for key in ids]
        gone = confirmed.filter(pa.array(unseen, pa.bool_()))
        yield from self._let_go(gone, self._loaded, self._names, deletions.SWEEP)
        yield from self._departures.take_out_strays(self._strays, self._loaded, self._handed_on)

    def _let_go(
        self, gone: pa.Table, loaded: Loaded, names: Sequence[str], how: str, spared: int = 0
    ) -> Iterator[Any]:
        """Let rows leave; those that were archived are no deleted ones."""
        handed_on, filled = self._handed_on, self._state.filled
        can_ask = gone.num_rows and (names or not self._reader.keys)
        there = self._reader.archived(gone) if can_ask else set()
        keys = keys_in(gone, names or list(self._reader.identity))
        away = pa.array([key in there for key in keys], pa.bool_())
        if there:
            archived = gone.filter(away)
            yield from self._departures.put_away(archived, loaded, handed_on, filled)
            gone = gone.filter(pc.invert(away))
        yield from self._departures.leave(gone, loaded, how, handed_on, filled, self._known, spared)

    def _take_out(self, gone: list[pa.Table]) -> Iterator[Any]:
        return self._departures.take_out(gone, self._handed_on, self._state.filled)

    def _confirmed(self, gone: pa.Table, names: Sequence[str]) -> pa.Table:
        """The rows that are gone indeed. One that a list has left out is no deleted one."""
        if not gone.num_rows:
            return gone
        there = self._reader.existing(gone) if names or not self._reader.keys else set()
        if not there:
            return gone
        logger.warning(
            "%s: %d rows are there although the list did not show them.",
            self._reader.name,
            len(there),
        )
        keys = keys_in(gone, names or list(self._reader.identity))
        return gone.filter(pa.array([key not in there for key in keys], pa.bool_()))

    def _replaced(self) -> list[pa.Table]:
        """The loaded rows whose keys were handed on with another identity."""
        if self._loaded is None or not self._names or not len(self._handed_on):
            return []
        identity, keys = list(self._reader.identity), self._names
        handed_on = self._handed_on.rows()
        schema = pa.schema([handed_on.schema.field(name) for name in (*identity, *keys)])
        there = [self._loaded.rows, self._loaded.departed]
        loaded = pa.concat_tables(
            rows.select(schema.names).cast(schema) for rows in there if rows is not None
        )
        others = loaded.join(handed_on.select(keys), keys, join_type="left semi")
        others = others.join(handed_on.select(identity), identity, join_type="left anti")
        if self._found is not None:
            others = others.join(self._found.present, identity, join_type="left anti")
        elif others.num_rows:
            # without a sweep nobody knows whether another record has the same key
            rows = (page.tables[self._parents.name] for page in self._reader.rows(others))
            shown = {key for page in rows for key in keys_in(page, identity)}
            lost = [key not in shown for key in keys_in(others, identity)]
            others = others.filter(pa.array(lost, pa.bool_()))
        return [others]
