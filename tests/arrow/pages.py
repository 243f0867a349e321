"""Entities and pages for tests of the parser."""

from typing import Any

import orjson

from acumatica_source.contract.model import Entity
from acumatica_source.contract.openapi import parse_contract
from tests.contract.documents import contract_document

SCHEMAS: dict[str, Any] = {
    "Order": {
        "OrderNbr": "StringValue",
        "Description": "StringValue",
        "Total": "DecimalValue",
        "Hold": "BooleanValue",
        "Count": "LongValue",
        "NoteID": "GuidValue",
        "Date": "DateTimeValue",
        "StartTime": "DateTimeValue",
        "LastModifiedDateTime": "DateTimeValue",
        "Contact": "Contact",
        "Details": ["OrderDetail"],
    },
    "Contact": {"Email": "StringValue", "Address": "Address", "Phones": ["Phone"]},
    "Address": {"City": "StringValue"},
    "Phone": {"Number": "StringValue"},
    "OrderDetail": {
        "LineNbr": "IntValue",
        "Amount": "DecimalValue",
        "LastModifiedDate": "StringValue",
        "Allocations": ["Allocation"],
    },
    "Allocation": {"Qty": "DecimalValue", "Serials": ["Serial"]},
    "Serial": {"SerialNbr": "StringValue"},
    "StockInquiry": {"Site": "StringValue", "Results": ["StockRow"]},
    "StockRow": {"Qty": "DecimalValue", "Lots": ["Lot"]},
    "Lot": {"LotNbr": "StringValue"},
}

_CONTRACT = parse_contract(contract_document(SCHEMAS, ["Order", "StockInquiry"]))
ORDER: Entity = _CONTRACT.entities["Order"]
STOCK: Entity = _CONTRACT.entities["StockInquiry"]


def page(*records: Any) -> bytes:
    """The answer that lists these records."""
    return orjson.dumps(list(records))


def record(record_id: str = "a", /, **properties: Any) -> dict[str, Any]:
    """One record on the wire: scalars get their wrapper, lists and dicts stay."""
    return {"id": record_id, "rowNumber": 1, "note": {"value": ""}, **wrapped(properties)}


def row(**properties: Any) -> dict[str, Any]:
    """One line on the wire, its `id` being of the session alone."""
    return {"id": "session", "rowNumber": 1, "note": None, **wrapped(properties)}


def wrapped(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, list | dict) else {"value": value}
        for name, value in properties.items()
    }
