"""Every entity of the real contracts of a server is loaded, or skipped with a reason."""

from pathlib import Path

import dlt
import duckdb
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions
from acumatica_source.cli.choosing import all_of
from acumatica_source.source import connect, source_of
from tests.conftest import credentials_of
from tests.resources.warehouse import NAMING

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "data" / "contracts"


@pytest.mark.slow
@pytest.mark.parametrize("version", ["24.200.001", "23.200.001"])
def test_every_entity_is_loaded_or_skipped_with_a_reason(
    version: str, pipeline: dlt.Pipeline, tmp_path: Path
) -> None:
    document = CONTRACTS / f"Default_{version}.json"
    if not document.exists():
        pytest.skip(f"{document.name} is not at hand")
    with Sandbox(SandboxOptions(records=300, contract=document)) as sandbox:
        instance = connect(credentials_of(sandbox), "Default", None, 2, None)
        loads, skipped = all_of(instance, full=False)
        pipeline.run(source_of(instance, loads), loader_file_format="parquet")
        _, contract = instance.contracts.in_use()
        names = [load.name for load in loads if isinstance(load, EntityOptions)]
        expected: dict[str, int] = {}
        for name in names:
            records = sandbox.control.rows(name)
            expected[NAMING.normalize_tables_path(name)] = len(records)
            for detail in contract.entities[name].shape.details:
                table = NAMING.normalize_tables_path(f"{name}__{detail}")
                expected[table] = sum(len(record[detail]) for record in records)
    with duckdb.connect(str(tmp_path / "test.duckdb")) as database:
        found = {table: len(database.table(f'erp."{table}"')) for table in expected}
        columns = {table: database.table(f'erp."{table}"').columns for table in found}
    assert found == expected
    assert sum(count > 0 for count in found.values()) > 300
    assert len(names) + len(skipped) == len(contract.entities) > 110
    assert all(outcome.skipped and "form" in outcome.skipped for outcome in skipped)
    assert "main_contact__address__validated" in columns["customer"]
    assert not [name for names in columns.values() for name in names if name.endswith("_2")]
