"""The `acumatica` command."""

from acumatica_source.cli.main import main

__all__ = ["main"]
