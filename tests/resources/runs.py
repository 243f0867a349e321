"""Syncs in the two ways in which people start them, and what they cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dlt
import duckdb
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_sandbox import Sandbox
from acumatica_source import AcumaticaCredentials, acumatica
from acumatica_source.reading.deletion_limit import DeletionLimit
from acumatica_source.reading.terms import LoadingTerms
from acumatica_source.running import runner
from acumatica_source.running.failures import explain
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import Load, connect
from tests.conftest import credentials_of

WAYS = ("command", "lines")
"""`acumatica sync`, and `pipeline.run(acumatica(...))`."""


@dataclass(frozen=True)
class Run:
    """What became of one sync."""

    errors: tuple[str, ...]
    written: int
    """Rows that went to the destination, those included that say that others are gone."""


def run(
    pipeline: dlt.Pipeline,
    place: Sandbox | AcumaticaCredentials,
    *load: Load,
    way: str = "command",
    sessions: int = 2,
    version: str | None = None,
    allow_deletes: bool = False,
) -> Run:
    """One sync, as a process of its own would do it."""
    credentials = credentials_of(place) if isinstance(place, Sandbox) else place
    written = 0
    errors: list[str] = []
    if way == "command":
        instance = connect(
            credentials,
            "Default",
            version,
            sessions,
            None,
            # the address may be that of a proxy, or the sandbox's own
            terms=LoadingTerms(DeletionLimit(allowed=allow_deletes), adopt=True),
        )

        packages: set[str] = set()

        def count(outcome: Outcome) -> None:
            nonlocal written
            written += _written(pipeline, packages)
            if outcome.error:
                errors.append(f"{outcome.resource}: {outcome.error}")

        runner.sync(pipeline, instance, load, count)
    else:
        try:
            pipeline.run(
                acumatica(
                    credentials,
                    load=load,
                    sessions=sessions,
                    version=version,
                    allow_deletes=allow_deletes,
                    adopt=True,
                )
            )
            written = _written(pipeline, set())
        except PipelineStepFailed as error:
            errors.append(explain(error))
    return Run(tuple(errors), written)


def succeed(
    pipeline: dlt.Pipeline,
    place: Sandbox | AcumaticaCredentials,
    *load: Load,
    way: str = "command",
    sessions: int = 2,
    version: str | None = None,
    allow_deletes: bool = False,
) -> Run:
    """The same; nothing may fail."""
    done = run(
        pipeline,
        place,
        *load,
        way=way,
        sessions=sessions,
        version=version,
        allow_deletes=allow_deletes,
    )
    assert done.errors == ()
    return done


def _written(pipeline: dlt.Pipeline, counted: set[str]) -> int:
    """Rows of the last load package, unless it was counted before."""
    trace = pipeline.last_trace
    info = trace.last_normalize_info if trace else None
    if info is None or counted.issuperset(info.loads_ids):
        return 0
    counted.update(info.loads_ids)
    counts = info.row_counts
    return sum(rows for table, rows in counts.items() if not table.startswith("_dlt"))


def requests(sandbox: Sandbox, path: str) -> list[dict[str, str]]:
    """The queries of all requests whose path ends so, or goes on behind a slash."""
    return [
        one["query"]
        for one in sandbox.control.requests()
        if one["path"].endswith(path) or f"{path}/" in one["path"]
    ]


@contextmanager
def database(pipeline: dlt.Pipeline) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file that the tests' pipeline loads into."""
    file = Path(pipeline.pipelines_dir).parent / "test.duckdb"
    with duckdb.connect(str(file)) as connection:
        yield connection


def lake(folder: Path) -> dlt.Pipeline:
    """A pipeline into a folder of Parquet files."""
    return dlt.pipeline(
        "lake",
        destination=dlt.destinations.filesystem((folder / "lake").as_uri()),
        dataset_name="erp",
        pipelines_dir=str(folder / "pipelines"),
    )


def hyphenated(sandbox: Sandbox, entity: str, key: str) -> None:
    """Give every record a key that databases sort in more than one way."""
    rows = sandbox.control.rows(entity)
    for number, row in enumerate(rows):
        sandbox.control.delete(entity, row["id"])
        sandbox.control.put(
            entity, {**row, key: f"{'aB'[number % 2]}{'-_.'[number % 3]}{number:05}"}
        )
