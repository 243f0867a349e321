"""Finds what of an entity makes a server refuse to list it, with few requests.

A list is one database query, and the server may be unable to put some fields, linked entities or
details into it. It may say which (`Field: reason`, line by line), by the names of the contract or
by those of views, or not at all. No name is trusted: the list without it must be answered.
"""

from collections.abc import Callable, Sequence

from acumatica_source.client.errors import AcumaticaError, OptimizationError
from acumatica_source.contract.model import Entity, Shape
from acumatica_source.reading.record_parts import is_within, outermost, without

MOST_NAMINGS = 4
"""How often a server is asked again without what it named."""

Refusal = Callable[[Sequence[str]], AcumaticaError | None]
"""The error with which the server refuses a list with these parts only; None if it answers."""


def refused_parts(
    entity: Entity, fields: Sequence[str], others: Sequence[str], error: Exception, refusal: Refusal
) -> list[str] | None:
    """The parts without which the server lists an entity.

    Args:
        entity: The entity by its contract.
        fields: Its own fields that are asked for, but for the keys.
        others: What else is asked for; what lies inside another part comes behind that.
        error: What the server said to a list with all of them.
        refusal: Asks the server.

    Returns:
        The outermost ones; None if it refuses to list even the keys.
    """
    asked = [*fields, *others]
    named = _as_named(entity, asked, error, refusal)
    if named is not None:
        return outermost(named)
    if refusal(asked) is None:  # it is refused for its size
        return outermost(others) or None
    if others and refusal(fields) is None:
        kept = _grown([*fields], others, refusal, known=True)
    elif refusal([]) is None:
        kept = _grown([], asked, refusal, known=True)
    else:
        return None
    return outermost(part for part in asked if part not in set(kept))


def _as_named(
    entity: Entity, asked: Sequence[str], error: Exception, refusal: Refusal
) -> list[str] | None:
    """What the server names, if it answers without."""
    found: list[str] = []
    said: AcumaticaError | Exception | None = error
    rounds = 0
    while rounds < MOST_NAMINGS and isinstance(said, OptimizationError):
        new = without(_meant(entity, asked, said, inside=False), found)
        new = new or without(_meant(entity, asked, said, inside=True), found)
        if not new:
            break
        found, rounds = [*found, *new], rounds + 1
        said = refusal(without(asked, found))
    if said is not None or not found:
        return None
    for part in found if rounds > 1 else ():  # one that was named may be innocent
        others = [one for one in found if one != part]
        if others and refusal(without(asked, others)) is None:
            found = others
    return found


def _meant(
    entity: Entity, asked: Sequence[str], error: OptimizationError, *, inside: bool
) -> list[str]:
    """The parts that an error means by what it names.

    Args:
        entity: The entity.
        asked: The parts to choose from.
        error: Names fields, or views, which may be called as parts are.
        inside: Whether names may also be those of fields inside of parts.
    """
    prefix = f"{entity.name.lower()}/"
    names = {
        name.lower().replace(".", "/").removeprefix(prefix)
        for name in (*error.fields, *error.views)
    }

    def is_meant(part: str) -> bool:
        plain = part.lower().replace(".", "/")
        return plain in names or plain.rpartition("/")[2] in names

    if not inside:
        return [part for part in asked if is_meant(part)]
    holders = [
        part
        for part in asked
        if (shape := _shape_at(entity.shape, part)) is not None
        and (
            any(field.name.lower() in names for field in shape.fields)
            or any(is_within(name, part.lower()) for name in names)
        )
    ]
    return [part for part in holders if not any(o != part and is_within(o, part) for o in holders)]


def _shape_at(shape: Shape, path: str) -> Shape | None:
    """What is expanded at a path; None where that is a field."""
    here: Shape | None = shape
    for name in path.split("/"):
        here = None if here is None else (here.linked.get(name) or here.details.get(name))
    return here


def _grown(
    kept: list[str], some: Sequence[str], refusal: Refusal, *, known: bool = False
) -> list[str]:
    """As many of these parts as the server lists with others, found by halves.

    Args:
        kept: Parts with which it lists.
        some: The parts to add, those inside others behind them.
        refusal: Asks the server.
        known: Whether it is known that it does not list all of them together.
    """
    if not some:
        return kept
    if not known and refusal([*kept, *some]) is None:
        return [*kept, *some]
    if len(some) == 1:
        return kept
    half = len(some) // 2
    first = _grown(kept, some[:half], refusal)
    left_out = [part for part in some[:half] if part not in set(first)]
    rest = without(some[half:], left_out)
    return _grown(first, rest, refusal, known=not left_out)
