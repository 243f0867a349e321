import os
import signal
import stat
from pathlib import Path

import pytest

from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.client.session import Credentials, Session

from .conftest import FAST
from .server import Reply, ScriptedServer
from .test_exits import start

PROGRAM = """
from acumatica_source.client.leftovers import SeatMemory
a = AcumaticaClient(url, "admin", "Pa$$w0rd!", "Company", memory=SeatMemory({folder!r}))
ready(); time.sleep(30)
"""


def killed(server: ScriptedServer, folder: Path) -> None:
    process = start(server, PROGRAM.format(folder=str(folder)))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()


def sign_outs(server: ScriptedServer) -> list[str]:
    return [seen.headers["cookie"] for seen in server.seen if seen.path.endswith("logout")]


def test_the_next_start_signs_out_what_was_left_behind(
    server: ScriptedServer, credentials: Credentials, tmp_path: Path
) -> None:
    killed(server, tmp_path)
    assert sign_outs(server) == []
    with Session(credentials, FAST, memory=SeatMemory(tmp_path)) as session:
        session.login()
        assert sign_outs(server) == ["ASP.NET_SessionId=s1"]
    assert sign_outs(server) == ["ASP.NET_SessionId=s1", "ASP.NET_SessionId=s2"]
    assert list(tmp_path.iterdir()) == []


def test_sessions_of_the_living_are_left_alone(
    server: ScriptedServer, credentials: Credentials, tmp_path: Path
) -> None:
    process = start(server, PROGRAM.format(folder=str(tmp_path)))
    assert process.stdout is not None
    process.stdout.readline()
    with Session(credentials, FAST, memory=SeatMemory(tmp_path)) as session:
        session.login()
        assert sign_outs(server) == []
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert len(sign_outs(server)) == 2
    assert list(tmp_path.glob("*.seat")) == []


@pytest.mark.parametrize("other", [{"password": "another"}, {"username": "other"}])
def test_sessions_of_others_are_left_alone(
    server: ScriptedServer, tmp_path: Path, other: dict[str, str]
) -> None:
    killed(server, tmp_path)
    user = {"username": "admin", "password": "Pa$$w0rd!", **other}
    someone = Credentials(server.base_url, **user)
    with Session(someone, FAST, memory=SeatMemory(tmp_path)) as session:
        session.login()
        assert sign_outs(server) == []


def test_nothing_in_the_clear_and_nothing_for_others(
    server: ScriptedServer, tmp_path: Path
) -> None:
    folder = tmp_path / "seats"
    killed(server, folder)
    (file,) = folder.glob("*.seat")
    content = file.read_bytes()
    for secret in (b"Pa$$w0rd!", b"admin", b"ASP.NET"):
        assert secret not in content
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_damaged_files_do_no_harm(
    server: ScriptedServer, credentials: Credentials, tmp_path: Path
) -> None:
    killed(server, tmp_path)
    (file,) = tmp_path.glob("*.seat")
    file.write_bytes(file.read_bytes()[:-8])
    (tmp_path / "x.seat").write_bytes(b"\xff\xfe")
    with Session(credentials, FAST, memory=SeatMemory(tmp_path)) as session:
        assert session.login() == 204
        assert sign_outs(server) == []


def test_a_sign_out_that_fails_does_not_stop_the_start(
    server: ScriptedServer, credentials: Credentials, tmp_path: Path
) -> None:
    killed(server, tmp_path)
    server.on_logout = lambda seen: Reply(reset=True)
    with Session(credentials, FAST, memory=SeatMemory(tmp_path)) as session:
        assert session.login() == 204
