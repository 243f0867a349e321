"""The tour itself: one part after the other, each of which may fail alone."""

import logging
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from acumatica_source.client.address import segment
from acumatica_source.client.errors import (
    AcumaticaError,
    AuthenticationError,
    ConnectionFailed,
    SeatLimitReached,
)
from acumatica_source.client.retry import RetryPolicy
from acumatica_source.client.session import Session
from acumatica_source.contract.errors import ContractError
from acumatica_source.probing.model import Findings, rounded
from acumatica_source.probing.replies import Reply
from acumatica_source.reading.instance import Instance

logger = logging.getLogger(__name__)

BUSY = frozenset({409, 429, 503})
"""Statuses of a server that is busy."""

PATIENCE = RetryPolicy(attempts=3, first_delay=2.0)
"""How often it is asked again: less often than elsewhere, for there are more questions."""

MOST_LOST = 3
"""Parts that may fail for want of a connection or a session before the others are given up."""
_LOST = (ConnectionFailed, AuthenticationError, SeatLimitReached)

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """A list of the Default endpoint that questions are asked about."""

    entity: str
    keys: tuple[str, ...]
    details: str | None
    stamps: tuple[str, ...] = ("LastModifiedDateTime",)


@dataclass
class Tour:
    """What the parts of a tour share."""

    instance: Instance
    session: Session
    findings: Findings
    endpoints: list[tuple[str, str]] = field(default_factory=list)
    version_4: str | None = None
    """Path of the endpoint that version 4 is asked about."""
    version_5: str | None = None
    subject: Subject | None = None
    """The list that questions about lists are asked of."""
    stamp: str | None = None
    """Its stamp of modification."""
    light: list[dict[str, Any]] = field(default_factory=list)
    """Its first rows with their keys, in the server's order."""
    keys: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    """The keys of the first rows of each list, by the entity."""
    full: list[dict[str, Any]] = field(default_factory=list)
    """Some of its records with all fields."""
    outside: int = 0
    """Requests that the session did not send itself."""

    def ask(self, path: str, params: Params | None = None) -> Reply:
        """The server's answer to a read, whatever it is; a busy server is asked again."""
        for attempt in range(1, PATIENCE.attempts + 1):
            body = self.session.unjudged(path, params)
            if body.status == 401 and attempt == 1:
                self.session.logout()  # it has ended: the next request signs in anew
            elif body.status in BUSY and attempt < PATIENCE.attempts:
                time.sleep(PATIENCE.delay(attempt))
            else:
                break
        return Reply(body.status, body.content, body.headers)

    def note(self, question: str, answer: Any) -> None:
        """Keep an answer; None where it could not be told."""
        self.findings.note(question, answer)

    def note_words(self, question: str, found: Set[str]) -> None:
        """Keep which words were found."""
        self.findings.note_words(question, found)

    @property
    def chosen(self) -> Subject:
        """The list that questions about lists are asked of.

        Raises:
            LookupError: no list has shown rows.
        """
        if self.subject is None:
            raise LookupError("no list has shown rows")
        return self.subject

    def listed(self, **options: str) -> Reply:
        """The list of the subject, asked for with these options (`top="5"`)."""
        return self.ask(self.path_of(self.chosen.entity), query(**options))

    def path_of(self, entity: str) -> str:
        """Where an entity of the endpoint of version 4 is.

        Raises:
            LookupError: there is no such endpoint.
        """
        if self.version_4 is None:
            raise LookupError("no endpoint speaks version 4")
        return f"{self.version_4}/{entity}"

    def limit_met(self, path: str, params: Params, rows: int) -> int | None:
        """How many rows a list is limited to, if there are more than came; 0 for no limit met.

        Args:
            path: Where the list is.
            params: What it was asked with.
            rows: How many rows came.
        """
        if not rows:
            return None
        plain = {name: text for name, text in params.items() if name not in ("$top", "$skip")}
        behind = self.ask(path, {**plain, "$top": "1", "$skip": str(rows)}).rows
        if behind is None:
            return None
        return rounded(rows) if behind else 0


Step = Callable[[Tour], None]


def run(instance: Instance, findings: Findings, steps: Mapping[str, Step]) -> None:
    """Go through all parts with one seat, which is signed out at the end.

    Args:
        instance: The instance; nothing has been sent to it.
        findings: Where answers are kept.
        steps: The parts of the tour by their names, in their order.

    Raises:
        AcumaticaError: nobody could be signed in, or the instance cannot be reached.
    """
    with instance.seats.opened() as connection, connection.pool.seat() as session:
        tour = Tour(instance, session, findings)
        lost = 0
        for name, step in steps.items():
            if lost == MOST_LOST:
                findings.note_failure(name, ConnectionFailed.__name__)
                continue
            try:
                step(tour)
            except (AcumaticaError, ContractError) as error:
                lost += isinstance(error, _LOST)
                findings.note_failure(name, type(error).__name__)
                logger.info("%s could not be gone through: %s", name, error)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                # an answer of an unknown shape costs the questions about it, not the tour
                findings.note_failure(name, "unexpected answer")
                logger.info("%s could not be gone through: %r", name, type(error))
    # by now the seat is signed out, which is a request too
    findings.requests = session.requests_made + tour.outside


def query(**options: str) -> dict[str, str]:
    """Query options by their names without the dollar."""
    return {f"${name}": text for name, text in options.items()}


def address_of(path: str, keys: list[object]) -> str:
    """Where a record with these keys is."""
    return "/".join([path, *(segment(str(key), "key") for key in keys)])
