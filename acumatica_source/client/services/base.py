"""What services are made of. Most methods read a list or write a record of one entity."""

from dataclasses import dataclass
from typing import Any, Self, overload

from acumatica_source.client.encoding import Payload
from acumatica_source.client.endpoint import Endpoint
from acumatica_source.client.operations import Waiting
from acumatica_source.client.query import QueryOptions
from acumatica_source.client.session import Session


class Service:
    """A subject's methods.

    Args:
        session: what requests go through.
        endpoint: name of the endpoint they address; its version comes with each call.
    """

    def __init__(self, session: Session, endpoint: str) -> None:
        self._session = session
        self._endpoint = endpoint

    def at(self, api_version: str) -> Endpoint:
        """The endpoint addressed, in this version."""
        return Endpoint(self._session, self._endpoint, api_version)


@dataclass(frozen=True)
class ListMethod:
    """A bound method that reads the records of one entity."""

    service: Service
    entity: str

    def __call__(self, api_version: str, options: QueryOptions | None = None) -> Any:
        """Read the records in one request.

        Args:
            api_version: version of the endpoint, such as `24.200.001`.
            options: which records and fields; all of them by default.
        """
        return self.service.at(api_version).read(self.entity, options)


@dataclass(frozen=True)
class SaveMethod:
    """A bound method that creates or updates a record of one entity."""

    service: Service
    entity: str

    def __call__(
        self, api_version: str, builder: Payload, options: QueryOptions | None = None
    ) -> Any:
        """Create or update the record and return it as saved.

        Args:
            api_version: version of the endpoint, such as `24.200.001`.
            builder: the record, as a builder or as a dict.
            options: which fields to return; a filter that finds the record to update.
        """
        return self.service.at(api_version).put(self.entity, builder, options)


class lists:  # noqa: N801 - reads as a word in a class body
    """Declares a method that reads the records of an entity."""

    def __init__(self, entity: str) -> None:
        self._entity = entity
        self.__doc__ = f"Read the {entity} records."

    @overload
    def __get__(self, service: None, owner: type) -> Self: ...
    @overload
    def __get__(self, service: Service, owner: type) -> ListMethod: ...
    def __get__(self, service: Service | None, owner: type) -> Self | ListMethod:
        return self if service is None else ListMethod(service, self._entity)


class saves:  # noqa: N801 - reads as a word in a class body
    """Declares a method that creates or updates a record of an entity."""

    def __init__(self, entity: str) -> None:
        self._entity = entity
        self.__doc__ = f"Create or update a {entity}."

    @overload
    def __get__(self, service: None, owner: type) -> Self: ...
    @overload
    def __get__(self, service: Service, owner: type) -> SaveMethod: ...
    def __get__(self, service: Service | None, owner: type) -> Self | SaveMethod:
        return self if service is None else SaveMethod(service, self._entity)


def waiting(polling_interval_sec: float, timeout_sec: float) -> Waiting:
    """How to wait for an operation, from the arguments that these methods have for it."""
    return Waiting(polling_interval_sec, timeout_sec)
