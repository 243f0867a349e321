"""Puts faults back that were mended, to see that tests find them: PUT_BACK=no_lag,no_overlap."""

import os

import pytest

from tests.resources.mended_faults import put_back


@pytest.fixture(autouse=True)
def faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faults that are asked for."""
    for name in filter(None, os.environ.get("PUT_BACK", "").split(",")):
        put_back(name, monkeypatch)
