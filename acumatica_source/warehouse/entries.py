"""The small table `_acumatica` of a dataset, or a folder of that name where files are loaded.

It is written beside dlt's load packages, for it has to be there before them: a statement or a file
each, whatever the destination.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Protocol

import dlt
import sqlglot.expressions as sql
from dlt.common.destination.client import WithStateSync
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from dlt.destinations.job_client_impl import SqlJobClientBase

from acumatica_source.client.errors import ConfigurationError

logger = logging.getLogger(__name__)

TABLE = "_acumatica"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table."""

    kind: str
    """`instance`: whose data the dataset holds; `writer`: who loads it now."""
    id: str
    """Identifies the row."""
    base_url: str
    tenant: str
    branch: str = ""
    """Empty where no branch was given."""
    process: str = ""
    """Who wrote the row: a process and its host."""


@dataclass(frozen=True, slots=True)
class Written:
    """A row of the table, and how long ago it was written, by the destination's clock."""

    entry: Entry
    seconds: float


class Entries(Protocol):
    """The rows of the table."""

    def add(self, entry: Entry) -> None:
        """Write a row; the table is made if there is none."""

    def read(self) -> list[Written]:
        """All rows; none if there is no table.

        Raises:
            ConfigurationError: the table is damaged.
        """

    def touch(self, entry: Entry) -> None:
        """Have a row count as written now."""

    def remove(self, entry: Entry) -> None:
        """Take a row out, if it is there."""


@contextmanager
def entries_of(pipeline: dlt.Pipeline) -> Iterator[Entries | None]:
    """The rows of a pipeline's dataset; None where its destination keeps no such table."""
    client = pipeline.destination_client()
    if isinstance(client, SqlJobClientBase):
        with client:
            yield _InDatabase(client, pipeline.dataset_name)
    elif isinstance(client, FilesystemClient):
        with client:
            yield _InFiles(client)
    else:
        if isinstance(client, WithStateSync):
            logger.warning(
                "A %s destination does not tell whose data its dataset holds: take care that only "
                "one tenant of one instance is loaded into it, by one run at a time.",
                pipeline.destination.destination_name,
            )
        yield None


def damaged(dataset: str, what: object) -> ConfigurationError:
    """The error for a table that does not hold what it is to hold."""
    shown = repr(what)
    shown = shown if len(shown) <= 200 else f"{shown[:200]}…"
    return ConfigurationError(
        f"The table {TABLE} of dataset {dataset}, which says whose data the dataset holds, is "
        f"damaged: {shown}. Delete that row, or drop the table, and run once with --adopt, or "
        "adopt=True, if the dataset is that of the instance you load."
    )


_COLUMNS = tuple(field.name for field in fields(Entry))


class _InDatabase:
    def __init__(self, client: SqlJobClientBase, dataset: str) -> None:
        self._client = client
        self._sql = client.sql_client
        self._dataset = dataset
        self._table = self._sql.make_qualified_table_name(TABLE)
        self._names = [self._sql.escape_column_name(one) for one in (*_COLUMNS, "written_at")]

    def add(self, entry: Entry) -> None:
        places = ", ".join(["%s"] * len(_COLUMNS))
        statement = (
            f"INSERT INTO {self._table} ({', '.join(self._names)}) "  # noqa: S608 - own names
            f"VALUES ({places}, CURRENT_TIMESTAMP)"
        )
        values = tuple(asdict(entry).values())
        try:
            self._sql.execute_sql(statement, *values)
        except DatabaseUndefinedRelation:
            self._make()
            self._sql.execute_sql(statement, *values)

    def read(self) -> list[Written]:
        statement = f"SELECT {', '.join(self._names)}, CURRENT_TIMESTAMP FROM {self._table}"  # noqa: S608
        try:
            rows = self._sql.execute_sql(statement) or []
        except DatabaseUndefinedRelation:
            return []
        return [self._written(tuple(row)) for row in rows]

    def touch(self, entry: Entry) -> None:
        written, key = self._names[-1], self._names[_COLUMNS.index("id")]
        self._sql.execute_sql(
            f"UPDATE {self._table} SET {written} = CURRENT_TIMESTAMP WHERE {key} = %s",  # noqa: S608
            entry.id,
        )

    def remove(self, entry: Entry) -> None:
        key = self._names[_COLUMNS.index("id")]
        with suppress(DatabaseUndefinedRelation):
            self._sql.execute_sql(f"DELETE FROM {self._table} WHERE {key} = %s", entry.id)  # noqa: S608

    def _make(self) -> None:
        """Make dataset and table. Another run may do the same at the same time."""
        dialect = self._client.capabilities.sqlglot_dialect
        text = sql.DataType.build("TEXT").sql(dialect)
        instant = sql.DataType.build("TIMESTAMPTZ").sql(dialect)
        types = [*[text] * len(_COLUMNS), instant]
        columns = ", ".join(f"{name} {kind}" for name, kind in zip(self._names, types, strict=True))
        try:
            self._client.initialize_storage()
            self._sql.execute_sql(f"CREATE TABLE {self._table} ({columns})")
        except Exception:
            if not self._is_there():
                raise

    def _is_there(self) -> bool:
        try:
            self._sql.execute_sql(f"SELECT 1 FROM {self._table} WHERE 1 = 0")  # noqa: S608
        except DatabaseUndefinedRelation:
            return False
        return True

    def _written(self, row: tuple[Any, ...]) -> Written:
        *values, written, now = row
        if not all(isinstance(value, str) for value in values) or written is None:
            raise damaged(self._dataset, row[:-1])
        return Written(Entry(*values), (_instant(now) - _instant(written)).total_seconds())


class _InFiles:
    def __init__(self, client: FilesystemClient) -> None:
        self._client = client
        self._files = client.fs_client
        self._folder = client.pathlib.join(client.dataset_path, TABLE)
        self._join = client.pathlib.join

    def add(self, entry: Entry) -> None:
        self._client.initialize_storage()  # dlt does not take a folder that it has not made
        self._files.makedirs(self._folder, exist_ok=True)
        self._files.pipe_file(self._place(entry), json.dumps(asdict(entry)).encode())

    def read(self) -> list[Written]:
        self._files.invalidate_cache()
        try:
            paths = sorted(self._files.ls(self._folder, detail=False))
        except FileNotFoundError:
            return []
        found = []
        for path in paths:
            try:
                content, modified = self._files.cat_file(path), self._files.modified(path)
            except FileNotFoundError:
                continue  # taken out meanwhile
            found.append((self._entry(path, content), _instant(modified)))
        now = datetime.now(UTC)
        return [Written(entry, (now - modified).total_seconds()) for entry, modified in found]

    def touch(self, entry: Entry) -> None:
        self.add(entry)

    def remove(self, entry: Entry) -> None:
        with suppress(FileNotFoundError):
            self._files.rm_file(self._place(entry))

    def _place(self, entry: Entry) -> str:
        return str(self._join(self._folder, f"{entry.kind}-{entry.id}.json"))

    def _entry(self, path: str, content: bytes) -> Entry:
        try:
            entry = Entry(**json.loads(content))
        except (ValueError, TypeError):
            raise damaged(self._folder, content) from None
        if not all(isinstance(value, str) for value in asdict(entry).values()):
            raise damaged(self._folder, content)
        return entry


def _instant(value: Any) -> datetime:
    """An instant as a destination writes it; without an offset it counts as UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
