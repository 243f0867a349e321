"""No row is missed, doubled or stale, whatever happens before, between and during the reads."""

import dataclasses
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import dlt
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions
from acumatica_source.cli import runner
from acumatica_source.source import connect
from tests.conftest import credentials_of, pipeline_in
from tests.resources.warehouse import Tables, assert_equal, loaded, truth


@dataclasses.dataclass(frozen=True)
class Disturbance:
    """What users do around one request of a sync."""

    request: int
    kind: str
    changes: int


@dataclasses.dataclass(frozen=True)
class Round:
    """What happens before a sync and during it."""

    before: int
    late: bool
    """A record appears that was stamped long ago."""
    pause: int
    """Seconds since the last sync."""
    during: list[Disturbance]


DISTURBANCES = st.builds(
    Disturbance,
    request=st.integers(0, 12),
    kind=st.sampled_from(["mutate_before", "mutate_after"]),
    changes=st.integers(20, 200),
)
ROUNDS = st.lists(
    st.builds(
        Round,
        before=st.integers(0, 40),
        late=st.booleans(),
        pause=st.sampled_from([0, 1, 400, 86_400]),
        during=st.lists(DISTURBANCES, max_size=4),
    ),
    min_size=1,
    max_size=3,
)
ENTITIES = st.sampled_from(["SalesOrder", "Invoice", "JournalTransaction", "StockItem", "Payment"])
SLOW = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds: too long to look for less
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SLOW
@given(entity=ENTITIES, rounds=ROUNDS, page_size=st.integers(2, 60), seed=st.integers(0, 99))
def test_the_warehouse_follows_a_source_that_never_rests(
    entity: str, rounds: list[Round], page_size: int, seed: int
) -> None:
    options = SandboxOptions(records=150, seed=seed + 1)
    with Sandbox(options) as sandbox, TemporaryDirectory() as folder:
        pipeline = pipeline_in(Path(folder))
        load = EntityOptions(entity, page_size=page_size, lag=timedelta(minutes=5))
        for number, one in enumerate(rounds):
            sandbox.control.advance(one.pause)
            sandbox.control.mutate(one.before, [entity], seed=seed + number)
            if one.late:
                appear_late(sandbox, entity)
            for disturbance in one.during:
                sandbox.control.fault(
                    disturbance.kind,
                    path=f"/{entity}",
                    method="GET",
                    after=disturbance.request,
                    changes=disturbance.changes,
                )
            at_rest = truth(sandbox, entity)
            sync(pipeline, sandbox, load)
            sandbox.control.clear_faults()
            assert_untouched_rows_are_right(pipeline, at_rest, truth(sandbox, entity))
        sync(pipeline, sandbox, load)
        assert_equal(pipeline, sandbox, entity)
        assert sandbox.control.counters()["seats_now"] == 0


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox, load: EntityOptions) -> None:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    (outcome,) = runner.sync(pipeline, instance, [load], lambda one: None)
    assert outcome.error is None


def appear_late(sandbox: Sandbox, entity: str) -> None:
    """A transaction that began long ago commits now."""
    records = sandbox.control.rows(entity)
    late = records[len(records) // 2]
    sandbox.control.delete(entity, late["id"])
    sandbox.control.put(entity, late)


def assert_untouched_rows_are_right(pipeline: dlt.Pipeline, before: Tables, after: Tables) -> None:
    """Records that were the same all through a sync are in the warehouse as they are."""
    top = next(iter(before))
    touched = {
        (row.get("_parent_id") or row["id"])
        for table in before
        for identity in before[table].keys() | after[table].keys()
        if before[table].get(identity) != after[table].get(identity)
        for row in (before[table].get(identity) or after[table][identity],)
    }
    for table in before:
        found = loaded(pipeline, table)
        for identity, row in after[table].items():
            if (row["id"] if table == top else row["_parent_id"]) not in touched:
                assert found.get(identity) == row, (table, identity)
