"""Compares a large table with the source slice by slice, as many in each run as its budget allows.

A slice is a span of stamps that one request lists, cut from the stamps of what is loaded: instants
compare alike everywhere, while the order of keys is the server's own. Whatever has a stamp is in
one of them, on either side. A row that the slice lacks has been stamped anew, or is gone; the
source is asked for it by name before anybody believes that.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.reading.light_records import STAMP
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.handed_on import keys_in
from acumatica_source.resources.loading.listed import Window, listed
from acumatica_source.resources.loading.mending import Mending
from acumatica_source.resources.loading.options import LoadOptions
from acumatica_source.resources.loading.reader import Reader
from acumatica_source.resources.loading.state import ResourceState, VerificationRound
from acumatica_source.resources.loading.sweep import Loaded, difference, shared_keys

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verification:
    """The comparison of one table, as far as a run gets with it."""

    reader: Reader
    executor: Executor
    options: LoadOptions
    mend: Mending
    state: ResourceState

    def is_due(self) -> bool:
        """Whether this run is to compare anything."""
        begun = self.state.round is not None
        if not begun and not self.options.rhythm.due(self.state.verified, self.reader.started):
            return False
        if self.options.rhythm.is_never:
            return False
        if self.options.verify_requests < 1:
            logger.warning(
                "%s: its rows are not compared with the source, as no requests are allowed for "
                "that; deleted ones stay.",
                self.options.resource,
            )
            return False
        return True

    def goes_by_slices(self, loaded: Loaded) -> bool:
        """Whether stamps and keys of what is loaded are fit for it.

        Rows without a stamp are in no slice, and where rows share a key it is another one's rows
        that tell what became of them.
        """
        return loaded.rows.column(STAMP).null_count == 0 and not shared_keys(
            loaded.rows, loaded.naming
        )

    def of_slices(self, loaded: Loaded) -> Iterator[Any]:
        """Compare the next slices, and mend what differs.

        Args:
            loaded: All that is loaded.

        Raises:
            TooManyDeletions: too many rows are gone, counted from the first slice on.
        """
        round = self.state.round or VerificationRound(
            self.reader.started or datetime.now(UTC), rows=loaded.rows.num_rows
        )
        # an answer with as many rows as were asked for may have more behind it
        windows = slices(loaded.rows.column(STAMP), self.reader.listed_at_once - 1, round.reached)
        for window in windows[: self.options.verify_requests]:
            gone = yield from self._of_slice(window, loaded, round)
            round = replace(round, reached=window.until, gone=round.gone + gone)
        if round.reached is None:
            self.state.verified, self.state.round = round.begun, None
        else:
            self.state.round = round
            left = len(windows) - self.options.verify_requests
            logger.info(
                "%s: %d more requests are to compare the rest of its rows.",
                self.options.resource,
                left,
            )

    def _of_slice(self, window: Window, loaded: Loaded, round: VerificationRound) -> Any:
        mend, parents = self.mend, self.reader.shape.tables[0]
        here = loaded.among(_within(loaded.rows.column(STAMP), window))
        limited = self.state.limited or self.reader.is_limited
        known = None if limited else LoadedRows(here.rows.num_rows, here.holds)
        there = listed(self.reader, self.executor, parents, known, window)
        if shared_keys(there, here.naming):
            here = replace(here, naming=replace(here.naming, keys=()))
        found = difference(here, there)
        yield from mend.outdated(found, window)
        yield from mend.take_out([found.superseded])
        missing = mend.unseen(found.gone)
        moved = mend.there(missing, mend.names)
        if moved:  # stamped anew past what the changes of this run have brought
            names = keys_in(missing, mend.names or list(self.reader.identity))
            stay = pa.array([name in moved for name in names], pa.bool_())
            yield from mend.carrier.all_of(self.reader.rows(missing.filter(stay)), only=moved)
            missing = mend.unseen(missing.filter(pc.invert(stay)))
        yield from mend.let_go(
            missing, loaded, mend.names, deletions.SWEEP, earlier=(round.gone, round.rows)
        )
        return missing.num_rows


def slices(stamps: pa.ChunkedArray, size: int, reached: datetime | None) -> list[Window]:
    """The spans of stamps that are still to be compared, in their order.

    Args:
        stamps: The stamps of all loaded rows; none is missing.
        size: Rows of a slice, if no more of them share one stamp.
        reached: Where the first slice begins; None for before all stamps.
    """
    counted = pa.table({STAMP: stamps}).group_by(STAMP).aggregate([([], "count_all")])
    ends: list[datetime] = []
    held = 0
    for row in counted.sort_by(STAMP).to_pylist():
        if reached is not None and row[STAMP] < reached:
            continue
        if held and held + row["count_all"] > size:
            ends.append(row[STAMP])
            held = 0
        held += row["count_all"]
    bounds = [reached, *ends, None]
    return [Window(*both) for both in pairwise(bounds)]


def _within(stamps: pa.ChunkedArray, window: Window) -> pa.ChunkedArray:
    inside = pa.chunked_array([pa.repeat(True, len(stamps))])
    if window.since is not None:
        inside = pc.greater_equal(stamps, pa.scalar(window.since, stamps.type))
    if window.until is not None:
        inside = pc.and_(inside, pc.less(stamps, pa.scalar(window.until, stamps.type)))
    return inside
