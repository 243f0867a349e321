"""The notebook runs from top to bottom and draws its pictures."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "receivables.ipynb"


def read() -> Any:
    return nbformat.reads(NOTEBOOK.read_text(), as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    notebook = read()
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 2


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = read()
    assert not any(cell.get("outputs") for cell in notebook.cells)
