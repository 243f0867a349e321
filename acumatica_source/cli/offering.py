"""What an instance has to offer, gathered part by part: one that fails does not hide the others."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from acumatica_source.arrow.describe import (
    SINGLETON,
    describe_class,
    describe_contract,
    describe_entity,
    describe_inquiry,
)
from acumatica_source.client.address import segment
from acumatica_source.client.errors import AcumaticaError, ConfigurationError, UnexpectedAnswer
from acumatica_source.contract.edmx import Feeds
from acumatica_source.contract.model import Entity, EntityKind
from acumatica_source.reading.counting import estimated_rows
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import classes_path, inquiries, inquiries_path
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.plan import contract_with, entity_of, keys_in_use
from acumatica_source.running.failures import explain

Document = dict[str, Any]

ENTITIES, INQUIRIES, CLASSES = "entities", "generic_inquiries", "dacs"


def everything(instance: Instance, *, rows: bool) -> Document:
    """All entities, generic inquiries and data access classes.

    Args:
        instance: The instance to ask.
        rows: Whether to estimate how many records each entity has: some requests for each.

    Returns:
        `endpoints` (names), what `describe_contract` returns, `generic_inquiries` and `dacs`; of
        the latter only how many `columns` each has. `problems` says of each part that could not be
        had why (`part`, `problem`); such a part is empty.

    Raises:
        AcumaticaError: the instance cannot be reached, or nobody could sign in.
    """
    document: Document = {}
    problems: list[dict[str, str]] = []
    with instance.seats.opened() as connection:
        document["endpoints"] = [str(one) for one in instance.contracts.endpoints()]
        parts: dict[str, Callable[[], Document]] = {
            ENTITIES: lambda: _entities(instance, connection, problems, rows=rows),
            INQUIRIES: lambda: {INQUIRIES: _inquiries(connection, instance.tenant)},
            CLASSES: lambda: {CLASSES: _classes(instance.classes.all())},
        }
        for part, look in parts.items():
            try:
                document |= look()
            except AcumaticaError as error:
                document[part] = []
                problems.append({"part": part, "problem": explain(error)})
    return document | {"problems": problems}


def one_thing(instance: Instance, name: str, *, rows: bool) -> Document:
    """The entity, or else the generic inquiry or data access class, of that name.

    Raises:
        ConfigurationError: there is none.
        AcumaticaError: a request failed.
    """
    with instance.seats.opened() as connection:
        endpoint, contract = contract_with(instance, name)
        if name in contract.entities:
            path = f"{endpoint.path}/{name}"
            described = describe_entity(_with_keys(instance, contract.entities[name]))
        else:
            found = _feed(instance, connection, name)
            if found is None:
                try:
                    entity_of(contract, name)
                except ConfigurationError as error:
                    raise ConfigurationError(
                        f"{error} No generic inquiry and no data access class that this user may "
                        "see has that name either."
                    ) from None
                raise AssertionError("unreachable: there is no such entity")
            path, described = found
        if rows:
            described["rows"] = _rows(connection, path, described)
    return described


def _entities(
    instance: Instance, connection: Connection, problems: list[dict[str, str]], *, rows: bool
) -> Document:
    endpoint, contract = instance.contracts.in_use()
    known = {name: _with_keys(instance, one) for name, one in contract.entities.items()}
    document = describe_contract(replace(contract, entities=known))
    for described in document[ENTITIES] if rows else ():
        try:
            described["rows"] = _rows(connection, f"{endpoint.path}/{described['name']}", described)
        except AcumaticaError as error:
            described["rows"] = None
            problems.append({"part": f"rows of {described['name']}", "problem": explain(error)})
    return document


def _with_keys(instance: Instance, entity: Entity) -> Entity:
    """The entity with the keys that a sync would go by."""
    if entity.kind is not EntityKind.RECORD:
        return entity
    return replace(entity, keys=keys_in_use(instance, entity))


def _inquiries(connection: Connection, tenant: str) -> list[Document]:
    return [describe_inquiry(one) for one, _ in inquiries(connection.pool, tenant).distinct()]


def _classes(classes: Feeds) -> list[Document]:
    described = [describe_class(feed, aliases) for feed, aliases in classes.distinct()]
    wanted = ("name", "kind", "aliases", "keys", "watermark")
    return [
        {name: one[name] for name in wanted} | {"columns": len(one["columns"])} for one in described
    ]


def _feed(instance: Instance, connection: Connection, name: str) -> tuple[str, Document] | None:
    """Path and description of the inquiry or class of that name, as far as either can be seen."""
    try:
        exposed = inquiries(connection.pool, instance.tenant).sets
    except AcumaticaError:
        exposed = {}
    if name in exposed:
        path = f"{inquiries_path(instance.tenant)}/{segment(name, 'inquiry')}"
        return path, describe_inquiry(exposed[name])
    classes = instance.classes.if_readable()
    if classes is None or name not in classes.sets:
        return None
    path = f"{classes_path(instance.tenant)}/{segment(name, 'class')}"
    aliases = [one for one in classes.aliases(name) if one != name]
    return path, describe_class(classes.sets[name], aliases)


def _rows(connection: Connection, path: str, described: Document) -> Document | None:
    """An estimate of the rows of an entity or feed; None where parameters decide."""
    if described.get("parameters"):
        return None
    if described["kind"] == SINGLETON:
        return {"count": 1, "exact": True}
    if described["kind"] in (EntityKind.INQUIRY_FORM, EntityKind.PROCESSING_FORM):
        return None
    columns = [column["name"] for column in described["columns"] if column["name"] != "id"]
    fields = ",".join(described["keys"] or columns[:1])
    common = {"$select": fields} if fields else {}
    if path.startswith("t/") and described["keys"]:
        common["$orderby"] = fields

    def window(skip: int, top: int) -> int:
        params = common | {"$top": str(top)} | ({"$skip": str(skip)} if skip else {})
        body = connection.pool.run(lambda session: session.get_bytes(path, params))
        try:
            answer = json.loads(body.content or b"[]")
        except (ValueError, RecursionError):
            answer = None
        found = answer.get("value") if isinstance(answer, dict) else answer
        if not isinstance(found, list):
            raise UnexpectedAnswer(f"{described['name']} did not answer with a list of rows.")
        return len(found)

    counted = estimated_rows(window)
    return {"count": counted.rows, "exact": counted.exact}
