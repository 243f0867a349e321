import orjson
import pytest

from acumatica_source.contract.custom_fields import (
    DeclaredCustomField,
    custom_parameters,
    parse_ad_hoc_schema,
    with_custom_fields,
)
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import DeclaredField, FieldType
from acumatica_source.contract.openapi import parse_contract
from tests.contract.documents import contract_document


def declared(kind: str) -> dict[str, object]:
    return {"type": f"Custom{kind}Field", "value": None}


SCHEMA = orjson.dumps(
    {
        "OrderNbr": {},
        "custom": {
            "Document": {"AttributeCOLOR": declared("String"), "UsrLimit": declared("Decimal")},
            "CurrentDocument": {"BranchCity": declared("String")},
        },
        "ShipTo": {"City": {}, "custom": {"Address": {"UsrDoor": declared("Int")}}},
        "Details": [
            {
                "custom": {"Transactions": {"UsrSentDateTime": declared("DateTime")}},
                "Splits": [{"custom": {"Splits": {"UsrDue": declared("DateTime")}}}],
            }
        ],
        "Empty": [],
        "_workflowActions": [{"name": "Hold"}],
    }
)
FOUND = parse_ad_hoc_schema(SCHEMA)


def test_custom_fields_of_an_entity_and_of_those_inside_it() -> None:
    assert [(one.address, one.type) for one in FOUND] == [
        ("Document.AttributeCOLOR", FieldType.TEXT),
        ("Document.UsrLimit", FieldType.DECIMAL),
        ("CurrentDocument.BranchCity", FieldType.TEXT),
        ("ShipTo/Address.UsrDoor", FieldType.INTEGER),
        ("Details/Transactions.UsrSentDateTime", FieldType.INSTANT),
        ("Details/Splits/Splits.UsrDue", FieldType.DATE),
    ]
    assert [one.name for one in FOUND if not one.is_user_defined] == ["BranchCity"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("String", FieldType.TEXT),
        ("Decimal", FieldType.DECIMAL),
        ("Double", FieldType.DECIMAL),
        ("Int", FieldType.INTEGER),
        ("Short", FieldType.INTEGER),
        ("Long", FieldType.INTEGER),
        ("Byte", FieldType.INTEGER),
        ("Boolean", FieldType.BOOLEAN),
        ("DateTime", FieldType.DATE),
        ("Guid", FieldType.GUID),
        ("Unheard", FieldType.TEXT),
    ],
)
def test_declared_types(kind: str, expected: FieldType) -> None:
    body = orjson.dumps({"custom": {"V": {"UsrX": declared(kind)}}})
    assert [one.type for one in parse_ad_hoc_schema(body)] == [expected]


def test_they_become_fields_of_their_shapes() -> None:
    contract = parse_contract(
        contract_document(
            {
                "Order": {"OrderNbr": "StringValue", "ShipTo": "Address", "Details": ["Line"]},
                "Address": {"City": "StringValue"},
                "Line": {"LineNbr": "IntValue"},
            }
        )
    )
    order = with_custom_fields(contract.entities["Order"], (*FOUND, *FOUND)).shape
    assert [f.custom for f in order.fields] == [
        None,
        "Document.AttributeCOLOR",
        "Document.UsrLimit",
        "CurrentDocument.BranchCity",
    ]
    assert order.linked["ShipTo"].fields[1:] == (
        DeclaredField("UsrDoor", FieldType.INTEGER, custom="Address.UsrDoor"),
    )
    assert [f.name for f in order.details["Details"].fields] == ["LineNbr", "UsrSentDateTime"]


def test_requests_are_cut_to_length() -> None:
    many = [
        DeclaredCustomField((), "Document", f"AttributeA{i:03}", FieldType.TEXT) for i in range(100)
    ]
    parameters = custom_parameters(many, most_characters=300)
    assert len(parameters) > 5
    assert all(len(one) <= 300 for one in parameters)
    assert ",".join(parameters).split(",") == [one.address for one in many]


def test_a_field_longer_than_the_limit_is_asked_for_alone() -> None:
    long = DeclaredCustomField((), "Document", "Usr" + "X" * 50, FieldType.TEXT)
    short = DeclaredCustomField((), "Document", "UsrA", FieldType.TEXT)
    assert custom_parameters([short, long, short], most_characters=40) == [
        short.address,
        long.address,
    ]
    assert custom_parameters([]) == []


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"null"])
def test_what_is_no_schema_is_refused(body: bytes) -> None:
    with pytest.raises(ContractError, match="ad-hoc schema"):
        parse_ad_hoc_schema(body)
