"""Plays a history, and holds the dataset to the source after each step."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.resources.histories import Users
from tests.resources.proxy import Proxy, Query, proxy
from tests.soak.histories import (
    CLASS,
    LEDGER,
    RECORDS,
    TENANTS,
    Deleted,
    Emptied,
    History,
    Interrupted,
    Killed,
    Met,
    Misled,
    Moved,
    Refused,
    Restored,
    Saved,
    Step,
    Sync,
    Work,
)
from tests.soak.places import Place, Tables
from tests.soak.processes import WHOLE, Errors, Task, done, in_process, interrupted, resumed
from tests.soak.truth import Key, Truth, check_others, tables_of

NOT_SHOWN = ("are not shown by the source", "has an id that the source shows")
FORM = {LEDGER: "AccountDetailsForPeriodInquiry"}
"""What is asked for a resource that is called otherwise."""
IDLE = 601
"""Seconds after which the server takes a seat back that nobody uses."""
MISLED = {
    "address": "Nothing was changed",
    "site": "Nothing was changed",
    "tenant": "Dataset ",
    "landed": "ended in tenant",
}
"""What a sync says that is set up for another source."""


def play(history: History, place: Place, folder: Path, fault: str | None = None) -> None:
    """Play a history.

    Args:
        history: What happens.
        place: An empty destination.
        folder: For all else.
        fault: A fault that is put back into other processes, as it is into this one.

    Raises:
        AssertionError: the dataset is not as it should be; a note says after which step.
    """
    setting = history.setting
    options = SandboxOptions(
        records=RECORDS,
        seed=setting.source.seed,
        list_order=setting.source.order,
        tenants=TENANTS,
        tenant_data=setting.tenant_data,
        license="unlimited",
    )
    with Sandbox(options) as sandbox, proxy(sandbox) as one, proxy(sandbox) as other:
        played = _Played(history, place, folder, sandbox, (one, other), fault)
        for number, step in enumerate(history.steps):
            try:
                played.step(step)
            except BaseException as error:
                error.add_note(f"Step {number}: {step}")
                error.add_note(f"With {setting}")
                raise
        assert sandbox.control.counters()["seats_now"] == 0, "seats are left"


class _Played:
    def __init__(
        self,
        history: History,
        place: Place,
        folder: Path,
        sandbox: Sandbox,
        sites: tuple[Proxy, Proxy],
        fault: str | None,
    ) -> None:
        self._setting = history.setting
        self._place = place
        self._folder = folder
        self._sandbox = sandbox
        self._sites = sites
        self._fault = fault
        self._users = {one: Users(sandbox, history.setting.source, one) for one in TENANTS}
        self._at = dict.fromkeys(TENANTS, 0)
        """Which of the sites the dataset counts as that of, by tenant."""
        self._bound: set[str] = set()
        """Tenants whose dataset says so."""
        self._left: Counter[Key] = Counter()
        """How often rows have left the tables for good, whatever became of the run."""
        self._known: set[tuple[str, str]] = set()
        """Resources, by tenant, of which a load has ended: before, nothing counts as loaded."""
        self._saved = (self._at, self._bound, self._left, self._known)
        self._killed: set[int] = set()
        """Processes that were killed."""

    def step(self, step: Step) -> None:
        match step:
            case Work():
                self._users[step.tenant].do(step.what)
            case Sync():
                self._sync(step)
            case Killed():
                self._kill(step)
            case Interrupted():
                self._interrupt(step)
            case Refused():
                self._refuse(step)
            case Met():
                self._meet(step)
            case Misled():
                self._mislead(step)
            case Moved():
                self._at[step.sync.tenant] = 1 - self._at[step.sync.tenant]
                self._sync(step.sync, adopt=True)
            case Saved():
                self._place.save()
                kept = (dict(self._at), set(self._bound), Counter(self._left), set(self._known))
                self._saved = kept
            case Restored():
                self._place.restore()
                at, bound, left, known = self._saved
                self._known = set(known)
                self._at, self._bound, self._left = dict(at), set(bound), Counter(left)
            case Emptied():
                self._empty(step.sync)
            case Deleted():
                self._delete(step)

    # ----- what a sync does, and what it has to do

    def _sync(
        self,
        sync: Sync,
        *,
        failing: Callable[[Errors], None] | None = None,
        refused: str | None = None,
        run: Callable[[Task], Errors | None] = done,
        **changes: Any,
    ) -> None:
        """Sync and check.

        Args:
            sync: What.
            failing: Checks why `refused` fails.
            refused: A resource that has to fail.
            run: How; None if it did not end.
            changes: Of the task.
        """
        task = self._task(sync, **changes)
        self._settle(task)
        source = Truth(self._sandbox, sync.tenant)
        before = self._tables(sync.tenant)
        many = {one for one in sync.resources if source.are_too_many(before, one)}
        errors = run(task)
        after = self._tables(sync.tenant)
        self._note_left(sync.tenant, before, after)
        if errors is None:
            check_others(before, after, sync.tenant, sync.resources)
            return
        expected = {refused} if refused else set()
        if not task.allow_deletes:
            expected |= many
        whole = sync.way == "lines"
        failed = {WHOLE} if whole and expected else expected
        assert set(errors) == failed, f"to fail: {failed}, failed: {errors}"
        if refused and failing:
            if not whole or not many:
                failing(errors)
        elif expected:
            assert all(any(one in text for one in NOT_SHOWN) for text in errors.values()), errors
        loaded = set() if whole and expected else set(sync.resources) - expected
        check_others(before, after, sync.tenant, loaded)
        for resource in sorted(loaded):
            source.check(after, resource)
        self._check_record(source, before, after, loaded)
        self._known |= {(sync.tenant, resource) for resource in loaded}
        self._check_seats()
        if loaded:
            self._bound.add(sync.tenant)
        if many and not refused and not task.allow_deletes:
            self._sync(sync, allow_deletes=True, **changes)

    def _check_record(self, source: Truth, before: Tables, after: Tables, loaded: set[str]) -> None:
        """Exactly what was deleted is put on record."""
        new = source.recorded(after)
        new.subtract(source.recorded(before))
        gone: Counter[Any] = Counter()
        for resource in loaded:
            if (source.tenant, resource) in self._known:
                gone.update(source.gone(before, resource))
        found = {key: count for key, count in new.items() if count}
        recorded = source.recorded(after)
        wrong = {
            key: f"{gone[key]} deleted, {found.get(key, 0)} on record"
            for key in {*found, *gone}
            if gone[key] != found.get(key, 0)
            and any(key[0] == tables_of(one)[0] for own, one in self._known if own == source.tenant)
            # a run that did not end may have put it on record
            and recorded[key] != self._left[source.tenant, *key]
        }
        assert not wrong, wrong
        lost = {key for key, count in self._left.items() if recorded[key[1:]] < count}
        lost = {key for key in lost if key[0] == source.tenant}
        assert not lost, f"left in a run that did not end, and never put on record: {lost}"

    def _note_left(self, tenant: str, before: Tables, after: Tables) -> None:
        """Keep in mind which rows are not there any more that the source has not any more."""
        source = Truth(self._sandbox, tenant)
        for resource in self._setting.resources:
            if resource != LEDGER and (tenant, resource) in self._known:
                left = source.gone(before, resource).keys() - source.gone(after, resource).keys()
                self._left.update((tenant, *key) for key in left)

    def _settle(self, task: Task) -> None:
        """Let dlt finish what is left of a run by lines; nothing of others may change by it."""
        if task.way != "lines":
            return
        before = self._tables(task.tenant)
        if resumed(task):
            after = self._tables(task.tenant)
            for tenant in TENANTS if self._setting.shared else (task.tenant,):
                self._note_left(tenant, before, after)
            if not self._setting.shared:
                check_others(before, after, task.tenant, self._setting.resources)

    def _check_seats(self) -> None:
        if not self._killed:
            assert self._sandbox.control.counters()["seats_now"] == 0, "seats are left"

    def _tables(self, tenant: str) -> Tables:
        tables = self._place.tables(self._dataset(tenant))
        writers = [one for one in self._entries(tenant, tables) if one["kind"] == "writer"]
        known = {f"process {one}" for one in self._killed}
        left = [one for one in writers if one["process"].partition(" on ")[0] not in known]
        assert not left, f"a lease is left: {left}"
        return tables

    def _entries(self, tenant: str, tables: Tables) -> Iterator[dict[str, Any]]:
        yield from tables.get("_acumatica", [])
        if self._place.kind == "parquet":
            folder = Path(self._place.location) / self._dataset(tenant) / "_acumatica"
            for file in folder.glob("*.json"):
                yield json.loads(file.read_text())

    def _dataset(self, tenant: str) -> str:
        return "both" if self._setting.shared else tenant.lower()

    def _task(self, sync: Sync, **changes: Any) -> Task:
        task = Task(
            place=self._place,
            dataset=self._dataset(sync.tenant),
            pipelines=str(self._folder / "pipelines"),
            base_url=self._sites[self._at[sync.tenant]].credentials.base_url,
            tenant=sync.tenant,
            resources=sync.resources,
            way=sync.way,
            source=self._setting.source,
            sessions=self._setting.sessions,
            tenant_column=self._setting.shared,
        )
        return replace(task, **changes)

    # ----- what goes wrong

    def _kill(self, step: Killed) -> None:
        def run(task: Task) -> Errors | None:
            ended = in_process(task, self._fault, step.moment, step.count)
            if ended.errors is None:
                self._killed.add(ended.process)
                self._sandbox.control.advance(IDLE)
            return ended.errors

        self._sync(step.sync, run=run)

    def _interrupt(self, step: Interrupted) -> None:
        self._sync(step.sync, run=lambda task: interrupted(task, step.count))
        self._check_seats()

    def _refuse(self, step: Refused) -> None:
        def named(errors: Errors) -> None:
            assert FORM.get(step.resource, step.resource) in str(errors), errors
            assert "403" in str(errors), errors

        closed = {"features_off": (FORM.get(step.resource, step.resource),)}
        if step.resource == CLASS:
            closed = {"dac_refused": (CLASS,)}
        control = self._sandbox.control
        control.set_options(**closed)
        try:
            self._sync(step.sync, refused=step.resource, failing=named)
        finally:
            control.set_options(features_off=(), dac_refused=())

    def _meet(self, step: Met) -> None:
        tenant = step.other.tenant if self._setting.shared else step.sync.tenant
        folder = str(self._folder / "elsewhere")
        other = self._task(replace(step.other, tenant=tenant), pipelines=folder)
        answers: list[Errors | None] = []
        count = 0

        def begin(path: str, query: Query) -> None:
            nonlocal count
            count += 1
            if count == step.request:
                answers.append(in_process(other, self._fault).errors)

        with self._hooked(before=begin):
            self._sync(step.sync)
        for errors in answers:
            assert errors, "two wrote at once"
            assert "One run at a time" in str(errors), errors

    def _mislead(self, step: Misled) -> None:
        tenant = step.sync.tenant
        if tenant not in self._bound:
            return
        task = self._task(step.sync)
        with ExitStack() as stack:
            match step.how:
                case "address":
                    other = self._sites[1 - self._at[tenant]].credentials.base_url
                    task = replace(task, base_url=other)
                case "site":
                    options = SandboxOptions(
                        records=50, tenants=TENANTS, tenant_data="own", license="unlimited"
                    )
                    site = stack.enter_context(Sandbox(options))
                    task = replace(task, base_url=site.base_url)
                case "tenant" if self._setting.shared:
                    task = replace(task, tenant_column=False)
                case "tenant":
                    (other_tenant,) = set(TENANTS) - {tenant}
                    task = replace(task, tenant=other_tenant)
                case _:
                    if tenant == TENANTS[0]:
                        return
                    self._sandbox.control.set_options(lands_on_default=True)
                    stack.callback(self._sandbox.control.set_options, lands_on_default=False)
            self._settle(task)
            before = self._tables(tenant)
            errors = done(task)
            assert set(errors) == {WHOLE}, errors
            assert MISLED[step.how] in errors[WHOLE], errors
            check_others(before, self._tables(tenant), tenant, ())
            self._check_seats()

    def _empty(self, sync: Sync) -> None:
        (resource,) = sync.resources
        source = Truth(self._sandbox, sync.tenant)
        loaded = source.own(self._tables(sync.tenant), tables_of(resource)[0])
        if not loaded:
            return

        def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
            return [] if path.endswith(f"/{resource}") else rows

        def rewrite(path: str, body: bytes) -> bytes:
            return b'{"value":[]}' if path.endswith(f"/{CLASS}") else body

        def emptied(errors: Errors) -> None:
            assert any(one in str(errors) for one in NOT_SHOWN), errors

        changed = {"rewrite": rewrite} if resource == CLASS else {"edit": edit}
        with self._hooked(**changed):
            self._sync(sync, refused=resource, failing=emptied)

    def _delete(self, step: Deleted) -> None:
        control, tenant = self._sandbox.control, step.sync.tenant
        records = control.rows(step.entity, tenant=tenant)
        gone = records[step.left :]
        for record in gone:
            control.delete(step.entity, record["id"], tenant=tenant)
        self._sync(replace(step.sync, resources=(step.entity,)))
        for record in gone:
            control.put(step.entity, record, tenant=tenant)

    @contextmanager
    def _hooked(self, **hooks: Any) -> Iterator[None]:
        """Have the sites do something for as long as the block runs."""
        kept = [(site, name, getattr(site, name)) for site in self._sites for name in hooks]
        for site, name, _ in kept:
            setattr(site, name, hooks[name])
        try:
            yield
        finally:
            for site, name, hook in kept:
                setattr(site, name, hook)
