"""From an OData feed and a user's options to the table that its rows become."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dlt.common.schema import Schema

from acumatica_source.arrow.collisions import with_distinct_names
from acumatica_source.arrow.shape import PageShape, odata_shape
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.edmx import Feed
from acumatica_source.resources.loading.evolution import fitted
from acumatica_source.resources.loading.tables import TENANT
from acumatica_source.resources.options import check_decimals

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FeedTable:
    """A table to be made of a feed's rows."""

    name: str
    """Before dlt's naming convention."""
    columns: Collection[str]
    """Fields of the feed to hold."""
    required: Sequence[str]
    """Those without which there is no row."""
    decimals: int
    """Digits that decimal columns keep after the point."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What columns are called, by the fields that they hold; others by these."""


def feed_shape(feed: Feed, table: FeedTable, schema: Schema) -> PageShape:
    """The shape of a feed's rows, its columns named as the destination allows.

    Args:
        feed: The feed.
        table: What its table is to hold.
        schema: What is known of the destination: its naming convention, by which names that would
            become one are numbered, and the types of columns that are loaded already.

    Raises:
        ConfigurationError: columns were loaded with another number of decimals, or the loaded table
            has columns that must not be empty and have no values now.
    """
    check_decimals(table.name, table.decimals)
    fields = [one for one in feed.fields if one.name in table.columns]
    plain = odata_shape(table.name, fields, table.required, decimals=table.decimals)
    root = plain.root.table
    called = [table.names.get(name, name) for name in root.schema.names]
    plain = replace(plain, root=replace(plain.root, table=root.named(called)))
    shape, notes = with_distinct_names(plain, schema.naming.normalize_path)
    for note in notes:
        logger.warning("%s: %s", feed.name, note)
    shape = fitted(shape, schema)
    _check_filled(shape, schema)
    return shape


def key_columns(feed: Feed, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The fields that identify a row: those wanted, or else those that the metadata declare.

    Raises:
        ConfigurationError: the feed has no field of a name wanted.
    """
    if wanted is None:
        return feed.keys
    unknown = [name for name in wanted if feed.field(name) is None]
    if unknown:
        known = ", ".join(one.name for one in feed.fields)
        raise ConfigurationError(f"{feed.name} has no {', '.join(unknown)}. It has: {known}.")
    return tuple(wanted)


def _check_filled(shape: PageShape, schema: Schema) -> None:
    """What once identified the rows of a table may not be empty in it for ever after."""
    (table,) = shape.tables
    loaded = schema.tables.get(schema.naming.normalize_tables_path(table.name), {})
    filled = {schema.naming.normalize_path(name) for name in table.schema.names}
    bare = [
        name
        for name, column in loaded.get("columns", {}).items()
        if column.get("nullable") is False
        and name not in filled
        and name != TENANT
        and not name.startswith("_dlt")
    ]
    if bare:
        raise ConfigurationError(
            f"The table of {table.name} was loaded with other keys: {', '.join(sorted(bare))} must "
            "not be empty in it, and has no values of its type now. Load into another dataset, or "
            "drop the table first."
        )
