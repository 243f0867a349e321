"""Answers come from outside: nothing in them is lost in silence, and nothing breaks the parser."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from acumatica_source.arrow.errors import PageError, ValueOutOfRange
from acumatica_source.arrow.parse import parse_odata_page, parse_page
from acumatica_source.arrow.shape import odata_shape, shape_of
from tests.arrow.pages import ORDER

SHAPE = shape_of(ORDER, keep_placeholders=True)
FIELDS = [f.name for f in ORDER.shape.fields if f.name != "OrderNbr"]

numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
dates = st.sampled_from(
    [
        "2025-01-17T00:00:00+00:00",
        "2025-01-17T00:00:00.0000001+00:00",
        "2025-01-17T10:00:00-11:30",
        "2025-01-17",
        "2025-02-30T00:00:00",
        "2025-01-17T24:00:00",
        "2025-01-17T00:00:00 ",
        "2025-01-17T00:00:00+99:99",
        "2025-01-17T00:00",
        "12025-01-17T00:00:00",
        "0000-01-01T00:00:00",
        "01/17/2025 10:00:00",
    ]
)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=6) | numbers.map(str) | dates
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=2), scalars)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FIELDS), st.lists(values, min_size=1, max_size=3))
def test_no_value_is_lost(name: str, raw: list[Any]) -> None:
    body = orjson.dumps([{"id": str(i), name: {"value": one}} for i, one in enumerate(raw)])
    try:
        table = parse_page(body, SHAPE).tables["Order"]
    except ValueOutOfRange:
        return
    table.validate(full=True)
    columns = [c for c in (name, f"{name}__text", f"{name}__instant") if c in table.column_names]
    kept = [[table.column(c)[i].is_valid for c in columns] for i in range(len(raw))]
    for one, where in zip(raw, kept, strict=True):
        is_blank = one is None or (isinstance(one, str) and not one.strip())
        assert any(where) or is_blank


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40) | values.map(orjson.dumps) | st.lists(values).map(orjson.dumps))
def test_whatever_is_no_page_is_refused(body: bytes) -> None:
    assume(body.strip() != b"[]" and b'"id":' not in body)
    with pytest.raises(PageError, match="Order") as caught:
        parse_page(body, SHAPE)
    assert len(str(caught.value)) < 1500


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["Contact", "Details", "custom", "files", "note", "id", "Unknown"]), values)
def test_whatever_stands_for_a_nested_entity(name: str, value: Any) -> None:
    try:
        answer = parse_page(orjson.dumps([{"id": "a", name: value}]), SHAPE)
    except PageError:
        return
    assert answer.rows == 1
    assert set(answer.tables) == {table.name for table in SHAPE.tables}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40) | st.dictionaries(st.text(max_size=5), values).map(orjson.dumps))
def test_feeds_of_anything(body: bytes) -> None:
    feed = odata_shape("Feed", ORDER.shape.fields)
    try:
        answer = parse_odata_page(body, feed)
    except PageError:
        return
    assert answer.rows == answer.tables["Feed"].num_rows
