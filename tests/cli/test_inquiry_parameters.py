"""Which inquiry a `--parameter` of the command line is for."""

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import GenericInquiry
from acumatica_source.cli.choosing import Asked, chosen
from acumatica_source.cli.inquiry_parameters import shared_out
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.edmx import Feed
from acumatica_source.contract.model import DeclaredField, FieldType
from acumatica_source.source import connect
from tests.conftest import credentials_of

TEXT = FieldType.TEXT
FEEDS = {
    "A-B": Feed("A-B", (), parameters=(DeclaredField("W", TEXT), DeclaredField("X", TEXT))),
    "C D": Feed("C D", (), parameters=(DeclaredField("W", TEXT),)),
    "E": Feed("E", ()),
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), {"A-B": {}, "C D": {}, "E": {}}),
        (("W=1",), {"A-B": {"W": "1"}, "C D": {"W": "1"}, "E": {}}),
        (("X=1=2 3",), {"A-B": {"X": "1=2 3"}, "C D": {}, "E": {}}),
        (("X=",), {"A-B": {"X": ""}, "C D": {}, "E": {}}),
        (("X=a/b",), {"A-B": {"X": "a/b"}, "C D": {}, "E": {}}),
        (("A-B/W=1",), {"A-B": {"W": "1"}, "C D": {}, "E": {}}),
        (("C D/W=2", "W=1"), {"A-B": {"W": "1"}, "C D": {"W": "2"}, "E": {}}),
        (("W=1", "W=1"), {"A-B": {"W": "1"}, "C D": {"W": "1"}, "E": {}}),
        (("E/Z=1",), {"A-B": {}, "C D": {}, "E": {"Z": "1"}}),  # refused where it is asked
    ],
)
def test_a_parameter_is_for_all_that_have_it_or_the_one_named(
    given: tuple[str, ...], expected: dict[str, dict[str, object]]
) -> None:
    assert shared_out(given, FEEDS) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("W",), "not written as NAME=VALUE"),
        (("=1",), "not written as NAME=VALUE"),
        (("/W=1",), "not written as NAME=VALUE"),
        (("A-B/=1",), "not written as NAME=VALUE"),
        (("Z=1",), "No inquiry has a parameter 'Z': A-B has W, X; C D has W; E has none"),
        (("w=1",), "No inquiry has a parameter 'w'"),
        (("F/W=1",), "'F', which is not to be loaded"),
        (("W=1", "W=2"), "W of A-B is given twice. Write A-B/W=VALUE"),
    ],
)
def test_what_is_for_nobody_or_twice_is_refused(given: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        shared_out(given, FEEDS)


def test_parameters_without_an_inquiry_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="--inquiry"):
        Asked(parameters=("W=1",))


def test_inquiries_are_loaded_with_their_parameters() -> None:
    names = ("DB-StorageDetails", "BI-Customers", "Item Availability Data")
    asked = Asked(inquiries=names, parameters=("Warehouse=MAIN", "ItemClass=ALL"))
    with Sandbox(SandboxOptions(records=10)) as erp:
        instance = connect(credentials_of(erp), "Default", None, 2, None)
        loads, _ = chosen(instance, asked)
    assert loads == [
        GenericInquiry("DB-StorageDetails", parameters={"Warehouse": "MAIN"}),
        GenericInquiry("BI-Customers"),
        GenericInquiry("Item Availability Data", parameters={"ItemClass": "ALL"}),
    ]
