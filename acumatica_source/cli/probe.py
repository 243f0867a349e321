"""`acumatica probe`: what an instance does where no public document says it."""

import importlib.util
from pathlib import Path

import click

from acumatica_source.cli.printing import PrintedTable, print_as
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.credentials import AcumaticaCredentials
from acumatica_source.probing.comparing import differences, worded
from acumatica_source.probing.model import Findings, ProbeFileError
from acumatica_source.probing.steps import no_findings, probe
from acumatica_source.running.plain_text import shown
from acumatica_source.source import configured_instance, connect

EXAMPLES = """\b
Examples:
  acumatica probe
  acumatica probe --output ours.json
  acumatica probe --compare ours.json
  acumatica sandbox --like ours.json
"""
COMPARED_RECORDS = 2_000
"""Records of the sandbox that is compared with."""


@click.command("probe", epilog=EXAMPLES, short_help="Find out what documents do not say.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("probe.json"),
    show_default=True,
    help="The file to write.",
)
@click.option(
    "--compare",
    "compared",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ask no instance: compare a file with the sandbox.",
)
def probe_command(output: Path, compared: Path | None) -> None:
    """Ask a live instance some seventy harmless questions, and write down its answers.

    The probe reads only, with one seat, which is signed out at the end. The file has answers from a
    fixed vocabulary: status codes, yes and no, rounded counts, words such as "ignored". No value of
    a record, no name, no address and no text of the server gets into it, so it can be sent to
    others. Then the answers are compared with the sandbox's.
    """
    if compared is not None:
        _compare(_findings_in(compared))
        return
    if output.exists():
        raise ConfigurationError(f"{output} is there already; give another name with --output.")
    findings = probe(configured_instance(sessions=1))
    output.write_text(findings.written(), encoding="utf-8")
    for step, why in findings.failed.items():
        click.echo(shown(f"Not found out: {step} ({why})."), err=True)
    click.echo(
        f"{len(findings.answers)} answers by {findings.requests} requests, written to {output}.\n"
    )
    _compare(findings)


def _findings_in(file: Path) -> Findings:
    findings = no_findings()
    try:
        findings.read(file.read_text(encoding="utf-8"))
    except (ProbeFileError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is no file of acumatica probe: {error}") from None
    return findings


def _compare(found: Findings) -> None:
    """Print where the sandbox, as it is by itself, behaves otherwise."""
    if importlib.util.find_spec("acumatica_sandbox") is None:
        click.echo("The sandbox is not installed: nothing to compare with.")
        return
    differing = list(differences(found, _assumed(found)))
    if not differing:
        click.echo("The sandbox does the same.")
        return
    rows = [[one.question, one.text, worded(one.assumed), worded(one.found)] for one in differing]
    headings = ["question", "about", "sandbox", "instance"]
    print_as("table", None, [PrintedTable("What differs from the sandbox", headings, rows)])
    click.echo("acumatica sandbox --like FILE behaves as the file says, as far as it can.")


def _assumed(found: Findings) -> Findings:
    """What a sandbox of the same build answers."""
    from acumatica_sandbox import Sandbox, SandboxOptions  # only here: it is not always installed
    from acumatica_sandbox.like import build_like

    same = build_like(found.build, found.answers)
    options = SandboxOptions(records=COMPARED_RECORDS, license="unlimited").changed(same)
    with Sandbox(options) as sandbox:
        credentials = AcumaticaCredentials(
            base_url=sandbox.base_url,
            username=sandbox.username,
            password=sandbox.password,
            tenant=sandbox.tenant,
        )
        return probe(connect(credentials, "Default", None, 1, None))
