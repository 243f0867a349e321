"""Twenty random histories, and that histories find faults. `make soak` plays a thousand."""

import pytest

from tests.postgres import Database
from tests.soak.histories import RESOURCES, history_of
from tests.soak.trial import SERVER, attempt

pytestmark = pytest.mark.slow

SEED = 0
HISTORIES = range(20)

CAUGHT = {"details_of_all": 0, "all_tenants": 0, "unchanged_is_gone": 0, "any_number": 0}
"""Faults, each with the number of a history that finds it."""


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' PostgreSQL server, for histories that need one."""
    number = request.getfixturevalue("number")
    if history_of(SEED, number).setting.destination == "postgres":
        database: Database = request.getfixturevalue("postgres_server")
        monkeypatch.setenv(SERVER, database.address)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("number", HISTORIES)
def test_a_history_ends_with_the_dataset_as_the_source_is(number: int) -> None:
    assert (failure := attempt(SEED, number)) is None, failure


@pytest.mark.parametrize(("fault", "number"), CAUGHT.items())
def test_a_fault_that_is_put_back_is_found(fault: str, number: int) -> None:
    assert "AssertionError" in str(attempt(SEED, number, fault))


def test_histories_have_what_they_are_to_have() -> None:
    histories = [history_of(SEED, number) for number in range(100)]
    assert all(len(one.steps) >= 20 for one in histories)
    assert {one.setting.destination for one in histories} == {"duckdb", "postgres", "parquet"}
    assert {name for one in histories for name in one.setting.resources} == {*RESOURCES}
    kinds = {type(step) for one in histories for step in one.steps}
    assert len(kinds) == 12
    assert history_of(SEED, 3) == history_of(SEED, 3) != history_of(SEED + 1, 3)
