"""Data access classes tell which key an entity has of which only a part shows in its names."""

import logging

import pytest

from acumatica_source.contract.edmx import Feed, Feeds
from acumatica_source.contract.keys import keys_from, keys_of
from acumatica_source.contract.model import DeclaredField, Entity, FieldType, Shape


def entity(name: str, *fields: str) -> Entity:
    shape = Shape(name, tuple(DeclaredField(field, FieldType.TEXT) for field in fields))
    return Entity(name, shape, keys=keys_of(name, shape))


def classes(*keys: str) -> Feeds:
    """A class for each text of key columns, which may be named before a colon."""
    feeds = {}
    for place, text in enumerate(keys):
        name, _, columns = text.rpartition(":")
        name = name or f"Class{place}"
        feeds[name] = Feed(name, (), keys=tuple(columns.split()))
    return Feeds(feeds)


@pytest.mark.parametrize(
    ("fields", "declared", "expected"),
    [
        ("BOMID Descr Release", ["BOMID Release"], "BOMID Release"),
        ("BOMID Descr Release", ["Release BOMID"], "BOMID Release"),
        ("BOMID Descr Variant", ["BOMID VariantID"], "BOMID Variant"),
        ("BOMID Descr Variant OperationID", ["BOMID VariantID", "BOMID VariantID OperationID"], 2),
        ("BOMID Descr Release", ["BOMID", "BOMID Release"], "BOMID Release"),
        ("BOMID Descr", ["BOMID", "BOMID Release"], "BOMID"),
        ("BOMID Descr", ["OrderNbr", "LedgerID Period"], "BOMID"),
        ("BOMID Descr", ["BOMID Release"], ""),
        ("BOMID Site Release", ["BOMID Release", "BOMID Site"], ""),
        ("BOMID Site Release", ["BOMID", "BOMID Release", "BOMID Site"], "BOMID"),
        ("BOMID OrderType", ["BOMID OrderType"], "OrderType BOMID"),
        ("BOMID Name Release", ["recipe:Release Name"], "Name Release"),
        ("BOMID Name", ["Recipe:Name Missing", "BOMID"], "BOMID"),
        ("Name Release", ["Name Release"], ""),
    ],
)
def test_keys_of_an_entity_that_no_document_knows(
    fields: str, declared: list[str], expected: str | int
) -> None:
    names = fields.split()
    wanted = names[0:1] + names[2:3] if isinstance(expected, int) else expected.split()
    found = keys_from(entity("Recipe", *names), None, classes(*declared))
    assert [key.name for key in found] == wanted


@pytest.mark.parametrize(
    ("kind", "expected"), [(FieldType.TEXT, []), (FieldType.INTEGER, ["InventoryID"])]
)
def test_numbers_of_other_records_are_not_what_a_form_shows(
    kind: FieldType, expected: list[str]
) -> None:
    """The class's `InventoryID` is a number, the form's a text: so they are not the same."""
    keys = ("InventoryID", "SiteID")
    stock = Feed("Stock", tuple(DeclaredField(key, kind) for key in keys), keys=keys)
    found = keys_from(entity("Items", "InventoryID", "Descr"), None, Feeds({"Stock": stock}))
    assert [key.name for key in found] == expected


def test_doubt_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert keys_from(entity("Recipe", "BOMID"), None, classes("BOMID Release")) == ()
    assert "Recipe: BOMID looks like its key, but classes have it as a part" in caplog.text


def test_a_field_named_after_its_entity_is_believed() -> None:
    recipe = entity("Recipe", "Name", "RecipeID", "Release")
    partly = classes("RecipeID Site")
    assert [key.name for key in keys_from(recipe, None, partly)] == ["RecipeID"]
    wider = classes("RecipeID Release")
    assert [key.name for key in keys_from(recipe, None, wider)] == ["RecipeID", "Release"]
    both = classes("RecipeID", "RecipeID Release")
    assert [key.name for key in keys_from(recipe, None, both)] == ["RecipeID"]


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("BillOfMaterial", "BOMID Descr Revision", "BOMID Revision"),
        ("BillOfMaterial", "BOMID Descr RevisionID", "BOMID RevisionID"),
        ("Estimate", "EstimateID RevisionNbr", "EstimateID RevisionNbr"),
        ("Estimate", "Type RefNbr RevisionID", "Type RefNbr"),
        ("Estimate", "RevisionID Name", "RevisionID"),
    ],
)
def test_revisions_are_told_apart_without_classes(name: str, fields: str, expected: str) -> None:
    assert [key.name for key in entity(name, *fields.split()).keys] == expected.split()
