import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

from acumatica_source.arrow.collisions import told_apart
from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
from acumatica_source.arrow.widen import widened
from acumatica_source.contract.custom_fields import CustomField, with_custom_fields
from acumatica_source.contract.model import Entity, FieldType, Shape
from acumatica_source.contract.openapi import parse_contract
from tests.arrow.pages import ORDER, page, record, row
from tests.contract.documents import contract_document, real_contract

snake_case = NamingConvention().normalize_path

COLLIDING = parse_contract(
    contract_document(
        {
            "Order": {
                "ID": "StringValue",
                "ABTest": "StringValue",
                "AbTest": "IntValue",
                "ab_test_2": "BooleanValue",
                "OrderNbr": "StringValue",
                "Select": "StringValue",
                "Lines": ["Line"],
                "lines": ["Line"],
            },
            "Line": {"LineNbr": "IntValue", "linenbr": "IntValue", "Line_Nbr": "IntValue"},
        },
        ["Order"],
    )
).entities["Order"]


def test_colliding_names_are_told_apart() -> None:
    shape, notes = told_apart(shape_of(COLLIDING), snake_case)
    assert [table.name for table in shape.tables] == ["Order", "Order__Lines", "Order__lines_2"]
    assert shape.tables[0].schema.names == [
        *("id", "note", "ID_2", "ABTest", "AbTest_2", "ab_test_2_2"),
        *("OrderNbr", "Select"),
    ]
    assert shape.tables[1].schema.names[3:] == ["LineNbr", "linenbr", "Line_Nbr_2"]
    assert len(notes) == 6
    for table in shape.tables:
        assert len(set(map(snake_case, table.schema.names))) == len(table.schema.names)


def test_pages_parse_under_the_new_names() -> None:
    shape, _ = told_apart(shape_of(COLLIDING), snake_case)
    answer = parse_page(
        page(
            record("r", ID="x", ABTest="one", AbTest=2, lines=[row(LineNbr=1, Line_Nbr=3)]),
        ),
        shape,
    )
    top = answer.tables["Order"].to_pylist()[0]
    assert (top["id"], top["ID_2"], top["ABTest"], top["AbTest_2"]) == ("r", "x", "one", 2)
    assert answer.tables["Order__Lines"].num_rows == 0
    line = answer.tables["Order__lines_2"].to_pylist()[0]
    assert (line["_parent_id"], line["LineNbr"], line["Line_Nbr_2"]) == ("r", 1, 3)


def test_without_collisions_nothing_changes() -> None:
    shape = shape_of(ORDER)
    assert told_apart(shape, snake_case) == (shape, ())


@pytest.mark.parametrize("version", ["23.200.001", "24.200.001"])
def test_real_contracts_have_no_collisions(version: str) -> None:
    for entity in parse_contract(real_contract(version)).entities.values():
        assert told_apart(shape_of(entity, files=True), snake_case)[1] == ()


CUSTOM = (
    CustomField((), "Document", "UsrColor", FieldType.TEXT),
    CustomField(("Details",), "Transactions", "UsrRank", FieldType.INTEGER),
)
BARE = Entity("Order", Shape("Order", (), details={"Details": Shape("OrderDetail", ())}))


def test_custom_fields_of_another_request_join_their_rows() -> None:
    colors = shape_of(with_custom_fields(BARE, CUSTOM))
    main = parse_page(
        page(
            record("a", Total=1, Details=[row(LineNbr=1), row(LineNbr=2)]),
            record("b", Total=2, Details=[row(LineNbr=1)]),
            record("gone", Total=3),
        ),
        shape_of(ORDER, expand=("Details",)),
    )

    def rank(number: int) -> dict[str, object]:
        return {
            "custom": {"Transactions": {"UsrRank": {"type": "CustomIntField", "value": number}}}
        }

    red = {"Document": {"UsrColor": {"type": "CustomStringField", "value": "red"}}}
    more = parse_page(
        page(
            {"id": "new", "custom": red, "Details": [rank(9)]},
            {"id": "b", "custom": {}, "Details": [rank(3)]},
            {"id": "a", "custom": red, "Details": [rank(1), rank(2)]},
        ),
        colors,
    )
    both = widened(main, more)
    assert both.rows == 3
    assert both.tables["Order"].select(
        ["id", "Total", "custom__Document__UsrColor"]
    ).to_pylist() == [
        {"id": "a", "Total": 1, "custom__Document__UsrColor": "red"},
        {"id": "b", "Total": 2, "custom__Document__UsrColor": None},
        {"id": "gone", "Total": 3, "custom__Document__UsrColor": None},
    ]
    assert both.tables["Order__Details"].column("LineNbr").to_pylist() == [1, 2, 1]
    ranks = both.tables["Order__Details"].column("custom__Transactions__UsrRank")
    assert ranks.to_pylist() == [1, 2, 3]


def test_a_page_of_nothing_stays_one_of_nothing() -> None:
    main = parse_page(b"[]", shape_of(ORDER, expand=("Details",)))
    more = parse_page(b"[]", shape_of(with_custom_fields(BARE, CUSTOM)))
    both = widened(main, more)
    assert both.tables["Order"].num_rows == 0
    assert "custom__Document__UsrColor" in both.tables["Order"].column_names
