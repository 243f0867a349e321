from collections.abc import Callable, Iterator

import pytest

from acumatica_source.client import AcumaticaClient
from acumatica_source.client.session import Credentials, Session, Transport
from acumatica_source.client.transport import RetryPolicy

from .server import ScriptedServer, scripted_server

FAST = Transport(
    connect_timeout=2,
    read_timeout=2,
    retries=RetryPolicy(attempts=4, first_delay=0.001, max_delay=0.002),
    max_response_bytes=1 << 20,
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def credentials(server: ScriptedServer) -> Credentials:
    return Credentials(server.base_url, "admin", "Pa$$w0rd!", "Company", "HQ")


@pytest.fixture
def session(credentials: Credentials) -> Iterator[Session]:
    with Session(credentials, FAST) as opened:
        yield opened


@pytest.fixture
def connect(server: ScriptedServer) -> Iterator[Callable[..., AcumaticaClient]]:
    opened: list[AcumaticaClient] = []

    def open_client(**options: object) -> AcumaticaClient:
        arguments = {"transport": FAST, **options}
        client = AcumaticaClient(
            server.base_url,
            "admin",
            "Pa$$w0rd!",
            "Company",
            "HQ",
            **arguments,  # type: ignore[arg-type]
        )
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.seat.close()


@pytest.fixture
def client(connect: Callable[..., AcumaticaClient]) -> AcumaticaClient:
    return connect()
