"""However a program ends, it signs out. Each case is a program of its own."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from .server import Reply, ScriptedServer, data

ROOT = Path(__file__).parents[2]

PREAMBLE = """
import os, signal, sys, threading, time
from acumatica_source.client import AcumaticaClient
from acumatica_source.client.exits import orderly_shutdown
from acumatica_source.client.pool import SeatBudget, SessionPool
from acumatica_source.client.session import Credentials, Session
url = sys.argv[1]
credentials = Credentials(url, "admin", "x", "Company")
def connect():
    return AcumaticaClient(url, "admin", "x", "Company")
def ready():
    print("ready", flush=True)
def idle():
    # in short naps: of a signal that comes just before a sleep, Python takes notice after it
    for _ in range(600):
        time.sleep(0.05)
"""


def start(server: ScriptedServer, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(program), server.base_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def run(server: ScriptedServer, program: str) -> subprocess.CompletedProcess[str]:
    process = start(server, program)
    out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def kill(server: ScriptedServer, program: str, signum: int) -> int:
    process = start(server, program)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signum)
    try:
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    return process.returncode


ENDINGS = {
    "end": "a = connect(); b = connect()",
    "exception": "a = connect(); b = connect(); 1 / 0",
    "sys-exit": "a = connect(); b = connect(); sys.exit(3)",
    "in-a-block": "with connect(), connect(): 1 / 0",
    "pool": """
        pool = SessionPool(credentials, SeatBudget(sessions=2))
        one, two = pool.seat(), pool.seat()
        one.__enter__(), two.__enter__()
    """,
    "thread": """
        held = []
        threads = [threading.Thread(target=lambda: held.append(connect())) for _ in range(2)]
        [thread.start() for thread in threads]
    """,
    "forgotten": "connect(); connect()",
    "signed-out": "a = connect(); b = connect(); a.logout(); b.logout(); b.logout()",
    "busy-thread": """
        session = Session(credentials)
        threading.Thread(target=session.get_bytes, args=("entity",), daemon=True).start()
        b = connect()
        time.sleep(0.2)
    """,
}


@pytest.mark.parametrize("program", [pytest.param(p, id=name) for name, p in ENDINGS.items()])
def test_every_session_is_signed_out_once(server: ScriptedServer, program: str) -> None:
    run(server, program)
    assert (server.logins, server.logouts) == (2, 2)


def test_who_never_signed_in_does_not_sign_out(server: ScriptedServer) -> None:
    assert (
        run(server, "AcumaticaClient(url, 'a', 'b', 'c', persistent_login=False)").returncode == 0
    )
    assert server.seen == []


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("a = connect(); b = connect(); ready(); idle()", id="sleeping"),
        pytest.param("a = connect(); b = connect(); ready()\nwhile True: pass", id="computing"),
        pytest.param(
            """
            a = connect(); b = connect(); ready()
            threading.Thread(target=b.get_endpoint_info, daemon=True).start()
            while True: a.get_endpoint_info()
            """,
            id="reading",
        ),
        pytest.param(
            "with orderly_shutdown(), connect(), connect(): ready(); idle()", id="orderly"
        ),
    ],
)
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signals(server: ScriptedServer, program: str, signum: signal.Signals) -> None:
    orderly = "orderly" in program and signum is signal.SIGTERM
    code = kill(server, program, signum)
    assert (server.logins, server.logouts) == (2, 2)
    assert code in ((143,) if orderly else (-signum, 1, 130))


def test_a_sign_in_under_way_is_not_lost(server: ScriptedServer) -> None:
    cookie = {"Set-Cookie": "ASP.NET_SessionId=s; path=/"}
    server.on_login = lambda seen: Reply(204, headers=cookie, hang=0.5)
    for signum in (signal.SIGINT, signal.SIGTERM):
        process = start(server, "ready(); connect(); idle()")
        before = server.logins
        while server.logins == before:
            time.sleep(0.01)
        process.send_signal(signum)
        process.communicate(timeout=30)
    assert server.logins == server.logouts == 2


def test_the_applications_own_handler_stays(server: ScriptedServer) -> None:
    program = """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        a = connect(); ready(); idle()
    """
    assert kill(server, program, signal.SIGTERM) == 7
    assert (server.logins, server.logouts) == (1, 1)


def test_sigterm_still_looks_like_sigterm(server: ScriptedServer) -> None:
    program = "a = connect(); ready(); idle()"
    assert kill(server, program, signal.SIGTERM) == -signal.SIGTERM


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_leaves_its_parents_seat_alone(server: ScriptedServer) -> None:
    program = """
        a = connect()
        child = os.fork()
        if child == 0:
            a.get_endpoint_info()  # by a session of its own
            sys.exit(0)
        os.waitpid(child, 0)
        a.get_endpoint_info()
    """
    server.queue(data([]))
    run(server, program)
    assert (server.logins, server.logouts) == (2, 2)
    cookies = [seen.headers["cookie"] for seen in server.reads]
    assert sorted(cookies) == ["ASP.NET_SessionId=s1", "ASP.NET_SessionId=s2"]


@pytest.mark.slow
def test_a_server_that_hangs_does_not_hold_the_exit_for_ever(server: ScriptedServer) -> None:
    server.on_logout = lambda seen: Reply(204, hang=60)
    begun = time.monotonic()
    kill(server, "a = connect(); ready(); idle()", signal.SIGTERM)
    assert time.monotonic() - begun < 45
