"""On what terms a dataset is loaded: what may leave it, and who shares it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.deletion_limit import USUAL, DeletionLimit
from acumatica_source.reading.rhythm import NEVER, NOW, Rhythm


class OnDelete(StrEnum):
    """What becomes of rows that the source does not have any more; all are put on record."""

    REMOVE = "remove"
    """They are taken out, with their details."""
    FLAG = "flag"
    """They stay, with the time in `_deleted_at`; so do their details."""
    KEEP = "keep"
    """They stay as they are."""


def on_delete_named(name: str) -> OnDelete:
    """The way of that name.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        return OnDelete(name)
    except ValueError:
        raise ConfigurationError(
            f"on_delete must be one of {', '.join(OnDelete)}, not {name!r}."
        ) from None


WINDOW_MINUTES = 10.0
"""Minutes that a first load reads before it hands over what it has."""


def window_of(minutes: float) -> timedelta | None:
    """How long a first load reads before it hands over what it has.

    Args:
        minutes: That time; 0 to have all of it in one package.

    Raises:
        ConfigurationError: it is negative, or no time.
    """
    if isinstance(minutes, bool) or not 0 <= minutes < float("inf"):
        raise ConfigurationError(f"window_minutes must be 0 or more, not {minutes!r}.")
    return timedelta(minutes=minutes) if minutes else None


def verify_named(name: str | None) -> str | None:
    """The word for when tables are compared with the source.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name not in (None, NOW, NEVER):
        raise ConfigurationError(f"verify must be {NOW!r} or {NEVER!r}, not {name!r}.")
    return name


SINGLE_READS = 50
"""Single reads of an entity that a run makes at most, unless somebody says otherwise."""

ALL = "all"
"""Stands for as many single reads as it takes."""


def single_reads_named(given: int | str) -> int | None:
    """How many single reads a run makes at most; None for as many as it takes.

    Args:
        given: A number, also as text, or `all`.

    Raises:
        ConfigurationError: it is neither.
    """
    if isinstance(given, str) and given.strip().lower() == ALL:
        return None
    try:
        number = int(given)
    except ValueError:
        number = -1
    if number < 0 or isinstance(given, bool):
        raise ConfigurationError(
            f"single_reads must be {ALL!r} or a number from 0 on, not {given!r}."
        )
    return number


@dataclass(frozen=True, slots=True)
class Look:
    """That tables are compared with the source, and nothing is written."""

    values: bool = False
    """Whether all values are compared, not only keys and stamps."""


@dataclass(frozen=True, slots=True)
class LoadingTerms:
    """On what terms a dataset is loaded."""

    deletions: DeletionLimit = USUAL
    """How many loaded rows may vanish before somebody has to allow it."""
    on_delete: OnDelete = OnDelete.REMOVE
    """What becomes of rows that have vanished."""
    tenant_column: bool = False
    """Whether several tenants share the dataset, told apart by the column `_tenant`."""
    adopt: bool = False
    """Whether the dataset counts as this instance's from now on, whatever it was loaded from."""
    verify: str | None = None
    """`"now"` or `"never"`, whatever the options of a table say; None for what they say."""
    window: timedelta | None = None
    """How long a first load reads before it hands over what it has, to go on in another package;
    None to have all of it in one."""
    single_reads: int | None = SINGLE_READS
    """How many records of an entity a run reads one by one at most, for what lists do not bring;
    None for as many as it takes."""
    look: Look | None = None
    """How tables are compared instead of loaded; None to load them."""

    def rhythm(self, verify: timedelta | str, option: str = "verify") -> Rhythm:
        """How often a table is compared with the source.

        Args:
            verify: What its own options say.
            option: What messages call that.

        Raises:
            ConfigurationError: that is no rhythm.
        """
        own = Rhythm.of(verify, option)
        return own if self.verify is None else Rhythm.of(self.verify)


USUAL_TERMS = LoadingTerms()
"""The terms where nobody says otherwise."""
