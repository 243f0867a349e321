"""Numbers are what they stand for or refused, whatever their exponents; NUL reaches no table."""

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from acumatica_source.arrow.errors import PageError, ValueOutOfRange
from acumatica_source.arrow.misread import is_misread
from acumatica_source.arrow.parse import parse_odata_page, parse_page
from acumatica_source.arrow.shape import PageShape, odata_shape, shape_of
from acumatica_source.contract.model import DeclaredField, Entity, FieldType
from acumatica_source.contract.openapi import parse_contract
from tests.arrow.pages import ORDER, page, record, row
from tests.contract.documents import contract_document

SHAPE = shape_of(ORDER)
FIELDS = {"Amount": "DecimalValue", "Count": "LongValue", "Lines": ["Line"]}
SCHEMAS = {"Top": FIELDS, "Line": {"Qty": "DecimalValue", "Label": "StringValue"}}
FEED = (
    DeclaredField("Amount", FieldType.DECIMAL),
    DeclaredField("Count", FieldType.INTEGER),
    DeclaredField("Label", FieldType.TEXT),
)
MONSTERS = [
    *("1e-202", "-1e-202", "1E-202", "123456789e-49", "1e-0087", "0." + "3" * 70 + "e-9"),
    *("1e-99999999", "-1E-99999999", "1e99999999", "1e+99999999", "1e-99999999999999999999999"),
    *("1e99999999999999999999999", "1.5e-2147483648", "7e4294967297", "9" * 50 + "e-60"),
]


def entity(version: int) -> Entity:
    document = contract_document(SCHEMAS, ["Top"], swagger=3, version=str(version))
    return Entity("Top", parse_contract(document).entities["Top"].shape)


def exact(literal: str) -> Fraction | None:
    """The number; None where it is beyond what can be told."""
    mantissa, _, exponent = literal.lower().partition("e")
    if not Decimal(mantissa):
        return Fraction(0)
    return Fraction(literal) if abs(int(exponent or 0)) < 500 else None


@st.composite
def literals(draw: st.DrawFn) -> str:
    """Numbers by JSON's grammar."""
    digits = st.text("0123456789", min_size=1, max_size=draw(st.sampled_from([3, 30, 90])))
    whole = draw(digits).lstrip("0") or "0"
    fraction = f".{draw(digits)}" if draw(st.booleans()) else ""
    exponent = ""
    if draw(st.booleans()):
        size = draw(st.sampled_from([9, 40, 99, 300, 10**8, 10**25]))
        zeros = "0" * draw(st.integers(0, 3))
        sign = draw(st.sampled_from(["", "+", "-", "-"]))
        exponent = f"{draw(st.sampled_from('eE'))}{sign}{zeros}{draw(st.integers(0, size))}"
    return f"{draw(st.sampled_from(['', '-']))}{whole}{fraction}{exponent}"


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(literals(), st.booleans(), st.sampled_from([0, 2, 10, 38]), st.sampled_from([4, 5]))
@example("1e-202", False, 10, 4)
@example("1e-99999999", False, 10, 5)
def test_a_number_is_what_it_stands_for_or_refused(
    literal: str, quoted: bool, decimals: int, version: int
) -> None:
    shape = shape_of(entity(version), decimals=decimals)
    wire = f'"{literal}"' if quoted else literal
    body = f'[{{"id":"r","Lines":[{{}},{{"Qty":{{"value":{wire}}}}}]}}]'.encode()
    number = exact(literal)
    fits = (
        number is not None
        and (number * 10**decimals).denominator == 1
        and abs(number) < Fraction(10) ** (38 - decimals)
    )
    if not fits:
        with pytest.raises(ValueOutOfRange, match=r"Top\.Lines\.Qty of record r is -?\d"):
            parse_page(body, shape)
        return
    table = parse_page(body, shape).tables["Top__Lines"]
    table.validate(full=True)
    assert Fraction(table.column("Qty")[1].as_py()) == number


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(literals(), st.booleans())
@example("0e-99999999", False)
def test_an_integer_is_exact_or_kept_as_text_or_refused(literal: str, quoted: bool) -> None:
    wire = f'"{literal}"' if quoted else literal
    body = f'{{"value":[{{"Amount":1,"Count":{wire}}}]}}'.encode()
    number = exact(literal)
    try:
        table = parse_odata_page(body, odata_shape("Feed", FEED)).tables["Feed"]
    except ValueOutOfRange:
        assert number is None or abs(number) >= 2**63
        return
    found = table.column("Count")[0].as_py()
    if found is None:
        assert number is None or number.denominator != 1
        assert table.column("Count__text")[0].as_py() == literal
    else:
        assert found == number


@pytest.mark.parametrize("literal", MONSTERS, ids=lambda literal: literal[:20])
@pytest.mark.parametrize("quoted", [False, True], ids=["bare", "quoted"])
def test_no_column_takes_a_monster_for_something_else(literal: str, quoted: bool) -> None:
    wire = f'"{literal}"' if quoted else literal

    def read(field: str) -> pa.Table:
        body = f'[{{"id":"a","{field}":{{"value":{wire}}}}}]'.encode()
        return parse_page(body, SHAPE).tables["Order"]

    with pytest.raises(ValueOutOfRange, match=r"Order\.Total of record a is"):
        read("Total")
    for field in ("Hold", "Date", "LastModifiedDateTime"):
        table = read(field)
        assert table.column(field)[0].as_py() is None
        assert table.column(f"{field}__text")[0].as_py() == literal
    assert read("Description").column("Description")[0].as_py() == literal
    assert read("Undeclared").num_rows == 1
    try:
        table = read("Count")
    except ValueOutOfRange:
        assert "-" not in literal[1:]
    else:
        assert table.column("Count__text")[0].as_py() == literal


@pytest.mark.parametrize(
    "wire",
    [rb'"1\u0065-202"', rb'"1e\u002d202"', rb'"1E-\u0032\u00302"', rb'"\u0031e-202"'],
)  # fmt: skip
def test_a_number_in_quotes_may_be_written_by_escapes(wire: bytes) -> None:
    with pytest.raises(ValueOutOfRange, match=r"Order\.Total of record a is 1[eE]-202"):
        parse_page(b'[{"id":"a","Total":{"value":%s}}]' % wire, SHAPE)


def guids(count: int) -> list[str]:
    """Identifiers that look like numbers with exponents as far as they can."""
    ends = ["-4e-8123-12e-456789012345", "-1e99-0e-12-1e-200000000000", "1e-11-4e-8"]
    return [f"a0f8594{n}e-7de2{ends[n % 3]}" for n in range(count)]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        orjson.dumps(guids(300)),
        orjson.dumps([one.upper() for one in guids(300)]),
        b'[{"Total":{"value":1e-5}},{"Total":{"value":12345.678E-07}},{"Total":{"value":1e-39}}]',
        b'["one-2, e-5", "some-1e-202 text", "the e-mail of 5e-202b", "\\\\ \\u003c \\n"]',
    ],
    ids=["nothing", "ids", "ids in capitals", "small numbers", "words"],
)
def test_pages_as_servers_write_them_stay_with_the_fast_reader(body: bytes) -> None:
    assert not is_misread(body)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 3 * 2**18), st.sampled_from(["1e-99", "1E-99", '"1e-99"', r'"\u0000"']))
def test_what_would_be_misread_is_found_wherever_it_stands(at: int, wire: str) -> None:
    body = b'["%s",%s]' % (b"x" * at, wire.encode())
    assert is_misread(body)
    assert is_misread(body[:-1] + b",1]")


@pytest.mark.parametrize("ends", ["]", "}", ",", " ", "\r\n", "\t", ""])
def test_a_number_ends_in_many_ways(ends: str) -> None:
    assert is_misread(f'[{{"a": 1e-99{ends}'.encode())
    assert is_misread(f"[\n-1e-99{ends}".encode())


def texts(answer: dict[str, pa.Table]) -> list[str]:
    """Every text of some tables."""
    columns = [c for table in answer.values() for c in table.columns if c.type == pa.string()]
    return [one for column in columns for one in column.to_pylist() if one is not None]


def test_nul_is_replaced_and_told_once() -> None:
    lines = [row(LineNbr=1, LastModifiedDate="\0"), row(LineNbr=2, Description="\0")]
    answer = parse_page(
        page(
            record("a", OrderNbr="0\x00001", Description="\0", Date="2025-01-17\0", Details=lines),
            record("b", OrderNbr="02", Description="", Contact={"Email": {"value": "a\0\0b"}}),
            record("c", OrderNbr="03", Description=None),
        ),
        SHAPE,
    )
    orders = answer.tables["Order"]
    assert orders.column("OrderNbr").to_pylist() == ["0\ufffd001", "02", "03"]
    assert orders.column("Description").to_pylist() == ["\ufffd", "", None]
    assert orders.column("Contact__Email").to_pylist() == [None, "a\ufffd\ufffdb", None]
    assert orders.column("Date__text").to_pylist() == ["2025-01-17\ufffd", None, None]
    assert not [one for one in texts(dict(answer.tables)) if "\0" in one]
    told = [note for note in answer.notes if "NUL" in note]
    assert len(told) == len(set(told)) == 5
    assert "Order.OrderNbr has NUL characters: each is replaced by U+FFFD." in told


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(st.text("\0a\\u0", max_size=8), lambda one: st.lists(one, max_size=2)))
def test_nul_reaches_no_table(value: Any) -> None:
    fields = ("OrderNbr", "Description", "Total", "Count", "Hold", "NoteID", "Date", "StartTime")
    for field in fields:
        answer = parse_page(orjson.dumps([{"id": "a", field: {"value": value}}]), SHAPE)
        assert not [one for one in texts(dict(answer.tables)) if "\0" in one]
        if field == "Description" and isinstance(value, str):
            kept = answer.tables["Order"].column(field)[0].as_py()
            assert kept == value.replace("\0", "\ufffd")
            assert bool(answer.notes) == ("\0" in value)


def test_nul_in_drop_downs_and_feeds() -> None:
    schemas = {"Top": {"Status": "StringSingleSelectValue", "Tags": "StringMultiSelectValue"}}
    document = contract_document(schemas, ["Top"], swagger=3, version="5")
    shape = shape_of(parse_contract(document).entities["Top"])
    option = {"id": "N\0", "description": "\0Open"}
    body = orjson.dumps([record("a", Status=option, Tags={"value": [option, option]})])
    body = body.replace(b'"Status":', b'"Status":{"value":').replace(b',"Tags"', b'},"Tags"')
    found = parse_page(body, shape).tables["Top"].to_pylist()[0]
    assert found["Status"], found["Status__id"] == ("\ufffdOpen", "N\ufffd")
    assert found["Tags__id"] == "N\ufffd, N\ufffd"
    feed = parse_odata_page(b'{"value":[{"Label":"a\\u0000"}]}', odata_shape("Feed", FEED))
    assert feed.tables["Feed"].column("Label").to_pylist() == ["a\ufffd"]


def test_nul_in_an_id_names_no_record() -> None:
    with pytest.raises(PageError, match="a record without an id"):
        parse_page(page(record("a\0")), SHAPE)


def shape_with(**fields: str) -> PageShape:
    document = contract_document({"Top": fields}, ["Top"])
    return shape_of(parse_contract(document).entities["Top"])


def test_numbers_in_text_columns_stay_as_they_are_written() -> None:
    wires = ["1.50e-7", "1e5", "1E+5", "12.50", "-0.0", "1e-99999999"]
    rows = ",".join(f'{{"id":"{n}","Label":{{"value":{wire}}}}}' for n, wire in enumerate(wires))
    answer = parse_page(f"[{rows}]".encode(), shape_with(Label="StringValue"))
    assert answer.tables["Top"].column("Label").to_pylist() == wires


def test_python_cannot_hold_all_of_them() -> None:
    """Else the parser would need no rule of its own for these."""
    with pytest.raises(InvalidOperation):
        Decimal("1e-99999999999999999999999")
    assert re.fullmatch(r"1E\+\d+", str(Decimal("1e99999999")))
