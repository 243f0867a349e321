"""Loads answers whose rows have no key: all of them, in the place of those that came before."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from acumatica_source.reading.findings import NO_KEY, TableFindings
from acumatica_source.reading.run_report import RunReport
from acumatica_source.reading.terms import USUAL_TERMS, LoadingTerms
from acumatica_source.resources.loading import deletions
from acumatica_source.resources.loading.evolution import fitted_rows
from acumatica_source.resources.loading.read_back import LoadedTables
from acumatica_source.resources.loading.state import ResourceState
from acumatica_source.resources.loading.tables import Target, WriteMode, blank


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How answers are loaded."""

    resource: str
    """Name of the resource and its table."""
    asked: Sequence[str]
    """What was asked, as texts. Only answers to the same questions are compared in number."""
    schema: pa.Schema
    """The columns of an answer."""
    terms: LoadingTerms = USUAL_TERMS
    """On what terms rows leave the table."""
    tenant: str = ""
    """Whose rows they are."""


def load_answers(
    answers: Iterable[pa.Table], options: AnswerOptions, report: RunReport
) -> Iterator[Any]:
    """The dlt items of one run.

    Args:
        answers: Rows of one question after the other.
        options: How to load.
        report: What to tell whoever started the run.

    Raises:
        TooManyDeletions: far fewer rows came than are loaded.
    """
    name, whose = options.resource, options.tenant if options.terms.tenant_column else None
    tables = LoadedTables(whose)
    if options.terms.look is not None:
        stored = tables.schema.naming.normalize_tables_path(name)
        report.findings[name] = TableFindings(name, stored, remarks=(NO_KEY,))
        return
    state = ResourceState.read(name, tenant=whose)
    asked = list(options.asked)
    before = tables.count(name, options.terms.deletions) if state.asked in (None, asked) else 0
    target = Target(name, WriteMode.REPLACE if whose is None else tables.mode, tenant=whose)
    empty = options.schema.empty_table() if whose is None else blank(options.schema, 1)
    yield target.carry(fitted_rows(empty, name))
    count = 0
    for rows in answers:
        count += rows.num_rows
        yield target.carry(fitted_rows(rows, name))
    report.rows_read[name] += count
    options.terms.deletions.check(name, before - count, before)
    if count < before:
        report.deleted[name] += before - count
        stored = tables.schema.naming.normalize_tables_path(name)
        yield deletions.counted(stored, {}, before - count, options.tenant, deletions.REPLACE)
    state.asked = asked
    state.write(name, tenant=whose)
