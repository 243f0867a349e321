"""Sets up a sandbox like an instance that has been probed, from the file that the probe wrote."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from acumatica_sandbox.options import SILENT_EMPTIES, SandboxError

Told = Mapping[str, Any]
"""The answers of a probe by their questions."""

_BUILDS = {"24.2": "24R2", "25.2": "25R2", "26.2": "26R2"}
"""Builds by the beginning of their numbers."""
_SHARES = {"all": 0.0, "some": 0.3, "none": 1.0}
"""How many ids do not last."""
_WITHOUT_STAMPS = {"none": 0.0, "some": 0.05, "all": 1.0}
_NULLS = {"{}": "empty", "value null": "value", "null": "bare"}
_INSTANTS = {"+00:00": "offset", "other offset": "offset", "Z": "z", "no offset": "bare"}
_ORDERS = {"keys": "key", "stamps": "modified", "something else": "hashed"}


def options_like(file: Path) -> dict[str, Any]:
    """The options that make a sandbox behave as a probe found, as far as there are options.

    Args:
        file: What `acumatica probe` wrote.

    Raises:
        SandboxError: it is no such file.
    """
    try:
        document = json.loads(file.read_bytes())
        told, build = document["answers"], document["build"]
        if document["format"] != 1 or not isinstance(told, dict) or not isinstance(build, str):
            raise ValueError
        return _options(told, build)
    except OSError as error:
        raise SandboxError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise SandboxError(f"{file} is no file that acumatica probe has written.") from None


def _options(told: Told, build: str) -> dict[str, Any]:
    options = build_like(build, told)
    for name, (question, meaning) in _MEANINGS.items():
        if question in told:
            value = meaning(told[question])
            if value is not None:
                options[name] = value
    order = _ORDERS.get(told.get(f"order.{told.get('lists.subject')}", ""))
    order = "random" if told.get("lists.stable") is False else order
    options |= {"list_order": order} if order else {}
    if told.get("lists.stamp_selected") is False and "lists.subject" in told:
        options["stamp_not_selectable"] = [told["lists.subject"]]
    for name, question in (("odata_page", "page"), ("cap_feeds", "limit")):
        met = max(told.get(f"{feed}.{question}", 0) for feed in ("inquiries", "classes"))
        options |= {name: met} if met else {}
    options |= _silent(told)
    closed = [
        option
        for option in ("filter", "select", "orderby")
        if told.get(f"classes.unfilterable_{option}") == "refused"
    ]
    if closed:
        options["dac_unfilterable"] = closed[-1]
    return options


def build_like(build: str, told: Told) -> dict[str, Any]:
    """The options for the build and the newest contract version that a probe found.

    Args:
        build: Number of the build.
        told: The answers of the probe.
    """
    if "5" in told.get("instance.contract_versions", []):
        return {"build": "26R2", "contract_version": 5}
    known = _BUILDS.get(build[:4])
    return {"build": known} if known else {}


def _silent(told: Told) -> dict[str, Any]:
    """The filters that silently find nothing; those that were not asked about stay as they are."""
    asked = {"compared": "filters.compared", "views": "filters.two_views"}
    silent = [
        kind
        for kind in SILENT_EMPTIES
        if kind not in asked or told.get(asked[kind], "empty") == "empty"
    ]
    return {} if len(silent) == len(SILENT_EMPTIES) else {"silent_empties": silent}


def _one_of(words: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The meaning of an answer that is one word, or several of which the first counts."""
    return lambda answer: next(
        (words[one] for one in ([answer] if isinstance(answer, str) else answer) if one in words),
        None,
    )


def _as_it_is(answer: Any) -> Any:
    return answer


_MEANINGS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "endpoint_list": ("instance.list_form", _as_it_is),
    "orderby": ("lists.orderby", _as_it_is),
    "cap_records": ("lists.limit", _as_it_is),
    "cap_stamps": ("lists.light_limit", _as_it_is),
    "empty_details": ("lists.details", lambda answer: answer != "always"),
    "session_ids": ("lists.ids", _one_of(_SHARES)),
    "null_stamps": ("values.without_stamp", _one_of(_WITHOUT_STAMPS)),
    "offset_minutes": ("values.offset", _as_it_is),
    "blank_forms": ("refusals.form_rows", lambda answer: answer in ("one row", "rows")),
    "odata_text_decimals": ("inquiries.decimals", lambda answer: "text" in answer),
    "odata_bare_dates": ("inquiries.instants", lambda answer: "no offset" in answer),
    "dac_role": ("classes.readable", _as_it_is),
    "null_form": ("version_5.nulls", _one_of(_NULLS)),
    "instant_form": ("version_5.instants", _one_of(_INSTANTS)),
    "date_only_form": (
        "version_5.days",
        lambda answer: "date" if "date" in answer else "timestamp",
    ),
    "plain_drop_downs": ("version_5.plain_drop_downs", _as_it_is),
    "wrong_dialect_status": (
        "version_5.path_expanded",
        lambda answer: answer["status"] if answer["status"] in (400, 500) else None,
    ),
    "custom_parameter": (
        "version_5.custom",
        lambda answer: "refused" if answer == "refused" else "ignored",
    ),
    "more_functions": ("version_5.functions", bool),
    "mixed_dates": (
        "version_5.date_compared_with_instant",
        lambda answer: "refused" if answer == "refused" else "accepted",
    ),
    "codes_in_urls": ("version_5.code_in_address", lambda answer: answer == "found"),
}
"""Options by their names: the question that tells, and what an answer means."""
