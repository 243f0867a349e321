"""A pytest plugin: the fixture `acumatica_sandbox`, an emulated ERP for the tests of a project.

Enable it in a conftest: `pytest_plugins = ["acumatica_sandbox.pytest_plugin"]`. A project that
wants other data overrides the fixture `acumatica_sandbox_options`.
"""

from collections.abc import Iterator

import pytest

from acumatica_sandbox import Sandbox, SandboxOptions


@pytest.fixture(scope="session")
def acumatica_sandbox_options() -> SandboxOptions:
    """What the sandbox of the session is started with; override it to change that."""
    return SandboxOptions()


@pytest.fixture(scope="session")
def acumatica_sandbox_server(acumatica_sandbox_options: SandboxOptions) -> Iterator[Sandbox]:
    """One sandbox for all tests of the session."""
    with Sandbox(acumatica_sandbox_options) as sandbox:
        yield sandbox


@pytest.fixture
def acumatica_sandbox(acumatica_sandbox_server: Sandbox) -> Iterator[Sandbox]:
    """The sandbox with no session open, no fault in force, its own options and zero counters.

    Changes to its data and its clock stay from test to test.
    """
    _clean(acumatica_sandbox_server)
    yield acumatica_sandbox_server
    _clean(acumatica_sandbox_server)


def _clean(sandbox: Sandbox) -> None:
    sandbox.control.clear_faults()
    sandbox.control.make_all_readable()
    sandbox.control.reset_options()
    sandbox.control.sign_out_all()
    sandbox.control.reset_counters()
