"""Which linked entities and details are read unless somebody says otherwise."""

from collections.abc import Collection, Iterator

from acumatica_source.contract.model import Contract, Entity, Shape


def default_expand(entity: Entity, contract: Contract) -> tuple[str, ...]:
    """Everything below an entity, but for the details of linked entities that are read themselves.

    A customer's main contact is a Contact: its activities, cases and campaigns are in the tables
    of Contact, and asking for them again here would make requests long and slow.
    """
    return tuple(_paths(entity.shape, contract.entities))


def _paths(shape: Shape, top_level: Collection[str], *, lists: bool = True) -> Iterator[str]:
    for name, linked in shape.linked.items():
        yield name
        for path in _paths(linked, top_level, lists=linked.name not in top_level):
            yield f"{name}/{path}"
    for name, detail in shape.details.items() if lists else ():
        yield name
        for path in _paths(detail, top_level):
            yield f"{name}/{path}"
