"""Tables that tell people what a sync did."""

from collections.abc import Iterable

from rich.table import Table

from acumatica_source.cli.terminal import marked
from acumatica_source.running.outcome import Outcome


def outcome_table(outcomes: Iterable[Outcome]) -> Table:
    """Per table that got rows: how many; per resource: requests made and seconds."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("table", overflow="fold")
    for heading in ("rows loaded", "requests", "seconds"):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        figures = [f"{outcome.requests:,}", f"{outcome.seconds:.1f}"]
        if outcome.error:
            table.add_row(f"[red]{marked(outcome.resource)}: failed[/]", "", *figures)
            continue
        if outcome.skipped:
            table.add_row(f"{marked(outcome.resource)}: skipped", "", *figures)
            continue
        shown = {name: rows for name, rows in outcome.rows.items() if rows}
        for name, rows in (shown or {next(iter(outcome.rows), outcome.resource): 0}).items():
            table.add_row(marked(name), f"{rows:,}", *figures)
            figures = ["", ""]
    return table
