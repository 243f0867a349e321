"""A PostgreSQL server of the tests' own, and a fresh database in it for each test."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

USER = "loader"
SETTINGS = (
    *("listen_addresses=127.0.0.1", "unix_socket_directories="),
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
)
"""What is lost with the machine need not be kept."""
ATTEMPTS = 3
"""Somebody else may take the port that was free."""


@dataclass(frozen=True)
class Database:
    """A database, gone after the test."""

    address: str

    @property
    def environment(self) -> dict[str, str]:
        """The settings that make it the destination `postgres` of dlt."""
        return {"DESTINATION__POSTGRES__CREDENTIALS": self.address}

    def execute(self, sql: str) -> None:
        """Run a statement, outside of transactions."""
        with self._cursor() as cursor:
            cursor.execute(sql)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query by column, as Python values."""
        with self._cursor() as cursor:
            cursor.execute(sql)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[Any]:
        import psycopg2  # only here: other tests do without

        with contextlib.closing(psycopg2.connect(self.address)) as connection:
            connection.autocommit = True
            yield connection.cursor()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Database]:
    """A server that runs as long as the session; its database is for maintenance only."""
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed: pip install '.[dev]'")
    with tempfile.TemporaryDirectory(prefix="postgres-") as name, server_in(Path(name)) as server:
        yield server


@contextlib.contextmanager
def server_in(folder: Path) -> Iterator[Database]:
    """A server whose data are in an empty folder; skips where there is no PostgreSQL."""
    with _running(folder, _binaries(folder)) as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database of the test's own; dlt's destination `postgres` is set to it."""
    name = f"test_{uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    database = Database(postgres_server.address.rpartition("/")[0] + f"/{name}")
    for variable, value in database.environment.items():
        monkeypatch.setenv(variable, value)
    yield database
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _binaries(folder: Path) -> Path:
    """Where the server's programs are: the machine's own, or those of the package pgserver."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if found or on_path:
        return (found[-1] if found else Path(str(on_path)).resolve()).parent
    package = importlib.util.find_spec("pgserver")
    if package is None or package.origin is None:
        pytest.skip("there is no PostgreSQL: neither initdb nor the package pgserver is here")
    home = Path(package.origin).parent
    if _is_root():
        # the user that the server runs as may not be allowed where the package is
        for part in (home.with_name("pgserver.libs"), home):
            if part.is_dir():
                shutil.copytree(part, folder / part.name)
        home = folder / home.name
    return home / "pginstall" / "bin"


def _version(initdb: Path) -> float:
    return float(initdb.parts[-3])


@contextlib.contextmanager
def _running(folder: Path, binaries: Path) -> Iterator[Database]:
    """A server whose data are in that folder."""
    owner = _ordinary_user(folder)
    words = "--username {} --auth trust --encoding UTF8 --no-locale --no-sync --pgdata data"
    made = subprocess.run(
        [binaries / "initdb", *words.format(USER).split()],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **owner,
    )
    assert made.returncode == 0, made.stdout
    server, database = _started(folder, binaries, owner)
    try:
        yield database
    finally:
        _end(server)


def _started(
    folder: Path, binaries: Path, owner: dict[str, Any]
) -> tuple["subprocess.Popen[bytes]", Database]:
    """A server that answers, on a port that was free."""
    settings = [part for one in SETTINGS for part in ("-c", one)]
    log = folder / "log"
    for _ in range(ATTEMPTS):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with log.open("wb") as lines:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", folder / "data", "-p", str(port), *settings],
                cwd=folder,
                stdout=lines,
                stderr=lines,
                **owner,
            )
        database = Database(f"postgresql://{USER}:trusted@127.0.0.1:{port}/postgres")
        if _answers(database, server):
            return server, database
        _end(server)
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _answers(database: Database, server: "subprocess.Popen[bytes]") -> bool:
    """Whether it answers before it ends, or half a minute is over."""
    import psycopg2

    end = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < end:
        try:
            database.execute("SELECT 1")
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _end(server: "subprocess.Popen[bytes]") -> None:
    """A fast shutdown: open connections are closed."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _ordinary_user(folder: Path) -> dict[str, Any]:
    """As whom to run programs in that folder: PostgreSQL refuses to run as root."""
    if not _is_root():
        return {}
    import pwd  # not on Windows

    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
