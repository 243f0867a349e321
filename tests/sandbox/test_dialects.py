"""One grammar of filters, and what each dialect knows of it.

The Integration Development Guide (Filter Parameter) has OData 3's typed literals and custom fields;
the services of the User Guide's OData chapters have bare literals, lambdas and `in`.
"""

import pytest

from acumatica_sandbox.filtering.expressions import Syntax
from acumatica_sandbox.filtering.grammar import SyntaxFault, parse
from acumatica_sandbox.odata.filters import SYNTAX as ODATA
from acumatica_sandbox.rest.filters import SYNTAX as REST
from tests.sandbox.desk import Desk

GUID = "2a8e68a6-68c6-0d24-a3bc-52fc011875d1"
BOTH = [
    "A eq 'x'",
    "A eq 'it''s' or (B ge -1.5 and not (C/D ne null))",
    "startswith(A,'x')",
    "A gt datetimeoffset'2024-08-18T23:59:59.999+04:00'",
    f"A eq guid'{GUID}'",
    "A eq true",
    "A eq 1e3",
]
ONLY_REST = [
    "cf.String(f='View.Field') eq 'x'",
    "startswith (A,'x')",
    "A eq 1e1000",
]
ONLY_ODATA = [
    "A eq 2024-01-01T00:00:00Z",
    f"A eq {GUID}",
    "A in ('x','y')",
    "Lines/any(x: x/Qty gt 5)",
    "Lines/any()",
    "Lines/$count gt 1",
    "$it/A eq 1",
    "A",
    "true",
    "(A) eq 'x'",
    "startswith(A,'x' eq 'y')",
    "(A eq 1) eq (B eq 2)",
]
NEITHER = ["", "A eq", "A eq 'x", "(A eq 1", "A eq 1)", "A = 1", "A eq 1 B eq 2", "A eq 1,2", "f("]


def knows(syntax: Syntax, text: str) -> bool:
    try:
        parse(text, syntax)
    except SyntaxFault:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "rest", "odata"),
    [
        *((text, True, True) for text in BOTH),
        *((text, True, False) for text in ONLY_REST),
        *((text, False, True) for text in ONLY_ODATA),
        *((text, False, False) for text in NEITHER),
    ],
)
def test_a_dialect_knows_its_part_of_the_grammar(text: str, rest: bool, odata: bool) -> None:
    assert (knows(REST, text), knows(ODATA, text)) == (rest, odata)


def test_a_constant_is_not_null(desk: Desk) -> None:
    assert desk.rows("Customer", filter="'x' eq null") == []
    assert desk.rows("Customer", filter="'x' ne null") != []
