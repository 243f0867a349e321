"""Parameters of generic inquiries in the address, whatever their names and values."""

import logging
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import pytest

from acumatica_source.client.address import SiteAddress
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.edmx import Feed
from acumatica_source.contract.model import DeclaredField, FieldType
from acumatica_source.reading.inquiry_parameters import inquiry_path

SITE = SiteAddress.parse("https://erp.example.com/Site")
SERVICE = "/Site/t/Company/api/odata/gi/"
PLAIN = Feed("Sales Orders", ())
FEED = Feed(
    "DB-StorageDetails",
    (),
    parameters=(
        DeclaredField("Warehouse", FieldType.TEXT),
        DeclaredField("Count", FieldType.INTEGER),
        DeclaredField("Rate", FieldType.DECIMAL),
        DeclaredField("Closed", FieldType.BOOLEAN),
        DeclaredField("AsOf", FieldType.DATE),
        DeclaredField("Since", FieldType.INSTANT),
        DeclaredField("Note", FieldType.GUID),
    ),
    function="DBStorageDetails_WithParameters",
)
ID = UUID("5f9a4b1e-0000-4000-8000-000000000001")


def asked(parameters: dict[str, object], feed: Feed = FEED) -> tuple[str, dict[str, str]]:
    """Path below the service and the query, as a server reads them."""
    url = urlsplit(SITE.url(inquiry_path("Company", feed, parameters), {"$top": "5"}))
    assert url.path.startswith(SERVICE)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    assert query.pop("$top") == "5"
    return unquote(url.path.removeprefix(SERVICE)), query


def test_an_inquiry_without_parameters_is_its_set() -> None:
    assert asked({}, PLAIN) == ("Sales Orders", {})


@pytest.mark.parametrize(
    ("name", "value", "literal"),
    [
        ("Warehouse", "WHOLESALE", "'WHOLESALE'"),
        ("Warehouse", "O'Neil & Co/2", "'O''Neil & Co/2'"),
        ("Warehouse", "", "''"),
        ("Warehouse", "..", "'..'"),
        ("Warehouse", "50% #1?", "'50% #1?'"),
        ("Warehouse", "Größe", "'Größe'"),
        ("Warehouse", 5, "'5'"),
        ("Warehouse", None, "null"),
        ("Count", 5, "5"),
        ("Count", "-5", "-5"),
        ("Count", "", "null"),
        ("Rate", "1.50", "1.50"),
        ("Rate", Decimal("0.1"), "0.1"),
        ("Rate", 2, "2"),
        ("Closed", True, "true"),
        ("Closed", "False", "false"),
        ("AsOf", "2026-01-31", "2026-01-31"),
        ("AsOf", date(2026, 1, 31), "2026-01-31"),
        ("Since", "2026-01-31T10:00:00", "2026-01-31T10:00:00Z"),
        ("Since", "2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00Z"),
        ("Since", datetime(2026, 1, 31, 10, tzinfo=UTC), "2026-01-31T10:00:00Z"),
        ("Note", str(ID), str(ID)),
        ("Note", ID, str(ID)),
    ],
)
def test_a_value_is_written_as_the_type_of_its_parameter(
    name: str, value: object, literal: str
) -> None:
    path, query = asked({name: value})
    written = query.pop("@p0", None)
    if written is None:
        assert path == f"DBStorageDetails_WithParameters({name}={literal})"
        assert not set(literal) & set("/?%:#&\\")  # web servers refuse them in paths
    else:
        assert path == f"DBStorageDetails_WithParameters({name}=@p0)"
        assert written == literal
    assert query == {}


def test_several_parameters() -> None:
    path, query = asked({"Warehouse": "A/B", "Count": 1, "Since": "2026-01-31T10:00:00Z"})
    assert path == "DBStorageDetails_WithParameters(Warehouse=@p0,Count=1,Since=@p1)"
    assert query == {"@p0": "'A/B'", "@p1": "2026-01-31T10:00:00Z"}


@pytest.mark.parametrize(
    ("feed", "parameters", "words"),
    [
        (FEED, {}, r"takes parameters \(Warehouse, Count, .*--parameter Warehouse=VALUE"),
        (FEED, {"warehouse": "A"}, "no parameter 'warehouse'. It has: Warehouse, "),
        (FEED, {"Count": "five"}, "'five' is no value of the parameter Count.*integer"),
        (FEED, {"Rate": "x"}, "no value of the parameter Rate"),
        (FEED, {"Rate": "NaN"}, "no value of the parameter Rate"),
        (FEED, {"Closed": "maybe"}, "no value of the parameter Closed"),
        (FEED, {"AsOf": "31.01.2026"}, "no value of the parameter AsOf"),
        (FEED, {"AsOf": 5}, "no value of the parameter AsOf"),
        (FEED, {"Note": "5"}, "no value of the parameter Note"),
        (PLAIN, {"Warehouse": "A"}, "Sales Orders has no parameter 'Warehouse'. It has: none"),
    ],
)
def test_what_the_inquiry_does_not_take_is_refused(
    feed: Feed, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        inquiry_path("Company", feed, parameters)


def test_missing_values_are_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "acumatica_source"):
        asked({"Warehouse": "A"})
    assert "no value is given for Count, Rate" in caplog.text
