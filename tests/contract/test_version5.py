"""Contracts of 2026 R2: linked entities in an `anyOf`, and what contract version 5 declares."""

from typing import Any

import pytest

from acumatica_source.contract.custom_fields import parse_ad_hoc_schema
from acumatica_source.contract.model import Contract, FieldType, Selection
from acumatica_source.contract.openapi import parse_contract
from tests.contract.documents import contract_document

CUSTOMER = {
    "Customer": {"CustomerID": "StringValue", "MainContact": "Contact", "Contacts": ["Contact"]},
    "Contact": {"Email": "StringValue", "Address": "Address"},
    "Address": {"City": "StringValue"},
}
REF = "#/components/schemas/Contact"


def parsed(schemas: dict[str, Any], **options: Any) -> Contract:
    return parse_contract(contract_document(schemas, **options))


@pytest.mark.parametrize("version", ["4", "5"])
def test_linked_entities_in_an_any_of_are_linked_entities(version: str) -> None:
    plain = parsed(CUSTOMER, version=version).entities
    assert parsed(CUSTOMER, version=version, nullable=True).entities == plain
    assert [*plain["Customer"].shape.expand_paths()] == [
        "MainContact",
        "MainContact/Address",
        "Contacts",
        "Contacts/Address",
    ]


@pytest.mark.parametrize(
    "link",
    [
        {"anyOf": [{"$ref": REF}], "nullable": True},
        {"oneOf": [{"$ref": REF}]},
        {"allOf": [{"$ref": REF}], "nullable": True},
        {"anyOf": [{"$ref": REF}, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, {"$ref": REF}]},
        {"anyOf": [{"$ref": REF}, {"enum": [None]}]},
    ],
)
def test_every_way_to_write_a_link_that_may_be_null(link: dict[str, Any]) -> None:
    contract = parsed({**CUSTOMER, "Case": {"Subject": "StringValue", "Caller": link}})
    shape = contract.entities["Case"].shape
    assert shape.linked == {"Caller": contract.entities["Customer"].shape.linked["MainContact"]}
    assert not shape.not_understood


@pytest.mark.parametrize(
    "rows",
    [
        {"anyOf": [{"type": "array", "items": {"$ref": REF}}, {"type": "null"}]},
        {"type": ["array", "null"], "items": {"$ref": REF}},
        {"type": "array", "items": {"anyOf": [{"$ref": REF}]}, "nullable": True},
    ],
)
def test_every_way_to_write_a_list_that_may_be_null(rows: dict[str, Any]) -> None:
    contract = parsed({**CUSTOMER, "Case": {"Subject": "StringValue", "Callers": rows}})
    shape = contract.entities["Case"].shape
    assert shape.details == {"Callers": contract.entities["Customer"].shape.details["Contacts"]}


@pytest.mark.parametrize(
    "unknown",
    [
        {"anyOf": [{"$ref": REF}, {"$ref": "#/components/schemas/Address"}]},
        {"type": "string"},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"$ref": REF}},
        {"type": "array", "items": {"$ref": "#/components/schemas/StringValue"}},
        {"type": "array"},
        {},
    ],
)
def test_what_is_not_understood_is_named_wherever_it_is(unknown: dict[str, Any]) -> None:
    shapes = {**CUSTOMER, "Address": {"City": "StringValue", "Odd": unknown}}
    shape = parsed(shapes).entities["Customer"].shape
    assert [*shape.gaps()] == ["MainContact/Address/Odd", "Contacts/Address/Odd"]
    assert [*shape.gaps(["MainContact", "MainContact/Address"])] == ["MainContact/Address/Odd"]
    assert [*shape.gaps(["MainContact", "Contacts"])] == []
    assert shape.linked["MainContact"].linked["Address"].field("City") is not None


def test_drop_downs_and_dates_of_version_5() -> None:
    document = {
        "Widget": {
            "Status": "StringSingleSelectValue",
            "TimeSpent": "IntSingleSelectValue",
            "Tags": "StringMultiSelectValue",
            "MadeOn": "DateOnlyValue",
            "LastModifiedDateTime": "DateTimeValue",
            "CreatedDateTime": "DateOnlyValue",
            "Type": "StringSingleSelectValue",
            "ReferenceNbr": "StringValue",
        }
    }
    contract = parsed(document, version="5", title="Default/26.200.001")
    assert (contract.spoken, contract.version) == (5, "26.200.001")
    widget = contract.entities["Widget"]
    fields = {f.name: (f.type, f.selection) for f in widget.shape.fields}
    assert fields == {
        "Status": (FieldType.TEXT, Selection.TEXT),
        "TimeSpent": (FieldType.TEXT, Selection.INTEGER),
        "Tags": (FieldType.TEXT, Selection.SEVERAL),
        "MadeOn": (FieldType.DATE, None),
        "LastModifiedDateTime": (FieldType.INSTANT, None),
        "CreatedDateTime": (FieldType.DATE, None),
        "Type": (FieldType.TEXT, Selection.TEXT),
        "ReferenceNbr": (FieldType.TEXT, None),
    }
    assert widget.watermark == "LastModifiedDateTime"
    assert [(key.name, key.dropdown) for key in widget.keys] == [
        ("Type", False),  # its codes are compared, and these are in order
        ("ReferenceNbr", False),
    ]


def test_values_and_options_written_in_other_ways() -> None:
    document = contract_document({"Widget": {"Status": "Odd", "MadeOn": "Day", "Size": "Sized"}})
    schemas = document["components"]["schemas"]
    option = {"id": {"type": "string"}, "description": {"type": "string"}, "color": {}}
    schemas["Odd"] = {"properties": {"value": {"type": "object", "properties": option}}}
    day = {"type": "string", "format": "date"}
    schemas["Day"] = {"properties": {"value": {"anyOf": [day, {"type": "null"}]}, "error": {}}}
    schemas["Sized"] = {"properties": {"value": {"allOf": [{"type": "integer"}]}}}
    fields = parse_contract(document).entities["Widget"].shape.fields
    assert [(one.type, one.selection) for one in fields] == [
        (FieldType.TEXT, Selection.TEXT),
        (FieldType.DATE, None),
        (FieldType.INTEGER, None),
    ]


def test_the_number_of_an_endpoint_does_not_tell_its_contract_version() -> None:
    old = parsed(CUSTOMER, title="DeviceHub/26.100.001", version="4", nullable=True)
    assert old.spoken == 4


def test_custom_fields_of_version_5() -> None:
    body = (
        b'{"custom":{"Document":{"AttributePRODUCT":{"type":"CustomStringSingleSelectField"},'
        b'"AttributeTAGS":{"type":"CustomStringMultiSelectField","value":null},'
        b'"UsrPriority":{"type":"CustomIntSingleSelectField"},'
        b'"UsrWeight":{"type":"CustomDecimalField"}}}}'
    )
    found = {one.name: (one.type, one.selection) for one in parse_ad_hoc_schema(body)}
    assert found == {
        "AttributePRODUCT": (FieldType.TEXT, Selection.TEXT),
        "AttributeTAGS": (FieldType.TEXT, Selection.SEVERAL),
        "UsrPriority": (FieldType.TEXT, Selection.INTEGER),
        "UsrWeight": (FieldType.DECIMAL, None),
    }
