"""OData with random requests (OData 4.01 URL conventions, which the User Guide refers to)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from defusedxml import ElementTree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.desk import Desk

SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
CODES = {"Open": "N", "Completed": "C", "On Hold": "H", "Back Order": "B", "Canceled": "L"}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


@dataclass(frozen=True)
class Truth:
    """The records that conditions are evaluated over."""

    customers: dict[str, dict[str, Any]]
    items: dict[str, dict[str, Any]]


Holds = Callable[[dict[str, Any], Truth], bool]
Condition = tuple[str, Holds]
Get = Callable[[dict[str, Any], Truth], Any]


def compare(operator: str, a: Any, b: Any) -> bool:
    if a is None or b is None:
        return {"eq": a is b, "ne": a is not b}.get(operator, False)
    if isinstance(a, str):
        a, b = a.lower().rstrip(" "), b.lower().rstrip(" ")
    return OPERATORS[operator](a, b)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


ORDER: dict[str, tuple[str, Get]] = {
    "OrderNbr": ("s", lambda row, truth: row["OrderNbr"]),
    "OrderDesc": ("s", lambda row, truth: row["Description"]),
    "Status": ("s", lambda row, truth: CODES[row["Status"]]),
    "OrderQty": ("d", lambda row, truth: row["OrderedQty"]),
    "CustomerID": ("d", lambda row, truth: truth.customers[row["CustomerID"]]["BAccountID"]),
    "OrderDate": ("t", lambda row, truth: midnight(row["Date"])),
    "LastModifiedDateTime": ("t", lambda row, truth: row["LastModified"]),
    "BAccountByCustomerID/AcctName": (
        "s",
        lambda row, truth: truth.customers[row["CustomerID"]]["CustomerName"],
    ),
    "CustomerByCustomerID/CreditLimit": (
        "d",
        lambda row, truth: truth.customers[row["CustomerID"]]["CreditLimit"],
    ),
    "SOLineCollection/$count": ("d", lambda row, truth: len(row["Details"])),
}
LINE: dict[str, tuple[str, Get]] = {
    "LineNbr": ("d", lambda row, truth: row["LineNbr"]),
    "OrderQty": ("d", lambda row, truth: row["OrderQty"]),
    "UOM": ("s", lambda row, truth: row["UOM"]),
    "InventoryItemByInventoryID/BasePrice": (
        "d",
        lambda row, truth: truth.items[row["InventoryID"]]["DefaultPrice"],
    ),
    "InventoryItemByInventoryID/InventoryCD": ("s", lambda row, truth: row["InventoryID"]),
}
TEXTS = st.one_of(
    st.sampled_from(["N", "C", "EA", "000012", "Dover", ""]),
    st.text("abcdeCEKorst 0'1", max_size=4),
)
NUMBERS = st.one_of(st.integers(-2, 12), st.integers(4_990, 5_030), st.decimals(0, 9_000, places=2))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 3, 16), timezones=st.just(UTC))


@st.composite
def literals(draw: st.DrawFn, kind: str) -> tuple[str, Any]:
    if draw(st.integers(0, 9)) == 0:
        return "null", None
    if kind == "s":
        text = draw(TEXTS)
        return "'" + text.replace("'", "''") + "'", text
    if kind == "d":
        number = draw(NUMBERS)
        return str(number), Decimal(number)
    moment = draw(MOMENTS).replace(microsecond=0)
    if draw(st.booleans()):
        return f"{moment:%Y-%m-%d}", midnight(moment.date())
    zone = timedelta(hours=draw(st.integers(-11, 11)))
    shown = (moment + zone).replace(tzinfo=None).isoformat()
    sign, hours = "-" if zone < timedelta(0) else "+", abs(zone) // timedelta(hours=1)
    return f"{shown}{sign}{hours:02}:00", moment


@st.composite
def simple(draw: st.DrawFn, fields: dict[str, tuple[str, Get]], prefix: str) -> Condition:
    name = draw(st.sampled_from(sorted(fields)))
    kind, get = fields[name]
    if kind == "s" and draw(st.integers(0, 3)) == 0:
        word = draw(st.sampled_from(["contains", "startswith", "endswith"]))
        needle = draw(TEXTS.filter(lambda text: text.strip() == text))
        tests = {"contains": str.__contains__, "startswith": str.startswith}
        test = tests.get(word, str.endswith)
        quoted = needle.replace("'", "''")
        return (
            f"{word}({prefix}{name},'{quoted}')",
            lambda row, truth: (
                get(row, truth) is not None and test(get(row, truth).lower(), needle.lower())
            ),
        )
    if draw(st.integers(0, 5)) == 0:
        some = draw(st.lists(literals(kind), min_size=1, max_size=3))
        return (
            f"{prefix}{name} in ({','.join(text for text, _ in some)})",
            lambda row, truth: any(compare("eq", get(row, truth), value) for _, value in some),
        )
    operator = draw(st.sampled_from(list(OPERATORS)))
    text, value = draw(literals(kind))
    return f"{prefix}{name} {operator} {text}", lambda row, truth: compare(
        operator, get(row, truth), value
    )


def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    @st.composite
    def both(draw: st.DrawFn) -> Condition:
        left, right = draw(inner), draw(inner)
        word = draw(st.sampled_from(["and", "or"]))
        join = all if word == "and" else any
        return (
            f"({left[0]}) {word} ({right[0]})",
            lambda row, truth: join(one[1](row, truth) for one in (left, right)),
        )

    negated = inner.map(lambda one: (f"not ({one[0]})", lambda row, truth: not one[1](row, truth)))
    return st.one_of(both(), negated)


@st.composite
def lambdas(draw: st.DrawFn) -> Condition:
    word = draw(st.sampled_from(["any", "all", "Any", "All"]))
    line = st.recursive(simple(LINE, "x/"), combined, max_leaves=3)
    if draw(st.booleans()):
        text, holds = draw(line)
    else:  # a line and the order around it
        text, holds = "x/OrderQty ge OrderQty", lambda row, truth: row["OrderQty"] >= row["^"]
    join = any if word.lower() == "any" else all
    return (
        f"SOLineCollection/{word}(x: {text})",
        lambda row, truth: join(
            holds({**one, "^": row["OrderedQty"]}, truth) for one in row["Details"]
        ),
    )


conditions = st.recursive(st.one_of(simple(ORDER, ""), lambdas()), combined, max_leaves=5)


@settings(max_examples=150, deadline=None, suppress_health_check=SHARED)
@given(condition=conditions)
def test_random_conditions_agree_with_plain_evaluation(desk: Desk, condition: Condition) -> None:
    text, holds = condition
    control = desk.sandbox.control
    truth = Truth(
        {row["CustomerID"]: row for row in control.rows("Customer")},
        {row["InventoryID"]: row for row in control.rows("StockItem")},
    )
    expected = [row["id"] for row in control.rows("SalesOrder") if holds(row, truth)]
    answer = desk.get(
        f"{desk.site}/t/Company/api/odata/dac/SOOrder",
        params={"$filter": text, "$select": "NoteID"},
        headers={"PX-ApiArchive": "SHOW"},
    )
    assert answer.status_code == 200, answer.text
    assert [row["NoteID"] for row in answer.json()["value"]] == expected


WORDS = """
OrderNbr OrderQty CustomerName SOLineCollection BAccountByCustomerID AcctName / /any( /all( x:
x/LineNbr $it $count /$count ( ) , ; = eq ne gt and or not in 'a' '' ' null true 1 -1 1e9 1e999999
2024-01-01 2024-13-01 0001-01-01T00:00:00+14:00 9999-12-31T23:59:59-14:00 asc desc * contains(
substringof( round( year( datetime'2024' datetimeoffset'x' guid'1' $expand $select $top $levels
"""
WORD = st.sampled_from(WORDS.split())
SOUP = st.lists(WORD, max_size=12).map(" ".join) | st.lists(WORD, max_size=8).map("".join)
PLACES = (
    "t/Company/api/odata/dac/SOOrder",
    "t/Company/api/odata/dac/SOOrder(1)",
    "t/Company/api/odata/gi/BI-Customers",
    "odata/BI-Customers",
    "odatav4/SOOrder/$count",
)
OPTIONS = ("$filter", "$select", "$orderby", "$expand", "$top", "$skip", "$count", "$format", "x")


def assert_documented(answer: Any) -> None:
    """Rows, or an error in the form that the service uses; never a trace of Python."""
    assert answer.status_code in (200, 400, 404), answer.text
    assert "Traceback" not in answer.text
    if "xml" in answer.headers.get("Content-Type", ""):
        root = ElementTree.fromstring(answer.content)
        assert answer.status_code == 200 or root.tag.endswith("}error")
    elif answer.status_code != 200:
        body = answer.json()
        assert {"error", "odata.error", "message"} & body.keys()


@settings(max_examples=250, deadline=None, suppress_health_check=SHARED)
@given(
    place=st.sampled_from(PLACES),
    name=st.sampled_from(OPTIONS),
    value=st.one_of(st.binary(max_size=60), st.text(max_size=60), SOUP, SOUP),
)
def test_random_parameters_give_documented_answers_only(
    desk: Desk, place: str, name: str, value: str | bytes
) -> None:
    assert_documented(desk.get(f"{desk.site}/{place}?{quote(name)}={quote(value)}"))


@settings(max_examples=100, deadline=None, suppress_health_check=SHARED)
@given(
    root=st.sampled_from(["t/Company/api/odata/dac", "t/Company/api/odata/gi", "odata", "t"]),
    rest=st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.text(max_size=20),
            SOUP,
            st.sampled_from(
                ["SOOrder", "$metadata", "px.GetDeletedRecords()", "SOOrder('a',1=@x)"]
            ),
        ),
        max_size=3,
    ),
)
def test_random_paths_give_documented_answers_only(
    desk: Desk, root: str, rest: list[str | bytes]
) -> None:
    path = "/".join(quote(one, safe="") for one in rest)
    assert_documented(desk.get(f"{desk.site}/{root}/{path}"))
