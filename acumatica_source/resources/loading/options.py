"""How a resource is loaded."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from acumatica_source.reading.rhythm import VERIFY_REQUESTS, Rhythm
from acumatica_source.reading.terms import SINGLE_READS, USUAL_TERMS, LoadingTerms


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a resource is loaded."""

    resource: str
    """Name of the resource."""
    lag: timedelta
    """How far before the last watermark an incremental run reads again, for late commits."""
    rhythm: Rhythm
    """How often incremental runs compare keys and stamps of all rows with what is loaded. Rows that
    one request lists are compared in every run, unless it is never."""
    full: bool
    """Whether to load everything anew, whatever was loaded before."""
    row_options: str
    """The options that decide what a row holds. If they change, all is loaded anew."""
    expected: frozenset[tuple[str, str]] | None = None
    """Table and column of what every loaded row is to hold; None for all that the reader shows."""
    form: Callable[[pa.Table], pa.Table] = lambda rows: rows
    """What the rows of a detail become before they are loaded."""
    terms: LoadingTerms = USUAL_TERMS
    """On what terms rows leave the table."""
    tenant: str = ""
    """Whose rows they are."""
    verify_requests: int = VERIFY_REQUESTS
    """Requests at most that one run spends on comparing rows that one request does not list."""
    single_reads: int | None = SINGLE_READS
    """How many rows are read one by one at most, for what pages do not bring; None for all."""
    lost: Set[str] = frozenset()
    """Tables that the destination had lost, as it names them."""
