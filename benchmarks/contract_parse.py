"""How long a contract takes to become table shapes, against generic OpenAPI loaders.

    python -m benchmarks.contract_parse CONTRACT.json

Compared with whichever of `jsonref` and `openapi-core` is installed (`pip install jsonref
openapi-core`; neither is needed otherwise), each after `json.loads` of the same bytes.
"""

import argparse
import importlib
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from acumatica_source.arrow.shape import shape_of
from acumatica_source.contract.openapi import parse_contract


def into_tables(document: bytes) -> int:
    """Parse a contract and shape the tables of all its entities; returns their number."""
    entities = parse_contract(document).entities.values()
    return sum(len(shape_of(entity).tables) for entity in entities)


def loaders() -> Iterator[tuple[str, Callable[[bytes], Any]]]:
    """The generic loaders at hand, by name."""
    yield "json.loads alone", json.loads
    try:
        jsonref = importlib.import_module("jsonref")
    except ImportError:
        print("(jsonref is not installed)")
    else:
        resolve = {"proxies": False, "lazy_load": False}
        yield "json.loads + jsonref", lambda d: jsonref.replace_refs(json.loads(d), **resolve)
    try:
        core = importlib.import_module("openapi_core")
    except ImportError:
        print("(openapi-core is not installed)")
    else:
        yield "json.loads + openapi-core", lambda d: core.OpenAPI.from_dict(json.loads(d))


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """The best time of several, in seconds."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def main() -> None:
    """Print the times and the ratios."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("contract", type=Path)
    arguments.add_argument("--repeats", type=int, default=3)
    given = arguments.parse_args()
    document = given.contract.read_bytes()
    ours = seconds(lambda: into_tables(document), given.repeats)
    tracemalloc.start()
    tables = into_tables(document)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"{given.contract.name}: {len(document) / 1e6:.1f} MB, {tables} tables")
    print(f"{'into tables':28} {ours * 1e3:9.0f} ms, at most {peak / 1e6:.0f} MB of Python objects")
    for name, load in loaders():
        try:
            theirs = seconds(lambda load=load: load(document), given.repeats)  # type: ignore[misc]
        except Exception as error:
            print(f"{name:28} failed: {type(error).__name__}")
            continue
        print(f"{name:28} {theirs * 1e3:9.0f} ms, ours is {ours / theirs:.2f} of that")


if __name__ == "__main__":
    main()
