"""Are seats given back, whatever happens? Programs that read are ended at random moments.

Each program opens a pool of two sessions and reads with two threads, until it is interrupted,
terminated, fails, exits or simply ends. Meanwhile sessions expire, or seem to, connections break,
and the site restarts. After each program the emulated ERP counts the seats still taken; there must
be none.

    python -m benchmarks.seat_kills [--programs 300] [--seed 1]
"""

import argparse
import collections
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from acumatica_sandbox import Sandbox, SandboxOptions

_PROGRAM = """
import sys, threading, time
from acumatica_source.client import AcumaticaClient
from acumatica_source.client.exits import orderly_shutdown
from acumatica_source.client.pool import SeatBudget, SessionPool
from acumatica_source.client.session import Credentials
url, user, password, tenant, style, ending, after = sys.argv[1:]
after = float(after)
begun = time.monotonic()
path = "entity/Default/24.200.001/Customer"
params = {"$top": "5"}

def enough():
    return time.monotonic() - begun > after

def finish():
    if ending == "exception":
        raise RuntimeError("on purpose")
    if ending == "exit":
        sys.exit(0)

def read(pool):
    try:
        while not enough():
            pool.run(lambda session: session.get_bytes(path, params))
    except Exception as error:
        print(type(error).__name__, error, file=sys.stderr)

def by_pool(pool):
    threads = [threading.Thread(target=read, args=(pool,), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finish()

credentials = Credentials(url, user, password, tenant)
budget = SeatBudget(sessions=2, wait_seconds=5)
if style == "block":
    with SessionPool(credentials, budget) as pool:
        by_pool(pool)
elif style == "orderly":
    with orderly_shutdown(), SessionPool(credentials, budget) as pool:
        by_pool(pool)
elif style == "careless":
    pool = SessionPool(credentials, budget)
    by_pool(pool)
else:
    clients = [AcumaticaClient(url, user, password, tenant) for _ in range(2)]
    while not enough():
        for client in clients:
            client.seat.get_bytes(path, params)
    finish()
"""

STYLES = ("block", "orderly", "careless", "clients")
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "kill_sessions"},
    {"kind": "expired_401"},
    {"kind": "expired_html"},
    {"kind": "expired_302"},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "reset"},
    {"kind": "reset_during"},
    {"kind": "truncated"},
    {"kind": "slow", "seconds": 0.3},
    {"kind": "delay", "seconds": 0.3, "path": "auth/login"},
    {"kind": "reset", "path": "auth/logout"},
    {"kind": "status", "status": 503, "path": "auth/logout"},
    {"kind": "status", "status": 503, "path": "auth/login"},
)

ENDINGS = ("SIGTERM", "SIGINT", "SIGINT twice", "exception", "exit", "end")


@dataclass
class Result:
    """What came of it.

    Attributes:
        endings: how many programs ended how.
        faults: how many requests went wrong how.
        logins: sign-ins that the site counted.
        left: programs after which a seat was still taken, described.
    """

    endings: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: collections.Counter[str] = field(default_factory=collections.Counter)
    logins: int = 0
    left: list[str] = field(default_factory=list)


def run(programs: int, seed: int, faults: bool = True) -> Result:
    """Run so many programs, one after the other, against one emulated ERP with two seats."""
    chance = random.Random(seed)
    result = Result()
    with Sandbox(SandboxOptions(records=500, seats=2)) as sandbox:
        for number in range(programs):
            style, ending = chance.choice(STYLES), chance.choice(ENDINGS)
            after = chance.uniform(0.05, 0.9)
            rules = chance.choices(FAULTS, k=chance.randint(0, 3)) if faults else []
            for rule in rules:
                usual = {"path": "Customer", "after": chance.randint(0, 40)}
                sandbox.control.fault(**usual | rule if "path" not in rule else rule)
            _one(sandbox, style, ending, after)
            for rule in sandbox.control.faults():
                name = rule["kind"] if rule["kind"] != "status" else f"status {rule['status']}"
                where = rule["path"] if "auth" in rule["path"] else "a read"
                result.faults[f"{name} of {where}"] += rule["hits"]
            sandbox.control.clear_faults()
            result.endings[ending] += 1
            seats = sandbox.control.counters()["seats_now"]
            if seats:
                what = f"program {number}: {style}, {ending} after {after:.3f} s"
                result.left.append(f"{what}: {seats} seat(s) left")
                sandbox.control.sign_out_all()
        result.logins = sandbox.control.counters()["logins"]
    return result


def _one(sandbox: Sandbox, style: str, ending: str, after: float) -> None:
    address = (sandbox.base_url, sandbox.username, sandbox.password, sandbox.tenant)
    lasts = 60.0 if ending.startswith("SIG") else after
    command = [sys.executable, "-c", _PROGRAM, *address, style, ending, str(lasts)]
    program = subprocess.Popen(command, stderr=subprocess.PIPE)
    if ending.startswith("SIG"):
        time.sleep(after)
        signals = ending.split()
        program.send_signal(getattr(signal, signals[0]))
        if len(signals) > 1:
            time.sleep(0.02)
            program.send_signal(getattr(signal, signals[0]))
    program.communicate(timeout=90)


def main() -> None:
    """Print the counters; the exit status tells whether a seat was left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    result = run(arguments.programs, arguments.seed)
    for ending, count in sorted(result.endings.items()):
        print(f"{count:5d} programs ended by {ending}")
    for fault, count in sorted(result.faults.items()):
        print(f"{count:5d} faults: {fault}")
    print(f"{result.logins:5d} sign-ins")
    print(f"{len(result.left):5d} programs left a seat taken")
    for line in result.left:
        print(f"      {line}")
    sys.exit(bool(result.left))


if __name__ == "__main__":
    main()
