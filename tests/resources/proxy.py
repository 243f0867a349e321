"""A proxy before the sandbox, for what it cannot be told: it refuses requests or edits answers."""

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from acumatica_sandbox import Sandbox
from acumatica_source import AcumaticaCredentials
from tests.conftest import credentials_of

Query = dict[str, str]


@dataclass
class Proxy:
    """What comes between a sandbox and who reads it."""

    credentials: AcumaticaCredentials
    refuse: Callable[[str, Query], bool] = lambda path, query: False
    """Which requests are answered with an error of the server's."""
    status: int = 500
    """The status of that error."""
    edit: Callable[[str, Query, list[Any]], list[Any]] = lambda path, query, rows: rows
    """What becomes of a list."""
    rewrite: Callable[[str, bytes], bytes] = lambda path, body: body
    """What becomes of any other good answer to a GET."""
    wire: Callable[[str, bytes], bytes] = lambda path, body: body
    """What becomes of the bytes of any good answer in the end."""
    before: Callable[[str, Query], None] = lambda path, query: None
    """What happens before a request for data is passed on."""
    after: Callable[[str, Query], None] = lambda path, query: None
    """What happens before its answer is."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    site: Proxy
    port: int

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        query = {n: v[0] for n, v in parse_qs(urlsplit(self.path).query).items()}
        if self.command == "GET":
            self.site.before(path, query)
        if self.command == "GET" and self.site.refuse(path, query):
            error = {"message": "An error has occurred.", "exceptionMessage": "Refused."}
            self._answer(
                self.site.status, [("Content-Type", "application/json")], json.dumps(error).encode()
            )
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            headers = {n: v for n, v in self.headers.items() if n.lower() != "accept-encoding"}
            behind.request(self.command, self.path, body, headers)
            answer = behind.getresponse()
            content, given = answer.read(), answer.getheaders()
        finally:
            behind.close()
        if self.command == "GET" and answer.status == 200 and content[:1] == b"[":
            rows = json.loads(content)
            edited = self.site.edit(path, query, rows)
            content = content if edited is rows else json.dumps(edited).encode()
        elif self.command == "GET" and answer.status == 200:
            content = self.site.rewrite(path, content)
        if answer.status == 200:
            content = self.site.wire(path, content)
        if self.command == "GET":
            self.site.after(path, query)
        self._answer(answer.status, given, content)

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextlib.contextmanager
def proxy(sandbox: Sandbox) -> Iterator[Proxy]:
    """A proxy for as long as the block runs."""
    credentials = credentials_of(sandbox)
    behind = urlsplit(sandbox.base_url)
    site = Proxy(credentials)
    handler = type("Handler", (_Handler,), {"site": site, "port": behind.port})
    server = _Server(("127.0.0.1", 0), handler)
    address = f"http://127.0.0.1:{server.server_port}{behind.path}"
    site.credentials = AcumaticaCredentials(
        base_url=address,
        username=sandbox.username,
        password=sandbox.password,
        tenant=sandbox.tenant,
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
