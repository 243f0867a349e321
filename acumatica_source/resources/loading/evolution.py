"""What a contract that has changed means for tables that are loaded already.

A column keeps the type it was loaded with. Values of another type go into a column beside it,
named and marked as dlt does for its variants (`Qty__v_text`), so dlt's schema contracts see them.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.libs.pyarrow import get_column_type_from_py_arrow
from dlt.common.schema import Schema
from dlt.extract.decorators import get_resource

from acumatica_source.arrow.selections import CODE, LABEL
from acumatica_source.arrow.shape import JOINT, Node, PageShape, TableShape
from acumatica_source.client.errors import ConfigurationError

VARIANT = f"{JOINT}v_"
"""Comes between a column's name and the type that it did not have before."""

NUMBERS = ("bigint", "decimal", "double")
"""dlt's types of numbers."""

CODES = " codes"
"""Stands behind the options of rows whose drop-downs come with their codes."""


def fitted(shape: PageShape, schema: Schema) -> PageShape:
    """The shape with columns renamed whose loaded namesakes have another type.

    Args:
        shape: The tables of an entity by its present contract.
        schema: What is known of the destination.

    Raises:
        ConfigurationError: a column of decimals was loaded with another number of digits after the
            point than is asked for now.
    """
    return replace(shape, root=_fitted(shape.root, schema))


def fitted_rows(rows: pa.Table, table: str) -> pa.Table:
    """Rows for a table that is not of one shape, with columns renamed in the same way.

    Args:
        rows: The rows as read.
        table: Name of the table before dlt's naming convention.

    Raises:
        ConfigurationError: see `fitted`.
    """
    schema = dlt.current.source_schema()
    loaded, normalize = _loaded_columns(table, schema), schema.naming.normalize_path
    return rows.rename_columns([_name_for(one, table, loaded, normalize) for one in rows.schema])


def is_variant(column: str) -> bool:
    """Whether a column stands beside one of another type."""
    return VARIANT in column


def _fitted(node: Node, schema: Schema) -> Node:
    loaded = _loaded_columns(node.table.name, schema)
    normalize = schema.naming.normalize_path
    names = [_name_for(one, node.table.name, loaded, normalize) for one in node.table.schema]
    names = _numbers_first(node.table, names, loaded, normalize)
    below = {way: _fitted(child, schema) for way, child in node.lists.items()}
    return Node(node.table.named(names), below)


def _numbers_first(
    table: TableShape, names: list[str], loaded: Mapping[str, Any], normalize: Any
) -> list[str]:
    """A column of numbers goes on with numbers where its field has become a drop-down with codes.

    Otherwise sums over it would break off: the code, which is the number, takes its name, and the
    label goes beside it as a variant.
    """
    places = {name: place for place, name in enumerate(table.schema.names)}
    for label, code in pairwise(table.columns):
        if (label.path, label.member, code.member) != (code.path, LABEL, CODE):
            continue
        at, code_at = places[label.name], places[code.name]
        before = loaded.get(normalize(label.name), {}).get("data_type")
        if before in NUMBERS and pa.types.is_integer(table.schema.field(code_at).type):
            names[at] = f"{label.name}{VARIANT}text"
            names[code_at] = _name_for(
                table.schema.field(code_at).with_name(label.name), table.name, loaded, normalize
            )
    return names


def _name_for(column: pa.Field, table: str, loaded: Mapping[str, Any], normalize: Any) -> str:
    before = loaded.get(normalize(column.name), {})
    now = get_column_type_from_py_arrow(column.type)
    if before.get("data_type") in (None, now["data_type"]):
        _check_scale(f"{table}.{column.name}", before.get("scale"), now.get("scale"))
        return str(column.name)
    return f"{column.name}{VARIANT}{now['data_type']}"


def _check_scale(place: str, before: int | None, now: int | None) -> None:
    """Destinations round without a word where a column has too few decimals."""
    if before is not None and now is not None and before != now:
        raise ConfigurationError(
            f"{place} was loaded with {before} decimals and is asked for with {now} now. "
            f"Ask for decimals={before}, or load into another dataset."
        )


def _loaded_columns(table: str, schema: Schema) -> Mapping[str, Any]:
    known = schema.tables.get(schema.naming.normalize_tables_path(table), {})
    return known.get("columns", {})


def without_discarded_rows(rows: pa.Table, table: str) -> pa.Table:
    """The rows that the schema contract of the resource in extraction lets through.

    Its mode `discard_row` leaves out rows with a value in a column that is new. dlt does so too,
    but version 1.31 fails on the second page that has such a column.
    """
    schema = dlt.current.source_schema()
    contract = get_resource().schema_contract
    if "discard_row" not in _modes(table, schema, contract).values():
        return rows
    for column in rows.schema.names:
        if discard_mode(table, column, schema, contract) == "discard_row":
            rows = rows.filter(pc.is_null(rows.column(column))).drop_columns([column])
    return rows


def discard_mode(table: str, column: str, schema: Schema, contract: Any) -> str | None:
    """The mode in which a schema contract discards a column that is new; None if it does not.

    Args:
        table: Name of the table before dlt's naming convention.
        column: Name of the column before dlt's naming convention.
        schema: What is known of the destination.
        contract: The schema contract of the resource; None for that of its source.
    """
    name = schema.naming.normalize_tables_path(table)
    if _is_loaded(table, column, schema) or column.startswith("_dlt"):
        return None
    modes = _modes(table, schema, contract)
    if name not in schema.tables or schema.is_new_table(name):
        mode = modes["tables"]
    else:
        mode = modes["data_type"] if is_variant(column) else modes["columns"]
    return mode if mode in ("discard_row", "discard_value") else None


def lets_in(table: str, column: str) -> bool:
    """Whether the schema contract of the resource in extraction lets a column into a table.

    Args:
        table: Name of the table before dlt's naming convention.
        column: Name of the column before dlt's naming convention.
    """
    schema, contract = dlt.current.source_schema(), get_resource().schema_contract
    if _is_loaded(table, column, schema):
        return True
    name = schema.naming.normalize_tables_path(table)
    is_new = name not in schema.tables or schema.is_new_table(name)
    modes = _modes(table, schema, contract)
    return bool(modes["tables" if is_new else "columns"] == "evolve")


def _modes(table: str, schema: Schema, contract: Any) -> Any:
    """What the schema contract says of new tables, new columns and other types."""
    if contract is None:
        name = schema.naming.normalize_tables_path(table)
        return schema.resolve_contract_settings_for_table(name)
    return Schema.expand_schema_contract_settings(contract)


def _is_loaded(table: str, column: str, schema: Schema) -> bool:
    return schema.naming.normalize_path(column) in _loaded_columns(table, schema)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the tables of an entity are to hold in every row, custom fields left aside."""

    columns: frozenset[tuple[str, str]]
    """Table and column."""
    row_options: str
    """The options that decide what a row holds."""

    @classmethod
    def accepted(cls, columns: Collection[tuple[str, str]], row_options: str) -> "Contents":
        """The contents without what the schema contract of the resource in extraction discards."""
        schema, contract = dlt.current.source_schema(), get_resource().schema_contract
        kept = [one for one in columns if discard_mode(*one, schema, contract) is None]
        return cls(frozenset(kept), row_options)

    def noted(self) -> list[Any]:
        """A short form for the state of a resource."""
        text = "\n".join(f"{table}.{column}" for table, column in sorted(self.columns))
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return [self.row_options, len(self.columns), digest]

    def missing(self, schema: Schema) -> Iterator[str]:
        """Columns that the destination does not know, sorted."""
        for table, column in sorted(self.columns):
            if not _is_loaded(table, column, schema):
                yield f"{table}.{column}"

    def reload_reason(self, noted: list[Any] | None, schema: Schema) -> str | None:
        """Why loaded rows lack something, in words; None if they do not.

        Args:
            noted: The short form of what the loaded rows hold; None if nobody noted it.
            schema: What is known of the destination. It may know columns already that a load
                which failed afterwards has added, so the number of columns counts too.
        """
        if noted is None:
            return "an earlier version loaded it, which did not note what its rows hold"
        row_options, count, digest = noted
        if row_options.removesuffix(CODES) != self.row_options.removesuffix(CODES):
            return "its options have changed"
        if row_options != self.row_options:
            return "its contract writes drop-downs in another way than before"
        if digest == self.noted()[2]:
            return None
        missing = list(self.missing(schema))
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            return f"its contract has new columns ({', '.join(missing[:5])}{more})"
        return "its contract has changed" if len(self.columns) >= count else None
