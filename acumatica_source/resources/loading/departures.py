"""Rows that leave the tables of a resource: how many may, and what becomes of them."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import LoadingTerms, OnDelete
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.handed_on import HandedOn, keys_in
from acumatica_source.resources.loading.read_back import LoadedTables, among_rows
from acumatica_source.resources.loading.sweep import Loaded
from acumatica_source.resources.loading.tables import DELETED_AT, WriteMode, tombstones
from acumatica_source.resources.loading.writing import Writing


@dataclass(slots=True)
class Departures:
    """What leaves the tables of one resource in a run."""

    resource: str
    """Name of the resource."""
    terms: LoadingTerms
    tenant: str
    """Whose rows they are."""
    writing: Writing
    report: RunReport
    stay: bool = False
    """Whether rows have been put on record that stay as they are."""

    def kept(self, loaded: Loaded) -> pa.Array:
        """Which of the loaded rows were put on record as gone, and have not come back since."""
        recorded = LoadedTables(self.writing.tenant).recorded(self.writing.parents.name)
        marks = deletions.marks(loaded.rows, self.writing.identity) if recorded else []
        loads = [] if loaded.load_ids is None else loaded.load_ids.to_pylist()
        loads = loads or [None] * len(marks)
        left = [
            one in recorded and (load is None or load < recorded[one])
            for one, load in zip(marks, loads, strict=False)
        ]
        return pa.array(left or [False] * loaded.rows.num_rows, pa.bool_())

    def leave(
        self,
        gone: pa.Table,
        loaded: Loaded,
        how: str,
        handed_on: HandedOn,
        filled: Set[str],
        known: Set[tuple[object, ...]],
        *,
        spared: int = 0,
        earlier: tuple[int, int] | None = None,
    ) -> Iterator[Any]:
        """Put rows on record that are gone, and do with them what is asked for.

        Args:
            gone: Their identity and keys.
            loaded: What was loaded.
            how: How it was found.
            handed_on: Rows that the run has brought.
            filled: Tables of details that may hold rows.
            known: The identities of those that are on record already.
            spared: How many of them the source has, although it does not show them.
            earlier: How many rows were found gone earlier in the same comparison, and how many were
                loaded when it began; None if it is the whole comparison.

        Raises:
            TooManyDeletions: they are too many.
        """
        before, rows = earlier or (0, loaded.rows.num_rows)
        self.terms.deletions.check(self.resource, before + gone.num_rows - spared, rows)
        if not gone.num_rows:
            return
        self.stay = self.stay or self.terms.on_delete is OnDelete.KEEP
        gone, identity = self._named(gone, loaded), self.writing.identity
        unknown = [one not in known for one in keys_in(gone, list(identity))]
        new = gone.filter(pa.array(unknown, pa.bool_()))
        self.report.deleted[self.resource] += gone.num_rows
        if new.num_rows:
            name = self.writing.stored_name
            yield deletions.records(name, new, identity, self.tenant, how)
        if self.terms.on_delete is OnDelete.REMOVE:
            yield from self.take_out([gone], handed_on, filled)
        elif self.terms.on_delete is OnDelete.FLAG:
            tables = LoadedTables(self.writing.tenant)
            whole = tables.whole(self.writing.parents, gone, identity)
            now = pa.scalar(datetime.now(UTC), pa.timestamp("us", "UTC"))
            flagged = whole.append_column(DELETED_AT, pa.repeat(now, whole.num_rows))
            yield self.writing.target(self.writing.parents.name).carry(flagged)

    def put_away(
        self, archived: pa.Table, loaded: Loaded, handed_on: HandedOn, filled: Set[str]
    ) -> Iterator[Any]:
        """Put rows on record that were archived, and take them out: they are not to be loaded.

        Args:
            archived: Their identity and keys.
            loaded: What was loaded.
            handed_on: Rows that the run has brought.
            filled: Tables of details that may hold rows.
        """
        rows, identity = self._named(archived, loaded), self.writing.identity
        name = self.writing.stored_name
        yield deletions.records(name, rows, identity, self.tenant, deletions.ARCHIVED)
        yield from self.take_out([rows], handed_on, filled)

    def _named(self, gone: pa.Table, loaded: Loaded) -> pa.Table:
        """Rows, given by their identity, with all columns that name them."""
        identity, schema = list(self.writing.identity), self.writing.parents.schema
        among = among_rows(loaded.rows, gone.select(identity))
        rows = loaded.rows.filter(among).drop_columns([STAMP])
        return rows.cast(pa.schema([schema.field(name) for name in rows.column_names]))

    def fewer(self, before: int, read: int, spared: int) -> Iterator[Any]:
        """Put rows on record that are gone and have no key.

        Args:
            before: How many rows were loaded.
            read: How many have come.
            spared: How many of the others the source has, although it does not show them.

        Raises:
            TooManyDeletions: they are too many.
        """
        gone = before - read - spared
        self.terms.deletions.check(self.resource, gone, before)
        if gone > 0:
            self.report.deleted[self.resource] += gone
            name = self.writing.stored_name
            yield deletions.counted(name, {}, gone, self.tenant, deletions.REPLACE)

    def parents_of_details(self, tables: LoadedTables) -> dict[str, Sequence[tuple[object, ...]]]:
        """The records that loaded details belong to, by table, where others of it are to stay."""
        if self.writing.tenant is None and self.terms.on_delete is OnDelete.REMOVE:
            return {}
        return {one.name: tables.places(one.name, ["_parent_id"]) for one in self.writing.children}

    def take_out_strays(
        self,
        parents: Mapping[str, Sequence[tuple[object, ...]]],
        loaded: Loaded,
        handed_on: HandedOn,
    ) -> Iterator[Any]:
        """Take out details of records that are not loaded.

        Args:
            parents: The records that loaded details belong to, by table.
            loaded: What was loaded.
            handed_on: Rows that the run has brought.
        """
        identity = list(self.writing.identity)
        held = [one for one in (loaded.rows, loaded.departed) if one is not None]
        known = {key for rows in held for key in keys_in(rows, identity)}
        for child in self.writing.children:
            found = parents.get(child.name, ())
            strays = [key for key in found if key not in known and key not in handed_on]
            if strays:
                yield self.writing.bare(child, pa.array([key[0] for key in strays], pa.string()))

    def take_out(
        self, gone: list[pa.Table], handed_on: HandedOn, filled: Set[str]
    ) -> Iterator[Any]:
        """Take rows out, given by their identity, and all that belongs to them."""
        if self.writing.mode is WriteMode.REPLACE:
            return  # only what came is in the table
        identity, parents = list(self.writing.identity), self.writing.parents
        keys = [key for rows in gone for key in keys_in(rows, identity)]
        keys = [key for key in dict.fromkeys(keys) if key not in handed_on]
        if not keys:
            return
        schema = pa.schema([parents.schema.field(name) for name in identity])
        values = [pa.array([key[at] for key in keys], f.type) for at, f in enumerate(schema)]
        rows = pa.table(values, schema)
        yield self.writing.target(parents.name).carry(tombstones(parents.schema, rows))
        for child in self.writing.children:
            if child.name in filled:
                yield self.writing.bare(child, rows.column(0))
