"""What contract version 5 costs beside version 4: `python -m benchmarks.contract_versions`.

The same records of the emulated ERP, as both versions write them, are parsed in turn; and the
largest contract at hand, or that of the emulated ERP, is read. Ratios within one run count.
"""

import statistics
import sys
import time
from pathlib import Path

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import PageShape, shape_of
from acumatica_source.client.client import AcumaticaClient
from acumatica_source.client.query import QueryOptions
from acumatica_source.contract.openapi import parse_contract

ROUNDS = 200
VERSIONS = ("25.200.001", "26.200.001")
ENTITIES: dict[str, tuple[str, ...]] = {
    "SalesOrder": ("Details",),
    "Invoice": (),
    "JournalTransaction": ("Details",),
}


def main() -> None:
    options = SandboxOptions(records=10_000, contract_version=5, build="26R2")
    with (
        Sandbox(options) as erp,
        AcumaticaClient(erp.base_url, erp.username, erp.password, erp.tenant) as client,
    ):
        documents = [_get(client, f"{version}/swagger.json") for version in VERSIONS]
        contracts = [parse_contract(document) for document in documents]
        for entity, expand in ENTITIES.items():
            pages = []
            for version, contract in zip(VERSIONS, contracts, strict=True):
                shown = QueryOptions(expand=expand or None, top=500).to_params()
                body = client.seat.get_bytes(f"entity/Default/{version}/{entity}", shown).content
                pages.append((body, shape_of(contract.entities[entity], expand)))
            print(f"{entity}: version 5 takes {_ratio(*pages):.3f} of the time of version 4")
    document = max(
        [*documents, *(Path(name).read_bytes() for name in sys.argv[1:])],
        key=len,
    )
    begun = time.perf_counter()
    parse_contract(document)
    print(f"a contract of {len(document) / 1e6:.1f} MB: {time.perf_counter() - begun:.2f} s")


def _get(client: AcumaticaClient, path: str) -> bytes:
    return client.seat.get_bytes(f"entity/Default/{path}").content


def _ratio(old: tuple[bytes, PageShape], new: tuple[bytes, PageShape]) -> float:
    """The median of the ratios of neighbours."""
    ratios = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        parse_page(*old)
        between = time.perf_counter()
        parse_page(*new)
        ratios.append((time.perf_counter() - between) / (between - begun))
    return statistics.median(ratios)


if __name__ == "__main__":
    main()
