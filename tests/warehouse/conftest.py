"""Datasets of every kind that a dataset can be: a database file, files, and a server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest

PipelineMaker = Callable[[str], dlt.Pipeline]


@pytest.fixture(params=["duckdb", "files", "postgres"])
def pipelines(request: pytest.FixtureRequest, tmp_path: Path) -> PipelineMaker:
    """Makes pipelines of any name into one dataset, each with a folder of its own."""
    kind = request.param
    if kind == "postgres":
        request.getfixturevalue("postgres")

    def make(name: str) -> dlt.Pipeline:
        destination: Any = "postgres"
        if kind == "duckdb":
            destination = dlt.destinations.duckdb(str(tmp_path / "w.duckdb"))
        if kind == "files":
            destination = dlt.destinations.filesystem((tmp_path / "lake").as_uri())
        return dlt.pipeline(
            name,
            destination=destination,
            dataset_name="erp",
            pipelines_dir=str(tmp_path / "pipelines" / name),
        )

    return make
