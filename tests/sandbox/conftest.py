from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from tests.sandbox.desk import Desk, Start


@contextmanager
def _started(**options: Any) -> Iterator[Desk]:
    with Sandbox(SandboxOptions(**{"records": 300, **options})) as sandbox, Desk(sandbox) as desk:
        assert desk.sign_in().status_code == 204
        yield desk


@pytest.fixture
def start() -> Start:
    """Starts a sandbox of its own with a user signed in."""
    return _started


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A user signed in to a sandbox that the module's tests only read, or leave as it was."""
    with _started() as desk:
        yield desk
