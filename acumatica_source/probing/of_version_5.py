"""Questions about contract version 5, where an endpoint speaks it."""

from dataclasses import replace
from typing import Any

from acumatica_source.client.literals import Dialect, literal
from acumatica_source.probing.of_lists import (
    SUBJECTS,
    details_shown,
    found_of,
    keys_of,
    orderby_of,
)
from acumatica_source.probing.of_values import fields_of, note_forms
from acumatica_source.probing.replies import value_of
from acumatica_source.probing.tour import Subject, Tour, address_of, query

LONG_AGO = "1990-01-01T00:00:00Z"
KINDS_OF_ACCOUNTS = {
    "label": {"Asset", "Liability", "Income", "Expense"},
    "code": {"A", "L", "I", "E"},
}
"""What an account's type may be, which is declared as text."""


def subject_of_version_5(tour: Tour) -> Subject | None:
    """The list that is asked about; stamps have one name in version 5."""
    wanted = tour.subject or SUBJECTS[0]
    return replace(wanted, stamps=("LastModifiedDateTime",)) if tour.version_5 else None


def records(tour: Tour) -> None:
    """How values are written, and what lists show."""
    subject = subject_of_version_5(tour)
    if subject is None:
        return
    path = f"{tour.version_5}/{subject.entity}"
    rows = tour.ask(path, query(top="100")).rows or []
    fields = [one for row in rows for one in fields_of(row)]
    for entity in ("Invoice", "JournalTransaction"):
        others = tour.ask(f"{tour.version_5}/{entity}", query(top="20")).rows or []
        fields += [one for row in others for one in fields_of(row)]
    note_forms(tour, "version_5", fields)
    if subject.details:
        tour.note("version_5.details", details_shown(tour, path, subject))
    keys = keys_of(subject, rows)
    if keys:
        descending = tour.ask(path, query(top="20", orderby=f"{subject.keys[-1]} desc"))
        tour.note("version_5.orderby", orderby_of(keys, descending, subject))
    accounts = tour.ask(f"{tour.version_5}/Account", query(top="20", select="Type")).rows or []
    kinds = {value_of(one.get("Type")) for one in accounts} - {None}
    for word, known in KINDS_OF_ACCOUNTS.items():
        if kinds and all(isinstance(kind, str) and kind in known for kind in kinds):
            tour.note("version_5.plain_drop_downs", word)


def queries(tour: Tour) -> None:
    """What queries of version 4 come to, and which of version 5 find something."""
    subject = subject_of_version_5(tour)
    if subject is None:
        return
    path, stamp = f"{tour.version_5}/{subject.entity}", subject.stamps[0]
    rows = tour.ask(path, query(top="1", select=",".join(subject.keys))).rows
    if not rows:
        return
    name, value = subject.keys[-1], str(keys_of(subject, rows)[0][-1])
    needle = literal(value[1:] or value, Dialect.CONTRACT)

    def asked(condition: str) -> Any:
        return tour.ask(path, query(top="1", select=name, filter=condition))

    nested = query(top="1", expand="MainContact,MainContact/Address")
    customers = f"{tour.version_5}/Customer"
    tour.note("version_5.path_expanded", tour.ask(customers, nested).shape)
    typed = asked(f"{stamp} gt datetimeoffset'{LONG_AGO}'")
    tour.note("version_5.typed_literal", typed.shape)
    tour.note("version_5.bare_literal", asked(f"{stamp} gt {LONG_AGO}").outcome)
    tour.note("version_5.substringof", asked(f"substringof({needle},{name})").shape)
    tour.note("version_5.contains", asked(f"contains({name},{needle})").outcome)
    functions = {
        "in": f"{name} in ({literal(value, Dialect.CONTRACT)})",
        "tolower": f"tolower({name}) eq {literal(value.lower(), Dialect.CONTRACT)}",
        "toupper": f"toupper({name}) eq {literal(value.upper(), Dialect.CONTRACT)}",
    }
    known = {word for word, text in functions.items() if asked(text).outcome == "rows"}
    tour.note_words("version_5.functions", known)
    custom = tour.ask(f"{tour.version_5}/Invoice", query(top="1", custom="Document.NoteID"))
    if not custom.ok:
        tour.note("version_5.custom", "refused")
    else:
        shown = any(row.get("custom") for row in custom.rows or [])
        tour.note("version_5.custom", "honoured" if shown else "ignored")


def drop_downs(tour: Tour) -> None:
    """Whether codes and labels of drop-downs find records, in filters and in addresses."""
    if tour.version_5 is None:
        return
    path = f"{tour.version_5}/Invoice"
    rows = tour.ask(path, query(top="1", select="Type,ReferenceNbr,Date")).rows
    kind = value_of(rows[0].get("Type")) if rows else None
    if not rows or not isinstance(kind, dict):
        return
    number = value_of(rows[0].get("ReferenceNbr"))
    for word, member in (("code", "id"), ("label", "description")):
        text = kind.get(member)
        if not text:
            continue
        options = query(top="1", select="Type", filter=f"Type eq {literal(text, Dialect.CONTRACT)}")
        tour.note(f"version_5.{word}", tour.ask(path, options).outcome)
        reply = tour.ask(address_of(path, [text, number]))
        tour.note(f"version_5.{word}_in_address", found_of(reply.record, rows[0].get("id")))
    if value_of(rows[0].get("Date")) is not None:
        options = query(top="1", select="Type", filter=f"Date gt {LONG_AGO}")
        tour.note("version_5.date_compared_with_instant", tour.ask(path, options).outcome)
