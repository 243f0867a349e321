"""A dataset takes nothing but what it was first loaded from."""

import pytest

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.warehouse.entries import Entry, entries_of
from acumatica_source.warehouse.identity import Identity, OtherSource, bind, check
from tests.warehouse.conftest import PipelineMaker

HOME = Identity("https://erp.example.com/Site", "Company")


def kept(*identities: Identity) -> list[Entry]:
    return [one.as_entry() for one in identities]


def shared(base_url: str, tenant: str, branch: str | None = None) -> Identity:
    return Identity(base_url, tenant, branch, among_others=True)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://erp.example.com/Site/",
        "https://ERP.Example.com/site",
        "http://erp.example.com/Site",
        "https://erp.example.com:443/Site",
        "https://erp.example.com./Site",
    ],
)
def test_the_same_place_may_be_written_otherwise(base_url: str) -> None:
    check("erp", kept(HOME), Identity(base_url, "Company"), adopt=False)


@pytest.mark.parametrize(
    "other",
    [
        Identity("https://test.example.com/Site", "Company"),
        Identity("https://erp.example.com/Other", "Company"),
        Identity("https://erp.example.com:8443/Site", "Company"),
        Identity("https://erp.example.com/Site", "Second"),
        Identity("https://erp.example.com/Site", "Company", "MAIN"),
    ],
    ids=["host", "path", "port", "tenant", "branch"],
)
def test_anything_else_is_refused_with_what_was_found(other: Identity) -> None:
    with pytest.raises(OtherSource) as refused:
        check("erp", kept(HOME), other, adopt=False)
    words = str(refused.value)
    assert str(HOME) in words
    assert str(other) in words
    assert "Nothing was changed" in words
    assert "--adopt" in words
    check("erp", kept(HOME), other, adopt=True)


def test_tenants_that_share_a_dataset_are_known_one_by_one() -> None:
    first, second = shared(HOME.base_url, "Company"), shared(HOME.base_url, "Second")
    check("erp", kept(first), second, adopt=False)
    check("erp", kept(first, second), first, adopt=False)
    with pytest.raises(OtherSource, match="holds tenant Second"):
        check("erp", kept(first, second), shared("https://else.example.com", "Second"), adopt=False)
    with pytest.raises(OtherSource, match=r"holds several tenants \(Company, Second\)"):
        check("erp", kept(first, second), HOME, adopt=False)
    with pytest.raises(OtherSource, match="without a column for the tenant"):
        check("erp", kept(HOME), second, adopt=False)


@pytest.mark.parametrize(
    "damage",
    [
        [Entry("instance", "1", "", "Company")],
        [Entry("instance", "1", HOME.base_url, "")],
        [Entry("nonsense", "1", HOME.base_url, "Company")],
        [Entry("instance", "1", HOME.base_url, "A"), Entry("instance", "2", HOME.base_url, "B")],
    ],
    ids=["no address", "no tenant", "unknown kind", "two at once"],
)
def test_damage_is_refused_by_name(damage: list[Entry]) -> None:
    with pytest.raises(ConfigurationError, match="damaged"):
        check("erp", damage, HOME, adopt=False)


def test_what_is_bound_stays_until_it_is_adopted(pipelines: PipelineMaker) -> None:
    pipeline = pipelines("first")

    def found() -> list[Entry]:
        with entries_of(pipeline) as entries:
            assert entries is not None
            return [one.entry for one in entries.read()]

    bind(pipeline, [], HOME, adopt=False)
    (first,) = found()
    assert (first.base_url, first.tenant, first.branch) == (HOME.base_url, "Company", "")
    bind(pipeline, found(), HOME, adopt=False)
    assert found() == [first], "and is not written again"
    moved = Identity("https://new.example.com/Site", "Company")
    bind(pipeline, found(), moved, adopt=True)
    (second,) = found()
    assert second.base_url == moved.base_url
