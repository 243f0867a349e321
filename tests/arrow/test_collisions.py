import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

from acumatica_source.arrow.collisions import with_distinct_names
from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
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


def test_colliding_names_are_numbered() -> None:
    shape, notes = with_distinct_names(shape_of(COLLIDING), snake_case)
    assert [table.name for table in shape.tables] == ["Order", "Order__Lines", "Order__lines_2"]
    assert shape.tables[0].schema.names == [
        *("id", "note", "ID_2", "ABTest", "AbTest_2", "ab_test_2_2"),
        *("OrderNbr", "Select"),
    ]
    assert shape.tables[1].schema.names[3:] == ["LineNbr", "linenbr", "Line_Nbr_2"]
    assert len(notes) == 6
    for table in shape.tables:
        assert len(set(map(snake_case, table.schema.names))) == len(table.schema.names)


def test_codes_of_drop_downs_give_way() -> None:
    """Columns keep the names that they had before the contract's drop-downs had codes."""
    names = {"Status": "StringValue", "Status__ID": "StringValue", "Status__id": "StringValue"}
    document = contract_document({"Order": names}, ["Order"])
    before = shape_of(parse_contract(document).entities["Order"])
    options = {"type": "object", "properties": {"id": {"type": "string"}}}
    document["components"]["schemas"]["StringSingleSelectValue"] = {
        "type": "object",
        "properties": {"value": options, "error": {"type": "string"}},
    }
    order = contract_document({"Order": names | {"Status": "StringSingleSelectValue"}}, ["Order"])
    document["components"]["schemas"]["Order"] = order["components"]["schemas"]["Order"]
    after = shape_of(parse_contract(document).entities["Order"])
    assert with_distinct_names(before, snake_case)[0].tables[0].schema.names == [
        *("id", "note", "Status", "Status__ID", "Status__id_2"),
    ]
    assert with_distinct_names(after, snake_case)[0].tables[0].schema.names == [
        *("id", "note", "Status", "Status__id_2_2", "Status__ID", "Status__id_2"),
    ]


def test_pages_parse_under_the_new_names() -> None:
    shape, _ = with_distinct_names(shape_of(COLLIDING), snake_case)
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
    assert with_distinct_names(shape, snake_case) == (shape, ())


@pytest.mark.parametrize("version", ["23.200.001", "24.200.001"])
def test_real_contracts_have_no_collisions(version: str) -> None:
    for entity in parse_contract(real_contract(version)).entities.values():
        assert with_distinct_names(shape_of(entity, files=True), snake_case)[1] == ()
