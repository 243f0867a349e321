"""One instance as the readers see it: its seats, its workers, its endpoint and that contract."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from acumatica_source.client.errors import ConfigurationError, UnexpectedAnswer
from acumatica_source.client.pool import SessionPool
from acumatica_source.contract.errors import UnsupportedContract
from acumatica_source.contract.model import Contract
from acumatica_source.contract.openapi import parse_contract

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    """What readers need while an instance is open: seats, and threads to use them with."""

    pool: SessionPool
    executor: Executor
    """Runs whole readers, each a step at a time."""
    seats: int
    """Requests that can be under way at once."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A web service endpoint by name and version."""

    name: str
    version: str

    @property
    def path(self) -> str:
        """Path below the instance, without slashes around it."""
        return f"entity/{self.name}/{self.version}"

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


class Instance:
    """An instance that several readers share.

    It holds seats only while somebody has it open: the last one to leave signs all of them out.
    Nothing is sent before the first `opened()`.
    """

    def __init__(
        self,
        open_pool: Callable[[], SessionPool],
        tenant: str,
        endpoint: str,
        version: str | None,
        seats: int,
    ) -> None:
        self._open_pool = open_pool
        self.tenant = tenant
        self._endpoint_name = endpoint
        self._version = version
        self._seats = seats
        self.rows_read: Counter[str] = Counter()
        """Rows handed on so far, by table; rows that only say that others are gone do not count."""
        self.unordered: set[str] = set()
        """Entities whose order has proved unstable: they are read in one request."""
        self._lock = threading.RLock()
        self._users = 0
        self._connection: Connection | None = None
        self._contract: tuple[Endpoint, Contract] | None = None
        self._requests_before = 0

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """The instance's seats and workers, for as long as the block runs."""
        with self._lock:
            self._users += 1
            if self._connection is None:
                # one more worker than seats: a page can be parsed while the seats are waiting
                executor = ThreadPoolExecutor(self._seats + 1, thread_name_prefix="acumatica")
                self._connection = Connection(self._open_pool(), executor, self._seats)
            connection = self._connection
        try:
            yield connection
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._connection = None
                    self._requests_before += connection.pool.requests_made
                    connection.executor.shutdown(wait=True, cancel_futures=True)
                    connection.pool.close()

    @property
    def requests_made(self) -> int:
        """Requests sent so far, sign-ins and sign-outs not counted."""
        with self._lock:
            now = self._connection.pool.requests_made if self._connection else 0
            return self._requests_before + now

    def contract(self) -> tuple[Endpoint, Contract]:
        """The endpoint in use and its contract, fetched once.

        Raises:
            ConfigurationError: the instance has no such endpoint or version.
            UnsupportedContract: the endpoint speaks a contract version this source does not know.
        """
        with self._lock:
            if self._contract is None:
                with self.opened() as connection:
                    self._contract = self._discover(connection.pool)
            return self._contract

    def endpoints(self) -> list[Endpoint]:
        """All endpoints that the instance lists."""
        with self.opened() as connection:
            return listed_endpoints(_get(connection.pool, "entity"))

    def _discover(self, pool: SessionPool) -> tuple[Endpoint, Contract]:
        candidates = self._candidates(pool)
        for place, endpoint in enumerate(candidates):
            try:
                return endpoint, parse_contract(_get(pool, f"{endpoint.path}/swagger.json"))
            except UnsupportedContract as error:
                if place + 1 == len(candidates):
                    raise
                logger.warning("%s: %s Using %s instead.", endpoint, error, candidates[place + 1])
        raise AssertionError("unreachable: there is at least one candidate")

    def _candidates(self, pool: SessionPool) -> list[Endpoint]:
        """The endpoint asked for, or all versions of its name, newest first."""
        listed = listed_endpoints(_get(pool, "entity"))
        versions = [endpoint for endpoint in listed if endpoint.name == self._endpoint_name]
        if not versions:
            names = ", ".join(sorted({endpoint.name for endpoint in listed}))
            raise ConfigurationError(
                f"The instance has no endpoint {self._endpoint_name!r}. It lists: {names}."
            )
        if self._version is None:
            return sorted(versions, key=_version_order, reverse=True)
        for endpoint in versions:
            if endpoint.version == self._version:
                return [endpoint]
        known = ", ".join(endpoint.version for endpoint in versions)
        raise ConfigurationError(
            f"The instance has no version {self._version!r} of endpoint "
            f"{self._endpoint_name!r}. It lists: {known}."
        )


def _get(pool: SessionPool, path: str) -> bytes:
    return pool.run(lambda session: session.get_bytes(path)).content


def listed_endpoints(body: bytes) -> list[Endpoint]:
    """The endpoints of a `GET /entity` answer: an object, or a bare array on old builds."""
    try:
        answer = orjson.loads(body)
        listed = answer["endpoints"] if isinstance(answer, dict) else answer
        return [Endpoint(str(one["name"]), str(one["version"])) for one in listed]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnexpectedAnswer(
            "GET /entity did not answer with a list of endpoints: is the base URL that of an "
            "Acumatica site?"
        ) from error


def _version_order(endpoint: Endpoint) -> list[int]:
    return [int(part) if part.isdigit() else -1 for part in endpoint.version.split(".")]
