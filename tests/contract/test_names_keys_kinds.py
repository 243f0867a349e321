import pytest

from acumatica_source.contract.edmx import Feed, Feeds
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.keys import keys_from, keys_of, line_key_of
from acumatica_source.contract.kinds import ListAnswer, kind_by_evidence, kind_of
from acumatica_source.contract.model import DeclaredField, Entity, EntityKind, FieldType, Key, Shape
from acumatica_source.contract.names import (
    find_collisions,
    is_stamp_in_text,
    type_of_moment,
    watermark_of,
)


def text_shape(*names: str, **details: Shape) -> Shape:
    return Shape("X", tuple(DeclaredField(name, FieldType.TEXT) for name in names), details=details)


@pytest.mark.parametrize(
    "name",
    [
        "LastModified",
        "LastModifiedDate",
        "LastModifiedDateTime",
        "LastModifiedDateofWarehouseQty",
        "CreatedDate",
        "CreatedDateTime",
        "StartTime",
        "Time",
        "ActualEndTime",
        "CompletedAt",
        "LastIncomingActivity",
        "ScheduledDateTimeBegin",
    ],
)
def test_names_of_instants(name: str) -> None:
    assert type_of_moment(name) is FieldType.INSTANT


@pytest.mark.parametrize(
    "name",
    [
        "Date",
        "DueDate",
        "EffectiveAsOf",
        "ExpiresOn",
        "ShipOn",
        "Requested",
        "PeriodEnd",
        "Overtime",
    ],
)
def test_names_of_business_dates_and_of_all_that_is_in_doubt(name: str) -> None:
    assert type_of_moment(name) is FieldType.DATE


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LastModifiedDate", True),
        ("LastModifiedDateTime", True),
        ("LastModifiedBy", False),
        ("CreatedByID", False),
        ("TimeZone", False),
        ("BillableTime", False),
    ],
)
def test_stamps_in_text(name: str, expected: bool) -> None:
    assert is_stamp_in_text(name) is expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["CreatedDateTime", "LastModified", "LastModifiedDateTime"], "LastModifiedDateTime"),
        (["LastModified", "LastModifiedDate"], "LastModified"),
        (["LASTMODIFIEDDATE"], "LASTMODIFIEDDATE"),
        (["CreatedDateTime", "ModifiedOn"], "ModifiedOn"),
        (["LastUpdatedUTC"], "LastUpdatedUTC"),
        (["LastModifiedDateofWarehouseQty"], None),
        (["CreatedDateTime"], None),
        ([], None),
    ],
)
def test_watermark(names: list[str], expected: str | None) -> None:
    assert watermark_of(DeclaredField(name, FieldType.INSTANT) for name in names) == expected


def test_a_stamp_in_text_is_no_watermark() -> None:
    assert (
        watermark_of([DeclaredField("LastModifiedDate", FieldType.INSTANT, string_stamp=True)])
        is None
    )


@pytest.mark.parametrize(
    ("entity", "fields", "expected"),
    [
        ("Bill", ["ReferenceNbr", "Type"], (Key("Type", dropdown=True), Key("ReferenceNbr"))),
        ("CashTransaction", ["Total"], ()),
        ("MyOrder", ["OrderNbr", "OrderType"], (Key("OrderType"), Key("OrderNbr"))),
        ("Asset", ["AssetID", "Description"], (Key("AssetID"),)),
        ("Thing", ["Description", "RefNbr"], (Key("RefNbr"),)),
        ("Thing", ["BranchCD", "Description"], (Key("BranchCD"),)),
        ("Thing", ["Description", "VendorID"], ()),
        ("Thing", [], ()),
    ],
    ids=[
        "known", "known but absent", "pair", "own name", "number", "first", "no guess", "no field"
    ],
)  # fmt: skip
def test_keys(entity: str, fields: list[str], expected: tuple[Key, ...]) -> None:
    assert keys_of(entity, text_shape(*fields)) == expected


@pytest.mark.parametrize(
    ("name", "shape", "actions", "expected"),
    [
        ("Vendor", text_shape("VendorID"), (), EntityKind.RECORD),
        ("StockInquiry", text_shape("SiteID", Rows=text_shape()), (), EntityKind.INQUIRY_FORM),
        ("TrialBalance", text_shape("Ledger", Results=text_shape()), (), EntityKind.INQUIRY_FORM),
        ("Statements", text_shape("Cycle", Lines=text_shape()), (), EntityKind.INQUIRY_FORM),
        (
            "ReleaseDocs",
            text_shape("Action", Result=text_shape()),
            ("ProcessAll",),
            EntityKind.PROCESSING_FORM,
        ),
        ("Asset", text_shape("AssetID", Lines=text_shape()), (), EntityKind.RECORD),
        ("ShipVia", text_shape("CarrierID", Packages=text_shape()), (), EntityKind.RECORD),
        ("X", text_shape("Site", "Description", Lines=text_shape()), (), EntityKind.RECORD),
        ("X", text_shape("Site", "OrderNbr", Lines=text_shape()), (), EntityKind.RECORD),
        ("X", text_shape(*"abcdefghijk", Lines=text_shape()), (), EntityKind.RECORD),
        ("X", text_shape(Lines=text_shape()), (), EntityKind.INQUIRY_FORM),
    ],
    ids=[
        *("flat", "named inquiry", "results", "parameters", "processing", "own key", "known"),
        *("described", "numbered", "many fields", "no field"),
    ],
)
def test_kinds(name: str, shape: Shape, actions: tuple[str, ...], expected: EntityKind) -> None:
    assert kind_of(name, shape, actions) is expected


def test_collisions_are_found_after_normalisation() -> None:
    names = ["ABTest", "AbTest", "Note", "note", "Other"]
    assert find_collisions(names, str.lower) == {
        "abtest": ("ABTest", "AbTest"),
        "note": ("Note", "note"),
    }
    assert find_collisions(["A", "A"], str.lower) == {}


PLAIN = {"Site": {"value": "W"}, "Qty": {"value": 1}}
FORM_SHAPE = text_shape("Site", Lines=text_shape())


@pytest.mark.parametrize(
    ("entity", "answer", "expected"),
    [
        (Entity("X", FORM_SHAPE), ListAnswer([{"id": "1", **PLAIN}]), EntityKind.RECORD),
        (Entity("X", FORM_SHAPE), ListAnswer([]), EntityKind.RECORD),
        (Entity("X", FORM_SHAPE), ListAnswer(refused=True), EntityKind.INQUIRY_FORM),
        (
            Entity("X", FORM_SHAPE, keys=(Key("Site"),)),
            ListAnswer(refused=True),
            EntityKind.RECORD,
        ),
        (Entity("X", text_shape("Site")), ListAnswer(refused=True), EntityKind.RECORD),
        (
            Entity("X", FORM_SHAPE, keys=(Key("Site"),)),
            ListAnswer([{"id": "1", "Site": {"value": "<NEW>"}, "Qty": {}}]),
            EntityKind.INQUIRY_FORM,
        ),
        (
            Entity("X", FORM_SHAPE, kind=EntityKind.INQUIRY_FORM),
            ListAnswer([{"id": "1", **PLAIN}, {"id": "2", **PLAIN}]),
            EntityKind.RECORD,
        ),
        (
            Entity("X", FORM_SHAPE, kind=EntityKind.INQUIRY_FORM),
            ListAnswer([{"id": "1", **PLAIN}]),
            EntityKind.INQUIRY_FORM,
        ),
        (
            Entity("X", FORM_SHAPE, kind=EntityKind.PROCESSING_FORM),
            ListAnswer(refused=True),
            EntityKind.PROCESSING_FORM,
        ),
    ],
    ids=[
        *("record", "empty", "refused", "refused with key", "refused without detail"),
        *("blank", "form that lists", "form with filter", "processing"),
    ],
)
def test_kinds_by_evidence(entity: Entity, answer: ListAnswer, expected: EntityKind) -> None:
    assert kind_by_evidence(entity, answer) is expected


BILL = Entity("Bill", text_shape("Nbr", "Type"), keys=(Key("Nbr"),))


def feeds(*keys: str) -> Feeds:
    fields = tuple(DeclaredField(key, FieldType.TEXT) for key in keys)
    return Feeds({"Bill": Feed("Bill", fields, keys=keys)})


@pytest.mark.parametrize(
    ("hint", "dacs", "expected"),
    [
        (None, None, (Key("Nbr"),)),
        (("Type", "Nbr"), feeds("Nbr"), (Key("Type", dropdown=True), Key("Nbr"))),
        (None, feeds("Type", "Nbr"), (Key("Type", dropdown=True), Key("Nbr"))),
        (None, feeds("Nbr", "Type"), (Key("Type", dropdown=True), Key("Nbr"))),
        (None, feeds("DocType", "RefNbr"), (Key("Nbr"),)),
        (None, feeds(), (Key("Nbr"),)),
    ],
    ids=["contract", "hint", "DAC", "DAC by name", "DAC of other names", "DAC without keys"],
)
def test_the_best_source_of_keys(
    hint: tuple[str, ...] | None, dacs: Feeds | None, expected: tuple[Key, ...]
) -> None:
    assert keys_from(BILL, hint, dacs) == expected


def test_a_hint_must_name_fields() -> None:
    with pytest.raises(ContractError, match="Bill has no field 'Number' to be a key: Nbr, Type"):
        keys_from(BILL, ["Number"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"LineNbr": FieldType.INTEGER, "OrderLineNbr": FieldType.INTEGER}, "LineNbr"),
        ({"LineNbr": FieldType.INTEGER, "SplitLineNbr": FieldType.INTEGER}, "SplitLineNbr"),
        ({"LineNbr": FieldType.TEXT}, None),
        ({}, None),
    ],
)
def test_line_keys(fields: dict[str, FieldType], expected: str | None) -> None:
    shape = Shape("X", tuple(DeclaredField(name, kind) for name, kind in fields.items()))
    assert line_key_of(shape) == expected
