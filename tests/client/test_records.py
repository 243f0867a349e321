from typing import Any

import pytest

from acumatica_source.client import InquiryBuilder, RecordBuilder
from acumatica_source.client.errors import ConfigurationError


def test_a_record_with_everything() -> None:
    order = (
        RecordBuilder()
        .field("OrderType", "SO")
        .system("note", "hello")
        .custom("Document", "AttributeCOLOR", value="RED")
        .custom("Document", "UsrDate", value=None, type_="CustomDateTimeField")
        .link("ShipToContact")
        .field("Email", "a@b.c")
        .up()
        .add_detail("Details")
        .field("InventoryID", "A")
        .up()
        .add_detail("Details")
        .field("InventoryID", "B")
        .link("Allocations")
        .field("Qty", 1)
    )
    expected: dict[str, Any] = {
        "OrderType": {"value": "SO"},
        "note": "hello",
        "custom": {
            "Document": {
                "AttributeCOLOR": {"type": "CustomStringField", "value": "RED"},
                "UsrDate": {"type": "CustomDateTimeField", "value": None},
            }
        },
        "ShipToContact": {"Email": {"value": "a@b.c"}},
        "Details": [
            {"InventoryID": {"value": "A"}},
            {"InventoryID": {"value": "B"}, "Allocations": {"Qty": {"value": 1}}},
        ],
    }
    assert order.build() == expected
    assert order.root().build() == expected
    assert order["Qty"] == {"value": 1}
    assert order.root()["OrderType"] == {"value": "SO"}


def test_a_built_record_is_a_copy() -> None:
    builder = RecordBuilder.for_contact().field("Email", "a")
    built = builder.build()
    builder.field("Email", "b")
    assert built == {"Email": {"value": "a"}}


@pytest.mark.parametrize(
    "step",
    [
        lambda b: b.field("", 1),
        lambda b: b.field("A B", 1),
        lambda b: b.up(),
        lambda b: b.field("Details", 1).add_detail("Details"),
        lambda b: b.custom("View", "Field", value=1, type_="String"),
        lambda b: b.link("A/B"),
    ],
)
def test_wrong_steps_are_refused(step: Any) -> None:
    with pytest.raises(ConfigurationError):
        step(RecordBuilder())


def test_an_inquiry() -> None:
    inquiry = InquiryBuilder().param("Period", "012024").expand("Results", "A/B").expand("Results")
    assert inquiry.to_body() == inquiry.build() == {"Period": {"value": "012024"}}
    assert inquiry.to_query_params() == {"$expand": "Results,A/B"}
    assert InquiryBuilder().to_query_params() == {}
