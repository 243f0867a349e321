"""`acumatica reconcile` says by its exit code whether source and destination are equal."""

import json
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from acumatica_sandbox import Sandbox
from tests.cli.test_failures import acumatica, settings

pytestmark = pytest.mark.slow


def test_differences_are_printed_and_mended(sandbox: Sandbox, tmp_path: Path) -> None:
    env = settings(sandbox) | {"COLUMNS": "200"}
    where = ("Vendor", "--duckdb", "w.duckdb")
    assert acumatica("sync", *where, cwd=tmp_path, env=env).returncode == 0
    same = acumatica("reconcile", *where, cwd=tmp_path, env=env)
    assert (same.returncode, same.stderr) == (0, "")
    assert "equal" in same.stdout
    with closing(duckdb.connect(str(tmp_path / "w.duckdb"))) as database:
        (gone,) = database.execute(
            "DELETE FROM erp.vendor WHERE id = (SELECT min(id) FROM erp.vendor) RETURNING id"
        ).fetchall()
    differs = acumatica("reconcile", *where, cwd=tmp_path, env=env)
    assert differs.returncode == 1
    assert "vendor: missing" in differs.stdout
    assert gone[0] in differs.stdout
    told = acumatica("reconcile", *where, "--digest", "--json", cwd=tmp_path, env=env)
    assert told.returncode == 1
    (table,) = json.loads(told.stdout)
    assert (table["table"], table["equal"], table["mended"]) == ("vendor", False, False)
    assert [row["id"] for row in table["missing"]] == [gone[0]]
    assert table["stale"] == table["extra"] == table["doubled"] == table["different"] == []
    mended = acumatica("reconcile", *where, "--repair", cwd=tmp_path, env=env)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert "mended" in mended.stdout
    assert acumatica("reconcile", *where, "--digest", cwd=tmp_path, env=env).returncode == 0
