"""`acumatica demo`: an emulated ERP into DuckDB, twice, and three answers from SQL."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import click
import dlt
import duckdb
import requests
from rich.console import Console
from rich.table import Table

from acumatica_source.cli.destination import opened_file, working_folder
from acumatica_source.cli.progress import ProgressLine
from acumatica_source.client.errors import AcumaticaError
from acumatica_source.credentials import AcumaticaCredentials
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.ledger import LedgerTransactions
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import CORE_ENTITIES, Load, connect

CHANGES = 250
"""Records changed at the source between the two syncs."""

DATASET = "erp"

LOADS: list[Load] = [*CORE_ENTITIES, GenericInquiry("BI-Customers"), LedgerTransactions()]

QUESTIONS = {
    "Revenue by month (released invoices)": """
        SELECT strftime(date_trunc('month', date), '%Y-%m') AS month,
               count(*) AS invoices, sum(amount) AS revenue
        FROM erp.invoice WHERE type = 'Invoice' AND status IN ('Open', 'Closed')
        GROUP BY ALL ORDER BY month DESC LIMIT 6
    """,
    "Open receivables by age": """
        SELECT CASE WHEN days <= 0 THEN '0 not due' WHEN days <= 30 THEN '1-30 days'
                    WHEN days <= 60 THEN '31-60 days' ELSE 'over 60 days' END AS overdue,
               count(*) AS invoices, sum(balance) AS open_amount
        FROM (SELECT balance, date_diff('day', due_date, max(date) OVER ()) AS days
              FROM erp.invoice WHERE type = 'Invoice') WHERE balance <> 0
        GROUP BY ALL ORDER BY overdue
    """,
    "Debits and credits by financial period": """
        SELECT _period AS period, sum(debit_amount) AS debits, sum(credit_amount) AS credits
        FROM erp.ledger_transactions
        GROUP BY _period ORDER BY substr(_period, 3) DESC, _period DESC LIMIT 6
    """,
}


@click.command(short_help="See it work: an emulated ERP into DuckDB, twice.")
@click.option("--records", default=50_000, show_default=True, help="Records in the emulated ERP.")
@click.option(
    "--duckdb",
    "file",
    default="acumatica_demo.duckdb",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to load into; made anew.",
)
def demo(records: int, file: Path) -> None:
    """Start an emulated ERP, sync it into DuckDB, change some records, and sync again."""
    console = Console()
    file.unlink(missing_ok=True)
    making = console.status(f"Making an emulated ERP with about {records:,} records")
    with making, emulated_erp(records) as site:
        making.stop()
        credentials = AcumaticaCredentials(**site)
        instance = connect(credentials, "Default", None, 2, None)
        with opened_file(file.resolve(), DATASET) as destination, ProgressLine(console) as progress:
            pipeline = dlt.pipeline(
                "acumatica_demo",
                destination=destination,
                dataset_name=DATASET,
                pipelines_dir=working_folder(),
                progress=progress,
            )
            with instance.seats.opened():
                console.rule("First sync: everything")
                first = runner.sync(pipeline, instance, LOADS, progress.finished)
                console.rule(f"{CHANGES} changes at the source, then a second sync")
                _change(site["base_url"])
                second = runner.sync(pipeline, instance, LOADS, progress.finished)
    failed = [outcome for outcome in (*first, *second) if outcome.error]
    with duckdb.connect(str(file), read_only=True) as database:
        console.rule("What is loaded, and what the two syncs cost")
        console.print(_comparison(database, first, second))
        for question, sql in QUESTIONS.items():
            console.rule(question)
            console.print(_answer(database, sql))
    console.print(f"All of it is in [bold]{file}[/]: open it with DuckDB and look around.")
    if failed:
        sys.exit(1)


@contextmanager
def emulated_erp(records: int) -> Iterator[Mapping[str, str]]:
    """An emulated ERP in a process of its own; yields how to sign in."""
    command = [sys.executable, "-m", "acumatica_source.cli", "sandbox", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--records", str(records)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    words = (word for line in process.stdout for word in line.split())
    address = next((word for word in words if "://" in word), "")
    try:
        if not address:
            raise AcumaticaError("The emulated ERP did not start.")
        yield {
            "base_url": address,
            "username": "admin",
            "password": "sandbox",
            "tenant": "Company",
        }
    finally:
        process.terminate()
        process.communicate()


def _change(base_url: str) -> None:
    answer = requests.post(
        f"{base_url}/_sandbox/mutate", json={"n": CHANGES, "seed": 1}, timeout=60
    )
    answer.raise_for_status()


def _comparison(
    database: duckdb.DuckDBPyConnection, first: Sequence[Outcome], second: Sequence[Outcome]
) -> Table:
    """Per table: rows it holds, rows loaded by the second sync, and what both syncs cost."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("table", no_wrap=True)
    for heading in ("rows", "2nd sync", "requests", "2nd", "seconds", "2nd"):
        table.add_column(heading, justify="right")
    for before, after in zip(first, second, strict=False):
        costs = [before.requests, after.requests, before.seconds, after.seconds]
        figures = [f"{cost:,}" if isinstance(cost, int) else f"{cost:.1f}" for cost in costs]
        for name in dict.fromkeys([*before.rows, *after.rows]):
            rows = len(database.table(f'erp."{name}"'))
            if rows:
                table.add_row(name, f"{rows:,}", f"{after.rows.get(name, 0):,}", *figures)
                figures = [""] * 4
    return table


def _answer(database: duckdb.DuckDBPyConnection, sql: str) -> Table:
    found = database.execute(sql)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, column in enumerate(found.description or []):
        table.add_column(column[0], justify="right" if place else "left", no_wrap=True)
    for row in found.fetchall():
        cells = (f"{cell:,.2f}" if isinstance(cell, Decimal) else f"{cell}" for cell in row)
        table.add_row(*cells)
    return table
