"""`$filter` (Integration Development Guide: Filter Parameter; reports of integrators)."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.desk import Desk, Start


def count(desk: Desk, entity: str, condition: str) -> int:
    return len(desk.rows(entity, filter=condition))


@pytest.mark.parametrize(
    ("entity", "condition"),
    [
        ("Customer", "CustomerID eq 'c000001'"),
        ("Customer", "CustomerID eq 'C000001   '"),
        ("Customer", "Status eq 'Active  '"),
        ("Customer", "startswith(CustomerID,'C0')"),
        ("Customer", "endswith(CustomerID,'1')"),
        ("Customer", "substringof('000',CustomerID)"),
        ("Customer", "MainContact/Email ne null"),
        ("Customer", "MainContact/Address/City eq 'Austin' or MainContact/Address/City ne 'x'"),
        ("Customer", "CreditLimit ge 0M and not (Status eq 'Inactive')"),
        ("Customer", "BAccountID gt 5000"),
        ("Invoice", "Type eq 'Invoice'"),
        ("Invoice", "Date ge datetimeoffset'2024-01-01'"),
        ("Invoice", "Date ge date'2024-01-01'"),
        ("SalesOrder", "CreditHold eq false"),
        ("SalesOrder", "LastModified lt datetimeoffset'2026-03-16T14:00:00.123+05:30'"),
        ("SalesOrder", "cf.Int(f='Document.UsrPriority') gt 1"),
        ("SalesOrder", "ContactID eq null"),
    ],
)
def test_supported_conditions_find_rows(desk: Desk, entity: str, condition: str) -> None:
    assert count(desk, entity, condition) > 0


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("not substringof('a',CustomerName)", "Type conversions not supported"),
        ("contains(CustomerName,'a')", "unknown function"),
        ("tolower(CustomerName) eq 'a'", "unknown function"),
        ("CreditLimit eq 'x'", "incompatible types"),
        ("NoteID eq '2a8e68a6-68c6-0d24-a3bc-52fc011875d1'", "'Edm.Guid' and 'Edm.String'"),
        ("Contacts/ContactID eq 1", "not a single value"),
        ("Nonsense eq 1", "The given key was not present in the dictionary."),
        ("cf.String(f='X.Y') eq 'a'", "The given key was not present"),
        ("CustomerID eq", "Syntax error"),
        ("CustomerID eq 'a", "Syntax error"),
        ("CreatedDateTime gt datetimeoffset'nonsense'", "Unrecognized"),
    ],
)
def test_failing_conditions_are_500_with_their_texts(desk: Desk, condition: str, text: str) -> None:
    answer = desk.read("Customer", filter=condition)
    assert answer.status_code == 500
    assert text in answer.json()["exceptionMessage"]


def test_a_function_compared_with_true_is_silently_empty(desk: Desk) -> None:
    assert count(desk, "Customer", "startswith(CustomerID,'C')") > 0
    assert count(desk, "Customer", "startswith(CustomerID,'C') eq true") == 0


def test_and_across_views_is_silently_empty_and_can_be_switched_off(start: Start) -> None:
    both = "CustomerID gt 'A' and LastModifiedDateTime gt datetimeoffset'2020-01-01'"
    with start() as desk:
        assert all(count(desk, "Customer", one) for one in both.split(" and "))
        assert count(desk, "Customer", both) == 0
    with start(silent_empties=False) as desk:
        assert count(desk, "Customer", both) > 0


@pytest.mark.parametrize("word", ["or", "and"])
def test_a_condition_can_be_as_long_as_an_address(desk: Desk, word: str) -> None:
    """Only the length of the address limits the terms."""
    terms = [f"CustomerID ne '{number}'" for number in range(250)]
    assert count(desk, "Customer", f" {word} ".join(terms)) > 0


@pytest.mark.parametrize(
    "condition",
    [
        "not (" * 300 + "CustomerID eq 'x'" + ")" * 300,
        "(CustomerID eq 'x' or (Status eq 'x' and " * 120 + "CustomerID eq 'x'" + "))" * 120,
        "(" * 900 + "CustomerID eq 'x'" + ")" * 900,
    ],
    ids=["not", "both", "brackets"],
)
def test_what_is_nested_deep_is_answered_or_refused(start: Start, condition: str) -> None:
    query = {"$filter": condition}
    with start() as desk:
        place = f"{desk.endpoint}/Customer"
        for answer in (desk.get(place, params=query), desk.put(place, params=query, json={})):
            assert answer.status_code in (200, 500)
            assert answer.status_code == 200 or "exceptionMessage" in answer.json()


def test_conditions_inside_one_another_are_answered(desk: Desk) -> None:
    key = desk.rows("Customer", top=1)[0]["CustomerID"]["value"]
    one, deep, chain = f"CustomerID eq '{key}'", "", ""
    for _ in range(5):
        deep = f"not (Status eq 'x' or not ({deep or one} and CustomerID ne null))"
    for _ in range(100):
        chain = f"CustomerID ne null and ({chain or one})"
    assert count(desk, "Customer", deep) == count(desk, "Customer", chain) == 1


def test_linked_objects_are_views_of_their_own(start: Start) -> None:
    both = "CustomerID ne 'X' and MainContact/Email ne null"
    with start() as desk:
        assert all(count(desk, "Customer", one) for one in both.split(" and "))
        assert count(desk, "Customer", both) == 0
        assert count(desk, "Customer", "CustomerID eq 'X' or MainContact/Email ne null") > 0
    with start(silent_empties=("compared", "text")) as desk:
        assert count(desk, "Customer", both) > 0


@pytest.mark.parametrize("kind", ["compared", "views"])
def test_each_kind_of_silent_empties_has_its_switch(start: Start, kind: str) -> None:
    filters = {
        "compared": "startswith(CustomerID,'C') eq true",
        "views": "CustomerID gt 'A' and CustomerClass ne 'X'",
    }
    with start(silent_empties=(kind,)) as desk:
        found = {name: count(desk, "Customer", text) for name, text in filters.items()}
    assert found.pop(kind) == 0
    assert all(found.values())


@pytest.mark.parametrize(
    ("condition", "rows"),
    [("eq true", "some"), ("ne false", "some"), ("eq false", "none"), ("ne true", "none")],
)
def test_a_function_can_be_compared_where_that_is_not_silent(
    start: Start, condition: str, rows: str
) -> None:
    with start(silent_empties=False) as desk:
        found = count(desk, "Customer", f"startswith(CustomerID,'C') {condition}")
    assert (found > 0) == (rows == "some")


Test = Callable[[Any, Any], bool]
FIELDS = ("CreditLimit", "BAccountID", "CustomerID", "CustomerName", "Status")
TESTS: dict[str, Test] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, Callable[[dict[str, Any]], bool]]:
    if draw(st.integers(0, 3)) == 0:
        left, right = draw(conditions()), draw(conditions())
        word = draw(st.sampled_from(["and", "or"]))
        join = all if word == "and" else any
        return (
            f"({left[0]}) {word} ({right[0]})",
            lambda row: join(part[1](row) for part in (left, right)),
        )
    field = draw(st.sampled_from(FIELDS))
    word = draw(st.sampled_from(list(TESTS)))
    if field in ("CreditLimit", "BAccountID"):
        number = draw(st.integers(-5, 60_000))
        return f"{field} {word} {number}", lambda row: TESTS[word](row[field], Decimal(number))
    text = draw(st.text("abcCKorst 0'1", max_size=4)).rstrip()
    quoted = text.replace("'", "''")
    return (
        f"{field} {word} '{quoted}'",
        lambda row: TESTS[word](row[field].lower(), text.lower()),
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(condition=conditions())
def test_random_conditions_agree_with_plain_evaluation(
    desk: Desk, condition: tuple[str, Any]
) -> None:
    text, holds = condition
    expected = [row["id"] for row in desk.sandbox.control.rows("Customer") if holds(row)]
    assert [row["id"] for row in desk.rows("Customer", filter=text)] == expected


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["$filter", "$select", "$expand", "$custom", "$top", "$skip"]),
    value=st.one_of(st.binary(max_size=60), st.text(max_size=60)),
)
def test_random_parameters_give_documented_errors_only(
    desk: Desk, name: str, value: str | bytes
) -> None:
    answer = desk.get(f"{desk.endpoint}/SalesOrder", params={name: value})
    assert answer.status_code in (200, 400, 500)
    body = answer.json()
    assert isinstance(body, list) or "exceptionMessage" in body


def test_a_stamp_is_compared_to_the_millisecond(desk: Desk) -> None:
    order = desk.sandbox.control.rows("SalesOrder")[0]
    stamp: datetime = order["LastModified"]
    literal = stamp.astimezone(UTC).isoformat()
    found = desk.rows("SalesOrder", filter=f"LastModified eq datetimeoffset'{literal}'")
    assert order["id"] in [row["id"] for row in found]
