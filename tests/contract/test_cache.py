import os
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from acumatica_source.contract.cache import ContractAddress, ContractCache, default_directory
from acumatica_source.contract.edmx import parse_edmx
from acumatica_source.contract.errors import ContractError, UnsupportedContract
from tests.contract.documents import contract_document, encoded
from tests.contract.test_edmx import V4

ADDRESS = ContractAddress(
    instance="https://erp.example.com/Site",
    tenant="Company",
    build="25.093.0036",
    endpoint="Default",
    version="24.200.001",
)


class Instance:
    """Counts how often its contract is fetched."""

    def __init__(self, field: str = "A", version: str = "4") -> None:
        self.body = encoded(contract_document({"Order": {field: "StringValue"}}, version=version))
        self.fetched = 0

    def fetch(self) -> bytes:
        self.fetched += 1
        return self.body


def test_a_contract_is_fetched_once(tmp_path: Path) -> None:
    instance = Instance()
    first = ContractCache(tmp_path / "new").contract(ADDRESS, instance.fetch)
    second = ContractCache(tmp_path / "new").contract(ADDRESS, instance.fetch)
    assert first == second
    assert instance.fetched == 1
    assert [p.suffix for p in (tmp_path / "new").iterdir()] == [".json"]


@pytest.mark.parametrize(
    "changed",
    [
        {"build": "26.101.0225"},
        {"endpoint": "Other"},
        {"version": "23.200.001"},
        {"tenant": "Other"},
        {"instance": "https://other.example.com"},
    ],
    ids=["build", "endpoint", "version", "tenant", "instance"],
)
def test_another_address_has_another_contract(tmp_path: Path, changed: dict[str, str]) -> None:
    cache = ContractCache(tmp_path)
    cache.contract(ADDRESS, Instance("A").fetch)
    other = cache.contract(replace(ADDRESS, **changed), Instance("B").fetch)
    assert other.entities["Order"].shape.fields[0].name == "B"


def test_feeds_are_fetched_once_and_come_back_whole(tmp_path: Path) -> None:
    fetched: list[bytes] = []

    def fetch() -> bytes:
        fetched.append(V4)
        return V4

    first = ContractCache(tmp_path).feeds(ADDRESS, fetch)
    second = ContractCache(tmp_path).feeds(ADDRESS, fetch)
    assert first == second == parse_edmx(V4)
    assert len(fetched) == 1
    (file,) = tmp_path.iterdir()
    for broken in (b"{", b"[1]", b'[[["A"],"T",[],[],[["F","colour"]],[]]]'):
        file.write_bytes(broken)
        assert ContractCache(tmp_path).feeds(ADDRESS, fetch) == first
    assert len(fetched) == 4


def test_an_old_contract_is_fetched_again(tmp_path: Path) -> None:
    instance = Instance()
    cache = ContractCache(tmp_path, max_age=timedelta(hours=1))
    cache.contract(ADDRESS, instance.fetch)
    (path,) = tmp_path.iterdir()
    os.utime(path, (time.time() - 3601,) * 2)
    cache.contract(ADDRESS, instance.fetch)
    assert instance.fetched == 2


def test_a_forgotten_contract_is_fetched_again(tmp_path: Path) -> None:
    instance = Instance()
    cache = ContractCache(tmp_path)
    cache.forget(ADDRESS)
    cache.contract(ADDRESS, instance.fetch)
    cache.forget(ADDRESS)
    cache.contract(ADDRESS, instance.fetch)
    assert instance.fetched == 2


@pytest.mark.parametrize("kept", [b"", b"{", b"\x80\x04pickle", b'{"openapi":"3.0.1"}'])
def test_a_broken_file_is_replaced(tmp_path: Path, kept: bytes) -> None:
    instance = Instance()
    (tmp_path / ADDRESS.file_name).write_bytes(kept)
    ContractCache(tmp_path).contract(ADDRESS, instance.fetch)
    ContractCache(tmp_path).contract(ADDRESS, instance.fetch)
    assert instance.fetched == 1


def test_where_nothing_can_be_written_it_is_fetched_every_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    instance = Instance()
    cache = ContractCache(blocked / "cache")
    for _ in range(2):
        assert cache.contract(ADDRESS, instance.fetch).endpoint == "Test"
    cache.forget(ADDRESS)
    assert instance.fetched == 2


@pytest.mark.parametrize(
    ("instance", "error"),
    [(Instance(version="3"), UnsupportedContract)],
    ids=["unsupported"],
)
def test_what_is_not_understood_is_not_kept(
    tmp_path: Path, instance: Instance, error: type[ContractError]
) -> None:
    with pytest.raises(error):
        ContractCache(tmp_path).contract(ADDRESS, instance.fetch)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other customs there")
def test_the_default_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_directory() == Path("/caches/acumatica-source/contracts")


@pytest.mark.skipif(os.name == "nt", reason="permissions differ there")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    ContractCache(tmp_path / "c").contract(ADDRESS, Instance().fetch)
    (path,) = (tmp_path / "c").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "c").stat().st_mode & 0o077 == 0
    assert "example" not in path.name
