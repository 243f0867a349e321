from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest

from acumatica_source.arrow import parse
from acumatica_source.arrow.errors import PageError, ValueOutOfRange
from acumatica_source.arrow.parse import ParsedPage, parse_odata_page, parse_page
from acumatica_source.arrow.shape import odata_shape, shape_of
from acumatica_source.contract.model import DeclaredField, Entity, FieldType, Shape
from tests.arrow.pages import ORDER, STOCK, page, record, row

SHAPE = shape_of(ORDER)


def parsed(*records: Any) -> ParsedPage:
    return parse_page(page(*records), SHAPE)


def value(wire: bytes, field: str) -> Any:
    """What a field of one record becomes, the value being written as given."""
    body = b'[{"id":"a","%s":{"value":%s}}]' % (field.encode(), wire)
    return parse_page(body, SHAPE).tables["Order"].column(field)[0].as_py()


def rows(answer: ParsedPage, table: str, *columns: str) -> list[Mapping[str, Any]]:
    wanted = answer.tables[table]
    return list((wanted.select(list(columns)) if columns else wanted).to_pylist())


def test_a_record_and_its_lines() -> None:
    answer = parsed(
        record(
            "a",
            OrderNbr="000001",
            Total=12.5,
            Hold=True,
            Count=3,
            NoteID="a0f8594a-7de2-e811-b816-00155d408001",
            Date="2025-01-17T00:00:00+00:00",
            LastModifiedDateTime="2024-12-18T17:07:45.433+00:00",
            Contact={"Email": {"value": "a@b.c"}, "Address": {"City": {"value": "Oslo"}}},
            Details=[
                row(LineNbr=1, Allocations=[row(Qty=1, Serials=[row(SerialNbr="s")])]),
                row(LineNbr=2, Allocations=[row(Qty=2), row(Qty=3)]),
            ],
        ),
        record(
            "b", Details=[row(LineNbr=1, Allocations=[row(Qty=4, Serials=[row(SerialNbr="t")])])]
        ),
    )
    assert answer.rows == 2
    assert answer.notes == ()
    assert {name: table.schema for name, table in answer.tables.items()} == {
        table.name: table.schema for table in SHAPE.tables
    }
    first = rows(answer, "Order")[0]
    assert first == {
        "id": "a",
        "note": "",
        "OrderNbr": "000001",
        "Description": None,
        "Total": Decimal("12.5"),
        "Hold": True,
        "Count": 3,
        "NoteID": "a0f8594a-7de2-e811-b816-00155d408001",
        "Date": date(2025, 1, 17),
        "StartTime": None,
        "LastModifiedDateTime": datetime(2024, 12, 18, 17, 7, 45, 433000, UTC),
        "Contact__Email": "a@b.c",
        "Contact__Address__City": "Oslo",
    }
    assert [
        tuple(r.values())
        for r in rows(answer, "Order__Details", "_parent_id", "_position", "LineNbr")
    ] == [
        ("a", 0, 1),
        ("a", 1, 2),
        ("b", 0, 1),
    ]
    allocations = rows(answer, "Order__Details__Allocations")
    assert [tuple(r.values()) for r in allocations] == [
        ("a", 0, 0, None, 1),
        ("a", 1, 0, None, 2),
        ("a", 1, 1, None, 3),
        ("b", 0, 0, None, 4),
    ]
    serials = rows(answer, "Order__Details__Allocations__Serials")
    assert [tuple(r.values()) for r in serials] == [
        ("a", 0, 0, 0, None, "s"),
        ("b", 0, 0, 0, None, "t"),
    ]
    assert rows(answer, "Order__Contact__Phones") == []


def test_a_parsed_page_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        parsed().rows = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    "body", [b"[]", b" [ ] ", b"\xef\xbb\xbf[]"], ids=["bare", "spaces", "bom"]
)
def test_an_empty_page_has_all_tables(body: bytes) -> None:
    answer = parse_page(body, SHAPE)
    assert answer.rows == 0
    assert [(n, t.num_rows, t.schema) for n, t in answer.tables.items()] == [
        (table.name, 0, table.schema) for table in SHAPE.tables
    ]


def test_a_single_record_is_a_page_of_one() -> None:
    assert parse_page(orjson.dumps(record("x")), SHAPE).tables["Order"].column(
        "id"
    ).to_pylist() == ["x"]


@pytest.mark.parametrize(
    "nothing",
    [
        b"",
        b'"Description":{}',
        b'"Description":{"value":null}',
        b'"Description":null',
        b'"Description":{"error":"x"}',
    ],
    ids=["absent", "empty", "null value", "null", "error alone"],
)
def test_nothing_is_null(nothing: bytes) -> None:
    body = b'[{"id":"a"%s}]' % (b"," + nothing if nothing else b"")
    assert rows(parse_page(body, SHAPE), "Order", "Description") == [{"Description": None}]


@pytest.mark.parametrize(
    ("note", "expected"),
    [(None, None), ({}, None), ({"value": ""}, ""), ({"value": "hi"}, "hi"), ("plain", "plain")],
    ids=["null", "empty", "blank", "text", "unwrapped"],
)
def test_notes(note: Any, expected: str | None) -> None:
    assert rows(parsed({"id": "a", "note": note}), "Order", "note") == [{"note": expected}]


@pytest.mark.parametrize(
    "nested",
    [{}, {"Details": None, "Contact": None}, {"Details": [], "Contact": {}}],
    ids=["absent", "null", "empty"],
)
def test_linked_entities_and_details_may_be_missing(nested: dict[str, Any]) -> None:
    answer = parsed({"id": "a", **nested}, record("b", Details=[row(LineNbr=1)]))
    assert rows(answer, "Order", "Contact__Email") == [{"Contact__Email": None}] * 2
    assert rows(answer, "Order__Details", "_parent_id", "_position") == [
        {"_parent_id": "b", "_position": 0}
    ]


def test_unknown_properties_are_passed_over() -> None:
    extra = {
        "Unknown": {"value": [1, {"a": 2}]},
        "custom": {"V": {"F": {"type": "X", "value": 1}}},
        "_links": {},
    }
    body = page({"id": "a", "OrderNbr": {"value": "1", "error": "Bad.", "more": {}}, **extra})
    assert rows(parse_page(body, SHAPE), "Order", "OrderNbr") == [{"OrderNbr": "1"}]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("100.0", "100"),
        ("123456789012345.6789", "123456789012345.6789"),
        ("1.5E3", "1500"),
        ("1e-10", "0.0000000001"),
        ("-0.1234567891", "-0.1234567891"),
        ('"12.34"', "12.34"),
        ('" 12.34 "', "12.34"),
        ("9999999999999999999999999999", "9999999999999999999999999999"),
        ("1.000000000000000", "1"),
        ("1." + "0" * 60, "1"),
        ('"1.5' + "0" * 60 + '"', "1.5"),
        ("0." + "0" * 90, "0"),
        ("0e-99", "0"),
        ("0e9999999999999999999999", "0"),
        ("9007199254740993", "9007199254740993"),
        ('"1,234"', None),
        ('""', None),
        ("true", None),
        ("NaN", None),
    ],
)  # fmt: skip
def test_decimals_are_exact(wire: str, expected: str | None) -> None:
    assert value(wire.encode(), "Total") == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    "wire",
    [
        *("0.12345678901", "1" + "0" * 28, "9" * 30, "-" + "9" * 38),
        *("1e400", '"' + "9" * 60 + '"', "1e-11", '"1e9999999999999999999999"'),
    ],
    ids=["too fine", "29 digits", "30 digits", "38 digits", "exponent", "in quotes", "tiny", "far"],
)  # fmt: skip
def test_a_decimal_that_does_not_fit_is_an_error_that_names_its_place(wire: str) -> None:
    body = b'[{"id":"r1","Details":[{},{"Amount":{"value":%s}}]}]' % wire.encode()
    with pytest.raises(
        ValueOutOfRange, match=r"Order\.Details\.Amount of record r1 is -?[\d.Ee+-]+,"
    ):
        parse_page(body, SHAPE)


def test_more_decimals_on_request() -> None:
    body = b'[{"id":"a","Total":{"value":0.3333333333333333333333333333}}]'
    shape = shape_of(ORDER, decimals=28)
    total = parse_page(body, shape).tables["Order"].column("Total")[0].as_py()
    assert total == Decimal("0.3333333333333333333333333333")


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("9007199254740993", 2**53 + 1),
        ("-9223372036854775808", -(2**63)),
        ("5.0", 5),
        ("5e2", 500),
        ('"7"', 7),
        ("5.5", None),
        ('"five"', None),
    ],
)  # fmt: skip
def test_integers(wire: str, expected: int | None) -> None:
    assert value(wire.encode(), "Count") == expected


def test_an_integer_beyond_64_bits_is_an_error() -> None:
    with pytest.raises(ValueOutOfRange, match=r"Order\.Count of record a is 9223372036854775808"):
        value(b"9223372036854775808", "Count")


@pytest.mark.parametrize(
    ("wire", "expected"),
    [("true", True), ('"True"', True), ('"false"', False), ("1", None), ('"x"', None)],
)
def test_booleans(wire: str, expected: bool | None) -> None:
    assert value(wire.encode(), "Hold") is expected


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (r'"\u00e9 \ud83d\ude00 \"\/\n"', 'é 😀 "/\n'),
        ('"漢字 ☃"', "漢字 ☃"),
        ('"  padded  "', "  padded  "),
        ('""', ""),
        ("12.50", "12.50"),
        ("true", "true"),
        (r'"\ud800x"', "\ufffdx"),
    ],
    ids=["escapes", "unicode", "spaces", "empty", "number", "boolean", "broken"],
)
def test_text_is_verbatim(wire: str, expected: str) -> None:
    assert value(wire.encode(), "Description") == expected


def test_bytes_that_are_no_characters_are_replaced_and_told() -> None:
    answer = parse_page(b'[{"id":"a","Description":{"value":"\xff!"}}]', SHAPE)
    assert rows(answer, "Order", "Description") == [{"Description": "\ufffd!"}]
    assert any("broken characters" in note for note in answer.notes)


def test_what_was_replaced_is_told_once_of_a_refused_page() -> None:
    body = b'[{"id":"a","Description":{"value":"\xff"},"Count":{"value":5.5}}]'
    notes = parse_page(body, SHAPE).notes
    assert [note for note in notes if "broken characters" in note] == [
        "Order has broken characters: each is replaced by U+FFFD."
    ]
    assert len(notes) == 2


def test_padding_of_key_fields_is_cut() -> None:
    assert rows(parsed(record(OrderNbr="000001   ")), "Order", "OrderNbr") == [
        {"OrderNbr": "000001"}
    ]


NOON = datetime(2024, 12, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-18T12:00:00+00:00", NOON),
        ("2024-12-18T12:00:00Z", NOON),
        ("2024-12-18T12:00:00", NOON),
        ("2024-12-18T17:30:00+05:30", NOON),
        ("2024-12-18T04:00:00-08:00", NOON),
        ("2024-12-18T12:00:00.1+00:00", NOON + timedelta(microseconds=100000)),
        ("2024-12-18T12:00:00.12+00:00", NOON + timedelta(microseconds=120000)),
        ("2024-12-18T12:00:00.123+00:00", NOON + timedelta(microseconds=123000)),
        ("2024-12-18T12:00:00.1234+00:00", NOON + timedelta(microseconds=123400)),
        ("2024-12-18T12:00:00.12345+00:00", NOON + timedelta(microseconds=123450)),
        ("2024-12-18T12:00:00.123456+00:00", NOON + timedelta(microseconds=123456)),
        ("2024-12-18T12:00:00.1234560Z", NOON + timedelta(microseconds=123456)),
        ("9999-12-31T23:59:59.999999+00:00", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ("0001-01-01T00:00:00+00:00", None),
        ("0001-01-01T00:00:00+03:00", None),
        ("1900-01-01T00:00:00+00:00", None),
        ("", None),
    ],
)  # fmt: skip
def test_instants(text: str, expected: datetime | None) -> None:
    assert value(orjson.dumps(text), "LastModifiedDateTime") == expected


def test_digits_finer_than_microseconds_are_kept_as_text() -> None:
    answer = parsed(record(LastModifiedDateTime="2024-12-18T12:00:00.1234567Z"))
    assert rows(answer, "Order", "LastModifiedDateTime", "LastModifiedDateTime__text") == [
        {
            "LastModifiedDateTime": NOON + timedelta(microseconds=123456),
            "LastModifiedDateTime__text": "2024-12-18T12:00:00.1234567Z",
        }
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-17T00:00:00+00:00", date(2025, 1, 17)),
        ("2025-01-17T00:00:00+13:00", date(2025, 1, 17)),
        ("2025-01-17T00:00:00.000-11:00", date(2025, 1, 17)),
        ("2025-01-17T00:00:00", date(2025, 1, 17)),
        ("2025-01-17", date(2025, 1, 17)),
        ("0001-01-01T00:00:00+00:00", None),
        ("1900-01-01T00:00:00+00:00", None),
        ("9999-12-31T00:00:00+00:00", date(9999, 12, 31)),
    ],
)
def test_business_dates_are_never_shifted(text: str, expected: date | None) -> None:
    answer = parsed(record(Date=text), record("b", Date=None))
    assert rows(answer, "Order", "Date") == [{"Date": expected}, {"Date": None}]
    assert answer.notes == ()


def test_a_date_with_a_time_of_day_loses_nothing() -> None:
    answer = parsed(
        record("a", Date="2025-01-17T22:30:00.5+02:00"), record("b", Date="2025-01-18T00:00:00Z")
    )
    assert rows(answer, "Order", "Date", "Date__instant") == [
        {"Date": date(2025, 1, 17), "Date__instant": datetime(2025, 1, 17, 20, 30, 0, 500000, UTC)},
        {"Date": date(2025, 1, 18), "Date__instant": None},
    ]
    assert answer.notes == (
        "Order.Date was taken for a date, but has times of day: they are in Date__instant.",
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1900-01-01T00:00:00+00:00", False),
        ("1900-01-01T00:00:00-05:00", False),
        ("1900-01-01T00:00:00+11:00", False),
        ("1900-01-01T00:00:00+05:45", False),
        ("1900-01-01T00:00:00.000+14:00", False),
        ("1900-01-01T11:00:00+00:00", False),
        ("1899-12-31T13:00:00Z", False),
        ("1900-01-01T11:01:00+00:00", True),
        ("1900-01-01T00:00:00.001+00:00", True),
        ("1900-01-01T14:15:00+00:00", True),
        ("1899-12-31T09:45:00+00:00", True),
        ("1900-01-02T00:00:00+14:00", False),
        ("1900-01-02T00:00:00+00:00", True),
    ],
)
def test_a_placeholder_is_one_with_whatever_offset(text: str, kept: bool) -> None:
    """Instants of no date come as midnight of some zone, the offset written or taken off."""
    fast = parsed(record("a", LastModifiedDateTime=text))
    tolerant = parsed(record("a", LastModifiedDateTime=text), record("b", Total="no number"))
    for answer in (fast, tolerant):
        first = rows(answer, "Order", "LastModifiedDateTime")[0]["LastModifiedDateTime"]
        assert (first == datetime.fromisoformat(text)) is kept
        assert (first is None) is not kept


def test_placeholders_stay_on_request() -> None:
    body = page(record(Date="1900-01-01T00:00:00Z", LastModifiedDateTime="0001-01-01T00:00:00Z"))
    kept = rows(parse_page(body, shape_of(ORDER, keep_placeholders=True)), "Order")[0]
    assert (kept["Date"], kept["LastModifiedDateTime"]) == (
        date(1900, 1, 1),
        datetime(1, 1, 1, tzinfo=UTC),
    )


def test_the_filler_date_of_a_time_of_day_is_no_placeholder() -> None:
    midnight = rows(parsed(record(StartTime="1900-01-01T00:00:00Z")), "Order")[0]["StartTime"]
    assert midnight == datetime(1900, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("07/04/2026 00:09:02", datetime(2026, 7, 4, 0, 9, 2, tzinfo=UTC)),
        ("7/4/2026 1:09:02 PM", datetime(2026, 7, 4, 13, 9, 2, tzinfo=UTC)),
        ("12/31/2026 12:00:00 AM", datetime(2026, 12, 31, tzinfo=UTC)),
        ("2026-07-04T00:09:02+02:00", datetime(2026, 7, 3, 22, 9, 2, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_stamps_in_text(text: str | None, expected: datetime | None) -> None:
    answer = parsed(record(Details=[row(LastModifiedDate=text)]))
    assert rows(answer, "Order__Details", "LastModifiedDate") == [{"LastModifiedDate": expected}]
    assert answer.notes == ()


@pytest.mark.parametrize("text", ["31/12/2026 00:00:00", "02/30/2026 00:00:00", "yesterday"])
def test_a_stamp_that_cannot_be_read_is_kept_as_text(text: str) -> None:
    answer = parsed(
        record(Details=[row(LastModifiedDate=text), row(LastModifiedDate="07/04/2026 00:09:02")])
    )
    assert rows(answer, "Order__Details", "LastModifiedDate", "LastModifiedDate__text") == [
        {"LastModifiedDate": None, "LastModifiedDate__text": text},
        {
            "LastModifiedDate": datetime(2026, 7, 4, 0, 9, 2, tzinfo=UTC),
            "LastModifiedDate__text": None,
        },
    ]
    assert len(answer.notes) == 1


@pytest.mark.parametrize(
    ("field", "wire", "text"),
    [
        ("Total", '"n/a"', "n/a"),
        ("Total", '{"id":1}', '{"id": 1}'),
        ("Count", "5.5", "5.5"),
        ("Hold", '"maybe"', "maybe"),
        ("Date", '"soon"', "soon"),
        ("LastModifiedDateTime", "5", "5"),
    ],
)
def test_what_cannot_be_converted_is_kept_as_text(field: str, wire: str, text: str) -> None:
    body = b'[{"id":"a","%s":{"value":%s}}]' % (field.encode(), wire.encode())
    answer = parse_page(body, SHAPE)
    kept = f"{field}__text"
    assert rows(answer, "Order", field, kept) == [{field: None, kept: text}]
    assert len(answer.notes) == 1


def test_a_refused_page_has_the_same_tables_otherwise() -> None:
    good = record(
        "a",
        OrderNbr="1 ",
        Total=1,
        Date="2025-01-17T00:00:00+05:00",
        Details=[row(LineNbr=1, Allocations=[row(Qty=2)]), row()],
    )
    fast = parsed(good)
    slow = parsed({**good, "Count": {"value": 5.0}})
    for name, table in fast.tables.items():
        other = slow.tables[name]
        same = [c for c in table.column_names if c != "Count"]
        assert other.select(same) == table.select(same)
        assert other.schema == table.schema


def test_lines_of_a_refused_page_are_placed_as_those_of_another() -> None:
    """At every depth, also where lists are missing in between."""
    records = [
        record("a"),
        record(
            "b",
            Details=[
                row(LineNbr=1),
                row(LineNbr=2, Allocations=[row(Qty=1), row(Qty=2, Serials=[row(), row()])]),
            ],
        ),
        record("c", Details=[]),
        record(
            "d", Details=[row(Allocations=[row(Serials=[row()])]), {**row(), "Allocations": None}]
        ),
    ]
    fast = parsed(*records)
    slow = parsed(*records, record("e", Count=5.5))
    for name in ("Order__Details", "Order__Details__Allocations", *DEEPEST):
        assert slow.tables[name] == fast.tables[name]
    places = ("_parent_id", "_Details_position", "_Allocations_position", "_position")
    assert [tuple(r.values()) for r in rows(fast, *DEEPEST, *places)] == [
        ("b", 1, 1, 0),
        ("b", 1, 1, 1),
        ("d", 0, 0, 0),
    ]


DEEPEST = ("Order__Details__Allocations__Serials",)


def test_a_record_without_an_id_is_named_by_its_place() -> None:
    body = b'{"value":[{"Amount":1},{"Amount":1e400}]}'
    with pytest.raises(ValueOutOfRange, match=r"Feed\.Amount of record #1 is"):
        parse_odata_page(body, FEED)


def test_a_refused_list_of_lines_names_its_record() -> None:
    with pytest.raises(PageError, match=r"^Details of record b is not a list of rows\.$"):
        parsed({"id": "a", "Details": []}, {"id": "b", "Details": {"LineNbr": {"value": 1}}})


def test_custom_fields() -> None:
    fields = (
        DeclaredField("AttributeCOLOR", FieldType.TEXT, custom="Document.AttributeCOLOR"),
        DeclaredField("UsrQty", FieldType.DECIMAL, custom="Document.UsrQty"),
    )
    shape = shape_of(Entity("Order", Shape("Order", fields)))
    custom = {"Document": {"AttributeCOLOR": {"type": "CustomStringField", "value": "red"}}}
    answer = parse_page(page({"id": "a", "custom": custom}, {"id": "b", "custom": {}}), shape)
    assert rows(
        answer, "Order", "custom__Document__AttributeCOLOR", "custom__Document__UsrQty"
    ) == [
        {"custom__Document__AttributeCOLOR": "red", "custom__Document__UsrQty": None},
        {"custom__Document__AttributeCOLOR": None, "custom__Document__UsrQty": None},
    ]


def test_attached_files() -> None:
    link = {"id": "f", "filename": "Items\\a.jpg", "href": "/x/f", "comment": None}
    answer = parse_page(page({"id": "a", "files": [link]}), shape_of(ORDER, expand=("files",)))
    assert rows(answer, "Order__files") == [{"_parent_id": "a", "_position": 0, **link}]


def test_the_answer_of_a_form() -> None:
    body = orjson.dumps(
        {
            "id": "s",
            "Site": {"value": "W"},
            "Results": [row(Qty=1, Lots=[row(LotNbr="L")]), row(Qty=2)],
        }
    )
    answer = parse_page(body, shape_of(STOCK))
    assert rows(answer, "StockInquiry") == [{"note": None, "Site": "W"}]
    assert rows(answer, "StockInquiry__Results", "_position", "Qty") == [
        {"_position": 0, "Qty": 1},
        {"_position": 1, "Qty": 2},
    ]
    assert rows(
        answer, "StockInquiry__Results__Lots", "_Results_position", "_position", "LotNbr"
    ) == [{"_Results_position": 0, "_position": 0, "LotNbr": "L"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"message":"An error has occurred."}',
        b'[{"id":null}]',
        b'["x"]',
        b"[1]",
        b"[null]",
        b'[{"id":"a"}',
        b'[{"id":"a"}]{}',
        b'[{"id":"a"}]}{"value":[{"id":"b"}]',
        b"[" * 100_000,
        b'[{"id":"a","Unknown":' + b'{"a":' * 100_000,
        b'[{"id":"a","Total":{"value":1e9999999999999999999999}}]',
    ],
    ids=[
        *("empty", "html", "error", "no id", "texts", "numbers", "null"),
        *("cut off", "more", "two answers", "deep", "deep and unknown", "no number"),
    ],
)
def test_what_is_no_page_is_an_error_that_shows_it(body: bytes) -> None:
    with pytest.raises(PageError, match="Order") as caught:
        parse_page(body, SHAPE)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("body", [b"<html>No.", b'"No."', b"No."])
def test_what_is_no_list_is_shown_as_it_came(body: bytes) -> None:
    with pytest.raises(PageError, match=f"It begins: '{body.decode()}'"):
        parse_page(body, SHAPE)


@pytest.mark.parametrize(
    ("nested", "message"),
    [({"Details": {"LineNbr": {"value": 1}}}, "Details"), ({"Contact": "x"}, "Contact/Email")],
    ids=["detail", "linked"],
)
def test_a_nested_entity_of_another_kind_is_an_error(nested: dict[str, Any], message: str) -> None:
    with pytest.raises(PageError, match=message):
        parsed({"id": "a", **nested})


FEED = odata_shape(
    "Feed",
    [
        DeclaredField("Nbr", FieldType.TEXT),
        DeclaredField("Amount", FieldType.DECIMAL),
        DeclaredField("Date", FieldType.DATE),
        DeclaredField("LastModifiedDateTime", FieldType.INSTANT),
    ],
)


def test_a_feed() -> None:
    body = (
        b'{"@odata.context":"x","value":[{"Nbr":"A  ","Amount":"1999.000000","Date":"2025-10-14",'
        b'"LastModifiedDateTime":"2025-10-14T06:13:09.57"},{"Amount":2.5,"Other":1}],'
        b'"@odata.nextLink":"https://x/next"}'
    )
    answer = parse_odata_page(body, FEED)
    assert answer.rows == 2
    assert answer.next_link == "https://x/next"
    assert rows(answer, "Feed") == [
        {
            "Nbr": "A",
            "Amount": Decimal(1999),
            "Date": date(2025, 10, 14),
            "LastModifiedDateTime": datetime(2025, 10, 14, 6, 13, 9, 570000, UTC),
        },
        {"Nbr": None, "Amount": Decimal("2.5"), "Date": None, "LastModifiedDateTime": None},
    ]


def test_a_refused_feed_still_tells_where_it_continues() -> None:
    body = b'{"odata.metadata":"x","value":[{"Nbr":5}],"odata.nextLink":"Feed?$skip=1"}'
    answer = parse_odata_page(body, FEED)
    assert answer.next_link == "Feed?$skip=1"
    assert rows(answer, "Feed", "Nbr") == [{"Nbr": "5"}]


@pytest.mark.parametrize("body", [b'[{"Nbr":"A"},{}]', b'[{"Nbr":"A"},{"Nbr":[]}]'])
def test_a_feed_may_be_a_bare_list(body: bytes) -> None:
    answer = parse_odata_page(body, FEED)
    assert (answer.rows, answer.next_link) == (2, None)
    assert rows(answer, "Feed", "Nbr")[0] == {"Nbr": "A"}


def test_a_feed_that_answers_with_nothing_has_no_rows() -> None:
    answer = parse_odata_page(b" \r\n", FEED)
    assert (answer.rows, answer.tables["Feed"].num_rows) == (0, 0)
    assert answer.notes == ("Feed answered with nothing at all, not even an empty list.",)


@pytest.mark.parametrize("number", [b'"5"', b"5"], ids=["fast", "refused"])
@pytest.mark.parametrize(
    ("newer", "older", "link"),
    [(b"null", b'"there"', "there"), (b'"here"', b'"there"', "here"), (b"null", b"null", None)],
)
def test_a_feed_continues_at_the_first_link_that_it_gives(
    number: bytes, newer: bytes, older: bytes, link: str | None
) -> None:
    links = b'"odata.nextLink":%s,"@odata.nextLink":%s' % (older, newer)
    assert parse_odata_page(b'{"value":[{"Nbr":%s}],%s}' % (number, links), FEED).next_link == link


def test_pages_that_arrow_cannot_count_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert np.iinfo(np.int32).max == parse.MOST_BYTES
    body = b'{"value":[{"Nbr":"A"}]}'
    monkeypatch.setattr(parse, "MOST_BYTES", len(body) + 1)
    assert parse_odata_page(body, FEED).rows == 1
    for most in (len(body), len(body) - 1):
        monkeypatch.setattr(parse, "MOST_BYTES", most)
        with pytest.raises(PageError, match=r"Feed has 0\.0 GB, more than can be parsed"):
            parse_odata_page(body, FEED)


def test_a_feed_that_answers_with_an_error_is_no_page() -> None:
    with pytest.raises(PageError, match="Feed"):
        parse_odata_page(b'{"error":{"code":"","message":"No."}}', FEED)


def test_columns_all_null_keep_their_types() -> None:
    table = parsed(record("a")).tables["Order"]
    assert table.schema.field("Total").type == pa.decimal128(38, 10)
    assert table.schema == SHAPE.tables[0].schema
