"""Shares of the records that behave in another way: which ones is drawn by their lasting ids."""

from dataclasses import dataclass
from hashlib import blake2b


def lot(identity: str, seed: int, purpose: str) -> float:
    """A number from 0 to below 1, the same whenever a record is asked about for a purpose."""
    drawn = blake2b(f"{purpose} {seed} {identity}".encode(), digest_size=6).digest()
    return int.from_bytes(drawn) / 2**48


@dataclass(frozen=True, slots=True)
class Share:
    """The records whose lot is below the size of the share."""

    purpose: str = ""
    seed: int = 0
    size: float = 0.0

    def __bool__(self) -> bool:
        return self.size > 0

    def has(self, identity: str) -> bool:
        """Whether the record of that lasting id is one of them."""
        return self.size > 0 and lot(identity, self.seed, self.purpose) < self.size

    @property
    def sql(self) -> str:
        """The same as a condition on a row of the store."""
        return f"lot(_id, {self.seed}, '{self.purpose}') < {self.size!r}"


NOBODY = Share()


def seen_as(identity: str, salt: str) -> str:
    """An id as the session of that salt sees it, if it is new in every session; and back again.

    The rest stays as it is, as with the rows of details: what belongs to a record is found by it.
    """
    return f"{int(identity[:8], 16) ^ int(salt, 16):08x}{identity[8:]}"
