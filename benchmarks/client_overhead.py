"""What the session client costs per request, over bare `requests`.

Both read the same answer of 1 kB from a server on this machine, in turns, so that whatever else
happens on it hits both alike. The server is a process of its own and does next to nothing.

    python -m benchmarks.client_overhead [--pairs 3000] [--rounds 5]
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from acumatica_source.client.session import Credentials, Session

_BODY = json.dumps([{"id": "0" * 36, "Text": {"value": "x" * 940}}]).encode()
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Date: Mon, 23 Nov 2026 02:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)
_NO_CONTENT = (
    b"HTTP/1.1 204 No Content\r\nSet-Cookie: ASP.NET_SessionId=x; path=/; HttpOnly\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def serve() -> None:
    """Answer every request on a free port, whose number is printed."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_converse, args=(connection,), daemon=True).start()


def _converse(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        while request := connection.recv(65536):
            connection.sendall(_NO_CONTENT if request.startswith(b"POST") else _ANSWER)


@contextmanager
def server() -> Iterator[str]:
    """The base URL of a server of its own process."""
    command = [sys.executable, "-m", "benchmarks.client_overhead", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def measure(base_url: str, pairs: int) -> tuple[float, float]:
    """Median seconds per request: bare, and by the client; taken in turns."""
    path, params = "entity/Default/24.200.001/Customer", {"$filter": "CustomerID gt 'A'"}
    bare = requests.Session()
    headers = {"Accept": "application/json"}

    def plain() -> bytes:
        answer = bare.get(f"{base_url}/{path}", params=params, headers=headers, timeout=(10, 600))
        answer.raise_for_status()
        return answer.content

    with Session(Credentials(base_url, "admin", "x"), None) as session, bare:
        # The same cookie on both sides.
        bare.cookies.set("ASP.NET_SessionId", "x", path="/", domain="127.0.0.1")

        def careful() -> bytes:
            return session.get_bytes(path, params).content

        times: dict[Callable[[], bytes], list[float]] = {plain: [], careful: []}
        for turn in range(pairs + 50):
            for read in (plain, careful) if turn % 2 else (careful, plain):
                begun = time.perf_counter()
                content = read()
                spent = time.perf_counter() - begun
                assert content == _BODY
                if turn >= 50:
                    times[read].append(spent)
    return statistics.median(times[plain]), statistics.median(times[careful])


def main() -> None:
    """Print the medians of each round, and the ratio over all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2000, help="pairs of requests in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
    ratios = []
    with server() as base_url:
        for number in range(1, arguments.rounds + 1):
            bare, careful = measure(base_url, arguments.pairs)
            ratios.append(careful / bare)
            print(
                f"round {number}: bare {bare * 1e6:7.1f} us   client {careful * 1e6:7.1f} us   "
                f"{(careful / bare - 1) * 100:+5.1f} %"
            )
    print(f"median of the rounds: {(statistics.median(ratios) - 1) * 100:+.1f} %")


if __name__ == "__main__":
    main()
