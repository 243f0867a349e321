"""Parts of records are told by their paths, whatever tables and columns they become."""

import pytest

from acumatica_source.arrow.shape import shape_of
from acumatica_source.contract.model import DeclaredField, Entity, FieldType, Shape
from acumatica_source.reading.record_parts import (
    beside,
    columns_of,
    is_table_of,
    outermost,
    parts_in,
    without,
    written,
)

TEXT = FieldType.TEXT
CONTACT = Shape("Contact", (DeclaredField("Email", TEXT),))
LINE = Shape(
    "Line",
    (DeclaredField("Qty", TEXT), DeclaredField("UsrX", TEXT, custom="Lines.UsrX")),
    linked={"Contact": CONTACT},
    details={"Splits": Shape("Split", (DeclaredField("Lot", TEXT),))},
)
ENTITY = Entity(
    "Order",
    Shape(
        "Order",
        (DeclaredField("Email", TEXT), DeclaredField("UsrY", TEXT, custom="Document.UsrY")),
        linked={"Contact": CONTACT},
        details={"Lines": LINE},
    ),
)
TABLES = {table.name: table for table in shape_of(ENTITY).tables}


@pytest.mark.parametrize(
    ("part", "columns"),
    [
        ("Email", {"Order": ["Email"]}),
        ("Contact", {"Order": ["Contact__Email"]}),
        ("Document.UsrY", {"Order": ["custom__Document__UsrY"]}),
        ("Lines/Contact", {"Order__Lines": ["Contact__Email"]}),
        ("Lines/Lines.UsrX", {"Order__Lines": ["custom__Lines__UsrX"]}),
        ("Lines/Splits", {"Order__Lines__Splits": ["note", "Lot"]}),
    ],
)
def test_columns_of_a_part(part: str, columns: dict[str, list[str]]) -> None:
    found = {name: columns_of(table, [part]) for name, table in TABLES.items()}
    assert {name: own for name, own in found.items() if own} == columns


def test_tables_of_a_part() -> None:
    assert [name for name, table in TABLES.items() if is_table_of(table, "Lines")] == [
        "Order__Lines",
        "Order__Lines__Splits",
    ]
    assert not any(is_table_of(table, "Contact") for table in TABLES.values())


def test_parts_inside_others() -> None:
    every = ["Lines", "Lines/Splits", "LinesOfOthers", "Contact", "Lines/Lines.UsrX"]
    assert without(every, ["Lines"]) == ["LinesOfOthers", "Contact"]
    assert outermost(every) == ["Lines", "LinesOfOthers", "Contact"]
    assert parts_in(written(["Lines", "Contact"])) == ["Contact", "Lines"]


def test_columns_beside_others() -> None:
    columns = ["date", "date__text", "date__v_text", "date__other", "dates", "due__instant"]
    assert beside(columns, ["date"]) == ["date__text", "date__v_text"]
