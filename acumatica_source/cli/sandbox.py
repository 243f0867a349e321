"""`acumatica sandbox`: the emulated ERP in the foreground."""

import json
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

EXAMPLES = """\b
Examples:
  acumatica sandbox
  acumatica sandbox --port 0 --records 100000 --license small
  acumatica sandbox --like probe.json
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
@click.option("--build", help="24R2, 25R2 or 26R2: the build that it behaves like.")
@click.option(
    "--contract-version",
    type=int,
    default=4,
    show_default=True,
    help="5 for an endpoint of contract version 5 beside the others; comes with 26R2.",
)
@click.option(
    "--like",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of acumatica probe: behave like that instance, as far as there are options.",
)
@click.option("--tenant", "tenants", multiple=True, help="A tenant; repeat for several.")
@click.option(
    "--set",
    "others",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other of acumatica_sandbox.SandboxOptions.",
)
def sandbox(
    licence: str,
    like: Path | None,
    tenants: tuple[str, ...],
    others: tuple[str, ...],
    **plain: Any,
) -> None:
    """Run an emulated Acumatica ERP on this machine, for trying things out and for tests."""
    from acumatica_sandbox import SandboxOptions, serve  # only here: other commands start faster
    from acumatica_sandbox.like import options_like

    given = plain | {"license": licence} | ({"tenants": tenants} if tenants else {})
    probed = options_like(like) if like else {}
    told = {name: value for name, value in probed.items() if not _is_given(name)}
    serve(SandboxOptions().changed(given | told | dict(map(_setting, others))))


def _is_given(name: str) -> bool:
    """Whether the command line has this option, rather than its default."""
    source = click.get_current_context().get_parameter_source(name)
    return source not in (None, ParameterSource.DEFAULT)


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return name, parsed
