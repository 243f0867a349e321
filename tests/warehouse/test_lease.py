"""At most one writes to a dataset, whoever starts when."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import dlt
import pytest

from acumatica_source.warehouse import lease
from acumatica_source.warehouse.entries import Entry, entries_of
from acumatica_source.warehouse.lease import AnotherWriter, LeaseLost, leased, this_process
from tests.postgres import Database
from tests.warehouse.conftest import PipelineMaker

SITE, TENANT = "https://erp.example.com/Site", "Company"


def entries(pipeline: dlt.Pipeline) -> list[Entry]:
    with entries_of(pipeline) as found:
        assert found is not None
        return [one.entry for one in found.read()]


def left_behind(pipeline: dlt.Pipeline, process: str) -> None:
    """A writer that was killed has not taken its row out."""
    with entries_of(pipeline) as found:
        assert found is not None
        found.add(Entry("writer", "left", SITE, TENANT, process=process))


def ended_process() -> str:
    """A process of this host that does not run any more, as rows name it."""
    ended = subprocess.run(
        [sys.executable, "-c", f"from {lease.__name__} import *; print(this_process())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def test_a_lease_is_there_while_it_is_held(pipelines: PipelineMaker) -> None:
    pipeline = pipelines("first")
    with leased(pipeline, SITE, TENANT) as held:
        held.check()
        assert [(one.kind, one.process) for one in entries(pipeline)] == [
            ("writer", this_process())
        ]
    assert entries(pipeline) == []


def test_it_is_given_back_whatever_happens(pipelines: PipelineMaker) -> None:
    pipeline = pipelines("first")
    with pytest.raises(KeyboardInterrupt), leased(pipeline, SITE, TENANT):
        raise KeyboardInterrupt
    assert entries(pipeline) == []


def test_somebody_else_is_refused_and_told_who(pipelines: PipelineMaker) -> None:
    with leased(pipelines("first"), SITE, TENANT):
        started = time.monotonic()
        with pytest.raises(AnotherWriter) as refused, leased(pipelines("second"), SITE, TENANT):
            raise AssertionError("two at once")
        assert time.monotonic() - started < 15
        words = str(refused.value)
        assert all(part in words for part in (this_process(), TENANT, SITE, "Wait until it is"))
    with leased(pipelines("second"), SITE, TENANT):
        pass


def test_a_writer_that_has_ended_on_this_host_holds_nobody_up(pipelines: PipelineMaker) -> None:
    pipeline = pipelines("first")
    left_behind(pipeline, ended_process())
    with leased(pipeline, SITE, TENANT):
        assert len(entries(pipeline)) == 1, "its row is gone"


@pytest.fixture
def short_lived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that expire within seconds rather than minutes."""
    monkeypatch.setattr(lease, "BEAT", 0.4)
    monkeypatch.setattr(lease, "EXPIRY", 2.0)
    monkeypatch.setattr(lease, "_JUST_NOW", 0.2)


@pytest.mark.usefixtures("short_lived")
def test_a_writer_of_another_host_is_waited_for_until_it_expires(postgres: Database) -> None:
    """It has not renewed its row for a while, so it was killed."""
    pipeline = dlt.pipeline("first", destination="postgres", dataset_name="erp")
    left_behind(pipeline, "process 1 on elsewhere")
    with pytest.raises(AnotherWriter), leased(pipeline, SITE, TENANT):
        raise AssertionError("it may still be at work")
    time.sleep(1)
    with leased(pipeline, SITE, TENANT):
        pass
    assert entries(pipeline) == []


@pytest.mark.usefixtures("short_lived")
def test_a_lease_is_renewed_for_as_long_as_it_is_held(postgres: Database) -> None:
    first = dlt.pipeline("first", destination="postgres", dataset_name="erp")
    second = dlt.pipeline("second", destination="postgres", dataset_name="erp")
    with leased(first, SITE, TENANT) as held:
        time.sleep(3)
        with pytest.raises(AnotherWriter), leased(second, SITE, TENANT):
            raise AssertionError("two at once")
        held.check()


@pytest.mark.usefixtures("short_lived")
def test_who_stood_still_while_somebody_took_over_does_not_go_on(postgres: Database) -> None:
    pipeline = dlt.pipeline("first", destination="postgres", dataset_name="erp")
    with leased(pipeline, SITE, TENANT) as held:
        postgres.execute("DELETE FROM erp._acumatica")
        left_behind(pipeline, "process 1 on elsewhere")
        time.sleep(1)
        with pytest.raises(LeaseLost, match="process 1 on elsewhere took the dataset over"):
            held.check()


@pytest.mark.slow
def test_of_two_that_start_at_once_never_both_go_on(postgres: Database) -> None:
    """Not even when there is no table yet: fifty times, each of them a start on two hosts."""
    pipelines = [
        dlt.pipeline(name, destination="postgres", dataset_name="erp") for name in ("a", "b")
    ]
    for one in pipelines:
        one.destination_client()  # loads what a first use loads
    inside, most, went_on = 0, 0, 0
    lock = threading.Lock()

    def start(pipeline: dlt.Pipeline, barrier: threading.Barrier) -> None:
        nonlocal inside, most, went_on
        barrier.wait()
        with suppress(AnotherWriter), leased(pipeline, SITE, TENANT):
            with lock:
                inside += 1
                most = max(most, inside)
                went_on += 1
            time.sleep(0.05)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(2) as threads:
        for round_number in range(50):
            if round_number % 10 == 0:
                postgres.execute("DROP TABLE IF EXISTS erp._acumatica")
            barrier = threading.Barrier(2)
            for done in [threads.submit(start, one, barrier) for one in pipelines]:
                done.result()
    assert most == 1
    assert went_on >= 45, "one of them does, but for rare chances"
