"""How one entity is loaded: what a user may ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from acumatica_source.arrow.types import DECIMALS, PRECISION
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.rhythm import DAILY, VERIFY_REQUESTS


class CustomFields(StrEnum):
    """Which of the fields outside an entity's contract are loaded."""

    NONE = "none"
    USER_DEFINED = "user-defined"
    """Attributes and fields that a customization added."""
    ALL = "all"
    """Every field of the entity's form."""


@dataclass(frozen=True, slots=True)
class EntityOptions:
    """How one entity is loaded."""

    name: str
    """Name in the contract (`SalesOrder`)."""
    expand: Sequence[str] | None = None
    """Linked entities and details to read, as `$expand` paths (`Details`, `Details/Allocations`);
    () for none, None for all but the details of linked entities that have tables of their own."""
    exclude: Sequence[str] = ()
    """Linked entities and details that are not read, as `$expand` paths, and all inside them: such
    as those that lists do not bring, which take a request for each record."""
    single_reads: int | str | None = None
    """How many records a run reads one by one at most, for what lists do not bring: a number, 0 for
    none, `all` for as many as it takes; None for what the source is told (50). The newest come
    first, and the rest is the next runs'. Up to six times as many are read, but 300 at most, where
    that leaves nothing pending."""
    page_size: int = 500
    """Records per list request."""
    lag: timedelta = timedelta(minutes=5)
    """How far before the last watermark an incremental run reads again, for late commits."""
    verify: timedelta | str = DAILY
    """How often ids and stamps of all records are compared with what is loaded, which finds deleted
    records, and any that a stamp alone would miss: a time, `"now"` or `"never"`. Records that one
    request lists are compared in every run."""
    verify_requests: int = VERIFY_REQUESTS
    """Requests at most that one run spends on comparing more records than one lists; the next runs
    go on from there."""
    full: bool = False
    """Whether to load everything anew, whatever was loaded before."""
    custom_fields: CustomFields = CustomFields.USER_DEFINED
    """Which fields outside the contract to load too."""
    archived: bool = True
    """Whether archived records count."""
    keys: Sequence[str] | None = None
    """Fields that address a record, in path order; None for those known or guessed from names."""
    files: bool = False
    """Whether to list the attached files of each record too, in a table `<Entity>__files`. A file
    may be attached without changing the record's stamp; it is then seen at the record's next
    change, or with `full`."""
    pivot_attributes: bool = False
    """Whether tables of attributes get one row per record, with a column for each attribute,
    instead of one row per attribute."""
    decimals: int = DECIMALS
    """Digits that decimal columns keep after the point, of 38 in all."""
    keep_placeholders: bool = False
    """Whether the dates 0001-01-01 and 1900-01-01, which stand for none, stay instead of null."""


def check_decimals(name: str, decimals: int) -> None:
    """Refuse decimals that no column can have.

    Args:
        name: Whose columns, for the message.
        decimals: Digits after the point.

    Raises:
        ConfigurationError: they are fewer than none, or more than a decimal's digits in all.
    """
    if not 0 <= decimals <= PRECISION:
        raise ConfigurationError(
            f"decimals of {name} must be from 0 to {PRECISION}, not {decimals}."
        )
