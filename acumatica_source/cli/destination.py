"""Where `acumatica sync` loads to."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration

from acumatica_source.client.errors import ConfigurationError

DUCKDB_FILE = "acumatica.duckdb"
"""Loaded into unless something else is named."""


def working_folder() -> str:
    """Where the command's pipelines keep what they are at.

    A folder apart from that of other programs: dlt remembers there in which folder a pipeline of
    some name was first run, and would load into the DuckDB file of that folder from everywhere.
    """
    return str(Path(get_dlt_pipelines_dir()).with_name("acumatica_pipelines"))


@contextmanager
def pipeline_at(
    options: Mapping[str, Any], tenant: str, progress: Any = None
) -> Iterator[dlt.Pipeline]:
    """The pipeline that a command's options name, its destination open.

    Args:
        options: Those of `cli.options.where_to_options`.
        tenant: The tenant that is loaded, for the name of the dataset.
        progress: Shows how far dlt is; None for nothing.

    Raises:
        ConfigurationError: the options contradict each other, or it cannot be written.
    """
    named = options["dataset"].replace("{tenant}", tenant)
    if not named.strip():
        raise ConfigurationError("Give --dataset a name.")
    dataset = dlt.Schema("acumatica").naming.normalize_table_identifier(named)
    file, folder = options["duckdb_file"], options["parquet_dir"]
    with opened(file, folder, options["destination"], dataset) as target:
        yield dlt.pipeline(
            options["pipeline_name"],
            destination=target,
            dataset_name=dataset,
            pipelines_dir=working_folder(),
            **({} if progress is None else {"progress": progress}),
        )


@contextmanager
def opened(
    duckdb_file: str | None, parquet_dir: str | None, name: str | None, dataset: str
) -> Iterator[Any]:
    """The dlt destination that these options name; a DuckDB file by default.

    Raises:
        ConfigurationError: more than one is given, it cannot be written, or it cannot hold a
            dataset of this name.
    """
    if sum(one is not None for one in (duckdb_file, parquet_dir, name)) > 1:
        raise ConfigurationError("Give only one of --duckdb, --parquet and --destination.")
    if name is not None:
        yield name
    elif parquet_dir is not None:
        yield dlt.destinations.filesystem(_writable(Path(parquet_dir)).resolve().as_uri())
    else:
        file = Path(duckdb_file or DUCKDB_FILE).resolve()
        _writable(file.parent)
        with opened_file(file, dataset) as destination:
            yield destination


@contextmanager
def opened_file(file: Path, dataset: str) -> Iterator[Any]:
    """A DuckDB file as a destination that stays open: opening it anew takes longer than a table.

    Raises:
        ConfigurationError: it cannot be opened, or has the name of the dataset; see `check_name`.
    """
    is_new = not file.exists()
    try:
        database = duckdb.connect(str(file))
    except duckdb.Error as error:
        first_line = str(error).partition("\n")[0]
        raise ConfigurationError(
            f"{file} cannot be opened to load into: {first_line} If another program has it open, "
            "close it there; else name another file."
        ) from error
    with database:
        try:
            check_name(database, dataset)
        except ConfigurationError:
            database.close()
            if is_new:
                file.unlink()
            raise
        yield dlt.destinations.duckdb(database)


def check_name(database: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Refuse a dataset that DuckDB could not tell from a database.

    `erp.account` may be a table of the schema `erp`, or one in a database of that name, and DuckDB
    names the database of a file by itself: `erp.2026.duckdb` is `erp`. Case does not matter to it.

    Args:
        database: The opened file.
        dataset: The dataset to load into, before dlt's naming convention.

    Raises:
        ConfigurationError: the dataset, or the staging dataset that dlt makes beside it, has the
            name of a database.
    """
    schema = dlt.Schema("acumatica")
    bound = DuckDbClientConfiguration()
    bound.dataset_name = schema.naming.normalize_table_identifier(dataset)
    configured = dlt.destinations.duckdb(database).configuration(bound, accept_partial=True)
    if not configured.enable_dataset_name_normalization:
        configured.dataset_name = dataset
    names = {
        configured.normalize_dataset_name(schema).lower(),
        configured.normalize_staging_dataset_name(schema).lower(),
    }
    databases = database.execute("SELECT database_name, path FROM duckdb_databases()").fetchall()
    for name, file in databases:
        if name.lower() in names:
            raise ConfigurationError(
                f"DuckDB cannot tell its database {name!r}{f' of the file {file}' if file else ''} "
                f"from the dataset {dataset!r}, or from the one beside it for staging "
                f"({', '.join(sorted(names))}). Give another --dataset"
                f"{', or another name to the file' if file else ''}."
            )


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be made: {error.strerror}. Name another one."
        ) from None
    if not os.access(folder, os.W_OK):
        raise ConfigurationError(f"The folder {folder} cannot be written. Name another one.")
    return folder
