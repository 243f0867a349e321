"""How what is loaded differs from the source, and whether it can be brought up to date at all."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import pyarrow as pa

from acumatica_source.reading.errors import StampRefused
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.terms import OnDelete
from acumatica_source.resources.loading.handed_on import keys_in
from acumatica_source.resources.loading.listed import listed
from acumatica_source.resources.loading.mending import Mending
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.read_back import EVERY, LoadedTables, Which
from acumatica_source.resources.loading.state import ResourceState
from acumatica_source.resources.loading.sweep import (
    Difference,
    Loaded,
    Naming,
    changed_identity,
    difference,
    shared_keys,
)
from acumatica_source.resources.loading.unfinished import unfinished
from acumatica_source.resources.loading.writing import Writing

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class SourceComparison:
    """The comparison of one table with the source, in one run."""

    executor: Executor
    options: LoadOptions
    writing: Writing
    mend: Mending
    state: ResourceState
    found: Difference | None = None
    """How all of the table differs; None if that was not compared."""
    large: bool = False
    """Whether the table is compared slice by slice, a few of them in each run."""
    strays: Mapping[str, Sequence[tuple[object, ...]]] = field(default_factory=dict)
    """Ids of records that are not loaded, and have details, by the table of these."""

    def can_follow(self) -> bool:
        """Compare with the source; whether what is loaded can be brought up to date at all.

        A table that one request lists is compared in every run, a larger one by and by; or at once
        if a load of it was cut off, which may have left records beside details of before.
        """
        rhythm, reader = self.options.rhythm, self.mend.reader
        most = None if rhythm.now else reader.listed_at_once
        tables = LoadedTables(self.writing.tenant)
        with tables.dataset.connected():
            loaded = self.read_back(tables, reader.stamp, Which(most=most))
            if loaded is not None and loaded.more and self._is_cut_off(tables, loaded):
                loaded = self.read_back(tables, reader.stamp) or loaded
            self.mend.loaded = loaded
            compares = loaded is not None and not loaded.more and not rhythm.is_never
            if loaded is not None and compares:
                self.with_cut_off(tables, loaded)
        if self.mend.loaded is None:
            if tables.is_gone(self.writing.parents.name):
                logger.warning("%s: its table is gone; loading all anew.", self.options.resource)
                return False
            return True
        self.large = self.mend.loaded.more
        return not compares or self.of_all(self.mend.loaded)

    def known(self, loaded: Loaded, count: int) -> LoadedRows | None:
        """What a list is known to have had; None where answers are known to be cut short.

        Args:
            loaded: What is loaded.
            count: How many of its rows the list has.
        """
        if self.state.limited or self.mend.reader.is_limited:
            return None
        return LoadedRows(count, loaded.holds)

    def _is_cut_off(self, tables: LoadedTables, some: Loaded) -> bool:
        if self.options.rhythm.is_never:
            return False
        dated = some.load_ids is not None
        return bool(unfinished(tables, self.writing, frozenset(), dated=dated).cut_off)

    def of_all(self, loaded: Loaded) -> bool:
        """Compare all rows with the source; whether what is loaded can be brought up to date.

        Args:
            loaded: All that is loaded, with what a load that was cut off has left.
        """
        try:
            known = self.known(loaded, loaded.rows.num_rows)
            source = listed(self.mend.reader, self.executor, self.writing.parents, known)
        except StampRefused as error:
            logger.warning("%s It is loaded whole.", error)
            return False
        if shared_keys(source, loaded.naming) and not self._told_by_identity(source, loaded):
            return False
        assert self.mend.loaded is not None
        self.found = difference(self.mend.loaded, source)
        if self.found.disjoint:
            self.options.terms.deletions.check_common(self.options.resource, loaded.rows.num_rows)
            logger.warning(
                "%s: no row has the identity it was loaded with; loading all anew.",
                self.mend.reader.name,
            )
        return not self.found.disjoint

    def with_cut_off(self, tables: LoadedTables, loaded: Loaded) -> Loaded:
        """What is loaded, with what a load that was cut off has left counting as doubled."""
        dated = loaded.load_ids is not None
        left = unfinished(tables, self.writing, self.state.filled, dated=dated)
        self.strays = left.strays
        self.mend.loaded = loaded = left.counted(loaded, self.writing)
        return loaded

    def read_back(
        self, tables: LoadedTables, stamp: str | None, which: Which = EVERY
    ) -> Loaded | None:
        """What is loaded; rows that are on record as gone do not count where they stay."""
        naming = Naming(self.mend.reader.identity, self.mend.reader.keys, stamp)
        loaded = tables.rows(self.writing.parents.name, naming, which)
        if loaded is None or not self.state.kept:
            return loaded
        kept = self.mend.departures.kept(loaded)
        if self.options.terms.on_delete is OnDelete.KEEP:
            return loaded.without(kept)
        self.mend.known = set(keys_in(loaded.rows.filter(kept), list(naming.identity)))
        return loaded

    def _told_by_identity(self, source: pa.Table, loaded: Loaded) -> bool:
        """Go on without the keys, which rows share; whether their identities are of use."""
        reader = self.mend.reader
        shared = f"several rows share their {', '.join(reader.keys)}"
        if changed_identity(loaded, source):
            logger.warning("%s: %s, and identities differ; loading all anew.", reader.name, shared)
            return False
        logger.warning("%s: %s; they are told by their identity alone.", reader.name, shared)
        self.mend.reader = reader.without_keys()
        self.mend.carrier.tell_by_identity(self.mend.reader)
        self.mend.loaded = replace(loaded, naming=replace(loaded.naming, keys=()))
        return True
