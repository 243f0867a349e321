"""A warehouse that an earlier version loaded is brought up to date, whatever its state lacks."""

import logging

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import DacTable
from acumatica_source.running import runner
from acumatica_source.source import Load, connect
from tests.conftest import credentials_of


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox, load: Load) -> int:
    """Rows of the first table."""
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (outcome,) = runner.sync(pipeline, instance, [load], lambda one: None)
    assert outcome.error is None
    return max(outcome.rows.values(), default=0)


def strip_state(pipeline: dlt.Pipeline, resource: str, key: str) -> None:
    """Leave the destination with a state that lacks something."""
    with pipeline.managed_state(extract_state=True) as state:
        del state["sources"]["acumatica"]["resources"][resource][key]
    pipeline.normalize()
    pipeline.load()


@pytest.mark.slow
@pytest.mark.parametrize("load", ["StockItem", DacTable("InventoryItem")], ids=["entity", "class"])
def test_nobody_noted_what_rows_hold(
    sandbox: Sandbox, pipeline: dlt.Pipeline, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    everything = sync(pipeline, sandbox, load)
    name = load if isinstance(load, str) else load.name
    strip_state(pipeline, name, "contents")
    with caplog.at_level(logging.WARNING, "acumatica_source"):
        assert sync(pipeline, sandbox, load) == everything
    said = [one.message for one in caplog.records if "loading all anew" in one.message]
    assert len(said) == 1
    assert said[0].startswith(f"{name}: an earlier version")
    assert sync(pipeline, sandbox, load) < everything / 2
