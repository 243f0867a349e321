"""A scripted HTTP server for answers that no well-behaved ERP gives."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer. `cut` closes the connection after that many bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hang: float = 0.0
    reset: bool = False


def data(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers}
    )


def failure(text: str, status: int = 500, kind: str = "PX.Data.PXException") -> Reply:
    error = {"message": "An error has occurred.", "exceptionMessage": text, "exceptionType": kind}
    return data(error, status)


class ScriptedServer:
    """Answers the sign-in itself, and everything else by a script."""

    def __init__(self, root: str = "/Site") -> None:
        self.root = root
        self.seen: list[Seen] = []
        self.script: Callable[[Seen], Reply] = lambda seen: data([])
        self.logins = 0
        self.logouts = 0
        self.on_login: Callable[[Seen], Reply] | None = None
        self.on_logout: Callable[[Seen], Reply] | None = None
        self.base_url = ""
        self.lock = threading.Lock()

    @property
    def reads(self) -> list[Seen]:
        return [seen for seen in self.seen if "/entity/auth/" not in seen.path]

    def queue(self, *replies: Reply) -> None:
        """Answer one after the other; the last one for ever."""
        rest = list(replies)
        self.script = lambda seen: rest.pop(0) if len(rest) > 1 else rest[0]

    def answer(self, seen: Seen) -> Reply:
        with self.lock:
            self.seen.append(seen)
            if seen.path == f"{self.root}/entity/auth/login":
                self.logins += 1
                if self.on_login is not None:
                    return self.on_login(seen)
                cookie = f"ASP.NET_SessionId=s{self.logins}; path=/; HttpOnly"
                return Reply(204, headers={"Set-Cookie": cookie})
            if seen.path == f"{self.root}/entity/auth/logout":
                self.logouts += 1
                return self.on_logout(seen) if self.on_logout is not None else Reply(204)
            script = self.script
        return script(seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: ScriptedServer
    stop: threading.Event

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        reply = self.scripted.answer(seen)
        if reply.hang:
            self.stop.wait(reply.hang)
        if reply.reset:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204 and "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
        if reply.cut is not None:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextlib.contextmanager
def scripted_server(root: str = "/Site", tls: Any = None) -> Iterator[ScriptedServer]:
    scripted, stop = ScriptedServer(root), threading.Event()
    handler = type("Handler", (_Handler,), {"scripted": scripted, "stop": stop})
    server = _Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls is not None else "http"
    scripted.base_url = f"{scheme}://127.0.0.1:{server.server_port}{root}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield scripted
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
