"""From the bytes of an answer to typed tables: the hot path.

The page is wrapped into one JSON object and read with the explicit types of its shape, which is
fast, exact, and refuses what does not fit. A refused page is parsed again, value by value.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from acumatica_source.arrow.errors import PageError
from acumatica_source.arrow.finish import Finished, finish, settle
from acumatica_source.arrow.misread import is_misread
from acumatica_source.arrow.selections import LABEL, joined
from acumatica_source.arrow.shape import NEXT_LINKS, Column, Node, PageShape, TableShape
from acumatica_source.arrow.tolerant import (
    NOTHING,
    NUL,
    OPENING,
    TolerantColumn,
    beginning,
    decoded,
)

MOST_BYTES = 2**31 - 1
"""Arrow counts the bytes of a block in 32 bits."""

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """The tables of one page."""

    tables: Mapping[str, pa.Table]
    """Every table of the shape by its name, parents first, also where it has no rows. A table may
    have columns beyond its shape, ending in `__text` or `__instant`, that hold what did not fit."""
    rows: int
    """Records at the top level."""
    notes: tuple[str, ...] = ()
    """What to tell about columns of this page, once per run."""
    next_link: str | None = None
    """Where an OData feed says that it continues."""


def parse_page(body: bytes, shape: PageShape) -> ParsedPage:
    """Parse an answer of the contract-based web services.

    Args:
        body: A JSON array of records, or a single record.
        shape: The tables to make.

    Raises:
        PageError: the body is not what it should be.
        ValueOutOfRange: a number fits its column only by rounding; the message says where it is.
    """
    body = body.removeprefix(_BOM).strip(_SPACE)
    if body[:1] not in (b"[", b"{"):
        raise PageError(
            f"The answer for {shape.entity} is not a list of records. It begins: {beginning(body)}"
        )
    alone = body[:1] == b"{"
    page = b"".join((OPENING, b"[" if alone else b"", body, b"]" if alone else b"", b"}"))
    del body  # an answer may have a gigabyte, and two copies of it are one too many
    return _parse(page, shape)


def parse_odata_page(body: bytes, shape: PageShape) -> ParsedPage:
    """Parse an answer of an OData feed: `{"value": [...]}`, or nothing at all, which is no rows.

    Raises:
        PageError: the body is not what it should be.
        ValueOutOfRange: a number fits its column only by rounding; the message says where it is.
    """
    stripped = body.removeprefix(_BOM).strip(_SPACE)
    if not stripped:
        page = _parse(b'{"value":[]}', shape)
        note = f"{shape.entity} answered with nothing at all, not even an empty list."
        return ParsedPage(page.tables, 0, (note,))
    if stripped[:1] == b"[":
        stripped = b"".join((OPENING, stripped, b"}"))
    return _parse(stripped, shape)


def _parse(page: bytes, shape: PageShape) -> ParsedPage:
    if len(page) >= MOST_BYTES:
        raise PageError(
            f"The answer for {shape.entity} has {len(page) / 1e9:.1f} GB, more than can be parsed "
            "at once. Read it in smaller pages."
        )
    notes: dict[str, None] = {}
    if not page.isascii() and not _is_utf8(page):
        page = page.decode(errors="replace").encode()
        notes[f"{shape.entity} has broken characters: each is replaced by U+FFFD."] = None
    if not is_misread(page):
        with contextlib.suppress(pa.ArrowInvalid):
            return _made(_ArrowRows.read(page, shape), page, shape, notes)
    return _made(_PythonRows.read(page, shape), page, shape, notes)


def _is_utf8(page: bytes) -> bool:
    """Whether the bytes are characters; decoding them would take up to four times their memory."""
    ends = pa.py_buffer(np.array([0, len(page)]))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(page)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _made(rows: "_Rows", page: bytes, shape: PageShape, notes: dict[str, None]) -> ParsedPage:
    if shape.identified and rows.ids().null_count:
        raise PageError(
            f"The answer for {shape.entity} has a record without an id. It begins: "
            f"{beginning(page)}"
        )
    maker = _Maker(shape, {}, dict(notes))
    maker.make(shape.root, rows, {})
    return ParsedPage(maker.tables, rows.count, tuple(maker.notes), rows.next_link)


class _Rows(Protocol):
    """The objects of one list, or of the same list in many rows."""

    count: int
    next_link: str | None

    def ids(self) -> pa.Array: ...

    def column(self, table: TableShape, column: Column, keep_placeholders: bool) -> Finished: ...

    def below(self, path: tuple[str, ...]) -> tuple["_Rows", pa.Array, pa.Array]:
        """The objects of a list in these rows, the index of the row of each, and its position."""


@dataclass
class _Maker:
    """Makes the tables of a page from its rows, however those were read."""

    shape: PageShape
    tables: dict[str, pa.Table]
    notes: dict[str, None]

    def make(self, node: Node, rows: _Rows, placing: dict[str, pa.Array]) -> None:
        table = node.table
        if not placing and self.shape.identified:
            placing = {"id": rows.ids()}
        columns = dict(placing)
        extras: dict[str, pa.Array] = {}
        for column in table.columns:
            finished = rows.column(table, column, self.shape.keep_placeholders)
            columns[column.name] = finished.values
            extras |= finished.extras
            self.notes.update((f"{'.'.join(table.path)}.{note}", None) for note in finished.notes)
        schema = table.schema
        for name, values in extras.items():
            if name not in columns:
                columns[name] = values
                schema = schema.append(pa.field(name, values.type))
        self.tables[table.name] = pa.table(list(columns.values()), schema=schema)
        for path, child in node.lists.items():
            inner, parents, positions = rows.below(path)
            handed = (*placing.values(),)
            names = child.table.schema.names[: len(handed)]
            placed = {n: a.take(parents) for n, a in zip(names, handed, strict=True)}
            self.make(child, inner, {**placed, "_position": positions})


@dataclass
class _ArrowRows:
    """Rows read by Arrow."""

    count: int
    fields: dict[str, pa.Array]
    next_link: str | None = None

    @classmethod
    def read(cls, page: bytes, shape: PageShape) -> "_ArrowRows":
        table = pj.read_json(
            pa.BufferReader(page),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(page)),
            parse_options=pj.ParseOptions(
                explicit_schema=shape.read_schema, unexpected_field_behavior="ignore"
            ),
        )
        lists = table.column(0).combine_chunks()
        if len(lists) != 1 or lists.null_count:
            raise pa.ArrowInvalid("not one list of records")
        rows = cls.of(lists.flatten())
        rows.next_link = next(
            (link for c in NEXT_LINKS if (link := table.column(c)[0].as_py())), None
        )
        return rows

    @classmethod
    def of(cls, structs: pa.StructArray) -> "_ArrowRows":
        return cls(len(structs), _children(structs))

    def ids(self) -> pa.Array:
        return self.fields["id"]

    def column(self, table: TableShape, column: Column, keep_placeholders: bool) -> Finished:
        values = self._at(column.place)
        if column.several:
            values = joined(values, column.member or LABEL)
        finished_type = table.schema.field(column.name).type
        return finish(column, values, finished_type, keep_placeholders=keep_placeholders)

    def below(self, path: tuple[str, ...]) -> tuple[_Rows, pa.Array, pa.Array]:
        lists = self._at(path)
        parents = pc.list_parent_indices(lists)
        indices = parents.to_numpy()
        starts = np.asarray(lists.offsets)[:-1] - lists.offsets[0].as_py()
        positions = np.arange(len(indices), dtype=np.int64) - starts[indices]
        return _ArrowRows.of(lists.flatten()), parents, pa.array(positions)

    def _at(self, path: tuple[str, ...]) -> pa.Array:
        values: Any = self.fields
        for part in path[:-1]:
            if isinstance(values[part], pa.Array):
                values[part] = _children(values[part])
            values = values[part]
        return values[path[-1]]


def _children(structs: pa.StructArray) -> dict[str, pa.Array]:
    names = [f.name for f in structs.type]
    return dict(zip(names, structs.flatten(), strict=True))


@dataclass
class _PythonRows:
    """Rows decoded to Python values."""

    count: int
    objects: list[Any]
    names: list[Any]
    """What names the record of each row in messages."""
    next_link: str | None = None

    @classmethod
    def read(cls, page: bytes, shape: PageShape) -> "_PythonRows":
        answer = decoded(page, shape.entity)
        records = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise PageError(
                f"The answer for {shape.entity} is not a list of records. "
                f"It begins: {beginning(page)}"
            )
        names = [record.get("id") or f"#{place}" for place, record in enumerate(records)]
        links = [link for name in NEXT_LINKS if isinstance(link := answer.get(name), str)]
        return cls(len(records), records, names, links[0] if links else None)

    def ids(self) -> pa.Array:
        given = [record.get("id") for record in self.objects]
        named = [isinstance(one, str) and NUL not in one for one in given]
        return pa.array(
            [one if good else None for one, good in zip(given, named, strict=True)], pa.string()
        )

    def column(self, table: TableShape, column: Column, keep_placeholders: bool) -> Finished:
        tolerant = TolerantColumn(table, column, self.names, keep_placeholders)
        finished = tolerant.convert(self.objects)
        return settle(column, finished, keep_placeholders=keep_placeholders)

    def below(self, path: tuple[str, ...]) -> tuple[_Rows, pa.Array, pa.Array]:
        objects: list[Any] = []
        parents: list[int] = []
        positions: list[int] = []
        for index, row in enumerate(self.objects):
            found: Any = row
            for part in path:
                found = found.get(part) if isinstance(found, dict) else None
            if not isinstance(found, list):
                if found in NOTHING:
                    continue
                raise PageError(
                    f"{'/'.join(path)} of record {self.names[index]} is not a list of rows."
                )
            for position, one in enumerate(found):
                objects.append(one)
                parents.append(index)
                positions.append(position)
        rows = _PythonRows(len(objects), objects, [self.names[parent] for parent in parents])
        return rows, pa.array(parents, pa.int64()), pa.array(positions, pa.int64())
