"""The endpoints that an instance lists, the one in use, and its contract."""

import logging
import threading
from dataclasses import dataclass, replace

import orjson

from acumatica_source.client.errors import ConfigurationError, UnexpectedAnswer
from acumatica_source.client.pool import SessionPool
from acumatica_source.contract.cache import ContractAddress, ContractCache
from acumatica_source.contract.custom_fields import DeclaredCustomField
from acumatica_source.contract.errors import UnsupportedContract
from acumatica_source.contract.model import Contract
from acumatica_source.reading.custom import custom_fields_of
from acumatica_source.reading.seats import Connection, Seats

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EndpointVersion:
    """A web service endpoint by name and version."""

    name: str
    version: str

    @property
    def path(self) -> str:
        """Path below the instance, without slashes around it."""
        return f"entity/{self.name}/{self.version}"

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class EndpointChoice:
    """Which endpoint of which instance is meant."""

    base_url: str
    tenant: str
    endpoint: str
    version: str | None
    """None for the newest that the instance lists."""


class Contracts:
    """The endpoint in use and its contract, each asked for once, the contract also kept on disk."""

    def __init__(self, seats: Seats, choice: EndpointChoice, cache: ContractCache) -> None:
        self._seats = seats
        self._choice = choice
        self._cache = cache
        self._lock = threading.RLock()
        self._in_use: tuple[EndpointVersion, Contract] | None = None
        self._listing: tuple[list[EndpointVersion], str] | None = None
        self._with_fresh_fields: set[str] = set()
        """Entities whose custom fields are as new as a contract that this object has fetched."""
        self.is_fresh = False
        """Whether this object has fetched the contract itself, rather than taken it from disk."""

    def in_use(self) -> tuple[EndpointVersion, Contract]:
        """The endpoint in use and its contract, fetched once.

        Raises:
            ConfigurationError: the instance has no such endpoint or version.
            UnsupportedContract: the endpoint speaks a contract version this source does not know.
        """
        with self._lock:
            if self._in_use is None:
                with self._seats.opened() as connection:
                    self._in_use = self._discover(connection.pool)
            return self._in_use

    def forget(self) -> None:
        """Have the contract fetched anew: records have shown that it is out of date."""
        with self._lock:
            if self._in_use is not None:
                self._cache.forget(self.address_of(self._in_use[0]))
            self._in_use = self._listing = None
            self._with_fresh_fields.clear()

    def endpoints(self) -> list[EndpointVersion]:
        """All endpoints that the instance lists."""
        return list(self._listed()[0])

    def address_of(self, endpoint: EndpointVersion) -> ContractAddress:
        """Where the cache keeps what is known of an endpoint."""
        build = self._listed()[1]
        return ContractAddress(
            self._choice.base_url, self._choice.tenant, build, endpoint.name, endpoint.version
        )

    def custom_fields(
        self, connection: Connection, entity: str, *, anew: bool
    ) -> tuple[DeclaredCustomField, ...]:
        """The custom fields of an entity, from disk where the contract is; see `custom_fields_of`.

        Args:
            connection: The open instance.
            entity: Its name.
            anew: Whether to ask the instance in any case.
        """
        endpoint, _ = self.in_use()
        address = replace(self.address_of(endpoint), entity=entity)
        anew = anew or (self.is_fresh and entity not in self._with_fresh_fields)
        fields = custom_fields_of(
            connection,
            f"{endpoint.path}/{entity}",
            lambda fetch: self._cache.custom_fields(address, fetch, anew=anew),
        )
        self._with_fresh_fields.add(entity)
        return fields

    def _listed(self) -> tuple[list[EndpointVersion], str]:
        """The endpoints and the build, asked for once."""
        with self._lock:
            if self._listing is None:
                with self._seats.opened() as connection:
                    self._listing = listed_endpoints(_get(connection.pool, "entity"))
            return self._listing

    def _discover(self, pool: SessionPool) -> tuple[EndpointVersion, Contract]:
        candidates = self._candidates(self._listed()[0])
        for place, endpoint in enumerate(candidates):

            def fetch(path: str = endpoint.path) -> bytes:
                self.is_fresh = True
                return _get(pool, f"{path}/swagger.json")

            try:
                return endpoint, self._cache.contract(self.address_of(endpoint), fetch)
            except UnsupportedContract as error:
                if place + 1 == len(candidates):
                    raise
                logger.warning("%s: %s Using %s instead.", endpoint, error, candidates[place + 1])
        raise AssertionError("unreachable: there is at least one candidate")

    def _candidates(self, listed: list[EndpointVersion]) -> list[EndpointVersion]:
        """The endpoint asked for, or all versions of its name, newest first."""
        name, version = self._choice.endpoint, self._choice.version
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


def listed_endpoints(body: bytes) -> tuple[list[EndpointVersion], str]:
    """The endpoints of a `GET /entity` answer, and the instance's build.

    Old builds answer with a bare array, which tells no build.

    Raises:
        UnexpectedAnswer: it is no such answer.
    """
    try:
        answer = orjson.loads(body)
        listed = answer["endpoints"] if isinstance(answer, dict) else answer
        endpoints = [EndpointVersion(str(one["name"]), str(one["version"])) for one in listed]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise UnexpectedAnswer(
            "GET /entity did not answer with a list of endpoints: is the base URL that of an "
            "Acumatica site?"
        ) from error
    version = answer.get("version") if isinstance(answer, dict) else None
    build = version.get("acumaticaBuildVersion") if isinstance(version, dict) else None
    return endpoints, str(build or "")


def _version_order(endpoint: EndpointVersion) -> list[int]:
    return [int(part) if part.isdigit() else -1 for part in endpoint.version.split(".")]
