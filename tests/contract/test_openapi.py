from typing import Any

import pytest

from acumatica_source.contract.errors import ContractError, UnsupportedContract
from acumatica_source.contract.model import DeclaredField, EntityKind, FieldType, Key
from acumatica_source.contract.openapi import parse_contract
from tests.contract.documents import contract_document, encoded, real_contract

ORDER: dict[str, Any] = {
    "Order": {
        "OrderType": "StringValue",
        "OrderNbr": "StringValue",
        "OrderTotal": "DecimalValue",
        "Hold": "BooleanValue",
        "Lines": "IntValue",
        "RowCount": "LongValue",
        "NoteID": "GuidValue",
        "Date": "DateTimeValue",
        "LastModified": "DateTimeValue",
        "ShipTo": "Address",
        "Details": ["OrderDetail"],
    },
    "Address": {"City": "StringValue"},
    "OrderDetail": {"LineNbr": "IntValue", "Attributes": ["AttributeValue"]},
    "AttributeValue": {"AttributeID": "StringValue", "Value": "StringValue"},
}


@pytest.mark.parametrize("swagger", [2, 3])
def test_an_entity_has_its_fields_linked_entities_and_details(swagger: int) -> None:
    document = contract_document(ORDER, ["Order"], swagger=swagger)
    contract = parse_contract(encoded(document))
    assert (contract.endpoint, contract.version) == ("Test", "1.0")
    order = contract.entities["Order"]
    assert {f.name: f.type for f in order.shape.fields} == {
        "OrderType": FieldType.TEXT,
        "OrderNbr": FieldType.TEXT,
        "OrderTotal": FieldType.DECIMAL,
        "Hold": FieldType.BOOLEAN,
        "Lines": FieldType.INTEGER,
        "RowCount": FieldType.INTEGER,
        "NoteID": FieldType.GUID,
        "Date": FieldType.DATE,
        "LastModified": FieldType.INSTANT,
    }
    assert order.shape.linked["ShipTo"].fields == (DeclaredField("City", FieldType.TEXT),)
    attributes = order.shape.details["Details"].details["Attributes"]
    assert [f.name for f in attributes.fields] == ["AttributeID", "Value"]
    assert list(order.shape.expand_paths()) == ["ShipTo", "Details", "Details/Attributes"]
    assert order.kind is EntityKind.RECORD
    assert order.keys == (Key("OrderType"), Key("OrderNbr"))
    assert order.watermark == "LastModified"
    assert order.description == "Order (XX000000)"


def test_both_formats_give_the_same_contract() -> None:
    three = parse_contract(contract_document(ORDER, swagger=3))
    two = parse_contract(contract_document(ORDER, swagger=2))
    assert three == two


@pytest.mark.parametrize(
    ("version", "count"), [("24.200.001", 119), ("23.200.001", 117)], ids=["24.200", "23.200"]
)
def test_real_contracts_parse_completely(version: str, count: int) -> None:
    contract = parse_contract(real_contract(version))
    assert (contract.endpoint, contract.version) == ("Default", version)
    assert len(contract.entities) == count
    order = contract.entities["SalesOrder"]
    assert order.watermark == "LastModified"
    assert [key.name for key in order.keys] == ["OrderType", "OrderNbr"]
    stamp = order.shape.details["Details"].field("LastModifiedDate")
    assert stamp == DeclaredField("LastModifiedDate", FieldType.INSTANT, string_stamp=True)
    roles = order.shape.details["Details"].details["Allocations"].field("Qty")
    assert roles == DeclaredField("Qty", FieldType.DECIMAL)
    vendor = contract.entities["Vendor"].shape.details["Contacts"].linked["Contact"]
    assert "Roles" in vendor.linked["UserInfo"].details
    values = contract.entities["AttributeDefinition"].shape.details["Values"]
    assert values.field("ValueID") is not None
    assert contract.entities["BusinessAccount"].shape.details["Attributes"].field("Value")


def test_real_contract_knows_records_from_forms() -> None:
    contract = parse_contract(real_contract("24.200.001"))
    forms = {e.name for e in contract.entities.values() if e.kind is EntityKind.INQUIRY_FORM}
    assert forms == {
        "AccountDetailsForPeriodInquiry",
        "AccountSummaryInquiry",
        "Budget",
        "CompaniesStructure",
        "ContractUsage",
        "InventoryAllocationInquiry",
        "InventoryQuantityAvailable",
        "InventorySummaryInquiry",
        "LaborCostRate",
        "PayrollWCCCode",
        "PhysicalInventoryCount",
        "SalesPricesInquiry",
        "StorageDetailsByLocationInquiry",
        "StorageDetailsInquiry",
        "VendorPricesInquiry",
    }
    assert contract.entities["EmailProcessing"].kind is EntityKind.PROCESSING_FORM
    assert contract.entities["InventoryQuantityAvailable"].watermark is None
    records = [e for e in contract.entities.values() if e.kind is EntityKind.RECORD]
    without = [e.name for e in records if e.watermark is None]
    assert len(without) == 18
    unknown = [e.name for e in records if not e.keys]
    assert unknown == ["CashTransaction", "ExternalCommitment", "FinancialYear"]


@pytest.mark.parametrize("spoken", ["6", "3", "", "40"])
def test_another_contract_version_is_refused(spoken: str) -> None:
    document = contract_document(ORDER, title="Default/26.200.001", version=spoken)
    with pytest.raises(UnsupportedContract, match=r"Default/26\.200\.001 speaks .* only 4 and 5"):
        parse_contract(document)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"message":"An error has occurred."}', "neither OpenAPI"),
        (b'{"openapi":"3.0.1","info":{"version":"4"},"paths":[]}', "'paths' is not an object"),
    ],
    ids=["html", "empty", "array", "null", "error document", "paths"],
)
def test_what_is_no_contract_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        parse_contract(body)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse_contract(b"\xef\xbb\xbf" + encoded(contract_document(ORDER))).endpoint == "Test"


def test_a_missing_schema_is_named() -> None:
    with pytest.raises(ContractError, match="'Nowhere'"):
        parse_contract(contract_document({"A": {"X": "Nowhere"}}))


def test_inheritance_in_a_circle_is_refused() -> None:
    document = contract_document({"A": {"X": "StringValue"}})
    schemas = document["components"]["schemas"]
    schemas["A"] = {"allOf": [{"$ref": "#/components/schemas/B"}]}
    schemas["B"] = {"allOf": [{"$ref": "#/components/schemas/A"}]}
    with pytest.raises(ContractError, match="inherits from itself"):
        parse_contract(document)


def test_references_in_a_circle_are_cut_at_the_repetition() -> None:
    contract = parse_contract(
        contract_document(
            {
                "Order": {"Nbr": "StringValue", "Shipments": ["Shipment"], "Parent": "Order"},
                "Shipment": {"Nbr": "StringValue", "Orders": ["Order"]},
            }
        )
    )
    assert list(contract.entities["Order"].shape.expand_paths()) == ["Shipments"]
    assert list(contract.entities["Shipment"].shape.expand_paths()) == ["Orders"]


def test_a_schema_reused_outside_its_circle_is_whole_again() -> None:
    contract = parse_contract(
        contract_document(
            {
                "A": {"B": "B"},
                "B": {"X": "StringValue", "C": "C"},
                "C": {"Y": "StringValue", "B": "B"},
                "D": {"B": "B", "C": "C"},
            }
        )
    )
    assert list(contract.entities["D"].shape.expand_paths()) == ["B", "B/C", "C", "C/B"]


def test_a_contract_that_refers_to_itself_without_end_is_refused() -> None:
    names = [f"E{i}" for i in range(12)]
    knot: dict[str, Any] = {name: {other: [other] for other in names} for name in names}
    with pytest.raises(ContractError, match="nests more than"):
        parse_contract(contract_document(knot))


def test_ten_thousand_fields() -> None:
    fields: dict[str, Any] = {f"Field{i:05}": "StringValue" for i in range(10_000)}
    contract = parse_contract(contract_document({"Wide": fields}))
    assert len(contract.entities["Wide"].shape.fields) == 10_000


def test_an_entity_without_fields_and_an_endpoint_without_entities() -> None:
    assert parse_contract(contract_document({"Empty": {}})).entities["Empty"].shape.fields == ()
    assert parse_contract(contract_document({})).entities == {}


def test_a_reference_may_be_wrapped_in_all_of() -> None:
    document = contract_document({"A": {"X": "StringValue", "B": "B"}, "B": {"Y": "IntValue"}})
    properties = document["components"]["schemas"]["A"]["allOf"][1]["properties"]
    for name, target in properties.items():
        properties[name] = {"nullable": True, "allOf": [target]}
    shape = parse_contract(document).entities["A"].shape
    assert [f.name for f in shape.fields] == ["X"]
    assert [f.name for f in shape.linked["B"].fields] == ["Y"]


@pytest.mark.parametrize(
    ("properties", "declared"),
    [
        ({"value": {"type": "string"}, "translations": {"type": "object"}}, FieldType.TEXT),
        ({"value": {"type": ["number", "null"]}, "error": {"type": "string"}}, FieldType.DECIMAL),
        ({"value": {"type": "string", "enum": ["Open", "Closed"]}}, FieldType.TEXT),
        ({"value": {"type": "string", "format": "date"}, "x-unit": {}}, FieldType.DATE),
        ({"value": {"oneOf": [{"type": "string"}, {"type": "number"}]}}, FieldType.TEXT),
    ],
    ids=["more beside the value", "one of null", "enumeration", "date only", "one of several"],
)
def test_wrappers_of_other_kinds_are_fields_too(
    properties: dict[str, Any], declared: FieldType
) -> None:
    document = contract_document({"Thing": {"ThingID": "StringValue", "Odd": "OddValue"}})
    document["components"]["schemas"]["OddValue"] = {"type": "object", "properties": properties}
    thing = parse_contract(document).entities["Thing"].shape
    assert thing.fields == (
        DeclaredField("ThingID", FieldType.TEXT),
        DeclaredField("Odd", declared),
    )


def test_an_entity_with_a_field_named_value_is_an_entity() -> None:
    document = contract_document({"Thing": {"Setting": "Pair"}, "Pair": {"value": "StringValue"}})
    setting = parse_contract(document).entities["Thing"].shape.linked["Setting"]
    assert setting.fields == (DeclaredField("value", FieldType.TEXT),)


def test_schemas_written_in_place() -> None:
    document = contract_document({"A": {"X": "StringValue"}})
    properties = document["components"]["schemas"]["A"]["allOf"][1]["properties"]
    text = {"type": "object", "properties": {"value": {"type": "string"}}}
    properties["Inner"] = {"type": "object", "properties": {"Y": text}}
    properties["Rows"] = {"type": "array", "items": {"type": "object", "properties": {"Z": text}}}
    shape = parse_contract(document).entities["A"].shape
    assert [f.name for f in shape.linked["Inner"].fields] == ["Y"]
    assert [f.name for f in shape.details["Rows"].fields] == ["Z"]


@pytest.mark.parametrize("prefix", ["", "/entity/Default/24.200.001"], ids=["bare", "absolute"])
def test_paths_may_carry_the_base_path(prefix: str) -> None:
    document = contract_document(ORDER, ["Order"])
    document["paths"] = {prefix + path: item for path, item in document["paths"].items()}
    assert list(parse_contract(document).entities) == ["Order"]
