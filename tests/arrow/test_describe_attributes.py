import json

import pyarrow as pa
import pytest

from acumatica_source.arrow.attributes import is_attributes, pivoted
from acumatica_source.arrow.describe import describe_contract, describe_entity
from acumatica_source.contract.openapi import parse_contract
from tests.arrow.pages import ORDER
from tests.contract.documents import contract_document, real_contract


def test_an_entity_is_described_by_the_tables_it_becomes() -> None:
    described = describe_entity(ORDER)
    assert json.loads(json.dumps(described)) == described
    assert (described["name"], described["kind"]) == ("Order", "record")
    assert described["keys"] == ["OrderNbr"]
    assert described["watermark"] == "LastModifiedDateTime"
    assert described["description"] == "Order (XX000000)"
    assert described["columns"][0] == {"name": "id", "type": "string"}
    types = {column["name"]: column["type"] for column in described["columns"]}
    assert types["Total"] == "decimal128(38, 10)"
    assert types["Contact__Address__City"] == "string"
    children = {c["name"]: (c["path"], c["line_key"]) for c in described["children"]}
    assert children == {
        "Order__Contact__Phones": ("Contact/Phones", None),
        "Order__Details": ("Details", "LineNbr"),
        "Order__Details__Allocations": ("Details/Allocations", None),
        "Order__Details__Allocations__Serials": ("Details/Allocations/Serials", None),
    }


def test_a_contract_is_described_entity_by_entity() -> None:
    contract = parse_contract(contract_document({"B": {"X": "StringValue"}, "A": {}}))
    described = describe_contract(contract)
    assert (described["endpoint"], described["version"]) == ("Test", "1.0")
    assert [entity["name"] for entity in described["entities"]] == ["A", "B"]
    assert [entity["name"] for entity in describe_contract(contract, ["B"])["entities"]] == ["B"]


def test_a_real_contract_is_described_completely() -> None:
    described = describe_contract(parse_contract(real_contract("24.200.001")))
    kinds = [entity["kind"] for entity in described["entities"]]
    assert len(kinds) == 119
    assert set(kinds) == {"record", "inquiry form", "processing form"}


@pytest.mark.parametrize("name", ["AttributeID", "Attribute"])
def test_attributes_in_a_row(name: str) -> None:
    table = pa.table(
        {
            "_parent_id": ["a", "a", "b", "c", "a"],
            name: ["COLOR ", "SIZE", "COLOR", None, "SIZE"],
            "Value": ["red", "S", None, "lost", "L"],
        }
    )
    assert is_attributes(table.schema)
    assert pivoted(table).to_pylist() == [
        {"_parent_id": "a", "attribute__COLOR": "red", "attribute__SIZE": "L"},
        {"_parent_id": "b", "attribute__COLOR": None, "attribute__SIZE": None},
        {"_parent_id": "c", "attribute__COLOR": None, "attribute__SIZE": None},
    ]


def test_no_attributes() -> None:
    empty = pa.schema(
        [("_parent_id", pa.string()), ("AttributeID", pa.string()), ("Value", pa.string())]
    )
    assert pivoted(empty.empty_table()).num_rows == 0
    assert not is_attributes(pa.schema([("Value", pa.string())]))
    assert not is_attributes(pa.schema([("AttributeID", pa.string())]))
