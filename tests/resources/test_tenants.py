"""Several tenants in one dataset: what is loaded of one never touches the rows of another."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import AcumaticaCredentials, EntityOptions, acumatica
from acumatica_source.resources.dac import DacTable
from acumatica_source.resources.generic_inquiry import GenericInquiry
from acumatica_source.resources.inquiry_form import InquiryForm
from acumatica_source.resources.ledger import LedgerTransactions
from acumatica_source.running.failures import explain
from acumatica_source.source import Load
from tests.conftest import credentials_of, pipeline_in
from tests.resources.runs import lake
from tests.resources.warehouse import plain

pytestmark = pytest.mark.slow

TENANTS = ("Company", "Second")
KINDS: Mapping[str, Load] = {
    "SalesOrder": EntityOptions("SalesOrder"),
    "ShipVia": EntityOptions("ShipVia"),
    "SOOrder": DacTable("SOOrder", columns=["Status", "OrderQty"]),
    "SOLine": DacTable("SOLine", columns=["OrderQty"]),
    "BI-Customers": GenericInquiry("BI-Customers"),
    "InventorySummaryInquiry": InquiryForm("InventorySummaryInquiry"),
    "ledger_transactions": LedgerTransactions(verify="now"),
}


@contextmanager
def two_tenants(data: str) -> Iterator[Sandbox]:
    """A small instance with two tenants."""
    with Sandbox(SandboxOptions(records=150, tenants=TENANTS, tenant_data=data)) as running:
        yield running


def as_in(sandbox: Sandbox, tenant: str) -> AcumaticaCredentials:
    credentials = credentials_of(sandbox)
    credentials.tenant = tenant
    return credentials


def load_all(
    pipeline: dlt.Pipeline, sandbox: Sandbox, tenant: str, full: bool = False, **terms: Any
) -> None:
    loads = [
        replace(one, full=True) if full and hasattr(one, "full") else one  # type: ignore[type-var]
        for one in KINDS.values()
    ]
    terms = {"tenant_column": True, **terms}
    pipeline.run(acumatica(as_in(sandbox, tenant), loads, **terms), loader_file_format="parquet")


def tables_of(pipeline: dlt.Pipeline, tenant: str | None = None) -> dict[str, Counter[str]]:
    """The rows of every table, or those of a tenant; a table without rows does not count."""
    tables = {}
    for table in pipeline.default_schema.data_table_names():
        found = pipeline.dataset()[table].arrow()
        if table == "_deletions" or found is None:
            continue
        rows = [row for row in found.to_pylist() if tenant in (None, row.get("_tenant"))]
        tables[table] = Counter(
            repr(sorted(plain({**row, "_tenant": None}).items())) for row in rows
        )
    return {table: rows for table, rows in tables.items() if rows}


def assert_as_alone(pipeline: dlt.Pipeline, sandbox: Sandbox, folder: Path) -> None:
    """Each tenant's rows are those that a dataset of its own would have."""
    for tenant in TENANTS:
        alone = pipeline_in(folder / f"alone {tenant}")
        load_all(alone, sandbox, tenant, tenant_column=False)
        expected, found = tables_of(alone), tables_of(pipeline, tenant)
        assert len(expected) > len(KINDS), "details are tables too"
        assert found.keys() == expected.keys()
        for table, rows in expected.items():
            assert found[table] == rows, (tenant, table)


def work(sandbox: Sandbox, tenant: str, seed: int) -> None:
    """An hour of users' work, a few deletions among it."""
    sandbox.control.advance(3_600)
    for name in ("SalesOrder", "ShipVia", "Customer", "JournalTransaction"):
        kinds = ("update", "lines") if name == "Customer" else ("update", "insert", "lines")
        sandbox.control.mutate(4, [name], kinds, seed, tenant=tenant)
        sandbox.control.delete(
            name, sandbox.control.rows(name, tenant=tenant)[0]["id"], tenant=tenant
        )


@pytest.mark.parametrize(
    ("data", "names", "destination"),
    [
        ("own", ("test", "test"), "postgres"),
        ("snapshot", ("test", "other"), "duckdb"),
    ],
    ids=["data of their own", "snapshots, and a pipeline each"],
)
def test_tenants_go_their_own_ways(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    data: str,
    names: tuple[str, str],
    destination: str,
) -> None:
    if destination == "postgres":
        request.getfixturevalue("postgres")
    file = dlt.destinations.duckdb(str(tmp_path / "test.duckdb"))
    for name in (*TENANTS, *(f"alone {one}" for one in TENANTS)):
        (tmp_path / name).mkdir()

    def of(tenant: str) -> dlt.Pipeline:
        return dlt.pipeline(
            names[TENANTS.index(tenant)],
            destination="postgres" if destination == "postgres" else file,
            dataset_name="erp",
            pipelines_dir=str(tmp_path / "pipelines"),
        )

    with two_tenants(data) as sandbox:
        for tenant in TENANTS:
            load_all(of(tenant), sandbox, tenant)
        assert "_deletions" not in of("Company").default_schema.tables
        runs = [("Second", False), ("Company", True), ("Company", False)]
        for number, (tenant, full) in enumerate(runs):
            (other,) = set(TENANTS) - {tenant}
            before = tables_of(of(other), other)
            work(sandbox, tenant, number)
            load_all(of(tenant), sandbox, tenant, full=full)
            assert tables_of(of(tenant), other) == before
        shared = of("Company")
        assert_as_alone(shared, sandbox, tmp_path)
        assert_keys(shared)
        records = shared.dataset()["_deletions"].arrow()
        assert records is not None
        found = Counter((row["tenant"], row["table_name"]) for row in records.to_pylist())
        for table in ("sales_order", "ship_via", "so_order", "bi_customers"):
            assert found["Second", table] == 1
            assert found["Company", table] == 2


def assert_keys(pipeline: dlt.Pipeline) -> None:
    """Every table has the tenant in its key; only those without another go by it alone."""
    for name, table in pipeline.default_schema.tables.items():
        if name.startswith("_dlt") or name == "_deletions":
            continue
        keys = {
            kind: {n for n, column in table["columns"].items() if column.get(kind)}
            for kind in ("primary_key", "merge_key")
        }
        assert "_tenant" in set().union(*keys.values()), name
        alone = name in ("bi_customers", "inventory_summary_inquiry")
        assert (keys["merge_key"] == {"_tenant"}) == alone, name
        assert table["columns"]["_tenant"]["nullable"] is False


def test_a_key_that_comes_later_takes_the_place_of_none(tmp_path: Path) -> None:
    """While rows had no key, a merge took out all of their tenant; it may not go on so."""
    pipeline = pipeline_in(tmp_path)
    table = DacTable("SOOrder", columns=["OrderType", "OrderNbr", "Status"], verify="never")

    def load(tenant: str, **options: Any) -> None:
        one = replace(table, **options)
        pipeline.run(acumatica(as_in(sandbox, tenant), [one], tenant_column=True))

    with two_tenants("own") as sandbox:
        for tenant in TENANTS:
            load(tenant, key=())
        load("Company")
        before = tables_of(pipeline)
        sandbox.control.advance(3_600)
        sandbox.control.mutate(1, ["SalesOrder"], ("update",), 1, tenant="Company")
        load("Company")
        assert tables_of(pipeline)["so_order"].total() == before["so_order"].total() > 4
        columns = pipeline.default_schema.tables["so_order"]["columns"]
        assert not any(column.get("merge_key") for column in columns.values())
        load("Company", key=())
        load("Second", key=())
        columns = pipeline.default_schema.tables["so_order"]["columns"]
        assert not any(column.get("primary_key") for column in columns.values())
        assert tables_of(pipeline)["so_order"].total() == before["so_order"].total()


def test_what_cannot_be_shared_is_refused_by_name(tmp_path: Path) -> None:
    files = lake(tmp_path)
    with two_tenants("own") as sandbox:

        def refused(pipeline: dlt.Pipeline, *, column: bool) -> str:
            with pytest.raises(PipelineStepFailed) as failed:
                pipeline.run(
                    acumatica(as_in(sandbox, "Company"), ["Customer"], tenant_column=column)
                )
            return explain(failed.value)

        assert "Tenants cannot share tables that rows can only be added to" in refused(
            files, column=True
        )
        for begun in (True, False):
            folder = tmp_path / str(begun)
            folder.mkdir()
            pipeline = pipeline_in(folder)
            pipeline.run(acumatica(as_in(sandbox, "Second"), ["Customer"], tenant_column=begun))
            before = tables_of(pipeline)
            assert (
                "--tenant-column" in refused(pipeline, column=False)
                if begun
                else ("without a column for the tenant" in refused(pipeline, column=True))
            )
            assert tables_of(pipeline) == before
