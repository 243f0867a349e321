"""All that a probe asks, and the answers there are."""

from acumatica_source.probing.model import (
    Choice,
    Number,
    Offset,
    OpenQuestion,
    Refusal,
    Several,
    YesNo,
)
from acumatica_source.probing.replies import FORMS, MEMBERS, MOMENT_FORMS, NULL_FORMS, PHRASES

SUBJECTS = ("SalesOrder", "JournalTransaction", "Invoice", "StockItem", "Customer", "Account")
"""The entities that lists are asked about, as far as the endpoint has them."""

OUTCOME = Choice(("rows", "empty", "refused"))
"""What came of a filter that is to find something."""
TAKEN = Choice(("taken", "refused"))
FOUND = Choice(("found", "not found", "refused"))
LASTING = Choice(("all", "some", "none"))
ORDERBY = Choice(("ignored", "honoured", "refused"))
NULLS = Several(NULL_FORMS)
MOMENTS = Several(MOMENT_FORMS)
REFUSAL = Refusal(FORMS, PHRASES, MEMBERS)
YES_NO = YesNo()
COUNT = Number()

QUESTIONS: dict[str, OpenQuestion] = {
    "instance.list_form": OpenQuestion(
        "Form of the list of endpoints", Choice(("relative", "absolute", "bare"))
    ),
    "instance.features": OpenQuestion("Whether it names features", YES_NO),
    "instance.same_versions": OpenQuestion("Whether build and database are of one version", YES_NO),
    "instance.other_endpoints": OpenQuestion("Endpoints that are not the system's", COUNT, True),
    "instance.address_of_endpoint": OpenQuestion(
        "What the address of an endpoint answers", REFUSAL
    ),
    "instance.contract_versions": OpenQuestion(
        "Contract versions spoken", Several(("3", "4", "5"))
    ),
    "instance.openapi": OpenQuestion("Form of contracts", Choice(("2.0", "3.0.1", "other"))),
    "instance.links": OpenQuestion(
        "How contracts refer to linked entities", Several(("$ref", "allOf", "anyOf"))
    ),
    "instance.links_of_version_4": OpenQuestion(
        "The same of the newest in version 4", Several(("$ref", "allOf", "anyOf"))
    ),
    "instance.declares_409": OpenQuestion("Whether reads declare 409", YES_NO),
    "instance.declares_patch": OpenQuestion("Whether entities declare PATCH", YES_NO),
    "refusals.not_signed_in": OpenQuestion("Without a session", REFUSAL),
    "refusals.challenge": OpenQuestion(
        "What is to sign in with", Several(("Basic", "Bearer", "Negotiate", "other"))
    ),
    "refusals.not_signed_in_odata": OpenQuestion("Without a session, OData", REFUSAL),
    "refusals.challenge_odata": OpenQuestion(
        "What is to sign in with, OData", Several(("Basic", "Bearer", "Negotiate", "other"))
    ),
    "refusals.unknown_endpoint": OpenQuestion("An endpoint that there is not", REFUSAL),
    "refusals.unknown_version": OpenQuestion("A version that an endpoint has not", REFUSAL),
    "refusals.unknown_entity": OpenQuestion("An entity that there is not", REFUSAL),
    "refusals.unknown_key": OpenQuestion("A record that there is not, by its key", REFUSAL),
    "refusals.unknown_id": OpenQuestion("A record that there is not, by its id", REFUSAL),
    "refusals.unknown_field_selected": OpenQuestion("An unknown field in $select", REFUSAL),
    "refusals.unknown_field_compared": OpenQuestion("An unknown field in $filter", REFUSAL),
    "refusals.bad_syntax": OpenQuestion("A filter that makes no sense", REFUSAL),
    "refusals.wrong_type": OpenQuestion("A text compared with a number", REFUSAL),
    "refusals.form_listed": OpenQuestion("A list of an inquiry form", REFUSAL),
    "refusals.form_rows": OpenQuestion(
        "What a list of an inquiry form shows", Choice(("rows", "one row", "empty", "refused"))
    ),
    "refusals.not_optimisable": OpenQuestion("A detail with a delegate in a list", REFUSAL),
    "refusals.unknown_segment": OpenQuestion("An OData set that there is not", REFUSAL),
    **{
        f"keys.{name}": OpenQuestion(
            f"Whether keys of {name} are unique", Choice(("unique", "shared", "too few")), True
        )
        for name in SUBJECTS
    },
    **{
        f"order.{name}": OpenQuestion(
            f"What the list of {name} is in the order of",
            Choice(("keys", "stamps", "something else", "too few")),
        )
        for name in SUBJECTS
    },
    "lists.subject": OpenQuestion("Which list was asked about", Choice(SUBJECTS), True),
    "lists.more_than": OpenQuestion("It has more rows than", Number(10_000), True),
    "lists.stable": OpenQuestion("Whether the order is the same when asked again", YES_NO),
    "lists.offsets_agree": OpenQuestion("Whether $skip leads to the rows that follow", YES_NO),
    "lists.orderby": OpenQuestion("What $orderby does", ORDERBY),
    "lists.limit": OpenQuestion("Most records that a list shows; 0 for no limit met", COUNT),
    "lists.light_limit": OpenQuestion("The same of lists by $select", COUNT),
    "lists.limit_without_top": OpenQuestion("The same without $top", COUNT),
    "lists.details": OpenQuestion(
        "When lists show details that are expanded",
        Choice(("always", "if selected", "never")),
    ),
    "lists.ids": OpenQuestion("Whose ids last beyond a session", LASTING),
    "lists.detail_ids": OpenQuestion("Whose ids of details do", LASTING),
    "lists.stamp_selected": OpenQuestion("Whether $select may name the stamp", YES_NO),
    "lists.two_at_once": OpenQuestion(
        "How two requests of one session are handled", Choice(("one after the other", "at once"))
    ),
    "lists.key_in_address": OpenQuestion("Whether keys in an address find a record", FOUND),
    "values.nulls": OpenQuestion("How nothing is written", NULLS),
    "values.note": OpenQuestion(
        "How an empty note is written", Several((*NULL_FORMS, "empty text", "absent"))
    ),
    "values.instants": OpenQuestion("How stamps are written", MOMENTS),
    "values.days": OpenQuestion("How business dates are written", MOMENTS),
    "values.offset": OpenQuestion("Minutes that stamps are written from UTC", Offset()),
    "values.fraction_digits": OpenQuestion(
        "Digits of seconds behind the point", Several(tuple(map(str, range(10))))
    ),
    "values.point_of_whole_numbers": OpenQuestion("Whether whole decimals have a point", YES_NO),
    "values.padded": OpenQuestion("Whether texts end in blanks", YES_NO),
    "values.without_stamp": OpenQuestion("Records without a stamp", LASTING),
    "filters.stamp": OpenQuestion("A stamp since long ago", OUTCOME),
    "filters.case": OpenQuestion("A key in letters of the other case", OUTCOME),
    "filters.null": OpenQuestion("A key that is not null", OUTCOME),
    "filters.text": OpenQuestion("A text function", OUTCOME),
    "filters.compared": OpenQuestion("A text function compared with true", OUTCOME),
    "filters.negated": OpenQuestion("A text function with not", OUTCOME),
    "filters.contains": OpenQuestion("The text function of OData 4", OUTCOME),
    "filters.two_views": OpenQuestion("Fields of two views at once", OUTCOME),
    "collation.told_by": OpenQuestion(
        "What the list could tell about its order", Several(("case", "hyphen", "digit"))
    ),
    "collation.agrees_with": OpenQuestion(
        "Which orders the keys are in", Several(("codes", "ignoring case", "words"))
    ),
    "inquiries.shown": OpenQuestion("Generic inquiries", COUNT, True),
    "inquiries.more_than": OpenQuestion("The one asked about has more rows than", COUNT, True),
    "inquiries.next_link": OpenQuestion("Whether answers end with a next link", YES_NO),
    "inquiries.page": OpenQuestion("Rows before a next link; 0 for none met", COUNT),
    "inquiries.limit": OpenQuestion("Most rows without a next link; 0 for none met", COUNT),
    "inquiries.orderby": OpenQuestion("What $orderby does", ORDERBY),
    "inquiries.count": OpenQuestion("What $count does", ORDERBY),
    "inquiries.decimals": OpenQuestion("How decimals are written", Several(("number", "text"))),
    "inquiries.instants": OpenQuestion("How stamps are written", MOMENTS),
    "inquiries.padded": OpenQuestion("Whether texts end in blanks", YES_NO),
    "classes.readable": OpenQuestion("Whether classes can be read", YES_NO),
    "classes.sets": OpenQuestion("Sets", COUNT, True),
    "classes.singletons": OpenQuestion("Singletons", COUNT, True),
    "classes.not_filterable": OpenQuestion("Sets that cannot be filtered", COUNT, True),
    "classes.keys_not_filterable": OpenQuestion("Sets whose keys cannot be", COUNT, True),
    "classes.order": OpenQuestion("Order of rows", Choice(("keys", "something else", "too few"))),
    "classes.next_link": OpenQuestion("Whether answers end with a next link", YES_NO),
    "classes.page": OpenQuestion("Rows before a next link; 0 for none met", COUNT),
    "classes.limit": OpenQuestion("Most rows without a next link; 0 for none met", COUNT),
    "classes.instants": OpenQuestion("How stamps are written", MOMENTS),
    "classes.decimals": OpenQuestion("How decimals are written", Several(("number", "text"))),
    "classes.padded": OpenQuestion("Whether texts end in blanks", YES_NO),
    "classes.deleted": OpenQuestion("What px.GetDeletedRecords() answers", REFUSAL),
    "classes.deleted_rows": OpenQuestion("Whether it has rows", OUTCOME, True),
    "classes.unselectable_selected": OpenQuestion("A closed field in $select", TAKEN),
    "classes.unselectable_shown": OpenQuestion("Whether closed fields are shown", YES_NO),
    "classes.unfilterable_read": OpenQuestion("A closed set", TAKEN),
    "classes.unfilterable_filter": OpenQuestion("A closed set with $filter", TAKEN),
    "classes.unfilterable_select": OpenQuestion("A closed set with $select", TAKEN),
    "classes.unfilterable_orderby": OpenQuestion("A closed set with $orderby", TAKEN),
    "classes.singleton": OpenQuestion("What a singleton answers", REFUSAL),
    "version_5.nulls": OpenQuestion("How nothing is written", NULLS),
    "version_5.instants": OpenQuestion("How stamps are written", MOMENTS),
    "version_5.days": OpenQuestion("How dates without a time are written", MOMENTS),
    "version_5.offset": OpenQuestion("Minutes that stamps are written from UTC", Offset()),
    "version_5.orderby": OpenQuestion("What $orderby does", ORDERBY),
    "version_5.details": OpenQuestion(
        "When lists show details that are expanded",
        Choice(("always", "if selected", "never")),
    ),
    "version_5.path_expanded": OpenQuestion("A path in $expand", REFUSAL),
    "version_5.typed_literal": OpenQuestion("datetimeoffset'…'", REFUSAL),
    "version_5.bare_literal": OpenQuestion("A bare instant", OUTCOME),
    "version_5.substringof": OpenQuestion("substringof()", REFUSAL),
    "version_5.contains": OpenQuestion("contains()", OUTCOME),
    "version_5.functions": OpenQuestion(
        "What else filters know", Several(("in", "tolower", "toupper"))
    ),
    "version_5.custom": OpenQuestion(
        "What $custom does", Choice(("ignored", "honoured", "refused"))
    ),
    "version_5.code": OpenQuestion("A drop-down by its code", OUTCOME),
    "version_5.label": OpenQuestion("A drop-down by its label", OUTCOME),
    "version_5.code_in_address": OpenQuestion("The code of a key in an address", FOUND),
    "version_5.label_in_address": OpenQuestion("The label of a key in an address", FOUND),
    "version_5.plain_drop_downs": OpenQuestion(
        "What drop-downs hold that are declared as text", Choice(("label", "code"))
    ),
    "version_5.date_compared_with_instant": OpenQuestion(
        "A date compared with an instant", OUTCOME
    ),
}

FAILURES = (
    *("AccessDenied", "AuthenticationError", "ConnectionFailed", "SeatLimitReached"),
    *("SessionExpired", "Throttled", "TimedOut", "ResponseTooLarge", "ServerUnavailable"),
    *("ContractError", "ConfigurationError", "unexpected answer"),
)
"""Why a part of a tour could not be gone through; the last one stands for all others."""
