"""What the metadata of an instance say of its data access classes."""

import logging
import threading

from acumatica_source.client.errors import AcumaticaError
from acumatica_source.contract.cache import ContractCache
from acumatica_source.contract.edmx import Feeds
from acumatica_source.contract.errors import ContractError
from acumatica_source.reading.contracts import Contracts, EndpointVersion
from acumatica_source.reading.odata import classes_path, metadata
from acumatica_source.reading.seats import Seats

logger = logging.getLogger(__name__)

SERVICE = EndpointVersion("odata", "dac")
"""Where the cache keeps what the metadata tell."""


class Classes:
    """The data access classes that an instance serves over OData.

    Their metadata have some 20 MB, so they are fetched once, and what is needed of them is kept on
    disk with the contracts.
    """

    def __init__(
        self, seats: Seats, contracts: Contracts, tenant: str, cache: ContractCache
    ) -> None:
        self._seats = seats
        self._contracts = contracts
        self._tenant = tenant
        self._cache = cache
        self._lock = threading.RLock()
        self._found: Feeds | None = None
        self._refused = False
        self.are_fresh = False
        """Whether this object has fetched the metadata itself, rather than taken them from disk."""

    def all(self) -> Feeds:
        """All classes.

        Raises:
            AcumaticaError: the instance does not show them to this user.
            ContractError: what it shows are no OData metadata.
        """
        with self._lock:
            if self._found is None:
                with self._seats.opened() as connection:

                    def fetch() -> bytes:
                        self.are_fresh = True
                        return metadata(connection.pool, classes_path(self._tenant))

                    self._found = self._cache.feeds(self._contracts.address_of(SERVICE), fetch)
            return self._found

    def if_readable(self) -> Feeds | None:
        """All classes, or None if this user does not get to see them."""
        with self._lock:
            if self._refused:
                return None
            try:
                return self.all()
            except (AcumaticaError, ContractError) as error:
                self._refused = True
                logger.info("Keys cannot be looked up in the OData metadata: %s", error)
                return None

    def forget(self) -> None:
        """Have the metadata fetched anew: rows have shown that they are out of date."""
        with self._lock:
            self._cache.forget(self._contracts.address_of(SERVICE))
            self._found = None
