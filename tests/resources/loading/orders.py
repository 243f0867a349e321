"""Orders with lines, held in memory, and a reader that shows them to the engine."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage
from acumatica_source.arrow.shape import Node, PageShape, TableShape
from acumatica_source.paging.keyset import Position
from acumatica_source.paging.model import RowKey
from acumatica_source.paging.ranges import always
from acumatica_source.reading.errors import StampRefused
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.rhythm import Rhythm
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.single_records import Unreadable
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.run import load

NO_RHYTHM = Rhythm.of("never")
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

TYPES = {
    "id": pa.string(),
    "Nbr": pa.int64(),
    "Changed": pa.timestamp("us", "UTC"),
    "Memo": pa.string(),
    "Novel": pa.string(),
}
LINES = pa.schema(
    [
        pa.field("_parent_id", pa.string(), nullable=False),
        pa.field("_position", pa.int64(), nullable=False),
        pa.field("Qty", pa.int64()),
    ]
)


@dataclass
class Order:
    """One order at the source."""

    id: str
    Nbr: int
    Changed: datetime | None = NOON
    Memo: str = "as it was"
    lines: Sequence[int] = ()
    taxes: Sequence[int] = ()
    listed: bool = True
    """Whether lists show it; it is there all the same."""
    Novel: str = "new"
    archived: bool = False
    """Whether it is there, but left out everywhere."""


@dataclass
class OrderReader:
    """Reads orders from memory, and notes what it is asked for."""

    orders: list[Order]
    name: str = "Order"
    columns: Sequence[str] = ("id", "Nbr", "Changed", "Memo")
    identity: tuple[str, ...] = ("id",)
    keys: tuple[str, ...] = ()
    stamp: str | None = "Changed"
    page_size: int = 3
    listed_at_once: int = 1_000
    is_limited: bool = False
    named_at_once: int = 2
    started: datetime | None = NOON + MINUTE
    unreadable: Sequence[Unreadable] = ()
    undeclared: Sequence[str] = ()
    notes: tuple[str, ...] = ()
    shows_stamp: bool = True
    takes_stamp: bool = True
    details: Sequence[str] = ("Lines",)
    """`Lines` and `Taxes`, or some of them."""
    skips_loaded: bool = False
    goes_by_keys: bool = True
    repeats: Sequence[str] = ()
    """Ids of orders that every read shows once more at its end."""
    asked: list[Any] = field(default_factory=list)

    @property
    def shape(self) -> PageShape:
        schema = pa.schema(
            [pa.field(name, TYPES[name], nullable=name != "id") for name in self.columns]
        )
        lists: dict[tuple[str, ...], Node] = {
            (one,): Node(TableShape(("Order", one), LINES)) for one in self.details
        }
        root = Node(TableShape(("Order",), schema), lists)
        return PageShape("Order", root, pa.schema([]))

    def pages(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
        more: Callable[[], bool] = always,
    ) -> Generator[ParsedPage, None, None]:
        self.asked.append(("pages", since if after is None else after.last[0]))
        if since is not None and not self.takes_stamp:
            raise StampRefused("The stamp cannot be compared.")
        listed = [one for one in self.orders if one.listed]
        if after is not None:
            listed = [one for one in listed if one.Nbr > after.last[0]]  # type: ignore[operator]
        if (since, until) != (None, None):
            listed = [one for one in listed if _within(one.Changed, since, until)]
        if self.skips_loaded and loaded is not None and listed:
            held = loaded.holds(self._stamped(listed)).to_pylist()
            listed = [one for one, known in zip(listed, held, strict=True) if not known]
        for page in self._in_pages([*listed, *(o for o in listed if o.id in self.repeats)]):
            yield page
            if not more():
                return

    def stamps(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
        loaded: LoadedRows | None = None,
    ) -> Generator[pa.Table, None, None]:
        window = None if (since, until) == (None, None) else (since, until)
        self.asked.append("stamps" if window is None else ("stamps", *window))
        if not self.shows_stamp:
            raise StampRefused("The stamp cannot be shown.")
        listed = [
            one
            for one in self.orders
            if one.listed and (window is None or _within(one.Changed, since, until))
        ]
        for start in range(0, len(listed), self.page_size):
            yield self._stamped(listed[start : start + self.page_size])

    def position(self, before: Position | None, page: ParsedPage) -> Position | None:
        numbers = page.tables["Order"].column("Nbr").to_pylist()
        return Position((numbers[-1],)) if numbers and self.goes_by_keys else before

    def rows(self, keys: pa.Table) -> Generator[ParsedPage, None, None]:
        self.asked.append(("rows", keys.num_rows))
        wanted = self._names(keys)
        yield from self._in_pages([one for one in self.orders if self._name(one) in wanted])

    def existing(self, keys: pa.Table) -> set[RowKey]:
        self.asked.append(("existing", keys.num_rows))
        return {self._name(one) for one in self.orders if not one.archived} & self._names(keys)

    def archived(self, keys: pa.Table) -> set[RowKey]:
        return {self._name(one) for one in self.orders if one.archived} & self._names(keys)

    def without_keys(self) -> "OrderReader":
        self.keys = ()
        return self

    def _names(self, rows: pa.Table) -> set[RowKey]:
        columns = [rows.column(name).to_pylist() for name in self.keys or self.identity]
        return set(zip(*columns, strict=True))

    def _name(self, order: Order) -> RowKey:
        return tuple(getattr(order, name) for name in self.keys or self.identity)

    def _stamped(self, orders: Sequence[Order]) -> pa.Table:
        named = dict.fromkeys([*self.identity, *self.keys])
        rows = [
            {**{n: getattr(o, n) for n in named}, "stamp": getattr(o, self.stamp or "Changed")}
            for o in orders
        ]
        schema = pa.schema([*((n, TYPES[n]) for n in named), ("stamp", TYPES["Changed"])])
        return pa.Table.from_pylist(rows, schema)

    def _in_pages(self, orders: Sequence[Order]) -> Iterator[ParsedPage]:
        tables = self.shape.tables
        for start in range(0, len(orders), self.page_size):
            page = orders[start : start + self.page_size]
            rows = [{name: getattr(one, name) for name in self.columns} for one in page]
            made = {"Order": pa.Table.from_pylist(rows, tables[0].schema)}
            for table in tables[1:]:
                lines = [
                    {"_parent_id": one.id, "_position": place, "Qty": quantity}
                    for one in {one.id: one for one in page}.values()
                    for place, quantity in enumerate(getattr(one, table.path[-1].lower()))
                ]
                made[table.name] = pa.Table.from_pylist(lines, LINES)
            yield ParsedPage(made, len(page), self.notes)


def _within(stamp: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    return stamp is not None and (
        (since is None or stamp >= since) and (until is None or stamp < until)
    )


def sync(pipeline: dlt.Pipeline, reader: OrderReader, **options: Any) -> RunReport:
    """Load what a reader shows; what was asked of it before is forgotten."""
    report = RunReport()
    reader.asked.clear()
    given = {"lag": 5 * MINUTE, "rhythm": Rhythm(), "full": False, "row_options": "", **options}

    @dlt.resource(name="orders")
    def orders() -> Any:
        with ThreadPoolExecutor(1) as executor:
            yield from load(reader, executor, LoadOptions(resource="orders", **given), report)

    pipeline.run(orders(), loader_file_format="parquet")
    return report


def held(pipeline: dlt.Pipeline) -> dict[str, tuple[int, str, list[int]]]:
    """Number, memo and lines of what a database holds, by id; each may be there once only."""
    with pipeline.sql_client() as client:
        orders = client.execute_sql('SELECT id, nbr, memo FROM "order"')
        lines = client.execute_sql(
            "SELECT _parent_id, qty FROM order__lines ORDER BY _parent_id, _position"
        )
    assert len({one for one, *_ in orders or ()}) == len(orders or ()), "orders are there twice"
    assert {parent for parent, _ in lines or ()} <= {one for one, *_ in orders or ()}
    return {
        one: (number, memo, [qty for parent, qty in lines or () if parent == one])
        for one, number, memo in orders or ()
    }


def shown(orders: Sequence[Order]) -> dict[str, tuple[int, str, list[int]]]:
    """The same of what the source has."""
    return {one.id: (one.Nbr, one.Memo, list(one.lines)) for one in orders}
