"""The command group: logging, signals and how failures end."""

import logging
import sys
import warnings
from typing import Any

import click
from rich.console import Console
from rich.logging import RichHandler

from acumatica_source.cli.demo import demo
from acumatica_source.cli.discover import discover
from acumatica_source.cli.failures import explain
from acumatica_source.cli.sandbox import sandbox
from acumatica_source.cli.sync import sync
from acumatica_source.client.exits import orderly_shutdown

errors = Console(stderr=True, highlight=False)


class FriendlyGroup(click.Group):
    """A group whose commands end with one screen instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; anything that goes wrong is explained and ends with exit code 1."""
        try:
            with orderly_shutdown():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            sys.stderr.close()  # whoever reads our output has had enough
            sys.exit(141)
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
    logging.basicConfig(level=logging.WARNING, handlers=[handler], format="%(message)s")
    logging.getLogger("acumatica_source").setLevel(level)
    warnings.showwarning = lambda message, *_, **__: errors.print(
        f"Warning: {message}", markup=False
    )


main.add_command(demo)
main.add_command(discover)
main.add_command(sandbox)
main.add_command(sync)
