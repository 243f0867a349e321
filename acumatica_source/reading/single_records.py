"""Reads records one by one, which the server refuses for no field and no detail.

A single record is not put together by one database query, so what stands in the way of a list does
not matter (Integration Development Guide: Retrieval of Records by Conditions).
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from acumatica_source.client.address import segment
from acumatica_source.client.errors import (
    AcumaticaError,
    ConfigurationError,
    InvalidQuery,
    NotFound,
    RecordNotFound,
    ServerError,
    UnexpectedAnswer,
)
from acumatica_source.paging.model import RowKey
from acumatica_source.reading.light_records import LightRecords
from acumatica_source.reading.record_keys import KeyLabels
from acumatica_source.reading.record_query import RecordQuery, RecordRequests

logger = logging.getLogger(__name__)

MOST_UNREADABLE = 25
"""Records of one entity that may be left out because the server cannot show them. If there are
more, it is not the records."""


FAILURES = (ServerError, UnexpectedAnswer)
"""What a server says that cannot show one record."""


class CustomRefused(Exception):
    """A record is shown, but not with the custom fields that were asked for.

    Attributes:
        key: the record's key.
        identity: its id.
    """

    def __init__(self, key: RowKey, identity: str) -> None:
        super().__init__(identity)
        self.key = key
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that the server does not show."""

    record: str
    """Its key, or its id."""
    reason: str
    """The server's words."""


class SingleRecords:
    """Gets records by id, or by keys where the id is not known."""

    def __init__(self, requests: RecordRequests, query: RecordQuery, labels: KeyLabels) -> None:
        self._labels = labels
        self._requests = requests
        self._expand = query.expand
        self._name = query.entity.name
        self._has_keys = bool(query.entity.keys)
        self._lock = threading.Lock()
        self.unreadable: dict[RowKey, Unreadable] = {}
        """The records that could not be read so far."""

    def bodies(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None, custom: Sequence[str]
    ) -> list[bytes | None]:
        """The answers, in the order asked for; None for records that are not there or not shown.

        Args:
            keys: The values of the key fields, or `(id,)` where there are none.
            ids: The ids; None where they are the keys.
            custom: Custom fields to show.

        Raises:
            CustomRefused: one is shown without custom fields only.
        """
        known = [str(key[0]) for key in keys] if ids is None else ids
        refused = threading.Event()

        def fetch(key: RowKey, identity: str) -> bytes | None:
            if refused.is_set():
                return None
            try:
                return self._found(key, identity, custom)
            except (InvalidQuery, *FAILURES) as error:
                if custom and self.shows(key, identity, ()):
                    refused.set()
                    raise CustomRefused(key, identity) from error
                if isinstance(error, InvalidQuery):
                    raise
                self._leave_out(key, error)
                return None

        with ThreadPoolExecutor(self._requests.seats) as threads:
            return list(threads.map(fetch, keys, known))

    def shows(self, key: RowKey, identity: str, custom: Sequence[str]) -> bool:
        """Whether the server shows a record with these custom fields."""
        try:
            return self._found(key, identity, custom) is not None
        except (InvalidQuery, *FAILURES):
            return False

    def note_lost(self, keys: Sequence[RowKey], light: LightRecords) -> None:
        """Note those of the records that were not found although they are listed."""
        lost = [key for key in keys if key not in self.unreadable]
        if lost and self._has_keys:
            for key in light.existing(lost) or ():
                self._leave_out(key, RecordNotFound("it is listed, but not found by id or keys."))

    def _found(self, key: RowKey, identity: str, custom: Sequence[str]) -> bytes | None:
        """By id, and then by keys: some records have another id in every session.

        Addresses show labels in the guide; whether they take codes is not known. So what one of
        them is refused for, in whatever words, is no answer before the other was tried.
        """
        labelled = self._labels.labelled(key)
        ways = [identity, None if labelled is None else self._address(labelled)]
        refused: AcumaticaError | None = None
        for address in (*ways, self._address(key)):
            if address is None:
                continue
            try:
                return self._requests.single(address, self._expand, custom)
            except NotFound:
                continue
            except (InvalidQuery, *FAILURES) as error:
                if labelled is None or address == identity:
                    raise
                refused = refused or error
        if refused is not None:
            raise refused
        return None

    def _address(self, key: RowKey) -> str | None:
        if not self._has_keys:
            return None
        try:
            return "/".join(segment(value) for value in key)
        except ConfigurationError:
            return None

    def _leave_out(self, key: RowKey, error: AcumaticaError) -> None:
        shown = " ".join(map(str, key))
        with self._lock:
            self.unreadable[key] = Unreadable(shown, error.server_message or str(error))
            if len(self.unreadable) > MOST_UNREADABLE:
                raise error
        logger.error("%s: the server does not show %s: %s", self._name, shown, error)
