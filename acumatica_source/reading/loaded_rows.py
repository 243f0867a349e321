"""What is loaded of the rows that are asked for."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class LoadedRows:
    """What is loaded of the rows that are asked for, as far as a reader can make use of it."""

    count: int
    """How many they are."""
    holds: Callable[[pa.Table], pa.Array]
    """Tells which rows, given by identity, keys and `stamp`, are loaded as they are."""

    def are(self, rows: pa.Table) -> bool:
        """Whether these rows, given in the same way, are just what is loaded."""
        return rows.num_rows == self.count and bool(pc.all(self.holds(rows)).as_py())
