"""Tours of sandboxes for tests."""

from typing import Any

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source.probing.model import Findings
from acumatica_source.probing.steps import probe
from acumatica_source.reading.instance import Instance
from acumatica_source.source import connect
from tests.conftest import credentials_of


def instance_of(sandbox: Sandbox) -> Instance:
    """The sandbox as an instance of which one seat is used."""
    return connect(credentials_of(sandbox), "Default", None, 1, None)


def tour(**options: Any) -> Findings:
    """What a probe finds out of a sandbox with these options."""
    with Sandbox(SandboxOptions(records=1_000, license="unlimited").changed(options)) as sandbox:
        return probe(instance_of(sandbox))
