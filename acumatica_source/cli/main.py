"""The command group: logging, signals and how failures end."""

import logging
import sys
import warnings
from typing import Any

import click
from rich.console import Console
from rich.logging import RichHandler

from acumatica_source.cli import output
from acumatica_source.cli.demo import demo
from acumatica_source.cli.discover import discover
from acumatica_source.cli.probe import probe_command
from acumatica_source.cli.reconcile import reconcile_command
from acumatica_source.cli.sandbox import sandbox
from acumatica_source.cli.sync import sync
from acumatica_source.cli.terminal import PlainFormatter
from acumatica_source.client.exits import orderly_shutdown
from acumatica_source.running.failures import explain
from acumatica_source.running.plain_text import shown

errors = Console(stderr=True, highlight=False)


def _of_concern(record: logging.LogRecord) -> bool:
    """Not dlt's remark that the last run had another destination.

    It speaks of the state in the local folder, which every sync rebuilds from the destination.
    """
    return "in state differs from destination" not in record.getMessage()


class FriendlyGroup(click.Group):
    """A group whose commands end with one screen instead of a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """See `click.Command`; from here on, whatever is printed can be."""
        with output.lasting():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; anything that goes wrong is explained and ends with exit code 1."""
        try:
            with orderly_shutdown():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            errors.print("Interrupted; all sessions are signed out.")
            sys.exit(130)
        except Exception as error:
            logging.getLogger(__name__).debug("failed", exc_info=True)
            errors.print("[bold red]Error:[/] ", end="")
            errors.print(explain(error), markup=False, soft_wrap=True)
            sys.exit(1)


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", count=True, help="More of what happens; twice for everything.")
@click.version_option(package_name="acumatica-source")
def main(verbose: int) -> None:
    """Load Acumatica ERP into DuckDB, Parquet or any dlt destination."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = RichHandler(console=errors, show_time=False, show_path=False, markup=False)
    handler.setFormatter(PlainFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("acumatica_source").setLevel(level)
    logging.getLogger("dlt").addFilter(_of_concern)
    warnings.showwarning = lambda message, *_, **__: errors.print(
        f"Warning: {shown(message)}", markup=False
    )


main.add_command(demo)
main.add_command(discover)
main.add_command(probe_command)
main.add_command(reconcile_command)
main.add_command(sandbox)
main.add_command(sync)
