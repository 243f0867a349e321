"""How contract version 5 writes what version 4 writes in another way."""

import datetime as dt
import re
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acumatica_source.client.dialects import Dialect, dialect_of
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.query import CustomField, F, Filter, QueryOptions

ID = UUID("5f0c4c1e-6a1b-4f7e-9d1a-0c2b7a1e9001")
EAST = dt.timezone(dt.timedelta(hours=4))


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (
            F.LastModifiedDateTime > dt.datetime(2024, 8, 18, 23, 59, 59, tzinfo=EAST),
            "(LastModifiedDateTime gt 2024-08-18T19:59:59Z)",
        ),
        (F.Date > dt.date(2025, 6, 17), "(Date gt 2025-06-17)"),
        (F.Amount == Decimal("0.5"), "(Amount eq 0.5)"),
        (F.NoteID == ID, f"(NoteID eq {ID})"),
        (F.ItemStatus == "AC", "(ItemStatus eq 'AC')"),
        (F.Owner == None, "(Owner eq null)"),  # noqa: E711
        (F.Description.contains("it's"), "contains(Description,'it''s')"),
        (~F.Description.contains("x"), "not (contains(Description,'x'))"),
        (F.MainContact.Email == "a@b.c", "(MainContact/Email eq 'a@b.c')"),
        (F.cf("Decimal", "Document", "X") == 0, "(cf.Decimal('Document.X') eq 0)"),
        (
            F.cf("StringSingleSelect", "Document", "X") == "P1",
            "(cf.StringSingleSelect('Document.X') eq 'P1')",
        ),
        (F.Days.any(), "Days/any()"),
        (~F.Days.any(), "not (Days/any())"),
        (F.Days.any("MO"), "Days/any(x: x eq 'MO')"),
        (F.Days.none("MO"), "Days/all(x: x ne 'MO')"),
    ],
)
def test_conditions(condition: Filter, text: str) -> None:
    assert condition.build(Dialect.CONTRACT5) == text


def test_what_version_4_has_not_is_refused_there() -> None:
    with pytest.raises(ConfigurationError, match="contains"):
        F.Days.any("MO").build()
    with pytest.raises(ConfigurationError, match="tolower"):
        (F.Name.tolower() == "x").build(Dialect.CONTRACT5)
    with pytest.raises(ConfigurationError, match="Contract version 3 is unknown; 4 and 5"):
        dialect_of(3)


@pytest.mark.parametrize(
    ("options", "params"),
    [
        (QueryOptions(expand=["Details"]), {"$expand": "Details"}),
        (
            QueryOptions(expand=["A", "A/B", "A/C", "D"], select=["A/B/X", "Y"]),
            {"$select": "Y", "$expand": "A($expand=B($select=X),C),D"},
        ),
        (
            QueryOptions(expand=["MainContact"], select=["CustomerID", "MainContact/Email"]),
            {"$select": "CustomerID", "$expand": "MainContact($select=Email)"},
        ),
        (
            QueryOptions(custom=[CustomField.attribute("Document", "PRODUCT")]),
            {"$select": "*,Document.AttributePRODUCT"},
        ),
        (
            QueryOptions(custom=["Details/Transactions.UsrX", "Document.Y"], select=["OrderNbr"]),
            {"$select": "OrderNbr,Document.Y", "$expand": "Details($select=*,Transactions.UsrX)"},
        ),
        (QueryOptions(expand=["Details", "Details/files"]), {"$expand": "Details($expand=files)"}),
        (QueryOptions(select=["*"], top=5, skip=2), {"$select": "*", "$top": "5", "$skip": "2"}),
    ],
)
def test_what_to_show(options: QueryOptions, params: dict[str, str]) -> None:
    assert options.to_params(Dialect.CONTRACT5) == params


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moments = st.datetimes(dt.datetime(1800, 1, 1), timezones=st.just(EAST) | st.just(dt.UTC))


@given(texts)
def test_texts_round_trip(text: str) -> None:
    found = re.fullmatch(r"\(A eq '(.*)'\)", (F["A"] == text).build(Dialect.CONTRACT5), re.DOTALL)
    assert found is not None
    assert found[1].replace("''", "'") == text
    assert "'" not in found[1].replace("''", "")


@given(moments, st.dates(), st.decimals(allow_nan=False, allow_infinity=False), st.uuids())
def test_bare_literals_round_trip(
    moment: dt.datetime, day: dt.date, number: Decimal, identity: UUID
) -> None:
    def written(value: object) -> str:
        return (F["A"] == value).build(Dialect.CONTRACT5).removeprefix("(A eq ").removesuffix(")")

    assert dt.datetime.fromisoformat(written(moment)) == moment
    assert dt.date.fromisoformat(written(day)) == day
    assert Decimal(written(number)) == number
    assert "E" not in written(number)
    assert UUID(written(identity)) == identity
