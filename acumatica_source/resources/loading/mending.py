"""Brings the tables of a resource to what a comparison with the source has told."""

import logging
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.carrier import Carrier
from acumatica_source.resources.loading.departures import Departures
from acumatica_source.resources.loading.handed_on import HandedOn, keys_in
from acumatica_source.resources.loading.listed import EVERYTHING, Window
from acumatica_source.resources.loading.reader import Reader
from acumatica_source.resources.loading.sweep import Difference, Loaded

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Mending:
    """Mends the tables of one resource in one run."""

    reader: Reader
    carrier: Carrier
    departures: Departures
    loaded: Loaded | None = None
    """What is loaded, as far as it is compared."""
    known: Set[tuple[object, ...]] = frozenset()
    """Identities of loaded rows that are on record as gone already."""

    @property
    def names(self) -> list[str]:
        """The columns that name rows at the source and are loaded, if there are any."""
        return [] if self.loaded is None else list(self.loaded.naming.keys)

    @property
    def handed_on(self) -> HandedOn:
        """The rows that were handed on so far."""
        return self.carrier.handed_on

    def outdated(self, found: Difference, window: Window = EVERYTHING) -> Iterator[Any]:
        """What no page has brought yet: by name, or all pages if that takes fewer requests.

        Args:
            found: What is outdated.
            window: Where all of it is stamped.
        """
        unseen = self.handed_on.unseen(found.outdated)
        rest = found.outdated.filter(pa.array(unseen, pa.bool_()))
        if not rest.num_rows:
            return
        yield from self._again(rest, found.rows, window)

    def lacking(self, gone: pa.Table | None) -> Iterator[Any]:
        """Loaded rows that lack parts which lists did not bring: by lists if these do now.

        Args:
            gone: The identity of loaded rows that are gone; None if that is not known.
        """
        listed = self.carrier.listed(gone)
        if listed.num_rows:
            assert self.loaded is not None
            yield from self._again(listed, self.loaded.rows.num_rows, EVERYTHING)
        yield from self.carrier.rest(gone)

    def _again(self, rest: pa.Table, rows: int, window: Window) -> Iterator[Any]:
        """Some of so many rows, by name, or all pages if that takes fewer requests."""
        by_name = rest.num_rows / self.reader.named_at_once
        only = set(keys_in(rest, self.names or list(self.reader.identity)))
        if by_name > max(1.0, rows / self.reader.page_size):
            logger.info(
                "%s: %d rows are read again; reading all pages.", self.reader.name, rest.num_rows
            )
            pages = self.reader.pages(window.since, window.until)
            yield from self.carrier.all_of(pages, only=only)
        else:
            yield from self.carrier.all_of(self.reader.rows(rest), only=only)

    def gone(self, found: Difference, loaded: Loaded) -> Iterator[Any]:
        """Let go of what a comparison of all rows has not found at the source.

        Args:
            found: What it has not found.
            loaded: What was loaded.
        """
        yield from self.take_out([found.superseded])
        confirmed = self.confirmed(found.gone, self.names)
        yield from self.let_go(self.unseen(confirmed), loaded, self.names, deletions.SWEEP)

    def unseen(self, rows: pa.Table) -> pa.Table:
        """Those of the rows, given by their identity, that were not handed on."""
        ids = keys_in(rows, self.handed_on.identity)
        return rows.filter(pa.array([key not in self.handed_on for key in ids], pa.bool_()))

    def let_go(
        self,
        gone: pa.Table,
        loaded: Loaded,
        names: Sequence[str],
        how: str,
        *,
        spared: int = 0,
        earlier: tuple[int, int] | None = None,
    ) -> Iterator[Any]:
        """Let rows leave; those that were archived are no deleted ones.

        Args:
            gone: Their identity and keys.
            loaded: What was loaded.
            names: The columns that name them at the source.
            how: How it was found.
            spared: How many of them the source has, although it does not show them.
            earlier: How many rows were found gone earlier in the same comparison, and how many were
                loaded when it began; None if it is the whole comparison.
        """
        filled = self.carrier.filled
        can_ask = gone.num_rows and (names or not self.reader.keys)
        there = self.reader.archived(gone) if can_ask else set()
        keys = keys_in(gone, names or list(self.reader.identity))
        away = pa.array([key in there for key in keys], pa.bool_())
        if there:
            archived = gone.filter(away)
            yield from self.departures.put_away(archived, loaded, self.handed_on, filled)
            gone = gone.filter(pc.invert(away))
        yield from self.departures.leave(
            gone, loaded, how, self.handed_on, filled, self.known, spared=spared, earlier=earlier
        )

    def take_out(self, gone: list[pa.Table]) -> Iterator[Any]:
        """Take rows out that others have taken the place of."""
        return self.departures.take_out(gone, self.handed_on, self.carrier.filled)

    def confirmed(self, gone: pa.Table, names: Sequence[str]) -> pa.Table:
        """The rows that are gone indeed. One that a list has left out is no deleted one."""
        there = self.there(gone, names)
        if not there:
            return gone
        logger.warning(
            "%s: %d rows are there although the list did not show them.",
            self.reader.name,
            len(there),
        )
        keys = keys_in(gone, names or list(self.reader.identity))
        return gone.filter(pa.array([key not in there for key in keys], pa.bool_()))

    def there(self, gone: pa.Table, names: Sequence[str]) -> set[tuple[object, ...]]:
        """Which of the rows the source has all the same, by their names or else identity."""
        if not gone.num_rows or (self.reader.keys and not names):
            return set()
        return self.reader.existing(gone)

    def replaced(self, loaded: Loaded, present: pa.Table | None) -> list[pa.Table]:
        """The loaded rows whose keys were handed on with another identity.

        Args:
            loaded: What was loaded.
            present: The identities that the source lists; None if it was not asked for them.
        """
        if not self.names or not len(self.handed_on):
            return []
        identity, keys = list(self.reader.identity), self.names
        handed_on = self.handed_on.rows()
        schema = pa.schema([handed_on.schema.field(name) for name in (*identity, *keys)])
        there = [loaded.rows, loaded.departed]
        held = pa.concat_tables(
            rows.select(schema.names).cast(schema) for rows in there if rows is not None
        )
        others = held.join(handed_on.select(keys), keys, join_type="left semi")
        others = others.join(handed_on.select(identity), identity, join_type="left anti")
        if present is not None:
            others = others.join(present, identity, join_type="left anti")
        elif others.num_rows:
            # nobody has listed all rows, so whether another record has the same key is to be asked
            main = self.reader.shape.tables[0].name
            rows = (page.tables[main] for page in self.reader.rows(others))
            shown = {key for page in rows for key in keys_in(page, identity)}
            lost = [key not in shown for key in keys_in(others, identity)]
            others = others.filter(pa.array(lost, pa.bool_()))
        return [others]
