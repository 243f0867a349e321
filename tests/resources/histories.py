"""Random histories: what users do before, between and during syncs."""

import dataclasses
import random
from datetime import timedelta

from acumatica_sandbox import Sandbox
from tests.resources.proxy import Query

ENTITIES = ("SalesOrder", "Invoice", "Customer")
KEYS = {
    "SalesOrder": "OrderNbr",
    "Invoice": "ReferenceNbr",
    "Bill": "ReferenceNbr",
    "Customer": "CustomerID",
}
STAMPS = {
    "SalesOrder": "LastModified",
    "Invoice": "LastModifiedDateTime",
    "Bill": "LastModifiedDateTime",
    "Customer": "LastModifiedDateTime",
}
EDITED = (*ENTITIES, "JournalTransaction")
ALL = ("update", "insert", "delete", "lines")


@dataclasses.dataclass(frozen=True)
class Edit:
    """Users work."""

    entity: str
    kinds: tuple[str, ...]
    changes: int


@dataclasses.dataclass(frozen=True)
class Late:
    """A record that was stamped some time ago is seen only now."""

    entity: str
    new: bool
    """Whether it is a new one, not a change of an old one."""
    seconds: int


@dataclasses.dataclass(frozen=True)
class Pause:
    """Time goes by."""

    seconds: int


@dataclasses.dataclass(frozen=True)
class During:
    """What happens while one of the requests of a sync is under way."""

    request: int
    before: bool
    """Whether the answer shows it."""
    edit: Edit
    seconds: int
    """How long it takes."""


@dataclasses.dataclass(frozen=True)
class Sync:
    """A sync, and what happens during it."""

    during: tuple[During, ...]
    way: str
    """How it is started."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """How the server and the sync are set up."""

    order: str
    caps: tuple[str, ...]
    cap: int
    compares: bool
    page_size: int
    lag: timedelta
    seed: int


Step = Edit | Late | Pause | Sync

SYNCS = 4
FEWEST, MOST = 4, 7
"""Steps before each of them: at least twenty in all."""


def setting_of(number: int) -> Setting:
    """Neighbouring numbers differ in all that matters; 24 have every combination."""
    chance = random.Random(number)
    caps = ("cap_records",), ("cap_stamps",), ("cap_records", "cap_stamps"), ()
    return Setting(
        order=("hashed", "key", "random")[number % 3],
        caps=caps[number // 2 % 4],
        cap=chance.randint(3, 9),
        compares=number % 2 == 0,
        page_size=chance.randint(2, 12),
        lag=timedelta(minutes=5),
        seed=number + 1,
    )


def history_of(number: int) -> list[Step]:
    """What happens, the syncs included."""
    chance = random.Random(f"history {number}")
    steps: list[Step] = []
    for _ in range(SYNCS):
        steps += [_change(chance) for _ in range(chance.randint(FEWEST, MOST))]
        busy = chance.choice(EDITED)
        during = [_during(chance, busy) for _ in range(chance.randint(0, 6))]
        steps.append(Sync(tuple(during), chance.choice(["lines", "lines", "lines", "command"])))
    return steps


def _change(chance: random.Random) -> Edit | Late | Pause:
    roll = chance.random()
    if roll < 0.2:
        return Pause(chance.choice([1, 61, 400, 86_400]))
    if roll < 0.5:
        seconds = chance.choice([60, 240, 240, 86_400])
        return Late(chance.choice(ENTITIES), chance.random() < 0.5, seconds)
    return _edit(chance)


def _edit(chance: random.Random, busy: str | None = None) -> Edit:
    kinds = chance.choice([ALL, ALL, ("update", "lines"), ("insert",), ("delete",)])
    return Edit(busy or chance.choice(EDITED), kinds, chance.randint(1, 8))


def _during(chance: random.Random, busy: str) -> During:
    edit = _edit(chance, busy if chance.random() < 0.8 else None)
    return During(chance.randint(0, 20), chance.random() < 0.5, edit, chance.choice([0, 1, 400]))


FEWEST_RECORDS = 3
"""That are left of any entity: what is entered next resembles one of them."""


class Users:
    """Those who change a source, and what stamps cannot tell of that.

    Args:
        sandbox: The source.
        setting: How it is set up.
        tenant: Whose data they change; None for those of the first one.
    """

    def __init__(self, sandbox: Sandbox, setting: Setting, tenant: str | None = None) -> None:
        self._sandbox = sandbox
        self._tenant = tenant
        self._lag = setting.lag
        self._provable = setting.order != "random" and not setting.caps
        self._chance = random.Random(setting.seed)
        self.untold: set[str] = set()
        """Records whose stamps are so old that only a comparison can find them."""

    def do_during(self, one: During) -> None:
        """What they do while somebody reads.

        A limit, or an order that changes, can hide exactly as many rows as are deleted between an
        answer and the look behind it. Nothing tells that but the next comparison, so there are no
        such deletions here.
        """
        edit = one.edit
        if not self._provable:
            kinds = tuple(kind for kind in edit.kinds if kind != "delete") or ("insert",)
            edit = dataclasses.replace(edit, kinds=kinds)
        self.do(Pause(one.seconds))
        self.do(edit)

    def do(self, step: Edit | Late | Pause) -> None:
        """One step."""
        control = self._sandbox.control
        match step:
            case Edit():
                there = len(control.rows(step.entity, tenant=self._tenant))
                few = there < step.changes + FEWEST_RECORDS
                kinds = ["insert"] if few and "delete" in step.kinds else step.kinds
                seed = self._chance.randrange(10**6)
                control.mutate(step.changes, [step.entity], kinds, seed, tenant=self._tenant)
            case Pause():
                control.advance(step.seconds)
            case Late():
                self._come_late(step)

    def records_of(self, entity: str) -> set[str | tuple[str, str]]:
        """Ids of the records that are there, and the keys of orders."""
        rows = self._sandbox.control.rows(entity, tenant=self._tenant)
        keys = {(r["OrderType"], r["OrderNbr"]) for r in rows if entity == "SalesOrder"}
        return {*(row["id"] for row in rows), *keys}

    def _come_late(self, step: Late) -> None:
        control = self._sandbox.control
        record = self._chance.choice(control.rows(step.entity, tenant=self._tenant))
        stamp = control.now() - timedelta(seconds=step.seconds)
        late = {**record, STAMPS[step.entity]: stamp}
        if step.new:
            number = self._chance.randrange(10**9)
            late |= {"id": None, KEYS[step.entity]: f"L{number:09}"}
            if "NoteID" in late:
                late["NoteID"] = None
        elif stamp <= record[STAMPS[step.entity]]:
            return  # nobody saves over a later change
        written = control.put(step.entity, late, tenant=self._tenant)
        if step.seconds >= self._lag.total_seconds():
            self.untold.add(str(written["id"]))


class Disturbances:
    """Does what happens during a sync as its requests come."""

    def __init__(self, users: Users, during: tuple[During, ...]) -> None:
        self._users = users
        self._during = during
        self._count = -1
        self.passing: set[str | tuple[str, str]] = set()
        """Ids of records that were there at some time, and the keys of orders."""

    def before(self, path: str, query: Query) -> None:
        """Before a request."""
        if _is_list(path):
            self._count += 1
            self._do(before=True)

    def after(self, path: str, query: Query) -> None:
        """Behind a request, before its answer arrives."""
        if _is_list(path):
            self._do(before=False)

    def _do(self, *, before: bool) -> None:
        for one in self._during:
            if one.request == self._count and one.before == before:
                self._users.do_during(one)
                self.passing |= self._users.records_of(one.edit.entity)


def _is_list(path: str) -> bool:
    return path.endswith((*(f"/{name}" for name in ENTITIES), "/SOOrder"))
