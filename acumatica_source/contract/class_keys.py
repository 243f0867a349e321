"""Key fields of entities by the data access classes of an instance, whose metadata declare keys.

A contract does not say which class is behind an entity, and names of fields differ from those of
columns. But a form's record has the keys of its class, so a class whose key holds a guess, and
whose other key columns the entity shows too, tells that the guess is a part of the key only: a
bill of material has `BOMID` and `RevisionID`. To take a key for wider than it is does no harm: what
is unique by a part of it is unique by all of it, and in the same order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from acumatica_source.contract.edmx import Feed, Feeds
from acumatica_source.contract.model import Entity, FieldType, Shape

ENDINGS = ("ID", "CD", "Nbr", "Number", "Code")
"""What may follow the name of a key: `RevisionID` of a class is `Revision` on a form."""


_TOLD_APART = frozenset({FieldType.TEXT, FieldType.INTEGER, FieldType.GUID})
"""Types that no other type is shown in."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the classes say of a guess."""

    keys: frozenset[str] | None
    """The fields that are the key; None where classes do not tell."""
    doubt: str = ""
    """Why the guess is not to be believed; empty where nothing speaks against it."""


def evidence_of(entity: Entity, guess: Sequence[str], feeds: Feeds, *, weak: bool) -> Evidence:
    """What the classes of an instance say of the keys of an entity.

    Args:
        entity: The entity as parsed from its contract.
        guess: The fields that are taken for its key; may be none.
        feeds: The classes.
        weak: Whether the guess is not more than the look of a field. Then it is doubted where
            classes have it in their keys, but none has it as its key.
    """
    fields = FieldNames(entity.shape)
    own = _of_same_name(entity, fields, feeds)
    if own is not None:
        return Evidence(own)
    if not guess:
        return Evidence(None)
    wanted = frozenset(guess)
    exact, larger = False, False
    wider: set[frozenset[str]] = set()
    near = (feed for feed in feeds.sets.values() if wanted <= {*map(fields.named, feed.keys)})
    for found in {tuple(fields.shown(feed, key) for key in feed.keys) for feed in near}:
        if not wanted <= {*found}:
            continue
        if len(found) == len(guess):
            exact = True
        elif None in found:
            larger = True
        else:
            wider.add(frozenset(filter(None, found)))
    least = [one for one in wider if not any(other < one for other in wider)]
    if len(least) == 1 and (weak or not exact):
        return Evidence(least[0])
    if exact or not weak:
        return Evidence(None)
    if least:
        several = "; ".join(sorted(", ".join(sorted(one)) for one in least))
        return Evidence(None, f"classes have it in different keys ({several})")
    return Evidence(None, "classes have it as a part of their keys only" if larger else "")


class FieldNames:
    """The fields of an entity by the names that key columns may have."""

    def __init__(self, shape: Shape) -> None:
        plain = [f for f in shape.fields if f.custom is None]
        self._exact = {f.name: f.type for f in plain}
        self._by_stem: dict[str, list[str]] = {}
        for one in plain:
            if one.type in (FieldType.TEXT, FieldType.INTEGER):
                self._by_stem.setdefault(_stem(one.name), []).append(one.name)

    def named(self, key: str) -> str | None:
        """The field that shows a key column, if exactly one can be it."""
        if key in self._exact:
            return key
        near = self._by_stem.get(_stem(key), [])
        return near[0] if len(near) == 1 else None

    def shown(self, feed: Feed, key: str) -> str | None:
        """The field that shows a key column of a class, in the column's type.

        A class refers to other records by numbers: its `InventoryID` is not the text that a form
        shows under that name.
        """
        name, column = self.named(key), feed.field(key)
        if name is None or column is None:
            return name
        types = {self._exact[name], column.type}
        return None if len(types) > 1 and types & _TOLD_APART else name


def _of_same_name(entity: Entity, fields: FieldNames, feeds: Feeds) -> frozenset[str] | None:
    """The keys of the class that is called like the entity, if the entity shows all of them."""
    names = [entity.name] if entity.name in feeds.sets else [*_like(entity.name, feeds)]
    keys = {feeds.sets[name].keys for name in names}
    if len(keys) != 1:
        return None
    found = [fields.named(key) for key in keys.pop()]
    return frozenset(filter(None, found)) if found and None not in found else None


def _like(name: str, feeds: Feeds) -> Iterator[str]:
    folded = name.casefold()
    return (one for one in feeds.sets if one.casefold() == folded)


def _stem(name: str) -> str:
    ending = next((e for e in ENDINGS if name.endswith(e) and len(name) > len(e)), "")
    return name.removesuffix(ending).casefold()
