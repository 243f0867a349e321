"""The demo runs from nothing to answers."""

import os
from pathlib import Path

import duckdb
import pytest

from tests.cli.test_failures import acumatica

pytestmark = pytest.mark.slow


def test_the_demo(tmp_path: Path) -> None:
    env = {"DLT_DATA_DIR": str(tmp_path / "dlt"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    run = acumatica("demo", "--records", "1000", cwd=tmp_path, env=dict(os.environ) | env)
    assert run.returncode == 0, run.stdout + run.stderr
    for words in ("sales_order__details", "2nd sync", "Revenue by month", "Open receivables"):
        assert words in run.stdout
    with duckdb.connect(str(tmp_path / "acumatica_demo.duckdb")) as database:
        found = database.sql(
            "SELECT sum(debit_amount) = sum(credit_amount), count(*) FROM erp.ledger_transactions"
        ).fetchone()
    assert found is not None
    assert found[0]
    assert found[1] > 100
