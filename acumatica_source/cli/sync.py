"""`acumatica sync`: load a configured instance into a destination."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import dlt
from rich.console import Console

from acumatica_source.cli import destination, runner
from acumatica_source.cli.progress import Progress
from acumatica_source.cli.report import outcome_table
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.contract.cache import default_directory
from acumatica_source.contract.model import EntityKind
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.probing import kind_by_probe
from acumatica_source.resources.ledger import CALENDAR, LedgerTransactions
from acumatica_source.resources.ledger import INQUIRY as LEDGER_INQUIRY
from acumatica_source.resources.options import EntityOptions
from acumatica_source.source import CORE_ENTITIES, Load, configured_instance

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
@click.option("--all", "everything", is_flag=True, help="Every entity of the endpoint.")
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

    Without ENTITY: the core entities and the ledger transactions. The instance and its user come
    from `.dlt/secrets.toml` ([sources.acumatica.credentials]) or from environment variables
    (SOURCES__ACUMATICA__CREDENTIALS__BASE_URL, __USERNAME, __PASSWORD, __TENANT).
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
    if options["everything"] and entities:
        raise ConfigurationError("Give either names of entities or --all.")
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
            full, everything = options["full"], options["everything"]
            if everything:
                loads, outcomes = all_of(instance, full=full)
                for outcome in outcomes:
                    progress.finished(outcome)
            else:
                loads, outcomes = wanted(entities or core_of(instance), full=full), []
            outcomes += runner.sync(
                pipeline, instance, loads, progress.finished, skip_unreadable=everything
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


def wanted(entities: Sequence[str], *, full: bool) -> list[Load]:
    """What to load for these names, `ledger_transactions` among them."""
    ledger = LedgerTransactions(full=full)
    return [ledger if name == ledger.name else EntityOptions(name, full=full) for name in entities]


def core_of(instance: Instance) -> list[str]:
    """The core entities, and the ledger transactions, as far as the endpoint has them.

    Raises:
        ConfigurationError: it has none of them.
    """
    _, contract = instance.contract()
    names = [name for name in CORE_ENTITIES if name in contract.entities]
    if LEDGER_INQUIRY in contract.entities and CALENDAR in contract.entities:
        names.append(LedgerTransactions().name)
    if not names:
        raise ConfigurationError(
            f"{contract.endpoint}/{contract.version} has none of the core entities. Name those to "
            "load (acumatica discover lists them), or give --all."
        )
    return names


def all_of(instance: Instance, *, full: bool) -> tuple[list[Load], list[runner.Outcome]]:
    """Every entity that has records, and what is skipped because it has none.

    What looks like a form by its contract is asked for two records before it is skipped.
    """
    loads: list[Load] = []
    skipped = []
    with instance.opened() as connection:
        endpoint, contract = instance.contract()
        for entity in contract.entities.values():
            kind = entity.kind
            if kind is not EntityKind.RECORD:
                kind = kind_by_probe(connection, f"{endpoint.path}/{entity.name}", entity)
            if kind is EntityKind.RECORD:
                loads.append(EntityOptions(entity.name, full=full))
            else:
                reason = f"{kind}, which shows rows for given parameters only"
                skipped.append(runner.Outcome(entity.name, {}, 0, 0.0, skipped=reason))
    return loads, skipped
