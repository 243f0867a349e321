"""What a contract document says of the shape of answers, read without any code of the product."""

from collections.abc import Iterator, Mapping
from typing import Any

WRAPPERS = {
    f"{kind}Value"
    for kind in (
        *("Boolean", "Byte", "DateOnly", "DateTime", "Decimal"),
        *("Double", "Guid", "Int", "Long", "Short", "String"),
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


def _shape(name: str, schemas: Mapping[str, Any], above: tuple[str, ...]) -> Shape:
    members: dict[str, Member] = {}
    for part in schemas[name].get("allOf", [schemas[name]]):
        for field, declared in part.get("properties", {}).items():
            many = declared.get("type") == "array"
            target = str((declared["items"] if many else declared).get("$ref")).rpartition("/")[2]
            if target in WRAPPERS:
                members[field] = None
            elif target in schemas and target not in {*INHERITED, *above}:
                members[field] = (many, _shape(target, schemas, (*above, target)))
    return members
