"""Which periods of a ledger have changed, by the stamps of its batches.

A batch touches the period that it is posted to, and those that hold rows of it in the destination:
it has left them if its period is another one now. Deletions, and lines that are written past their
batch, leave no stamp; they are found by asking for all periods.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.fiscal_calendar import period_id
from acumatica_source.reading.journal import Batch, Journal
from acumatica_source.reading.watermark import next_watermark
from acumatica_source.resources.loading.part_source import Changes, Held

logger = logging.getLogger(__name__)

BATCH, MODULE, LEDGER = "BatchNumber", "Module", "Ledger"
"""Columns of loaded rows: the batch they are of, its module, and the ledger."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What is followed, and what the last run has seen of it."""

    ledger: str | None
    """The ledger that is loaded; None for the instance's default."""
    period: str
    """The column of loaded rows that has their period."""
    lag: timedelta
    """How far before the watermark batches are listed again, for transactions that commit late."""
    watermark: datetime | None
    recent: Mapping[str, str]
    """Digests of the batches that it listed and this run lists again, by their places."""
    ledgers: Sequence[str] = ()
    """Ledgers that batches were ever seen to be of."""


def changes_of(journal: Journal, followed: Followed, held: Held) -> Changes:
    """What changed since the last run.

    The batches behind the watermark less the lag are listed again in every run. So the list always
    shows some that are known: one that is empty is not believed.

    Args:
        journal: The list of batches.
        followed: What the last run has seen.
        held: What the destination has.

    Raises:
        AcumaticaError: the list cannot be read, or does not tell.
    """
    batches: list[Batch] = []
    if followed.watermark is not None and followed.recent:
        known = sum(map(_number, followed.recent.values()))
        batches = journal.since(followed.watermark - followed.lag, known)
        if not batches:
            logger.warning("The journal shows none of the batches any more that it showed last.")
    if batches:
        parts = _touched(batches, followed, held)
        newest = max(batch.stamp for batch in batches)
        reached = next_watermark(followed.watermark, journal.started, newest)
    else:
        parts = None
        reached = next_watermark(None, journal.started, journal.newest())
        assert reached is not None
        batches = journal.since(reached - followed.lag)
    assert reached is not None
    again = [batch for batch in batches if batch.stamp >= reached - followed.lag]
    ledgers = sorted({*followed.ledgers, *journal.ledgers})
    return Changes(parts, reached, _digests(again), journal.shown, ledgers)


def _touched(batches: Sequence[Batch], followed: Followed, held: Held) -> frozenset[str] | None:
    """The periods of the batches that are not known as they are; None where one has none."""
    now, before = _digests(batches), followed.recent
    differ = {place for place in {*now, *before} if now.get(place) != before.get(place)}
    if not differ:
        return frozenset()
    seen = {*followed.ledgers, *(batch.ledger or "" for batch in batches)}
    own = _own_ledger(seen, followed, held)
    touched = set()
    for place in differ:
        if own is None or _same(_ledger_of(place), own):
            try:
                touched.add(period_id(place.partition("|")[0]))
            except ConfigurationError:
                return None
    left = _left([one for one in batches if _place(one) in differ], followed, held)
    return None if left is None else frozenset(touched | left)


def _own_ledger(seen: set[str], followed: Followed, held: Held) -> str | None:
    """The name that batches of the ledger have; None where that cannot be told.

    Of the default ledger it is what all loaded rows say. A name that no batch has tells nothing:
    the form and the journal may not call ledgers alike.
    """
    own = followed.ledger
    if own is None and len(seen) > 1:
        names = held.distinct(LEDGER) or set()
        own = next(iter(names)) if len(names) == 1 else None
    return own if own and any(_same(own, one) for one in seen) else None


def _left(batches: Sequence[Batch], followed: Followed, held: Held) -> frozenset[str] | None:
    """The periods that hold rows of these batches; None where that is not to be had.

    Batches of several modules may have the same number. Rows count by their module only where they
    call modules as the journal does.
    """
    modules = defaultdict(set)
    for batch in batches:
        modules[batch.number].add(batch.module)
    if not modules:
        return frozenset()
    found = held.having(BATCH, sorted(modules), (BATCH, MODULE, followed.period))
    if found is None:
        return None
    others = [one for one in found if one[1] not in modules[one[0]]]
    if others and (len(others) < len(found) or _alike(modules, held)):
        found = [one for one in found if one[1] in modules[one[0]]]
    return frozenset(period for _, _, period in found)


def _alike(modules: Mapping[str, set[str | None]], held: Held) -> bool:
    """Whether loaded rows call the modules of these batches as the journal does."""
    return set().union(*modules.values()) <= (held.distinct(MODULE) or set())


def _digests(batches: Iterable[Batch]) -> dict[str, str]:
    """Number and digest of the batches of each place, in whatever order they come."""
    by_place = defaultdict(list)
    for batch in batches:
        by_place[_place(batch)].append(f"{batch.module} {batch.number} {batch.stamp.isoformat()}")
    return {place: f"{len(texts)}:{_hash(sorted(texts))}" for place, texts in by_place.items()}


def _hash(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _number(digest: str) -> int:
    """How many batches a digest is of."""
    number = digest.partition(":")[0]
    return int(number) if number.isdecimal() else 0


def _place(batch: Batch) -> str:
    """Period and ledger of a batch, as the server writes them; empty where it does not say."""
    return f"{batch.period or ''}|{batch.ledger or ''}"


def _ledger_of(place: str) -> str:
    return place.partition("|")[2]


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
