"""Random histories of a dataset: who edits the source, who loads it and how, and what goes wrong.

A history is drawn from a seed and its number alone, so each can be played by itself.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta

from tests.resources import histories
from tests.resources.histories import ALL, Edit, Late, Pause

TENANTS = ("Company", "Second")
ENTITIES = ("SalesOrder", "Invoice", "Bill")
CLASS = "SOOrder"
LEDGER = "ledger_transactions"
RESOURCES = (*ENTITIES, CLASS, LEDGER)

FEWEST, MOST = 6, 8
"""Times that users do something before each event."""

EVENTS = 3
"""At least twenty steps in all, with the syncs before and after."""

RECORDS = 200


@dataclass(frozen=True)
class Setting:
    """What a history is played with."""

    destination: str
    """`duckdb`, `postgres` or `parquet`."""
    shared: bool
    """Whether both tenants are loaded into one dataset."""
    tenant_data: str
    resources: tuple[str, ...]
    """What is loaded."""
    sessions: int
    source: histories.Setting
    """How the source is set up and read."""


@dataclass(frozen=True)
class Work:
    """Users of a tenant do something."""

    tenant: str
    what: Edit | Late | Pause


@dataclass(frozen=True)
class Sync:
    """A sync, whatever else happens to it."""

    tenant: str
    resources: tuple[str, ...]
    way: str
    """`command` or `lines`."""


@dataclass(frozen=True)
class Killed:
    """A sync in a process that is killed, unless it ends before that."""

    sync: Sync
    moment: str
    """What it is doing: see `processes.MOMENTS`."""
    count: int
    """The how manieth time it does so."""


@dataclass(frozen=True)
class Interrupted:
    """A sync that is interrupted as it sends a request."""

    sync: Sync
    count: int
    """The how manieth."""


@dataclass(frozen=True)
class Refused:
    """A sync while the user has no right to one of its resources."""

    sync: Sync
    resource: str


@dataclass(frozen=True)
class Met:
    """A sync during which another process begins one into the same dataset."""

    sync: Sync
    other: Sync
    request: int
    """At which request for data."""


@dataclass(frozen=True)
class Misled:
    """A sync that is set up for another source than the dataset holds."""

    sync: Sync
    how: str
    """`address`: at another address of the same site; `site`: another site; `tenant`: the other
    tenant, or without a column for it; `landed`: the sign-in ends in the first tenant."""


@dataclass(frozen=True)
class Moved:
    """A sync at another address of the same site, which the dataset counts as from then on."""

    sync: Sync


@dataclass(frozen=True)
class Saved:
    """The database file is copied."""


@dataclass(frozen=True)
class Restored:
    """It is put back."""


@dataclass(frozen=True)
class Emptied:
    """The list of a resource turns empty during a sync."""

    sync: Sync


@dataclass(frozen=True)
class Deleted:
    """Most records of an entity are deleted, and come back after a sync."""

    sync: Sync
    entity: str
    left: int
    """How many are not."""


Step = (
    Work
    | Sync
    | Killed
    | Interrupted
    | Refused
    | Met
    | Misled
    | Moved
    | Saved
    | Restored
    | Emptied
    | Deleted
)


@dataclass(frozen=True)
class History:
    """What happens, and with what."""

    setting: Setting
    steps: list[Step] = field(default_factory=list)


def history_of(seed: int, number: int) -> History:
    """The history of that number.

    Args:
        seed: Another one makes other histories.
        number: Neighbouring ones differ in destination, and in who shares a dataset. Every 25th
            loads everything there is.
    """
    return _Draw(random.Random(f"soak {seed} {number}"), number).history()


class _Draw:
    def __init__(self, chance: random.Random, number: int) -> None:
        self._chance = chance
        self._setting = self._set_up(number)
        self._saved = False

    def history(self) -> History:
        steps: list[Step] = []
        for tenant in self._chance.sample(TENANTS, self._chance.choice([1, 2])):
            first = self._sync(tenant, self._setting.resources)
            if self._chance.random() < 0.2:
                steps.append(self._killed(first))
            steps.append(first)
        for _ in range(EVENTS):
            steps += [self._work() for _ in range(self._chance.randint(FEWEST, MOST))]
            steps.append(self._event())
        for tenant in self._chance.sample(TENANTS, 2):
            steps.append(self._sync(tenant, self._setting.resources))
        return History(self._setting, steps)

    def _set_up(self, number: int) -> Setting:
        chance = self._chance
        destination = {3: "postgres", 6: "parquet"}.get(number % 8, "duckdb")
        source = histories.Setting(
            order=chance.choice(["key", "hashed"]),
            caps=(),
            cap=0,
            compares=True,
            page_size=chance.choice([5, 20, 100]),
            lag=timedelta(minutes=5),
            seed=chance.randrange(10**6),
        )
        count = len(RESOURCES) if number % 25 == 24 else chance.choice([1, 1, 1, 2, 2])
        return Setting(
            destination=destination,
            shared=destination != "parquet" and number % 2 == 0,
            tenant_data=chance.choice(["own", "snapshot"]),
            resources=tuple(sorted(chance.sample(RESOURCES, count), key=RESOURCES.index)),
            sessions=chance.choice([1, 2]),
            source=source,
        )

    def _work(self) -> Work:
        chance, tenant = self._chance, self._chance.choice(TENANTS)
        roll = chance.random()
        if roll < 0.15:
            return Work(tenant, Pause(chance.choice([1, 61, 400, 86_400])))
        if roll < 0.35:
            seconds = chance.choice([60, 240, 86_400])
            return Work(tenant, Late(chance.choice(ENTITIES), chance.random() < 0.5, seconds))
        loaded = [one for one in ENTITIES if one in self._setting.resources]
        edited = [*loaded, *loaded, *ENTITIES, "JournalTransaction"]
        kinds = chance.choice([ALL, ("delete",), ("lines",), ("update", "lines"), ("insert",)])
        return Work(tenant, Edit(chance.choice(edited), kinds, chance.randint(1, 6)))

    def _event(self) -> Step:
        chance, duckdb = self._chance, self._setting.destination == "duckdb"
        if self._saved and chance.random() < 0.7:
            self._saved = False
            return Restored()
        entities = [one for one in self._setting.resources if one in ENTITIES]
        events = {
            "sync": 4,
            "killed": 6,
            "interrupted": 2,
            "refused": 2,
            "met": 2,
            "misled": 2,
            "moved": 1,
            "saved": 2 if duckdb and not self._saved else 0,
            "emptied": 2 if self._setting.resources != (LEDGER,) else 0,
            "deleted": 1 if entities else 0,
        }
        (event,) = chance.choices([*events], [*events.values()])
        sync = self._sync(chance.choice(TENANTS))
        match event:
            case "killed":
                return self._killed(sync)
            case "interrupted":
                return Interrupted(sync, chance.randint(1, 12))
            case "refused":
                return Refused(sync, chance.choice(sync.resources))
            case "met":
                other = self._sync(chance.choice(TENANTS))
                sync = Sync(sync.tenant, sync.resources, "command")
                return Met(sync, other, chance.randint(1, 5))
            case "misled":
                return Misled(sync, chance.choice(["address", "site", "tenant", "landed"]))
            case "moved":
                return Moved(sync)
            case "saved":
                self._saved = True
                return Saved()
            case "emptied":
                listed = [one for one in self._setting.resources if one != LEDGER]
                return Emptied(Sync(sync.tenant, (chance.choice(listed),), sync.way))
            case "deleted":
                return Deleted(sync, chance.choice(entities), chance.choice([0, 0, 2]))
            case _:
                return sync

    def _killed(self, sync: Sync) -> Killed:
        moment = self._chance.choice(["request", "write", "write", "noted"])
        most = {"request": 15, "write": 60, "noted": 8}[moment]
        return Killed(sync, moment, self._chance.randint(1, most))

    def _sync(self, tenant: str, resources: tuple[str, ...] | None = None) -> Sync:
        if resources is None:
            count = self._chance.choice([1, 1, 2])
            drawn = self._chance.sample(
                self._setting.resources, min(count, len(self._setting.resources))
            )
            resources = tuple(sorted(drawn, key=RESOURCES.index))
        return Sync(tenant, resources, self._chance.choice(["lines", "lines", "lines", "command"]))
