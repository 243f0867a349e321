"""Which mutants of a module are tried, and in which order."""

import ast
import random
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

HERE = Path(__file__).parent
TABLE = HERE / "modules.toml"

Place = tuple[int, int]
"""Line, from 1, and column, from 0."""


@dataclass(frozen=True)
class Module:
    """One entry of the table: what is changed, and which tests are to notice."""

    name: str
    files: Sequence[str]
    """Paths or patterns from the root of the project."""
    tests: Sequence[str]


def table() -> list[Module]:
    """The modules in the order of the table."""
    entries = tomllib.loads(TABLE.read_text())
    return [Module(name, entry["files"], entry["tests"]) for name, entry in entries.items()]


def mutants(module: Module, root: Path, chance: random.Random) -> Iterator[MutationSpec]:
    """All mutants of a module in the order of the draw.

    One place in the code can be changed in a dozen ways. So a second change of a place comes only
    after every other place has been changed once.
    """
    files = sorted({file for pattern in module.files for file in root.glob(pattern)})
    if not files:
        raise SystemExit(f"{module.name} has no files: correct {TABLE}")
    with (
        tempfile.TemporaryDirectory() as folder,
        use_db(f"{folder}/mutants.sqlite", WorkDB.Mode.create) as found,
    ):
        init(files, found, {})
        everything = [item.mutations[0] for item in found.work_items]
    types = {file: list(_annotations(file)) for file in files}
    everything = [
        one
        for one in everything
        if not any(begin <= one.start_pos < end for begin, end in types[one.module_path])
    ]
    everything.sort(key=lambda one: (str(one.module_path), one.operator_name, one.occurrence))
    chance.shuffle(everything)
    rounds: dict[int, list[MutationSpec]] = defaultdict(list)
    changed: dict[tuple[Path, Place], int] = defaultdict(int)
    for mutant in everything:
        place = (mutant.module_path, mutant.start_pos)
        rounds[changed[place]].append(mutant)
        changed[place] += 1
    for turn in sorted(rounds):
        yield from rounds[turn]


def _annotations(file: Path) -> Iterator[tuple[Place, Place]]:
    """Where the type annotations are: mypy looks after them, and most changes are no types."""
    for node in ast.walk(ast.parse(file.read_text())):
        for given in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(given, ast.expr):
                assert given.end_lineno is not None
                assert given.end_col_offset is not None
                yield (given.lineno, given.col_offset), (given.end_lineno, given.end_col_offset)
