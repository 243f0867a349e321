"""Faults that a soak has to find, put back one at a time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.resources import claim
from acumatica_source.resources.loading.mending import Mending
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.sweep import Difference, Loaded
from acumatica_source.resources.loading.tables import Target
from acumatica_source.running import runner
from acumatica_source.warehouse import lease

Put = Callable[..., None]


def any_source(put: Put) -> None:
    """A dataset is loaded from any instance and tenant."""
    for module in (claim, runner):
        put(module, "check", lambda *arguments, **options: None)


def any_number(put: Put) -> None:
    """Any number of rows may vanish."""
    put(DeletionLimit, "check", lambda self, resource, gone, loaded: None)
    put(DeletionLimit, "check_common", lambda self, resource, loaded: None)


def all_tenants(put: Put) -> None:
    """The sweep compares the rows of all tenants with those of one."""

    def rows(self: LoadedTables, *arguments: Any) -> Any:
        return kept(replace(self, tenant=None), *arguments)

    kept = LoadedTables.rows
    put(LoadedTables, "rows", rows)


def details_of_all(put: Put) -> None:
    """Details are replaced by the ids of their records, whosever these are."""

    def with_tenant(self: Target, key: tuple[str, ...]) -> list[str]:
        return list(key) if key == ("_parent_id",) else kept(self, key)

    kept = Target._with_tenant
    put(Target, "_with_tenant", with_tenant)


def unchanged_is_gone(put: Put) -> None:
    """What is not among the rows that changed is deleted."""

    def gone(self: Mending, found: Difference, loaded: Loaded) -> Any:
        rows = self.unseen(loaded.rows.drop_columns(["stamp"]))
        yield from kept(self, replace(found, gone=rows), loaded)

    kept = Mending.gone
    put(Mending, "gone", gone)
    put(Mending, "confirmed", lambda self, gone, names: gone)


def resumed(put: Put) -> None:
    """A run begins with what a killed one has left in the local folder."""
    put(runner, "start_from_destination", lambda pipeline: pipeline.sync_destination())


def no_lease(put: Put) -> None:
    """Whoever else writes to a dataset is not heeded."""
    put(lease, "_is_live", lambda one: False)


FAULTS: dict[str, Callable[[Put], None]] = {
    "any_source": any_source,
    "any_number": any_number,
    "all_tenants": all_tenants,
    "details_of_all": details_of_all,
    "unchanged_is_gone": unchanged_is_gone,
    "resumed": resumed,
    "no_lease": no_lease,
}
