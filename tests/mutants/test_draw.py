"""Which mutants are drawn."""

import random
from itertools import islice
from pathlib import Path

import pytest

from tests.mutants.draw import Module, mutants, table
from tests.mutants.run import ROOT, reasons

SOURCE = """
LIMIT = 600


def longest(words: list[str], most: int | None = None) -> int | None:
    if not words:  # pragma: no cover - no mutate
        return None
    return min(LIMIT, len(words) + 1 if most is None else most)
"""

MODULE = Module("sample", ["sample.py"], [])


def drawn(folder: Path, seed: int) -> list[tuple[str, int, int]]:
    """Kind, line and column of every mutant, in the order of the draw."""
    (folder / "sample.py").write_text(SOURCE)
    return [
        (one.operator_name, *one.start_pos) for one in mutants(MODULE, folder, random.Random(seed))
    ]


def test_a_seed_draws_the_same_mutants_again(tmp_path: Path) -> None:
    first = drawn(tmp_path, 7)
    assert drawn(tmp_path, 7) == first
    assert drawn(tmp_path, 8) != first
    assert sorted(drawn(tmp_path, 8)) == sorted(first)


def test_every_place_is_changed_once_before_one_is_changed_twice(tmp_path: Path) -> None:
    places = [place for _, *place in drawn(tmp_path, 7)]
    different = {tuple(place) for place in places}
    assert {tuple(place) for place in islice(places, len(different))} == different
    assert len(places) > len(different)


def test_constants_and_marked_lines_are_changed_but_no_types(tmp_path: Path) -> None:
    lines = {line for _, line, _ in drawn(tmp_path, 7)}
    assert lines == {2, 6, 8}


def test_a_module_without_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"sample has no files: correct .*modules\.toml"):
        next(mutants(MODULE, tmp_path, random.Random(7)))


def test_the_table_names_files_and_tests_that_exist() -> None:
    for module in table():
        assert all(list(ROOT.glob(file)) for file in module.files), module.name
        paths = [one for one in module.tests if one.startswith("tests/")]
        assert all((ROOT / path.split("::")[0]).exists() for path in paths), module.name
    assert {module for module, _ in reasons()} <= {"*", *(module.name for module in table())}
