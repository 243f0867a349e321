"""Imports go down the list of rooms only, and light rooms stay light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import acumatica_source

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "acumatica_source"

ROOMS = ["cli", "source", "resources", "reading", "arrow", "contract", "client"]
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
    ],
    ids=["contract", "arrow", "reading"],
)
def test_a_room_does_not_know(room: str, foreign: set[str]) -> None:
    for file in modules(SOURCE / room):
        used = {name.split(".")[0] for name in imports(file)}
        assert not used & foreign, file.name


def test_the_client_alone_loads_neither_dlt_nor_arrow() -> None:
    code = "import sys, acumatica_source.client; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"dlt", "pyarrow", "pandas", "duckdb"} & set(loaded.stdout.split())


def test_everything_exported_exists() -> None:
    for name in acumatica_source.__all__:
        assert getattr(acumatica_source, name) is not None
