"""Reading ahead keeps order, stays within its depth, hands errors on and ends its source."""

import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from acumatica_source.paging.read_ahead import ReadAhead


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_items_keep_their_order(executor: ThreadPoolExecutor) -> None:
    with ReadAhead(executor, (n for n in range(100)), depth=3) as ahead:
        assert list(ahead) == list(range(100))


def test_more_sources_than_workers_all_get_through(executor: ThreadPoolExecutor) -> None:
    sources = [ReadAhead(executor, (n for n in range(20)), depth=2) for _ in range(8)]
    assert [list(source) for source in reversed(sources)] == [list(range(20))] * 8


def test_a_full_buffer_holds_the_source_back(executor: ThreadPoolExecutor) -> None:
    made = 0

    def source() -> Generator[int, None, None]:
        nonlocal made
        while True:
            made += 1
            yield made

    with ReadAhead(executor, source(), depth=3) as ahead:
        next(ahead)
        deadline = time.monotonic() + 2
        while made < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        assert made == 4  # one taken, three waiting


def test_an_error_comes_after_the_items_before_it(executor: ThreadPoolExecutor) -> None:
    def source() -> Generator[int, None, None]:
        yield 1
        raise LookupError("gone")

    ahead = ReadAhead(executor, source(), depth=5)
    assert next(ahead) == 1
    with pytest.raises(LookupError, match="gone"):
        next(ahead)


def test_closing_early_ends_the_source(executor: ThreadPoolExecutor) -> None:
    ended = threading.Event()

    def source() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    with ReadAhead(executor, source(), depth=2) as ahead:
        next(ahead)
    assert ended.is_set()
