"""One sync of a pipeline at a time; what was cut off is read again."""

from pathlib import Path

import dlt
import pytest
from filelock import FileLock

from acumatica_sandbox import Sandbox
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.running import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.warehouse import assert_equal


def test_a_second_sync_of_the_same_pipeline_is_refused(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    folder = Path(pipeline.pipelines_dir)
    folder.mkdir(parents=True, exist_ok=True)
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    with FileLock(folder / "test.lock"), pytest.raises(ConfigurationError, match="under way"):
        runner.sync(pipeline, instance, ["Account"], lambda outcome: None)
    assert sandbox.control.counters()["logins"] == sandbox.control.counters()["logouts"]


def test_the_destination_alone_says_what_is_loaded(
    sandbox: Sandbox, pipeline: dlt.Pipeline, tmp_path: Path
) -> None:
    """The local state of one destination does not count for another."""
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    runner.sync(pipeline, instance, ["Account", "Ledger"], lambda outcome: None)
    other = dlt.pipeline(
        "test",
        destination=dlt.destinations.duckdb(str(tmp_path / "other.duckdb")),
        dataset_name="erp",
        pipelines_dir=pipeline.pipelines_dir,
    )
    runner.sync(other, instance, ["Account", "Ledger"], lambda outcome: None)
    assert_equal(other, sandbox, "Account", "Ledger")
