"""`acumatica sync` loads generic inquiries and data access classes by name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, EntityOptions, GenericInquiry
from acumatica_source.cli.choosing import Asked, chosen
from acumatica_source.source import connect, name_of
from tests.cli.test_failures import acumatica, assert_nothing_loaded, assert_refused, settings
from tests.conftest import credentials_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def erp() -> Iterator[Sandbox]:
    """A sandbox that these tests only read."""
    with Sandbox(SandboxOptions(records=400)) as running:
        yield running


def tables(file: Path) -> dict[str, int]:
    """Rows by table."""
    with duckdb.connect(str(file), read_only=True) as database:
        names = [row[2] for row in database.sql("SHOW ALL TABLES").fetchall()]
        return {name: len(database.table(f"erp.{name}")) for name in names if name[0] != "_"}


def sync(sandbox: Sandbox, cwd: Path, *arguments: str) -> str:
    env = settings(sandbox) | {
        "DLT_DATA_DIR": str(cwd / "dlt"),
        "XDG_CACHE_HOME": str(cwd / "cache"),
    }
    run = acumatica("sync", *arguments, "--duckdb", "w.duckdb", cwd=cwd, env=env)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def said_of(said: str, table: str) -> int:
    """Rows loaded by the table that a sync prints at its end."""
    (line,) = (line for line in said.splitlines() if line.split()[:1] == [table])
    return int(line.split()[1].replace(",", ""))


def test_what_is_named_is_loaded_and_shown_like_an_entity(erp: Sandbox, tmp_path: Path) -> None:
    names = ("--inquiry", "BI-Customers", "--inquiry", "Sales Orders", "--dac", "SOLine")
    said = sync(erp, tmp_path, *names, "--dac", "SOOrder")
    orders = len(erp.control.rows("SalesOrder"))
    found = tables(tmp_path / "w.duckdb")
    assert set(found) == {"bi_customers", "sales_orders", "so_line", "so_order"}
    assert found["so_order"] == orders
    assert {name: said_of(said, name) for name in found} == found
    again = sync(erp, tmp_path, *names, "--dac", "SOOrder")
    assert said_of(again, "bi_customers") == found["bi_customers"]
    assert said_of(again, "so_order") < orders / 4, "only what may have changed"
    full = sync(erp, tmp_path, "--dac", "SOOrder", "--full")
    assert said_of(full, "so_order") == orders
    assert tables(tmp_path / "w.duckdb") == found


def test_parameters_reach_an_inquiry(erp: Sandbox, tmp_path: Path) -> None:
    values = [row["DefaultWarehouseID"] for row in erp.control.rows("StockItem")]
    value = next(one for one in values if one)
    said = sync(
        erp, tmp_path, "--inquiry", "DB-StorageDetails", "--parameter", f"Warehouse={value}"
    )
    assert said_of(said, "db_storage_details") == values.count(value) > 0


def test_an_inquiry_without_its_parameters_fails(erp: Sandbox, tmp_path: Path) -> None:
    run = acumatica("sync", "--inquiry", "DB-StorageDetails", cwd=tmp_path, env=settings(erp))
    assert_refused(run, "takes parameters (Warehouse)", "--parameter Warehouse=VALUE")


def test_one_name_for_several_things(erp: Sandbox, tmp_path: Path) -> None:
    for _ in range(2):
        said = sync(erp, tmp_path, "Customer", "--dac", "Customer")
    found = tables(tmp_path / "w.duckdb")
    assert {"customer", "customer_dac"} <= set(found)
    assert said_of(said, "customer_dac") < found["customer"] / 4
    assert found["customer"] == found["customer_dac"] == len(erp.control.rows("Customer"))


def test_unknown_names_are_refused_before_anything_is_loaded(erp: Sandbox, tmp_path: Path) -> None:
    env = settings(erp)
    for option, name, near in (
        ("--inquiry", "BI-Custmers", "BI-Customers"),
        ("--dac", "SOOrdr", "SOOrder"),
    ):
        run = acumatica("sync", "Account", option, name, cwd=tmp_path, env=env)
        assert_refused(run, name, f"Did you mean {near}")
    run = acumatica("sync", "BI-Customers", cwd=tmp_path, env=env)
    assert_refused(run, "has no entity 'BI-Customers'", "--inquiry")
    assert_nothing_loaded(tmp_path / "acumatica.duckdb")
    assert erp.control.counters()["seats_now"] == 0


def test_what_may_not_be_read_fails_alone(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=50, dac_role=False)) as sandbox:
        names = ("Ledger", "--dac", "SOOrder", "--duckdb", "w.duckdb")
        run = acumatica("sync", *names, cwd=tmp_path, env=settings(sandbox))
    assert_refused(run, "SOOrder: failed", "OData4 User")
    assert tables(tmp_path / "w.duckdb")["ledger"] > 0


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(inquiries=("Sales Orders",)), [GenericInquiry("Sales Orders")]),
        (Asked(classes=("SOOrder",), full=True), [DacTable("SOOrder", full=True)]),
        (
            Asked(entities=("Bill", "Bill"), classes=("SOOrder", "SOOrder")),
            [EntityOptions("Bill"), DacTable("SOOrder")],
        ),
        (Asked(classes=("Customer",)), [DacTable("Customer", table_name="Customer_dac")]),
        (
            Asked(inquiries=("Sales Order",)),
            [GenericInquiry("Sales Order", table_name="Sales Order_inquiry")],
        ),
        (
            Asked(inquiries=("Same",), classes=("Same",)),
            [
                GenericInquiry("Same", table_name="Same_inquiry"),
                DacTable("Same", table_name="Same_dac"),
            ],
        ),
    ],
    ids=["inquiry", "full class", "twice", "class and entity", "alike", "class and inquiry"],
)
def test_names_become_loads(erp: Sandbox, asked: Asked, expected: list[Any]) -> None:
    instance = connect(credentials_of(erp), "Default", None, 2, None)
    assert chosen(instance, asked) == (expected, [])


def test_everything_means_every_entity_and_what_is_named(erp: Sandbox) -> None:
    instance = connect(credentials_of(erp), "Default", None, 2, None)
    loads, skipped = chosen(instance, Asked(everything=True, inquiries=("BI-Customers",)))
    names = [name_of(load) for load in loads]
    assert "Sales Orders" not in names
    assert names[-1] == "BI-Customers"
    assert {"SalesOrder", "Customer"} <= set(names)
    assert skipped
