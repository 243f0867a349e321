"""How long a page of records takes to become Arrow tables, against `orjson.loads` alone.

    python -m benchmarks.page_parse CONTRACT.json [--refused]

Pages are made up from the contract: values of every type, a fifth of them null. With `--refused`
each page has one value that the fast parser refuses, so that the tolerant one is measured.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
from acumatica_source.contract.model import DeclaredField, FieldType, Shape
from acumatica_source.contract.openapi import parse_contract

PAGES: Sequence[tuple[str, tuple[str, ...], int]] = (
    ("SalesOrder", (), 1000),
    ("SalesOrder", ("Details",), 300),
    ("Customer", ("MainContact", "MainContact/Address"), 1000),
    ("JournalTransaction", ("Details",), 300),
)
"""Entity, `$expand` and number of records of the pages."""

LINES = 6
"""Rows of every detail."""


def made_up(chance: random.Random, field: DeclaredField) -> dict[str, Any]:
    """A value of a field as it stands on the wire."""
    if chance.random() < 0.2:
        return {}
    if field.string_stamp:
        return {"value": f"07/{chance.randint(10, 28)}/2026 00:09:02"}
    makers: dict[FieldType, Callable[[], Any]] = {
        FieldType.TEXT: lambda: "text " * chance.randint(0, 5),
        FieldType.DECIMAL: lambda: round(chance.random() * 1e5, chance.randint(0, 4)),
        FieldType.INTEGER: lambda: chance.randint(0, 999),
        FieldType.BOOLEAN: lambda: chance.random() < 0.5,
        FieldType.GUID: lambda: f"a0f8594a-7de2-e811-b816-{chance.randint(0, 10**12):012}",
        FieldType.INSTANT: lambda: f"2024-12-{chance.randint(10, 28)}T17:07:45.433+00:00",
        FieldType.DATE: lambda: f"2024-12-{chance.randint(10, 28)}T00:00:00+00:00",
    }
    return {"value": makers[field.type]()}


def record(
    chance: random.Random, shape: Shape, expand: tuple[str, ...], at: str = ""
) -> dict[str, Any]:
    """A record or a row, with what is expanded inside it."""
    made: dict[str, Any] = {
        "id": f"a0f8594a-7de2-e811-b816-{chance.randint(0, 10**12):012}",
        "rowNumber": 1,
        "note": {"value": ""},
        **{field.name: made_up(chance, field) for field in shape.fields},
    }
    for name, linked in shape.linked.items():
        if at + name in expand:
            made[name] = record(chance, linked, expand, f"{at}{name}/")
    for name, rows in shape.details.items():
        if at + name in expand:
            made[name] = [record(chance, rows, expand, f"{at}{name}/") for _ in range(LINES)]
    made["custom"] = {}
    made["_links"] = {"self": "/entity/Default/24.200.001/X/1", "files:put": "/files/X/{filename}"}
    return made


def milliseconds(work: Callable[[], Any]) -> float:
    """The best time of seven."""
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times) * 1e3


def main() -> None:
    """Print times and ratios for some pages."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("contract", type=Path)
    arguments.add_argument("--refused", action="store_true")
    given = arguments.parse_args()
    contract = parse_contract(given.contract.read_bytes())
    chance = random.Random(1)
    print(f"{'page':44} {'rows':>6} {'MB':>5} {'orjson':>8} {'tables':>8} {'ratio':>6}  rows/s")
    for name, expand, count in PAGES:
        entity = contract.entities[name]
        shape = shape_of(entity, expand=expand)
        records = [record(chance, entity.shape, expand) for _ in range(count)]
        if given.refused:
            first = next(f for f in entity.shape.fields if f.type is FieldType.TEXT)
            records[-1][first.name] = {"value": 5}
        body = orjson.dumps(records)
        rows = sum(table.num_rows for table in parse_page(body, shape).tables.values())
        plain = milliseconds(lambda body=body: orjson.loads(body))  # type: ignore[misc]
        ours = milliseconds(lambda body=body, shape=shape: parse_page(body, shape))  # type: ignore[misc]
        title = f"{name} {', '.join(expand)}"
        print(
            f"{title:44} {rows:6} {len(body) / 1e6:5.1f} {plain:5.1f} ms {ours:5.1f} ms "
            f"{ours / plain:6.2f}  {rows / ours * 1e3:,.0f}"
        )


if __name__ == "__main__":
    main()
