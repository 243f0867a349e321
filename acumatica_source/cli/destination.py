"""Where `acumatica sync` loads to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb

from acumatica_source.client.errors import ConfigurationError

DUCKDB_FILE = "acumatica.duckdb"
"""Loaded into unless something else is named."""


@contextmanager
def opened(duckdb_file: str | None, parquet_dir: str | None, name: str | None) -> Iterator[Any]:
    """The dlt destination that these options name; a DuckDB file by default.

    Raises:
        ConfigurationError: more than one is given, or it cannot be written.
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
        with opened_file(file) as destination:
            yield destination


@contextmanager
def opened_file(file: Path) -> Iterator[Any]:
    """A DuckDB file as a destination that stays open: opening it anew takes longer than a table.

    Raises:
        ConfigurationError: it cannot be opened.
    """
    try:
        database = duckdb.connect(str(file))
    except duckdb.Error as error:
        first_line = str(error).partition("\n")[0]
        raise ConfigurationError(
            f"{file} cannot be opened to load into: {first_line} If another program has it open, "
            "close it there; else name another file."
        ) from error
    with database:
        yield dlt.destinations.duckdb(database)


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
