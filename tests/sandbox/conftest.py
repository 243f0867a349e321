from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

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


@pytest.fixture(scope="module")
def basic(desk: Desk) -> Iterator[requests.Session]:
    """A client that signs in by Basic on every request."""
    with requests.Session() as client:
        client.auth = (desk.sandbox.username, desk.sandbox.password)
        yield client
