"""One instance as the readers see it: its seats, its workers, its endpoint and that contract."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from acumatica_source.client.errors import AcumaticaError, ConfigurationError, UnexpectedAnswer
from acumatica_source.client.pool import SessionPool
from acumatica_source.contract.cache import ContractAddress, ContractCache
from acumatica_source.contract.edmx import Feeds
from acumatica_source.contract.errors import ContractError, UnsupportedContract
from acumatica_source.contract.model import Contract
from acumatica_source.reading.odata import classes_path, metadata

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


CLASSES = Endpoint("odata", "dac")
"""Where the cache keeps what the metadata of data access classes tell."""


@dataclass(frozen=True, slots=True)
class Site:
    """Which endpoint of which instance is meant."""

    base_url: str
    tenant: str
    endpoint: str
    version: str | None
    """None for the newest that the instance lists."""


class Instance:
    """An instance that several readers share.

    It holds seats only while somebody has it open: the last one to leave signs all of them out.
    Nothing is sent before the first `opened()`.
    """

    def __init__(
        self, open_pool: Callable[[], SessionPool], site: Site, seats: int, cache: ContractCache
    ) -> None:
        self._open_pool = open_pool
        self._site = site
        self._seats = seats
        self._cache = cache
        self.contract_is_fresh = False
        """Whether this object has fetched the contract itself, rather than taken it from disk."""
        self.rows_read: Counter[str] = Counter()
        """Rows handed on so far, by table; rows that only say that others are gone do not count."""
        self.unordered: set[str] = set()
        """Entities whose order has proved unstable: they are read in one request."""
        self._lock = threading.RLock()
        self._users = 0
        self._connection: Connection | None = None
        self._contract: tuple[Endpoint, Contract] | None = None
        self._listing: tuple[list[Endpoint], str] | None = None
        self._classes: Feeds | None = None
        self._classes_refused = False
        self.classes_are_fresh = False
        """Whether this object has fetched the metadata of the data access classes itself."""
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

    def forget_contract(self) -> None:
        """Have the contract fetched anew: records have shown that it is out of date."""
        with self._lock:
            if self._contract is not None:
                self._cache.forget(self._address(self._contract[0]))
            self._contract = self._listing = None

    def classes(self) -> Feeds:
        """The data access classes that the instance serves over OData, fetched once.

        Their metadata have some 20 MB. What is needed of them is kept on disk with the contracts.

        Raises:
            AcumaticaError: the instance does not show them to this user.
            ContractError: what it shows are no OData metadata.
        """
        with self._lock:
            if self._classes is None:
                with self.opened() as connection:

                    def fetch() -> bytes:
                        self.classes_are_fresh = True
                        return metadata(connection.pool, classes_path(self.tenant))

                    self._classes = self._cache.feeds(self._address(CLASSES), fetch)
            return self._classes

    def classes_if_readable(self) -> Feeds | None:
        """The data access classes, or None if this user does not get to see them."""
        with self._lock:
            if self._classes_refused:
                return None
            try:
                return self.classes()
            except (AcumaticaError, ContractError) as error:
                self._classes_refused = True
                logger.info("Keys cannot be looked up in the OData metadata: %s", error)
                return None

    def forget_classes(self) -> None:
        """Have the classes' metadata fetched anew: rows have shown that they are out of date."""
        with self._lock:
            self._cache.forget(self._address(CLASSES))
            self._classes = None

    @property
    def tenant(self) -> str:
        """The tenant signed in to."""
        return self._site.tenant

    def endpoints(self) -> list[Endpoint]:
        """All endpoints that the instance lists."""
        return list(self._listed()[0])

    def _listed(self) -> tuple[list[Endpoint], str]:
        """The endpoints and the build, asked for once."""
        with self._lock:
            if self._listing is None:
                with self.opened() as connection:
                    self._listing = listed_endpoints(_get(connection.pool, "entity"))
            return self._listing

    def _discover(self, pool: SessionPool) -> tuple[Endpoint, Contract]:
        candidates = self._candidates(self._listed()[0])
        for place, endpoint in enumerate(candidates):

            def fetch(path: str = endpoint.path) -> bytes:
                self.contract_is_fresh = True
                return _get(pool, f"{path}/swagger.json")

            try:
                return endpoint, self._cache.contract(self._address(endpoint), fetch)
            except UnsupportedContract as error:
                if place + 1 == len(candidates):
                    raise
                logger.warning("%s: %s Using %s instead.", endpoint, error, candidates[place + 1])
        raise AssertionError("unreachable: there is at least one candidate")

    def _address(self, endpoint: Endpoint) -> ContractAddress:
        build = self._listed()[1]
        return ContractAddress(
            self._site.base_url, self._site.tenant, build, endpoint.name, endpoint.version
        )

    def _candidates(self, listed: list[Endpoint]) -> list[Endpoint]:
        """The endpoint asked for, or all versions of its name, newest first."""
        name, version = self._site.endpoint, self._site.version
        versions = [endpoint for endpoint in listed if endpoint.name == name]
        if not versions:
            names = ", ".join(sorted({endpoint.name for endpoint in listed})) or "none"
            raise ConfigurationError(f"The instance has no endpoint {name!r}. It lists: {names}.")
        if version is None:
            return sorted(versions, key=_version_order, reverse=True)
        for endpoint in versions:
            if endpoint.version == version:
                return [endpoint]
        known = ", ".join(endpoint.version for endpoint in versions)
        raise ConfigurationError(
            f"The instance has no version {version!r} of endpoint {name!r}. It lists: {known}."
        )


def _get(pool: SessionPool, path: str) -> bytes:
    return pool.run(lambda session: session.get_bytes(path)).content


def listed_endpoints(body: bytes) -> tuple[list[Endpoint], str]:
    """The endpoints of a `GET /entity` answer, and the instance's build.

    Old builds answer with a bare array, which tells no build.

    Raises:
        UnexpectedAnswer: it is no such answer.
    """
    try:
        answer = orjson.loads(body)
        listed = answer["endpoints"] if isinstance(answer, dict) else answer
        endpoints = [Endpoint(str(one["name"]), str(one["version"])) for one in listed]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnexpectedAnswer(
            "GET /entity did not answer with a list of endpoints: is the base URL that of an "
            "Acumatica site?"
        ) from error
    version = answer.get("version") if isinstance(answer, dict) else None
    build = version.get("acumaticaBuildVersion") if isinstance(version, dict) else None
    return endpoints, str(build or "")


def _version_order(endpoint: Endpoint) -> list[int]:
    return [int(part) if part.isdigit() else -1 for part in endpoint.version.split(".")]
