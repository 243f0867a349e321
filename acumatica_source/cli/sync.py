"""`acumatica sync`: load a configured instance into a destination."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import dlt
from rich.console import Console

from acumatica_source.cli import destination, runner
from acumatica_source.cli.choosing import Asked, chosen
from acumatica_source.cli.progress import Progress
from acumatica_source.cli.report import outcome_table
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.contract.cache import default_directory
from acumatica_source.source import configured_instance

PIPELINE = "acumatica"
DATASET = "erp"

PARQUET_NOTE = (
    "Parquet files cannot be merged: from the second run on, changed records are added. "
    "docs/parquet.md shows the views of the latest state."
)


EXAMPLES = """\b
Examples:
  acumatica sync --duckdb warehouse.duckdb
  acumatica sync SalesOrder Customer --parquet ./lake
  acumatica sync --inquiry BI-Customers --inquiry "Sales Orders" --dac GLTran
  acumatica sync Account --destination postgres --dataset erp
"""


@click.command(epilog=EXAMPLES, short_help="Load an instance into a destination.")
@click.argument("entities", nargs=-1, metavar="[ENTITY]...")
@click.option(
    "--duckdb",
    "duckdb_file",
    type=click.Path(dir_okay=False),
    help="DuckDB file to load into (default: acumatica.duckdb).",
)
@click.option(
    "--parquet",
    "parquet_dir",
    type=click.Path(file_okay=False),
    help="Folder to write Parquet files into.",
)
@click.option("--destination", help="Any dlt destination by name, configured as dlt does.")
@click.option(
    "--dataset", default=DATASET, show_default=True, help="Dataset (schema) to load into."
)
@click.option(
    "--inquiry",
    "inquiries",
    multiple=True,
    metavar="NAME",
    help="A generic inquiry, by its name in OData; all its rows each time. May be repeated.",
)
@click.option(
    "--dac",
    "classes",
    multiple=True,
    metavar="NAME",
    help="A data access class, the table behind a form. May be repeated.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every entity of the endpoint. Generic inquiries and DACs only where named, for inquiries "
    "can be slow and cannot be asked for changes.",
)
@click.option("--full", is_flag=True, help="Load everything anew, changed or not.")
@click.option("--endpoint", help="Web service endpoint (default: Default).")
@click.option(
    "--endpoint-version", help="Its version (default: the newest that the instance lists)."
)
@click.option(
    "--sessions", type=click.IntRange(1), help="Licence seats to use at most (default: 2)."
)
@click.option(
    "--pipeline",
    "pipeline_name",
    default=PIPELINE,
    show_default=True,
    help="Name of the dlt pipeline.",
)
def sync(entities: Sequence[str], **options: Any) -> None:
    """Load entities into a destination; from the second run on, only what changed.

    Without ENTITY, --inquiry or --dac: the core entities and the ledger transactions. An inquiry
    or DAC with the name of something else is loaded into NAME_inquiry or NAME_dac.

    The instance and its user come from `.dlt/secrets.toml` ([sources.acumatica.credentials]) or
    from environment variables (SOURCES__ACUMATICA__CREDENTIALS__BASE_URL, __USERNAME, __PASSWORD,
    __TENANT).
    """
    given = {
        "endpoint": options["endpoint"],
        "version": options["endpoint_version"],
        "sessions": options["sessions"],
        "memory": _seat_memory(),
    }
    instance = configured_instance(**{k: v for k, v in given.items() if v is not None})
    if options["duckdb_file"] and Path(options["duckdb_file"]).stem == options["dataset"]:
        raise ConfigurationError(
            f"DuckDB cannot tell the file {options['duckdb_file']} from a dataset of the same "
            "name. Give another --dataset."
        )
    console = Console()
    asked = Asked(
        entities=entities,
        inquiries=options["inquiries"],
        classes=options["classes"],
        everything=options["everything"],
        full=options["full"],
    )
    if options["parquet_dir"]:
        console.print(PARQUET_NOTE)
    places = (options["duckdb_file"], options["parquet_dir"], options["destination"])
    with destination.opened(*places) as target, Progress(console) as progress:
        pipeline = dlt.pipeline(
            options["pipeline_name"],
            destination=target,
            dataset_name=options["dataset"],
            progress=progress,
        )
        with instance.opened():
            loads, outcomes = chosen(instance, asked)
            for outcome in outcomes:
                progress.finished(outcome)
            outcomes += runner.sync(
                pipeline, instance, loads, progress.finished, skip_unreadable=asked.everything
            )
    console.print(outcome_table(outcomes))
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        sys.exit(1)


def _seat_memory() -> SeatMemory | None:
    """Where sessions are remembered between runs; nowhere on a file system that is read-only."""
    try:
        return SeatMemory(default_directory().parent / "seats")
    except ConfigurationError:
        return None
