"""What a contract document says of the shape of answers, read without any code of the product."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

WRAPPERS = {
    f"{kind}Value"
    for kind in (
        *("Boolean", "Byte", "DateOnly", "DateTime", "Decimal"),
        *("Double", "Guid", "Int", "Long", "Short", "String"),
        *("StringSingleSelect", "IntSingleSelect", "StringMultiSelect"),
    )
}
INHERITED = {"Entity", "FileLink"}
Shape = Mapping[str, "Member"]
"""Members by name; None for scalars, else whether it is a list, and its own members."""
Member = tuple[bool, Shape] | None


def entities(document: Mapping[str, Any]) -> dict[str, Shape]:
    """The top-level entities of a contract."""
    schemas = document.get("definitions") or document["components"]["schemas"]
    names = [path[1:] for path in document["paths"] if path[1:] in schemas]
    return {name: _shape(name, schemas, (name,)) for name in names}


def paths(shape: Shape, above: str = "") -> Iterator[str]:
    """Every `$expand` path."""
    for name, member in shape.items():
        if member is not None:
            yield above + name
            yield from paths(member[1], f"{above}{name}/")


def nested(shape: Shape) -> str:
    """All members of `$expand` as contract version 5 names them."""
    parts = []
    for name, member in shape.items():
        if member is not None:
            inside = nested(member[1])
            parts.append(f"{name}($expand={inside})" if inside else name)
    return ",".join(parts)


def assert_shaped(record: Mapping[str, Any], shape: Shape) -> None:
    """Members are all there, in the order of the alphabet, and of the declared form."""
    assert list(record)[:3] == ["id", "rowNumber", "note"]
    own = [name for name in record if name in shape]
    assert own == sorted(shape, key=str.lower)
    for name, member in shape.items():
        value = record[name]
        if member is None:
            assert isinstance(value, dict)
            assert set(value) <= {"value"}
        elif member[0]:
            assert isinstance(value, list)
            for number, row in enumerate(value, 1):
                assert row["rowNumber"] == number
                assert_shaped(row, member[1])
        elif value is not None:
            assert_shaped(value, member[1])


def assert_true(truth: Mapping[str, Any], record: Mapping[str, Any], shape: Shape) -> None:
    """A record of contract version 5 says what the store holds, however that writes nothing."""
    for name, member in shape.items():
        true, shown = truth[name], record[name]
        if member is None:
            value = (shown or {}).get("value")
            assert _same(true, value), (name, true, value)
        elif member[0]:
            for one, row in zip(true, shown or [], strict=True):
                assert_true(one, row, member[1])
        elif true is None:
            assert not shown
        else:
            assert_true(true, shown, member[1])


def _same(true: Any, shown: Any) -> bool:
    if true is None or shown is None:
        return true is shown
    if isinstance(true, datetime):
        moment = datetime.fromisoformat(shown)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) == true
    if isinstance(true, date):
        return bool(shown[:10] == true.isoformat())
    if isinstance(true, Decimal):
        return Decimal(str(shown)) == true
    return bool(true == shown)


def _shape(name: str, schemas: Mapping[str, Any], above: tuple[str, ...]) -> Shape:
    members: dict[str, Member] = {}
    for part in schemas[name].get("allOf", [schemas[name]]):
        for field, declared in part.get("properties", {}).items():
            many = declared.get("type") == "array"
            inner = declared["items"] if many else declared
            reference = inner.get("anyOf", [inner])[0].get("$ref")
            target = str(reference).rpartition("/")[2]
            if target in WRAPPERS:
                members[field] = None
            elif target in schemas and target not in {*INHERITED, *above}:
                members[field] = (many, _shape(target, schemas, (*above, target)))
    return members
