"""Turns what went wrong into one screen: what happened, to whom, and what to do."""

from collections.abc import Iterator, Mapping, Sequence

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    LookupTrace,
    LookupTraces,
)

from acumatica_source.client.errors import AcumaticaError

MOST_LINES = 8

CREDENTIALS_ADVICE = (
    "Give them in .dlt/secrets.toml:\n\n"
    "    [sources.acumatica.credentials]\n"
    '    base_url = "https://erp.example.com/Site"\n'
    '    username = "..."\n'
    '    password = "..."\n'
    '    tenant = "..."\n\n'
    "or as environment variables such as SOURCES__ACUMATICA__CREDENTIALS__BASE_URL."
)


def explain(error: BaseException) -> str:
    """What a user can act on, in its own words."""
    cause = root_cause(error)
    if isinstance(cause, ConfigFieldMissingException):
        missing = ", ".join(dict.fromkeys(_missing_fields(cause.traces)))
        return f"Settings are missing: {missing}.\n{CREDENTIALS_ADVICE}"
    words = str(cause).strip().splitlines() or [type(cause).__name__]
    return "\n".join(words[:MOST_LINES])


def root_cause(error: BaseException) -> BaseException:
    """The cause that our own code or the configuration named, else the innermost one."""
    chain = list(_causes(error))
    known = (AcumaticaError, ConfigFieldMissingException)
    return next((cause for cause in chain if isinstance(cause, known)), chain[-1])


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _missing_fields(traces: Mapping[str, Sequence[LookupTrace | LookupTraces]]) -> Iterator[str]:
    for field, attempts in traces.items():
        nested = [attempt for attempt in attempts if isinstance(attempt, LookupTraces)]
        if not nested:
            yield field
        for attempt in nested:
            for inner in _missing_fields(attempt.traces):
                yield f"{field}.{inner}"
