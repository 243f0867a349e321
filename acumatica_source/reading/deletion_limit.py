"""How many loaded rows one run may take out before somebody has to allow it.

A list shows what the user may see. A right that is taken away, another default branch or a
restriction of a form makes it shorter without a word, and so does the address of another instance:
none of these deletes a record. So rows that vanish in numbers are not taken out; the run says what
it found, and writes nothing.
"""

from dataclasses import dataclass

from acumatica_source.client.errors import AcumaticaError, ConfigurationError

SHARE = 0.1
"""The share of a table's rows that may vanish from one run to the next."""

FEWEST = 20
"""Rows that may always vanish, unless all do."""


class TooManyDeletions(AcumaticaError):
    """More rows have vanished from the source than a run takes out unasked."""


@dataclass(frozen=True, slots=True)
class DeletionLimit:
    """How many rows may vanish.

    Raises:
        ConfigurationError: the share is no share.
    """

    share: float = SHARE
    """Of the loaded rows of a table, from 0 to 1."""
    allowed: bool = False
    """Whether any number may."""

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if isinstance(self.share, bool) or not 0 <= self.share <= 1:
            raise ConfigurationError(
                f"The share of rows that may be deleted is {self.share!r}; give one from 0 to 1."
            )

    def check(self, resource: str, gone: int, loaded: int) -> None:
        """Refuse a number of deletions.

        Args:
            resource: Whose rows.
            gone: Rows that the destination has and the source does not show any more.
            loaded: Rows that the destination has.

        Raises:
            TooManyDeletions: they are too many.
        """
        if (
            self.allowed
            or gone <= 0
            or (gone <= max(FEWEST, self.share * loaded) and gone < loaded)
        ):
            return
        raise TooManyDeletions(
            f"{resource}: {gone:,} of its {loaded:,} loaded rows are not shown by the source any "
            "more. Nothing was changed. Look whether the user may still see them (rights, branch, "
            "restrictions of the form), and whether this is the instance and tenant that the "
            "dataset was loaded from. If they were deleted indeed, run once with --allow-deletes, "
            "or allow_deletes=True."
        )

    def check_common(self, resource: str, loaded: int) -> None:
        """Refuse rows none of which has an identity that is loaded.

        Args:
            resource: Whose rows.
            loaded: Rows that the destination has.

        Raises:
            TooManyDeletions: unless any number of rows may vanish.
        """
        if not self.allowed:
            raise TooManyDeletions(
                f"{resource}: of its {loaded:,} loaded rows none has an id that the source shows "
                "now, so the source is another one, or was set up anew. Nothing was changed. If "
                "its rows are to take the place of those loaded, run once with --allow-deletes, "
                "or allow_deletes=True."
            )


USUAL = DeletionLimit()
"""The limit where nobody says otherwise."""
