"""How fast a sync is, as ratios within one run: `python -m benchmarks.sync_speed [--records N]`.

Reads the same entity from the same emulated ERP, in a process of its own, in four ways: downloading
and `orjson.loads` alone; our source into DuckDB; our source into Parquet; dlt's generic `rest_api`
source into DuckDB. Every way pages by offset or key through the whole entity.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import orjson
import requests
from dlt.sources.rest_api import rest_api_source

from acumatica_source import AcumaticaCredentials, EntityOptions
from acumatica_source.cli.demo import emulated_erp
from acumatica_source.running import runner
from acumatica_source.source import connect

PAGE = 500
Site = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with emulated_erp(options.records) as site:
        for name, expand in (("SalesOrder", ()), ("SalesOrder", ("Details",))):
            measure(dict(site), name, expand, options.rounds)


def measure(site: Site, entity: str, expand: tuple[str, ...], rounds: int) -> None:
    ways: dict[str, Callable[[], int]] = {
        "download + orjson.loads": lambda: download(site, entity, expand),
        "to DuckDB": lambda: sync(site, entity, expand, "duckdb"),
        "to Parquet": lambda: sync(site, entity, expand, "parquet"),
        "dlt rest_api to DuckDB": lambda: generic(site, entity, expand),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    rows = 0
    for round_number in range(rounds):
        for way, work in ways.items():
            if way.startswith("dlt") and round_number:
                continue  # once is enough: it takes as long as all the others together
            begun = time.perf_counter()
            rows = max(rows, work())
            seconds[way].append(time.perf_counter() - begun)
    bound = statistics.median(seconds["download + orjson.loads"])
    print(f"{entity} with {', '.join(expand) or 'no details'}: {rows:,} rows")
    for way, taken in seconds.items():
        median = statistics.median(taken)
        print(f"  {way:26} {median:7.2f} s  {rows / median:10,.0f} rows/s  {median / bound:6.2f} x")


def signed_in(site: Site) -> requests.Session:
    session = requests.Session()
    body = {"name": site["username"], "password": site["password"], "tenant": site["tenant"]}
    session.post(f"{site['base_url']}/entity/auth/login", json=body).raise_for_status()
    return session


def sign_out(session: requests.Session, site: Site) -> None:
    session.post(f"{site['base_url']}/entity/auth/logout", headers={"Content-Length": "0"})


def download(site: Site, entity: str, expand: tuple[str, ...]) -> int:
    session = signed_in(site)
    url = f"{site['base_url']}/entity/Default/24.200.001/{entity}"
    rows = skip = 0
    while True:
        params: dict[str, Any] = {"$top": PAGE, "$skip": skip}
        if expand:
            params["$expand"] = ",".join(expand)
        page = orjson.loads(session.get(url, params=params).content)
        rows += len(page) + sum(len(record[name]) for record in page for name in expand)
        skip += PAGE
        if len(page) < PAGE:
            sign_out(session, site)
            return rows


def sync(site: Site, entity: str, expand: tuple[str, ...], kind: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        destination: Any = (
            dlt.destinations.duckdb(f"{folder}/w.duckdb")
            if kind == "duckdb"
            else dlt.destinations.filesystem(Path(folder, "lake").as_uri())
        )
        pipeline = dlt.pipeline(
            "speed", destination=destination, dataset_name="erp", pipelines_dir=folder
        )
        instance = connect(AcumaticaCredentials(**site), "Default", "24.200.001", 2, None)
        load = EntityOptions(entity, expand=expand, page_size=PAGE)
        (outcome,) = runner.sync(pipeline, instance, [load], lambda outcome: None)
        if outcome.error:
            raise SystemExit(outcome.error)
        return sum(outcome.rows.values())


def generic(site: Site, entity: str, expand: tuple[str, ...]) -> int:
    session = signed_in(site)
    params: dict[str, Any] = {"$expand": ",".join(expand)} if expand else {}
    with tempfile.TemporaryDirectory() as folder:
        source = rest_api_source(
            {
                "client": {
                    "base_url": f"{site['base_url']}/entity/Default/24.200.001/",
                    "session": session,
                    "paginator": {
                        "type": "offset",
                        "limit": PAGE,
                        "offset_param": "$skip",
                        "limit_param": "$top",
                        "total_path": None,
                        "stop_after_empty_page": True,
                    },
                },
                "resources": [{"name": entity, "endpoint": {"path": entity, "params": params}}],
            }
        )
        pipeline = dlt.pipeline(
            "generic",
            destination=dlt.destinations.duckdb(f"{folder}/w.duckdb"),
            dataset_name="erp",
            pipelines_dir=folder,
        )
        pipeline.run(source, loader_file_format="parquet")
    sign_out(session, site)
    return 0


if __name__ == "__main__":
    main()
