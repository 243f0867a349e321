"""No row is missed, doubled or stale, whatever happens before, between and during the reads.

CONVERGENCE=500 takes as many histories instead of a few. With PUT_BACK=no_lag, or another of the
faults in `tests.resources.mended_faults`, it has to fail within a hundred.
"""

import os
from decimal import Decimal
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, EntityOptions, LedgerTransactions
from acumatica_source.reading.rhythm import DAILY
from acumatica_source.source import Load
from tests.resources.histories import (
    ENTITIES,
    Disturbances,
    Setting,
    Sync,
    Users,
    history_of,
    setting_of,
)
from tests.resources.proxy import Proxy, proxy
from tests.resources.runs import database, run
from tests.resources.warehouse import LEDGER, Tables, identified, posted, truth

pytestmark = pytest.mark.slow

FEW = 4
HISTORIES = int(os.environ.get("CONVERGENCE") or FEW)
PERIODS = [f"{number:02}2026" for number in range(4, 10)]
"""The rest of the ledger takes long and is read in the same way."""
Records = dict[str, dict[str, Any]]


@pytest.mark.parametrize("number", range(HISTORIES))
def test_the_warehouse_follows_a_source_that_never_rests(
    pipeline: dlt.Pipeline, number: int
) -> None:
    setting = setting_of(number)
    options = SandboxOptions(records=100, seed=setting.seed, list_order=setting.order)
    caps = dict.fromkeys(setting.caps, setting.cap)
    with Sandbox(options.changed(caps)) as sandbox, proxy(sandbox) as site:
        users = Users(sandbox, setting)
        followed = Followed(pipeline, sandbox, site, users, setting)
        for step in [*history_of(number), Sync((), "lines")]:
            if isinstance(step, Sync):
                followed.sync(step)
            else:
                users.do(step)
        assert sandbox.control.counters()["seats_now"] == 0


class Followed:
    """A source and the warehouse that follows it."""

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        sandbox: Sandbox,
        site: Proxy,
        users: Users,
        setting: Setting,
    ) -> None:
        self._pipeline = pipeline
        self._sandbox = sandbox
        self._site = site
        self._users = users
        self._setting = setting
        self._passing: set[Any] = set()
        """Records that were there during the last sync."""
        common: dict[str, Any] = {
            "page_size": setting.page_size,
            "lag": setting.lag,
            "verify": DAILY if setting.compares else "never",
        }
        self._load: list[Load] = [
            *(EntityOptions(entity, **common) for entity in ENTITIES),
            DacTable("SOOrder", **common),
            LedgerTransactions(from_period="04-2026", to_period="09-2026", verify="now"),
        ]

    def sync(self, step: Sync) -> None:
        """Sync while users work, and hold the warehouse to what has not changed meanwhile."""
        disturbances = Disturbances(self._users, step.during)
        self._site.before, self._site.after = disturbances.before, disturbances.after
        before = {entity: truth(self._sandbox, entity) for entity in ENTITIES}
        ledger = posted(self._sandbox, PERIODS)
        done = run(self._pipeline, self._site.credentials, *self._load, way=step.way)
        if done.errors:
            self._hold_to_reasons(step, done.errors)
            return
        self._passing = disturbances.passing
        for entity in ENTITIES:
            after = truth(self._sandbox, entity)
            self._check(before[entity], after)
            if entity == "SalesOrder":
                self._check_class(_records(before[entity]), _records(after))
        if ledger == posted(self._sandbox, PERIODS):
            assert in_warehouse(self._pipeline) == ledger

    def _hold_to_reasons(self, step: Sync, errors: tuple[str, ...]) -> None:
        """A list may be refused that is limited, and in no order or edited all the time."""
        assert self._setting.caps, errors
        assert step.during or self._setting.order == "random", errors
        assert all("could not be read completely" in error for error in errors), errors

    def _check(self, before: Tables, after: Tables) -> None:
        with database(self._pipeline) as connection:
            found = {
                table: identified(table, connection.sql(f"FROM erp.{table}").to_arrow_table())
                for table in after
            }
        theirs, ours = _records(after), _records(found)
        for identity, record in theirs.items():
            if _records(before).get(identity) == record and self._is_told(identity):
                assert ours.get(identity) == record, identity
        self._check_gone(set(ours), {*theirs, *_records(before)})

    def _check_class(self, before: Records, after: Records) -> None:
        with database(self._pipeline) as connection:
            columns = ", ".join(CLASS)
            rows = connection.sql(f"SELECT {columns} FROM erp.so_order").fetchall()
        ours = {row[:2]: row for row in rows}
        assert len(ours) == len(rows), "rows come twice"
        theirs = {_class_row(one)[:2]: _class_row(one) for one in after.values()}
        known = {_class_row(one)[:2] for one in before.values()}
        for identity, record in after.items():
            if before.get(identity) == record and self._is_told(identity):
                row = _class_row(record)
                assert ours.get(row[:2]) == row
        self._check_gone(set(ours), {*theirs, *known})

    def _check_gone(self, ours: set[Any], theirs: set[Any]) -> None:
        if self._setting.compares:
            assert ours <= theirs | self._passing, "rows are left over"

    def _is_told(self, identity: str) -> bool:
        return self._setting.compares or identity not in self._users.untold


CLASS = ("order_type", "order_nbr", "order_desc", "last_modified_date_time")


def _class_row(record: Any) -> tuple[Any, ...]:
    row = record[0][1]
    names = ("order_type", "order_nbr", "description", "last_modified")
    return tuple(row.get(name) for name in names)


def _records(tables: Tables) -> dict[str, Any]:
    """Each record with all of its lines, by its id."""
    records: dict[str, list[Any]] = {}
    for table, rows in tables.items():
        for identity, row in sorted(rows.items(), key=lambda one: one[0][1:]):
            records.setdefault(identity[0], []).append((table, row))
    return records


def in_warehouse(pipeline: dlt.Pipeline) -> list[tuple[Any, ...]]:
    """What the ledger shows, as loaded."""
    names = ", ".join(LEDGER)
    with database(pipeline) as connection:
        rows = connection.sql(f"SELECT {names} FROM erp.ledger_transactions").fetchall()
    return sorted((*row[:3], Decimal(row[3]).normalize()) for row in rows)
