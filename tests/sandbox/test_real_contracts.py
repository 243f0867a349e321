"""Contracts of a real server, each entity read and written to its full depth."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.sandbox.desk import Desk
from tests.sandbox.wire import Shape, assert_shaped, entities, paths

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "data" / "contracts"


@pytest.fixture(scope="module", params=["24.200.001", "23.200.001"], ids=["OpenAPI", "Swagger"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Desk, dict[str, Shape]]]:
    path = CONTRACTS / f"Default_{request.param}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand")
    with Sandbox(SandboxOptions(records=200, contract=path)) as sandbox:
        desk = Desk(sandbox, request.param)
        desk.sign_in()
        yield desk, entities(json.loads(path.read_bytes()))


def test_every_record_is_read_and_written_to_its_full_depth(
    served: tuple[Desk, dict[str, Shape]],
) -> None:
    """Integration Development Guide: Expand Parameter; by id the optimiser is bypassed."""
    desk, shapes = served
    assert len(shapes) > 115
    forms = []
    for name, shape in shapes.items():
        listed = desk.read(name, top=3)
        if listed.status_code != 200:
            assert "Optimization cannot be performed" in listed.json()["exceptionMessage"], name
            forms.append(name)
            continue
        assert listed.json(), name
        identity = listed.json()[0]["id"]
        expand = ",".join(paths(shape))
        record = desk.read(f"{name}/{identity}", expand=expand).json()
        assert_shaped(record, shape)
        body = {"id": identity, "note": {"value": "seen"}}
        written = desk.put(f"{desk.endpoint}/{name}?$expand={expand}", json=body)
        assert written.status_code == 200, (name, written.text)
        assert written.json()["note"] == {"value": "seen"}
        assert_shaped(written.json(), shape)
    assert len(forms) < 20


def test_every_form_answers_a_put_with_its_rows(served: tuple[Desk, dict[str, Shape]]) -> None:
    """Integration Development Guide: Retrieve Data from an Inquiry Form."""
    desk, shapes = served
    forms = {name: s for name, s in shapes.items() if desk.read(name, top=1).status_code != 200}
    filled: list[Any] = []
    for name, shape in forms.items():
        answer = desk.put(f"{desk.endpoint}/{name}?$expand={','.join(paths(shape))}", json={})
        assert answer.status_code == 200, (name, answer.text)
        filled += [rows for rows in answer.json().values() if isinstance(rows, list) and rows]
    assert len(filled) >= len(forms) // 2
