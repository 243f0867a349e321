"""A dataset takes nothing but what it was first loaded from, whichever way it is loaded."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.pipeline.exceptions import PipelineStepFailed

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import AcumaticaCredentials, acumatica, run
from acumatica_source.client.errors import AcumaticaError, ConfigurationError
from acumatica_source.running.failures import root_cause
from acumatica_source.warehouse.entries import entries_of
from acumatica_source.warehouse.lease import leased
from tests.conftest import credentials_of

pytestmark = pytest.mark.slow

Load = Callable[..., Any]


def by_run(pipeline: dlt.Pipeline, credentials: AcumaticaCredentials, **options: Any) -> None:
    run(pipeline, ["Vendor"], credentials=credentials, **options).raise_on_failure()


def by_lines(pipeline: dlt.Pipeline, credentials: AcumaticaCredentials, **options: Any) -> None:
    try:
        pipeline.run(acumatica(credentials, load=["Vendor"], **options))
    except PipelineStepFailed as error:
        raise root_cause(error) from None


@pytest.fixture(params=[by_run, by_lines], ids=["run", "lines"])
def load(request: pytest.FixtureRequest) -> Load:
    """Loads vendors."""
    loads: Load = request.param
    return loads


def pipeline_of(folder: Path, name: str = "first") -> dlt.Pipeline:
    return dlt.pipeline(
        name,
        destination=dlt.destinations.duckdb(str(folder / "w.duckdb")),
        dataset_name="erp",
        pipelines_dir=str(folder / "pipelines"),
    )


def vendors(folder: Path) -> list[str]:
    with closing(duckdb.connect(str(folder / "w.duckdb"), read_only=True)) as database:
        return [one for (one,) in database.sql("SELECT id FROM erp.vendor ORDER BY id").fetchall()]


def truth(sandbox: Sandbox, tenant: str | None = None) -> list[str]:
    return sorted(row["id"] for row in sandbox.control.rows("Vendor", tenant=tenant))


@pytest.fixture
def other() -> Iterator[Sandbox]:
    """Another instance with records of its own."""
    with Sandbox(SandboxOptions(records=400, seed=2)) as running:
        yield running


@pytest.fixture
def empty() -> Iterator[Sandbox]:
    """One that nobody has entered anything into."""
    with Sandbox(SandboxOptions(records=0)) as running:
        yield running


@pytest.mark.parametrize("name", ["first", "second"])
def test_another_instance_is_refused_and_changes_nothing(
    tmp_path: Path, sandbox: Sandbox, other: Sandbox, empty: Sandbox, load: Load, name: str
) -> None:
    """Also for a pipeline of another name, which knows nothing of the tables."""
    load(pipeline_of(tmp_path), credentials_of(sandbox))
    for elsewhere in (other, empty):
        with pytest.raises(AcumaticaError) as refused:
            load(pipeline_of(tmp_path, name), credentials_of(elsewhere))
        words = str(refused.value)
        assert sandbox.base_url in words
        assert elsewhere.base_url in words
        assert "--adopt" in words
        assert elsewhere.password not in words
        assert vendors(tmp_path) == truth(sandbox)
        assert elsewhere.control.counters()["seats_now"] == 0
    load(pipeline_of(tmp_path), credentials_of(sandbox))


def test_a_site_that_has_moved_is_adopted(tmp_path: Path, sandbox: Sandbox, load: Load) -> None:
    load(pipeline_of(tmp_path), credentials_of(sandbox))
    with entries_of(pipeline_of(tmp_path)) as entries:
        assert entries is not None
        (kept,) = entries.read()
        entries.remove(kept.entry)
        entries.add(type(kept.entry)("instance", "moved", "https://old.example.com", "Company"))
    with pytest.raises(AcumaticaError, match=r"holds tenant Company of https://old.example.com"):
        load(pipeline_of(tmp_path), credentials_of(sandbox))
    load(pipeline_of(tmp_path), credentials_of(sandbox), adopt=True)
    load(pipeline_of(tmp_path), credentials_of(sandbox))
    assert vendors(tmp_path) == truth(sandbox)


@pytest.mark.parametrize(("tenant", "branch"), [("Second", None), ("Company", "MAIN")])
def test_another_tenant_or_branch_is_refused(
    tmp_path: Path, load: Load, tenant: str, branch: str | None
) -> None:
    options = SandboxOptions(records=200, tenants=("Company", "Second"), tenant_data="own")
    with Sandbox(options) as site:
        load(pipeline_of(tmp_path), credentials_of(site))
        given = credentials_of(site)
        given.tenant, given.branch = tenant, branch
        with pytest.raises(AcumaticaError, match="holds tenant Company of"):
            load(pipeline_of(tmp_path), given)
        assert vendors(tmp_path) == truth(site)


def test_a_sign_in_that_ends_in_another_tenant_is_refused(tmp_path: Path, load: Load) -> None:
    options = SandboxOptions(
        records=200, tenants=("Company", "Second"), tenant_data="own", lands_on_default=True
    )
    with Sandbox(options) as site:
        given = credentials_of(site)
        given.tenant = "Second"
        with pytest.raises(AcumaticaError, match="'Second' ended in tenant 'Company'"):
            load(pipeline_of(tmp_path), given)
        assert site.control.counters()["seats_now"] == 0


def test_tenants_do_not_share_files_that_are_only_added_to(
    tmp_path: Path, sandbox: Sandbox, load: Load
) -> None:
    lake = dlt.pipeline(
        "lake",
        destination=dlt.destinations.filesystem((tmp_path / "lake").as_uri()),
        dataset_name="erp",
        pipelines_dir=str(tmp_path / "pipelines"),
    )
    with pytest.raises(ConfigurationError, match=r"Tenants cannot share .*erp_\{tenant\}"):
        load(lake, credentials_of(sandbox), tenant_column=True)


def test_a_damaged_identity_is_refused_by_name(
    tmp_path: Path, sandbox: Sandbox, load: Load
) -> None:
    load(pipeline_of(tmp_path), credentials_of(sandbox))
    with closing(duckdb.connect(str(tmp_path / "w.duckdb"))) as database:
        database.execute("UPDATE erp._acumatica SET base_url = NULL")
    with pytest.raises(ConfigurationError, match=r"_acumatica of dataset erp.*damaged"):
        load(pipeline_of(tmp_path), credentials_of(sandbox))


def test_a_dataset_of_before_there_were_identities_becomes_ones_own(
    tmp_path: Path, sandbox: Sandbox, other: Sandbox, load: Load
) -> None:
    load(pipeline_of(tmp_path), credentials_of(sandbox))
    with closing(duckdb.connect(str(tmp_path / "w.duckdb"))) as database:
        database.execute("DROP TABLE erp._acumatica")
    load(pipeline_of(tmp_path), credentials_of(sandbox))
    with pytest.raises(AcumaticaError, match="holds tenant Company of"):
        load(pipeline_of(tmp_path), credentials_of(other))


def test_nobody_loads_while_somebody_else_does(
    tmp_path: Path, sandbox: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(pipeline_of(tmp_path), credentials_of(sandbox))
    with leased(pipeline_of(tmp_path), sandbox.base_url, sandbox.tenant):
        monkeypatch.setattr("acumatica_source.warehouse.lease._held", set())
        with pytest.raises(AcumaticaError, match="into this dataset now"):
            load(pipeline_of(tmp_path, "second"), credentials_of(sandbox))
    load(pipeline_of(tmp_path, "second"), credentials_of(sandbox))


def test_it_costs_three_statements(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many tables are loaded: a row of the writer's, a look at all, and the row is gone."""
    said: list[str] = []
    execute = DuckDbSqlClient.execute_query

    def noting(client: DuckDbSqlClient, query: Any, *values: Any, **named: Any) -> Any:
        said.append(str(query))
        return execute(client, query, *values, **named)

    credentials = credentials_of(sandbox)
    load = ["Vendor", "Account", "Customer"]
    run(pipeline_of(tmp_path), load, credentials=credentials).raise_on_failure()
    monkeypatch.setattr(DuckDbSqlClient, "execute_query", noting)
    run(pipeline_of(tmp_path), load, credentials=credentials).raise_on_failure()
    ours = [one for one in said if "_acumatica" in one or "_deletions" in one]
    assert [one.split()[0] for one in ours] == ["INSERT", "SELECT", "DELETE"]
    assert len(said) > len(ours)
