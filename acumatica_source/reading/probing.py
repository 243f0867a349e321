"""Asks an entity that looks like a form whether it has records after all."""

import json

from acumatica_source.client.errors import (
    AcumaticaError,
    AuthenticationError,
    ConnectionFailed,
    SeatLimitReached,
)
from acumatica_source.contract.kinds import ListAnswer, kind_by_evidence
from acumatica_source.contract.model import Entity, EntityKind
from acumatica_source.reading.seats import Connection

_NOT_ABOUT_IT = (AuthenticationError, ConnectionFailed, SeatLimitReached)


def kind_by_probe(connection: Connection, path: str, entity: Entity) -> EntityKind:
    """The kind of an entity by what it answers when two records are asked for.

    A form refuses to be listed, or shows one blank record; two records that are not blank are
    proof that it is none.

    Args:
        connection: The open instance.
        path: Path of the entity below the instance.
        entity: The entity by its contract.

    Raises:
        AcumaticaError: the instance cannot be reached or signed in to.
    """
    try:
        body = connection.pool.run(lambda session: session.get_bytes(path, params={"$top": "2"}))
        records = json.loads(body.content)
    except _NOT_ABOUT_IT:
        raise
    except (AcumaticaError, ValueError, RecursionError):
        return kind_by_evidence(entity, ListAnswer(refused=True))
    listed = isinstance(records, list) and all(isinstance(one, dict) for one in records)
    return kind_by_evidence(entity, ListAnswer(records) if listed else ListAnswer())
