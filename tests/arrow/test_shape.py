import pyarrow as pa
import pytest

from acumatica_source.arrow.shape import odata_shape, shape_of
from acumatica_source.contract.model import DeclaredField, Entity, FieldType, Shape
from acumatica_source.contract.openapi import parse_contract
from tests.arrow.pages import ORDER, STOCK
from tests.contract.documents import real_contract

TEXT, STAMP = pa.string(), pa.timestamp("us", "UTC")


def test_columns_of_the_top_level() -> None:
    top = shape_of(ORDER, expand=("Contact", "Contact/Address")).tables[0]
    assert top.name == "Order"
    assert top.schema == pa.schema(
        [
            pa.field("id", TEXT, nullable=False),
            ("note", TEXT),
            ("OrderNbr", TEXT),
            ("Description", TEXT),
            ("Total", pa.decimal128(38, 10)),
            ("Hold", pa.bool_()),
            ("Count", pa.int64()),
            ("NoteID", TEXT),
            ("Date", pa.date32()),
            ("StartTime", STAMP),
            ("LastModifiedDateTime", STAMP),
            ("Contact__Email", TEXT),
            ("Contact__Address__City", TEXT),
        ]
    )


def test_children_are_placed_by_their_record_and_positions() -> None:
    tables = {table.name: table for table in shape_of(ORDER).tables}
    assert list(tables) == [
        "Order",
        "Order__Contact__Phones",
        "Order__Details",
        "Order__Details__Allocations",
        "Order__Details__Allocations__Serials",
    ]
    assert tables["Order__Contact__Phones"].schema.names[:2] == ["_parent_id", "_position"]
    assert tables["Order__Details"].schema.names == [
        "_parent_id",
        "_position",
        "note",
        "LineNbr",
        "Amount",
        "LastModifiedDate",
    ]
    serials = tables["Order__Details__Allocations__Serials"].schema
    placing = ["_parent_id", "_Details_position", "_Allocations_position", "_position"]
    assert serials.names == [*placing, "note", "SerialNbr"]
    assert [f.name for f in serials if not f.nullable] == placing
    assert serials.field("_parent_id").type == TEXT
    assert serials.field("_position").type == pa.int64()


@pytest.mark.parametrize(
    ("expand", "names"),
    [
        ((), ["Order"]),
        (("Details",), ["Order", "Order__Details"]),
        (("Details/Allocations",), ["Order", "Order__Details", "Order__Details__Allocations"]),
        (("Contact",), ["Order"]),
        (("files",), ["Order", "Order__files"]),
        (("Details/files",), ["Order", "Order__Details", "Order__Details__files"]),
    ],
    ids=["nothing", "detail", "implied", "linked", "files", "files of lines"],
)
def test_only_what_is_expanded_has_a_table(expand: tuple[str, ...], names: list[str]) -> None:
    assert [table.name for table in shape_of(ORDER, expand=expand).tables] == names


def test_selected_fields_only() -> None:
    shape = shape_of(
        ORDER, expand=("Details", "Contact"), select=("Total", "Details/LineNbr")
    )  # Contact is expanded without a field of it being named: it is held whole
    assert shape.tables[0].schema.names == ["id", "note", "Total", "Contact__Email"]
    assert shape.tables[1].schema.names == ["_parent_id", "_position", "note", "LineNbr"]


def test_forms_have_no_identity() -> None:
    form, rows, lots = shape_of(STOCK).tables
    assert form.schema.names == ["note", "Site"]
    assert rows.schema.names == ["_position", "note", "Qty"]
    assert lots.schema.names == ["_Results_position", "_position", "note", "LotNbr"]


def test_custom_fields_are_named_by_their_address() -> None:
    custom = DeclaredField("AttributeCOLOR", FieldType.TEXT, custom="Document.AttributeCOLOR")
    entity = Entity("Order", Shape("Order", (DeclaredField("Nbr", FieldType.TEXT), custom)))
    names = shape_of(entity).tables[0].schema.names
    assert names == ["id", "note", "Nbr", "custom__Document__AttributeCOLOR"]


def test_of_two_columns_of_one_name_the_later_is_numbered() -> None:
    linked = Shape("C", (DeclaredField("Email", FieldType.TEXT),))
    lines = Shape(
        "L",
        (
            DeclaredField("_parent_id", FieldType.TEXT),
            DeclaredField("_position", FieldType.INTEGER),
        ),
    )
    shape = Shape(
        "Order",
        (DeclaredField("Contact__Email", FieldType.TEXT),),
        linked={"Contact": linked},
        details={"Lines": lines},
    )
    order, line = shape_of(Entity("Order", shape)).tables
    assert order.schema.names == ["id", "note", "Contact__Email", "Contact__Email_2"]
    assert order.columns[-1].path == ("Contact", "Email")
    assert line.schema.names == ["_parent_id", "_position", "note", "_parent_id_2", "_position_2"]


def test_decimals_may_be_finer() -> None:
    assert shape_of(ORDER, decimals=18).tables[0].schema.field("Total").type.scale == 18


def test_feeds_are_flat() -> None:
    shape = odata_shape(
        "Feed", [DeclaredField("Nbr", FieldType.TEXT), DeclaredField("Qty", FieldType.DECIMAL)]
    )
    assert [(t.name, t.schema.names) for t in shape.tables] == [("Feed", ["Nbr", "Qty"])]


def test_every_real_entity_has_a_shape() -> None:
    for version in ("23.200.001", "24.200.001"):
        for entity in parse_contract(real_contract(version)).entities.values():
            assert shape_of(entity).tables[0].name == entity.name
