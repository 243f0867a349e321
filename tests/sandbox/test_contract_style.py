"""Contracts rewritten as later builds write them, and into contract version 5.

What version 5 changes is in the published definition `Default_26.200.001`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_sandbox.records.builtin import ENTITIES
from acumatica_sandbox.records.contract_file import read_contract
from acumatica_sandbox.records.contract_style import properties_of, rewritten
from acumatica_sandbox.records.model import ShapeModel
from acumatica_sandbox.records.version_5 import PUBLISHED, WRAPPERS, Version5
from acumatica_sandbox.rest.swagger import openapi_3, swagger_2
from tests.sandbox.desk import Desk
from tests.sandbox.wire import Shape, assert_shaped, assert_true, entities, nested

DATA = Path(__file__).parents[2].parent / "shared" / "data"
OF_VERSION_5 = {WRAPPERS[letter] for letter in "SIMo"}


@pytest.fixture(scope="module", params=["24.200.001", "23.200.001"], ids=["OpenAPI", "Swagger"])
def real(request: pytest.FixtureRequest) -> Path:
    """A contract of a real server."""
    path = DATA / "contracts" / f"Default_{request.param}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand")
    return path


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def members(shape: ShapeModel) -> dict[str, Any]:
    inside = {name: members(inner) for name, inner in shape.nested.items()}
    return {**shape.fields, **inside}


@pytest.mark.parametrize("write", [openapi_3, swagger_2])
@pytest.mark.parametrize("contract_version", [4, 5])
def test_a_rewritten_contract_is_whole(write: Any, contract_version: int) -> None:
    document = write(ENTITIES, "Default/24.200.001", "http://host/entity/Default/24.200.001")
    before = json.dumps(document)
    result = rewritten(document, contract_version=contract_version)
    assert json.dumps(document) == before
    assert result["openapi"] == "3.0.1"
    assert result["info"]["version"] == str(contract_version)
    schemas = result["components"]["schemas"]
    assert {one.rpartition("/")[2] for one in references(result)} <= set(schemas)
    assert "definitions" not in json.dumps(result)
    assert rewritten(document, contract_version=contract_version) == result
    assert set(document["paths"]) == set(result["paths"])
    for name in ("StringValue", "DateOnlyValue"):
        assert schemas[name]["nullable"]


def test_every_link_and_list_of_a_real_contract_can_be_null(real: Path) -> None:
    result = rewritten(json.loads(real.read_bytes()))
    schemas = result["components"]["schemas"]
    links = lists = 0
    for name, schema in schemas.items():
        for properties in properties_of(schema) if "allOf" in schema else ():
            for field, one in properties.items():
                target = str(one.get("$ref", "")).rpartition("/")[2]
                assert not target or target.endswith(("Value", "CustomField")), (name, field)
                if "anyOf" in one:
                    assert len(one["anyOf"]) == 1
                    assert one["nullable"]
                    links += 1
                lists += one.get("type") == "array" and one["nullable"]
    assert links > 100
    assert lists > 200
    reads = [path["get"] for path in result["paths"].values() if "get" in path]
    assert all("409" in one["responses"] for one in reads)
    assert all("patch" in path for path in result["paths"].values() if {"get", "put"} <= set(path))


def test_every_entity_of_a_real_contract_is_rewritten_into_version_5(
    real: Path, tmp_path: Path
) -> None:
    """By the same rule as its records are."""
    path = tmp_path / "contract.json"
    path.write_text(json.dumps(rewritten(json.loads(real.read_bytes()), contract_version=5)))
    kept, served = read_contract(real), read_contract(path)
    assert served.contract_version == 5
    assert [one.name for one in served.entities] == [one.name for one in kept.entities]
    assert len(kept.entities) > 115
    schemas = json.loads(path.read_bytes())["components"]["schemas"]
    used = {one.rpartition("/")[2] for one in references(schemas)}
    assert used >= OF_VERSION_5
    for old, new in zip(kept.entities, served.entities, strict=True):
        wire = Version5().shape(old.shape)
        declared = {
            one.name: {field: served.types[one.name][field] for field in one.fields}
            for one in new.shape.all()
        }
        assert {one.name: dict(one.fields) for one in wire.all()} == declared, old.name
        assert set(members(wire)) == set(members(new.shape)), old.name


def test_another_seed_draws_other_drop_downs(real: Path) -> None:
    document = json.loads(real.read_bytes())
    one, same, other = (
        rewritten(document, contract_version=5, version_5=Version5(seed)) for seed in (1, 1, 2)
    )
    assert one == same != other
    for name in PUBLISHED:
        schemas = [made["components"]["schemas"].get(name) for made in (one, other)]
        assert schemas[0] == schemas[1]


def test_published_types_are_those_of_the_definition() -> None:
    path = DATA / "contract5" / "fields.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand")
    published = json.loads(path.read_bytes())["entities"]
    letters = {wrapper: letter for letter, wrapper in WRAPPERS.items() if letter != "t"}
    for schema, fields in published.items():
        wanted = {name: letters[one] for name, one in fields.items() if one in letters}
        own = dict(word.split(":") for word in PUBLISHED[schema].split())
        assert own == wanted, schema
        before = {
            name: "DateTimeValue" if own.get(name) == "o" else "StringValue" for name in fields
        }
        assert set(Version5().fields(schema, before)) == set(fields), schema


@pytest.fixture(scope="module")
def served(real: Path) -> Iterator[tuple[Desk, dict[str, Shape]]]:
    """A user of a real contract in version 5."""
    options = SandboxOptions(records=200, contract=real, contract_version=5)
    with Sandbox(options) as sandbox, Desk(sandbox, "26.200.001") as desk:
        desk.sign_in()
        yield desk, entities(desk.read("swagger.json").json())


def test_every_record_is_read_to_its_full_depth(served: tuple[Desk, dict[str, Shape]]) -> None:
    desk, shapes = served
    assert len(shapes) > 115
    read = 0
    for name, shape in shapes.items():
        listed = desk.read(name, top=3)
        if listed.status_code != 200:
            assert "Optimization cannot be performed" in listed.json()["exceptionMessage"], name
            continue
        identity = listed.json()[0]["id"]
        answer = desk.read(f"{name}/{identity}", expand=nested(shape))
        assert answer.status_code == 200, (name, answer.text)
        assert_shaped(answer.json(), shape)
        (true,) = [
            one
            for one in desk.sandbox.control.rows(name, contract_version=5)
            if one["id"] == identity
        ]
        assert_true(true, answer.json(), shape)
        read += 1
    assert read > 100


def test_the_contract_itself_is_served_beside(
    real: Path, served: tuple[Desk, dict[str, Shape]]
) -> None:
    desk, _ = served
    version = real.stem.partition("_")[2]
    document = desk.get(f"{desk.site}/entity/Default/{version}/swagger.json").json()
    assert document["info"]["version"] == "4"
    place = f"{desk.site}/entity/Default/{version}/SalesOrder?$top=1&$expand=ShipToAddress"
    (row,) = desk.get(place).json()
    assert isinstance(row["Status"]["value"], str)
    assert row["ShipToAddress"]
