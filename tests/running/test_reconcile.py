"""`reconcile` tells each row that is not as at the source, and mends it."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import DacTable, GenericInquiry, LedgerTransactions, run
from acumatica_source.reading.findings import NO_KEY, FoundRow
from acumatica_source.reading.terms import LoadingTerms, OnDelete
from acumatica_source.running.reconcile import Reconciled, reconcile
from acumatica_source.source import Load, connect
from tests.conftest import credentials_of, pipeline_in
from tests.resources.warehouse import assert_equal

pytestmark = pytest.mark.slow

CLASS = DacTable("SOOrder")
LOADS: list[Load] = ["SalesOrder", "Vendor", CLASS, LedgerTransactions()]


@pytest.fixture(scope="module")
def site() -> Iterator[Sandbox]:
    """One emulated ERP for all; each test leaves it as its own warehouse is."""
    with Sandbox(SandboxOptions(records=300, license="unlimited")) as running:
        yield running


@pytest.fixture
def loaded(site: Sandbox, tmp_path: Path) -> dlt.Pipeline:
    """A pipeline whose dataset is as the site is."""
    pipeline = pipeline_in(tmp_path)
    run(pipeline, LOADS, credentials=credentials_of(site)).raise_on_failure()
    return pipeline


def look(pipeline: dlt.Pipeline, site: Sandbox, load: list[Load], **how: Any) -> list[Reconciled]:
    instance = connect(credentials_of(site), "Default", None, 2, None)
    return reconcile(pipeline, instance, load, **how)


def change(pipeline: dlt.Pipeline, *statements: str) -> None:
    with pipeline.sql_client() as client:
        for one in statements:
            client.execute_sql(one)


def found(one: Reconciled) -> dict[str, set[str | None]]:
    assert one.findings is not None
    return {kind: {row.id for row in rows} for kind, rows in one.findings.rows() if rows}


def test_equal_tables_are_equal_and_cost_little(loaded: dlt.Pipeline, site: Sandbox) -> None:
    for values in (False, True):
        done = look(loaded, site, LOADS, values=values)
        assert [found(one) for one in done] == [{}] * 4
        assert all(one.is_equal for one in done)
    orders = done[0].findings
    assert orders is not None
    assert orders.source_rows == orders.loaded_rows == len(site.control.rows("SalesOrder"))


def test_each_way_of_being_wrong_is_told_and_mended(loaded: dlt.Pipeline, site: Sandbox) -> None:
    rows = sorted(site.control.rows("SalesOrder"), key=lambda row: row["id"])
    gone, stale, new, doubled, value, line = (row["id"] for row in rows[:6])
    site.control.delete("SalesOrder", gone)
    change(
        loaded,
        f"UPDATE sales_order SET last_modified = '2020-01-01' WHERE id = '{stale}'",
        f"DELETE FROM sales_order WHERE id = '{new}'",
        f"INSERT INTO sales_order SELECT * FROM sales_order WHERE id = '{doubled}'",
        f"UPDATE sales_order SET order_total = order_total + 1 WHERE id = '{value}'",
        f"DELETE FROM sales_order__details WHERE _parent_id = '{line}' AND _position = 0",
    )
    wrong = {"extra": {gone}, "stale": {stale}, "missing": {new}, "doubled": {doubled}}
    (one,) = look(loaded, site, ["SalesOrder"])
    assert found(one) == wrong
    assert not one.is_equal
    assert one.requests <= 3 + 1, "a page of keys and its proof, and whether the extra row is there"
    assert one.findings is not None
    keys = {row.id: json.loads(row.key) for row in one.findings.extra}
    assert keys[gone]["OrderNbr"] == rows[0]["OrderNbr"]
    (one,) = look(loaded, site, ["SalesOrder"], values=True)
    assert found(one) == {**wrong, "different": {value, line}}
    (one,) = look(loaded, site, ["SalesOrder"], values=True, repair=True)
    assert one.mended
    assert one.is_equal
    assert_equal(loaded, site, "SalesOrder")
    assert found(look(loaded, site, ["SalesOrder"], values=True)[0]) == {}


def test_what_stamps_tell_is_mended_without_reading_all(
    loaded: dlt.Pipeline, site: Sandbox
) -> None:
    row = site.control.rows("Vendor")[0]
    change(loaded, f"DELETE FROM vendor WHERE id = '{row['id']}'")
    site.control.reset_counters()
    (one,) = look(loaded, site, ["Vendor"], repair=True)
    assert (found(one), one.mended) == ({"missing": {row["id"]}}, True)
    assert_equal(loaded, site, "Vendor")


def test_classes_and_periods_are_compared_too(loaded: dlt.Pipeline, site: Sandbox) -> None:
    change(
        loaded,
        "DELETE FROM so_order WHERE order_nbr = (SELECT min(order_nbr) FROM so_order)",
        "DELETE FROM ledger_transactions WHERE _period = "
        "(SELECT max(_period) FROM ledger_transactions)",
    )
    orders, ledger = look(loaded, site, [CLASS, LedgerTransactions()])
    assert orders.findings is not None
    assert len(orders.findings.missing) >= 1
    assert orders.findings.missing[0].id is None
    assert ledger.findings is not None
    (period,) = ledger.findings.stale
    assert json.loads(period.key)["_period"]
    assert all(one.mended for one in look(loaded, site, [CLASS, LedgerTransactions()], repair=True))
    assert all(one.is_equal for one in look(loaded, site, [CLASS, LedgerTransactions()]))


def test_what_was_never_loaded_is_missing_whole(site: Sandbox, tmp_path: Path) -> None:
    (one,) = look(pipeline_in(tmp_path), site, ["Vendor"])
    assert one.findings is not None
    assert len(one.findings.missing) == len(site.control.rows("Vendor"))
    assert one.findings.loaded_rows == 0


def test_rows_without_a_key_are_said_not_to_be_compared(
    loaded: dlt.Pipeline, site: Sandbox
) -> None:
    (one,) = look(loaded, site, [GenericInquiry("BI-Customers")])
    assert one.findings is not None
    assert one.findings.remarks == (NO_KEY,)


def test_nothing_is_written(loaded: dlt.Pipeline, site: Sandbox, tmp_path: Path) -> None:
    def everything() -> dict[str, Any]:
        with closing(duckdb.connect(str(tmp_path / "test.duckdb"), read_only=True)) as database:
            tables = database.sql("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            return {
                name: database.sql(f'SELECT * FROM "{schema}"."{name}" ORDER BY ALL').fetchall()
                for schema, name in tables
            }

    change(loaded, "DELETE FROM vendor WHERE true")
    before = everything()
    (one,) = look(loaded, site, ["Vendor"], values=True)
    assert one.findings is not None
    assert one.findings.missing
    assert everything() == before
    assert site.control.counters()["seats_now"] == 0


@pytest.mark.parametrize("way", ["keep", "flag"])
@pytest.mark.parametrize("values", [False, True], ids=["stamps", "values"])
def test_rows_that_are_to_stay_stay_through_a_repair(
    tmp_path: Path, way: str, values: bool
) -> None:
    pipeline = pipeline_in(tmp_path)
    with Sandbox(SandboxOptions(records=100, license="unlimited")) as own:
        credentials = credentials_of(own)
        run(pipeline, ["Vendor"], credentials=credentials).raise_on_failure()
        gone, spoiled, *_ = (row["id"] for row in own.control.rows("Vendor"))
        own.control.delete("Vendor", gone)
        run(pipeline, ["Vendor"], credentials=credentials, on_delete=way).raise_on_failure()
        change(pipeline, f"UPDATE vendor SET vendor_name = 'x' WHERE id = '{spoiled}'")
        change(pipeline, f"UPDATE vendor SET vendor_id = 'x' WHERE id = '{spoiled}'")
        if not values:
            change(pipeline, f"DELETE FROM vendor WHERE id = '{spoiled}'")

        def ids() -> set[str]:
            with pipeline.sql_client() as client:
                return {one for (one,) in client.execute_sql("SELECT id FROM vendor") or ()}

        before = ids()
        (one,) = look(pipeline, own, ["Vendor"], values=values, repair=True)
        assert one.findings is not None
        assert one.findings.departed == 1
        assert "--on-delete" in str(one.error)
        assert ids() == before
        terms = LoadingTerms(on_delete=OnDelete(way))
        instance = connect(credentials, "Default", None, 2, None, terms=terms)
        (one,) = reconcile(pipeline, instance, ["Vendor"], values=values, repair=True)
        assert one.mended
        assert ids() == before | {spoiled}


def test_a_mass_of_deletions_is_not_mended_unasked(loaded: dlt.Pipeline, site: Sandbox) -> None:
    with Sandbox(SandboxOptions(records=300, license="unlimited")) as own:
        pipeline = loaded
        instance = connect(credentials_of(own), "Default", None, 2, None)
        with pytest.raises(Exception, match="holds tenant Company"):
            reconcile(pipeline, instance, ["Vendor"])
    change(loaded, *(f"INSERT INTO vendor (id) VALUES ('extra {n}')" for n in range(40)))
    (one,) = look(loaded, site, ["Vendor"], repair=True)
    assert one.findings is not None
    assert FoundRow("extra 0", '{"VendorID": null}') in one.findings.extra
    assert "--allow-deletes" in str(one.error)
    assert not one.is_equal
