"""One writer at a time: a row in the dataset that its writer renews, and others respect.

Whoever wants to write adds a row of its own, and then reads all of them. Two that start at once see
each other, so at most one goes on, whatever the destination promises about locks: it only has to
show a row that was written to whoever reads after that.
"""

import logging
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import dlt

from acumatica_source.client.errors import AcumaticaError
from acumatica_source.warehouse.entries import Entries, Entry, Written, entries_of

logger = logging.getLogger(__name__)

WRITER = "writer"

BEAT = 20.0
"""Seconds after which a writer renews its row."""

EXPIRY = 90.0
"""Seconds after which a row that is not renewed counts for nothing: its writer was killed."""

_JUST_NOW = 2.0
"""Seconds within which another writer may just be starting too, and withdraw as this one does."""

_PATIENCE = 5.0
"""Seconds that a renewal under way is waited for at the end."""

_ATTEMPTS = 4
"""Starts that meet each other withdraw, and try again at different moments."""


class AnotherWriter(AcumaticaError):
    """Somebody else loads into the dataset."""


class LeaseLost(AcumaticaError):
    """The dataset was taken over by somebody else."""


_held: set[str] = set()
"""Rows of this process."""


class Lease:
    """The right to write to a dataset."""

    def __init__(self, pipeline: dlt.Pipeline, entry: Entry, found: Sequence[Written] = ()) -> None:
        self._pipeline = pipeline
        self._entry = entry
        self._done = threading.Event()
        self._lost: str | None = None
        self.found = [one.entry for one in found if one.entry.kind != WRITER]
        """What else the dataset keeps about itself, as read when the lease was taken."""

    def check(self) -> None:
        """Refuse to go on if the lease was lost.

        Raises:
            LeaseLost: it was, as this process stood still for too long.
        """
        if self._lost is not None:
            raise LeaseLost(
                f"{self._lost} Nothing more is loaded by this run. Run it again when the other "
                "one is done."
            )

    def renew_until_done(self) -> None:
        """Renew the row every so often; for a thread of its own."""
        while not self._done.wait(BEAT):
            try:
                with entries_of(self._pipeline) as entries:
                    self._renew(entries)
            except Exception as error:  # the destination may be away for a moment
                logger.warning("The lease of the dataset could not be renewed: %s", error)
            if self._lost is not None:
                return

    def end(self) -> None:
        """Stop renewing."""
        self._done.set()

    def _renew(self, entries: Entries | None) -> None:
        assert entries is not None
        entries.touch(self._entry)
        others, mine = [], False
        for one in entries.read():
            if one.entry.id == self._entry.id:
                mine = True
            elif _is_live(one):
                others.append(one.entry)
        if not mine:
            other = others[0].process if others else "another run"
            self._lost = f"This run stood still for so long that {other} took the dataset over."


@contextmanager
def leased(pipeline: dlt.Pipeline, base_url: str, tenant: str) -> Iterator[Lease]:
    """The right to write to a pipeline's dataset, for as long as the block runs.

    Args:
        pipeline: Whose dataset.
        base_url: The instance that is loaded, shown to others.
        tenant: Its tenant, shown to others.

    Yields:
        The lease; it promises nothing where the destination keeps no such rows.

    Raises:
        AnotherWriter: somebody else writes to it.
    """
    entry = Entry(WRITER, uuid.uuid4().hex, base_url, tenant, process=this_process())
    with entries_of(pipeline) as entries:
        kept = entries is not None
        taken = Lease(pipeline, entry, [] if entries is None else _taken(entries, entry))
    if not kept:
        yield taken
        return
    _held.add(entry.id)
    beat = threading.Thread(target=taken.renew_until_done, name="lease", daemon=True)
    beat.start()
    try:
        yield taken
    finally:
        taken.end()
        beat.join(_PATIENCE)
        _held.discard(entry.id)
        try:
            with entries_of(pipeline) as entries:
                if entries is not None:
                    entries.remove(entry)
        except Exception as error:  # what happened in the block is not to be hidden by this
            logger.warning(
                "The lease of the dataset could not be given back, and expires in %.0f seconds: %s",
                EXPIRY,
                error,
            )


def refuse_others(found: Sequence[Written]) -> None:
    """Refuse to go on where somebody else writes to the dataset now.

    Raises:
        AnotherWriter: somebody does.
    """
    live = [one for one in found if _is_live(one) and one.entry.id not in _held]
    if live:
        raise _another(live[0])


def this_process() -> str:
    """This process and its host, as others are shown them."""
    return f"process {os.getpid()} on {_host()}"


def _host() -> str:
    """The name of this host, and what tells containers apart that share it."""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid").strip("pid:[]")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        return f"{socket.gethostname()} ({boot}/{space})"
    return socket.gethostname()


def _taken(entries: Entries, entry: Entry) -> list[Written]:
    """Take the lease.

    Returns:
        The rows that were found beside it.
    """
    attempt = 0
    while True:
        attempt += 1
        entries.add(entry)
        found = [one for one in entries.read() if one.entry.id != entry.id]
        live = [one for one in found if _is_live(one)]
        if not live:
            for one in found:
                if one.entry.kind == WRITER:
                    entries.remove(one.entry)
            return found
        entries.remove(entry)
        newest = min(one.seconds for one in live)
        if newest > 1.5 * BEAT:
            _wait_for(live[0], EXPIRY - newest)
        elif newest > _JUST_NOW or attempt == _ATTEMPTS:
            raise _another(live[0])
        else:
            time.sleep(random.uniform(0.05, 0.6))  # noqa: S311 - no secret


def _wait_for(other: Written, seconds: float) -> None:
    logger.warning(
        "%s loads into this dataset, but has not been heard of for %.0f seconds; waiting %.0f "
        "seconds more.",
        other.entry.process,
        other.seconds,
        seconds,
    )
    time.sleep(max(0.0, seconds))


def _is_live(one: Written) -> bool:
    if one.entry.kind != WRITER or one.seconds >= EXPIRY:
        return False
    return not _has_ended(one.entry.process)


def _has_ended(process: str) -> bool:
    """Whether a process of this host is known not to run any more."""
    mark, _, host = process.removeprefix("process ").partition(" on ")
    if host != _host() or not mark.isdigit() or os.name != "posix":
        return False
    try:
        os.kill(int(mark), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


def _another(other: Written) -> AnotherWriter:
    return AnotherWriter(
        f"{other.entry.process} loads {other.entry.tenant} of {other.entry.base_url} into this "
        f"dataset now; it was heard of {other.seconds:.0f} seconds ago. One run at a time writes "
        "to a dataset. Wait until it is done, or load into another dataset. If it was killed, its "
        f"claim expires {EXPIRY:.0f} seconds after it was last heard of."
    )
