"""One history after the other, each in a folder and a destination of its own."""

import os
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import pytest

from tests.postgres import Database
from tests.soak.faults import FAULTS
from tests.soak.histories import history_of
from tests.soak.places import Place
from tests.soak.played import play

SERVER = "SOAK_POSTGRES"
"""The address of a PostgreSQL server, in the environment; without it, histories in PostgreSQL are
left out."""


class LeftOut(Exception):
    """The history cannot be played here."""


def attempt(seed: int, number: int, fault: str | None = None) -> str | None:
    """Play a history in this process; what went wrong, or None.

    Raises:
        LeftOut: there is no PostgreSQL to play it in.
    """
    history = history_of(seed, number)
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as name,
        _place(history.setting.destination, Path(name)) as place,
        _environment(Path(name)),
        pytest.MonkeyPatch.context() as patching,
    ):
        if fault is not None:
            FAULTS[fault](patching.setattr)
        try:
            play(history, place, Path(name), fault)
        except Exception as error:
            return "".join(traceback.format_exception(error))
    return None


@contextmanager
def _place(kind: str, folder: Path) -> Iterator[Place]:
    if kind != "postgres":
        yield Place(kind, str(folder / ("soak.duckdb" if kind == "duckdb" else "lake")))
        return
    address = os.environ.get(SERVER)
    if address is None:
        raise LeftOut
    server, name = Database(address), f"soak_{uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    try:
        yield Place(kind, f"{address.rpartition('/')[0]}/{name}")
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Keep dlt's folders, caches and settings of this machine out of it."""
    own = {
        "DLT_DATA_DIR": str(folder / "dlt"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }
    with patch.dict(os.environ, own):
        yield
