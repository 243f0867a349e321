"""A real PostgreSQL as the destination: equal to the source after every sync, types included."""

import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox
from tests.postgres import Database
from tests.resources.runs import WAYS, run
from tests.resources.warehouse import by_identity, truth

ENTITIES = ("SalesOrder", "JournalTransaction")
TYPES: dict[type, set[str]] = {
    str: {"character varying", "text"},
    bool: {"boolean"},
    int: {"bigint", "integer", "smallint"},
    Decimal: {"numeric"},
    datetime: {"timestamp with time zone"},
    date: {"date"},
}
"""What PostgreSQL may keep a value of the source in."""
ELSEWHERE = "Asia/Kolkata"
"""A zone that instants must not be shifted by, however the server shows them."""


@pytest.fixture
def pipeline(postgres: Database, tmp_path: Path) -> dlt.Pipeline:
    """A pipeline into a database whose clock is not that of the source."""
    name = postgres.address.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} SET timezone TO '{ELSEWHERE}'")
    return dlt.pipeline(
        "test",
        destination="postgres",
        dataset_name="erp",
        pipelines_dir=str(tmp_path / "pipelines"),
    )


@pytest.mark.parametrize("way", WAYS)
def test_the_database_equals_the_source_after_every_sync(
    sandbox: Sandbox, pipeline: dlt.Pipeline, postgres: Database, way: str
) -> None:
    control = sandbox.control
    assert run(pipeline, sandbox, *ENTITIES, way=way).errors == ()
    assert_equal(postgres, sandbox)
    before = {entity: {row["id"] for row in control.rows(entity)} for entity in ENTITIES}
    control.advance(3_600)
    done = control.mutate(60, ENTITIES, seed=1)
    assert all(set(done[entity]) == {"update", "insert", "delete", "lines"} for entity in ENTITIES)
    second = run(pipeline, sandbox, *ENTITIES, way=way)
    assert second.errors == ()
    assert_equal(postgres, sandbox)
    for entity in ENTITIES:
        assert before[entity] - {row["id"] for row in control.rows(entity)}, "none was deleted"


def test_the_extremes_of_values_come_through(
    sandbox: Sandbox, pipeline: dlt.Pipeline, postgres: Database
) -> None:
    """All digits of decimals, the thousandths of instants, and any text but what ends one."""
    order = {
        name: sandbox.control.rows("SalesOrder")[0][name] for name in ("OrderType", "OrderNbr")
    }
    text = 'O\'Neil \\ "x"\t\n%s {} ä 漢 \U0001f600 \u200b'
    amounts = [Decimal("99999999999999999.999999"), Decimal("-0.000001"), Decimal("1E+12")]
    lines = [{"LineNbr": n + 1, "UnitPrice": one} for n, one in enumerate(amounts)]
    sandbox.control.put("SalesOrder", {**order, "Description": text, "Details": lines})
    assert run(pipeline, sandbox, "SalesOrder").errors == ()
    assert_equal(postgres, sandbox, ["SalesOrder"])
    found = postgres.rows("SELECT description FROM erp.sales_order")
    assert text in [row["description"] for row in found]


def test_the_command_loads_into_it(sandbox: Sandbox, postgres: Database, tmp_path: Path) -> None:
    credentials = "SOURCES__ACUMATICA__CREDENTIALS__"
    settings = {
        f"{credentials}BASE_URL": sandbox.base_url,
        f"{credentials}USERNAME": sandbox.username,
        f"{credentials}PASSWORD": sandbox.password,
        f"{credentials}TENANT": sandbox.tenant,
        **postgres.environment,
    }
    command = [str(Path(sys.executable).with_name("acumatica")), "sync", "Customer"]
    done = subprocess.run(
        [*command, "--destination", "postgres", "--dataset", "erp"],
        cwd=tmp_path,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert_equal(postgres, sandbox, ["Customer"])


def assert_equal(postgres: Database, sandbox: Sandbox, entities: Iterable[str] = ENTITIES) -> None:
    """Every record, child and value is in the database, in a type that fits, and nothing else."""
    for entity in entities:
        for table, expected in truth(sandbox, entity).items():
            found = postgres.rows(f'SELECT * FROM erp."{table}"')
            assert by_identity(table, found) == expected, table
            assert_types(postgres, table, expected.values())


def assert_types(postgres: Database, table: str, rows: Iterable[dict[str, Any]]) -> None:
    described = postgres.rows(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = 'erp' AND table_name = '{table}'"
    )
    types = {row["column_name"]: row["data_type"] for row in described}
    for row in rows:
        for name, value in row.items():
            assert types[name] in TYPES[type(value)], f"{table}.{name}"
