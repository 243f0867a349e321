"""Questions about records: how values are written, and how texts are compared and ordered."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from acumatica_source.client.literals import Dialect, literal
from acumatica_source.probing.of_lists import SUBJECTS, keys_of
from acumatica_source.probing.replies import (
    RealText,
    form_of_moment,
    fraction_digits,
    is_midnight,
    minutes_of_offset,
    null_form,
    value_of,
)
from acumatica_source.probing.tour import Tour, query

_SYSTEM = frozenset({"id", "rowNumber", "note", "custom", "_links", "files", "error"})
_STAMPS = ("LastModified", "Created")


def writing(tour: Tour) -> None:
    """How nothing, moments, numbers and texts are written."""
    records = tour.full or tour.light
    fields = [one for record in records for one in fields_of(record)]
    note_forms(tour, "values", fields)
    if not fields:
        return
    tour.note_words("values.note", {_note_form(record) for record in records} - {""})
    digits = {fraction_digits(value) for _, value in _values(fields)} - {None}
    tour.note_words("values.fraction_digits", {str(one) for one in digits})
    reals = [value for _, value in _values(fields) if isinstance(value, RealText)]
    whole = [one for one in reals if float(one).is_integer()]
    if reals:
        tour.note("values.point_of_whole_numbers", bool(whole))
    texts = [value for _, value in _values(fields) if type(value) is str]
    tour.note("values.padded", any(one != one.rstrip() for one in texts))
    if tour.stamp is not None:
        without = sum(value_of(record.get(tour.stamp)) is None for record in records)
        share = "none" if not without else "all" if without == len(records) else "some"
        tour.note("values.without_stamp", share)


def note_forms(tour: Tour, group: str, fields: Iterable[tuple[str, Any]]) -> None:
    """How nothing and moments are written, of the fields of some records."""
    fields = list(fields)
    tour.note_words(f"{group}.nulls", {form for _, one in fields if (form := null_form(one))})
    moments = [(name, value) for name, value in _values(fields) if form_of_moment(value)]
    stamps = [value for name, value in moments if name.startswith(_STAMPS)]
    days = [value for name, value in moments if not name.startswith(_STAMPS) and is_midnight(value)]
    for question, values in (("instants", stamps), ("days", days)):
        if values:
            forms = {form for value in values if (form := form_of_moment(value))}
            tour.note_words(f"{group}.{question}", forms)
    offsets = {minutes_of_offset(value) for value in stamps} - {None}
    if len(offsets) == 1:
        tour.note(f"{group}.offset", offsets.pop())


def filters(tour: Tour) -> None:
    """What filters of contract version 4 find."""
    subject = tour.chosen
    keys = keys_of(subject, tour.light)
    path, select = tour.path_of(subject.entity), ",".join(subject.keys)
    name, value = subject.keys[-1], str(keys[0][-1])

    def outcome(condition: str) -> str:
        return tour.ask(path, query(top="2", select=select, filter=condition)).outcome

    needle = literal(value[1:] or value, Dialect.CONTRACT)
    questions = {
        "null": f"{name} ne null",
        "text": f"substringof({needle},{name})",
        "compared": f"substringof({needle},{name}) eq true",
        "negated": "not substringof('~none~'," + name + ")",
        "contains": f"contains({name},{needle})",
    }
    if tour.stamp is not None:
        questions["stamp"] = f"{tour.stamp} gt datetimeoffset'1990-01-01T00:00:00Z'"
    for question, condition in questions.items():
        tour.note(f"filters.{question}", outcome(condition))


def letters_of_the_other_case(tour: Tour) -> None:
    """Whether a key is found by letters of the other case: the first key that has letters."""
    for subject in SUBJECTS:
        name = subject.keys[-1]
        for key in tour.keys.get(subject.entity, ()):
            other = str(key[-1]).swapcase()
            if other != key[-1] and other.isascii():
                options = query(
                    top="1", select=name, filter=f"{name} eq {literal(other, Dialect.CONTRACT)}"
                )
                reply = tour.ask(tour.path_of(subject.entity), options)
                tour.note("filters.case", reply.outcome)
                return


def two_views(tour: Tour) -> None:
    """What a filter on fields of two views finds, of which each alone finds something."""
    path = tour.path_of("Customer")
    options = {"$top": "1", "$select": "CustomerID", "$expand": "MainContact"}
    rows = tour.ask(path, options).rows
    if not rows:
        return
    one = f"CustomerID eq {literal(value_of(rows[0].get('CustomerID')), Dialect.CONTRACT)}"
    other = "MainContact/DisplayName ne 'none of that name'"
    for condition in (one, other):
        if tour.ask(path, query(top="1", select="CustomerID", filter=condition)).outcome != "rows":
            return
    both = tour.ask(path, query(top="1", select="CustomerID", filter=f"{one} and {other}"))
    tour.note("filters.two_views", both.outcome)


def collation(tour: Tour) -> None:
    """Which orders of texts the keys are in, of all lists that are in the order of their keys."""
    pairs = [
        (before[-1], after[-1])
        for entity, keys in tour.keys.items()
        if tour.findings.answers.get(f"order.{entity}") == "keys"
        for before, after in pairwise(keys)
        if before[:-1] == after[:-1] and isinstance(before[-1], str) and isinstance(after[-1], str)
    ]
    texts = [text for pair in pairs for text in pair]
    marks: dict[str, Callable[[str], bool]] = {
        "case": lambda text: text != text.upper() and text != text.lower(),
        "hyphen": lambda text: "-" in text or "'" in text,
        "digit": lambda text: any(c.isdigit() for c in text) and any(c.isalpha() for c in text),
    }
    told = {name for name, has in marks.items() if any(map(has, texts))}
    tour.note_words("collation.told_by", told)
    if pairs:
        orders: dict[str, Callable[[str], str]] = {
            "codes": lambda text: text,
            "ignoring case": str.casefold,
            "words": lambda text: text.casefold().replace("-", "").replace("'", ""),
        }
        agreeing = {
            name for name, key in orders.items() if all(key(one) <= key(two) for one, two in pairs)
        }
        tour.note_words("collation.agrees_with", agreeing)


def fields_of(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The plain fields of a record by their names."""
    for name, field in record.items():
        plain = field is None or (isinstance(field, dict) and (not field or "value" in field))
        if plain and name not in _SYSTEM:
            yield name, field


def _values(fields: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, field in fields:
        value = value_of(field)
        if value is not None:
            yield name, value


def _note_form(record: dict[str, Any]) -> str:
    if "note" not in record:
        return "absent"
    note = record["note"]
    return null_form(note) or ("empty text" if value_of(note) == "" else "")
