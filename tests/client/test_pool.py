import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from acumatica_source.client import errors
from acumatica_source.client.pool import SeatBudget, SessionPool
from acumatica_source.client.session import Credentials, Session

from .conftest import FAST
from .server import Reply, ScriptedServer, Seen, data, failure


class Licence:
    """Gives out so many seats, and no more."""

    def __init__(self, server: ScriptedServer, seats: int) -> None:
        self.seats, self.given = seats, 0
        self.open: set[str] = set()
        server.on_login, server.on_logout = self.login, self.logout

    @property
    def taken(self) -> int:
        return len(self.open)

    def login(self, seen: Seen) -> Reply:
        if self.taken >= self.seats:
            return failure("API Login Limit")
        self.given += 1
        self.open.add(f"ASP.NET_SessionId=s{self.given}")
        return Reply(204, headers={"Set-Cookie": f"ASP.NET_SessionId=s{self.given}; path=/"})

    def logout(self, seen: Seen) -> Reply:
        self.open.discard(seen.headers["cookie"])
        return Reply(204)

    def give_away(self, cookie: str) -> None:
        """End a session, and let somebody else have its seat."""
        self.open.remove(cookie)
        self.open.add("somebody else's")

    def check(self, seen: Seen) -> Reply:
        """Know the open sessions only; take long enough that all are used."""
        time.sleep(0.05)
        return data([]) if seen.headers["cookie"] in self.open else Reply(401)


def together(count: int, work: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_seats_are_taken_as_needed_and_all_given_back(
    server: ScriptedServer, credentials: Credentials
) -> None:
    licence = Licence(server, 5)
    with SessionPool(credentials, SeatBudget(sessions=3), FAST) as pool:
        assert server.logins == 0
        for _ in range(3):
            with pool.seat() as session:
                session.get_bytes("entity")
        assert server.logins == 1
        gate = threading.Barrier(3)

        def work() -> bytes:
            with pool.seat() as session:
                gate.wait(5)
                return session.get_bytes("entity").content

        assert together(3, work) == [b"[]"] * 3
        assert pool.seats_open == licence.taken == 3
        assert pool.requests_made == len(server.seen)
    assert licence.taken == 0
    assert server.logouts == 3


def test_one_thread_per_seat(server: ScriptedServer, credentials: Credentials) -> None:
    running: dict[str, int] = {}
    clashes: list[str] = []

    def script(seen: Seen) -> Reply:
        name = seen.headers["cookie"]
        running[name] = running.get(name, 0) + 1
        if running[name] > 1:
            clashes.append(name)
        time.sleep(0.002)
        running[name] -= 1
        return data([])

    server.script = script
    with SessionPool(credentials, SeatBudget(sessions=3), FAST) as pool:

        def work() -> None:
            for _ in range(10):
                with pool.seat() as session:
                    session.get_bytes("entity")

        together(8, work)
    assert len(running) <= 3
    assert not clashes
    assert len(server.reads) == 80
    assert server.logins == server.logouts == len(running)


def test_fewer_seats_than_declared_are_enough(
    server: ScriptedServer, credentials: Credentials, caplog: Any
) -> None:
    licence = Licence(server, 1)
    with SessionPool(credentials, SeatBudget(sessions=4), FAST) as pool:

        def work() -> bytes:
            with pool.seat() as session:
                time.sleep(0.05)
                return session.get_bytes("entity").content

        assert together(4, work) == [b"[]"] * 4
        assert pool.seats_open == 1
    assert licence.taken == 0
    assert "going on with 1 of 4" in caplog.text


def test_without_any_seat_it_waits(
    server: ScriptedServer, credentials: Credentials, caplog: Any
) -> None:
    licence = Licence(server, 0)
    threading.Timer(0.5, lambda: setattr(licence, "seats", 2)).start()
    with (
        SessionPool(credentials, SeatBudget(wait_seconds=20), FAST) as pool,
        pool.seat() as session,
    ):
        session.get_bytes("entity")
    assert "waiting up to" in caplog.text
    assert licence.taken == 0


def test_it_waits_no_longer_than_it_may(server: ScriptedServer, credentials: Credentials) -> None:
    Licence(server, 0)
    begun = time.monotonic()
    with SessionPool(credentials, SeatBudget(wait_seconds=0.3), FAST) as pool:
        results = together(3, lambda: pool.run(lambda session: session.get_bytes("entity")))
    assert all(isinstance(result, errors.SeatLimitReached) for result in results)
    assert time.monotonic() - begun < 10


def test_work_of_a_lost_seat_is_done_with_another(
    server: ScriptedServer, credentials: Credentials
) -> None:
    licence = Licence(server, 2)
    server.script = licence.check
    with SessionPool(credentials, SeatBudget(sessions=2, wait_seconds=0), FAST) as pool:
        with pool.seat(), pool.seat():
            pass
        licence.give_away("ASP.NET_SessionId=s2")
        answers = together(6, lambda: pool.run(lambda session: session.get_bytes("entity").content))
        assert answers == [b"[]"] * 6
        assert pool.seats_open == 1
    assert licence.open == {"somebody else's"}


def test_the_last_seat_is_waited_for_when_it_is_lost(
    server: ScriptedServer, credentials: Credentials
) -> None:
    licence = Licence(server, 1)
    server.script = licence.check
    with SessionPool(credentials, SeatBudget(sessions=2, wait_seconds=20), FAST) as pool:
        with pool.seat():
            licence.give_away("ASP.NET_SessionId=s1")
        threading.Timer(0.3, licence.open.clear).start()
        assert pool.run(lambda session: session.get_bytes("entity").content) == b"[]"
    assert licence.taken == 0


def test_a_session_that_only_seems_to_have_ended_takes_no_second_seat(
    server: ScriptedServer, credentials: Credentials
) -> None:
    licence = Licence(server, 2)
    replies = [Reply(401), data([]), Reply(302, headers={"Location": "/Login.aspx"}), data([])]
    server.script = lambda seen: replies.pop(0)
    with Session(credentials, FAST) as session:
        for _ in range(2):
            session.get_bytes("entity")
            assert licence.taken == 1
    assert licence.taken == 0


def test_a_refused_sign_in_is_told_to_everyone(
    server: ScriptedServer, credentials: Credentials
) -> None:
    server.on_login = lambda seen: failure("Invalid credentials")
    with SessionPool(credentials, SeatBudget(sessions=3), FAST) as pool:
        for _ in range(2):
            results = together(4, lambda: pool.run(lambda session: session.get_bytes("entity")))
            assert all(isinstance(result, errors.InvalidCredentials) for result in results)
    assert server.logins == 1  # more of them lock the account


def test_closing_wakes_those_who_wait(server: ScriptedServer, credentials: Credentials) -> None:
    pool = SessionPool(credentials, SeatBudget(sessions=1), FAST)
    with pool.seat():
        waiting = threading.Thread(target=lambda: together(1, lambda: pool.run(Session.login)))
        waiting.start()
        time.sleep(0.05)
        pool.close()
        waiting.join(5)
        assert not waiting.is_alive()
    assert server.logins == server.logouts == 1
    with pytest.raises(errors.ConfigurationError, match="closed"), pool.seat():
        pass


@contextlib.contextmanager
def borrowed(pool: SessionPool) -> Iterator[None]:
    """Keep a seat of the pool in another thread."""
    has, enough = threading.Event(), threading.Event()

    def keep() -> None:
        with pool.seat():
            has.set()
            enough.wait(20)

    thread = threading.Thread(target=keep)
    thread.start()
    assert has.wait(20)
    yield
    enough.set()
    thread.join()


def test_sessions_and_requests_are_counted_until_the_end(
    server: ScriptedServer, credentials: Credentials
) -> None:
    pool = SessionPool(credentials, SeatBudget(sessions=2), FAST)
    assert (pool.seats_open, pool.requests_made) == (0, 0)
    with borrowed(pool), borrowed(pool):
        assert (pool.seats_open, pool.requests_made) == (2, 2)
    pool.run(lambda session: session.get_bytes("entity"))
    assert (pool.seats_open, pool.requests_made) == (2, 3)
    pool.close()
    assert (pool.seats_open, pool.requests_made) == (0, 3)


def test_requests_of_refused_sign_ins_are_counted(
    server: ScriptedServer, credentials: Credentials
) -> None:
    server.on_login = lambda seen: failure("Invalid credentials")
    with SessionPool(credentials, None, FAST) as pool:
        together(1, lambda: pool.run(Session.login))
        assert (pool.seats_open, pool.requests_made) == (0, 1)


def test_a_lost_session_is_done_without_and_its_requests_are_counted(
    server: ScriptedServer, credentials: Credentials
) -> None:
    licence = Licence(server, 3)
    server.script = licence.check
    with SessionPool(credentials, SeatBudget(sessions=3, wait_seconds=20), FAST) as pool:
        with borrowed(pool), borrowed(pool), borrowed(pool):
            pass
        licence.give_away("ASP.NET_SessionId=s3")
        begun = time.monotonic()
        for _ in range(2):
            answers = together(6, lambda: pool.run(lambda one: one.get_bytes("entity").content))
            assert answers == [b"[]"] * 6
        assert time.monotonic() - begun < 10, "nobody waits for a seat while there is another"
        assert server.logins == 4, "one more than the seats: to get the lost one back"
        assert pool.seats_open == 2
        assert pool.requests_made == len(server.seen)


def test_the_only_seat_is_waited_for_no_longer_than_allowed(
    server: ScriptedServer, credentials: Credentials
) -> None:
    licence = Licence(server, 1)
    server.script = licence.check
    with SessionPool(credentials, SeatBudget(wait_seconds=0.2), FAST) as pool:
        with pool.seat():
            licence.give_away("ASP.NET_SessionId=s1")
        tries = [0]

        def work(session: Session) -> bytes:
            tries[0] += 1
            return session.get_bytes("entity").content

        (result,) = together(1, lambda: pool.run(work))
        assert isinstance(result, errors.SeatLimitReached)
        assert tries == [1]


def test_when_all_seats_are_lost_the_last_is_waited_for(
    server: ScriptedServer, credentials: Credentials
) -> None:
    licence = Licence(server, 2)
    server.script = licence.check
    with SessionPool(credentials, SeatBudget(sessions=2, wait_seconds=20), FAST) as pool:
        with borrowed(pool), borrowed(pool):
            pass
        licence.open = {"somebody else's", "another's"}
        threading.Timer(0.3, licence.open.clear).start()
        both = threading.Barrier(2)

        def work(session: Session) -> bytes:
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(0.5)
            return session.get_bytes("entity").content

        assert together(2, lambda: pool.run(work)) == [b"[]"] * 2
        assert pool.seats_open == 1
    assert licence.taken == 0


def test_a_further_seat_is_not_asked_for_again_at_once(
    server: ScriptedServer, credentials: Credentials, monkeypatch: Any, caplog: Any
) -> None:
    licence = Licence(server, 1)
    with SessionPool(credentials, SeatBudget(sessions=2), FAST) as pool:

        def second() -> float:
            """Ask for another seat than the one in use; the time until it came."""
            waiting = threading.Thread(target=lambda: pool.run(lambda session: None))
            begun = time.monotonic()
            with borrowed(pool):
                waiting.start()
                waiting.join(0.3)
            waiting.join(20)
            return time.monotonic() - begun

        assert second() >= 0.3, "it came when the first was given back"
        assert server.logins == 2
        assert "no further API session; going on with 1 of 2" in caplog.text
        licence.seats = 2
        assert second() >= 0.3
        assert server.logins == 2, "the licence said no less than a minute ago"
        moved = time.monotonic() + 60
        monkeypatch.setattr(time, "monotonic", lambda: moved)
        with borrowed(pool), borrowed(pool):
            assert pool.seats_open == 2
    assert licence.taken == 0


def test_while_it_waits_it_tries_every_second_and_at_the_end(
    server: ScriptedServer, credentials: Credentials
) -> None:
    Licence(server, 0)
    begun = time.monotonic()
    with SessionPool(credentials, SeatBudget(wait_seconds=1.3), FAST) as pool:
        (result,) = together(1, lambda: pool.run(Session.login))
    assert isinstance(result, errors.SeatLimitReached)
    assert time.monotonic() - begun >= 1.3
    assert server.logins == 3


def test_it_waits_as_long_as_the_server_asks_for(
    server: ScriptedServer, credentials: Credentials
) -> None:
    no = failure("API Login Limit")
    no.headers["Retry-After"] = "2"
    server.on_login = lambda seen: no
    with SessionPool(credentials, SeatBudget(wait_seconds=1.3), FAST) as pool:
        together(1, lambda: pool.run(Session.login))
    assert server.logins == 2


def test_others_may_try_after_a_sign_in_that_failed(
    server: ScriptedServer, credentials: Credentials
) -> None:
    server.on_login = lambda seen: Reply(502)
    with SessionPool(credentials, SeatBudget(sessions=1), FAST) as pool:
        (refused,) = together(1, lambda: pool.run(Session.login))
        assert isinstance(refused, errors.ServerUnavailable)
        server.on_login = None
        assert together(2, lambda: pool.run(lambda s: s.get_bytes("entity").content)) == [b"[]"] * 2
        assert pool.seats_open == 1


def test_a_session_that_comes_after_closing_is_signed_out_again(
    server: ScriptedServer, credentials: Credentials
) -> None:
    pool = SessionPool(credentials, None, FAST)

    def login(seen: Seen) -> Reply:
        pool.close()
        return Reply(204, headers={"Set-Cookie": "ASP.NET_SessionId=late; path=/"})

    server.on_login = login
    (result,) = together(1, lambda: pool.run(Session.login))
    assert isinstance(result, errors.ConfigurationError)
    assert server.logouts == 1
    assert pool.seats_open == 0
    assert pool.requests_made == 1


def test_no_more_sessions_than_declared(server: ScriptedServer, credentials: Credentials) -> None:
    with SessionPool(credentials, SeatBudget(sessions=2), FAST) as pool:
        with borrowed(pool), borrowed(pool):
            third = threading.Thread(target=lambda: pool.run(lambda session: None))
            third.start()
            third.join(0.2)
            assert third.is_alive()
            assert server.logins == 2
        third.join(20)
        assert not third.is_alive()
        assert server.logins == 2


def test_requests_at_once_are_limited(server: ScriptedServer, credentials: Credentials) -> None:
    running, most, lock = [0], [0], threading.Lock()

    def script(seen: Seen) -> Reply:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return data([])

    server.script = script
    budget = SeatBudget(sessions=4, concurrent_requests=2)
    with SessionPool(credentials, budget, FAST) as pool:
        together(8, lambda: pool.run(lambda session: session.get_bytes("entity")))
    assert most[0] == 2


def test_requests_per_minute_are_limited(
    server: ScriptedServer, credentials: Credentials, monkeypatch: Any
) -> None:
    from acumatica_source.client import quota

    monkeypatch.setattr(quota, "_MINUTE", 0.5)
    budget = SeatBudget(sessions=2, requests_per_minute=5)
    begun = time.monotonic()
    with SessionPool(credentials, budget, FAST) as pool:
        together(12, lambda: pool.run(lambda session: session.get_bytes("entity")))
    assert len(server.reads) == 12
    assert time.monotonic() - begun > 0.9


@pytest.mark.parametrize(
    "arguments",
    [
        {"sessions": 0},
        {"sessions": None},
        {"concurrent_requests": 0},
        {"requests_per_minute": -1},
        {"wait_seconds": -1},
    ],
)
def test_wrong_budgets_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigurationError):
        SeatBudget(**arguments)
