"""Turns what went wrong into one screen: what happened, to whom, and what to do."""

from collections.abc import Iterator, Mapping, Sequence

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    LookupTrace,
    LookupTraces,
)
from dlt.common.exceptions import MissingDependencyException

from acumatica_source.client.errors import AcumaticaError
from acumatica_source.running.plain_text import shown

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
        places = dict(_missing_fields(cause.traces))
        advice = _destination_advice(places) or CREDENTIALS_ADVICE
        return f"Settings are missing: {', '.join(places)}.\n{advice}"
    words = shown(str(cause).strip()).splitlines() or [type(cause).__name__]
    return "\n".join(words[:MOST_LINES])


def root_cause(error: BaseException) -> BaseException:
    """The cause that our own code or dlt names with advice, else the innermost one."""
    chain = list(_causes(error))
    known = (AcumaticaError, ConfigFieldMissingException, MissingDependencyException)
    return next((cause for cause in chain if isinstance(cause, known)), chain[-1])


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _missing_fields(
    traces: Mapping[str, Sequence[LookupTrace | LookupTraces]],
) -> Iterator[tuple[str, Sequence[str]]]:
    """Each missing setting, and the most specific section in which it was looked for."""
    for field, attempts in traces.items():
        nested = [attempt for attempt in attempts if isinstance(attempt, LookupTraces)]
        if not nested:
            places = [attempt.sections for attempt in attempts if isinstance(attempt, LookupTrace)]
            yield field, max(places, key=len, default=[])
        for attempt in nested:
            for inner, place in _missing_fields(attempt.traces):
                yield f"{field}.{inner}", place


def _destination_advice(places: Mapping[str, Sequence[str]]) -> str | None:
    """Where settings of a destination belong; nothing if others are missing."""
    if not all(place[:1] == ["destination"] for place in places.values()):
        return None
    sections: dict[str, list[str]] = {}
    for name, place in places.items():
        sections.setdefault(".".join(place), []).append(name.rpartition(".")[2])
    lines = [
        f"    {line}"
        for section, fields in sections.items()
        for line in (f"[{section}]", *(f'{field} = "..."' for field in fields))
    ]
    section, fields = next(iter(sections.items()))
    variable = "__".join([*section.split("."), fields[0]]).upper()
    return "\n".join(
        [
            "The destination needs them. Give them in .dlt/secrets.toml, as dlt documents it:\n",
            *lines,
            f"\nor as environment variables such as {variable}.",
        ]
    )
