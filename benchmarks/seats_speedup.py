"""What more seats bring where a server takes its time: `python -m benchmarks.seats_speedup`.

Extracts all sales orders with their lines from an emulated ERP that keeps every request waiting,
through one, two and four seats. Each line shows the time, and how much of the speed that the seats
could bring at best they do bring.
"""

import argparse
import tempfile
import time

import dlt

from acumatica_source import AcumaticaCredentials, EntityOptions
from acumatica_source.source import connect, source_of
from benchmarks.sandbox_scale import PAGE, Site, started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds a request")
    options = parser.parse_args()
    with started(options.records, f"latency={options.latency}") as site:
        alone = extract(site, 1)
        for seats in (1, 2, 4):
            taken = extract(site, seats)
            share = alone / taken / seats
            print(f"{seats} seats: {taken:6.2f} s, {alone / taken:.2f} x as fast, {share:.0%}")


def extract(site: Site, seats: int) -> float:
    """Seconds that the extraction takes."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("seats", destination="duckdb", pipelines_dir=folder)
        instance = connect(
            AcumaticaCredentials(**site.credentials), "Default", "24.200.001", seats, None
        )
        load = EntityOptions("SalesOrder", expand=("Details",), page_size=PAGE)
        begun = time.perf_counter()
        pipeline.extract(source_of(instance, [load]), loader_file_format="parquet")
        return time.perf_counter() - begun


if __name__ == "__main__":
    main()
