"""`acumatica sandbox`: the emulated ERP in the foreground."""

import json
from pathlib import Path
from typing import Any

import click

EXAMPLES = """\b
Examples:
  acumatica sandbox
  acumatica sandbox --port 0 --records 100000 --license small
  acumatica sandbox --contract swagger.json --set latency=0.2 --set orderby=refused
"""


@click.command(epilog=EXAMPLES, short_help="Run an emulated Acumatica ERP.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 for a free one.")
@click.option("--records", default=5_000, show_default=True, help="About how many records.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same data.")
@click.option(
    "--license",
    "licence",
    default="trial",
    show_default=True,
    help="trial, small or unlimited: how many sessions and requests it allows.",
)
@click.option("--seats", type=int, help="Sessions that can be open at once, whatever the licence.")
@click.option(
    "--contract",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A swagger document to serve.",
)
@click.option("--tenant", "tenants", multiple=True, help="A tenant; repeat for several.")
@click.option(
    "--set",
    "others",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other of acumatica_sandbox.SandboxOptions.",
)
def sandbox(licence: str, tenants: tuple[str, ...], others: tuple[str, ...], **plain: Any) -> None:
    """Run an emulated Acumatica ERP on this machine, for trying things out and for tests."""
    from acumatica_sandbox import SandboxOptions, serve  # only here: other commands start faster

    given = plain | {"license": licence} | ({"tenants": tenants} if tenants else {})
    serve(SandboxOptions().changed(given | dict(map(_setting, others))))


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return name, parsed
