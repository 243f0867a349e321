"""Questions about refusals: status, form and subject of answers to what cannot be answered."""

from acumatica_source.client.outside import anonymous_answer
from acumatica_source.probing.replies import Reply
from acumatica_source.probing.tour import Tour, query
from acumatica_source.reading.odata import classes_path, inquiries_path

NOWHERE = "NoSuchThingAsThis"
NO_VERSION = "99.999.999"
NO_ID = "00000000-0000-4000-8000-000000000000"
FORM = "AccountSummaryInquiry"
"""An inquiry form of the Default endpoint."""
DELEGATE = ("Payment", "ApplicationHistory")
"""A detail that no list shows (Integration Development Guide: Retrieve Records by Conditions)."""


def not_signed_in(tour: Tour) -> None:
    """What somebody is told who has not signed in."""
    session = tour.session
    for question, path in (
        ("", f"{tour.path_of('Account')}?$top=1"),
        ("_odata", f"{inquiries_path(tour.instance.tenant)}"),
    ):
        body = anonymous_answer(session.instance, session.transport, path)
        tour.outside += 1
        reply = Reply(body.status, body.content, body.headers)
        tour.note(f"refusals.not_signed_in{question}", reply.shape)
        offered = reply.headers.get("WWW-Authenticate", "").split(",")
        schemes = {one.strip().split(" ")[0] for one in offered}
        tour.note_words(f"refusals.challenge{question}", schemes - {""})


def unknown_addresses(tour: Tour) -> None:
    """What comes of addresses that lead nowhere."""
    name = tour.path_of("").split("/")[1]
    for question, path in (
        ("unknown_endpoint", f"entity/{NOWHERE}/{NO_VERSION}/Account"),
        ("unknown_version", f"entity/{name}/{NO_VERSION}/Account"),
        ("unknown_entity", tour.path_of(NOWHERE)),
        ("unknown_key", f"{tour.path_of('Account')}/{NOWHERE}"),
        ("unknown_id", f"{tour.path_of('Account')}/{NO_ID}"),
        ("unknown_segment", f"{classes_path(tour.instance.tenant)}/{NOWHERE}"),
    ):
        tour.note(f"refusals.{question}", tour.ask(path).shape)


def bad_queries(tour: Tour) -> None:
    """What comes of queries that make no sense."""
    path = tour.path_of("Account")
    for question, options in (
        ("unknown_field_selected", query(top="1", select=NOWHERE)),
        ("unknown_field_compared", query(top="1", filter=f"{NOWHERE} eq 'x'")),
        ("bad_syntax", query(top="1", filter="AccountCD eq eq")),
        ("wrong_type", query(top="1", filter="Active eq 'x'")),
    ):
        tour.note(f"refusals.{question}", tour.ask(path, options).shape)


def unlisted(tour: Tour) -> None:
    """What comes of lists that cannot be made."""
    reply = tour.ask(tour.path_of(FORM), query(top="3"))
    tour.note("refusals.form_listed", reply.shape)
    rows = reply.rows
    if rows is None:
        tour.note("refusals.form_rows", "refused")
    else:
        words = {0: "empty", 1: "one row"}
        tour.note("refusals.form_rows", words.get(len(rows), "rows"))
    entity, detail = DELEGATE
    reply = tour.ask(tour.path_of(entity), query(top="1", expand=detail))
    tour.note("refusals.not_optimisable", reply.shape)
