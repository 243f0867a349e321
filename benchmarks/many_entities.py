"""What many small entities cost: `python -m benchmarks.many_entities CONTRACT [--entities N]`.

Loads the entities of an endpoint, with a few records each, from the emulated ERP, which runs in a
process of its own, and once more with nothing changed: seconds, CPU, requests, load packages, and
the statements that a PostgreSQL server gets. CPU is told of the entities around the tenth and
around the ninetieth, as it must not grow with the tables that are loaded already.

CONTRACT is a swagger document of an endpoint, such as Default/24.200.001.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase
from rich.console import Console
from rich.table import Table

from acumatica_source import AcumaticaCredentials
from acumatica_source.cli.choosing import all_of
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import connect
from tests.postgres import Database, server_in

ERP = """
import sys, time
from acumatica_sandbox import Sandbox, SandboxOptions
with Sandbox(SandboxOptions(contract=sys.argv[1], records=int(sys.argv[2]))) as erp:
    print(erp.base_url, erp.username, erp.password, erp.tenant, flush=True)
    sys.stdin.read()
"""

STATEMENT = re.compile(r"LOG:  (statement|execute [^:]*): ")
AROUND = 5
"""Entities before and behind one whose CPU is told, as those of a package are done together."""


@dataclass
class Cost:
    """What one run took."""

    seconds: float = 0.0
    cpu: float = 0.0
    requests: int = 0
    packages: int = 0
    statements: int = 0
    rows: int = 0
    failed: list[str] = field(default_factory=list)
    points: list[float] = field(default_factory=list)
    """CPU seconds of this process when each entity was done."""

    def around(self, number: int) -> float:
        """CPU seconds that the entities around one took, each."""
        end = len(self.points) - 1
        first, last = (max(0, min(end, one)) for one in (number - AROUND, number + AROUND))
        return (self.points[last] - self.points[first]) / max(1, last - first)


class Statements:
    """Counts what a PostgreSQL server is told."""

    def __init__(self, server: Database, log: Path) -> None:
        server.execute("ALTER ROLE loader SET log_statement = 'all'")
        self._log = log

    def count(self) -> int:
        """The statements so far."""
        return len(STATEMENT.findall(self._log.read_text(errors="replace")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contract")
    parser.add_argument("--records", type=int, default=4_200, help="about how many in all")
    parser.add_argument("--entities", type=int, help="how many at most")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--into", choices=["duckdb", "postgres"], action="append")
    options = parser.parse_args()
    table = Table("run", "s", "CPU s", "10th ms", "90th ms", "ratio", "requests", "packages",
                  "statements", "rows", "failed")  # fmt: skip
    for kind in options.into or ["duckdb", "postgres"]:
        with erp_of(options.contract, options.records) as credentials, place(kind) as where:
            for number in range(options.runs):
                cost = measured(credentials, *where, options.entities)
                tenth, ninetieth = cost.around(10) * 1e3, cost.around(90) * 1e3
                table.add_row(
                    f"{kind} {number + 1}", f"{cost.seconds:.1f}", f"{cost.cpu:.1f}",
                    f"{tenth:.0f}", f"{ninetieth:.0f}", f"{ninetieth / (tenth or 1):.2f}",
                    f"{cost.requests:,}", str(cost.packages), str(cost.statements),
                    f"{cost.rows:,}", ", ".join(cost.failed),
                )  # fmt: skip
    Console(width=140).print(table)


def measured(
    credentials: AcumaticaCredentials,
    pipeline: dlt.Pipeline,
    statements: Statements | None,
    most: int | None,
) -> Cost:
    """One run of all entities."""
    instance = connect(credentials, "Default", None, 2, None)
    cost = Cost()

    def done(outcome: Outcome) -> None:
        cost.points.append(time.process_time())
        cost.rows += sum(outcome.rows.values())
        cost.failed += [str(outcome)] if outcome.error else []

    before = 0 if statements is None else statements.count()
    begun, cpu = time.perf_counter(), time.process_time()
    with instance.seats.opened():
        loads, _ = all_of(instance, full=False)
        loads = loads[:most]
        packages = loaded(pipeline)
        runner.sync(pipeline, instance, loads, done, skip_unreadable=True)
    cost.seconds, cost.cpu = time.perf_counter() - begun, time.process_time() - cpu
    cost.requests = instance.seats.requests_made
    cost.packages = loaded(pipeline) - packages
    cost.statements = 0 if statements is None else statements.count() - before
    return cost


def loaded(pipeline: dlt.Pipeline) -> int:
    """The load packages that a dataset has got so far."""
    with pipeline.destination_client() as client:
        assert isinstance(client, SqlJobClientBase)
        if not client.is_storage_initialized():
            return 0
        return len(client.sql_client.execute_sql("SELECT load_id FROM _dlt_loads") or [])


@contextmanager
def erp_of(contract: str, records: int) -> Iterator[AcumaticaCredentials]:
    """An emulated ERP in a process of its own."""
    command = [sys.executable, "-c", ERP, contract, str(records)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        base_url, username, password, tenant = process.stdout.readline().split()
        yield AcumaticaCredentials(
            base_url=base_url, username=username, password=password, tenant=tenant
        )
    finally:
        process.communicate("")


@contextmanager
def place(kind: str) -> Iterator[tuple[dlt.Pipeline, Statements | None]]:
    """An empty dataset, and what counts the statements that it takes."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="many-entities-")))
        statements: Statements | None = None
        destination: Any = None
        if kind == "postgres":
            data = folder / "server"
            data.mkdir()
            folder.chmod(0o755)
            server = stack.enter_context(server_in(data))
            statements = Statements(server, data / "log")
            destination = dlt.destinations.postgres(server.address)
        else:
            destination = dlt.destinations.duckdb(str(folder / "warehouse.duckdb"))
        yield (
            dlt.pipeline(
                "many_entities",
                destination=destination,
                dataset_name="erp",
                pipelines_dir=str(folder / "pipelines"),
            ),
            statements,
        )


if __name__ == "__main__":
    main()
