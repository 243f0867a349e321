"""The licence's limits (Integration Development Guide: License Restrictions for API Users)."""

import asyncio
import threading
import time

import pytest

from acumatica_sandbox import throttle
from acumatica_sandbox.throttle import Declined, License, Throttle
from tests.sandbox.desk import Desk, Start


def test_requests_beyond_half_of_the_minutes_limit_are_delayed(start: Start) -> None:
    with start(license="small") as desk:
        for _ in range(24):
            desk.read("Account", top=1)
        begun = time.monotonic()
        desk.read("Account", top=1)
        desk.read("Account", top=1)
        waited = time.monotonic() - begun
        assert waited > 2.0  # about 60 s / 25 requests left, each
        assert desk.sandbox.control.counters()["throttle_delay_seconds"] > 2.0


def test_a_small_licence_has_three_sessions(start: Start) -> None:
    with start(license="small") as desk:
        others = [Desk(desk.sandbox).sign_in().status_code for _ in range(3)]
    assert others == [204, 204, 500]


def test_the_queue_declines_beyond_twenty_waiting() -> None:
    async def crowd() -> list[str]:
        gate = Throttle(License(sessions=1, concurrent=1))

        async def one() -> str:
            try:
                await gate.enter()
            except Declined:
                return "declined"
            await asyncio.sleep(0.01)
            gate.leave()
            return "served"

        return list(await asyncio.gather(*(one() for _ in range(25))))

    outcome = asyncio.run(crowd())
    assert outcome.count("served") == throttle.LONGEST_QUEUE + 1
    assert outcome.count("declined") == 4


@pytest.mark.parametrize("seats", [1, 2])
def test_latency_overlaps_between_sessions_only(start: Start, seats: int) -> None:
    """A session handles one request at a time: two of one take twice as long as one of each."""
    with start(latency=0.15) as desk, Desk(desk.sandbox) as other:
        other.sign_in()
        users = [desk, other] if seats == 2 else [desk, desk]
        begun = time.monotonic()
        threads = [threading.Thread(target=one.read, args=("Account",)) for one in users]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
    assert (took >= 0.3) == (seats == 1)
