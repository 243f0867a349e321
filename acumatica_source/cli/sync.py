"""`acumatica sync`: load a configured instance into a destination."""

import sys
from typing import Any

import click
from rich.console import Console

from acumatica_source.cli import destination
from acumatica_source.cli.choosing import chosen
from acumatica_source.cli.options import (
    asked_for,
    leaving_options,
    looking_options,
    source_settings,
    what_options,
    where_from_options,
    where_to_options,
)
from acumatica_source.cli.progress import ProgressLine
from acumatica_source.cli.report import outcome_table
from acumatica_source.running import runner
from acumatica_source.running.report import Report
from acumatica_source.running.run import instance_with

PARQUET_NOTE = (
    "Parquet files cannot be merged: from the second run on, changed records are added. "
    "docs/parquet.md shows the views of the latest state."
)


EXAMPLES = """\b
Examples:
  acumatica sync --duckdb warehouse.duckdb
  acumatica sync SalesOrder Customer --parquet ./lake
  acumatica sync --inquiry BI-Customers --inquiry "Sales Orders" --dac GLTran
  acumatica sync --inquiry DB-StorageDetails --parameter Warehouse=MAIN
  acumatica sync Account --destination postgres --dataset erp
"""


@click.command(epilog=EXAMPLES, short_help="Load an instance into a destination.")
@what_options
@where_to_options
@click.option("--full", is_flag=True, help="Load everything anew, changed or not.")
@leaving_options
@looking_options
@click.option(
    "--adopt",
    is_flag=True,
    help="Let the dataset count as this instance's, whatever it was loaded from: for a site that "
    "has moved to another address.",
)
@where_from_options
def sync(**options: Any) -> None:
    """Load entities into a destination; from the second run on, only what changed.

    Without ENTITY, --inquiry or --dac: the core entities and the ledger transactions. An inquiry
    or DAC with the name of something else is loaded into NAME_inquiry or NAME_dac.

    The instance and its user come from `.dlt/secrets.toml` ([sources.acumatica.credentials]) or
    from environment variables (SOURCES__ACUMATICA__CREDENTIALS__BASE_URL, __USERNAME, __PASSWORD,
    __TENANT).
    """
    instance = instance_with(
        adopt=options["adopt"] or None,
        **source_settings(options),
    )
    console = Console()
    asked = asked_for(options, full=options["full"])
    if options["parquet_dir"]:
        console.print(PARQUET_NOTE)
    with (
        ProgressLine(console) as progress,
        destination.pipeline_at(options, instance.tenant, progress) as pipeline,
        instance.seats.opened(),
    ):
        loads, skipped = chosen(instance, asked)
        outcomes = runner.sync(
            pipeline,
            instance,
            loads,
            progress.finished,
            skip_unreadable=asked.everything,
            skipped=skipped,
            whole_endpoint=asked.everything,
        )
    console.print(outcome_table(outcomes))
    if Report(outcomes).failed:
        sys.exit(1)
