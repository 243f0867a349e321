"""Imports go down the list of rooms only, and light rooms stay light."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import acumatica_source

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "acumatica_source"

ROOMS = [
    *("cli", "running", "source", "resources", "warehouse", "probing"),
    *("reading", "arrow", "contract", "client", "paging"),
]
"""From the top down; `credentials` is part of `source`."""


def room_of(module: str) -> str:
    parts = module.split(".")
    if len(parts) < 2:
        return ""
    return "source" if parts[1] == "credentials" else parts[1]


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("file", modules(SOURCE), ids=lambda f: str(f.relative_to(SOURCE)))
def test_imports_go_down(file: Path) -> None:
    own = room_of(".".join(file.relative_to(ROOT).with_suffix("").parts))
    for name in imports(file):
        if name.startswith("acumatica_source.") and own in ROOMS:
            assert ROOMS.index(room_of(name)) >= ROOMS.index(own), f"{own} imports {name}"
        if name.startswith("acumatica_sandbox"):
            assert own == "cli", f"{own} imports {name}"


@pytest.mark.parametrize("file", modules(ROOT / "acumatica_sandbox"), ids=lambda f: f.name)
def test_the_sandbox_knows_nothing_of_the_connector(file: Path) -> None:
    assert not [name for name in imports(file) if name.startswith("acumatica_source")]


@pytest.mark.parametrize(
    ("room", "foreign"),
    [
        ("contract", {"pyarrow", "dlt", "requests"}),
        ("arrow", {"dlt", "requests"}),
        ("reading", {"dlt", "requests"}),
        ("probing", {"dlt", "requests", "pyarrow"}),
    ],
    ids=["contract", "arrow", "reading", "probing"],
)
def test_a_room_does_not_know(room: str, foreign: set[str]) -> None:
    for file in modules(SOURCE / room):
        used = {name.split(".")[0] for name in imports(file)}
        assert not used & foreign, file.name


def test_no_two_public_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = {}
    for file in modules(SOURCE):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(str(file.relative_to(SOURCE)))
    assert not {name: places for name, places in homes.items() if len(places) > 1}


@pytest.mark.parametrize("file", modules(SOURCE), ids=lambda f: str(f.relative_to(SOURCE)))
def test_private_attributes_are_left_to_their_owners(file: Path) -> None:
    foreign = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and re.match("_[^_]", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]
    assert not foreign


def test_the_client_alone_loads_neither_dlt_nor_arrow() -> None:
    code = "import sys, acumatica_source.client; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"dlt", "pyarrow", "pandas", "duckdb"} & set(loaded.stdout.split())


def test_everything_exported_exists() -> None:
    for name in acumatica_source.__all__:
        assert getattr(acumatica_source, name) is not None


def documented() -> dict[str, list[str]]:
    """The modules that the architecture names, by the folder that they are in."""
    rooms: dict[str, list[str]] = {}
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for section in document.split("\n### `")[1:]:
        folder, _, text = section.partition("/`\n")
        rooms[folder] = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    return rooms


def test_the_architecture_names_every_module_and_no_other() -> None:
    there: dict[str, list[str]] = {}
    for file in modules(SOURCE) + modules(ROOT / "acumatica_sandbox"):
        if not file.stem.startswith("__"):
            folder = str(file.parent.relative_to(ROOT))
            there.setdefault(folder, []).append(file.stem)
    assert documented() == there


def test_guards_are_where_the_architecture_says() -> None:
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    guards = document.partition("\n## Guards\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| [^`|]+ \| [^|]+ \| (`.+`) \| (`.+`) \|$", guards, flags=re.MULTILINE)
    assert len(rows) > 20
    for homes, proofs in rows:
        for module in re.findall("`(.+?)`", homes):
            assert (SOURCE / f"{module}.py").is_file(), module
        for proof in re.findall("`(.+?)`", proofs):
            assert (ROOT / "tests" / proof).is_file(), proof
