"""Every entity of the real contracts of a server becomes tables that equal the source."""

from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions
from acumatica_source.cli.sync import all_of
from acumatica_source.source import connect, source_of
from tests.conftest import credentials_of
from tests.resources.warehouse import loaded, truth, without_guesses

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "data" / "contracts"


@pytest.mark.parametrize("version", ["24.200.001", "23.200.001"])
def test_every_entity_is_loaded_or_skipped_with_a_reason(
    version: str, pipeline: dlt.Pipeline
) -> None:
    document = CONTRACTS / f"Default_{version}.json"
    if not document.exists():
        pytest.skip(f"{document.name} is not at hand")
    with Sandbox(SandboxOptions(records=600, contract=document)) as sandbox:
        instance = connect(credentials_of(sandbox), "Default", None, 2, None)
        loads, skipped = all_of(instance, full=False)
        _, contract = instance.contract()
        names = [load.name for load in loads if isinstance(load, EntityOptions)]
        depths = {name: [*contract.entities[name].shape.expand_paths()] for name in names}
        whole = [EntityOptions(name, expand=paths) for name, paths in depths.items()]
        pipeline.run(source_of(instance, whole), loader_file_format="parquet")
        for name in names:
            expected = without_guesses(truth(sandbox, name))
            found = without_guesses({table: loaded(pipeline, table) for table in expected})
            assert found == expected, name
    assert len(names) + len(skipped) == len(contract.entities) > 110
    assert all(outcome.skipped and "form" in outcome.skipped for outcome in skipped)
