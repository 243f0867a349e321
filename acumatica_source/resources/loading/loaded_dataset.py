"""The dataset of the pipeline in extraction, asked about few tables, however many it has.

dlt works all tables of a schema into each query. So a question is asked by a schema that has
nothing but the tables that it is about.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import dlt
import pyarrow as pa
import sqlglot.expressions as sql
from dlt.common.destination.client import JobClientBase
from dlt.common.schema import Schema
from dlt.common.storages.live_schema_storage import LiveSchemaStorage

from acumatica_source.warehouse.kept_open import keep_open

logger = logging.getLogger(__name__)


class LoadedDataset:
    """What a pipeline has loaded by one of its schemas."""

    def __init__(self, pipeline: dlt.Pipeline, schema: Schema) -> None:
        """Connect to nothing yet.

        Args:
            pipeline: The pipeline.
            schema: The schema in extraction. It may know of more than is loaded.
        """
        known = pipeline.schemas
        assert isinstance(known, LiveSchemaStorage)
        loaded = known.live_schemas.get(schema.name)
        if loaded is None and schema.name in pipeline.schema_names:
            loaded = known[schema.name]
        self._tables = {} if loaded is None else loaded.tables
        self._asked = Schema(schema.name, {"names": schema.naming.name()})
        self._dataset: Any = pipeline.dataset(self._asked)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """One connection for all questions of a block, where the destination has connections."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._dataset)
                keep_open()
            except Exception as error:  # each question will tell what is wrong
                logger.debug("No connection is kept open: %s", error)
            yield

    def table(self, name: str) -> Any:
        """A table, as dlt's relation."""
        self._ask_about([name])
        return self._dataset[name]

    def rows(self, query: sql.Query, tables: Iterable[str]) -> pa.Table:
        """The rows of a query.

        Args:
            query: The query, by the names that the destination has.
            tables: The tables that it is about.
        """
        self._ask_about(tables)
        rows: pa.Table = self._dataset.query(query).arrow()
        return rows

    @contextmanager
    def client(self) -> Iterator[JobClientBase]:
        """What reaches the destination without a query."""
        with self._dataset.destination_client as client:
            keep_open()
            yield client

    def _ask_about(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._tables:
                self._asked.tables[name] = self._tables[name]
