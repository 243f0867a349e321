"""Imports of the sandbox go down the list of its rooms only, and the list is whole."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import acumatica_sandbox

ROOT = Path(acumatica_sandbox.__file__).parent
ORDER = re.findall(r"^    (\w+)/?  ", str(acumatica_sandbox.__doc__), flags=re.MULTILINE)
"""From the top down, as the package says it."""
MODULES = [file for file in sorted(ROOT.rglob("*.py")) if file != ROOT / "__init__.py"]


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def room_of(file: Path) -> str:
    return file.relative_to(ROOT).with_suffix("").parts[0]


def imported(file: Path) -> Iterator[str]:
    """The rooms that a module imports from; what the package itself exports is all of it."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in getattr(node, "names", ())]
        if isinstance(node, ast.Import):
            yield from (n.split(".")[1] for n in names if n.startswith("acumatica_sandbox."))
        elif isinstance(node, ast.ImportFrom) and node.module == "acumatica_sandbox":
            yield from (name if name in ORDER else "server" for name in names)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("acumatica_sandbox."):
            yield str(node.module).split(".")[1]


def test_every_room_is_in_the_list() -> None:
    assert len(ORDER) == len({*ORDER})
    assert {*ORDER} == {room_of(file) for file in MODULES}


@pytest.mark.parametrize("file", MODULES, ids=named)
def test_imports_go_down(file: Path) -> None:
    own = ORDER.index(room_of(file))
    for room in imported(file):
        assert ORDER.index(room) >= own, f"{room_of(file)} imports {room}"
