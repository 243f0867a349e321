"""What a dataset has to hold, and what of it a sync has to refuse."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from acumatica_sandbox import Sandbox
from acumatica_source.reading.deletion_limit import FEWEST, SHARE
from tests.resources.warehouse import LEDGER as LEDGER_COLUMNS
from tests.resources.warehouse import NAMING, Row, by_identity, plain, posted, truth
from tests.soak.histories import CLASS, LEDGER
from tests.soak.places import Tables
from tests.soak.processes import PERIODS

DELETIONS = "_deletions"
_CLASS = ("order_type", "order_nbr", "order_desc", "last_modified_date_time")
_ORDER = ("order_type", "order_nbr", "description", "last_modified")
"""The same columns of the entity."""

Key = tuple[str, ...]
"""What a deletion is put on record by: table and id, or table and key."""


def tables_of(resource: str) -> tuple[str, ...]:
    """The tables of a resource."""
    name = str(NAMING.normalize_tables_path(resource))
    return (name,) if resource in (CLASS, LEDGER) else (name, f"{name}__details")


class Truth:
    """The data of a tenant at the source, as they are now."""

    def __init__(self, sandbox: Sandbox, tenant: str) -> None:
        self._sandbox = sandbox
        self.tenant = tenant

    def own(self, tables: Tables, table: str) -> list[Row]:
        """The rows of a table that are this tenant's."""
        rows = tables.get(table, [])
        return [row for row in rows if row.get("_tenant", self.tenant) == self.tenant]

    def check(self, tables: Tables, resource: str) -> None:
        """Fail if the tables of a resource are not as the source is."""
        main = tables_of(resource)[0]
        if resource == LEDGER:
            found = [_values(row, LEDGER_COLUMNS) for row in self.own(tables, main)]
            assert sorted(found) == posted(self._sandbox, PERIODS, self.tenant), main
        elif resource == CLASS:
            found = [_values(row, _CLASS) for row in self.own(tables, main)]
            assert Counter(found) == Counter(self._orders()), main
        else:
            expected = truth(self._sandbox, resource, self.tenant)
            for table in tables_of(resource):
                rows = self.own(tables, table)
                columns = {name for row in rows for name in row}
                theirs = {
                    identity: {name: value for name, value in row.items() if name in columns}
                    for identity, row in expected.get(table, {}).items()
                }
                assert by_identity(table, rows) == theirs, table

    def gone(self, tables: Tables, resource: str) -> dict[Key, int]:
        """The rows that are loaded, and that the source does not have: how many, by their key."""
        main = tables_of(resource)[0]
        rows = self.own(tables, main)
        if resource == LEDGER:
            periods = Counter(line[0] for line in posted(self._sandbox, PERIODS, self.tenant))
            loaded = Counter(row["_period"] for row in rows)
            return {(main, one): loaded[one] - periods[one] for one in loaded - periods}
        there = (
            {row["id"] for row in self._sandbox.control.rows(resource, tenant=self.tenant)}
            if (resource != CLASS)
            else {order[:2] for order in self._orders()}
        )
        ids = [row["id"] if resource != CLASS else _values(row, _CLASS[:2]) for row in rows]
        return {
            (main, *([one] if isinstance(one, str) else one)): 1 for one in ids if one not in there
        }

    def are_too_many(self, tables: Tables, resource: str) -> bool:
        """Whether more are gone than may be unasked."""
        gone = sum(self.gone(tables, resource).values())
        loaded = len(self.own(tables, tables_of(resource)[0]))
        return gone > 0 and (gone > max(FEWEST, SHARE * loaded) or gone == loaded)

    def recorded(self, tables: Tables) -> Counter[Key]:
        """How many rows are on record as deleted, by their key."""
        count: Counter[Key] = Counter()
        for row in tables.get(DELETIONS, []):
            if row["tenant"] == self.tenant:
                count[row["table_name"], *_key(row)] += row["rows"]
        return count

    def _orders(self) -> Iterator[tuple[Any, ...]]:
        for row in truth(self._sandbox, "SalesOrder", self.tenant)["sales_order"].values():
            yield _values(row, _ORDER)


def _key(row: Row) -> Key:
    if row["id"] is not None:
        return (row["id"],)
    key = json.loads(row["key"])
    return (key["_period"],) if "_period" in key else (key["OrderType"], key["OrderNbr"])


def _values(row: Row, names: Collection[str]) -> tuple[Any, ...]:
    known = plain(row)
    return tuple(known.get(name) for name in names)


def check_others(before: Tables, after: Tables, tenant: str, changed: Collection[str]) -> None:
    """Fail if anything has changed but some resources of a tenant.

    Args:
        before: What was there.
        after: What is there.
        tenant: Whose rows may have changed.
        changed: Resources of which they may; of these, the record of deletions as well.
    """
    free = {table for resource in changed for table in tables_of(resource)}
    if changed:
        free.add(DELETIONS)
    for table in sorted({*before, *after} - {"_acumatica"}):
        was, is_now = (
            Counter(
                _frozen(row)
                for row in tables.get(table, [])
                if table not in free
                or row.get("_tenant" if table != DELETIONS else "tenant", tenant) != tenant
            )
            for tables in (before, after)
        )
        assert is_now == was, f"{table} has changed: {_few(is_now - was)} for {_few(was - is_now)}"


def _few(rows: Counter[str]) -> str:
    """How many rows, and one of them."""
    return f"{rows.total()} rows ({next(iter(rows), 'none')})"


def _frozen(row: Row) -> str:
    return str(sorted((name, str(value)) for name, value in row.items() if value is not None))
