"""Destinations beside the database."""

from pathlib import Path

import dlt
import pytest


@pytest.fixture
def files(tmp_path: Path) -> dlt.Pipeline:
    """A pipeline into Parquet files, which can only be added to."""
    return dlt.pipeline(
        "files",
        destination=dlt.destinations.filesystem(str(tmp_path / "lake")),
        dataset_name="erp",
        pipelines_dir=str(tmp_path / "pipelines"),
    )
