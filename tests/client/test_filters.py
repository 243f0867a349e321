import copy
import datetime as dt
import pickle
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acumatica_source.client import F
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.filters import Filter
from acumatica_source.client.literals import Dialect

UTC = dt.UTC
EAST = dt.timezone(dt.timedelta(hours=4))
GUID = UUID("a0f8594a-7de2-e811-b816-00155d408001")


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        pytest.param(F.Status == "Active", "(Status eq 'Active')", id="text"),
        pytest.param(F.Name != "O'Neil ''", "(Name ne 'O''Neil ''''')", id="quotes-doubled"),
        pytest.param(F.Hold == True, "(Hold eq true)", id="bool"),  # noqa: E712
        pytest.param(F.ContactID >= 100073, "(ContactID ge 100073)", id="int"),
        pytest.param(F.Total > Decimal("0.10"), "(Total gt 0.10m)", id="decimal"),
        pytest.param(F.Total > Decimal("1E+3"), "(Total gt 1000m)", id="decimal-exponent"),
        pytest.param(F.Total < 1e-07, "(Total lt 0.0000001m)", id="float-without-exponent"),
        pytest.param(F.Date == None, "(Date eq null)", id="null"),  # noqa: E711
        pytest.param(F.Id == GUID, f"(Id eq guid'{GUID}')", id="guid"),
        pytest.param(
            F.LastModified >= dt.datetime(2024, 8, 18, 23, 59, 59, 999000, EAST),
            "(LastModified ge datetimeoffset'2024-08-18T23:59:59.999000+04:00')",
            id="instant",
        ),
        pytest.param(
            F.Date >= dt.date(2024, 12, 31), "(Date ge datetimeoffset'2024-12-31')", id="date"
        ),
        pytest.param(F.MainContact.Email == "a@b.c", "(MainContact/Email eq 'a@b.c')", id="linked"),
        pytest.param(F["MainContact/Email"] == "x", "(MainContact/Email eq 'x')", id="by-path"),
        pytest.param(F.Name.contains("x"), "substringof('x',Name)", id="contains"),
        pytest.param(F.Name.startswith("x"), "startswith(Name,'x')", id="startswith"),
        pytest.param(F.Name.endswith("x"), "endswith(Name,'x')", id="endswith"),
        pytest.param(
            F.cf("String", "Document", "AttributeX") == "a",
            "(cf.String(f='Document.AttributeX') eq 'a')",
            id="custom-field",
        ),
        pytest.param(F.A.isin([1, 2]), "((A eq 1) or (A eq 2))", id="isin"),
        pytest.param(
            ((F.A == 1) | (F.B == 2)) & ~(F.C == 3),
            "(((A eq 1) or (B eq 2)) and not ((C eq 3)))",
            id="and-or-not",
        ),
        pytest.param((F.A == 1) & "B eq 2", "((A eq 1) and (B eq 2))", id="joined-with-text"),
        pytest.param(F.A == F.B, "(A eq B)", id="field-to-field"),
    ],
)
def test_contract_dialect(condition: Filter, text: str) -> None:
    assert condition.build() == text
    assert str(condition) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        pytest.param(F.Name.contains("x"), "contains(Name,'x')", id="contains"),
        pytest.param(F.Name.tolower() == "x", "(tolower(Name) eq 'x')", id="tolower"),
        pytest.param(~F.Name.startswith("x"), "not (startswith(Name,'x'))", id="not-function"),
        pytest.param(
            F.At > dt.datetime(2024, 1, 1, 4, tzinfo=EAST), "(At gt 2024-01-01T00:00:00Z)", id="at"
        ),
        pytest.param(F.On == dt.date(2025, 10, 14), "(On eq 2025-10-14)", id="date"),
        pytest.param(F.Id == GUID, f"(Id eq {GUID})", id="guid"),
        pytest.param(F.Total > Decimal("0.10"), "(Total gt 0.10)", id="decimal"),
        pytest.param(F.Qty * 2 > F.Min + 1, "((Qty mul 2) gt (Min add 1))", id="arithmetic"),
    ],
)
def test_odata4_dialect(condition: Filter, text: str) -> None:
    assert condition.build(Dialect.ODATA4) == text


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: F.At > dt.datetime(2024, 1, 1), id="naive-datetime"),
        pytest.param(lambda: ~F.Name.contains("x"), id="not-substringof"),
        pytest.param(lambda: F.Name.tolower() == "x", id="tolower"),
        pytest.param(lambda: F.Name.toupper() == "x", id="toupper"),
        pytest.param(lambda: F.Name.length() > 3, id="length"),
        pytest.param(lambda: F.Date.year() == 2024, id="year"),
        pytest.param(lambda: F.Qty * 2 > 5, id="arithmetic"),
        pytest.param(lambda: F.Name.isof("Edm.String"), id="isof"),
        pytest.param(lambda: F.Name.contains("x") == True, id="function-eq-true"),  # noqa: E712
        pytest.param(lambda: F.Name > None, id="null-order"),
        pytest.param(lambda: F.Name == b"x", id="bytes"),
        pytest.param(lambda: F.Name == float("nan"), id="nan"),
        pytest.param(lambda: F.Name == ["x"], id="list"),
        pytest.param(lambda: F.Name.contains(1), id="contains-number"),
        pytest.param(lambda: F["Name) or (1"] == 1, id="field-name-injection"),
        pytest.param(lambda: F.cf("Strin", "View", "Field") == 1, id="custom-type"),
        pytest.param(lambda: F.cf("String", "V')", "Field") == 1, id="custom-view-injection"),
        pytest.param(lambda: F.A == 1 and F.B == 2, id="and-keyword"),
        pytest.param(lambda: (F.A == 1) & True, id="joined-with-bool"),
        pytest.param(lambda: "x" in F.A, id="in-keyword"),
        pytest.param(lambda: F.A.isin([]), id="isin-nothing"),
    ],
)
def test_what_the_api_does_not_accept_is_refused_when_built(build: Any) -> None:
    with pytest.raises(ConfigurationError):
        build().build()


def test_conditions_can_be_copied_pickled_hashed_and_compared() -> None:
    condition = (F.A == 1) & F.MainContact.Email.contains("x")
    twin = pickle.loads(pickle.dumps(copy.deepcopy(copy.copy(condition))))
    assert twin == condition
    assert hash(twin) == hash(condition)
    assert twin != (F.A == 2)


def unquote_odata(literal: str) -> str:
    assert literal.startswith("'")
    assert literal.endswith("'")
    inner = literal[1:-1]
    assert "'" not in inner.replace("''", "")
    return inner.replace("''", "'")


@given(st.text())
def test_no_text_can_leave_its_literal(text: str) -> None:
    built = (F.Name == text).build()
    assert unquote_odata(built.removeprefix("(Name eq ").removesuffix(")")) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_decimals_are_exact(number: Decimal) -> None:
    built = (F.Total == number).build()
    assert Decimal(built.removeprefix("(Total eq ").removesuffix("m)")) == number


@given(st.datetimes(dt.datetime(1800, 1, 1), timezones=st.timezones()))
def test_instants_keep_their_meaning(moment: dt.datetime) -> None:
    built = (F.At == moment).build()
    text = built.removeprefix("(At eq datetimeoffset'").removesuffix("')")
    assert dt.datetime.fromisoformat(text).timestamp() == moment.timestamp()
    assert text[-6] in "+-"  # an offset of hours and minutes, as OData has it
