"""Options that commands have in common: what is meant, where from and where to."""

from collections.abc import Callable
from typing import Any

import click

from acumatica_source.cli.choosing import Asked
from acumatica_source.reading.rhythm import NEVER, NOW
from acumatica_source.reading.terms import OnDelete

PIPELINE = "acumatica"
DATASET = "erp"

Command = Callable[..., Any]


def _with(options: list[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def what_options(command: Command) -> Command:
    """Which entities, inquiries and classes are meant."""
    return _with(
        [
            click.argument("entities", nargs=-1, metavar="[ENTITY]..."),
            click.option(
                "--inquiry",
                "inquiries",
                multiple=True,
                metavar="NAME",
                help="A generic inquiry, by its name in OData; all its rows each time. May be "
                "repeated.",
            ),
            click.option(
                "--parameter",
                "parameters",
                multiple=True,
                metavar="NAME=VALUE",
                help="A parameter of every named inquiry that has one of that name; "
                "INQUIRY/NAME=VALUE for one of them alone. May be repeated.",
            ),
            click.option(
                "--dac",
                "classes",
                multiple=True,
                metavar="NAME",
                help="A data access class, the table behind a form. May be repeated.",
            ),
            click.option(
                "--all",
                "everything",
                is_flag=True,
                help="Every entity of the endpoint. Generic inquiries and DACs only where named, "
                "for inquiries can be slow and cannot be asked for changes.",
            ),
            click.option(
                "--exclude",
                "exclude",
                multiple=True,
                metavar="ENTITY.PART",
                help="A linked entity or detail that is not read, and all inside it, such as "
                "Customer.Contacts or SalesOrder.Details/Allocations. May be repeated.",
            ),
        ],
        command,
    )


def where_to_options(command: Command) -> Command:
    """Which dataset of which destination is meant."""
    return _with(
        [
            click.option(
                "--duckdb",
                "duckdb_file",
                type=click.Path(dir_okay=False),
                help="DuckDB file to load into (default: acumatica.duckdb).",
            ),
            click.option(
                "--parquet",
                "parquet_dir",
                type=click.Path(file_okay=False),
                help="Folder to write Parquet files into.",
            ),
            click.option(
                "--destination", help="Any dlt destination by name, configured as dlt does."
            ),
            click.option(
                "--dataset",
                default=DATASET,
                show_default=True,
                help="Dataset (schema) to load into; {tenant} in it stands for the tenant's login "
                "name.",
            ),
            click.option(
                "--tenant-column",
                is_flag=True,
                help="Several tenants share the dataset, told apart by the column _tenant.",
            ),
            click.option(
                "--pipeline",
                "pipeline_name",
                default=PIPELINE,
                show_default=True,
                help="Name of the dlt pipeline.",
            ),
        ],
        command,
    )


def leaving_options(command: Command) -> Command:
    """What may leave the tables."""
    return _with(
        [
            click.option(
                "--allow-deletes",
                is_flag=True,
                help="Take out rows however many vanish from the source. Otherwise, where more "
                "than --delete-limit do, the entity fails and nothing of it changes.",
            ),
            click.option(
                "--delete-limit",
                type=click.FloatRange(0, 1),
                help="The share of a table's rows that may vanish (default: 0.1); 20 rows always "
                "may, unless they are all.",
            ),
            click.option(
                "--on-delete",
                type=click.Choice([one.value for one in OnDelete]),
                help="What becomes of rows that have vanished from the source: taken out (the "
                "default), kept with the time in _deleted_at, or kept as they are. All are put on "
                "record in _deletions.",
            ),
        ],
        command,
    )


def looking_options(command: Command) -> Command:
    """How much of the source is looked at."""
    return _with(
        [
            click.option(
                "--verify",
                type=click.Choice([NOW, NEVER]),
                help="Whether to compare keys and stamps of all rows with what is loaded in this "
                "run. Otherwise tables of some thousand rows are compared in every run, and larger "
                "ones once a day, a part in each run.",
            ),
            click.option(
                "--window",
                "window_minutes",
                type=click.FloatRange(0),
                metavar="MINUTES",
                help="How long a first load reads before it commits what it has (default: 10): a "
                "program that is killed loses no more. 0 to have all of it at once.",
            ),
        ],
        command,
    )


def where_from_options(command: Command) -> Command:
    """Which endpoint is read, and with how many seats."""
    return _with(
        [
            click.option("--endpoint", help="Web service endpoint (default: Default)."),
            click.option(
                "--endpoint-version",
                help="Its version (default: the newest that the instance lists).",
            ),
            click.option(
                "--sessions",
                type=click.IntRange(1),
                help="Licence seats to use at most (default: 2).",
            ),
            click.option(
                "--single-reads",
                metavar="NUMBER|all",
                help="Records of an entity that a run reads one by one at most, for what lists do "
                "not bring (default: 50; up to 300 where that leaves nothing pending). The newest "
                "come first, the rest is the next runs'.",
            ),
        ],
        command,
    )


def asked_for(options: dict[str, Any], *, full: bool = False) -> Asked:
    """What the options name.

    Raises:
        ConfigurationError: they contradict each other.
    """
    return Asked(
        entities=options["entities"],
        inquiries=options["inquiries"],
        parameters=options["parameters"],
        classes=options["classes"],
        everything=options["everything"],
        full=full,
        exclude=options["exclude"],
    )


def source_settings(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `instance_with` that the options give."""
    return {
        "endpoint": options["endpoint"],
        "version": options["endpoint_version"],
        "sessions": options["sessions"],
        "allow_deletes": options["allow_deletes"] or None,
        "delete_limit": options["delete_limit"],
        "on_delete": options["on_delete"],
        "tenant_column": options["tenant_column"] or None,
        "verify": options.get("verify"),
        "window_minutes": options.get("window_minutes"),
        "single_reads": options["single_reads"],
    }
