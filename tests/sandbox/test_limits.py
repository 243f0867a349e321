"""The licence's limits (Integration Development Guide: License Restrictions for API Users)."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from acumatica_sandbox import throttle
from tests.sandbox.desk import Desk, Start


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.alone
def test_signing_in_waits_like_any_request(start: Start) -> None:
    """License Restrictions for API Users: all requests but those to sign out are queued."""
    with start(license="unlimited", requests_per_minute=40) as desk:
        for _ in range(19):
            desk.read("Account", top=1)
        begun = time.monotonic()
        assert Desk(desk.sandbox).sign_in().status_code == 204
        assert time.monotonic() - begun > 2.0  # about 60 s / 20 requests left
        begun = time.monotonic()
        assert desk.sign_out().status_code == 204
        assert time.monotonic() - begun < 1.0


def test_a_small_licence_has_three_sessions(start: Start) -> None:
    with start(license="small") as desk:
        others = [Desk(desk.sandbox).sign_in().status_code for _ in range(3)]
    assert others == [204, 204, 500]


@contextmanager
def crowd(desk: Desk, count: int) -> Iterator[list[Desk]]:
    """Users with a session each."""
    users = [Desk(desk.sandbox) for _ in range(count)]
    for user in users:
        assert user.sign_in().status_code == 204
    yield users
    for user in users:
        user.close()


def together(users: list[Desk]) -> list[requests.Response]:
    """What the users are answered who all ask at once."""
    with ThreadPoolExecutor(len(users)) as threads:
        return list(threads.map(lambda user: user.read("Account", top=1), users))


@pytest.mark.slow
@pytest.mark.alone
def test_requests_beyond_the_queue_are_declined_with_429(start: Start) -> None:
    """License Restrictions for API Users: a request is declined when more than 20 wait."""
    options = {"license": "unlimited", "concurrent_requests": 1, "latency": 5.0}
    with start(**options) as desk, crowd(desk, 26) as users, ThreadPoolExecutor(1) as beside:
        answering = beside.submit(together, users)
        deadline = time.monotonic() + 4.0
        while desk.sandbox.control.counters()["declined"] < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        desk.sandbox.control.set_options(latency=0.0)  # the queue is full: let it drain
        answers = answering.result()
        declined = [answer for answer in answers if answer.status_code == 429]
        assert len(declined) == 26 - 1 - throttle.LONGEST_QUEUE
        assert desk.sandbox.control.counters()["declined"] == len(declined)
        assert all("Retry-After" not in answer.headers for answer in declined)
        assert sum(answer.status_code == 200 for answer in answers) == throttle.LONGEST_QUEUE + 1


@pytest.mark.slow
@pytest.mark.alone
def test_a_request_that_waits_too_long_is_declined(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """License Restrictions for API Users: after ten minutes, which this test has no time for."""
    monkeypatch.setattr(throttle, "LONGEST_WAIT", 0.1)
    options = {"license": "unlimited", "concurrent_requests": 1, "latency": 2.0}
    with start(**options) as desk, crowd(desk, 3) as users:
        assert sorted(answer.status_code for answer in together(users)) == [200, 429, 429]
        assert together(users[:1])[0].status_code == 200


@pytest.mark.slow
@pytest.mark.alone
def test_signing_out_does_not_wait_in_the_queue(start: Start) -> None:
    """Integration Development Guide: License Restrictions for API Users."""
    options = {"license": "unlimited", "concurrent_requests": 1, "latency": 1.0}
    with start(**options) as desk, crowd(desk, 3) as (first, second, third):
        with ThreadPoolExecutor(2) as threads:
            running = [threads.submit(user.read, "Account", top=1) for user in (first, second)]
            time.sleep(0.2)
            begun = time.monotonic()
            assert third.sign_out().status_code == 204
            took = time.monotonic() - begun
            assert [one.result().status_code for one in running] == [200, 200]
        assert took < 0.5


def test_polls_of_long_operations_are_not_counted_but_sign_ins_are(start: Start) -> None:
    """Integration Development Guide: License Restrictions for API Users."""
    with start(license="unlimited", requests_per_minute=200) as desk:
        invoice = {"entity": {"id": desk.rows("Invoice", top=1)[0]["id"]}}
        begun = desk.post(f"{desk.endpoint}/Invoice/ReleaseInvoice", json=invoice)
        place = desk.site.removesuffix("/AcumaticaERP") + begun.headers["Location"]
        for _ in range(120):
            desk.get(place)
        desk.read("Account", top=1)
        counters = desk.sandbox.control.counters
        assert counters()["throttle_delay_seconds"] == 0
        for _ in range(48):
            assert Desk(desk.sandbox).sign_in(password="wrong").status_code == 500
            desk.sign_out()
        desk.sign_in()
        desk.read("Account", top=1)
        assert 0 < counters()["throttle_delay_seconds"] < 2


@pytest.mark.alone
@pytest.mark.parametrize("seats", [1, 2])
def test_latency_overlaps_between_sessions_only(start: Start, seats: int) -> None:
    """A session handles one request at a time: two of one take twice as long as one of each."""
    with start(latency=1.0) as desk, Desk(desk.sandbox) as other:
        other.sign_in()
        users = [desk, other] if seats == 2 else [desk, desk]
        begun = time.monotonic()
        threads = [threading.Thread(target=one.read, args=("Account",)) for one in users]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
    assert (took >= 2.0) == (seats == 1)
