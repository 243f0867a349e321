"""Compares a table with the source and writes nothing: by keys and stamps, or value by value."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import pyarrow as pa

from acumatica_source.arrow.pick import telling
from acumatica_source.reading.errors import StampRefused
from acumatica_source.reading.findings import NO_KEY, FoundRow, TableFindings
from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.record_parts import (
    PENDING,
    beside,
    columns_of,
    is_table_of,
    parts_in,
)
from acumatica_source.resources.loading.deletions import as_json, marks
from acumatica_source.resources.loading.handed_on import keys_in
from acumatica_source.resources.loading.listed import listed
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.reader import Reader, SinglyReader
from acumatica_source.resources.loading.sweep import Loaded, Naming, difference, shared_keys
from acumatica_source.resources.loading.writing import Writing

NO_STAMP = "Its rows have no stamp, so only a comparison of values tells stale ones."


def findings_of(
    reader: Reader,
    executor: Executor,
    resource: str,
    writing: Writing,
    *,
    values: bool,
    kept: Callable[[Loaded], pa.Array] | None,
) -> TableFindings:
    """How the tables of a resource differ from the source.

    Args:
        reader: Reads the source.
        executor: Runs the reader ahead.
        resource: Name of the resource.
        writing: Its tables.
        values: Whether to read everything and compare all values, those of details included.
        kept: Tells which of the loaded rows stay although they are gone; None if none do.

    Raises:
        AcumaticaError: the source could not be read.
    """
    name, parents = writing.stored_name, writing.parents
    if not reader.identity:
        return TableFindings(resource, name, remarks=(NO_KEY,))
    tables = LoadedTables(writing.tenant)
    remarks = () if reader.stamp is not None else (NO_STAMP,)
    naming = Naming(reader.identity, reader.keys, reader.stamp)
    try:
        source = listed(reader, executor, parents)
    except StampRefused as error:
        remarks = (f"{error} {NO_STAMP}",)
        source = _identities(reader)
        naming = Naming(reader.identity, reader.keys, None)
    loaded = tables.rows(parents.name, naming) if tables.has(parents.name) else None
    loaded = loaded or _nothing(source, naming)
    if kept is not None:
        loaded = loaded.without(kept(loaded))
    if shared_keys(source, loaded.naming):
        reader = reader.without_keys()
        loaded = replace(loaded, naming=Naming(naming.identity, (), naming.stamp))
    found = difference(loaded, source)
    extra = found.gone
    if extra.num_rows and (loaded.naming.keys or not reader.keys):
        there = reader.existing(extra)
        names = keys_in(extra, loaded.naming.keys or naming.identity)
        extra = extra.filter(pa.array([one not in there for one in names], pa.bool_()))
    missing, stale = _sorted_out(found.outdated, loaded)

    def rows(table: pa.Table) -> tuple[FoundRow, ...]:
        named = dict.fromkeys([*naming.identity, *loaded.naming.keys])
        chosen = table.select([one for one in named if one in table.column_names])
        keys = [one for one in chosen.column_names if one not in naming.identity]
        texts = as_json(chosen.select(keys or list(naming.identity)))
        ids: list[str | None] = [None] * chosen.num_rows
        if len(naming.identity) == 1:
            ids = [*marks(chosen, naming.identity)]
        return tuple(map(FoundRow, ids, texts))

    different: tuple[FoundRow, ...] = ()
    if values:
        known = {*keys_in(missing, naming.identity), *keys_in(stale, naming.identity)}
        different = tuple(
            row for page in _different(reader, tables, writing, known) for row in rows(page)
        )
    remarks = (*remarks, *_not_compared(reader, loaded, values=values))
    return TableFindings(
        resource,
        name,
        found.rows,
        loaded.rows.num_rows,
        missing=rows(missing),
        extra=rows(extra),
        stale=rows(stale),
        doubled=rows(loaded.doubled),
        different=different,
        departed=0 if loaded.departed is None else loaded.departed.num_rows,
        remarks=remarks,
    )


def _identities(reader: Reader) -> pa.Table:
    """Identity and keys of all rows, without stamps, from whole pages."""
    named = list(dict.fromkeys([*reader.identity, *reader.keys]))
    main = reader.shape.tables[0]
    pages = [page.tables[main.name].select(named) for page in reader.pages()]
    rows = pa.concat_tables([main.schema.empty_table().select(named), *pages])
    return rows.append_column(STAMP, pa.nulls(len(rows), pa.timestamp("us", "UTC")))


def _nothing(source: pa.Table, naming: Naming) -> Loaded:
    """What a table holds that is not there."""
    none = source.schema.empty_table()
    return Loaded(none, none.select(list(naming.identity)), naming)


def _sorted_out(outdated: pa.Table, loaded: Loaded) -> tuple[pa.Table, pa.Table]:
    """Which of the outdated rows are not loaded at all, and which were loaded as they were."""
    identity, keys = loaded.naming.identity, loaded.naming.keys
    ids = set(keys_in(loaded.rows, identity))
    names = set(keys_in(loaded.rows, keys)) if keys else set()
    doubled = set(keys_in(loaded.doubled, identity))
    missing, stale = [], []
    named = keys_in(outdated, keys) if keys else [()] * len(outdated)
    for place, one in enumerate(keys_in(outdated, identity)):
        if one not in ids and named[place] not in names:
            missing.append(place)
        elif one not in doubled:
            stale.append(place)
    return outdated.take(pa.array(missing, pa.int64())), outdated.take(pa.array(stale, pa.int64()))


def _different(
    reader: Reader, tables: LoadedTables, writing: Writing, known: set[tuple[object, ...]]
) -> Iterator[pa.Table]:
    """The rows of each page whose values, or whose details, are loaded otherwise."""
    parents, identity = writing.parents, list(writing.identity)
    loaded = tables.everything(parents.name, parents.schema, identity[0])
    places = {key: place for place, key in enumerate(keys_in(loaded, identity))}
    below = {
        child.name: _grouped(
            tables.everything(child.name, writing.empty(child).schema, "_parent_id")
        )
        for child in writing.children
    }
    for page in reader.pages():
        rows = page.tables[parents.name]
        both = [
            (place, key)
            for place, key in enumerate(keys_in(rows, identity))
            if key in places and key not in known
        ]
        told = _Compared(writing, rows)
        rows = told.rows
        ours = loaded.take(pa.array([places[key] for _, key in both], pa.int64())).to_pylist()
        theirs = rows.take(pa.array([place for place, _ in both], pa.int64())).to_pylist()
        odd = []
        details = {
            child.name: _grouped(writing.formed(child.name, page.tables[child.name]))
            for child in writing.children
        }
        for (place, key), one, other in zip(both, theirs, ours, strict=True):
            left_out = told.left_out(place)
            same = all(
                value == other.get(name) for name, value in one.items() if name not in left_out
            )
            same = same and all(
                details[name].get(key[0], []) == below[name].get(key[0], [])
                for name in details
                if name not in left_out
            )
            if not same:
                odd.append(place)
        named = dict.fromkeys([*identity, *reader.keys])
        yield rows.select(list(named)).take(pa.array(odd, pa.int64()))


class _Compared:
    """What of the rows of a page is compared: not what lists do not bring."""

    def __init__(self, writing: Writing, rows: pa.Table) -> None:
        self._writing = writing
        self._texts: list[str | None] = [None] * rows.num_rows
        self.rows = rows
        """The rows without the column that says what they lack."""
        if PENDING in rows.column_names:
            self._texts = rows.column(PENDING).to_pylist()
            self.rows = rows.drop_columns([PENDING])
        self._known: dict[str | None, frozenset[str]] = {None: frozenset()}

    def left_out(self, place: int) -> frozenset[str]:
        """The columns of a row, and the tables of its details, that are not compared."""
        text = self._texts[place]
        if text not in self._known:
            parts, parents = parts_in(text or ""), self._writing.parents
            columns = columns_of(parents, parts)
            tables = [
                child.name
                for child in self._writing.children
                if columns_of(child, parts) or any(is_table_of(child, part) for part in parts)
            ]
            extra = beside(self.rows.column_names, columns)
            self._known[text] = frozenset([*columns, *extra, *tables])
        return self._known[text]


def _not_compared(reader: Reader, loaded: Loaded, *, values: bool) -> Iterator[str]:
    """What lists do not bring, in words."""
    lacking = sorted(reader.lacking) if isinstance(reader, SinglyReader) else []
    if values and lacking:
        yield f"Lists do not bring {', '.join(lacking)}, which was not compared."
    texts = [] if loaded.pending is None else [one for one in loaded.pending.to_pylist() if one]
    if texts:
        parts = sorted({part for text in set(texts) for part in parts_in(text)})
        yield f"{len(texts):,} rows lack {', '.join(parts)} yet."


def _grouped(rows: pa.Table) -> dict[object, list[list[Any]]]:
    """The rows of details by the record that they belong to, in the order of their positions."""
    groups: dict[object, list[list[Any]]] = {}
    names = sorted(rows.column_names)
    order = telling(names)
    for row in rows.to_pylist():
        groups.setdefault(row["_parent_id"], []).append([row[name] for name in names])
    places = [names.index(name) for name in order]
    for group in groups.values():
        group.sort(key=lambda values: [values[place] for place in places])
    return groups
