"""From a contract's entity to the tables its pages become: names, columns and types.

The top-level record is one table; every detail list at any depth is a table of its own. Linked
entities are columns of the table they belong to, joined with two underscores
(`MainContact__Email`), and so are custom fields (`custom__Document__AttributeCOLOR`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from acumatica_source.arrow.selections import CODE, CODE_SUFFIX, LABEL, OPTIONS, code_of
from acumatica_source.arrow.types import DECIMALS, POSITION, TEXT, column_types, read_type
from acumatica_source.contract.model import (
    DeclaredField,
    Entity,
    EntityKind,
    FieldType,
    Selection,
    Shape,
)

JOINT = "__"
"""Joins the parts of a table's or column's name."""

NEXT_LINKS = ("@odata.nextLink", "odata.nextLink")
"""Where an OData answer, version 4 or 3, says that it continues."""

FILES = Shape(
    "FileLink",
    (
        DeclaredField("id", FieldType.GUID),
        DeclaredField("filename", FieldType.TEXT),
        DeclaredField("href", FieldType.TEXT),
        DeclaredField("comment", FieldType.TEXT),
    ),
)
"""Attached files, as `$expand=files` lists them: values stand there without a wrapper."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where the values of one column are found, and what they are."""

    name: str
    """Name in the table."""
    path: tuple[str, ...]
    """Properties that lead from the row's object to the value (`MainContact`, `Email`)."""
    field: DeclaredField
    wrapped: bool = True
    """The value stands inside `{"value": ...}`."""
    trim: bool = False
    """Padding at the end is cut: keys of a fixed width come padded or not."""
    member: str | None = None
    """For a drop-down that shows its codes: whether this is an option's label or its code."""

    @property
    def several(self) -> bool:
        """Whether values are lists of options."""
        return self.field.selection is Selection.SEVERAL

    @property
    def place(self) -> tuple[str, ...]:
        """What leads to what is read of a value."""
        if not self.wrapped:
            return self.path
        inside = () if self.member is None or self.several else (self.member,)
        return (*self.path, "value", *inside)


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table that a page becomes."""

    path: tuple[str, ...]
    """The entity and the details that lead to this table (`SalesOrder`, `Details`)."""
    schema: pa.Schema
    columns: tuple[Column, ...] = ()
    """The columns that hold values of the row's object; those before them place the row."""

    @property
    def name(self) -> str:
        """The table's name (`SalesOrder__Details`)."""
        return JOINT.join(self.path)

    def column_of(self, field: str) -> str:
        """The column that tells values of a field apart: of a drop-down, that of the codes."""
        names = {column.path: column.name for column in self.columns}  # codes stand behind labels
        return names[(field,)]

    def options_of(self, field: str) -> tuple[str, str] | None:
        """The columns with the labels and the codes of a drop-down; None if it is none."""
        names = {c.member: c.name for c in self.columns if c.path == (field,) and c.member}
        return (names[LABEL], names[CODE]) if names else None

    def named(self, names: Sequence[str]) -> "TableShape":
        """The table with other names for its columns, those that place the row included."""
        fields = [f.with_name(name) for f, name in zip(self.schema, names, strict=True)]
        own = names[len(names) - len(self.columns) :]
        columns = [replace(c, name=name) for c, name in zip(self.columns, own, strict=True)]
        return replace(self, schema=pa.schema(fields), columns=tuple(columns))


@dataclass(frozen=True, slots=True)
class Node:
    """A table and those of the lists inside its rows."""

    table: TableShape
    lists: Mapping[tuple[str, ...], "Node"] = field(default_factory=dict)
    """Nodes by the properties that lead from the row's object to the list."""

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, parents first."""
        yield self
        for node in self.lists.values():
            yield from node.walk()


@dataclass(frozen=True, slots=True)
class PageShape:
    """The tables that a page of one entity becomes, and what it takes to parse it."""

    entity: str
    root: Node
    read_schema: pa.Schema
    """What to read a page as once it is wrapped in `{"value": [...]}`."""
    identified: bool = True
    """Records have an `id` that outlives the session; rows of inquiries have none."""
    keep_placeholders: bool = False
    """Keep the dates 0001-01-01 and 1900-01-01, which stand for no date, instead of null."""

    @property
    def tables(self) -> tuple[TableShape, ...]:
        """All tables, parents first."""
        return tuple(node.table for node in self.root.walk())


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What of an entity is asked for: None means everything, otherwise `$expand`-like paths."""

    expand: frozenset[str] | None
    select: frozenset[str] | None
    files: bool

    def nested(self, path: str) -> bool:
        return self.expand is None or path in self.expand

    def attached(self, at: str) -> bool:
        return (self.files and at == "") or f"{at}files" in (self.expand or ())

    def scalar(self, path: str) -> bool:
        return self.select is None or path in self.select


def shape_of(
    entity: Entity,
    expand: Collection[str] | None = None,
    select: Collection[str] | None = None,
    *,
    files: bool = False,
    keep_placeholders: bool = False,
    decimals: int = DECIMALS,
) -> PageShape:
    """The tables that pages of an entity become.

    Args:
        entity: The entity by its contract.
        expand: `$expand` paths of the linked entities and details to hold (`Details`,
            `Details/Allocations`); a path implies those above it. None for all, at any depth.
        select: Names of the fields to hold, nested ones by path (`Details/InventoryID`). A nested
            entity of which no field is named is held whole. None for all fields.
        files: Whether attached files become a table too (`SalesOrder__files`), namely
            those of the records themselves. Deeper ones come where `expand` names them
            (`Details/files`), with or without this.
        keep_placeholders: Whether dates that stand for "none" (0001-01-01 and 1900-01-01) stay.
        decimals: Digits that decimal columns keep after the point, of 38 in all.
    """
    identified = entity.kind is EntityKind.RECORD
    wanted = _Wanted(
        expand=None if expand is None else frozenset(_with_ancestors(expand)),
        select=None if select is None else frozenset(select),
        files=files,
    )
    leading = [pa.field("id", TEXT, nullable=False)] if identified else []
    keys = frozenset(key.name for key in entity.keys)
    builder = _Builder(wanted, identified, keys, column_types(decimals))
    root = builder.node((entity.name,), entity.shape, leading, "")
    return PageShape(
        entity=entity.name,
        root=root,
        read_schema=_read_schema(root),
        identified=identified,
        keep_placeholders=keep_placeholders,
    )


def odata_shape(
    name: str,
    fields: Collection[DeclaredField],
    keys: Collection[str] = (),
    *,
    keep_placeholders: bool = False,
    decimals: int = DECIMALS,
) -> PageShape:
    """The table that pages of an OData entity set become: flat rows of plain values.

    Texts of a fixed width come padded, which the database makes no difference of; they are trimmed.

    Args:
        name: Name of the table.
        fields: Its columns.
        keys: Those without which there is no row.
        keep_placeholders: Whether dates that stand for none stay.
        decimals: Digits that decimal columns keep after the point.
    """
    columns = tuple(
        Column(f.name, (f.name,), f, wrapped=False, trim=f.type is FieldType.TEXT) for f in fields
    )
    types = column_types(decimals)
    schema = pa.schema(
        [pa.field(c.name, types[c.field.type], nullable=c.name not in keys) for c in columns]
    )
    root = Node(TableShape((name,), schema, columns))
    return PageShape(
        entity=name,
        root=root,
        read_schema=_read_schema(root),
        identified=False,
        keep_placeholders=keep_placeholders,
    )


def narrowed(shape: PageShape, fields: Collection[str]) -> PageShape:
    """The shape of an OData entity set with the columns of some fields only."""
    table = shape.root.table
    columns = tuple(column for column in table.columns if column.path[0] in fields)
    schema = pa.schema([table.schema.field(column.name) for column in columns])
    root = Node(replace(table, schema=schema, columns=columns))
    return replace(shape, root=root, read_schema=_read_schema(root))


def _with_ancestors(paths: Collection[str]) -> Iterator[str]:
    for path in paths:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            yield "/".join(parts[:end])


@dataclass(frozen=True, slots=True)
class _Table:
    """A table while its columns and lists are gathered."""

    path: tuple[str, ...]
    leading: list[pa.Field]
    columns: list[Column] = field(default_factory=list)
    lists: dict[tuple[str, ...], Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Builder:
    wanted: _Wanted
    identified: bool
    keys: frozenset[str]
    types: Mapping[FieldType, pa.DataType]

    def node(self, path: tuple[str, ...], shape: Shape, leading: list[pa.Field], at: str) -> Node:
        """The node of a table whose rows are objects of `shape`, `at` being its `$expand` path."""
        table = _Table(path, leading)
        table.columns.append(Column("note", ("note",), DeclaredField("note", FieldType.TEXT)))
        self._gather(shape, (), at, table)
        if self.wanted.attached(at):
            table.lists[("files",)] = self._files(table)
        columns = _distinct(table.columns, {f.name for f in leading})
        fields = [pa.field(c.name, self.types[c.field.type]) for c in columns]
        done = TableShape(path, pa.schema([*leading, *fields]), tuple(columns))
        return Node(done, table.lists)

    def _gather(self, shape: Shape, way: tuple[str, ...], at: str, table: _Table) -> None:
        """Collect the columns and lists of a shape that lies `way` below the row's object."""
        select_all = self._selects_all(shape, at)
        for one in shape.fields:
            if one.custom is not None:
                path = (*way, "custom", *one.custom.split(".", 1))
            elif select_all or self.wanted.scalar(at + one.name):
                path = (*way, one.name)
            else:
                continue
            is_key = at == "" and one.name in self.keys and one.type is FieldType.TEXT
            name = JOINT.join(path)
            if one.selection is None:
                table.columns.append(Column(name, path, one, trim=is_key))
                continue
            code = code_of(one)
            trims = is_key and code.type is FieldType.TEXT
            table.columns.append(Column(name, path, one, trim=is_key, member=LABEL))
            name = f"{name}{JOINT}{CODE_SUFFIX}"
            table.columns.append(Column(name, path, code, trim=trims, member=CODE))
        for name, linked in shape.linked.items():
            if self.wanted.nested(at + name):
                self._gather(linked, (*way, name), f"{at}{name}/", table)
        for name, rows in shape.details.items():
            if self.wanted.nested(at + name):
                path = (*table.path, *way, name)
                placing = self._placing(table)
                table.lists[(*way, name)] = self.node(path, rows, placing, f"{at}{name}/")

    def _selects_all(self, shape: Shape, at: str) -> bool:
        return self.wanted.select is None or (
            at != "" and not any(at + f.name in self.wanted.select for f in shape.fields)
        )

    def _files(self, table: _Table) -> Node:
        columns = tuple(Column(f.name, (f.name,), f, wrapped=False) for f in FILES.fields)
        fields = [pa.field(c.name, TEXT) for c in columns]
        schema = pa.schema([*self._placing(table), *fields])
        return Node(TableShape((*table.path, "files"), schema, columns))

    def _placing(self, parent: _Table) -> list[pa.Field]:
        """The columns that place the rows of a list inside the rows of a table."""
        placing = [pa.field("_parent_id", TEXT, nullable=False)] if self.identified else []
        placing += [f for f in parent.leading if f.name not in ("id", "_parent_id", "_position")]
        if len(parent.path) > 1:
            taken = {f.name for f in placing}
            name = next(
                name
                for name in (
                    f"_{JOINT.join(parent.path[-parts:])}_position"
                    for parts in range(1, len(parent.path) + 1)
                )
                if name not in taken
            )
            placing.append(pa.field(name, POSITION, nullable=False))
        return [*placing, pa.field("_position", POSITION, nullable=False)]


def _distinct(columns: Sequence[Column], taken: set[str]) -> list[Column]:
    """The columns, numbered where a name is taken: by what places the row, or a linked field.

    Codes of drop-downs give way: the others had their names before there were codes.
    """
    distinct = list(columns)
    for place in sorted(range(len(columns)), key=lambda at: columns[at].member == CODE):
        column = columns[place]
        name, number = column.name, 1
        while name in taken:
            number += 1
            name = f"{column.name}_{number}"
        taken.add(name)
        if name != column.name:
            distinct[place] = replace(column, name=name)
    return distinct


def _read_schema(root: Node) -> pa.Schema:
    links = [pa.field(name, TEXT) for name in NEXT_LINKS]
    return pa.schema([pa.field("value", pa.list_(_row_type(root))), *links])


def _row_type(node: Node) -> pa.StructType:
    tree: dict[str, Any] = {}
    if "id" in node.table.schema.names and ("id",) not in [c.path for c in node.table.columns]:
        tree["id"] = TEXT
    for column in node.table.columns:
        arrow_type = read_type(column.field, node.table.schema.field(column.name).type)
        _plant(tree, column.place, OPTIONS if column.several else arrow_type)
    for path, below in node.lists.items():
        _plant(tree, path, pa.list_(_row_type(below)))
    return _struct(tree)


def _plant(tree: dict[str, Any], path: tuple[str, ...], arrow_type: pa.DataType) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = arrow_type


def _struct(tree: dict[str, Any]) -> pa.StructType:
    return pa.struct(
        [
            (name, _struct(below) if isinstance(below, dict) else below)
            for name, below in tree.items()
        ]
    )
