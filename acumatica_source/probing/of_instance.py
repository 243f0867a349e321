"""Questions about the instance as a whole: its endpoints and their contracts."""

from typing import Any

from acumatica_source.probing.model import SYSTEM_ENDPOINTS, rounded
from acumatica_source.probing.tour import Tour

MOST_CONTRACTS = 4
"""Contracts that are fetched to find one of version 4; each has some three megabytes."""


def list_of_endpoints(tour: Tour) -> None:
    """What `GET /entity` shows."""
    listed = tour.ask("entity").document
    envelope = listed if isinstance(listed, dict) else {}
    endpoints = envelope.get("endpoints", []) if envelope else listed
    tour.endpoints = [(str(one["name"]), str(one["version"])) for one in endpoints]
    version = envelope.get("version") or {}
    build = version.get("acumaticaBuildVersion")
    tour.findings.note_instance(build, tour.endpoints)
    others = [name for name, _ in tour.endpoints if name not in SYSTEM_ENDPOINTS]
    tour.note("instance.other_endpoints", rounded(len(others)))
    if envelope:
        tour.note("instance.features", "features" in envelope)
        tour.note("instance.same_versions", build == version.get("databaseVersion"))
    absolute = any("://" in str(one.get("href", "")) for one in endpoints)
    form = "bare" if not envelope else "absolute" if absolute else "relative"
    tour.note("instance.list_form", form)


def contracts(tour: Tour) -> None:
    """Which Default endpoints speak which contract version, and how contracts are written."""
    versions = sorted((v for n, v in tour.endpoints if n == "Default"), key=_numbers, reverse=True)
    spoken: set[str] = set()
    for version in versions[:MOST_CONTRACTS]:
        path = f"entity/Default/{version}"
        document = tour.ask(f"{path}/swagger.json").record or {}
        if not spoken:
            _newest_contract(tour, document)
        spoken.add(str(document.get("info", {}).get("version", "")))
        if "4" in spoken:
            tour.version_4 = path
            tour.note_words("instance.links_of_version_4", _links(document))
            break
        tour.version_5 = tour.version_5 or (path if "5" in spoken else None)
    tour.note_words("instance.contract_versions", spoken & {"3", "4", "5"})
    address = tour.version_4 or tour.version_5
    if address:
        tour.note("instance.address_of_endpoint", tour.ask(address).shape)


def _newest_contract(tour: Tour, document: dict[str, Any]) -> None:
    form = str(document.get("openapi") or document.get("swagger"))
    tour.note("instance.openapi", form if form in ("2.0", "3.0.1") else "other")
    operations = [
        one for path in document["paths"].values() for one in path.items() if one[0] != "parameters"
    ]
    tour.note("instance.declares_patch", any(method == "patch" for method, _ in operations))
    reads = [operation for method, operation in operations if method == "get"]
    tour.note("instance.declares_409", any("409" in one.get("responses", {}) for one in reads))
    tour.note_words("instance.links", _links(document))


def _links(document: dict[str, Any]) -> set[str]:
    """How schemas refer to `MainContact` and `Address`, which contracts have had from the first."""
    schemas = document.get("components", {}).get("schemas") or document["definitions"]
    marks = ("$ref", "allOf", "anyOf")
    return {
        mark
        for schema in schemas.values()
        for part in (schema, *schema.get("allOf", ()))
        for name, declared in part.get("properties", {}).items()
        for mark in marks
        if name in ("MainContact", "Address") and mark in declared
    }


def _numbers(version: str) -> list[int]:
    return [int(part) if part.isdigit() else -1 for part in version.split(".")]
