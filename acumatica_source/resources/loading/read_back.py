"""What the destination of a pipeline holds, read back to be compared with the source."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.schema import Schema
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from dlt.destinations.job_client_impl import SqlJobClientBase

from acumatica_source.arrow.shape import TableShape
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.record_parts import PENDING
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.handed_on import keys_in
from acumatica_source.resources.loading.loaded_dataset import LoadedDataset
from acumatica_source.resources.loading.sweep import Loaded, Naming
from acumatica_source.resources.loading.tables import (
    DELETED,
    DELETED_AT,
    LOAD_ID,
    TENANT,
    WriteMode,
    merging_mode,
)

logger = logging.getLogger(__name__)

_OWN = (DELETED, DELETED_AT, LOAD_ID, PENDING, TENANT)
"""Columns that are added to every row that is loaded."""

NAMED = 500
"""Rows that are named in a query; more are looked for among all."""

_MS = pa.timestamp("ms", "UTC")


@dataclass(frozen=True, slots=True)
class Which:
    """Which rows of a table are read."""

    where: Sequence[tuple[str, str, Any]] = ()
    """Columns before dlt's naming convention, dlt's operators, and values."""
    most: int | None = None
    """How many at most; None for all."""


EVERY = Which()
"""All rows."""


@dataclass(frozen=True, slots=True)
class LoadedTables:
    """The tables of a dataset, or those rows of them that are one tenant's.

    In extraction: that of the pipeline, by the schema of the source.
    """

    tenant: str | None = None
    """Whose rows; None for all."""
    mode: WriteMode = field(default_factory=merging_mode)
    """How the destination takes changed rows."""
    schema: Schema = field(default_factory=dlt.current.source_schema)
    """What is known of the tables."""
    pipeline: Any = field(default_factory=dlt.current.pipeline)
    dataset: LoadedDataset = field(init=False)
    """Where they are."""

    def __post_init__(self) -> None:
        """Know where to ask."""
        object.__setattr__(self, "dataset", LoadedDataset(self.pipeline, self.schema))

    def has(self, table: str) -> bool:
        """Whether a table was loaded before, by its name before dlt's naming convention."""
        name = self.schema.naming.normalize_tables_path(table)
        return name in self.schema.tables and not self.schema.is_new_table(name)

    def stands(self, table: str) -> bool:
        """Whether the destination has a table, even if another pipeline has made it.

        Args:
            table: Its name before dlt's naming convention.
        """
        return self._stands(table) is True

    def is_gone(self, table: str) -> bool:
        """Whether the destination tells that it has no such table.

        Args:
            table: Its name before dlt's naming convention.
        """
        return self._stands(table) is False

    def _stands(self, table: str) -> bool | None:
        """Whether the table is there; None where the destination does not tell."""
        name = self.schema.naming.normalize_tables_path(table)
        with self.dataset.client() as client:
            if isinstance(client, FilesystemClient):
                return bool(client.fs_client.isdir(client.get_table_dir(name)))
            if isinstance(client, SqlJobClientBase):
                return bool(client.get_storage_table(name)[0])
            return None

    def rows_of_others(self, table: str) -> int:
        """How many rows a table has that another pipeline has made.

        Args:
            table: Its name before dlt's naming convention.
        """
        name = self.schema.naming.normalize_tables_path(table)
        with self.dataset.client() as client:
            if not isinstance(client, SqlJobClientBase):
                return 0
            place = client.sql_client.make_qualified_table_name(name)
            found = client.sql_client.execute_sql(f"SELECT count(*) FROM {place}")  # noqa: S608
        return int(found[0][0]) if found else 0

    def check_readable(self, table: str, limit: DeletionLimit) -> None:
        """Refuse to replace what cannot be read back: nobody could tell what leaves.

        Args:
            table: Name of the table before dlt's naming convention.
            limit: Whether any number of rows may vanish.

        Raises:
            ConfigurationError: the table is there, and cannot be read.
        """
        try:
            self._read(table, [next(iter(self._columns(table)))])
        except Exception as error:  # a destination may refuse in its own words
            self._refuse_to_replace(table, error, limit)

    def _refuse_to_replace(self, table: str, error: Exception, limit: DeletionLimit) -> None:
        if limit.allowed or not self.stands(table):
            return
        words, *_ = str(error).splitlines() or [type(error).__name__]
        raise ConfigurationError(
            f"{self._unread(table)}, so nobody could tell what a load anew takes out: {words} "
            "Nothing was changed. Mend the table, or run once with --allow-deletes, or "
            "allow_deletes=True."
        ) from error

    def rows(self, table: str, naming: Naming, which: Which = EVERY) -> Loaded | None:
        """Identity, keys and stamp of every row, or of some.

        Rows that were appended rather than merged count by their latest load, and not at all where
        that says `_deleted`; to tell, all have to be read.

        Args:
            table: Name of the table before dlt's naming convention.
            naming: The columns to compare by, before that convention.
            which: Which rows, where rows are merged.

        Returns:
            What is loaded; None where the destination has nothing or cannot be read.
        """
        normalize = self.schema.naming.normalize_path
        try:
            known = self._columns(table)
            keys = tuple(k for k in naming.keys if normalize(k) in known)
            keys = keys if keys == naming.keys else ()
            columns = [*dict.fromkeys([*naming.identity, *keys])]
            stamps = [] if naming.stamp is None else [naming.stamp]
            wanted = [normalize(name) for name in (*columns, *stamps)]
            flags = [name for name in (DELETED, DELETED_AT, LOAD_ID, PENDING) if name in known]
            some = EVERY if self.mode is WriteMode.APPEND else which
            where = [(normalize(column), operator, value) for column, operator, value in some.where]
            most = None if some.most is None else some.most + 1
            rows = self._read(table, [*wanted, *flags], where, most)
        except Exception as error:  # a destination may refuse in its own words; no rows at stake
            logger.warning("%s, so deletions go unseen: %s", self._unread(table), error)
            return None
        if rows is None:
            return None
        more = which.most is not None and rows.num_rows > which.most
        by_name = {name: rows.column(stored) for name, stored in zip(columns, wanted, strict=False)}
        by_name[STAMP] = rows.column(wanted[-1]) if stamps else pa.nulls(len(rows), _MS)
        by_name |= {flag: rows.column(flag) for flag in flags}
        used = Naming(naming.identity, keys, naming.stamp)
        latest = _latest(pa.table(by_name), used, self.mode is WriteMode.MERGE)
        return replace(latest, more=more)

    def whole(self, table: TableShape, wanted: pa.Table, identity: Sequence[str]) -> pa.Table:
        """Rows with all their columns, as they are loaded, without those that are marked as gone.

        Args:
            table: The table.
            wanted: The identity of the rows; or, of details, that of the records they belong to.
            identity: Columns that identify a row, or such a record.
        """
        normalize = self.schema.naming.normalize_path
        names = {normalize(field.name): field for field in table.schema}
        there = self._columns(table.name)
        known = {name for name in there if name not in _OWN}
        flags = {DELETED} & there
        if self.mode is WriteMode.APPEND:
            known.add(LOAD_ID)
        few = len(identity) == 1 and wanted.num_rows <= NAMED
        values = wanted.column(identity[0]).to_pylist() if few else []
        where = [(normalize(identity[0]), "in", values)] if few else []
        rows = self._read(table.name, sorted(known | flags), where)
        assert rows is not None
        for stored, column in names.items():
            if stored in rows.column_names:
                at = rows.schema.get_field_index(stored)
                rows = rows.set_column(at, column, rows.column(at).cast(column.type))
        keys = pa.table({n: wanted.column(n).cast(rows.schema.field(n).type) for n in identity})
        if LOAD_ID in known:
            latest = rows.group_by(list(identity)).aggregate([(LOAD_ID, "max")])
            latest = latest.rename_columns([*identity, LOAD_ID])
            rows = rows.filter(among_rows(rows, latest)).drop_columns([LOAD_ID])
        rows = _there(rows.filter(among_rows(rows, keys)))
        return rows.drop_columns([DELETED]) if DELETED in rows.column_names else rows

    def everything(self, table: str, schema: pa.Schema, by: str) -> pa.Table:
        """All rows of a table that the source has too, as far as is known.

        Args:
            table: Name of the table before dlt's naming convention.
            schema: The columns that are wanted; those that are not loaded are left out.
            by: The column whose latest load counts, where rows are only added.
        """
        normalize = self.schema.naming.normalize_path
        known = self._columns(table)
        wanted = {normalize(one.name): one for one in schema if normalize(one.name) in known}
        flags = [name for name in (DELETED, DELETED_AT, LOAD_ID) if name in known]
        rows = self._read(table, [*wanted, *flags])
        assert rows is not None
        if self.mode is WriteMode.APPEND and LOAD_ID in flags:
            stored = normalize(by)
            latest = rows.group_by(stored).aggregate([(LOAD_ID, "max")])
            latest = latest.rename_columns([stored, LOAD_ID])
            rows = rows.filter(among_rows(rows, latest))
        rows = _there(rows)
        if DELETED_AT in flags:
            rows = rows.filter(pc.is_null(rows.column(DELETED_AT)))
        columns = {one.name: rows.column(name).cast(one.type) for name, one in wanted.items()}
        return pa.table(columns)

    def recorded(self, table: str) -> dict[str, str]:
        """The rows of a table that are on record as gone, and the latest load that says so.

        Args:
            table: Its name before dlt's naming convention.

        Returns:
            Ids of loads by what `deletions.marks` makes of the rows.
        """
        if not self.has(deletions.TABLE):
            return {}
        of_table = ("table_name", "eq", self.schema.naming.normalize_tables_path(table))
        relation = self.dataset.table(deletions.TABLE).where(*of_table)
        if self.tenant is not None:
            relation = relation.where("tenant", "eq", self.tenant)
        latest: dict[str, str] = {}
        for row in relation.select("id", "key", LOAD_ID).arrow().to_pylist():
            mark = row["id"] or row["key"] or ""
            latest[mark] = max(latest.get(mark, ""), row[LOAD_ID])
        return latest

    def count(self, table: str, limit: DeletionLimit) -> int:
        """How many rows a table has that is replaced in every run; 0 if it is not there.

        Args:
            table: Name of the table before dlt's naming convention.
            limit: Whether any number of rows may vanish.

        Raises:
            ConfigurationError: the table is there, and cannot be read.
        """
        if not self.has(table):
            return 0
        try:
            rows = self._read(table, [DELETED])
        except Exception as error:  # a destination may refuse in its own words
            self._refuse_to_replace(table, error, limit)
            logger.warning("%s, so deletions go unseen: %s", self._unread(table), error)
            return 0
        return 0 if rows is None else int(pc.sum(pc.is_null(rows.column(DELETED))).as_py() or 0)

    def counts_of_parts(
        self, table: str, part: str, where: Mapping[str, str]
    ) -> dict[str, int] | None:
        """How many rows each part of a table has; None where it cannot be read.

        Args:
            table: Name of the table before dlt's naming convention.
            part: The column that says which part a row belongs to.
            where: Values of other columns that the parts have in common.
        """
        normalize = self.schema.naming.normalize_path
        part = normalize(part)
        wheres = {normalize(column): value for column, value in where.items()}
        try:
            known = self._columns(table)
            flags = [name for name in (DELETED, LOAD_ID) if name in known]
            rows = self._read(table, [part, *wheres, *flags])
        except Exception as error:  # a destination may refuse in its own words; no rows at stake
            logger.warning("%s: %s", self._unread(table), error)
            return None
        if rows is None:
            return None
        for column, value in wheres.items():
            rows = rows.filter(pc.equal(rows.column(column), value))
        if LOAD_ID in flags and self.mode is WriteMode.APPEND:
            latest = rows.group_by(part).aggregate([(LOAD_ID, "max")])
            rows = rows.join(latest, part)
            rows = rows.filter(pc.equal(rows.column(LOAD_ID), rows.column(f"{LOAD_ID}_max")))
        if DELETED in flags:
            rows = rows.filter(pc.invert(pc.fill_null(rows.column(DELETED), False)))
        counted = rows.group_by(part).aggregate([([], "count_all")])
        names, counts = counted.column(part).to_pylist(), counted.column("count_all").to_pylist()
        return dict(zip(names, counts, strict=True))

    def places(self, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of these columns that rows of a table have, each once.

        Args:
            table: Name of the table before dlt's naming convention.
            columns: The columns, before that convention.
        """
        if not self.has(table):
            return []
        stored = [self.schema.naming.normalize_path(name) for name in columns]
        rows = self._read(table, stored)
        return [] if rows is None else list(dict.fromkeys(keys_in(rows, stored)))

    def having(
        self, table: str, by: str, values: Sequence[str] | None, columns: Sequence[str]
    ) -> list[tuple[Any, ...]] | None:
        """What the rows have in some columns that have one of some values in another, each once.

        Args:
            table: Name of the table before dlt's naming convention.
            by: The column with the values, before that convention.
            values: The values; None for any.
            columns: The columns, before that convention.

        Returns:
            None where the table cannot be read, or has no such columns.
        """
        stored = [self.schema.naming.normalize_path(name) for name in (by, *columns)]
        few = values is not None and len(values) <= NAMED
        try:
            rows = self._read(table, stored, [(stored[0], "in", values)] if few else [])
        except Exception as error:  # a destination may refuse in its own words; no rows at stake
            logger.warning("%s: %s", self._unread(table), error)
            return None
        if rows is None:
            return None
        if values is not None and not few:
            named = rows.column(stored[0]).cast(pa.string())
            rows = rows.filter(pc.is_in(named, value_set=pa.array(values, pa.string())))
        return list(dict.fromkeys(keys_in(rows, stored[1:])))

    def _unread(self, table: str) -> str:
        return f"{self.schema.naming.normalize_tables_path(table)} cannot be read back"

    def _relation(self, table: str) -> Any:
        return self.dataset.table(self.schema.naming.normalize_tables_path(table))

    def _columns(self, table: str) -> set[str]:
        return set(self._relation(table).columns_schema)

    def _read(
        self,
        table: str,
        columns: Sequence[str],
        where: Sequence[tuple[str, str, Any]] = (),
        most: int | None = None,
    ) -> pa.Table | None:
        relation = self._relation(table)
        whose = [] if self.tenant is None else [(TENANT, "eq", self.tenant)]
        for condition in (*whose, *where):
            relation = relation.where(*condition)
        relation = relation.select(*dict.fromkeys(columns))
        return (relation if most is None else relation.limit(most)).arrow()


def _latest(rows: pa.Table, naming: Naming, merged: bool) -> Loaded:
    identity = list(naming.identity)
    named = [*dict.fromkeys([*identity, *naming.keys])]
    if merged:
        rows = _there(rows)
    counted = rows.group_by(identity).aggregate([([], "count_all")])
    doubled = counted.filter(pc.greater(counted.column("count_all"), 1)).select(identity)
    if doubled.num_rows:
        by = [(name, "ascending") for name in identity]
        latest = [(LOAD_ID, "descending")] if LOAD_ID in rows.column_names else []
        rows = rows.sort_by([*by, *latest]).combine_chunks()
        repeated = pa.array([True] * (len(rows) - 1), pa.bool_())
        for name in identity:
            values = rows.column(name).combine_chunks()
            repeated = pc.and_(repeated, pc.equal(values[1:], values[:-1]))
        rows = rows.filter(pc.invert(pa.concat_arrays([pa.array([False]), repeated])))
    if not merged:
        rows = _there(rows)
        doubled = doubled.schema.empty_table()  # that is how rows that can only be added are to be
    load_ids = rows.column(LOAD_ID) if LOAD_ID in rows.column_names else None
    pending = rows.column(PENDING) if PENDING in rows.column_names else None
    loaded = Loaded(
        rows.select([*named, STAMP]), doubled, naming, load_ids=load_ids, pending=pending
    )
    if DELETED_AT not in rows.column_names:
        return loaded
    return loaded.without(pc.is_valid(rows.column(DELETED_AT)))


def _there(rows: pa.Table) -> pa.Table:
    """The rows that are not marked as taken out."""
    if DELETED not in rows.column_names:
        return rows
    return rows.filter(pc.invert(pc.fill_null(rows.column(DELETED), False)))


def among_rows(rows: pa.Table, wanted: pa.Table) -> pa.Array:
    """Which rows have the values of a wanted one in its columns."""
    named = set(keys_in(wanted, wanted.column_names))
    return pa.array([key in named for key in keys_in(rows, wanted.column_names)], pa.bool_())
