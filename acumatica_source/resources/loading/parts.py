"""Loads a table part by part: each is replaced as a whole, and only if it is not what is loaded.

For rows that have no key of their own, such as those of inquiries about a financial period.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from acumatica_source.paging.read_ahead import ReadAhead
from acumatica_source.reading.findings import FoundRow, TableFindings
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import USUAL_TERMS, LoadingTerms
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.evolution import fitted_rows
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.state import ResourceState
from acumatica_source.resources.loading.tables import (
    Target,
    WriteMode,
    blank,
)
from acumatica_source.warehouse.lost import make_again

logger = logging.getLogger(__name__)

PARTS_AHEAD = 2


@dataclass(frozen=True, slots=True)
class PartOptions:
    """How a table is loaded part by part."""

    resource: str
    """Name of the resource and its table."""
    asked: Sequence[Any]
    """What the parts are asked for with. If it changes, all is loaded anew."""
    schema: pa.Schema
    """The columns of a part."""
    place: dict[str, str]
    """Values of the columns that say where all parts belong (`{"_ledger": "ACTUAL"}`)."""
    part: str
    """The column that says which part a row belongs to."""
    full: bool
    """Whether to load every part anew, changed or not."""
    covers: Callable[[str], bool] = lambda part: False
    """Whether a part would have come if the source had it. Others that do not come stay."""
    terms: LoadingTerms = USUAL_TERMS
    """On what terms rows leave the table."""
    tenant: str = ""
    """Whose rows they are."""
    lost: Set[str] = frozenset()
    """Tables that the destination had lost, as it names them."""


def load_parts(
    parts: Generator[tuple[str, pa.Table], None, None],
    executor: Executor,
    options: PartOptions,
    report: RunReport,
) -> Iterator[Any]:
    """The dlt items of one run.

    Args:
        parts: Names and rows of all parts.
        executor: Reads them ahead of dlt.
        options: How to load.
        report: What to tell whoever started the run.
    """
    if options.terms.look is not None:
        report.findings[options.resource] = _compared(parts, options)
        return
    name, whose = options.resource, options.tenant if options.terms.tenant_column else None
    tables = LoadedTables(whose)
    state = ResourceState.read(name, anew=options.full, tenant=whose)
    asked = list(options.asked)
    stored = tables.schema.naming.normalize_tables_path(name)
    lost = stored in options.lost
    if lost:
        make_again(tables.pipeline, tables.schema.name, {stored})
    first = options.full or lost or not state.parts or state.asked != asked
    loaded = None
    if not first or (options.full and tables.has(name)):
        loaded = tables.counts_of_parts(name, options.part, options.place)
    if loaded is None and options.full and tables.has(name):
        tables.check_readable(name, options.terms.deletions)
    target = Target(
        name,
        WriteMode.REPLACE if first and whose is None else tables.mode,
        merge_key=(*options.place, options.part),
        tenant=whose,
    )

    def placed(rows: pa.Table, part: str, place: Mapping[str, str] = options.place) -> Any:
        for column, value in (*place.items(), (options.part, part)):
            values = pa.repeat(pa.scalar(value), rows.num_rows)
            rows = rows.append_column(pa.field(column, pa.string(), nullable=False), values)
        return target.carry(fitted_rows(rows, name))

    # before the first item, from which on the schema has the table
    others = tables.places(name, (*options.place, options.part)) if first and whose else []
    yield placed(options.schema.empty_table(), "")
    for *place, part in others:  # what came before is merged away, as others share the table
        yield placed(blank(options.schema, 1), part, dict(zip(options.place, place, strict=True)))
    prints = {} if first else dict(state.parts)
    fewer: dict[str, int] = {}
    seen: set[str] = set()
    with ReadAhead(executor, parts, PARTS_AHEAD) as ahead:
        for part, rows in ahead:
            printed = _fingerprint(rows)
            missing = loaded is not None and loaded.get(part, 0) != rows.num_rows
            seen.add(part)
            if (loaded or {}).get(part, 0) > rows.num_rows:
                fewer[part] = (loaded or {})[part] - rows.num_rows
            if prints.get(part) == printed and not missing:
                continue
            if missing and prints.get(part) == printed:
                logger.warning(
                    "%s: of %s %d rows are loaded, not %d; loading it again.",
                    name,
                    part,
                    (loaded or {}).get(part, 0),
                    rows.num_rows,
                )
            prints[part] = printed
            report.rows_read[name] += rows.num_rows
            if rows.num_rows:
                yield placed(rows, part)
            elif not first:
                yield placed(blank(options.schema, 1), part)
    for part in sorted(set(loaded or {}) - seen):  # the source has them no more
        if target.mode is WriteMode.REPLACE or options.covers(part):
            fewer[part] = (loaded or {})[part]
            prints.pop(part, None)
            if target.mode is not WriteMode.REPLACE:
                yield placed(blank(options.schema, 1), part)
    options.terms.deletions.check(name, sum(fewer.values()), sum((loaded or {}).values()))
    report.deleted[name] += sum(fewer.values())
    for part, count in fewer.items():
        key = {**options.place, options.part: part}
        yield deletions.counted(stored, key, count, options.tenant, deletions.PERIOD)
    state.parts, state.asked = prints, asked
    state.write(name, tenant=whose)


def _compared(
    parts: Generator[tuple[str, pa.Table], None, None], options: PartOptions
) -> TableFindings:
    """How the parts differ from the source: each that has changed counts as a stale row."""
    name, whose = options.resource, options.tenant if options.terms.tenant_column else None
    tables, state = LoadedTables(whose), ResourceState.read(options.resource, tenant=whose)
    counts = {}
    if tables.has(name):
        counts = tables.counts_of_parts(name, options.part, options.place) or {}
    rows, stale, asked = 0, [], set()
    for part, answer in parts:
        asked.add(part)
        rows += answer.num_rows
        if counts.get(part, 0) != answer.num_rows or state.parts.get(part) != _fingerprint(answer):
            stale.append(FoundRow(None, json.dumps({**options.place, options.part: part})))
    stored = tables.schema.naming.normalize_tables_path(name)
    extra = [
        FoundRow(None, json.dumps({**options.place, options.part: part}))
        for part in sorted(set(counts) - asked)
        if options.covers(part)
    ]
    loaded = sum(counts.values())
    return TableFindings(name, stored, rows, loaded, stale=tuple(stale), extra=tuple(extra))


def _fingerprint(rows: pa.Table) -> str:
    """Equal for equal rows in equal order."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()
