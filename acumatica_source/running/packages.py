"""Loads resources by load packages: small ones share one, a large one has its own.

Each package costs statements and work that grows with the schema, whatever is in it. So the rows
of a resource are collected in memory first. If they are few, they wait for those of the next ones,
and are written together with them; whatever fails until then has written nothing. If they are many,
or slow to come, what waits is loaded first, and then they as they come. What cannot be written
together is written again one by one, from memory. Where nothing has changed, there is nothing to
load.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import dlt

from acumatica_source.reading.instance import Instance
from acumatica_source.running.collected import Collected
from acumatica_source.running.failures import root_cause
from acumatica_source.running.outcome import Outcome
from acumatica_source.running.restart import start_from_destination
from acumatica_source.source import Load, source_giving
from acumatica_source.warehouse.kept_open import kept_open, opened_once
from acumatica_source.warehouse.lease import Lease, LeaseLost

logger = logging.getLogger(__name__)

HELD_BYTES = 16_000_000
"""What the rows that wait for their package take in memory at most, but for one page."""

HELD_SECONDS = 10.0
"""After this time a package is loaded, whatever else it could hold: a kill loses no more."""

MOST = 32
"""Resources that share a package at most. The first has one of its own, and then their number
doubles: so a destination that takes nothing is known of early."""


class Packages:
    """Loads resources one after the other into the dataset of a pipeline, which was entered."""

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        instance: Instance,
        lease: Lease,
        report: Callable[[Outcome], None],
    ) -> None:
        """Load nothing yet.

        Args:
            pipeline: Where to.
            instance: Where from.
            lease: The right to write there.
            report: Called with each outcome as soon as it is known.
        """
        self._pipeline = pipeline
        self._instance = instance
        self._lease = lease
        self._report = report
        self._waiting: deque[Collected] = deque()
        """Those that are not done, in order."""
        self._held: list[Collected] = []
        """Those that the package in extraction holds."""
        self._size = 0
        self._most = 1
        """How many it may hold."""
        self._until = 0.0
        """When it is loaded, whatever else it could hold."""
        self._is_closed = False
        self._is_over = False
        self._raised: Exception | None = None

    def load(self, loads: Sequence[Load]) -> None:
        """Load everything; nothing more once that is of no use.

        Raises:
            LeaseLost: somebody else has taken the dataset over.
        """
        progress = self._pipeline.collector
        self._waiting.extend(Collected(self._instance, one, progress) for one in loads)
        try:
            while self._waiting and not self._is_over:
                with kept_open(self._pipeline):
                    self._load_some([*self._waiting])
                self._most = min(2 * self._most, MOST)
        finally:
            for one in self._waiting:
                one.close()

    def _load_some(self, candidates: Sequence[Collected]) -> None:
        """Load as many of these as a package takes, but at least one."""
        self._held, self._size, self._is_closed = [], 0, False
        try:
            self._pipeline.extract(
                source_giving({one.name: partial(self._rows, one) for one in candidates}),
                loader_file_format="parquet",
            )
            seconds = self._written()
        except Exception as raised:  # whatever a destination or the instance may say
            self._start_anew(raised)
            if not self._held and not (self._waiting and self._waiting[0] is candidates[0]):
                raise  # whatever it is, it is not about one of them
            self._load_each(self._held or [self._waiting.popleft()], raised)
            return
        for one in self._held:
            self._loaded(one, seconds / len(self._held))

    def _rows(self, one: Collected) -> Iterator[object]:
        """The items of a resource, all at once, unless the package is closed."""
        if self._is_closed:
            return
        self._check_lease()
        try:
            until = self._until if self._held else time.monotonic() + HELD_SECONDS
            one.collect(HELD_BYTES - self._size, until)
        except Exception as raised:  # it is reported, and the next one goes on
            logger.debug("%s failed", one.name, exc_info=True)
            self._waiting.popleft()
            self._tell(one.failed(raised))
            return
        if not one.is_whole and self._held:
            self._is_closed = True
            one.put_aside()
            return
        self._waiting.popleft()
        if one.is_whole and not one.changes:
            self._tell(one.loaded())
        else:
            self._hold(one)
        self._is_closed = self._is_closed or self._is_full
        if one not in self._held:
            return
        yield from one.collected() if one.is_whole else one.all()

    def _hold(self, one: Collected) -> None:
        if not self._held:
            self._until = time.monotonic() + HELD_SECONDS
        self._held.append(one)
        self._size += one.size

    @property
    def _is_full(self) -> bool:
        """Whether the package is to be loaded before another resource is read."""
        if not self._held:
            return False
        if len(self._held) == self._most or self._size >= HELD_BYTES:
            return True
        return time.monotonic() > self._until or not self._held[-1].is_whole

    def _written(self) -> float:
        """Write what was extracted; how many seconds it took."""
        begun = time.monotonic()
        self._pipeline.normalize()
        if self._pipeline.list_normalized_load_packages():
            self._check_lease()
            with opened_once(self._pipeline):
                self._pipeline.load()
        return time.monotonic() - begun

    def _load_each(self, held: Sequence[Collected], raised: Exception) -> None:
        """Load one by one what could not be written together, where it is still in memory."""
        for one in held:
            if len(held) == 1 or not one.is_whole:
                self._tell(one.failing(raised))
                continue
            try:
                self._pipeline.extract(
                    source_giving({one.name: one.collected}), loader_file_format="parquet"
                )
                seconds = self._written()
            except Exception as alone:  # it is reported, and the next one goes on
                self._start_anew(alone)
                self._tell(one.failing(alone))
            else:
                self._loaded(one, seconds)

    def _loaded(self, one: Collected, seconds: float) -> None:
        """Tell that it was loaded, or go on with it if that was a window of a first load."""
        unfinished = self._instance.report.unfinished
        if one.name in unfinished:
            unfinished.discard(one.name)
            one.go_on(seconds)
            self._waiting.appendleft(one)
        else:
            self._tell(one.loaded(seconds))

    def _start_anew(self, raised: Exception) -> None:
        """Forget what the local folder holds after a failure, unless that ends the run.

        Raises:
            BaseException: what does.
        """
        if self._raised is not None:
            raise self._raised
        cause = root_cause(raised)
        if not isinstance(cause, Exception):  # somebody has interrupted the program
            raise cause
        logger.debug("A load package failed", exc_info=raised)
        start_from_destination(self._pipeline)

    def _check_lease(self) -> None:
        try:
            self._lease.check()
        except LeaseLost as lost:
            self._raised = lost
            raise

    def _tell(self, outcome: Outcome) -> None:
        if outcome.fatal:
            self._is_closed = self._is_over = True
        try:
            self._report(outcome)
        except Exception as raised:  # in extraction dlt would make another error of it
            self._raised = raised
            raise


def load_one(pipeline: dlt.Pipeline, instance: Instance, lease: Lease, load: Load) -> Outcome:
    """Load one resource, whatever comes of it; the dataset must have been entered."""
    outcomes: list[Outcome] = []
    Packages(pipeline, instance, lease, outcomes.append).load([load])
    return outcomes[0]
