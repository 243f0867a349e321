from typing import Any

import pytest

from acumatica_source.client import CustomField, F, QueryOptions
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.query import Dialect


def test_only_what_is_set_is_sent() -> None:
    assert QueryOptions().to_params() == {}
    assert QueryOptions(filter="", expand=[], select=[]).to_params() == {}


def test_every_parameter() -> None:
    options = QueryOptions(
        filter=F.Status == "Active",
        expand=["Details", "MainContact/Address"],
        select=["OrderNbr", "Details/InventoryID"],
        top=10,
        skip=0,
        custom=[
            CustomField.attribute("Document", "COLOR"),
            CustomField.field("Transactions", "UsrX", "Details"),
            CustomField.field("ItemSettings", "UsrY", "Lines"),
        ],
    )
    assert options.to_params() == {
        "$filter": "(Status eq 'Active')",
        "$select": "OrderNbr,Details/InventoryID",
        "$top": "10",
        "$skip": "0",
        "$custom": "Document.AttributeCOLOR,Details/Transactions.UsrX,Lines/ItemSettings.UsrY",
        "$expand": "Details,MainContact/Address,Lines",
    }


def test_text_filters_are_sent_as_they_are() -> None:
    assert QueryOptions(filter="A eq 1").to_params() == {"$filter": "A eq 1"}


def test_filters_are_rendered_for_the_interface() -> None:
    options = QueryOptions(filter=F.A.contains("x"))
    assert options.to_params(Dialect.ODATA4) == {"$filter": "contains(A,'x')"}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"top": 0}, id="top-zero"),
        pytest.param({"top": True}, id="top-bool"),
        pytest.param({"top": "10"}, id="top-text"),
        pytest.param({"skip": -1}, id="skip-negative"),
        pytest.param({"select": "CustomerID"}, id="select-text"),
        pytest.param({"select": ["A&$top=1"]}, id="select-injection"),
        pytest.param({"select": [""]}, id="select-empty"),
        pytest.param({"expand": [1]}, id="expand-number"),
        pytest.param({"filter": 1}, id="filter-number"),
        pytest.param({"filter": F.Status}, id="filter-field"),
        pytest.param({"custom": "Document.AttributeX"}, id="custom-text"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        QueryOptions(**arguments)


def test_custom_fields_refuse_names_that_could_be_more() -> None:
    with pytest.raises(ConfigurationError):
        CustomField.field("Document", "UsrX,Usr")
