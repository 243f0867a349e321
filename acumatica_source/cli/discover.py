"""`acumatica discover`: what an instance, or a contract document, has to offer."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from acumatica_source.arrow.describe import describe_contract, describe_entity
from acumatica_source.cli.offering import CLASSES, ENTITIES, INQUIRIES, everything, one_thing
from acumatica_source.cli.printing import FORMATS, PrintedTable, print_as
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import Contract
from acumatica_source.contract.openapi import parse_contract
from acumatica_source.resources.plan import entity_of
from acumatica_source.source import configured_instance

EXAMPLES = """\b
Examples:
  acumatica discover
  acumatica discover SalesOrder --format markdown
  acumatica discover SalesOrder --rows
  acumatica discover --contract swagger.json --format json
"""


@click.command(epilog=EXAMPLES, short_help="Show what an instance has to offer.")
@click.argument("name", required=False)
@click.option(
    "--contract",
    "document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read a contract document (swagger.json) instead of asking an instance.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--rows", is_flag=True, help="Estimate the rows: up to some 25 light requests for each entity."
)
@click.option("--endpoint", help="Web service endpoint (default: Default).")
@click.option("--endpoint-version", help="Its version (default: the newest listed).")
def discover(
    name: str | None,
    document: Path | None,
    form: str,
    rows: bool,
    endpoint: str | None,
    endpoint_version: str | None,
) -> None:
    """Show what there is to load, or the columns of NAME.

    NAME is an entity, a generic inquiry or a data access class (DAC). Entities come from the
    endpoint's contract, the others from the instance's OData services, as far as the user may see
    them.
    """
    asked: dict[str, Any] = {"endpoint": endpoint, "version": endpoint_version}
    given = {key: value for key, value in asked.items() if value is not None}
    if document is not None:
        if rows or given:
            raise ConfigurationError("--rows and --endpoint ask an instance; leave out --contract.")
        found = _offline(_contract_in(document), name)
    else:
        instance = configured_instance(**given)
        found = (
            everything(instance, rows=rows)
            if name is None
            else one_thing(instance, name, rows=rows)
        )
    print_as(form, found, _all_tables(found) if name is None else _tables_of_one(found))
    if any(one["part"] == ENTITIES for one in found.get("problems", ())):
        sys.exit(1)


def _contract_in(file: Path) -> Contract:
    try:
        return parse_contract(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from None
    except ContractError as error:
        raise ContractError(f"{file}: {error}") from error


def _offline(contract: Contract, name: str | None) -> dict[str, Any]:
    if name is None:
        return describe_contract(contract)
    return describe_entity(entity_of(contract, name))


def _all_tables(found: dict[str, Any]) -> Iterator[PrintedTable]:
    entities = found[ENTITIES]
    counted = any("rows" in one for one in entities)
    headings = ["entity", "kind", "keys", "watermark", *(["rows"] * counted), "columns", "children"]
    if entities:
        yield PrintedTable(
            f"{found['endpoint']}/{found['version']}: {len(entities)} entities",
            headings,
            [
                [
                    one["name"],
                    one["kind"],
                    ", ".join(one["keys"]),
                    one["watermark"] or "",
                    *([_rows(one)] * counted),
                    str(len(one["columns"])),
                    ", ".join(child["path"] for child in one["children"]),
                ]
                for one in entities
            ],
        )
    if "endpoints" in found:
        yield PrintedTable("endpoints", ["name"], [[one] for one in found["endpoints"]])
    if found.get(INQUIRIES):
        yield PrintedTable(
            "generic inquiries",
            ["name", "keys", "columns", "parameters"],
            [
                [
                    one["name"],
                    ", ".join(one["keys"]),
                    str(len(one["columns"])),
                    ", ".join(f"{p['name']} ({p['type']})" for p in one["parameters"]),
                ]
                for one in found[INQUIRIES]
            ],
        )
    if found.get(CLASSES):
        yield PrintedTable(
            f"data access classes (DACs): {len(found[CLASSES])}",
            ["name", "keys", "watermark", "columns", "also called"],
            [
                [
                    one["name"],
                    ", ".join(one["keys"]),
                    one["watermark"] or "",
                    str(one["columns"]),
                    ", ".join(one["aliases"]),
                ]
                for one in found[CLASSES]
            ],
        )
    if found.get("problems"):
        yield PrintedTable(
            "what could not be found out",
            ["part", "why"],
            [[one["part"].replace("_", " "), one["problem"]] for one in found["problems"]],
        )


def _tables_of_one(found: dict[str, Any]) -> Iterator[PrintedTable]:
    keys = ", ".join(found["keys"]) or "unknown"
    about = f"{found['kind']}, keys: {keys}, watermark: {found['watermark'] or 'none'}"
    if "rows" in found:
        about += f", rows: {_rows(found) or 'depend on parameters'}"
    yield _columns(f"{found['name']} ({about})", found["columns"])
    if found.get("parameters"):
        yield _columns("parameters", found["parameters"])
    for child in found["children"]:
        yield _columns(child["name"], child["columns"])


def _columns(title: str, columns: list[dict[str, str]]) -> PrintedTable:
    return PrintedTable(title, ["column", "type"], [[one["name"], one["type"]] for one in columns])


def _rows(found: dict[str, Any]) -> str:
    counted = found.get("rows")
    if counted is None:
        return ""
    return f"{counted['count']:,}" if counted["exact"] else f"about {counted['count']:,}"
