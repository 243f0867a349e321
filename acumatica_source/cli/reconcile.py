"""`acumatica reconcile`: compare a destination with the instance, row by row."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from acumatica_source.cli import destination
from acumatica_source.cli.choosing import chosen
from acumatica_source.cli.options import (
    asked_for,
    leaving_options,
    source_settings,
    what_options,
    where_from_options,
    where_to_options,
)
from acumatica_source.cli.printing import FORMATS, PrintedTable, print_as
from acumatica_source.reading.findings import KINDS, NO_KEY, FoundRow
from acumatica_source.running.reconcile import Reconciled, reconcile
from acumatica_source.running.run import instance_with

SHOWN = 20
"""Rows of a kind that are shown; JSON has all of them."""

EXAMPLES = """\b
Examples:
  acumatica reconcile --duckdb warehouse.duckdb
  acumatica reconcile SalesOrder Customer --duckdb warehouse.duckdb --digest
  acumatica reconcile SalesOrder --destination postgres --repair
"""


@click.command("reconcile", epilog=EXAMPLES, short_help="Compare a destination with the instance.")
@what_options
@where_to_options
@click.option(
    "--digest",
    is_flag=True,
    help="Read everything and compare all values, those of details included. Otherwise keys and "
    "modification stamps are compared.",
)
@click.option("--repair", is_flag=True, help="Mend what differs.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How to print what was found.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@leaving_options
@where_from_options
def reconcile_command(**options: Any) -> None:
    """Tell which rows are missing, left over, stale or doubled in a destination.

    Without ENTITY or --dac: the core entities and the ledger. Ends with 0 if all tables are equal
    to the source, or were mended; with 1 if rows differ, or something could not be compared.
    """
    form = "json" if options["as_json"] else options["form"]
    instance = instance_with(**source_settings(options))
    asked = asked_for(options)
    with (
        destination.pipeline_at(options, instance.tenant) as pipeline,
        instance.seats.opened(),
    ):
        loads, _ = chosen(instance, asked)
        done = reconcile(
            pipeline, instance, loads, values=options["digest"], repair=options["repair"]
        )
    print_as(form, [_document(one) for one in done], _tables(done))
    if not all(one.is_equal for one in done):
        sys.exit(1)


def _document(one: Reconciled) -> dict[str, Any]:
    found = {} if one.findings is None else asdict(one.findings)
    return {
        "resource": one.resource,
        **found,
        "requests": one.requests,
        "equal": one.is_equal,
        "mended": one.mended,
        "error": one.error,
    }


def _tables(done: Sequence[Reconciled]) -> list[PrintedTable]:
    overview = PrintedTable(
        "Source and destination",
        ["table", "source", "loaded", *KINDS, "requests", "result"],
        [_line(one) for one in done],
    )
    details = [
        PrintedTable(
            f"{one.findings.table}: {kind}",
            ["id", "key"],
            [[row.id or "", row.key] for row in rows[:SHOWN]] + _more(rows),
        )
        for one in done
        if one.findings is not None
        for kind, rows in one.findings.rows()
        if rows
    ]
    return [overview, *details]


def _more(rows: Sequence[FoundRow]) -> list[list[str]]:
    left = len(rows) - SHOWN
    return [["…", f"{left:,} more; --json shows all"]] if left > 0 else []


def _line(one: Reconciled) -> list[str]:
    if one.findings is None:
        return [one.resource, *[""] * (len(KINDS) + 2), f"{one.requests:,}", f"✗ {one.error}"]
    found = one.findings
    counts = [f"{len(rows):,}" if rows else "" for _, rows in found.rows()]
    result = "equal" if one.is_equal else "differs"
    if NO_KEY in found.remarks:
        result = "not compared:"
    if one.mended:
        result = "mended"
    if one.error:
        result = f"✗ {one.error}"
    remarks = " ".join(found.remarks)
    return [
        found.table,
        f"{found.source_rows:,}",
        f"{found.loaded_rows:,}",
        *counts,
        f"{one.requests:,}",
        f"{result} {remarks}".strip(),
    ]
