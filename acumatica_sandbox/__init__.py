"""An emulated Acumatica ERP: the test bench of connectors, and a place to try them out."""

from acumatica_sandbox.options import SandboxError, SandboxOptions
from acumatica_sandbox.server import Sandbox, serve

__all__ = ["Sandbox", "SandboxError", "SandboxOptions", "serve"]
