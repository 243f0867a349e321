"""How large an emulated ERP can be, and how fast: `python -m benchmarks.sandbox_scale`.

For each size, in a process of its own: seconds until it answers, memory, the time of a page by key
at the beginning and in the middle and of one by offset, rows served to a reader that only receives,
and rows that a sync of the same records into DuckDB takes in at the same page size. The last line
is the ratio of these two.
"""

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import dlt
import requests

from acumatica_source import AcumaticaCredentials, EntityOptions
from acumatica_source.running import runner
from acumatica_source.source import connect

PAGE = 500
SERVED = 60_000
"""Records that the readers take, at most."""
READERS = 2
"""Connections that take what is served, as a sync with two seats would."""
READS: Mapping[str, Sequence[str]] = {"flat": (), "with details": ("Details",)}


@dataclass(frozen=True)
class Site:
    """A running emulated ERP."""

    url: str
    process: int
    credentials: Mapping[str, str]
    """Arguments of `AcumaticaCredentials`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    for size in parser.parse_args().sizes:
        measure(size)


def measure(size: int) -> None:
    begun = time.perf_counter()
    with started(size) as site:
        print(f"{size:,} records: ready in {time.perf_counter() - begun:.1f} s, ", end="")
        print(f"{memory(site) >> 20} MB")
        readers = [Reader(site) for _ in range(READERS)]
        reader = readers[0]
        orders = reader.count({"$select": "OrderNbr"})
        middle = orders // 2
        pages: dict[str, Mapping[str, object]] = {
            "first page by key": by_key(0, 1_000),
            "middle page by key": by_key(middle, 1_000),
            "middle page by $skip": {"$top": 1_000, "$skip": middle},
        }
        for name, query in pages.items():
            print(f"  {name:22} of 1,000 {1000 * reader.seconds(query):6.1f} ms")
        for name, expand in READS.items():
            served = rows_per_second(readers, min(orders, SERVED), expand)
            synced = sync(site, expand)
            print(f"  {name:13} served {served:9,.0f} rows/s, a sync takes {synced:7,.0f} rows/s: ")
            print(f"  {'':13} {served / synced:.1f} x")
        print(f"  memory at the end {memory(site) >> 20} MB")


@contextmanager
def started(size: int, *settings: str) -> Iterator[Site]:
    """An emulated ERP in a process of its own; `settings` are like `latency=0.2`."""
    command = [sys.executable, "-m", "acumatica_source.cli", "sandbox", "--port", "0"]
    command += ["--records", str(size), "--license", "unlimited"]
    command += [word for setting in settings for word in ("--set", setting)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline() + process.stdout.readline()
            found = re.search(r"at (\S+)\s+Sign in as (\S+) / (\S+), tenant (\S+)\.", said)
            if found is None:
                raise SystemExit(f"The emulated ERP did not start: {said}")
            url, user, password, tenant = found.groups()
            given = {"base_url": url, "username": user, "password": password, "tenant": tenant}
            yield Site(url, process.pid, given)
        finally:
            process.terminate()


def memory(site: Site) -> int:
    """Bytes that the process has in memory (Linux)."""
    pages = int(Path(f"/proc/{site.process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def by_key(after: int, top: int) -> dict[str, object]:
    return {"$top": top, "$filter": f"OrderType eq 'SO' and OrderNbr gt '{after:06}'"}


def rows_per_second(readers: Sequence["Reader"], records: int, expand: Sequence[str]) -> float:
    """What the readers receive together; counted beforehand, since that takes time."""
    pages = range(0, records, PAGE)
    shares = [pages[start :: len(readers)] for start in range(len(readers))]
    with ThreadPoolExecutor() as threads:
        rows = sum(
            reader.receive(share, expand, count=True)
            for reader, share in zip(readers, shares, strict=True)
        )
        begun = time.perf_counter()
        list(threads.map(lambda reader, share: reader.receive(share, expand), readers, shares))
        return rows / (time.perf_counter() - begun)


class Reader:
    """Receives answers into one buffer and does nothing with them."""

    def __init__(self, site: Site) -> None:
        place = urlsplit(site.url)
        given = site.credentials
        body = {"name": given["username"], "password": given["password"]}
        session = requests.Session()
        session.post(f"{site.url}/entity/auth/login", json=body).raise_for_status()
        self._cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
        self._path = f"{place.path}/entity/Default/24.200.001/SalesOrder"
        self._place = (place.hostname, place.port or 80)
        self._socket: socket.socket
        self._buffer = memoryview(bytearray(1 << 30))

    def count(self, query: Mapping[str, object]) -> int:
        """Records and rows of details in an answer."""
        with self._connected():
            return self._rows(*self._receive(query))

    def seconds(self, query: Mapping[str, object]) -> float:
        """The median of the time that a request takes."""
        taken = []
        with self._connected():
            for _ in range(15):
                begun = time.perf_counter()
                self._receive(query)
                taken.append(time.perf_counter() - begun)
        return statistics.median(taken)

    def receive(self, pages: Sequence[int], expand: Sequence[str], *, count: bool = False) -> int:
        """Take the pages after these numbers; the number of their rows, if to be counted."""
        nested = {"$expand": ",".join(expand)} if expand else {}
        rows = 0
        with self._connected():
            for number in pages:
                place = self._receive(by_key(number, PAGE) | nested)
                rows += self._rows(*place) if count else 0
        return rows

    @contextmanager
    def _connected(self) -> Iterator[None]:
        with socket.create_connection(self._place) as self._socket:
            yield

    def _rows(self, start: int, end: int) -> int:
        return bytes(self._buffer[start:end]).count(b'"rowNumber":')

    def _receive(self, query: Mapping[str, object]) -> tuple[int, int]:
        request = (
            f"GET {self._path}?{urlencode(query)} HTTP/1.1\r\nHost: localhost\r\n"
            f"Cookie: {self._cookie}\r\nAccept-Encoding: identity\r\n\r\n"
        )
        self._socket.sendall(request.encode())
        received = self._socket.recv_into(self._buffer)
        head = bytes(self._buffer[: min(received, 4096)])
        start = head.index(b"\r\n\r\n") + 4
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"Refused: {head!r}")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None
        end = start + int(length[1])
        while received < end:
            more = self._socket.recv_into(self._buffer[received:])
            if not more:
                raise SystemExit("The connection ended within an answer.")
            received += more
        return start, end


def sync(site: Site, expand: Sequence[str]) -> float:
    """Rows per second of a first sync."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "scale",
            destination=dlt.destinations.duckdb(f"{folder}/w.duckdb"),
            dataset_name="erp",
            pipelines_dir=folder,
        )
        credentials = AcumaticaCredentials(**site.credentials)
        instance = connect(credentials, "Default", "24.200.001", 2, None)
        load = EntityOptions("SalesOrder", expand=expand, page_size=PAGE)
        begun = time.perf_counter()
        (outcome,) = runner.sync(pipeline, instance, [load], lambda outcome: None)
        seconds = time.perf_counter() - begun
        if outcome.error:
            raise SystemExit(outcome.error)
        return sum(outcome.rows.values()) / seconds


if __name__ == "__main__":
    main()
