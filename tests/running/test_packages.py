"""Small resources share load packages; what fails fails alone, and nothing is asked for twice."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions, Outcome, run
from acumatica_source.running import packages
from acumatica_source.source import Load
from acumatica_source.warehouse import kept_open, lease
from acumatica_source.warehouse.entries import Entry, entries_of
from acumatica_source.warehouse.lease import LeaseLost
from tests.conftest import credentials_of
from tests.postgres import Database
from tests.resources.runs import database
from tests.resources.warehouse import assert_equal

STAMPED = ["Account", "Vendor", "StockItem", "Bill", "SalesOrder", "Invoice"]


@pytest.fixture
def small() -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(records=100)) as sandbox:
        yield sandbox


def load_ids(pipeline: dlt.Pipeline) -> list[str]:
    """The packages that were loaded so far."""
    with database(pipeline) as warehouse:
        found = warehouse.execute("SELECT load_id FROM erp._dlt_loads WHERE status = 0").fetchall()
    return sorted(one for (one,) in found)


def loads_of(pipeline: dlt.Pipeline, table: str) -> set[str]:
    """The packages that a table's rows have come by."""
    with database(pipeline) as warehouse:
        rows = warehouse.execute(f"SELECT DISTINCT _dlt_load_id FROM erp.{table}").fetchall()
    return {one for (one,) in rows}


def asked(sandbox: Sandbox) -> Counter[str]:
    """How often each address was asked."""
    return Counter(
        f"{one['method']} {one['path']}"
        for one in sandbox.control.requests()
        if "/entity/Default" in one["path"]
    )


def test_small_ones_share_packages_and_unchanged_ones_make_none(
    small: Sandbox, pipeline: dlt.Pipeline
) -> None:
    credentials = credentials_of(small)
    run(pipeline, STAMPED, credentials=credentials).raise_on_failure()
    assert len(load_ids(pipeline)) <= 3, "one, two, and the others"
    small.control.advance(3_600)
    before = load_ids(pipeline)
    report = run(pipeline, STAMPED, credentials=credentials).raise_on_failure()
    assert [one.resource for one in report.outcomes] == STAMPED
    assert report.rows["vendor"] == 0
    assert load_ids(pipeline) == before
    small.control.mutate(6, STAMPED, seed=1)
    run(pipeline, STAMPED, credentials=credentials).raise_on_failure()
    assert len(load_ids(pipeline)) <= len(before) + 3
    assert_equal(pipeline, small, *STAMPED)


def test_an_unchanged_resource_costs_three_statements(small: Sandbox, postgres: Database) -> None:
    (place,) = postgres.rows("SHOW data_directory")
    log = Path(place["data_directory"]).parent / "log"
    name = postgres.address.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
    pipeline = dlt.pipeline("counted", destination="postgres", dataset_name="erp")
    credentials = credentials_of(small)
    run(pipeline, STAMPED, credentials=credentials).raise_on_failure()
    small.control.advance(3_600)

    def statements(load: list[str]) -> int:
        before = log.stat().st_size
        run(pipeline, load, credentials=credentials).raise_on_failure()
        said = log.read_bytes()[before:].decode(errors="replace")
        return len(re.findall(r"LOG:  (?:statement|execute [^:]*): ", said))

    few, many = statements(STAMPED[:2]), statements(STAMPED)
    assert many - few <= 3 * (len(STAMPED) - 2)
    assert few <= 25, "what a run costs however little is loaded"


def test_one_of_a_package_that_cannot_be_read_has_written_nothing(
    small: Sandbox, pipeline: dlt.Pipeline
) -> None:
    small.control.fault("status", status=403, path=r"/Vendor$", after=1, times=0)
    load: list[Load] = ["Ledger", EntityOptions("Vendor", page_size=10), "Account", "Bill"]
    seen: list[Outcome] = []
    report = run(pipeline, load, credentials=credentials_of(small), on_outcome=seen.append)
    assert seen == list(report.outcomes)
    assert [one.resource for one in report.failed] == ["Vendor"]
    assert sorted(one.resource for one in seen) == ["Account", "Bill", "Ledger", "Vendor"]
    assert len(load_ids(pipeline)) == 2, "the package of two took Account and Bill"
    with database(pipeline) as warehouse:
        assert not warehouse.execute(
            "SELECT 1 FROM duckdb_tables() WHERE table_name = 'vendor'"
        ).fetchall()
    assert_equal(pipeline, small, "Ledger", "Account", "Bill")
    small.control.clear_faults()
    run(pipeline, load, credentials=credentials_of(small)).raise_on_failure()
    assert_equal(pipeline, small, "Ledger", "Vendor", "Account", "Bill")


def test_what_cannot_be_written_together_is_written_alone_and_not_asked_for_again(
    small: Sandbox, pipeline: dlt.Pipeline, tmp_path: Path
) -> None:
    load = ["Ledger", "Account", "Vendor", "Bill"]
    other = dlt.pipeline(
        "other",
        destination=dlt.destinations.duckdb(str(tmp_path / "other.duckdb")),
        dataset_name="erp",
    )
    run(other, load, credentials=credentials_of(small)).raise_on_failure()
    usual = asked(small)
    with database(pipeline) as warehouse:
        warehouse.execute("CREATE SCHEMA erp")
        warehouse.execute("CREATE TABLE erp.vendor (own INTEGER NOT NULL)")
    small.control.reset_counters()
    report = run(pipeline, load, credentials=credentials_of(small))
    assert [one.resource for one in report.failed] == ["Vendor"]
    assert "constraints" in str(report.failed[0].error)
    assert asked(small) <= usual
    assert_equal(pipeline, small, "Ledger", "Account", "Bill")
    with database(pipeline) as warehouse:
        warehouse.execute("DROP TABLE erp.vendor")
    run(pipeline, load, credentials=credentials_of(small)).raise_on_failure()
    assert_equal(pipeline, small, *load)


@pytest.mark.parametrize("fails", [False, True], ids=["read", "cut off"])
def test_a_large_one_has_a_package_of_its_own(
    small: Sandbox, pipeline: dlt.Pipeline, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "HELD_BYTES", 6_000)
    small.control.mutate(60, ["SalesOrder"], ["insert"], seed=1)
    if fails:
        small.control.fault("status", status=403, path=r"/SalesOrder$", after=4, times=0)
    orders = EntityOptions("SalesOrder", page_size=10)
    load: list[Load] = ["Ledger", "Account", orders, "Vendor"]
    report = run(pipeline, load, credentials=credentials_of(small))
    assert [one.resource for one in report.failed] == (["SalesOrder"] if fails else [])
    assert [one.resource for one in report.outcomes] == [
        "Ledger",
        "Account",
        "SalesOrder",
        "Vendor",
    ]
    assert_equal(pipeline, small, "Ledger", "Account", "Vendor")
    if not fails:
        assert_equal(pipeline, small, "SalesOrder")
        alone = loads_of(pipeline, "sales_order")
        assert alone == loads_of(pipeline, "sales_order__details")
        assert len(alone) == 1
        assert alone.isdisjoint(loads_of(pipeline, "account") | loads_of(pipeline, "vendor"))
        paths = asked(small)
        assert (
            report.outcomes[2].requests
            >= paths["GET /AcumaticaERP/entity/Default/24.200.001/SalesOrder"]
        )


def test_nothing_is_loaded_any_more_once_the_lease_is_lost(
    small: Sandbox, pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.05)

    def taken_over(outcome: Outcome) -> None:
        with entries_of(pipeline) as found:
            assert found is not None
            for one in found.read():
                if one.entry.kind == "writer":
                    found.remove(one.entry)
            found.add(Entry("writer", "x", small.base_url, "Company", process="process 1 on x"))
        time.sleep(1)

    with pytest.raises(LeaseLost, match="process 1 on x took the dataset over"):
        run(
            pipeline,
            ["Ledger", "Account"],
            credentials=credentials_of(small),
            on_outcome=taken_over,
        )
    with database(pipeline) as warehouse:
        warehouse.execute("SELECT 1 FROM erp.ledger")
        assert not warehouse.execute(
            "SELECT 1 FROM duckdb_tables() WHERE table_name = 'account'"
        ).fetchall()


def test_a_file_is_open_for_a_moment_only(
    pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_open, "LONGEST", 0.2)
    file = Path(pipeline.pipelines_dir).parent / "test.duckdb"

    def is_open() -> bool:
        places = Path("/proc/self/fd").iterdir()
        return any(place.exists() and place.resolve() == file for place in places)

    with kept_open.kept_open(pipeline):
        assert not is_open()
        kept_open.keep_open()
        assert is_open()
        time.sleep(1)
        assert not is_open()
        kept_open.keep_open()
        assert is_open()
    assert not is_open()
