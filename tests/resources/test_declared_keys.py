"""Keys that no name gives away are taken from the metadata of the data access classes."""

import json
from collections.abc import Iterator
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions
from acumatica_source.running import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.contract.documents import contract_document
from tests.resources.warehouse import assert_equal

ITEMS = EntityOptions("InventoryItem", page_size=2, verify="never")


@pytest.fixture
def custom(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox with an endpoint of somebody's own."""
    text = "StringValue"
    entities = {
        "StockItem": {"InventoryID": text, "Description": text, "BaseUOM": text},
        "InventoryItem": {"BaseUnit": text, "Descr": text, "InventoryCD": text},
    }
    file = tmp_path / "contract.json"
    file.write_text(json.dumps(contract_document(entities, title="Shop/1.0")))
    with Sandbox(SandboxOptions(records=100, contract=file)) as running:
        yield running


def sync(sandbox: Sandbox, pipeline: dlt.Pipeline, *load: EntityOptions | str) -> list[str]:
    """Load; the filters that were sent meanwhile."""
    sandbox.control.reset_counters()
    instance = connect(credentials_of(sandbox), "Shop", None, 2, None)
    outcomes = runner.sync(pipeline, instance, load, lambda outcome: None)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return [one["query"].get("$filter", "") for one in sandbox.control.requests()]


def metadata_requests(sandbox: Sandbox) -> int:
    return sum(one["path"].endswith("$metadata") for one in sandbox.control.requests())


def test_declared_keys_are_paged_by(custom: Sandbox, pipeline: dlt.Pipeline) -> None:
    filters = sync(custom, pipeline, ITEMS)
    assert any("InventoryCD gt '" in one for one in filters)
    assert metadata_requests(custom) == 1
    assert_equal(pipeline, custom, "InventoryItem")
    sync(custom, pipeline, ITEMS)
    assert metadata_requests(custom) == 0, "keys are kept between runs"


def test_documented_keys_and_those_of_the_user_need_no_metadata(
    custom: Sandbox, pipeline: dlt.Pipeline
) -> None:
    hinted = EntityOptions("InventoryItem", page_size=2, keys=["InventoryCD"])
    filters = sync(custom, pipeline, "StockItem", hinted)
    assert any("InventoryCD gt '" in one for one in filters)
    assert metadata_requests(custom) == 0


@pytest.mark.parametrize("status", [403, 404, 500], ids=["no rights", "not there", "broken"])
def test_metadata_that_cannot_be_read_do_no_harm(
    custom: Sandbox, pipeline: dlt.Pipeline, status: int
) -> None:
    custom.control.fault("status", path="odata/dac", status=status, times=0)
    filters = sync(custom, pipeline, ITEMS)
    assert not any("InventoryCD" in one for one in filters)
    assert_equal(pipeline, custom, "InventoryItem")


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox with bills of material, of which a number has several revisions."""
    text = "StringValue"
    fields = {"Descr": text, "BOMID": text, "RevisionID": text, "LastModifiedDateTime": STAMP}
    file = tmp_path / "contract.json"
    document = contract_document({"BillOfMaterial": fields}, title="Shop/1.0")
    file.write_text(json.dumps(document))
    with Sandbox(SandboxOptions(records=40_000, contract=file)) as running:
        yield running


STAMP = "DateTimeValue"


@pytest.mark.parametrize("role", [True, False], ids=["classes", "no classes"])
def test_a_bill_of_material_has_a_key_of_two_parts(
    plant: Sandbox, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture, role: bool
) -> None:
    plant.control.set_options(dac_role=role)
    filters = []
    for seed in range(2):
        filters += sync(plant, pipeline, EntityOptions("BillOfMaterial", page_size=20))
        assert_equal(pipeline, plant, "BillOfMaterial")
        plant.control.mutate(20, ["BillOfMaterial"], seed=seed)
    numbers = [row["BOMID"] for row in plant.control.rows("BillOfMaterial")]
    assert len(set(numbers)) < len(numbers)
    assert any("RevisionID gt '" in one for one in filters), filters
    assert "not unique" not in caplog.text


def boms(plant: Sandbox) -> list[tuple[object, ...]]:
    rows = plant.control.rows("BillOfMaterial")
    return sorted((row["BOMID"], row["RevisionID"], row["Descr"]) for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.3], ids=["lasting ids", "ids of a session"])
def test_a_key_that_is_only_a_part_costs_little_and_loses_nothing(
    plant: Sandbox, pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture, share: float
) -> None:
    plant.control.set_options(session_ids=share)
    partial = EntityOptions("BillOfMaterial", page_size=20, keys=["BOMID"])
    for seed in range(3):
        sync(plant, pipeline, partial)
        assert len(plant.control.requests()) < len(boms(plant)) / 20 + 16
        columns = ("bomid", "revision_id", "descr")
        assert sorted(pipeline.dataset()["bill_of_material"].select(*columns).fetchall()) == boms(
            plant
        )
        plant.control.advance(3_600)
        plant.control.mutate(20, ["BillOfMaterial"], seed=seed)
    assert "several rows share their BOMID" in caplog.text
    assert ("loading all anew" in caplog.text) == (share > 0)
