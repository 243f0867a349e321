"""`acumatica discover`: what an instance, or a contract document, has to offer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from acumatica_source.arrow.describe import describe_contract, describe_entity
from acumatica_source.client.errors import AcumaticaError
from acumatica_source.contract.model import Contract
from acumatica_source.contract.openapi import parse_contract
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import inquiries as exposed_inquiries
from acumatica_source.resources.plan import entity_of
from acumatica_source.source import configured_instance

Rows = list[list[str]]


EXAMPLES = """\b
Examples:
  acumatica discover
  acumatica discover SalesOrder --format markdown
  acumatica discover --contract swagger.json --format json
"""


@click.command(epilog=EXAMPLES, short_help="Show what an instance has to offer.")
@click.argument("entity", required=False)
@click.option(
    "--contract",
    "document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read a contract document (swagger.json) instead of asking an instance.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option("--endpoint", help="Web service endpoint (default: Default).")
@click.option("--endpoint-version", help="Its version (default: the newest listed).")
def discover(
    entity: str | None,
    document: Path | None,
    form: str,
    endpoint: str | None,
    endpoint_version: str | None,
) -> None:
    """Show the entities of an instance, or the columns of one ENTITY."""
    around: dict[str, Any] = {}
    if document is not None:
        contract = parse_contract(document.read_bytes())
    else:
        given: dict[str, Any] = {"endpoint": endpoint, "version": endpoint_version}
        instance = configured_instance(**{k: v for k, v in given.items() if v is not None})
        contract, around = _ask(instance)
    if entity is not None:
        found = describe_entity(entity_of(contract, entity))
        _print(form, found, _entity_tables(found))
    else:
        everything = describe_contract(contract) | around
        _print(form, everything, _contract_tables(everything))


def _ask(instance: Instance) -> tuple[Contract, dict[str, Any]]:
    """The contract of an instance, and what else it offers."""
    with instance.opened() as connection:
        _, contract = instance.contract()
        endpoints = [str(one) for one in instance.endpoints()]
        try:
            inquiries = sorted(exposed_inquiries(connection.pool, instance.tenant).sets)
        except AcumaticaError as error:
            inquiries = [f"(cannot be listed: {error})"]
    return contract, {"endpoints": endpoints, "generic_inquiries": inquiries}


def _contract_tables(contract: dict[str, Any]) -> Iterator[tuple[str, list[str], Rows]]:
    rows = [
        [
            one["name"],
            one["kind"],
            ", ".join(one["keys"]),
            one["watermark"] or "",
            str(len(one["columns"])),
            ", ".join(child["path"] for child in one["children"]),
        ]
        for one in contract["entities"]
    ]
    title = f"{contract['endpoint']}/{contract['version']}: {len(rows)} entities"
    yield title, ["entity", "kind", "keys", "watermark", "columns", "children"], rows
    for name in ("endpoints", "generic_inquiries"):
        if name in contract:
            yield name.replace("_", " "), ["name"], [[one] for one in contract[name]]


def _entity_tables(entity: dict[str, Any]) -> Iterator[tuple[str, list[str], Rows]]:
    keys = ", ".join(entity["keys"]) or "unknown"
    about = f"{entity['kind']}, keys: {keys}, watermark: {entity['watermark'] or 'none'}"
    for table in (entity | {"about": about}, *entity["children"]):
        title = f"{table['name']} ({table['about']})" if "about" in table else table["name"]
        rows = [[column["name"], column["type"]] for column in table["columns"]]
        yield title, ["column", "type"], rows


def _print(form: str, document: Any, tables: Iterator[tuple[str, list[str], Rows]]) -> None:
    if form == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif form == "markdown":
        for title, headings, rows in tables:
            click.echo(f"## {title}\n")
            for row in (headings, ["---"] * len(headings), *rows):
                click.echo("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
            click.echo()
    else:
        for title, headings, rows in tables:
            _print_table(title, headings, rows)


def _print_table(title: str, headings: list[str], rows: Rows) -> None:
    """Columns as wide as their cells; the last one flows on, however narrow the terminal."""
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    Console(highlight=False).print(title, style="bold", markup=False)
    for row in (headings, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
    click.echo()
