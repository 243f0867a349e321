"""What many tests need: an emulated ERP, and a pipeline into a DuckDB file of its own."""

from collections.abc import Iterator
from pathlib import Path

import dlt
import pytest
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import AcumaticaCredentials
from tests.postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]
"""Fixtures that have a module of their own."""


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep dlt's folders, caches and settings of this machine out of the tests."""
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")


@pytest.fixture(autouse=True)
def no_pipeline_stays() -> Iterator[None]:
    """Let no test's pipeline decide how the names of the next one's schema are written."""
    yield
    Container()[PipelineContext].deactivate()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small emulated ERP of the test's own."""
    with Sandbox(SandboxOptions(records=400)) as running:
        yield running


def credentials_of(sandbox: Sandbox) -> AcumaticaCredentials:
    """How to sign in to a sandbox."""
    return AcumaticaCredentials(
        base_url=sandbox.base_url,
        username=sandbox.username,
        password=sandbox.password,
        tenant=sandbox.tenant,
    )


@pytest.fixture
def pipeline(tmp_path: Path) -> dlt.Pipeline:
    """A pipeline into a DuckDB file of the test's own."""
    return pipeline_in(tmp_path)


def pipeline_in(folder: Path) -> dlt.Pipeline:
    """A pipeline into a DuckDB file in that folder."""
    return dlt.pipeline(
        "test",
        destination=dlt.destinations.duckdb(str(folder / "test.duckdb")),
        dataset_name="erp",
        pipelines_dir=str(folder / "pipelines"),
    )
