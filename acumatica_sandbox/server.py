"""Runs a site on a real socket: in a thread for tests, in the foreground for people."""

import contextlib
import signal
import socket
import threading
import time
from types import TracebackType

import uvicorn

from acumatica_sandbox.app import App
from acumatica_sandbox.control.faults.schedule import Faults
from acumatica_sandbox.control.interface import Control
from acumatica_sandbox.identity.tokens import CLIENT_ID, CLIENT_SECRET
from acumatica_sandbox.instance import Instance
from acumatica_sandbox.options import SandboxError, SandboxOptions
from acumatica_sandbox.tenants import Tenants

SEND_BUFFER = 8 << 20
"""Bytes that a connection takes at once: whole pages, so that sending does not copy them twice."""


class Sandbox:
    """An emulated ERP that listens on 127.0.0.1 for as long as the `with` block runs."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self._socket = _listen(self.options.port)
        try:
            self._tenants = Tenants(Instance(self.options))
        except BaseException:
            self._socket.close()
            raise
        faults = Faults()
        self.control = Control(self._tenants, faults)
        """Looks into the emulated instance and changes it."""
        self._server = uvicorn.Server(_config(App(self._tenants, self.control, faults)))
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), daemon=True, name="acumatica-sandbox"
        )

    @property
    def base_url(self) -> str:
        """The root of the site."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}{self.options.prefix}"

    @property
    def username(self) -> str:
        """A user that may sign in."""
        return self.options.username

    @property
    def password(self) -> str:
        """That user's password."""
        return self.options.password

    @property
    def tenant(self) -> str:
        """The tenant to sign in to; the first one."""
        return self.options.tenants[0]

    @property
    def client_id(self) -> str:
        """The OAuth client that is registered in that tenant."""
        return f"{CLIENT_ID}@{self.tenant}"

    @property
    def client_secret(self) -> str:
        """That client's secret."""
        return CLIENT_SECRET

    def __enter__(self) -> "Sandbox":
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise SandboxError("The sandbox did not start.")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
        self._tenants.close()

    def run(self) -> None:
        """Serve in the foreground until interrupted."""
        self._server.run([self._socket])


def serve(options: SandboxOptions) -> None:
    """Run a sandbox in the foreground; prints where it is and how to sign in.

    Raises:
        SandboxError: the port is in use.
    """
    sandbox = Sandbox(options)
    print(f"Emulated Acumatica ERP at {sandbox.base_url}", flush=True)
    print(
        f"Sign in as {sandbox.username} / {sandbox.password}, tenant {sandbox.tenant}. "
        "Ctrl-C stops it.",
        flush=True,
    )
    signal.signal(signal.SIGTERM, lambda *_: None)  # the server stops, then raises it again
    with contextlib.suppress(KeyboardInterrupt):
        sandbox.run()


def _listen(port: int) -> socket.socket:
    # named as TCP, or asyncio would not turn delays of small packets off
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)  # callers may connect as soon as the address is known
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"Port {port} cannot be used: {error.strerror}. Choose another, or 0 for a free one."
        ) from None
    return listener


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        lifespan="off",
        http="httptools",
        timeout_graceful_shutdown=1,
    )
