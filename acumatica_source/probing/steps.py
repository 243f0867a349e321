"""The parts of a tour, in their order."""

from acumatica_source.probing import (
    of_feeds,
    of_instance,
    of_lists,
    of_refusals,
    of_values,
    of_version_5,
)
from acumatica_source.probing.model import Findings
from acumatica_source.probing.questions import FAILURES, QUESTIONS
from acumatica_source.probing.tour import Step, run
from acumatica_source.reading.instance import Instance

STEPS: dict[str, Step] = {
    "endpoints": of_instance.list_of_endpoints,
    "contracts": of_instance.contracts,
    "not signed in": of_refusals.not_signed_in,
    "unknown addresses": of_refusals.unknown_addresses,
    "bad queries": of_refusals.bad_queries,
    "unlisted": of_refusals.unlisted,
    "keys and order": of_lists.keys_and_order,
    "repeated lists": of_lists.repeated,
    "limits": of_lists.limits,
    "details": of_lists.details,
    "keys in addresses": of_lists.keys_in_addresses,
    "two at once": of_lists.two_at_once,
    "lasting ids": of_lists.lasting_ids,
    "values": of_values.writing,
    "filters": of_values.filters,
    "letters of the other case": of_values.letters_of_the_other_case,
    "two views": of_values.two_views,
    "collation": of_values.collation,
    "inquiries": of_feeds.of_inquiries,
    "classes": of_feeds.of_a_class,
    "metadata of classes": of_feeds.of_metadata,
    "records of version 5": of_version_5.records,
    "queries of version 5": of_version_5.queries,
    "drop-downs of version 5": of_version_5.drop_downs,
}


def no_findings() -> Findings:
    """What is known before a tour."""
    return Findings(QUESTIONS, FAILURES, tuple(STEPS))


def probe(instance: Instance) -> Findings:
    """Go through an instance with one seat, reading only.

    Raises:
        AcumaticaError: nobody could be signed in, or the instance cannot be reached.
    """
    findings = no_findings()
    run(instance, findings, STEPS)
    return findings
