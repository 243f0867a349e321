"""How what a destination holds differs from the source: what is gone or outdated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.reading.deletion_limit import FEWEST
from acumatica_source.reading.light_records import STAMP

_MS = pa.timestamp("ms", "UTC")


@dataclass(frozen=True, slots=True)
class Naming:
    """The columns by which rows are compared."""

    identity: tuple[str, ...]
    """They identify a row in the destination."""
    keys: tuple[str, ...]
    """They name it at the source as well; empty if nothing else does."""
    stamp: str | None
    """The modification stamp; None where it is not compared."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rows that a destination holds, as far as they are compared."""

    rows: pa.Table
    """Identity, keys and `stamp`, each identity once."""
    doubled: pa.Table
    """The identities that more than one row has."""
    naming: Naming
    departed: pa.Table | None = None
    """Identity and keys of rows that stay although the source does not have them any more."""
    load_ids: pa.ChunkedArray | None = None
    """Which load brought each of the rows, where that is known."""
    more: bool = False
    """Whether the destination has more rows than these, which were asked for by number."""
    pending: pa.ChunkedArray | None = None
    """What each of the rows does not have yet, where any may lack something."""

    def without(self, gone: pa.Array) -> "Loaded":
        """What is loaded, these of its rows having departed."""
        stay = pc.invert(gone)
        departed = self.rows.filter(gone).drop_columns([STAMP])
        return replace(
            self,
            rows=self.rows.filter(stay),
            departed=departed
            if self.departed is None
            else pa.concat_tables([self.departed, departed]),
            load_ids=None if self.load_ids is None else self.load_ids.filter(stay),
            pending=None if self.pending is None else self.pending.filter(stay),
        )

    def among(self, chosen: pa.Array | pa.ChunkedArray) -> "Loaded":
        """These of its rows, as if there were no others."""
        rows = self.rows.filter(chosen)
        identity = self.doubled.column_names
        near = rows.select(identity).cast(self.doubled.schema)
        return replace(
            self,
            rows=rows,
            doubled=self.doubled.join(near, identity, join_type="left semi"),
            load_ids=None if self.load_ids is None else self.load_ids.filter(chosen),
            pending=None if self.pending is None else self.pending.filter(chosen),
        )

    def with_doubled(self, ids: pa.ChunkedArray) -> "Loaded":
        """What is loaded, the rows with these identities counting as doubled.

        Args:
            ids: Values of the one column that identifies rows.
        """
        rows = pa.table([ids], self.doubled.column_names).cast(self.doubled.schema)
        return replace(self, doubled=pa.concat_tables([self.doubled, rows]))

    def holds(self, rows: pa.Table) -> pa.Array:
        """Which of these rows, given by identity, keys and `stamp`, are loaded as they are."""
        numbered = rows.append_column("_row", pa.array(range(len(rows)), pa.int64()))
        held: set[int] = set()
        for columns in _ways(self.naming):
            near = pc.is_in(
                self.rows.column(columns[0]).cast(rows.schema.field(columns[0]).type),
                value_set=rows.column(columns[0]),
            )
            mine = _comparable(self.rows.filter(near).select([*columns, STAMP]), rows.schema)
            theirs = _comparable(numbered.select([*columns, STAMP, "_row"]), numbered.schema)
            both = theirs.join(
                _named_once(mine, columns), columns, join_type="inner", right_suffix="_loaded"
            )
            same = both.filter(_equal(both.column(STAMP), both.column(f"{STAMP}_loaded")))
            held.update(same.column("_row").to_pylist())
        return pa.array([place in held for place in range(len(rows))], pa.bool_())


@dataclass(frozen=True, slots=True)
class Difference:
    """How the destination differs from the source."""

    gone: pa.Table
    """Identity and keys of rows that only the destination has."""
    superseded: pa.Table
    """The same of rows whose key is listed with another identity: no longer theirs."""
    outdated: pa.Table
    """Identity, keys and `stamp` of rows that the destination lacks, or has with another stamp."""
    present: pa.Table
    """The identities that the source lists."""
    rows: int
    """Rows of the source."""
    disjoint: bool
    """Both have rows, but none in common: the source's identities do not last."""


def shared_keys(source: pa.Table, naming: Naming) -> bool:
    """Whether rows with different identities share their keys, so that these name none of them.

    Args:
        source: Identity and keys of every row of the source.
        naming: Which columns those are.
    """
    if not naming.keys:
        return False
    rows = source.group_by([*dict.fromkeys([*naming.identity, *naming.keys])]).aggregate([])
    keys = rows.group_by(list(naming.keys)).aggregate([])
    return len(rows) > len(keys)


def changed_identity(loaded: Loaded, source: pa.Table) -> bool:
    """Whether a row may be listed with another identity than it was loaded with.

    So it seems where a loaded row is not listed, and a listed one not loaded, that have one key and
    one stamp.
    """
    identity, keys = list(loaded.naming.identity), [*loaded.naming.keys, STAMP]
    named = [*dict.fromkeys([*identity, *keys])]
    there = _comparable(source.select(named), source.schema)
    here = _comparable(loaded.rows.select(named), source.schema)
    lost = here.join(there.select(identity), identity, join_type="left anti")
    new = there.join(here.select(identity), identity, join_type="left anti")
    return len(lost.join(new.select(keys), keys, join_type="left semi")) > 0


@dataclass(frozen=True, slots=True)
class Left:
    """What of the loaded rows did not come when all were read anew."""

    gone: pa.Table
    """Identity and keys of rows that the source does not have any more."""
    superseded: pa.Table
    """The identity of rows whose keys have come with another one."""
    keys: tuple[str, ...]
    """The columns that name rows, if any do."""


def left_of(loaded: Loaded, read: pa.Table) -> Left:
    """Compare what is loaded with all rows of the source, whatever their stamps.

    Args:
        loaded: What the destination holds.
        read: Identity and keys of every row of the source.
    """
    stamps = pa.repeat(pa.scalar(0, _MS), read.num_rows)
    read = read.append_column(STAMP, stamps)
    place = loaded.rows.column_names.index(STAMP)
    stamps = pa.repeat(pa.scalar(0, _MS), loaded.rows.num_rows)
    loaded = replace(loaded, rows=loaded.rows.set_column(place, STAMP, stamps))
    if shared_keys(read, loaded.naming) and not changed_identity(loaded, read):
        loaded = replace(loaded, naming=replace(loaded.naming, keys=()))
    gone, keys = difference(loaded, read).gone, list(loaded.naming.keys)
    identity = list(loaded.naming.identity)
    others = (
        [loaded.rows] if loaded.departed is None or not keys else [loaded.rows, loaded.departed]
    )
    rows = pa.concat_tables(
        _comparable(one.select([*identity, *keys]), read.schema) for one in others
    )
    rows = rows.join(read.select(identity), identity, join_type="left anti")
    superseded = rows.select(identity).slice(0, 0)
    if keys:
        superseded = rows.join(read.select(keys), keys, join_type="left semi").select(identity)
    return Left(gone, superseded, tuple(keys))


def difference(loaded: Loaded, source: pa.Table) -> Difference:
    """Compare what is loaded with the source, stamps to the millisecond.

    Rows are the same if their identities are, or else if their keys are: an identity may be another
    one in every session.

    Args:
        loaded: What the destination holds.
        source: Identity, keys and `stamp` of every row of the source.
    """
    naming = loaded.naming
    identity, named = list(naming.identity), [*dict.fromkeys([*naming.identity, *naming.keys])]
    there = _comparable(source.select([*named, STAMP]), source.schema)
    here = _comparable(loaded.rows.select([*named, STAMP]), source.schema)
    left = here.join(there.select(identity), identity, join_type="left anti")
    new = there.join(here.select(identity), identity, join_type="left anti")
    both = there.join(
        here.select([*identity, STAMP]), identity, join_type="inner", right_suffix="_loaded"
    )
    same = _equal(both.column(STAMP), both.column(f"{STAMP}_loaded"))
    stale = [both.filter(pc.invert(same)).select([*named, STAMP])]
    if loaded.doubled.num_rows:
        twice = there.join(loaded.doubled.select(identity), identity, join_type="left semi")
        stale.append(twice.select([*named, STAMP]))
    superseded = left.schema.empty_table()
    matched = 0
    if naming.keys:
        left, superseded, new, matched = _by_keys(left, new, there, list(naming.keys))
    outdated = pa.concat_tables([new.select([*named, STAMP]), *stale])
    return Difference(
        gone=left.select(named),
        superseded=superseded.select(named),
        outdated=_distinct(outdated, identity),
        present=there.select(identity),
        rows=there.num_rows,
        disjoint=here.num_rows > 0 and there.num_rows > 0 and both.num_rows + matched == 0,
    )


def _by_keys(
    left: pa.Table, new: pa.Table, there: pa.Table, keys: list[str]
) -> tuple[pa.Table, pa.Table, pa.Table, int]:
    """Match by their keys the rows that no identity matches.

    Returns:
        What is left of the loaded rows, those whose keys others have now, what is left of the new
        rows, and how many rows were matched. Numbers of documents are alike in any ERP, so of many
        rows only those count that have one stamp as well.
    """
    ours, theirs = _named_once(left, keys), _named_once(new, keys)
    pairs = theirs.join(
        ours.select([*keys, STAMP]), keys, join_type="inner", right_suffix="_loaded"
    )
    same = pairs.filter(_equal(pairs.column(STAMP), pairs.column(f"{STAMP}_loaded"))).select(keys)
    rest = left.join(same, keys, join_type="left anti")
    new = new.join(same, keys, join_type="left anti")
    superseded = rest.join(there.select(keys), keys, join_type="left semi")
    gone = rest.join(there.select(keys), keys, join_type="left anti")
    matched = pairs.num_rows if pairs.num_rows <= FEWEST else same.num_rows
    return gone, superseded, new, matched


def _ways(naming: Naming) -> list[list[str]]:
    return [list(one) for one in (naming.identity, naming.keys) if one]


def _named_once(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The rows that alone have their values in these columns."""
    counted = rows.group_by(list(columns)).aggregate([(STAMP, "min"), ([], "count_all")])
    once = counted.filter(pc.equal(counted.column("count_all"), 1))
    return once.select([*columns, f"{STAMP}_min"]).rename_columns([*columns, STAMP])


def _distinct(rows: pa.Table, identity: Sequence[str]) -> pa.Table:
    if not rows.num_rows:
        return rows
    numbered = rows.append_column("_row", pa.array(range(len(rows)), pa.int64()))
    first = numbered.group_by(list(identity)).aggregate([("_row", "min")]).column("_row_min")
    return rows.take(first.combine_chunks().sort())


def _equal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether stamps are the same; two that are missing are."""
    return pc.or_(
        pc.fill_null(pc.equal(one, other), False), pc.and_(pc.is_null(one), pc.is_null(other))
    )


def _comparable(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return pa.table(
        {
            name: rows.column(name).cast(_MS, safe=False)
            if name == STAMP
            else rows.column(name).cast(schema.field(name).type)
            for name in rows.column_names
        }
    )
